/* Cuts a template into tokens.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/chat/jinja_lex.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/core/utf8.h"
#include "lm/chat/jinja_text.h"

#define BRACKETS_MAX     200 /* open at once inside one tag */
#define NUMBER_BYTES_MAX 64

struct lexer {
    struct arena *arena;
    const char *name;
    struct span source;
    size_t at;
    size_t line_at, line, counted; /* the line of byte `counted`, and where it begins */
    struct token_stream *out;
    char brackets[BRACKETS_MAX];
    int bracket_count;
    struct error *err;
    enum status status;
};

/* Places come mostly in ascending order: only what is new since the last one is read. */
static void find_place(struct lexer *x, size_t at, uint32_t *line, uint32_t *column)
{
    if (at < x->counted) {
        x->line = 1;
        x->line_at = x->counted = 0;
    }
    for (; x->counted < at; x->counted++) {
        if (x->source.data[x->counted] != '\n') continue;
        x->line++;
        x->line_at = x->counted + 1;
    }
    *line = (uint32_t)x->line;
    *column = (uint32_t)(at - x->line_at + 1);
}

static bool __attribute__((format(printf, 4, 5)))
refuse(struct lexer *x, enum status s, size_t at, const char *format, ...)
{
    char words[256];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    uint32_t line, column;
    find_place(x, at, &line, &column);
    x->status = error_set(x->err, s, "%s:%u:%u: %s", x->name, line, column, words);
    return false;
}

static struct token *emit(struct lexer *x, enum token_type type, size_t begin, size_t end)
{
    struct token_stream *s = x->out;
    if (s->count == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 64;
        struct token *items = arena_array(x->arena, cap, sizeof *items);
        if (!items) {
            x->status =
                error_set(x->err, STATUS_NO_MEMORY, "out of memory reading template %s", x->name);
            return NULL;
        }
        if (s->count) memcpy(items, s->items, s->count * sizeof *items);
        s->items = items;
        s->cap = cap;
    }
    struct token *t = &s->items[s->count++];
    t->type = type;
    t->text = (struct span){ x->source.data + begin, end - begin };
    find_place(x, begin, &t->line, &t->column);
    return t;
}

static bool has(const struct lexer *x, size_t at, const char *text)
{
    size_t len = strlen(text);
    return x->source.len - at >= len && memcmp(x->source.data + at, text, len) == 0;
}

/* Length of the white space at `at`. */
static size_t space_len(const struct lexer *x, size_t at)
{
    size_t begin = at;
    uint32_t c;
    int n;
    while ((n = utf8_decode(x->source.data + at, x->source.len - at, &c)) > 0 && char_is_space(c))
        at += (size_t)n;
    return at - begin;
}

/* The end of [begin, end) without the white space there. */
static size_t without_space(const struct lexer *x, size_t begin, size_t end)
{
    struct text t = { .data = x->source.data + begin, .len = end - begin };
    while (t.len) {
        size_t prior = text_prior(&t, t.len);
        uint32_t c;
        utf8_decode(t.data + prior, t.len - prior, &c);
        if (!char_is_space(c)) break;
        t.len = prior;
    }
    return begin + t.len;
}

/* Emits the text before a tag, less what the sign or lstrip_blocks takes from its end. */
static bool emit_data(struct lexer *x, size_t begin, size_t end, char sign, bool is_variable)
{
    size_t keep = end;
    if (sign == '-') {
        keep = without_space(x, begin, end);
    } else if (sign != '+' && !is_variable) {
        size_t bare = without_space(x, begin, end), line = end;
        while (line > begin && x->source.data[line - 1] != '\n')
            line--;
        bool at_line = line > begin || line == 0 || x->source.data[line - 1] == '\n';
        if (at_line && bare <= line) keep = line;
    }
    return keep == begin || emit(x, TOKEN_DATA, begin, keep);
}

static char sign_at(const struct lexer *x, size_t at)
{
    if (at >= x->source.len) return 0;
    char c = x->source.data[at];
    return c == '-' || c == '+' ? c : 0;
}

/* Moves behind the end of a block or comment: "%}" or "#}" with a sign before it. */
static void skip_end(struct lexer *x, char sign, bool trims)
{
    x->at += 2;
    if (sign == '-') x->at += space_len(x, x->at);
    else if (sign != '+' && trims && has(x, x->at, "\n")) x->at++;
}

static bool lex_comment(struct lexer *x, size_t begin)
{
    for (size_t i = x->at; i + 1 < x->source.len; i++) {
        if (!has(x, i, "#}")) continue;
        char sign = i > x->at ? sign_at(x, i - 1) : 0;
        x->at = i;
        skip_end(x, sign, true);
        return true;
    }
    return refuse(x, STATUS_BAD_INPUT, begin, "this comment has no end: \"#}\" is missing");
}

/* Where "WORD" stands as a whole tag "{% WORD %}": the offset behind its "%}" sign, else 0. */
static size_t tag_word(const struct lexer *x, size_t at, const char *word, char *sign)
{
    at += 2;
    at += sign_at(x, at) ? 1 : 0;
    at += space_len(x, at);
    if (!has(x, at, word)) return 0;
    at += strlen(word);
    at += space_len(x, at);
    *sign = sign_at(x, at);
    at += *sign ? 1 : 0;
    return has(x, at, "%}") ? at : 0;
}

static bool lex_raw(struct lexer *x, size_t begin, size_t end_tag, char end_sign)
{
    x->at = end_tag;
    skip_end(x, end_sign, false);
    size_t from = x->at;
    for (size_t i = from; i + 1 < x->source.len; i++) {
        char sign;
        size_t close = has(x, i, "{%") ? tag_word(x, i, "endraw", &sign) : 0;
        if (!close) continue;
        if (!emit_data(x, from, i, sign_at(x, i + 2), false)) return false;
        x->at = close;
        skip_end(x, sign, true);
        return true;
    }
    return refuse(x, STATUS_BAD_INPUT, begin,
                  "this raw block has no end: {%% endraw %%} is missing");
}

/* ---- inside a tag ---- */

static const char *const SIGNS[] = {
    "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
    "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";",
};

static bool is_digit_of(char c, int base)
{
    int d = c >= '0' && c <= '9'                 ? c - '0'
            : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                 : 99;
    return d < base;
}

/* Length of digits with single underscores between them. */
static size_t digits_len(const struct lexer *x, size_t at, int base)
{
    size_t i = at;
    while (i < x->source.len) {
        if (is_digit_of(x->source.data[i], base)) i++;
        else if (x->source.data[i] == '_' && i > at && i + 1 < x->source.len &&
                 is_digit_of(x->source.data[i + 1], base))
            i += 2;
        else break;
    }
    return i - at;
}

/* The number at `at` without underscores, terminated. */
static bool number_text(struct lexer *x, size_t begin, size_t end, char out[NUMBER_BYTES_MAX])
{
    size_t n = 0;
    for (size_t i = begin; i < end; i++) {
        if (x->source.data[i] == '_') continue;
        if (n + 1 >= NUMBER_BYTES_MAX) {
            return refuse(x, STATUS_LIMIT, begin, "a number of more than %d digits",
                          NUMBER_BYTES_MAX - 1);
        }
        out[n++] = x->source.data[i];
    }
    out[n] = 0;
    return true;
}

static bool lex_integer(struct lexer *x, size_t begin, size_t digits, size_t end, int base)
{
    char text[NUMBER_BYTES_MAX];
    if (!number_text(x, digits, end, text)) return false;
    int64_t value = 0;
    for (const char *c = text; *c; c++) {
        int d = *c <= '9' ? *c - '0' : (*c | 32) - 'a' + 10;
        if (__builtin_mul_overflow(value, (int64_t)base, &value) ||
            __builtin_add_overflow(value, (int64_t)d, &value)) {
            return refuse(x, STATUS_LIMIT, begin, "the integer %s does not fit into 64 bits", text);
        }
    }
    struct token *t = emit(x, TOKEN_INT, begin, end);
    if (!t) return false;
    t->integer = value;
    x->at = end;
    return true;
}

static bool lex_based(struct lexer *x, size_t begin)
{
    char kind = begin + 1 < x->source.len ? (char)(x->source.data[begin + 1] | 32) : 0;
    int base = x->source.data[begin] != '0' ? 0
               : kind == 'x'                ? 16
               : kind == 'o'                ? 8
               : kind == 'b'                ? 2
                                            : 0;
    size_t len = base ? digits_len(x, begin + 2, base) : 0;
    if (len) return lex_integer(x, begin, begin + 2, begin + 2 + len, base);
    return lex_integer(x, begin, begin, begin + digits_len(x, begin, 10), 10);
}

static bool lex_number(struct lexer *x)
{
    size_t begin = x->at, end = begin + digits_len(x, begin, 10), fraction, exponent;
    bool real = false;
    if (begin == 0 || x->source.data[begin - 1] != '.') { /* m.0.1 is two steps, not 0.1 */
        fraction = has(x, end, ".") ? digits_len(x, end + 1, 10) : 0;
        if (fraction) {
            end += 1 + fraction;
            real = true;
        }
        if (end < x->source.len && (x->source.data[end] | 32) == 'e') {
            size_t sign = sign_at(x, end + 1) ? 1 : 0;
            exponent = digits_len(x, end + 1 + sign, 10);
            if (exponent) {
                end += 1 + sign + exponent;
                real = true;
            }
        }
    }
    if (!real) return lex_based(x, begin);
    char text[NUMBER_BYTES_MAX];
    if (!number_text(x, begin, end, text)) return false;
    struct token *t = emit(x, TOKEN_FLOAT, begin, end);
    if (!t) return false;
    t->real = strtod(text, NULL);
    x->at = end;
    return true;
}

static bool lex_name(struct lexer *x)
{
    size_t begin = x->at, end = begin;
    uint32_t c;
    int n;
    while ((n = utf8_decode(x->source.data + end, x->source.len - end, &c)) > 0 && char_is_word(c))
        end += (size_t)n;
    if (end == begin) {
        return refuse(x, STATUS_BAD_INPUT, begin, "unexpected character '%.*s'", n > 0 ? n : 1,
                      x->source.data + begin);
    }
    x->at = end;
    return emit(x, TOKEN_NAME, begin, end);
}

/* Reads `count` digits of an escape; false when they are not there. */
static bool escape_digits(const char *s, size_t len, size_t count, int base, uint32_t *ret)
{
    if (len < count) return false;
    *ret = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_digit_of(s[i], base)) return false;
        *ret =
            *ret * (uint32_t)base + (uint32_t)(s[i] <= '9' ? s[i] - '0' : (s[i] | 32) - 'a' + 10);
    }
    return true;
}

static int octal_escape(const char *s, size_t len, uint32_t *ret)
{
    int n = 0;
    *ret = 0;
    while (n < 3 && (size_t)n < len && s[n] >= '0' && s[n] <= '7')
        *ret = *ret * 8 + (uint32_t)(s[n++] - '0');
    return n;
}

/* Undoes one escape behind a backslash; returns bytes read, 0 when Python keeps the backslash,
 * -1 when it is wrong. */
static int undo_escape(const char *s, size_t len, char *out, size_t *out_len)
{
    static const char plain[] = "n\nt\tr\ra\ab\bf\fv\v\\\\''\"\"";
    for (const char *p = plain; *p; p += 2) {
        if (s[0] != *p) continue;
        out[(*out_len)++] = p[1];
        return 1;
    }
    if (s[0] == '\n') return 1;
    uint32_t c;
    int read = octal_escape(s, len, &c);
    if (!read) {
        size_t count = s[0] == 'x' ? 2 : s[0] == 'u' ? 4 : s[0] == 'U' ? 8 : 0;
        if (!count) return s[0] == 'N' ? -1 : 0;
        if (!escape_digits(s + 1, len - 1, count, 16, &c)) return -1;
        read = (int)count + 1;
    }
    int n = utf8_encode(c, out + *out_len);
    *out_len += (size_t)n;
    return n ? read : -1;
}

static bool unescape(struct lexer *x, size_t begin, size_t end, struct span *ret)
{
    const char *s = x->source.data;
    char *out =
        arena_alloc(x->arena, end - begin + 4); /* an escape is never shorter than its bytes */
    if (!out) {
        x->status =
            error_set(x->err, STATUS_NO_MEMORY, "out of memory reading template %s", x->name);
        return false;
    }
    size_t n = 0;
    for (size_t i = begin; i < end;) {
        if (s[i] != '\\') {
            out[n++] = s[i++];
            continue;
        }
        int read = undo_escape(s + i + 1, end - i - 1, out, &n);
        if (read < 0) return refuse(x, STATUS_BAD_INPUT, i, "this escape is not understood");
        if (!read) out[n++] = '\\';
        i += 1 + (size_t)read;
    }
    *ret = (struct span){ out, n };
    return true;
}

static bool lex_string(struct lexer *x)
{
    const char *s = x->source.data;
    size_t begin = x->at, end = begin + 1;
    while (end < x->source.len && s[end] != s[begin])
        end += s[end] == '\\' ? 2 : 1;
    if (end >= x->source.len) return refuse(x, STATUS_BAD_INPUT, begin, "this string has no end");
    struct span text;
    if (!unescape(x, begin + 1, end, &text)) return false;
    struct token *t = emit(x, TOKEN_STRING, begin, end + 1);
    if (!t) return false;
    t->text = text;
    x->at = end + 1;
    return true;
}

static bool track_bracket(struct lexer *x, size_t at)
{
    static const char pairs[] = "()[]{}";
    char c = x->source.data[at];
    const char *p = strchr(pairs, c);
    if (!p || !c) return true;
    if ((p - pairs) % 2 == 0) {
        if (x->bracket_count == BRACKETS_MAX) {
            return refuse(x, STATUS_LIMIT, at, "more than %d open brackets", BRACKETS_MAX);
        }
        x->brackets[x->bracket_count++] = c;
        return true;
    }
    if (x->bracket_count && x->brackets[x->bracket_count - 1] == p[-1]) {
        x->bracket_count--;
        return true;
    }
    return refuse(x, STATUS_BAD_INPUT, at, "unexpected '%c'", c);
}

static bool lex_sign(struct lexer *x)
{
    for (size_t i = 0; i < sizeof SIGNS / sizeof *SIGNS; i++) {
        if (!has(x, x->at, SIGNS[i])) continue;
        size_t begin = x->at;
        x->at += strlen(SIGNS[i]);
        return track_bracket(x, begin) && emit(x, TOKEN_SIGN, begin, x->at);
    }
    return lex_name(x);
}

static bool lex_inner(struct lexer *x)
{
    char c = x->source.data[x->at];
    if (c >= '0' && c <= '9') return lex_number(x);
    if (c == '\'' || c == '"') return lex_string(x);
    return lex_sign(x);
}

static bool lex_tag(struct lexer *x, size_t begin, bool is_variable)
{
    const char *close = is_variable ? "}}" : "%}";
    x->bracket_count = 0;
    if (!emit(x, is_variable ? TOKEN_VARIABLE_BEGIN : TOKEN_BLOCK_BEGIN, begin, begin + 2))
        return false;
    for (;;) {
        x->at += space_len(x, x->at);
        if (x->at >= x->source.len) {
            return refuse(x, STATUS_BAD_INPUT, begin, "this tag has no end: \"%s\" is missing",
                          close);
        }
        char sign = sign_at(x, x->at);
        if (is_variable && sign == '+') sign = 0;
        if (!x->bracket_count && has(x, x->at + (sign ? 1 : 0), close)) {
            x->at += sign ? 1 : 0;
            if (!emit(x, is_variable ? TOKEN_VARIABLE_END : TOKEN_BLOCK_END, x->at, x->at + 2))
                return false;
            skip_end(x, sign, !is_variable);
            return true;
        }
        if (!lex_inner(x)) return false;
    }
}

/* ---- outside of tags ---- */

static size_t next_tag(const struct lexer *x)
{
    for (size_t i = x->at; i + 1 < x->source.len; i++) {
        char c = x->source.data[i + 1];
        if (x->source.data[i] == '{' && (c == '{' || c == '%' || c == '#')) return i;
    }
    return x->source.len;
}

static bool lex_next(struct lexer *x)
{
    size_t begin = x->at, tag = next_tag(x);
    if (tag == x->source.len) {
        x->at = tag;
        return tag == begin || emit(x, TOKEN_DATA, begin, tag);
    }
    char kind = x->source.data[tag + 1], sign = sign_at(x, tag + 2), raw_sign;
    if (!emit_data(x, begin, tag, sign, kind == '{')) return false;
    x->at = tag + 2 + (sign ? 1 : 0);
    if (kind == '#') return lex_comment(x, tag);
    size_t raw = kind == '%' ? tag_word(x, tag, "raw", &raw_sign) : 0;
    return raw ? lex_raw(x, tag, raw, raw_sign) : lex_tag(x, tag, kind == '{');
}

enum status jinja_lex(struct arena *arena, const char *name, struct span source,
                      struct token_stream *ret, struct error *err)
{
    struct lexer x = {
        .arena = arena, .name = name, .source = source, .line = 1, .out = ret, .err = err
    };
    while (x.at < source.len)
        if (!lex_next(&x)) return x.status;
    return emit(&x, TOKEN_END, source.len, source.len) ? STATUS_OK : x.status;
}
