/* Strict UTF-8, by table 3-7 of the Unicode standard.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/core/utf8.h"

/* Length of the sequence that `lead` begins and the range of its second byte; 0 for none. */
static int lead_length(uint8_t lead, uint8_t *lowest, uint8_t *highest)
{
    *lowest = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    *highest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (lead < 0x80) return 1;
    if (lead < 0xC2) return 0;
    if (lead < 0xE0) return 2;
    if (lead < 0xF0) return 3;
    return lead <= 0xF4 ? 4 : 0;
}

/* How many of the first `len` bytes agree with one sequence; *length is its full length. */
static int agreeing(const uint8_t *s, size_t len, int *length)
{
    uint8_t lowest, highest;
    *length = lead_length(s[0], &lowest, &highest);
    if (*length == 0) return 0;
    int n = 1;
    for (; n < *length && (size_t)n < len; n++) {
        if (s[n] < lowest || s[n] > highest) break;
        lowest = 0x80;
        highest = 0xBF;
    }
    return n;
}

int utf8_decode(const char *text, size_t len, uint32_t *ret)
{
    const uint8_t *s = (const uint8_t *)text;
    *ret = 0xFFFD;
    if (len == 0) return 0;
    if (s[0] < 0x80) {
        *ret = s[0];
        return 1;
    }
    int length;
    if (agreeing(s, len, &length) < length || length == 0) return 0;
    uint32_t c = s[0] & (0xFFu >> (length + 1));
    for (int i = 1; i < length; i++)
        c = c << 6 | (s[i] & 0x3F);
    *ret = c;
    return length;
}

int utf8_encode(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return 0;
    int length = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (int i = length - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)((0xF00u >> length) | c);
    return length;
}

size_t utf8_valid_prefix(const char *s, size_t len)
{
    size_t i = 0;
    while (i < len) {
        uint64_t eight;
        if (len - i >= 8) { /* most text is ASCII: eight bytes a turn */
            __builtin_memcpy(&eight, s + i, 8);
            if (!(eight & 0x8080808080808080u)) {
                i += 8;
                continue;
            }
        }
        uint32_t c;
        int n = utf8_decode(s + i, len - i, &c);
        if (n == 0) break;
        i += (size_t)n;
    }
    return i;
}

bool utf8_valid(const char *s, size_t len)
{
    return utf8_valid_prefix(s, len) == len;
}

size_t utf8_incomplete_tail(const char *text, size_t len)
{
    const uint8_t *s = (const uint8_t *)text;
    for (size_t k = 1; k <= 3 && k <= len; k++) {
        int length;
        int n = agreeing(s + len - k, k, &length);
        if ((size_t)n == k && length > n) return k;
    }
    return 0;
}
