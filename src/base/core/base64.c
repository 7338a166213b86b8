/* Base64 there and back.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/core/base64.h"

#include <stdint.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool base64_encode(struct buf *out, const void *bytes, size_t len)
{
    const uint8_t *b = bytes;
    for (size_t i = 0; i < len; i += 3) {
        size_t n = len - i < 3 ? len - i : 3;
        uint32_t v =
            (uint32_t)b[i] << 16 | (n > 1 ? (uint32_t)b[i + 1] << 8 : 0) | (n > 2 ? b[i + 2] : 0u);
        char four[4] = { digits[v >> 18], digits[v >> 12 & 63], n > 1 ? digits[v >> 6 & 63] : '=',
                         n > 2 ? digits[v & 63] : '=' };
        if (!buf_append(out, four, 4)) return false;
    }
    return true;
}

static int digit_value(char c)
{
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* How many bytes the four characters stand for, their value in *ret; 0 when they are not base64. */
static size_t decode_four(const char *four, bool last, uint32_t *ret)
{
    size_t n = four[3] != '=' ? 3 : four[2] != '=' ? 2 : 1;
    uint32_t v = 0;
    if (n < 3 && !last) return 0;
    for (size_t i = 0; i < 4; i++) {
        int d = i <= n ? digit_value(four[i]) : 0;
        if (d < 0) return 0;
        v = v << 6 | (uint32_t)d;
    }
    if ((n == 1 && v & 0xFFFF) || (n == 2 && v & 0xFF)) return 0;
    *ret = v;
    return n;
}

enum status base64_decode(struct buf *out, struct span text, struct error *err)
{
    if (text.len % 4)
        return error_set(err, STATUS_BAD_INPUT,
                         "base64 of %zu characters; the length must be a multiple of 4", text.len);
    for (size_t i = 0; i < text.len; i += 4) {
        uint32_t v = 0;
        size_t n = decode_four(text.data + i, i + 4 == text.len, &v);
        if (n == 0) return error_set(err, STATUS_BAD_INPUT, "not base64 at character %zu", i);
        char three[3] = { (char)(v >> 16), (char)(v >> 8), (char)v };
        if (!buf_append(out, three, n)) return buf_check(out, "decoded base64", err);
    }
    return STATUS_OK;
}
