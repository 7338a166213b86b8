/* Escapes of Python: those of bytes in quotes, and those of raw Unicode.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/scan/pickle_text.h"

#include <string.h>

#include "base/core/utf8.h"

struct decoder {
    const char *in, *end;
    char *out; /* has room for two bytes of each that comes in */
    size_t used;
};

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static bool hex_number(const char *in, const char *end, int digits, uint32_t *ret)
{
    uint32_t v = 0;
    if (end - in < digits) return false;
    for (int i = 0; i < digits; i++) {
        int d = hex_digit(in[i]);
        if (d < 0) return false;
        v = v << 4 | (uint32_t)d;
    }
    *ret = v;
    return true;
}

static void put_point(struct decoder *d, uint32_t c)
{
    char bytes[4];
    int n = utf8_encode(c, bytes);
    if (n == 0) n = utf8_encode(0xFFFD, bytes); /* half of a pair: part of no module's name */
    memcpy(d->out + d->used, bytes, (size_t)n);
    d->used += (size_t)n;
}

static bool octal(struct decoder *d, uint32_t *ret)
{
    uint32_t v = 0;
    int n = 0;
    while (n < 3 && d->in < d->end && *d->in >= '0' && *d->in <= '7') {
        v = v * 8 + (uint32_t)(*d->in++ - '0');
        n++;
    }
    *ret = v & 0xFF;
    return n > 0;
}

/* Behind a backslash in quotes. */
static bool quoted_escape(struct decoder *d)
{
    static const char letters[] = "\\'\"abfnrtv", means[] = "\\'\"\a\b\f\n\r\t\v";
    uint32_t v;
    if (d->in == d->end) return false;
    const char *known = *d->in ? strchr(letters, *d->in) : NULL;
    if (known) {
        d->out[d->used++] = means[known - letters];
        d->in++;
    } else if (*d->in == 'x') {
        if (!hex_number(d->in + 1, d->end, 2, &v)) return false;
        d->in += 3;
        put_point(d, v);
    } else if (octal(d, &v)) {
        put_point(d, v);
    } else {
        d->out[d->used++] = '\\'; /* Python keeps escapes that it does not know */
    }
    return true;
}

static bool decode_quoted(struct decoder *d)
{
    while (d->in < d->end) {
        if (*d->in != '\\') {
            d->out[d->used++] = *d->in++;
            continue;
        }
        d->in++;
        if (!quoted_escape(d)) return false;
    }
    return true;
}

static bool decode_raw(struct decoder *d)
{
    while (d->in < d->end) {
        uint32_t c;
        int digits = d->end - d->in > 1 && d->in[0] == '\\' ? (d->in[1] == 'u'   ? 4
                                                               : d->in[1] == 'U' ? 8
                                                                                 : 0)
                                                            : 0;
        if (!digits) {
            /* A backslash that escapes nothing takes its follower along: "\\u" is no escape. */
            bool pair = d->in[0] == '\\' && d->end - d->in > 1 && d->in[1] == '\\';
            put_point(d, (unsigned char)*d->in++);
            if (pair) put_point(d, (unsigned char)*d->in++);
            continue;
        }
        if (!hex_number(d->in + 2, d->end, digits, &c) || c > 0x10FFFF) return false;
        put_point(d, c);
        d->in += 2 + digits;
    }
    return true;
}

static bool strip_quotes(struct span *line)
{
    if (line->len < 2 || line->data[0] != line->data[line->len - 1] ||
        (line->data[0] != '\'' && line->data[0] != '"'))
        return false;
    line->data++;
    line->len -= 2;
    return true;
}

static bool is_plain(struct span line)
{
    for (size_t i = 0; i < line.len; i++)
        if (line.data[i] == '\\' || (unsigned char)line.data[i] >= 0x80) return false;
    return true;
}

enum pickle_text pickle_text_decode(struct arena *a, enum pickle_escapes escapes, struct span line,
                                    struct span *ret)
{
    if (escapes == PICKLE_QUOTED && !strip_quotes(&line)) return PICKLE_TEXT_BAD;
    if (is_plain(line)) {
        *ret = line;
        return PICKLE_TEXT_OK;
    }
    if (line.len > PTRDIFF_MAX / 2) return PICKLE_TEXT_LONG;
    struct decoder d = { line.data, line.data + line.len, NULL, 0 };
    d.out = arena_alloc(a, 2 * line.len + 1);
    if (!d.out) return PICKLE_TEXT_LONG;
    if (escapes == PICKLE_QUOTED ? !decode_quoted(&d) : !decode_raw(&d)) return PICKLE_TEXT_BAD;
    *ret = (struct span){ d.out, d.used };
    return PICKLE_TEXT_OK;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool pickle_text_number(struct span line, uint64_t *ret)
{
    uint64_t v = 0;
    bool digit = false; /* the last was one */
    while (line.len && is_space(line.data[line.len - 1]))
        line.len--;
    while (line.len && is_space(line.data[0]))
        line = (struct span){ line.data + 1, line.len - 1 };
    if (line.len && line.data[0] == '+') line = (struct span){ line.data + 1, line.len - 1 };
    for (size_t i = 0; i < line.len; i++) {
        unsigned d = (unsigned char)line.data[i] - (unsigned)'0';
        if (line.data[i] == '_' && digit) {
            digit = false;
            continue;
        }
        if (d > 9 || __builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, d, &v))
            return false;
        digit = true;
    }
    *ret = v;
    return digit;
}
