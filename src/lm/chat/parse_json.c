/* JSON walked byte by byte.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/chat/parse_json.h"

#include <string.h>

enum {
    VALUE,        /* a value has to begin */
    FIRST_ITEM,   /* behind '[': a value or ']' */
    FIRST_KEY,    /* behind '{': a key or '}' */
    NEXT_KEY,     /* behind ',' in an object */
    COLON,        /* behind a key */
    AFTER,        /* behind a value inside something */
    TEXT,         /* inside a string */
    CONTINUATION, /* inside a character of a string */
    ESCAPE,
    HEX,
    LITERAL,
    MINUS,
    ZERO,
    INTEGER,
    POINT,
    FRACTION,
    EXPONENT,
    EXPONENT_SIGN,
    EXPONENT_DIGITS,
};

void json_scan_init(struct json_scan *s)
{
    memset(s, 0, sizeof *s);
    s->state = VALUE;
}

static bool is_space(unsigned char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static bool in_object(const struct json_scan *s)
{
    unsigned level = s->depth - 1u;
    return s->objects[level / 64] >> (level % 64) & 1;
}

static enum json_scan_result enter(struct json_scan *s, bool object)
{
    if (s->depth == PARSE_JSON_DEPTH_MAX) return JSON_SCAN_BAD;
    unsigned level = s->depth++;
    uint64_t bit = (uint64_t)1 << (level % 64);
    if (object) s->objects[level / 64] |= bit;
    else s->objects[level / 64] &= ~bit;
    s->state = object ? FIRST_KEY : FIRST_ITEM;
    return JSON_SCAN_MORE;
}

static enum json_scan_result value_ended(struct json_scan *s)
{
    s->state = AFTER;
    return s->depth ? JSON_SCAN_MORE : JSON_SCAN_END;
}

static enum json_scan_result leave(struct json_scan *s)
{
    s->depth--;
    return value_ended(s);
}

static enum json_scan_result go(struct json_scan *s, int state)
{
    s->state = (uint8_t)state;
    return JSON_SCAN_MORE;
}

static enum json_scan_result begin_text(struct json_scan *s, bool key)
{
    s->in_key = key;
    return go(s, TEXT);
}

static enum json_scan_result begin_value(struct json_scan *s, unsigned char c)
{
    switch (c) {
    case '{': return enter(s, true);
    case '[': return enter(s, false);
    case '"': return begin_text(s, false);
    case '-': return go(s, MINUS);
    case '0': return go(s, ZERO);
    case 't': s->literal = "rue"; return go(s, LITERAL);
    case 'f': s->literal = "alse"; return go(s, LITERAL);
    case 'n': s->literal = "ull"; return go(s, LITERAL);
    default: return is_digit(c) ? go(s, INTEGER) : JSON_SCAN_BAD;
    }
}

static enum json_scan_result after_value(struct json_scan *s, unsigned char c)
{
    bool object = in_object(s);
    if (is_space(c)) return JSON_SCAN_MORE;
    if (c == ',') return go(s, object ? NEXT_KEY : VALUE);
    if (c == (object ? '}' : ']')) return leave(s);
    return JSON_SCAN_BAD;
}

/* Unicode 15 table 3-7: what may follow a first byte. */
static enum json_scan_result begin_character(struct json_scan *s, unsigned char c)
{
    if (c < 0xc2 || c > 0xf4) return JSON_SCAN_BAD;
    s->pending = (uint8_t)(c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3);
    s->next_min = (uint8_t)(c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80);
    s->next_max = (uint8_t)(c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf);
    return go(s, CONTINUATION);
}

static enum json_scan_result in_character(struct json_scan *s, unsigned char c)
{
    if (c < s->next_min || c > s->next_max) return JSON_SCAN_BAD;
    s->next_min = 0x80;
    s->next_max = 0xbf;
    return go(s, --s->pending ? CONTINUATION : TEXT);
}

static enum json_scan_result in_text(struct json_scan *s, unsigned char c)
{
    if (c == '"') return s->in_key ? go(s, COLON) : value_ended(s);
    if (c == '\\') return go(s, ESCAPE);
    if (c < 0x20) return JSON_SCAN_BAD;
    return c < 0x80 ? JSON_SCAN_MORE : begin_character(s, c);
}

static enum json_scan_result in_escape(struct json_scan *s, unsigned char c)
{
    if (c == 'u') {
        s->pending = 4;
        return go(s, HEX);
    }
    return c && strchr("\"\\/bfnrt", c) ? go(s, TEXT) : JSON_SCAN_BAD;
}

static enum json_scan_result in_hex(struct json_scan *s, unsigned char c)
{
    unsigned char lower = c | 0x20;
    if (!is_digit(c) && (lower < 'a' || lower > 'f')) return JSON_SCAN_BAD;
    return go(s, --s->pending ? HEX : TEXT);
}

static enum json_scan_result in_literal(struct json_scan *s, unsigned char c)
{
    if (c != (unsigned char)*s->literal) return JSON_SCAN_BAD;
    return *++s->literal ? JSON_SCAN_MORE : value_ended(s);
}

bool json_scan_complete(const struct json_scan *s)
{
    return s->depth == 0 && (s->state == ZERO || s->state == INTEGER || s->state == FRACTION ||
                             s->state == EXPONENT_DIGITS);
}

static enum json_scan_result number_ended(struct json_scan *s, unsigned char c)
{
    if (s->depth == 0) return JSON_SCAN_BEFORE;
    s->state = AFTER;
    return after_value(s, c);
}

static enum json_scan_result in_number(struct json_scan *s, unsigned char c)
{
    bool digit = is_digit(c), exponent = (c | 0x20) == 'e';
    switch (s->state) {
    case MINUS: return !digit ? JSON_SCAN_BAD : go(s, c == '0' ? ZERO : INTEGER);
    case POINT: return digit ? go(s, FRACTION) : JSON_SCAN_BAD;
    case EXPONENT:
        if (c == '+' || c == '-') return go(s, EXPONENT_SIGN);
        return digit ? go(s, EXPONENT_DIGITS) : JSON_SCAN_BAD;
    case EXPONENT_SIGN: return digit ? go(s, EXPONENT_DIGITS) : JSON_SCAN_BAD;
    case EXPONENT_DIGITS: return digit ? JSON_SCAN_MORE : number_ended(s, c);
    default: break;
    }
    if (digit && s->state != ZERO) return JSON_SCAN_MORE;
    if (exponent) return go(s, EXPONENT);
    if (c == '.' && s->state != FRACTION) return go(s, POINT);
    /* "01" at the top would be 0 and something else: no number that anyone meant. */
    return digit ? JSON_SCAN_BAD : number_ended(s, c);
}

enum json_scan_result json_scan_byte(struct json_scan *s, unsigned char c)
{
    switch (s->state) {
    case VALUE: return is_space(c) && s->depth ? JSON_SCAN_MORE : begin_value(s, c);
    case FIRST_ITEM:
        if (is_space(c)) return JSON_SCAN_MORE;
        return c == ']' ? leave(s) : begin_value(s, c);
    case FIRST_KEY:
        if (c == '}') return leave(s);
        /* fall through */
    case NEXT_KEY:
        if (is_space(c)) return JSON_SCAN_MORE;
        return c == '"' ? begin_text(s, true) : JSON_SCAN_BAD;
    case COLON:
        if (is_space(c)) return JSON_SCAN_MORE;
        return c == ':' ? go(s, VALUE) : JSON_SCAN_BAD;
    case AFTER: return after_value(s, c);
    case TEXT: return in_text(s, c);
    case CONTINUATION: return in_character(s, c);
    case ESCAPE: return in_escape(s, c);
    case HEX: return in_hex(s, c);
    case LITERAL: return in_literal(s, c);
    default: return in_number(s, c);
    }
}

char json_scan_text(const char *text, size_t len)
{
    struct json_scan s;
    while (len && is_space((unsigned char)*text)) {
        text++;
        len--;
    }
    while (len && is_space((unsigned char)text[len - 1]))
        len--;
    if (!len) return 0;
    json_scan_init(&s);
    enum json_scan_result r = JSON_SCAN_MORE;
    size_t i = 0;
    while (i < len && r == JSON_SCAN_MORE)
        r = json_scan_byte(&s, (unsigned char)text[i++]);
    bool whole =
        i == len && (r == JSON_SCAN_END || (r == JSON_SCAN_MORE && json_scan_complete(&s)));
    if (!whole) return 0;
    if (strchr("{[\"tfn", *text)) return *text;
    for (i = 0; i < len; i++)
        if (strchr(".eE", text[i])) return '.';
    return '0';
}
