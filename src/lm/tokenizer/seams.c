/* Seams between characters.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A token may begin or end inside a character. So a pair of neighbours is the last 1..4 bytes of the one
 * and the first 1..4 bytes of the other, as many as the token holds of each, and a text has a
 * seam where none of the pairs of such ends is known. */
#include "lm/tokenizer/seams.h"

#include "base/core/mem.h"

#define BITS_LOG2 20

static bool is_middle(char byte)
{
    return ((uint8_t)byte & 0xC0) == 0x80;
}

/* Bytes of the character that begins with `lead`; 0 when none does. */
static size_t expected(char lead)
{
    uint8_t c = (uint8_t)lead;
    if (c < 0x80) return 1;
    if (c < 0xC2 || c > 0xF4) return 0;
    return c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

static uint64_t mix_left(uint32_t bytes)
{
    return bytes * 0x9E3779B97F4A7C15u;
}

static uint64_t mix_right(uint32_t bytes)
{
    return bytes * 0xC2B2AE3D27D4EB4Fu;
}

static size_t bit_of(uint64_t left, uint64_t right)
{
    return (size_t)((left + right) * 0xD6E8FEB86659FD93u >> (64 - BITS_LOG2));
}

static bool is_known(const struct seams *s, uint64_t left, uint64_t right)
{
    size_t bit = bit_of(left, right);
    return s->bits[bit / 64] >> bit % 64 & 1;
}

/* How many bytes before `at` belong to the character that ends there: up to 4; fewer when the text
 * begins inside it. 0: it has too many middles to be one. */
static size_t bytes_before(struct span text, size_t at)
{
    size_t n = 1;
    while (n <= 4 && n < at && is_middle(text.data[at - n]))
        n++;
    return n <= 4 ? n : 0;
}

/* How many bytes of the character at `at` the text holds. */
static size_t bytes_behind(struct span text, size_t at)
{
    size_t n = 1, max = expected(text.data[at]);
    while (n < max && at + n < text.len && is_middle(text.data[at + n]))
        n++;
    return n;
}

static uint32_t last_bytes(struct span text, size_t at, size_t n)
{
    uint32_t value = 0;
    while (n)
        value = value << 8 | (uint8_t)text.data[at - n--];
    return value;
}

static void add_token(struct seams *s, struct span token)
{
    for (size_t at = 1; at < token.len; at++) {
        if (is_middle(token.data[at])) continue;
        size_t before = bytes_before(token, at), behind = bytes_behind(token, at);
        if (!before) continue;
        size_t bit = bit_of(mix_left(last_bytes(token, at, before)),
                            mix_right(last_bytes(token, at + behind, behind)));
        s->bits[bit / 64] |= (uint64_t)1 << bit % 64;
    }
}

enum status seams_build(struct seams *ret, const struct vocab *v, struct error *err)
{
    struct seams s = { mem_array(((size_t)1 << BITS_LOG2) / 64, sizeof *s.bits) };
    if (!s.bits) return error_set(err, STATUS_NO_MEMORY, "no memory for a tokenizer's seams");
    for (int32_t id = 0; id < v->count; id++)
        add_token(&s, vocab_bytes(v, id));
    *ret = s;
    return STATUS_OK;
}

void seams_release(struct seams *s)
{
    mem_free(s->bits);
    s->bits = NULL;
}

/* Whether some token could hold the end of the character before `at` and the beginning of the one
 * behind. */
static bool is_covered(const struct seams *s, struct span text, size_t at)
{
    size_t before = bytes_before(text, at), behind = bytes_behind(text, at);
    uint64_t right[4];
    if (!before || expected(text.data[at - before]) != before) return true;
    if (expected(text.data[at]) != behind) return true;
    for (size_t n = 1; n <= behind; n++)
        right[n - 1] = mix_right(last_bytes(text, at + n, n));
    for (size_t k = before; k > 0; k--) {
        uint64_t left = mix_left(last_bytes(text, at, k));
        for (size_t n = behind; n > 0; n--)
            if (is_known(s, left, right[n - 1])) return true;
    }
    return false;
}

size_t seams_next(const struct seams *s, struct span text, size_t from)
{
    for (size_t at = from + 1; s->bits && at < text.len; at++) {
        bool both_ascii = (uint8_t)(text.data[at - 1] | text.data[at]) < 0x80;
        if (!both_ascii && !is_middle(text.data[at]) && !is_covered(s, text, at)) return at;
    }
    return text.len;
}
