/* Chat templates: compiles a Jinja template once and renders it with JSON values.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The language is Jinja2 as the chat templates of open models use it, with the settings of the
 * vendors' own renderer: trim_blocks and lstrip_blocks on, no HTML escaping, loop controls, a
 * `generation` block that passes its text through, `tojson` that keeps key order and non-ASCII,
 * `raise_exception` and `strftime_now`. Values print as Python prints them. There is no access
 * to the host: `include`, `import`, `extends` and `block` are refused when compiling.
 *
 * Every byte of the result knows its origin. What a template writes itself is template text;
 * what came in through the context is data, and stays data through concatenation, slices,
 * replace, case changes, join, repr and tojson. Only template text may spell special tokens.
 *
 * A template is immutable: any number of threads may render one at once. Rendering works in
 * memory of its own, which is bounded, and frees it before it returns. Errors name the template,
 * the line and the column; nothing is output when there is an error.
 *
 * Integers have 64 bits; a result that does not fit is an error, not a float. */
#ifndef LM_CHAT_TEMPLATE_H
#define LM_CHAT_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/core/buf.h"
#include "base/core/json.h"
#include "base/core/span.h"
#include "base/core/status.h"

#define TEMPLATE_SOURCE_BYTES_MAX ((size_t)4 << 20)
#define TEMPLATE_OUTPUT_BYTES_MAX ((size_t)64 << 20) /* also the longest string inside */
#define TEMPLATE_MEMORY_BYTES_MAX ((size_t)512 << 20)
#define TEMPLATE_STEPS_MAX \
    ((size_t)20000000)                /* nodes evaluated, items and 64-byte pieces touched */
#define TEMPLATE_DEPTH_MAX       1200 /* nested evaluations: macros, loops, expressions */
#define TEMPLATE_NESTING_MAX     200  /* of the source: blocks and parentheses */
#define TEMPLATE_ITEMS_MAX       ((size_t)1 << 20) /* of one list or dictionary */
#define TEMPLATE_VALUE_DEPTH_MAX 100 /* of lists and dictionaries that are printed or compared */

struct template;

/* `name` is for messages. The text may be freed afterwards. */
enum status template_compile(struct template **ret, const char *name, struct span text,
                             struct error *err);
void template_free(struct template *t);
/* Says whether the source mentions a variable of this name anywhere. */
bool template_mentions(const struct template *t, const char *name);

/* One variable of the context. */
struct template_variable {
    const char *name;
    const struct json *value; /* NULL: the name is defined as none */
    bool trusted;             /* its strings count as template text: bos_token and its like */
    /* A list of messages: `role` counts as template text where it is one of the words that
     * name roles, because templates spell tokens with it ("<|" + role + "|>"). */
    bool messages;
};

struct template_settings {
    const struct template_variable *variables; /* a later one of the same name wins */
    size_t variable_count;
    const struct tm *now;    /* for strftime_now; NULL: the local time of the call */
    size_t output_bytes_max; /* 0: TEMPLATE_OUTPUT_BYTES_MAX */
    size_t steps_max;        /* 0: TEMPLATE_STEPS_MAX */
};

struct template_output {
    struct buf text;
    struct byte_range *data; /* what came from data: ascending, at least one byte apart */
    size_t data_count;
};

/* On success `ret` is filled; release it with template_output_release. */
enum status template_render(const struct template *t, const struct template_settings *settings,
                            struct template_output *ret, struct error *err);
void template_output_release(struct template_output *o); /* zeroed is fine */

#endif
