/* Arguments of calls that are written as tags, one for each parameter.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Parameters come in the order of the schema's "properties", those that are not required or not. A value is a
 * text as it is where the schema allows only strings, else JSON, whose strings hold no '<' (it can be
 * written \u003c): so nothing in a value can end it. What a schema asks beyond that is refused. */
#ifndef LM_SAMPLE_CONSTRAINT_TAGS_H
#define LM_SAMPLE_CONSTRAINT_TAGS_H

#include "base/core/json.h"
#include "lm/sample/constraint_program.h"
#include "lm/sample/regex.h"
#include "lm/tokenizer/tokenizer.h"

struct tool_tags {
    const char *name, *before_key, *behind_key_text, *behind_key_json, *close, *behind;
};
/* NULL: the format's arguments are JSON. */
const struct tool_tags *tool_tags_of(const char *syntax);

struct tagged_call {
    const struct tool_tags *tags;
    const struct json *schema; /* of the arguments; NULL: none */
    bool strict;               /* else values are any text */
    const char *base;          /* before pointers in messages */
};
/* More of a sequence: the parameters of a call. */
bool sequence_add_parameters(struct build *b, struct program *p, struct regex_node *all,
                             const struct tokenizer *t, const struct tagged_call *call);

#endif
