/* What the format files share: unaligned little-endian reads, and decode and dot from the integer form.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A format file defines `struct block` (bytes only, so that a block may stand at
 * any address), QUANT_BLOCK_VALUES and unpack_block(), then says
 * QUANT_BLOCKS(...): that one description gives unpack, decode, dot and the
 * descriptor, so they cannot disagree. */
#ifndef MATH_QUANTS_QUANT_BLOCK_H
#define MATH_QUANTS_QUANT_BLOCK_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "math/quants/quant.h"

static inline uint16_t block_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t block_u32(const uint8_t *p)
{
    return block_u16(p) | (uint32_t)block_u16(p + 2) << 16;
}

static inline float block_f16(const uint8_t *p)
{
    return fp16_to_f32(block_u16(p));
}

/* The 6-bit scale and minimum of 32-group `j` in the 12 bytes of Q4_K and Q5_K. */
static inline void block_scale_min(const uint8_t *packed, int j, uint8_t *scale, uint8_t *min)
{
    if (j < 4) {
        *scale = packed[j] & 63;
        *min = packed[j + 4] & 63;
    } else {
        *scale = (uint8_t)((packed[j + 4] & 15) | (packed[j - 4] >> 6) << 4);
        *min = (uint8_t)((packed[j + 4] >> 4) | (packed[j] >> 6) << 4);
    }
}

/* All of them as floats, for groups of 16: scale = d * s, min = -(dmin * m). */
static inline void block_scales_mins(float *scale, float *min, const uint8_t *packed, float d,
                                     float dmin)
{
    for (int j = 0; j < 8; j++) {
        uint8_t s, m;
        block_scale_min(packed, j, &s, &m);
        scale[2 * j] = scale[2 * j + 1] = d * (float)s;
        min[2 * j] = min[2 * j + 1] = -(dmin * (float)m);
    }
}

/* The 4-bit scales of IQ2_XS and IQ2_S, one for every 16 values: d * (1/2 + s) / 4. */
static inline void block_half_step_scales(float *scale, const uint8_t *packed, float d)
{
    for (int i = 0; i < 16; i++)
        scale[i] = d * (0.5f + (float)(packed[i / 2] >> (i % 2 * 4) & 15)) * 0.25f;
}

/* 16 bytes of nibbles as every 32-value format has them: low nibbles are values
 * 0..15, high ones 16..31; q = nibble - offset. */
static inline void block_nibbles(int8_t *q, const uint8_t *packed, int offset)
{
    for (int i = 0; i < 16; i++) {
        q[i] = (int8_t)((packed[i] & 15) - offset);
        q[i + 16] = (int8_t)((packed[i] >> 4) - offset);
    }
}

void quant_decode_unpacked(float *out, const void *blocks, size_t values, quant_unpack_fn *unpack,
                           size_t block_values, size_t block_bytes, bool with_min);
float quant_dot_decoded(const void *blocks, const float *x, size_t values, quant_decode_fn *decode,
                        size_t block_values, size_t block_bytes);

/* with_min: add the minimum when decoding. Formats without one must not add a
 * zero: it would turn -0 into +0. */
#define QUANT_BLOCKS(symbol, text, id, size, with_min, files)                                   \
    static_assert(sizeof(struct block) == (size),                                               \
                  "a block of " text " has a fixed size in files");                             \
    static void unpack(struct quant_unpacked *ret, const void *blocks, size_t values)           \
    {                                                                                           \
        const struct block *b = blocks;                                                         \
        memset(ret, 0, sizeof *ret);                                                            \
        for (size_t at = 0; at + QUANT_BLOCK_VALUES <= values && at < QUANT_UNPACK_VALUES;      \
             at += QUANT_BLOCK_VALUES, b++)                                                     \
            unpack_block(ret->q + at, ret->scale + at / QUANT_UNPACK_GROUP,                     \
                         ret->min + at / QUANT_UNPACK_GROUP, b);                                \
    }                                                                                           \
    static void decode(float *out, const void *blocks, size_t values)                           \
    {                                                                                           \
        quant_decode_unpacked(out, blocks, values, unpack, QUANT_BLOCK_VALUES, size, with_min); \
    }                                                                                           \
    static float dot(const void *blocks, const float *x, size_t values)                         \
    {                                                                                           \
        return quant_dot_decoded(blocks, x, values, decode, QUANT_BLOCK_VALUES, size);          \
    }                                                                                           \
    const struct quant symbol = { .name = text,                                                 \
                                  .gguf_id = id,                                                \
                                  .block_values = QUANT_BLOCK_VALUES,                           \
                                  .block_bytes = size,                                          \
                                  .in_files = files,                                            \
                                  .decode = decode,                                             \
                                  .dot = dot,                                                   \
                                  .unpack = unpack };

#define QUANT(name, symbol) extern const struct quant symbol;
#include "math/tensor/quant_list.h"
#undef QUANT

#endif
