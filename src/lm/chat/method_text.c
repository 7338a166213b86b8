/* Methods of strings.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lm/chat/jinja_entries.h"

#define WIDTH_MAX 100000

static bool give(const struct text *t, struct value *ret)
{
    *ret = value_of_text(t);
    return true;
}

static struct span span_of_text(const struct text *t)
{
    return (struct span){ t->data, t->len };
}

/* An optional string: none means not given. */
static bool optional_text(struct render *r, const struct value *v, const char *name,
                          const struct text **ret)
{
    *ret = NULL;
    return v->type == VALUE_ABSENT || v->type == VALUE_NONE || argument_text(r, v, name, ret);
}

static bool optional_int(struct render *r, const struct value *v, const char *name,
                         int64_t fallback, int64_t *ret)
{
    *ret = fallback;
    return v->type == VALUE_NONE || argument_int(r, v, name, fallback, ret);
}

static bool strip(struct render *r, const struct call *c, bool left, bool right, struct value *ret)
{
    const struct text *set, *t;
    return optional_text(r, &c->argument[0], "chars", &set) &&
           text_strip(r, c->subject.text, set, left, right, &t) && give(t, ret);
}

bool method_strip(struct render *r, const struct call *c, struct value *ret)
{
    return strip(r, c, true, true, ret);
}

bool method_lstrip(struct render *r, const struct call *c, struct value *ret)
{
    return strip(r, c, true, false, ret);
}

bool method_rstrip(struct render *r, const struct call *c, struct value *ret)
{
    return strip(r, c, false, true, ret);
}

static bool split(struct render *r, const struct call *c, bool from_right, struct value *ret)
{
    const struct text *by;
    int64_t max;
    return optional_text(r, &c->argument[0], "sep", &by) &&
           argument_int(r, &c->argument[1], "maxsplit", -1, &max) &&
           text_split(r, c->subject.text, by, max, from_right, ret);
}

bool method_split(struct render *r, const struct call *c, struct value *ret)
{
    return split(r, c, false, ret);
}

bool method_rsplit(struct render *r, const struct call *c, struct value *ret)
{
    return split(r, c, true, ret);
}

bool method_splitlines(struct render *r, const struct call *c, struct value *ret)
{
    return text_split_lines(r, c->subject.text, argument_bool(&c->argument[0], false), ret);
}

bool method_replace(struct render *r, const struct call *c, struct value *ret)
{
    const struct text *from, *to, *t = c->subject.text;
    int64_t count;
    if (!argument_text(r, &c->argument[0], "old", &from) ||
        !argument_text(r, &c->argument[1], "new", &to) ||
        !argument_int(r, &c->argument[2], "count", -1, &count))
        return false;
    if (t->markup && !text_escape(r, to, &to)) return false;
    return text_replace(r, t, from, to, count, &t) && give(t, ret);
}

static bool change(struct render *r, const struct call *c, enum text_case how, struct value *ret)
{
    const struct text *t;
    return text_change_case(r, c->subject.text, how, &t) && give(t, ret);
}

bool method_title(struct render *r, const struct call *c, struct value *ret)
{
    return change(r, c, CASE_TITLE, ret);
}

bool method_swapcase(struct render *r, const struct call *c, struct value *ret)
{
    return change(r, c, CASE_SWAP, ret);
}

bool method_join(struct render *r, const struct call *c, struct value *ret)
{
    return join_items(r, c->argument[0], c->subject.text, NULL, true, ret);
}

/* ---- searching ---- */

/* start and end count code points, as in a slice; *begin > *end when nothing is between. */
static bool window(struct render *r, const struct call *c, size_t *begin, size_t *end)
{
    const struct text *t = c->subject.text;
    int64_t chars = (int64_t)text_chars(t), from, to;
    if (!step(r, 1 + t->len / 16) || !optional_int(r, &c->argument[1], "start", 0, &from) ||
        !optional_int(r, &c->argument[2], "end", chars, &to))
        return false;
    if (from < 0) from = from + chars < 0 ? 0 : from + chars;
    if (to < 0) to = to + chars < 0 ? 0 : to + chars;
    *end = text_offset(t, (size_t)(to > chars ? chars : to));
    *begin = from > chars ? t->len + 1 : text_offset(t, (size_t)from);
    return true;
}

static bool find(struct render *r, const struct call *c, bool last, bool must, struct value *ret)
{
    const struct text *t = c->subject.text, *needle;
    size_t begin, end;
    if (!argument_text(r, &c->argument[0], "sub", &needle) || !window(r, c, &begin, &end))
        return false;
    size_t at = (last ? text_find_last : text_find)(r, t, span_of_text(needle), begin, end);
    if (r->status) return false;
    if (at == TEXT_NOT_FOUND && must) return fault(r, STATUS_BAD_INPUT, "substring not found");
    struct text before = { .data = t->data, .len = at };
    *ret = value_int(at == TEXT_NOT_FOUND ? -1 : (int64_t)text_chars(&before));
    return true;
}

bool method_find_text(struct render *r, const struct call *c, struct value *ret)
{
    return find(r, c, false, false, ret);
}

bool method_rfind_text(struct render *r, const struct call *c, struct value *ret)
{
    return find(r, c, true, false, ret);
}

bool method_index_text(struct render *r, const struct call *c, struct value *ret)
{
    return find(r, c, false, true, ret);
}

bool method_rindex_text(struct render *r, const struct call *c, struct value *ret)
{
    return find(r, c, true, true, ret);
}

bool method_count(struct render *r, const struct call *c, struct value *ret)
{
    const struct text *t = c->subject.text, *needle;
    size_t begin, end;
    int64_t n = 0;
    if (!argument_text(r, &c->argument[0], "sub", &needle) || !window(r, c, &begin, &end))
        return false;
    if (!needle->len && begin <= end) {
        struct text part = { .data = t->data + begin, .len = end - begin };
        n = (int64_t)text_chars(&part) + 1;
    }
    for (size_t at = begin; needle->len; at += needle->len, n++) {
        at = text_find(r, t, span_of_text(needle), at, end);
        if (at == TEXT_NOT_FOUND) break;
    }
    *ret = value_int(n);
    return !r->status;
}

static bool has_end(const struct text *t, const struct text *piece, size_t begin, size_t end,
                    bool front)
{
    if (begin > end || piece->len > end - begin) return false;
    return memcmp(t->data + (front ? begin : end - piece->len), piece->data, piece->len) == 0;
}

/* One string, or a tuple of which any will do. */
static bool ends(struct render *r, const struct call *c, bool front, struct value *ret)
{
    const struct value *one = &c->argument[0];
    size_t begin, end, count = 1;
    if (!window(r, c, &begin, &end)) return false;
    if (one->type == VALUE_TUPLE) {
        count = one->list->count;
        one = one->list->items;
    }
    *ret = value_bool(false);
    for (size_t i = 0; i < count && !ret->boolean; i++) {
        const struct text *piece;
        if (!argument_text(r, &one[i], front ? "prefix" : "suffix", &piece)) return false;
        ret->boolean = has_end(c->subject.text, piece, begin, end, front);
    }
    return true;
}

bool method_startswith(struct render *r, const struct call *c, struct value *ret)
{
    return ends(r, c, true, ret);
}

bool method_endswith(struct render *r, const struct call *c, struct value *ret)
{
    return ends(r, c, false, ret);
}

static bool remove_end(struct render *r, const struct call *c, bool front, struct value *ret)
{
    const struct text *t = c->subject.text, *piece;
    if (!argument_text(r, &c->argument[0], front ? "prefix" : "suffix", &piece)) return false;
    if (has_end(t, piece, 0, t->len, front)) {
        size_t begin = front ? piece->len : 0, end = front ? t->len : t->len - piece->len;
        if (!text_part(r, t, begin, end, &t)) return false;
    }
    return give(t, ret);
}

bool method_removeprefix(struct render *r, const struct call *c, struct value *ret)
{
    return remove_end(r, c, true, ret);
}

bool method_removesuffix(struct render *r, const struct call *c, struct value *ret)
{
    return remove_end(r, c, false, ret);
}

static bool push_cut(struct render *r, struct value_list *l, const struct text *t, size_t begin,
                     size_t end)
{
    const struct text *part;
    return text_part(r, t, begin, end, &part) && list_push(r, l, value_of_text(part));
}

static bool partition(struct render *r, const struct call *c, bool last, struct value *ret)
{
    const struct text *t = c->subject.text, *by;
    if (!argument_text(r, &c->argument[0], "sep", &by)) return false;
    if (!by->len) return fault(r, STATUS_BAD_INPUT, "partition by an empty separator");
    size_t at = (last ? text_find_last : text_find)(r, t, span_of_text(by), 0, t->len), behind;
    if (r->status || !list_new(r, VALUE_TUPLE, 3, ret)) return false;
    behind = at == TEXT_NOT_FOUND ? 0 : at + by->len;
    if (at == TEXT_NOT_FOUND) at = behind = last ? 0 : t->len;
    return push_cut(r, ret->list, t, 0, at) && push_cut(r, ret->list, t, at, behind) &&
           push_cut(r, ret->list, t, behind, t->len);
}

bool method_partition(struct render *r, const struct call *c, struct value *ret)
{
    return partition(r, c, false, ret);
}

bool method_rpartition(struct render *r, const struct call *c, struct value *ret)
{
    return partition(r, c, true, ret);
}

/* ---- padding ---- */

enum side { SIDE_LEFT, SIDE_RIGHT, SIDE_BOTH };

static bool pad(struct render *r, const struct text *t, int64_t width, const struct text *with,
                enum side side, struct value *ret)
{
    int64_t more = width - (int64_t)text_chars(t);
    struct writer w = { .r = r };
    if (width > WIDTH_MAX) return fault(r, STATUS_LIMIT, "a width past %d", WIDTH_MAX);
    if (more <= 0) return give(t, ret);
    int64_t left = side == SIDE_LEFT    ? more
                   : side == SIDE_RIGHT ? 0
                                        : more / 2 + (more & width & 1);
    for (int64_t i = 0; i < left; i++)
        if (!writer_put_text(&w, with)) return false;
    if (!writer_put_text(&w, t)) return false;
    for (int64_t i = left; i < more; i++)
        if (!writer_put_text(&w, with)) return false;
    return writer_value(&w, ret);
}

static bool justify(struct render *r, const struct call *c, enum side side, struct value *ret)
{
    static const struct text space = { .data = " ", .len = 1 };
    const struct text *with;
    int64_t width;
    if (!argument_int(r, &c->argument[0], "width", 0, &width) ||
        !optional_text(r, &c->argument[1], "fillchar", &with))
        return false;
    if (with && text_chars(with) != 1)
        return fault(r, STATUS_BAD_INPUT, "fillchar must be one character");
    return pad(r, c->subject.text, width, with ? with : &space, side, ret);
}

bool method_center(struct render *r, const struct call *c, struct value *ret)
{
    return justify(r, c, SIDE_BOTH, ret);
}

bool method_ljust(struct render *r, const struct call *c, struct value *ret)
{
    return justify(r, c, SIDE_RIGHT, ret);
}

bool method_rjust(struct render *r, const struct call *c, struct value *ret)
{
    return justify(r, c, SIDE_LEFT, ret);
}

bool method_zfill(struct render *r, const struct call *c, struct value *ret)
{
    static const struct text zero = { .data = "0", .len = 1 };
    const struct text *t = c->subject.text, *sign, *digits;
    struct value padded;
    int64_t width;
    size_t has_sign = t->len && (t->data[0] == '-' || t->data[0] == '+');
    if (!argument_int(r, &c->argument[0], "width", 0, &width) ||
        !text_part(r, t, 0, has_sign, &sign) || !text_part(r, t, has_sign, t->len, &digits))
        return false;
    if (!pad(r, digits, width < 0 ? 0 : width - (int64_t)has_sign, &zero, SIDE_LEFT, &padded))
        return false;
    return text_join(r, sign, padded.text, &t) && give(t, ret);
}
