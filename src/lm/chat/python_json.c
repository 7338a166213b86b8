/* JSON with Python's spacing and numbers.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/chat/python_json.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/core/mem.h"
#include "lm/chat/jinja_text.h"

bool python_json_text(struct buf *out, struct span text)
{
    static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    size_t from = 0;
    buf_byte(out, '"');
    for (size_t at = 0; at < text.len; at++) {
        unsigned char c = (unsigned char)text.data[at];
        const char *p = shorts;
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        buf_append(out, text.data + from, at - from);
        from = at + 1;
        while (*p && (unsigned char)*p != c)
            p += 2;
        if (*p) buf_format(out, "\\%c", p[1]);
        else buf_format(out, "\\u%04x", c);
    }
    buf_append(out, text.data + from, text.len - from);
    return buf_byte(out, '"');
}

static void put_array(struct buf *out, const struct json *v, bool sort_keys)
{
    buf_byte(out, '[');
    for (size_t i = 0; i < json_length(v); i++) {
        if (i) buf_text(out, ", ");
        python_json(out, json_at(v, i), sort_keys);
    }
    buf_byte(out, ']');
}

static void put_member(struct buf *out, struct json_member m, bool first, bool sort_keys)
{
    if (!first) buf_text(out, ", ");
    python_json_text(out, m.key);
    buf_text(out, ": ");
    python_json(out, m.value, sort_keys);
}

/* UTF-8 sorts as its code points do. */
static int by_key(const void *a, const void *b)
{
    const struct span *x = &((const struct json_member *)a)->key,
                      *y = &((const struct json_member *)b)->key;
    int order = memcmp(x->data, y->data, x->len < y->len ? x->len : y->len);
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

static void put_sorted(struct buf *out, const struct json *v)
{
    size_t n = 0, count = json_length(v);
    struct json_member *members = mem_array(count ? count : 1, sizeof *members);
    if (!members) {
        out->failed = true;
        return;
    }
    for (struct json_member m = json_first(v); m.value; m = json_next(v, m))
        members[n++] = m;
    qsort(members, n, sizeof *members, by_key);
    for (size_t i = 0; i < n; i++)
        put_member(out, members[i], i == 0, true);
    mem_free(members);
}

static void put_object(struct buf *out, const struct json *v, bool sort_keys)
{
    bool first = true;
    buf_byte(out, '{');
    if (sort_keys) put_sorted(out, v);
    for (struct json_member m = json_first(v); m.value && !sort_keys; m = json_next(v, m)) {
        put_member(out, m, first, false);
        first = false;
    }
    buf_byte(out, '}');
}

/* Recursion ends at JSON_DEPTH_MAX, which the parser enforced. */
bool python_json(struct buf *out, const struct json *v, bool sort_keys)
{
    char number[REAL_TEXT_BYTES];
    switch (json_type(v)) {
    case JSON_NULL: buf_text(out, "null"); break;
    case JSON_BOOL: buf_text(out, json_bool(v, false) ? "true" : "false"); break;
    case JSON_INT: buf_format(out, "%" PRId64, json_int(v, 0)); break;
    case JSON_REAL: buf_append(out, number, real_text(json_number(v, 0), number)); break;
    case JSON_STRING: python_json_text(out, json_string(v)); break;
    case JSON_ARRAY: put_array(out, v, sort_keys); break;
    case JSON_OBJECT: put_object(out, v, sort_keys); break;
    }
    return !out->failed;
}
