/* Weights that keep the blocks of the file: 16 rows to records of unsigned bytes.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The format's own integer form does the unpacking; Q5_K, which whole models are made of, has a
 * vector form here. Records are those of int8_linear.h, groups of 16. */
#ifndef MATH_KERNELS_X86_AVX512_BLOCKS_READ_H
#define MATH_KERNELS_X86_AVX512_BLOCKS_READ_H

#include <string.h>

#include "math/kernels/x86/avx512/panel_read.h"
#include "math/quants/quant.h"

#define WEIGHT_RECORD_BYTES(group) ((group)*32 + 256)

/* One superblock of 256: f16 d, f16 dmin, 12 bytes of 6-bit scales and minima, 32 bytes of fifth
 * bits (bit j: group j), 4 x 32 bytes of nibbles (low: group 2i, high: group 2i + 1). */
static void unpack_q5_k(struct quant_unpacked *ret, const uint8_t *block)
{
    const uint8_t *s = block + 4;
    uint16_t halves[2];
    memcpy(halves, block, sizeof halves);
    const float d = _cvtsh_ss(halves[0]), dmin = _cvtsh_ss(halves[1]);
    const __m256i high = _mm256_loadu_si256((const __m256i *)(block + 16));
    for (int j = 0; j < 8; j++) {
        int scale = j < 4 ? s[j] & 63 : (s[j + 4] & 15) | s[j - 4] >> 6 << 4;
        int min = j < 4 ? s[j + 4] & 63 : s[j + 4] >> 4 | s[j] >> 6 << 4;
        ret->scale[2 * j] = ret->scale[2 * j + 1] = d * (float)scale;
        ret->min[2 * j] = ret->min[2 * j + 1] = -(dmin * (float)min);
        __m256i low = _mm256_loadu_si256((const __m256i *)(block + 48 + j / 2 * 32));
        if (j % 2) low = _mm256_srli_epi16(low, 4);
        __mmask32 fifth = _mm256_test_epi8_mask(high, _mm256_set1_epi8((char)(1 << j)));
        low = _mm256_and_si256(low, _mm256_set1_epi8(15));
        low = _mm256_mask_add_epi8(low, fifth, low, _mm256_set1_epi8(16));
        _mm256_storeu_si256((__m256i *)(ret->q + 32 * j), low);
    }
}

/* The same 16 values of 16 rows to one record: 4 x 4 words are transposed within 128-bit lanes. */
INLINE void interleave_group(uint8_t *record, int half, const struct quant_unpacked *rows,
                             int group)
{
    __m512i v[4], pairs[4];
    for (int i = 0; i < 4; i++) { /* lane l of v[i]: row 4 l + i */
        const int8_t *q = rows[i].q + 16 * group;
        const size_t pitch = 4 * sizeof *rows;
        __m256i low =
            _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)q)),
                                    _mm_loadu_si128((const __m128i *)(q + pitch)), 1);
        __m256i high = _mm256_inserti128_si256(
            _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(q + 2 * pitch))),
            _mm_loadu_si128((const __m128i *)(q + 3 * pitch)), 1);
        v[i] = _mm512_xor_si512(_mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1),
                                _mm512_set1_epi8((char)0x80));
    }
    pairs[0] = _mm512_unpacklo_epi32(v[0], v[1]);
    pairs[1] = _mm512_unpackhi_epi32(v[0], v[1]);
    pairs[2] = _mm512_unpacklo_epi32(v[2], v[3]);
    pairs[3] = _mm512_unpackhi_epi32(v[2], v[3]);
    for (int i = 0; i < 4; i++) {
        __m512i out = i % 2 ? _mm512_unpackhi_epi64(pairs[i / 2], pairs[2 + i / 2])
                            : _mm512_unpacklo_epi64(pairs[i / 2], pairs[2 + i / 2]);
        _mm512_store_si512(record + 128 * i + 64 * half, out);
    }
}

INLINE void interleave_scales(uint8_t *record, int half, const struct quant_unpacked *rows,
                              int group)
{
    const __m512i index =
        _mm512_mullo_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                           _mm512_set1_epi32((int)sizeof *rows));
    float *scale = (float *)(void *)(record + 512) + 16 * half;
    _mm512_store_ps(scale, _mm512_i32gather_ps(index, &rows->scale[group], 1));
    _mm512_store_ps(scale + 32, _mm512_i32gather_ps(index, &rows->min[group], 1));
}

/* Blocks of the file: 16 rows through the format's own integer form, then interleaved by 4 k. */
static void unpack_blocks(uint8_t *b, int half, const struct panel_weights *w, int64_t panel,
                          int64_t k0, int64_t cols)
{
    const struct quant *q = quant_of(w->type);
    const size_t row_bytes = w->panel_bytes / PANEL_ROWS;
    struct quant_unpacked rows[PANEL_ROWS];
    for (int64_t k = 0; k < cols; k += QUANT_UNPACK_VALUES) {
        int64_t count = cols - k < QUANT_UNPACK_VALUES ? cols - k : QUANT_UNPACK_VALUES;
        size_t at = (size_t)((k0 + k) / q->block_values * q->block_bytes);
        for (int n = 0; n < PANEL_ROWS; n++) {
            int64_t row = panel * PANEL_ROWS + n;
            const uint8_t *block = w->data + (size_t)row * row_bytes + at;
            if (row >= w->rows) memset(&rows[n], 0, sizeof rows[n]);
            else if (w->type == QUANT_Q5_K) unpack_q5_k(&rows[n], block);
            else q->unpack(&rows[n], block, (size_t)count);
        }
        for (int g = 0; g < count / 16; g++, b += WEIGHT_RECORD_BYTES(16)) {
            interleave_group(b, half, rows, g);
            interleave_scales(b, half, rows, g);
        }
    }
}

#endif
