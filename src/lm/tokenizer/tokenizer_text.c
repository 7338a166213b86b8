/* Spellings that vocabularies use: GPT-2's byte alphabet, U+2581 for a blank, <0xNN>, markup.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/core/utf8.h"
#include "lm/tokenizer/tokenizer_load.h"

bool text_number(struct span s, int64_t *ret)
{
    int64_t n = 0;
    if (!s.len || s.len > 9) return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] < '0' || s.data[i] > '9') return false;
        n = n * 10 + (s.data[i] - '0');
    }
    *ret = n;
    return true;
}

/* Bytes that print stand for themselves (as Latin-1); the other 68 follow from U+0100. */
static bool prints(int b)
{
    return (b >= 33 && b <= 126) || (b >= 161 && b != 173);
}

static int alphabet_byte(uint32_t cp)
{
    if (cp < 256) return prints((int)cp) ? (int)cp : -1;
    uint32_t n = cp - 256;
    if (n < 33) return (int)n;
    if (n < 67) return (int)(n - 33) + 127; /* 127..160 */
    return n == 67 ? 173 : -1;
}

int byte_alphabet_char(uint8_t b, char out[4])
{
    uint32_t cp = b;
    if (!prints(b)) cp = b < 33 ? 256u + b : b == 173 ? 323u : 289u + b - 127u;
    return utf8_encode(cp, out);
}

bool byte_alphabet_append(struct buf *out, struct span text)
{
    size_t before = out->len;
    for (size_t i = 0; i < text.len;) {
        uint32_t cp;
        int bytes = utf8_decode(text.data + i, text.len - i, &cp);
        int byte = bytes ? alphabet_byte(cp) : -1;
        if (byte < 0) {
            out->len = before;
            return false;
        }
        buf_byte(out, (char)byte);
        i += (size_t)bytes;
    }
    return true;
}

void blank_mark_append(struct buf *out, struct span text, bool *ret_literal)
{
    *ret_literal = false;
    if (!text.len) return; /* and perhaps no pointer */
    size_t from = 0;
    for (size_t i = 0; i < text.len;) {
        if (text.data[i] == ' ') *ret_literal = true;
        if (text.len - i < 3 || memcmp(text.data + i, "\xE2\x96\x81", 3)) {
            i++;
            continue;
        }
        buf_append(out, text.data + from, i - from);
        buf_byte(out, ' ');
        from = i += 3;
    }
    buf_append(out, text.data + from, text.len - from);
}

static int hex(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int byte_token_value(struct span t)
{
    if (t.len != 6 || memcmp(t.data, "<0x", 3) || t.data[5] != '>') return -1;
    int high = hex(t.data[3]), low = hex(t.data[4]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool looks_like_markup(struct span t)
{
    if (t.len < 3) return false;
    char a = t.data[0], z = t.data[t.len - 1];
    return (a == '<' && z == '>') || (a == '[' && z == ']');
}

bool looks_like_control(struct span t)
{
    static const char wide[] = "\xEF\xBD\x9C"; /* U+FF5C */
    if (!looks_like_markup(t) || t.data[0] != '<') return false;
    if (t.len >= 5 && t.data[1] == '|' && t.data[t.len - 2] == '|') return true;
    return t.len >= 9 && !memcmp(t.data + 1, wide, 3) && !memcmp(t.data + t.len - 4, wide, 3);
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_append(struct buf *out, struct span text)
{
    if (text.len % 4) return false;
    for (size_t i = 0; i < text.len; i += 4) {
        int pad = i + 4 == text.len ? (text.data[i + 3] == '=') +
                                          (text.data[i + 2] == '=' && text.data[i + 3] == '=')
                                    : 0;
        uint32_t bits = 0;
        for (int k = 0; k < 4; k++) {
            int v = k < 4 - pad ? base64_value(text.data[i + (size_t)k]) : 0;
            if (v < 0) return false;
            bits = bits << 6 | (uint32_t)v;
        }
        char bytes[3] = { (char)(bits >> 16), (char)(bits >> 8), (char)bits };
        if (!buf_append(out, bytes, (size_t)(3 - pad))) return false;
    }
    return true;
}
