/* Reading quantized panels: 16 rows x 4 k of unsigned weights at a time, scales and minima.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Layouts: math/kernels/panel.h. Everything is forced inline with a constant form. */
#ifndef MATH_KERNELS_X86_AVX512_PANEL_READ_H
#define MATH_KERNELS_X86_AVX512_PANEL_READ_H

#include <stdbool.h>

#include "math/kernels/panel.h"
#include "math/kernels/x86/avx512/vec512.h"

#define INLINE static inline __attribute__((always_inline))

struct form {
    enum panel_kind kind;
    int group;  /* k per weight scale: 32 or 16 */
    int offset; /* added to weights to make them unsigned */
    bool mins;  /* a minimum per group is added */
    bool wide;  /* unsigned weights may exceed 127 */
};

#define FORM_Q8_0                        \
    (struct form)                        \
    {                                    \
        PANEL_Q8_0, 32, 128, false, true \
    }
#define FORM_Q4_0                       \
    (struct form)                       \
    {                                   \
        PANEL_Q4_0, 32, 8, false, false \
    }
#define FORM_Q4_K                      \
    (struct form)                      \
    {                                  \
        PANEL_Q4_K, 32, 0, true, false \
    }
#define FORM_Q6_K                        \
    (struct form)                        \
    {                                    \
        PANEL_Q6_K, 16, 32, false, false \
    }
#define FORM_BLOCKS                       \
    (struct form)                         \
    {                                     \
        PANEL_BLOCKS, 16, 128, true, true \
    }

INLINE __m512i nibble(const uint8_t *nibbles, int i)
{
    __m512i v = _mm512_loadu_si512(nibbles + i / 2 * 64);
    if (i % 2) v = _mm512_srli_epi16(v, 4);
    return _mm512_and_si512(v, _mm512_set1_epi8(15));
}

/* Step i of 8 of a Q6_K group. */
INLINE __m512i six_bits(const uint8_t *group, int i)
{
    __m512i low = _mm512_loadu_si512(group + i / 2 * 64),
            high = _mm512_loadu_si512(group + 256 + i / 4 * 64);
    if (i % 2) low = _mm512_srli_epi16(low, 4);
    if (i % 4 == 0) high = _mm512_slli_epi16(high, 4);
    if (i % 4 == 1) high = _mm512_slli_epi16(high, 2);
    if (i % 4 == 3) high = _mm512_srli_epi16(high, 2);
    high = _mm512_and_si512(high, _mm512_set1_epi8(0x30));
    return _mm512_ternarylogic_epi32(low, _mm512_set1_epi8(15), high, 0xea); /* (low & 15) | high */
}

INLINE __m512i eight_bits(const uint8_t *p)
{
    return _mm512_xor_si512(_mm512_loadu_si512(p), _mm512_set1_epi8((char)0x80));
}

INLINE __m512 float_u8(const uint8_t *p)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p)));
}

INLINE __m512 float_s8(const uint8_t *p)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p)));
}

/* k values and bytes of one block of a panel */
INLINE int block_cols(enum panel_kind kind)
{
    return kind == PANEL_Q4_K || kind == PANEL_Q6_K ? 256 : 32;
}

INLINE int block_bytes(enum panel_kind kind)
{
    return kind == PANEL_Q8_0 ? 544 : kind == PANEL_Q4_0 ? 288 : kind == PANEL_Q4_K ? 2368 : 3360;
}

INLINE int group_bytes(enum panel_kind kind)
{
    return kind == PANEL_Q8_0 ? 512 : kind == PANEL_Q6_K ? 384 : 256;
}

INLINE const uint8_t *group_at(enum panel_kind kind, const uint8_t *block, int g)
{
    int head = kind == PANEL_Q4_K ? 320 : kind == PANEL_Q6_K ? 288 : 32;
    return block + head + g * group_bytes(kind);
}

INLINE __m512i weights_of(enum panel_kind kind, const uint8_t *group, int i)
{
    if (kind == PANEL_Q8_0) return eight_bits(group + 64 * i);
    return kind == PANEL_Q6_K ? six_bits(group, i) : nibble(group, i);
}

/* Scale of 16 rows: group `g` of a block, in the form's groups. */
INLINE __m512 scale_of(enum panel_kind kind, const uint8_t *block, int g)
{
    __m512 d = load_f16(block);
    if (kind == PANEL_Q4_K) return _mm512_mul_ps(d, float_u8(block + 64 + 16 * g));
    if (kind == PANEL_Q6_K) return _mm512_mul_ps(d, float_s8(block + 32 + 16 * g));
    return d;
}

/* What is added per value: -dmin * m. */
INLINE __m512 min_of(const uint8_t *block, int g)
{
    __m512 d = _mm512_sub_ps(_mm512_setzero_ps(), load_f16(block + 32));
    return _mm512_mul_ps(d, float_u8(block + 192 + 16 * g));
}

#endif
