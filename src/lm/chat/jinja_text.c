/* Building and searching strings whose bytes know their origin.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/chat/jinja_text.h"

#include <string.h>

#include "base/core/utf8.h"
#include "lm/chat/jinja_run.h"

#define WRITER_FIRST_CAP 128
#define GROW_FROM        512 /* joined strings this long may grow in place */

/* ---- writing ---- */

static bool writer_reserve(struct writer *w, size_t more)
{
    struct render *r = w->r;
    size_t max = w->len_max ? w->len_max : TEMPLATE_OUTPUT_BYTES_MAX;
    if (more > max || w->len > max - more) {
        return fault(r, STATUS_LIMIT, "a text of more than %zu bytes", max);
    }
    if (w->len + more <= w->cap) return true;
    size_t cap = w->cap ? 2 * w->cap : WRITER_FIRST_CAP;
    while (cap < w->len + more)
        cap *= 2;
    char *data = take(r, cap, 1);
    uint8_t *origin = data && w->origin ? take(r, cap, 1) : NULL;
    if (!data || (w->origin && !origin)) return false;
    if (w->len) memcpy(data, w->data, w->len);
    if (w->len && origin) memcpy(origin, w->origin, w->len);
    w->data = data;
    w->origin = origin;
    w->cap = cap;
    return true;
}

/* From here on each byte has its own origin. */
static bool writer_split(struct writer *w)
{
    if (w->origin) return true;
    w->origin = take(w->r, w->cap, 1);
    if (!w->origin) return false;
    memset(w->origin, w->from_data, w->len);
    return true;
}

bool writer_put(struct writer *w, const char *data, size_t len, bool from_data)
{
    if (!len) return true;
    if (!step(w->r, 1 + len / 64) || !writer_reserve(w, len)) return false;
    if (!w->len && !w->origin) w->from_data = from_data;
    if (from_data != w->from_data && !writer_split(w)) return false;
    memcpy(w->data + w->len, data, len);
    if (w->origin) memset(w->origin + w->len, from_data, len);
    w->len += len;
    return true;
}

bool writer_put_literal(struct writer *w, const char *text, bool from_data)
{
    return writer_put(w, text, strlen(text), from_data);
}

bool writer_put_part(struct writer *w, const struct text *t, size_t begin, size_t end)
{
    if (!t->origin) return writer_put(w, t->data + begin, end - begin, t->from_data);
    if (begin == end) return true;
    if (!step(w->r, 1 + (end - begin) / 64) || !writer_reserve(w, end - begin)) return false;
    if (!writer_split(w)) return false;
    memcpy(w->data + w->len, t->data + begin, end - begin);
    memcpy(w->origin + w->len, t->origin + begin, end - begin);
    w->len += end - begin;
    return true;
}

bool writer_put_text(struct writer *w, const struct text *t)
{
    return writer_put_part(w, t, 0, t->len);
}

bool writer_put_value(struct writer *w, struct value v)
{
    const struct text *t;
    return value_text(w->r, v, &t) && writer_put_text(w, t);
}

static bool text_over(struct render *r, const char *data, const uint8_t *origin, size_t len,
                      bool from_data, const struct text **ret)
{
    struct text *t = take(r, 1, sizeof *t);
    if (!t) return false;
    *t = (struct text){
        .data = len ? data : "", .origin = origin, .len = len, .from_data = from_data
    };
    *ret = t;
    return true;
}

bool writer_text(struct writer *w, const struct text **ret)
{
    return text_over(w->r, w->data, w->origin, w->len, w->from_data, ret);
}

bool writer_value(struct writer *w, struct value *ret)
{
    const struct text *t;
    if (!writer_text(w, &t)) return false;
    *ret = value_of_text(t);
    return true;
}

/* ---- whole strings ---- */

struct value value_of_text(const struct text *t)
{
    return (struct value){ .type = VALUE_STRING, .text = t };
}

bool text_new(struct render *r, const char *data, size_t len, bool from_data,
              const struct text **ret)
{
    return text_over(r, data, NULL, len, from_data, ret);
}

bool value_of_bytes(struct render *r, const char *data, size_t len, bool from_data,
                    struct value *ret)
{
    const struct text *t;
    if (!text_over(r, data, NULL, len, from_data, &t)) return false;
    *ret = value_of_text(t);
    return true;
}

bool text_part(struct render *r, const struct text *t, size_t begin, size_t end,
               const struct text **ret)
{
    struct text *part = take(r, 1, sizeof *part);
    if (!part) return false;
    *part = *t;
    part->data += begin;
    if (part->origin) part->origin += begin;
    part->len = end - begin;
    *ret = part;
    return true;
}

/* `ns.text = ns.text + piece` in a loop would copy all of it each time. Long results are written
 * with room behind them: the next join that starts with the last result only adds its piece. What
 * others see of the shared bytes never changes. */
bool text_join(struct render *r, const struct text *a, const struct text *b,
               const struct text **ret)
{
    if (!a->len && !a->markup) return text_part(r, b, 0, b->len, ret);
    struct writer fresh = { .r = r }, *w = &fresh;
    bool is_last = r->grow.len && a->data == r->grow.data && a->len == r->grow.len;
    if (is_last || a->len + b->len >= GROW_FROM) w = &r->grow;
    if (!is_last) {
        *w = (struct writer){ .r = r };
        if (!writer_put_text(w, a)) return false;
    }
    return writer_put_text(w, b) && writer_text(w, ret);
}

bool text_mark(struct render *r, const struct text *t, const struct text **ret)
{
    struct text *copy = take(r, 1, sizeof *copy);
    if (!copy) return false;
    *copy = *t;
    copy->markup = true;
    *ret = copy;
    return true;
}

bool text_escape(struct render *r, const struct text *t, const struct text **ret)
{
    static const char *const names[] = {
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['\''] = "&#39;", ['"'] = "&#34;"
    };
    if (t->markup) {
        *ret = t;
        return true;
    }
    struct writer w = { .r = r };
    size_t from = 0;
    for (size_t i = 0; i < t->len; i++) {
        unsigned char c = (unsigned char)t->data[i];
        const char *name = c < sizeof names / sizeof *names ? names[c] : NULL;
        if (!name) continue;
        if (!writer_put_part(&w, t, from, i)) return false;
        if (!writer_put_literal(&w, name, t->origin ? t->origin[i] : t->from_data)) return false;
        from = i + 1;
    }
    const struct text *plain;
    return writer_put_part(&w, t, from, t->len) && writer_text(&w, &plain) &&
           text_mark(r, plain, ret);
}

bool text_has_data(const struct text *t)
{
    if (!t->len) return false;
    return t->origin ? memchr(t->origin, 1, t->len) != NULL : t->from_data;
}

bool text_equals(const struct text *a, const struct text *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/* UTF-8 sorts by bytes as Python sorts by code points. */
int text_compare(const struct text *a, const struct text *b)
{
    int order = memcmp(a->data, b->data, a->len < b->len ? a->len : b->len);
    return order ? order : (a->len > b->len) - (a->len < b->len);
}

/* ---- searching ---- */

size_t text_find(struct render *r, const struct text *t, struct span needle, size_t begin,
                 size_t end)
{
    if (begin > end || needle.len > end - begin) return TEXT_NOT_FOUND;
    if (!needle.len) return begin;
    const char *at = t->data + begin, *last = t->data + end - needle.len;
    if (!step(r, 1 + (end - begin) / 64)) return TEXT_NOT_FOUND;
    while (at <= last) {
        at = memchr(at, needle.data[0], (size_t)(last - at) + 1);
        if (!at) break;
        if (memcmp(at, needle.data, needle.len) == 0) return (size_t)(at - t->data);
        if (!step(r, 1 + needle.len / 64)) break;
        at++;
    }
    return TEXT_NOT_FOUND;
}

size_t text_find_last(struct render *r, const struct text *t, struct span needle, size_t begin,
                      size_t end)
{
    if (begin > end || needle.len > end - begin) return TEXT_NOT_FOUND;
    if (!step(r, 1 + (end - begin) / 64)) return TEXT_NOT_FOUND;
    for (size_t at = end - needle.len + 1; at-- > begin;) {
        if (!needle.len || memcmp(t->data + at, needle.data, needle.len) == 0) return at;
        if (t->data[at] == needle.data[0] && !step(r, 1 + needle.len / 64)) break;
    }
    return TEXT_NOT_FOUND;
}

/* ---- code points ---- */

static bool continues(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

size_t text_chars(const struct text *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->len; i++)
        n += !continues(t->data[i]);
    return n;
}

size_t text_next(const struct text *t, size_t at)
{
    do
        at++;
    while (at < t->len && continues(t->data[at]));
    return at;
}

size_t text_prior(const struct text *t, size_t at)
{
    do
        at--;
    while (at && continues(t->data[at]));
    return at;
}

size_t text_offset(const struct text *t, size_t chars)
{
    size_t at = 0;
    while (chars-- && at < t->len)
        at = text_next(t, at);
    return at;
}
