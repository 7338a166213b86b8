/* Bytes for the inside of a JSON string.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/core/utf8.h"
#include "lm/chat/parse_inner.h"

#define ESCAPED_MAX 6

/* One character of `bytes`, escaped; *ret_len its length there. */
static size_t escape(const char *bytes, size_t len, char out[ESCAPED_MAX], size_t *ret_len)
{
    static const char digits[] = "0123456789abcdef", named[] = "\b\f\n\r\t\"\\",
                      letters[] = "bfnrt\"\\";
    unsigned char c = (unsigned char)*bytes;
    const char *name = c ? strchr(named, c) : NULL;
    uint32_t code;
    int n = c < 0x80 ? 1 : utf8_decode(bytes, len, &code);
    *ret_len = n ? (size_t)n : 1;
    if (name) {
        out[0] = '\\';
        out[1] = letters[name - named];
        return 2;
    }
    if (c < 0x20) {
        memcpy(out, "\\u00", 4);
        out[4] = digits[c >> 4];
        out[5] = digits[c & 15];
        return 6;
    }
    memcpy(out, n ? bytes : "\xef\xbf\xbd", n ? (size_t)n : 3);
    return n ? (size_t)n : 3;
}

bool json_put_bytes(struct buf *out, const char *bytes, size_t len)
{
    char text[ESCAPED_MAX];
    for (size_t at = 0, n; at < len; at += n) {
        size_t count = escape(bytes + at, len - at, text, &n);
        if (!buf_append(out, text, count)) return false;
    }
    return true;
}

void parser_put_escaped(struct chat_parser *p, const char *bytes, size_t len)
{
    char text[ESCAPED_MAX];
    for (size_t at = 0, n; at < len; at += n) {
        size_t count = escape(bytes + at, len - at, text, &n);
        parser_put(p, DELTA_ARGUMENTS, text, count);
    }
}
