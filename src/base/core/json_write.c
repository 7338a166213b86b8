/* Writing JSON into a bounded buffer.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/core/json_write.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/utf8.h"

#define LEVELS_MAX   128 /* bits in has_items and is_object */
#define NUMBER_BYTES 40

static bool level_bit(const uint64_t bits[2], int level)
{
    return bits[level >> 6] >> (level & 63) & 1;
}

static void set_level_bit(uint64_t bits[2], int level, bool on)
{
    uint64_t bit = (uint64_t)1 << (level & 63);
    if (on) bits[level >> 6] |= bit;
    else bits[level >> 6] &= ~bit;
}

void json_writer_init(struct json_writer *w, struct buf *out, int indent)
{
    *w = (struct json_writer){ .out = out, .indent = indent };
}

static void new_line(struct json_writer *w, int depth)
{
    if (!w->indent) return;
    buf_byte(w->out, '\n');
    for (int i = 0; i < depth * w->indent; i++)
        buf_byte(w->out, ' ');
}

/* What stands between the previous item and this one. */
static void begin_item(struct json_writer *w)
{
    if (w->depth == 0) return;
    int level = w->depth - 1;
    if (level_bit(w->has_items, level)) buf_byte(w->out, ',');
    set_level_bit(w->has_items, level, true);
    new_line(w, w->depth);
}

static void begin_value(struct json_writer *w)
{
    assert(w->depth == 0 || w->after_key == level_bit(w->is_object, w->depth - 1));
    if (w->after_key) w->after_key = false;
    else begin_item(w);
}

static void open_level(struct json_writer *w, bool object)
{
    begin_value(w);
    assert(w->depth < LEVELS_MAX);
    set_level_bit(w->has_items, w->depth, false);
    set_level_bit(w->is_object, w->depth, object);
    w->depth++;
    buf_byte(w->out, object ? '{' : '[');
}

static void close_level(struct json_writer *w, bool object)
{
    assert(w->depth > 0 && !w->after_key && level_bit(w->is_object, w->depth - 1) == object);
    w->depth--;
    if (level_bit(w->has_items, w->depth)) new_line(w, w->depth);
    buf_byte(w->out, object ? '}' : ']');
}

void json_open_object(struct json_writer *w)
{
    open_level(w, true);
}

void json_close_object(struct json_writer *w)
{
    close_level(w, true);
}

void json_open_array(struct json_writer *w)
{
    open_level(w, false);
}

void json_close_array(struct json_writer *w)
{
    close_level(w, false);
}

/* ---- strings ---- */

static void put_escape(struct buf *out, unsigned char c)
{
    static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* byte, letter */
    for (size_t i = 0; i + 1 < sizeof letters; i += 2) {
        if ((unsigned char)letters[i] == c) {
            buf_append(out, (char[]){ '\\', letters[i + 1] }, 2);
            return;
        }
    }
    buf_format(out, "\\u%04x", c);
}

/* Bytes at the front of s that stand for themselves. */
static size_t plain_prefix(const char *s, size_t len)
{
    size_t i = 0;
    while (i < len) {
        unsigned char c = (unsigned char)s[i];
        if (c < 0x20 || c == '"' || c == '\\') break;
        uint32_t code_point;
        int n = c < 0x80 ? 1 : utf8_decode(s + i, len - i, &code_point);
        if (n == 0) break;
        i += (size_t)n;
    }
    return i;
}

static void put_quoted(struct buf *out, struct span text)
{
    buf_byte(out, '"');
    for (size_t i = 0; i < text.len;) {
        size_t n = plain_prefix(text.data + i, text.len - i);
        if (n) buf_append(out, text.data + i, n);
        i += n;
        if (i == text.len) break;
        unsigned char c = (unsigned char)text.data[i++];
        if (c < 0x80) put_escape(out, c);
        else buf_text(out, "\xEF\xBF\xBD");
    }
    buf_byte(out, '"');
}

void json_key_span(struct json_writer *w, struct span key)
{
    assert(w->depth > 0 && level_bit(w->is_object, w->depth - 1) && !w->after_key);
    begin_item(w);
    put_quoted(w->out, key);
    buf_text(w->out, w->indent ? ": " : ":");
    w->after_key = true;
}

void json_key(struct json_writer *w, const char *key)
{
    json_key_span(w, span_of(key));
}

void json_put_span(struct json_writer *w, struct span text)
{
    begin_value(w);
    put_quoted(w->out, text);
}

void json_put_string(struct json_writer *w, const char *text)
{
    if (text) json_put_span(w, span_of(text));
    else json_put_null(w);
}

/* ---- numbers and names ---- */

static void put_word(struct json_writer *w, const char *word)
{
    begin_value(w);
    buf_text(w->out, word);
}

void json_put_int(struct json_writer *w, int64_t v)
{
    begin_value(w);
    buf_format(w->out, "%" PRId64, v);
}

/* printf follows the program's locale, JSON does not. ".0" marks a real as one. */
static void put_digits(struct json_writer *w, char *text)
{
    bool marked = false;
    for (char *c = text; *c; c++) {
        if (*c >= '0' && *c <= '9') continue;
        if (*c == '-' || *c == '+') continue;
        if (*c != 'e') *c = '.';
        marked = true;
    }
    put_word(w, text);
    if (!marked) buf_text(w->out, ".0");
}

void json_put_real(struct json_writer *w, double v)
{
    char text[NUMBER_BYTES];
    if (!isfinite(v)) {
        json_put_null(w);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v) break;
    }
    put_digits(w, text);
}

void json_put_float(struct json_writer *w, float v)
{
    char text[NUMBER_BYTES];
    if (!isfinite(v)) {
        json_put_null(w);
        return;
    }
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)v);
        if (strtof(text, NULL) == v) break;
    }
    put_digits(w, text);
}

void json_put_bool(struct json_writer *w, bool v)
{
    put_word(w, v ? "true" : "false");
}

void json_put_null(struct json_writer *w)
{
    put_word(w, "null");
}

static void put_array(struct json_writer *w, const struct json *v)
{
    json_open_array(w);
    for (size_t i = 0; i < json_length(v); i++)
        json_put_value(w, json_at(v, i));
    json_close_array(w);
}

static void put_object(struct json_writer *w, const struct json *v)
{
    json_open_object(w);
    for (struct json_member m = json_first(v); m.value; m = json_next(v, m)) {
        json_key_span(w, m.key);
        json_put_value(w, m.value);
    }
    json_close_object(w);
}

/* Recursion ends at JSON_DEPTH_MAX, which the parser enforced. */
void json_put_value(struct json_writer *w, const struct json *v)
{
    switch (json_type(v)) {
    case JSON_NULL: json_put_null(w); break;
    case JSON_BOOL: json_put_bool(w, json_bool(v, false)); break;
    case JSON_INT: json_put_int(w, json_int(v, 0)); break;
    case JSON_REAL: json_put_real(w, json_number(v, 0)); break;
    case JSON_STRING: json_put_span(w, json_string(v)); break;
    case JSON_ARRAY: put_array(w, v); break;
    case JSON_OBJECT: put_object(w, v); break;
    }
}

void json_member_text(struct json_writer *w, const char *key, const char *text)
{
    json_key(w, key);
    json_put_string(w, text);
}

void json_member_int(struct json_writer *w, const char *key, int64_t v)
{
    json_key(w, key);
    json_put_int(w, v);
}

void json_member_real(struct json_writer *w, const char *key, double v)
{
    json_key(w, key);
    json_put_real(w, v);
}

void json_member_bool(struct json_writer *w, const char *key, bool v)
{
    json_key(w, key);
    json_put_bool(w, v);
}
