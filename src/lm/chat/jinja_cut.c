/* Cutting strings: strip, split, replace, lines.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/core/utf8.h"
#include "lm/chat/jinja_run.h"

static struct span span_of_text(const struct text *t)
{
    return (struct span){ t->data, t->len };
}

static bool in_set(const struct text *t, size_t begin, size_t end, const struct text *set)
{
    uint32_t c;
    if (!set) {
        utf8_decode(t->data + begin, end - begin, &c);
        return char_is_space(c);
    }
    for (size_t i = 0; i < set->len; i = text_next(set, i)) {
        size_t len = text_next(set, i) - i;
        if (len == end - begin && memcmp(set->data + i, t->data + begin, len) == 0) return true;
    }
    return false;
}

bool text_strip(struct render *r, const struct text *t, const struct text *set, bool left,
                bool right, const struct text **ret)
{
    size_t begin = 0, end = t->len, charge = set ? 1 + set->len / 8 : 1;
    while (left && begin < end && in_set(t, begin, text_next(t, begin), set)) {
        begin = text_next(t, begin);
        if (!step(r, charge)) return false;
    }
    while (right && begin < end && in_set(t, text_prior(t, end), end, set)) {
        end = text_prior(t, end);
        if (!step(r, charge)) return false;
    }
    return text_part(r, t, begin, end, ret);
}

/* An empty `from` stands before each code point and at the end. */
static bool replace_between(struct writer *w, const struct text *t, const struct text *to,
                            int64_t left)
{
    size_t at = 0;
    for (; left > 0; left--) {
        if (!writer_put_text(w, to)) return false;
        if (at == t->len) return true;
        size_t next = text_next(t, at);
        if (!writer_put_part(w, t, at, next)) return false;
        at = next;
    }
    return writer_put_part(w, t, at, t->len);
}

bool text_replace(struct render *r, const struct text *t, const struct text *from,
                  const struct text *to, int64_t count_max, const struct text **ret)
{
    struct writer w = { .r = r };
    int64_t left = count_max < 0 ? INT64_MAX : count_max;
    size_t at = 0, found;
    if (!from->len) {
        if (!replace_between(&w, t, to, left)) return false;
    } else {
        for (; left > 0; left--, at = found + from->len) {
            found = text_find(r, t, span_of_text(from), at, t->len);
            if (found == TEXT_NOT_FOUND) break;
            if (!writer_put_part(&w, t, at, found) || !writer_put_text(&w, to)) return false;
        }
        if (r->status || !writer_put_part(&w, t, at, t->len)) return false;
    }
    return writer_text(&w, ret) && (!t->markup || text_mark(r, *ret, ret));
}

/* ---- splitting ---- */

static bool push_part(struct render *r, struct value_list *l, const struct text *t, size_t begin,
                      size_t end)
{
    const struct text *part;
    return text_part(r, t, begin, end, &part) && list_push(r, l, value_of_text(part));
}

static bool is_space_at(const struct text *t, size_t at)
{
    return in_set(t, at, text_next(t, at), NULL);
}

static bool split_spaces(struct render *r, const struct text *t, int64_t left, struct value_list *l)
{
    size_t at = 0;
    for (;;) {
        while (at < t->len && is_space_at(t, at))
            at = text_next(t, at);
        if (at >= t->len) return true;
        size_t end = at;
        while (left && end < t->len && !is_space_at(t, end))
            end = text_next(t, end);
        if (!left--) return push_part(r, l, t, at, t->len); /* what is left stays whole */
        if (!push_part(r, l, t, at, end)) return false;
        at = end;
    }
}

/* From the right; the parts come out in reverse. */
static bool rsplit_spaces(struct render *r, const struct text *t, int64_t left,
                          struct value_list *l)
{
    size_t end = t->len;
    for (;;) {
        while (end && is_space_at(t, text_prior(t, end)))
            end = text_prior(t, end);
        if (!end) return true;
        size_t at = end;
        while (left && at && !is_space_at(t, text_prior(t, at)))
            at = text_prior(t, at);
        if (!left--) return push_part(r, l, t, 0, end);
        if (!push_part(r, l, t, at, end)) return false;
        end = at;
    }
}

static bool split_by(struct render *r, const struct text *t, struct span by, int64_t left,
                     struct value_list *l)
{
    size_t at = 0;
    for (; left > 0; left--) {
        size_t found = text_find(r, t, by, at, t->len);
        if (found == TEXT_NOT_FOUND) break;
        if (!push_part(r, l, t, at, found)) return false;
        at = found + by.len;
    }
    return !r->status && push_part(r, l, t, at, t->len);
}

static bool rsplit_by(struct render *r, const struct text *t, struct span by, int64_t left,
                      struct value_list *l)
{
    size_t end = t->len;
    for (; left > 0; left--) {
        size_t found = text_find_last(r, t, by, 0, end);
        if (found == TEXT_NOT_FOUND) break;
        if (!push_part(r, l, t, found + by.len, end)) return false;
        end = found;
    }
    return !r->status && push_part(r, l, t, 0, end);
}

static void turn_round(struct value_list *l)
{
    for (size_t i = 0; i < l->count / 2; i++) {
        struct value v = l->items[i];
        l->items[i] = l->items[l->count - 1 - i];
        l->items[l->count - 1 - i] = v;
    }
}

bool text_split(struct render *r, const struct text *t, const struct text *separator,
                int64_t count_max, bool from_right, struct value *ret)
{
    int64_t left = count_max < 0 ? INT64_MAX : count_max;
    if (separator && !separator->len)
        return fault(r, STATUS_BAD_INPUT, "split by an empty separator");
    if (!step(r, 1 + t->len / 64) || !list_new(r, VALUE_LIST, 0, ret)) return false;
    bool ok;
    if (separator) {
        struct span by = span_of_text(separator);
        ok = (from_right ? rsplit_by : split_by)(r, t, by, left, ret->list);
    } else {
        ok = (from_right ? rsplit_spaces : split_spaces)(r, t, left, ret->list);
    }
    if (ok && from_right) turn_round(ret->list);
    return ok;
}

bool text_split_lines(struct render *r, const struct text *t, bool keep_ends, struct value *ret)
{
    size_t begin = 0, at = 0;
    if (!step(r, 1 + t->len / 16) || !list_new(r, VALUE_LIST, 0, ret)) return false;
    while (at < t->len) {
        uint32_t c;
        utf8_decode(t->data + at, t->len - at, &c);
        size_t next = text_next(t, at);
        if (char_is_line_end(c)) {
            if (c == '\r' && next < t->len && t->data[next] == '\n') next++;
            if (!push_part(r, ret->list, t, begin, keep_ends ? next : at)) return false;
            begin = next;
        }
        at = next;
    }
    return begin == t->len || push_part(r, ret->list, t, begin, t->len);
}
