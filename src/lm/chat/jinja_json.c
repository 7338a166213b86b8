/* `tojson` as the vendors' renderer defines it: json.dumps without HTML escaping.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/core/utf8.h"
#include "lm/chat/jinja_run.h"

struct dump {
    struct writer out;
    const struct json_style *style;
    int level;
};

static bool put(struct dump *d, const char *text, bool from_data)
{
    return writer_put_literal(&d->out, text, from_data);
}

/* How a code point is escaped, or 0 bytes when it stands as it is. */
static int escape_of(uint32_t c, bool ascii, char out[16])
{
    static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (const char *p = shorts; *p; p += 2)
        if (c == (uint32_t)*p) return snprintf(out, 16, "\\%c", p[1]);
    if (c >= 0x20 && c != 0x7f && (c < 0x80 || !ascii)) return 0;
    if (c == 0x7f && !ascii) return 0;
    if (c < 0x10000) return snprintf(out, 16, "\\u%04x", (unsigned)c);
    c -= 0x10000;
    return snprintf(out, 16, "\\u%04x\\u%04x", (unsigned)(0xd800 + (c >> 10)),
                    (unsigned)(0xdc00 + (c & 0x3ff)));
}

static bool put_string(struct dump *d, const struct text *t, bool quotes_data)
{
    size_t from = 0;
    if (!put(d, "\"", quotes_data)) return false;
    for (size_t at = 0, next; at < t->len; at = next) {
        uint32_t c;
        char escape[16];
        next = text_next(t, at);
        utf8_decode(t->data + at, t->len - at, &c);
        int len = escape_of(c, d->style->ascii, escape);
        if (!len) continue;
        if (!writer_put_part(&d->out, t, from, at)) return false;
        if (!writer_put(&d->out, escape, (size_t)len, t->origin ? t->origin[at] : t->from_data))
            return false;
        from = next;
    }
    return writer_put_part(&d->out, t, from, t->len) && put(d, "\"", quotes_data);
}

static bool put_real(struct dump *d, struct value v)
{
    char text[REAL_TEXT_BYTES];
    if (isnan(v.real)) return put(d, "NaN", v.from_data);
    if (isinf(v.real)) return put(d, v.real < 0 ? "-Infinity" : "Infinity", v.from_data);
    return writer_put(&d->out, text, real_text(v.real, text), v.from_data);
}

static bool put_line(struct dump *d, bool from_data)
{
    if (!d->style->pretty) return true;
    if (!put(d, "\n", from_data)) return false;
    for (int i = 0; i < d->level; i++)
        if (!writer_put(&d->out, d->style->indent.data, d->style->indent.len, from_data))
            return false;
    return true;
}

/* Before item i of a container: the separator, and its line. */
static bool put_separator(struct dump *d, size_t i, bool from_data)
{
    if (i && !writer_put(&d->out, d->style->item.data, d->style->item.len, from_data)) return false;
    return put_line(d, from_data);
}

static bool put_json(struct dump *d, struct value v);

static bool put_array(struct dump *d, struct value v)
{
    if (!v.list->count) return put(d, "[]", v.from_data);
    if (!put(d, "[", v.from_data)) return false;
    d->level++;
    for (size_t i = 0; i < v.list->count; i++)
        if (!put_separator(d, i, v.from_data) || !put_json(d, v.list->items[i])) return false;
    d->level--;
    return put_line(d, v.from_data) && put(d, "]", v.from_data);
}

static bool put_key(struct dump *d, struct value key, bool from_data)
{
    char text[REAL_TEXT_BYTES] = "null";
    const struct text *t;
    switch ((enum value_type)key.type) {
    case VALUE_STRING: return put_string(d, key.text, from_data);
    case VALUE_NONE: break;
    case VALUE_BOOL: snprintf(text, sizeof text, key.boolean ? "true" : "false"); break;
    case VALUE_INT: snprintf(text, sizeof text, "%" PRId64, key.integer); break;
    case VALUE_FLOAT: real_text(key.real, text); break;
    default:
        return fault(d->out.r, STATUS_BAD_INPUT, "a key of type %s cannot be written as JSON",
                     value_type_name(key));
    }
    return text_new(d->out.r, text, strlen(text), key.from_data, &t) && put_string(d, t, from_data);
}

static bool sorted_keys(struct render *r, const struct value_dict *d, struct value *ret)
{
    struct value keys;
    if (!list_new(r, VALUE_LIST, d->count, ret) || !list_new(r, VALUE_LIST, d->count, &keys))
        return false;
    for (size_t i = 0; i < d->count; i++) {
        struct value pair;
        if (!list_pair(r, d->entries[i].key, d->entries[i].value, &pair)) return false;
        if (!list_push(r, ret->list, pair) || !list_push(r, keys.list, d->entries[i].key))
            return false;
    }
    return list_sort(r, ret->list->items, keys.list->items, d->count, false);
}

static bool put_member(struct dump *d, size_t i, struct value key, struct value v, bool from_data)
{
    return put_separator(d, i, from_data) && put_key(d, key, from_data) &&
           writer_put(&d->out, d->style->key.data, d->style->key.len, from_data) && put_json(d, v);
}

static bool put_object(struct dump *d, struct value v)
{
    struct value sorted;
    const struct text *exact = d->style->pretty ? NULL : v.dict->exact;
    if (exact) return writer_put_part(&d->out, exact, 0, exact->len);
    if (!v.dict->count) return put(d, "{}", v.from_data);
    if (d->style->sort_keys && !sorted_keys(d->out.r, v.dict, &sorted)) return false;
    if (!put(d, "{", v.from_data)) return false;
    d->level++;
    for (size_t i = 0; i < v.dict->count; i++) {
        const struct dict_entry *e = &v.dict->entries[i];
        const struct value *pair = d->style->sort_keys ? sorted.list->items[i].list->items : NULL;
        if (!put_member(d, i, pair ? pair[0] : e->key, pair ? pair[1] : e->value, v.from_data))
            return false;
    }
    d->level--;
    return put_line(d, v.from_data) && put(d, "}", v.from_data);
}

static bool put_json(struct dump *d, struct value v)
{
    char text[24];
    struct render *r = d->out.r;
    if (!step(r, 1)) return false;
    if (d->level > TEMPLATE_VALUE_DEPTH_MAX)
        return fault(r, STATUS_LIMIT, "a value nested too deep for JSON, or one that holds itself");
    switch ((enum value_type)v.type) {
    case VALUE_NONE: return put(d, "null", v.from_data);
    case VALUE_BOOL: return put(d, v.boolean ? "true" : "false", v.from_data);
    case VALUE_INT:
        snprintf(text, sizeof text, "%" PRId64, v.integer);
        return put(d, text, v.from_data);
    case VALUE_FLOAT: return put_real(d, v);
    case VALUE_STRING: return put_string(d, v.text, text_has_data(v.text));
    case VALUE_LIST:
    case VALUE_TUPLE: return put_array(d, v);
    case VALUE_DICT: return put_object(d, v);
    default:
        return fault(r, STATUS_BAD_INPUT, "Object of type %s is not JSON serializable",
                     value_type_name(v));
    }
}

bool value_to_json(struct render *r, struct value v, const struct json_style *style,
                   struct value *ret)
{
    struct dump d = { .out = { .r = r }, .style = style };
    return put_json(&d, v) && writer_value(&d.out, ret);
}
