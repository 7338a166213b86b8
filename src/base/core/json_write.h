/* Writing JSON into a bounded buffer, without building a tree.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Commas and colons are the writer's business. Wrong nesting is a bug
 * (assertion). Reals are written with the shortest form that reads back equal;
 * NaN and infinities become null. Strings that are not valid UTF-8 get U+FFFD
 * for each bad byte. Failure shows in buf.failed. */
#ifndef BASE_CORE_JSON_WRITE_H
#define BASE_CORE_JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/buf.h"
#include "base/core/json.h"

struct json_writer {
    struct buf *out; /* borrowed */
    int depth;
    int indent;            /* spaces per level; 0 writes one line */
    uint64_t has_items[2]; /* one bit per level */
    uint64_t is_object[2];
    bool after_key;
};

void json_writer_init(struct json_writer *w, struct buf *out, int indent);
void json_open_object(struct json_writer *w);
void json_close_object(struct json_writer *w);
void json_open_array(struct json_writer *w);
void json_close_array(struct json_writer *w);
void json_key(struct json_writer *w, const char *key);
void json_key_span(struct json_writer *w, struct span key);
void json_put_string(struct json_writer *w, const char *text); /* NULL writes null */
void json_put_span(struct json_writer *w, struct span text);
void json_put_int(struct json_writer *w, int64_t v);
void json_put_real(struct json_writer *w, double v);
/* The shortest form that reads back as the same float. */
void json_put_float(struct json_writer *w, float v);
void json_put_bool(struct json_writer *w, bool v);
void json_put_null(struct json_writer *w);
void json_put_value(struct json_writer *w, const struct json *v); /* copies a parsed value */

/* A key and its value. */
void json_member_text(struct json_writer *w, const char *key, const char *text); /* NULL: null */
void json_member_int(struct json_writer *w, const char *key, int64_t v);
void json_member_real(struct json_writer *w, const char *key, double v);
void json_member_bool(struct json_writer *w, const char *key, bool v);

#endif
