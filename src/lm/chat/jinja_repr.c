/* How Python prints values: str() and repr().
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/core/utf8.h"
#include "lm/chat/jinja_run.h"

/* ---- floats ---- */

/* Digits and exponent of the shortest form that reads back equal: d.ddd * 10^exponent. */
static int shortest(double d, char digits[24], int *exponent)
{
    char text[REAL_TEXT_BYTES];
    for (int precision = 0; precision < 18; precision++) {
        snprintf(text, sizeof text, "%.*e", precision, d);
        if (strtod(text, NULL) == d || precision == 17) break;
    }
    int n = 0;
    char *e = strchr(text, 'e');
    for (const char *c = text; c < e; c++)
        if (*c >= '0' && *c <= '9') digits[n++] = *c;
    *exponent = (int)strtol(e + 1, NULL, 10);
    while (n > 1 && digits[n - 1] == '0')
        n--;
    digits[n] = 0;
    return n;
}

size_t real_text(double d, char out[REAL_TEXT_BYTES])
{
    char digits[24];
    int exponent, n, len;
    if (isnan(d)) return (size_t)snprintf(out, REAL_TEXT_BYTES, "nan");
    if (isinf(d)) return (size_t)snprintf(out, REAL_TEXT_BYTES, d < 0 ? "-inf" : "inf");
    const char *sign = signbit(d) ? "-" : "";
    n = shortest(fabs(d), digits, &exponent);
    if (exponent < -4 || exponent >= 16) {
        len = snprintf(out, REAL_TEXT_BYTES, "%s%c%s%se%c%02d", sign, digits[0], n > 1 ? "." : "",
                       digits + 1, exponent < 0 ? '-' : '+', abs(exponent));
    } else if (exponent < 0) {
        len = snprintf(out, REAL_TEXT_BYTES, "%s0.%.*s%s", sign, -exponent - 1, "0000", digits);
    } else if (n <= exponent + 1) {
        len = snprintf(out, REAL_TEXT_BYTES, "%s%s%.*s.0", sign, digits, exponent + 1 - n,
                       "0000000000000000");
    } else {
        len = snprintf(out, REAL_TEXT_BYTES, "%s%.*s.%s", sign, exponent + 1, digits,
                       digits + exponent + 1);
    }
    return (size_t)len;
}

/* ---- strings ---- */

static bool is_printable(uint32_t c)
{
    if (c < 0x80) return c >= ' ' && c != 0x7f;
    utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);
    return k != UTF8PROC_CATEGORY_CN && k < UTF8PROC_CATEGORY_ZS;
}

static bool put_escaped(struct writer *w, uint32_t c, bool from_data)
{
    char text[16];
    const char *format = c < 0x100     ? "\\x%02" PRIx32
                         : c < 0x10000 ? "\\u%04" PRIx32
                                       : "\\U%08" PRIx32;
    if (c == '\n' || c == '\r' || c == '\t')
        return writer_put_literal(w, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t", from_data);
    snprintf(text, sizeof text, format, c);
    return writer_put_literal(w, text, from_data);
}

static bool put_repr_text(struct writer *w, const struct text *t)
{
    bool single = memchr(t->data, '\'', t->len) != NULL,
         twice = memchr(t->data, '"', t->len) != NULL;
    const char *quote = single && !twice ? "\"" : "'";
    bool quotes_data = text_has_data(t);
    if (!writer_put_literal(w, quote, quotes_data)) return false;
    for (size_t at = 0, next; at < t->len; at = next) {
        uint32_t c;
        next = text_next(t, at);
        utf8_decode(t->data + at, t->len - at, &c);
        bool from_data = t->origin ? t->origin[at] : t->from_data, ok;
        if (c == '\\' || c == (uint32_t)quote[0]) {
            ok = writer_put_literal(w, "\\", from_data) && writer_put_part(w, t, at, next);
        } else if (is_printable(c)) {
            ok = writer_put_part(w, t, at, next);
        } else {
            ok = put_escaped(w, c, from_data);
        }
        if (!ok) return false;
    }
    return writer_put_literal(w, quote, quotes_data);
}

/* ---- everything ---- */

static bool put_repr(struct writer *w, struct value v);

static bool put_items(struct writer *w, struct value v, const char *open, const char *close)
{
    if (!writer_put_literal(w, open, v.from_data)) return false;
    for (size_t i = 0; i < v.list->count; i++) {
        if (i && !writer_put_literal(w, ", ", v.from_data)) return false;
        if (!put_repr(w, v.list->items[i])) return false;
    }
    return writer_put_literal(w, close, v.from_data);
}

static bool put_dict(struct writer *w, struct value v)
{
    if (!writer_put_literal(w, "{", v.from_data)) return false;
    for (size_t i = 0; i < v.dict->count; i++) {
        const struct dict_entry *e = &v.dict->entries[i];
        if (i && !writer_put_literal(w, ", ", v.from_data)) return false;
        if (!put_repr(w, e->key) || !writer_put_literal(w, ": ", v.from_data) ||
            !put_repr(w, e->value))
            return false;
    }
    return writer_put_literal(w, "}", v.from_data);
}

static bool put_range(struct writer *w, const struct value_list *l)
{
    char text[96];
    if (l->step == 1)
        snprintf(text, sizeof text, "range(%" PRId64 ", %" PRId64 ")", l->start, l->stop);
    else
        snprintf(text, sizeof text, "range(%" PRId64 ", %" PRId64 ", %" PRId64 ")", l->start,
                 l->stop, l->step);
    return writer_put_literal(w, text, false);
}

static bool put_scalar(struct writer *w, struct value v)
{
    char text[REAL_TEXT_BYTES];
    switch ((enum value_type)v.type) {
    case VALUE_NONE: return writer_put_literal(w, "None", v.from_data);
    case VALUE_BOOL: return writer_put_literal(w, v.boolean ? "True" : "False", v.from_data);
    case VALUE_INT: snprintf(text, sizeof text, "%" PRId64, v.integer); break;
    case VALUE_FLOAT: real_text(v.real, text); break;
    default: return true;
    }
    return writer_put_literal(w, text, v.from_data);
}

static bool put_object(struct writer *w, struct value v)
{
    return writer_put_literal(w, "<", false) && writer_put_literal(w, value_type_name(v), false) &&
           writer_put_literal(w, " object>", false);
}

static bool put_container(struct writer *w, struct value v)
{
    switch ((enum value_type)v.type) {
    case VALUE_LIST: return put_items(w, v, "[", "]");
    case VALUE_TUPLE: return put_items(w, v, "(", v.list->count == 1 ? ",)" : ")");
    case VALUE_KEYS: return put_items(w, v, "dict_keys([", "])");
    case VALUE_VALUES: return put_items(w, v, "dict_values([", "])");
    case VALUE_ITEMS: return put_items(w, v, "dict_items([", "])");
    case VALUE_RANGE: return put_range(w, v.list);
    case VALUE_DICT: return put_dict(w, v);
    case VALUE_NAMESPACE:
        return writer_put_literal(w, "<Namespace ", false) && put_dict(w, v) &&
               writer_put_literal(w, ">", false);
    default: return put_object(w, v);
    }
}

static bool put_repr(struct writer *w, struct value v)
{
    struct render *r = w->r;
    if (v.type == VALUE_STRING) return put_repr_text(w, v.text);
    if (v.type == VALUE_UNDEFINED) return writer_put_literal(w, "Undefined", false);
    if (v.type <= VALUE_FLOAT) return put_scalar(w, v);
    if (r->depth >= TEMPLATE_DEPTH_MAX) {
        return fault(r, STATUS_LIMIT,
                     "a value nested too deep to be printed, or one that holds itself");
    }
    r->depth++;
    bool ok = step(r, 1) && put_container(w, v);
    r->depth--;
    return ok;
}

bool value_repr(struct render *r, struct value v, const struct text **ret)
{
    struct writer w = { .r = r };
    return put_repr(&w, v) && writer_text(&w, ret);
}

bool value_text(struct render *r, struct value v, const struct text **ret)
{
    if (v.type == VALUE_STRING) {
        *ret = v.text;
        return true;
    }
    if (v.type == VALUE_UNDEFINED || v.type == VALUE_ABSENT) return text_new(r, "", 0, false, ret);
    return value_repr(r, v, ret);
}
