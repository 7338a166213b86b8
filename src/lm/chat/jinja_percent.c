/* Python's `format % arguments`.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lm/chat/jinja_run.h"

#define WIDTH_MAX     4096
#define PRECISION_MAX 300
#define NUMBER_BYTES  (WIDTH_MAX + 512)

struct percent {
    struct render *r;
    const struct text *format;
    size_t at;
    struct value arguments;
    size_t next; /* argument */
    struct writer out;
    bool left, plus, space, zero, other; /* flags - + space 0 # */
    int width, precision;                /* -1: not given */
};

static bool wrong(struct percent *p, const char *words)
{
    return fault(p->r, STATUS_BAD_INPUT, "in a %% format: %s", words);
}

static char here(const struct percent *p)
{
    return p->at < p->format->len ? p->format->data[p->at] : 0;
}

static bool next_argument(struct percent *p, struct value *ret)
{
    bool many = p->arguments.type == VALUE_TUPLE;
    size_t count = many ? p->arguments.list->count : 1;
    if (p->next >= count) return wrong(p, "not enough arguments");
    *ret = many ? p->arguments.list->items[p->next] : p->arguments;
    p->next++;
    return true;
}

static bool named_argument(struct percent *p, struct value *ret)
{
    const char *begin = p->format->data + p->at + 1;
    const char *end = memchr(begin, ')', p->format->len - p->at - 1);
    if (!end) return wrong(p, "')' is missing");
    if (p->arguments.type != VALUE_DICT) return wrong(p, "a dictionary is required");
    struct dict_entry *e =
        dict_find_text(p->arguments.dict, (struct span){ begin, (size_t)(end - begin) });
    if (!e) return wrong(p, "a key is missing");
    *ret = e->value;
    p->at = (size_t)(end - p->format->data) + 1;
    return true;
}

static bool read_number(struct percent *p, int max, int *ret)
{
    struct value v = value_none();
    int64_t n = 0;
    if (here(p) == '*') {
        p->at++;
        if (!next_argument(p, &v)) return false;
        if (v.type != VALUE_INT || v.integer < 0) return wrong(p, "* wants an integer");
        n = v.integer;
    }
    while (here(p) >= '0' && here(p) <= '9' && n <= max)
        n = n * 10 + (p->format->data[p->at++] - '0');
    if (n > max)
        return fault(p->r, STATUS_LIMIT, "a width or precision past %d in a %% format", max);
    *ret = (int)n;
    return true;
}

static bool read_options(struct percent *p)
{
    p->left = p->plus = p->space = p->zero = p->other = false;
    p->width = p->precision = -1;
    for (;; p->at++) {
        char c = here(p);
        if (c == '-') p->left = true;
        else if (c == '+') p->plus = true;
        else if (c == ' ') p->space = true;
        else if (c == '0') p->zero = true;
        else if (c == '#') p->other = true;
        else break;
    }
    if (!read_number(p, WIDTH_MAX, &p->width)) return false;
    if (here(p) == '.') {
        p->at++;
        if (!read_number(p, PRECISION_MAX, &p->precision)) return false;
    }
    while (here(p) == 'l' || here(p) == 'h' || here(p) == 'L')
        p->at++;
    return true;
}

static bool put_padded(struct percent *p, const struct text *t, bool zeros)
{
    size_t chars = text_chars(t),
           pad = p->width > 0 && (size_t)p->width > chars ? (size_t)p->width - chars : 0;
    if (p->left && !writer_put_text(&p->out, t)) return false;
    for (; pad; pad--)
        if (!writer_put(&p->out, zeros ? "0" : " ", 1, false)) return false;
    return p->left || writer_put_text(&p->out, t);
}

static bool put_text(struct percent *p, char kind, struct value v)
{
    const struct text *t;
    if (!(kind == 'r' ? value_repr : value_text)(p->r, v, &t)) return false;
    if (p->precision >= 0 && !text_part(p->r, t, 0, text_offset(t, (size_t)p->precision), &t))
        return false;
    return put_padded(p, t, false);
}

/* A format for snprintf, made of the checked options. */
static bool put_number(struct percent *p, char kind, struct value v)
{
    char spec[24], text[NUMBER_BYTES];
    bool whole = strchr("diuxXo", kind) != NULL;
    if (!value_is_number(v)) return wrong(p, "a number is required");
    if (kind == 'i' || kind == 'u') kind = 'd';
    int width = p->width < 0 ? 0 : p->width, len;
    const char *sign = p->plus ? "+" : p->space ? " " : "";
    snprintf(spec, sizeof spec, "%%%s%s%s%s*.*%s%c", p->left ? "-" : "", sign,
             p->zero && !(whole && p->precision >= 0) ? "0" : "", p->other ? "#" : "",
             whole ? PRId64 : "", kind);
    if (whole) {
        if (v.type == VALUE_FLOAT && !(v.real > -0x1p63 && v.real < 0x1p63))
            return wrong(p, "the number is too large");
        int64_t i = v.type == VALUE_FLOAT ? (int64_t)v.real : value_whole(v);
        spec[strlen(spec) - 1] = 0; /* PRId64 brings its own letter */
        if (kind != 'd') {
            if (i < 0) return wrong(p, "a negative number in another base");
            spec[strlen(spec) - 1] = kind;
        }
        len = snprintf(text, sizeof text, spec, width, p->precision, i);
    } else {
        len = snprintf(text, sizeof text, spec, width, p->precision, value_number(v));
    }
    if (len < 0 || (size_t)len >= sizeof text) return wrong(p, "the number is too long");
    return writer_put(&p->out, text, (size_t)len, v.from_data);
}

static bool put_char(struct percent *p, struct value v)
{
    if (v.type != VALUE_STRING || text_chars(v.text) != 1)
        return wrong(p, "%c wants one character");
    return put_padded(p, v.text, false);
}

static bool put_one(struct percent *p)
{
    struct value v = value_none();
    bool named = here(p) == '(';
    if (named && !named_argument(p, &v)) return false;
    if (!read_options(p)) return false;
    char kind = here(p);
    p->at += kind != 0;
    if (kind == '%') return writer_put(&p->out, "%", 1, false);
    if (!kind || !strchr("srcdiuxXoeEfFgG", kind)) return wrong(p, "an unknown conversion");
    if (!named && !next_argument(p, &v)) return false;
    if (kind == 's' || kind == 'r') return put_text(p, kind, v);
    return kind == 'c' ? put_char(p, v) : put_number(p, kind, v);
}

bool text_percent(struct render *r, const struct text *format, struct value arguments,
                  const struct text **ret)
{
    struct percent p = { .r = r, .format = format, .arguments = arguments, .out = { .r = r } };
    while (p.at < format->len) {
        const char *sign = memchr(format->data + p.at, '%', format->len - p.at);
        size_t end = sign ? (size_t)(sign - format->data) : format->len;
        if (!writer_put_part(&p.out, format, p.at, end)) return false;
        p.at = end + (sign != NULL);
        if (sign && !put_one(&p)) return false;
    }
    bool spare = arguments.type == VALUE_TUPLE
                     ? p.next < arguments.list->count
                     : p.next == 0 && arguments.type != VALUE_DICT && !value_is_list(arguments);
    if (spare) return wrong(&p, "not all arguments were used");
    return writer_text(&p.out, ret);
}
