/* JSON Schema to the shapes of a program: exact, or refused by keyword and pointer.
 * SPDX-License-Identifier: Apache-2.0
 *
 * docs/constraints.md says what each keyword does. Drafts 4 to 2020-12 are read; "$schema" says
 * which, 2020-12 is the default. The schema's document must outlive the build. */
#ifndef LM_SAMPLE_JSON_SCHEMA_H
#define LM_SAMPLE_JSON_SCHEMA_H

#include "base/core/json.h"
#include "lm/sample/constraint_program.h"

struct schema_options {
    bool formats_ignored;    /* "format" says nothing, as the specification's default has it */
    const struct json *also; /* a second schema that has to hold, NULL: none */
};

/* Adds the nodes of `schema` to the program; *ret_node is the one of the schema itself.
 * STATUS_UNSUPPORTED: "/properties/a/if: keyword ..."; STATUS_BAD_INPUT: no schema, or one that
 * nothing satisfies; STATUS_LIMIT: too large. `base` goes before pointers in messages. */
bool schema_compile(struct build *b, struct program *p, const struct json *schema,
                    const struct schema_options *options, const char *base, uint32_t *ret_node);
/* The node of any JSON object, of any JSON value. */
bool schema_any_object(struct build *b, struct program *p, uint32_t *ret_node);

#endif
