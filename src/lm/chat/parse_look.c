/* Reading ahead in a model's text without taking anything.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/core/utf8.h"
#include "lm/chat/parse_inner.h"

struct look look_from(const struct chat_parser *p)
{
    return (struct look){ .p = p };
}

int look_peek(struct look *l)
{
    if (l->more || l->at >= PARSE_HELD_BYTES_MAX) return -1;
    if (l->at < parser_left(l->p)) return (unsigned char)parser_bytes(l->p)[l->at];
    if (!l->p->final) l->more = true;
    return -1;
}

int look_byte(struct look *l)
{
    int c = look_peek(l);
    if (c >= 0) l->at++;
    return c;
}

bool look_literal(struct look *l, const char *text)
{
    size_t begin = l->at;
    for (; *text; text++)
        if (look_byte(l) != (unsigned char)*text) {
            l->at = begin;
            return false;
        }
    return true;
}

static bool is_space(int c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

void look_space(struct look *l)
{
    while (is_space(look_peek(l)))
        l->at++;
}

enum match look_result(const struct look *l, bool found)
{
    if (l->more) return MATCH_MORE;
    return found ? MATCH_YES : MATCH_NO;
}

/* ---- JSON ---- */

static bool hex4(struct look *l, uint32_t *ret)
{
    uint32_t v = 0;
    for (int i = 0; i < 4; i++) {
        int c = look_byte(l), lower = c | 0x20;
        if (c >= '0' && c <= '9') v = v * 16 + (uint32_t)(c - '0');
        else if (c >= 0 && lower >= 'a' && lower <= 'f') v = v * 16 + (uint32_t)(lower - 'a' + 10);
        else return false;
    }
    *ret = v;
    return true;
}

/* Behind "\u". A surrogate without its other half is not a character. */
static int escaped_code_point(struct look *l, char out[4])
{
    uint32_t high, low;
    if (!hex4(l, &high)) return 0;
    if (high >= 0xd800 && high < 0xdc00) {
        if (!look_literal(l, "\\u") || !hex4(l, &low) || low < 0xdc00 || low > 0xdfff) return 0;
        high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    }
    return utf8_encode(high, out);
}

int look_character(struct look *l, char out[4])
{
    static const char escapes[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    int c = look_byte(l);
    if (c < 0x20 || c == '"') return 0;
    out[0] = (char)c;
    if (c != '\\') return 1;
    c = look_byte(l);
    if (c <= 0) return 0;
    if (c == 'u') return escaped_code_point(l, out);
    const char *found = strchr(escapes, c);
    if (!found) return 0;
    out[0] = values[found - escapes];
    return 1;
}

bool look_json_string(struct look *l, struct name_text *ret)
{
    ret->len = 0;
    if (!look_literal(l, "\"")) return false;
    for (int c = look_peek(l); c != '"'; c = look_peek(l)) {
        char out[4];
        int n = look_character(l, out);
        if (!n) return false;
        if (ret->len + (size_t)n > sizeof ret->text) return false;
        memcpy(ret->text + ret->len, out, (size_t)n);
        ret->len += (size_t)n;
    }
    l->at++;
    return true;
}

bool look_json_value(struct look *l)
{
    struct json_scan s;
    json_scan_init(&s);
    for (int c = look_peek(l); c >= 0; c = look_peek(l)) {
        enum json_scan_result r = json_scan_byte(&s, (unsigned char)c);
        if (r == JSON_SCAN_BAD) return false;
        if (r == JSON_SCAN_BEFORE) return true;
        l->at++;
        if (r == JSON_SCAN_END) return true;
    }
    return false;
}

/* ---- names ---- */

static bool is_name(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == ':' || c == '/' || c == '-';
}

bool look_name(struct look *l, struct name_text *ret)
{
    ret->len = 0;
    while (is_name(look_peek(l))) {
        if (ret->len == sizeof ret->text) return false;
        ret->text[ret->len++] = (char)look_byte(l);
    }
    return ret->len > 0;
}

bool look_until(struct look *l, const char *end, struct name_text *ret)
{
    ret->len = 0;
    while (!look_literal(l, end)) {
        int c = look_byte(l);
        if (c < 0 || c == '\n' || ret->len == sizeof ret->text) return false;
        ret->text[ret->len++] = (char)c;
    }
    return ret->len > 0;
}

bool look_is_tool(const struct look *l, const struct name_text *name)
{
    bool usual = name->len > 0;
    for (size_t i = 0; i < name->len; i++)
        usual = usual && is_name((unsigned char)name->text[i]);
    return usual || schema_tool(l->p->tools, (struct span){ name->text, name->len });
}

/* ---- an object with a name and arguments ---- */

static bool is(const struct name_text *name, const char *text)
{
    return span_equals((struct span){ name->text, name->len }, text);
}

static bool is_arguments(const struct name_text *key)
{
    return is(key, "arguments") || is(key, "parameters");
}

/* "key" : with the white space behind; a key too long to be one of ours is skipped. */
static bool look_key(struct look *l, struct name_text *key)
{
    size_t begin = l->at;
    if (!look_json_string(l, key)) {
        key->len = 0;
        l->at = begin;
        if (look_peek(l) != '"' || !look_json_value(l)) return false;
    }
    look_space(l);
    if (!look_literal(l, ":")) return false;
    look_space(l);
    return true;
}

/* One member; *here: these are the arguments, and they are to be read now. */
static bool look_member(struct look *l, struct call_head *ret, bool *here)
{
    struct name_text key;
    if (!look_key(l, &key)) return false;
    if (is(&key, "name") && !ret->name.len)
        return look_json_string(l, &ret->name) && look_is_tool(l, &ret->name);
    if (is(&key, "id") && look_peek(l) == '"') return look_json_string(l, &ret->id);
    if (!is_arguments(&key) || ret->arguments != ARGUMENTS_NONE) return look_json_value(l);
    if (ret->name.len) {
        ret->arguments = ARGUMENTS_HERE;
        return *here = true;
    }
    ret->held.begin = l->at;
    ret->arguments = ARGUMENTS_HELD;
    bool found = look_json_value(l);
    ret->held.end = l->at;
    return found;
}

bool look_object_head(struct look *l, struct call_head *ret)
{
    bool here = false;
    *ret = (struct call_head){ .arguments = ARGUMENTS_NONE };
    if (!look_literal(l, "{")) return false;
    look_space(l);
    l->deep = look_peek(l) == '"';
    do {
        look_space(l);
        if (!look_member(l, ret, &here)) return false;
        if (here) return !l->more;
        look_space(l);
    } while (look_literal(l, ","));
    return look_literal(l, "}") && ret->name.len > 0;
}

bool look_list_open(struct look *l, const char *marker, struct call_head *ret)
{
    if (!look_literal(l, marker)) return false;
    l->marked = true;
    look_space(l);
    if (look_literal(l, "[")) look_space(l);
    return look_object_head(l, ret);
}

bool look_list_next(struct look *l, const char *closer, struct call_head *ret, bool *closed)
{
    look_space(l);
    bool list_ends = look_literal(l, "]");
    if (list_ends) look_space(l);
    *closed = look_literal(l, closer) || (list_ends && look_peek(l) < 0 && !l->more);
    if (*closed) return true;
    if (look_literal(l, ",")) look_space(l);
    return look_object_head(l, ret);
}

bool look_object_tail(struct look *l, struct name_text *id)
{
    for (look_space(l); look_literal(l, ","); look_space(l)) {
        struct name_text key;
        look_space(l);
        if (!look_key(l, &key)) return false;
        bool found =
            is(&key, "id") && look_peek(l) == '"' ? look_json_string(l, id) : look_json_value(l);
        if (!found) return false;
    }
    return look_literal(l, "}");
}
