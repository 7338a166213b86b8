/* A list or dictionary as Python prints it, made into JSON.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Templates that print values with `| string` teach their models to write {'a': [True, None]}. What
 * is taken: lists, tuples, dictionaries whose keys are strings, strings in either quote with
 * Python's escapes, True, False, None, and numbers that are JSON's too. */
#include <string.h>

#include "base/core/utf8.h"
#include "lm/chat/parse_inner.h"

#define PYTHON_DEPTH_MAX 64

struct reader {
    const char *at, *end;
    struct buf *out;
    int depth;
};

static bool put_value(struct reader *r);

static void skip_space(struct reader *r)
{
    while (r->at < r->end && strchr(" \t\r\n", *r->at) && *r->at)
        r->at++;
}

static bool take(struct reader *r, const char *text)
{
    size_t len = strlen(text);
    if ((size_t)(r->end - r->at) < len || memcmp(r->at, text, len) != 0) return false;
    r->at += len;
    return true;
}

static bool hex(struct reader *r, int digits, uint32_t *ret)
{
    uint32_t v = 0;
    for (int i = 0; i < digits; i++, r->at++) {
        if (r->at == r->end) return false;
        char c = *r->at, lower = (char)(c | 0x20);
        if (c >= '0' && c <= '9') v = v * 16 + (uint32_t)(c - '0');
        else if (lower >= 'a' && lower <= 'f') v = v * 16 + (uint32_t)(lower - 'a' + 10);
        else return false;
    }
    *ret = v;
    return true;
}

/* Behind a backslash. */
static bool put_escape(struct reader *r)
{
    static const char letters[] = "\\'\"nrtbfa0v", values[] = "\\'\"\n\r\t\b\f\a\0\v";
    char c = *r->at++, utf8[4];
    uint32_t code;
    const char *found = c ? strchr(letters, c) : NULL;
    int digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (found) return json_put_bytes(r->out, &values[found - letters], 1);
    if (!digits || !hex(r, digits, &code)) return false;
    int n = utf8_encode(code, utf8);
    return n && json_put_bytes(r->out, utf8, (size_t)n);
}

static bool put_string(struct reader *r)
{
    char quote = *r->at++;
    buf_byte(r->out, '"');
    while (r->at < r->end && *r->at != quote) {
        const char *run = r->at;
        if (*r->at == '\\') {
            if (++r->at == r->end || !put_escape(r)) return false;
            continue;
        }
        while (r->at < r->end && *r->at != quote && *r->at != '\\')
            r->at++;
        if (!json_put_bytes(r->out, run, (size_t)(r->at - run))) return false;
    }
    return r->at++ < r->end && buf_byte(r->out, '"');
}

static bool put_number(struct reader *r)
{
    const char *begin = r->at;
    while (r->at < r->end && *r->at && strchr("+-.0123456789eE", *r->at))
        r->at++;
    char type = json_scan_text(begin, (size_t)(r->at - begin));
    return (type == '0' || type == '.') && buf_append(r->out, begin, (size_t)(r->at - begin));
}

static bool put_items(struct reader *r, const char *close, bool keys)
{
    buf_byte(r->out, keys ? '{' : '[');
    for (bool first = true;; first = false) {
        skip_space(r);
        if (take(r, close)) return buf_byte(r->out, keys ? '}' : ']');
        if (!first) buf_text(r->out, ", ");
        if (keys) {
            if (r->at == r->end || (*r->at != '\'' && *r->at != '"') || !put_string(r))
                return false;
            skip_space(r);
            if (!take(r, ":")) return false;
            buf_text(r->out, ": ");
            skip_space(r);
        }
        if (!put_value(r)) return false;
        skip_space(r);
        if (!take(r, ",") && (r->at == r->end || *r->at != *close)) return false;
    }
}

static bool put_value(struct reader *r)
{
    bool good = false;
    if (r->at == r->end || ++r->depth > PYTHON_DEPTH_MAX) return false;
    if (take(r, "[")) good = put_items(r, "]", false);
    else if (take(r, "(")) good = put_items(r, ")", false);
    else if (take(r, "{")) good = put_items(r, "}", true);
    else if (*r->at == '\'' || *r->at == '"') good = put_string(r);
    else if (take(r, "True")) good = buf_text(r->out, "true");
    else if (take(r, "False")) good = buf_text(r->out, "false");
    else if (take(r, "None")) good = buf_text(r->out, "null");
    else good = put_number(r);
    r->depth--;
    return good;
}

bool python_value(struct span text, struct buf *out)
{
    struct reader r = { .at = text.data, .end = text.data + text.len, .out = out };
    if (text.len && strchr("[({", *text.data) && *text.data && put_value(&r) && r.at == r.end &&
        !out->failed)
        return true;
    buf_clear(out);
    return false;
}
