/* Packs rows of weights into panels of 16; panel.h draws the layouts.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/kernels/panel.h"

#include <assert.h>
#include <string.h>

#include "base/core/checked.h"
#include "math/quants/quant.h"
#include "math/quants/quant_block.h"

/* Where the scales stand in a block of the file. */
#define Q8_0_BLOCK     34
#define Q4_0_BLOCK     18
#define Q4_K_BLOCK     144
#define Q4_K_MIN_AT    2
#define Q4_K_SCALES_AT 4
#define Q6_K_BLOCK     210
#define Q6_K_SCALES_AT 192
#define Q6_K_D_AT      208

static const struct {
    const char *name;
    enum quant_type type;
} kinds[PANEL_BLOCKS] = {
#define PANEL(name, quant) [PANEL_##name] = { #name, quant },
#include "math/kernels/panel_list.h"
#undef PANEL
};

enum panel_kind panel_kind_for(enum quant_type type, int64_t cols)
{
    for (int k = 0; k < PANEL_BLOCKS; k++)
        if (kinds[k].type == type && cols % quant_of(type)->block_values == 0)
            return (enum panel_kind)k;
    return PANEL_BLOCKS;
}

const char *panel_kind_name(enum panel_kind kind)
{
    return (unsigned)kind < PANEL_BLOCKS ? kinds[kind].name : "BLOCKS";
}

size_t panel_bytes(enum panel_kind kind, enum quant_type type, int64_t cols)
{
    size_t n = (size_t)cols;
    switch (kind) {
    case PANEL_F32: return n * PANEL_ROWS * 4;
    case PANEL_F16:
    case PANEL_BF16: return (n + 1) / 2 * PANEL_ROWS * 4;
    case PANEL_Q8_0: return n / 32 * PANEL_Q8_0_BYTES;
    case PANEL_Q4_0: return n / 32 * PANEL_Q4_0_BYTES;
    case PANEL_Q4_K: return n / 256 * PANEL_Q4_K_BYTES;
    case PANEL_Q6_K: return n / 256 * PANEL_Q6_K_BYTES;
    default: break;
    }
    const struct quant *q = quant_of(type);
    return n / (size_t)q->block_values * (size_t)q->block_bytes * PANEL_ROWS;
}

/* The packers below write one row of a panel whose bytes are zero; `row` is its place, 0..15. */
typedef void pack_row_fn(uint8_t *panel, int row, const uint8_t *src, int64_t cols);

static void pack_f32(uint8_t *panel, int row, const uint8_t *src, int64_t cols)
{
    for (int64_t k = 0; k < cols; k++)
        memcpy(panel + (k * PANEL_ROWS + row) * 4, src + 4 * k, 4);
}

static void pack_pairs(uint8_t *panel, int row, const uint8_t *src, int64_t cols)
{
    for (int64_t k = 0; k < cols; k++)
        memcpy(panel + (k / 2 * PANEL_ROWS + row) * 4 + k % 2 * 2, src + 2 * k, 2);
}

static void pack_q8_0(uint8_t *panel, int row, const uint8_t *src, int64_t cols)
{
    for (int64_t k = 0; k < cols; k += 32, src += Q8_0_BLOCK, panel += PANEL_Q8_0_BYTES) {
        memcpy(panel + 2 * row, src, 2);
        for (int step = 0; step < 8; step++)
            memcpy(panel + 32 + step * 64 + row * 4, src + 2 + 4 * step, 4);
    }
}

/* 32 values of 0..15 as nibbles: step s, byte j holds k = 8s+j low and k = 8s+4+j high. */
static void pack_nibbles(uint8_t *dst, int row, const uint8_t *q)
{
    for (int step = 0; step < 4; step++)
        for (int j = 0; j < 4; j++)
            dst[step * 64 + row * 4 + j] =
                (uint8_t)((q[8 * step + j] & 15) | (q[8 * step + 4 + j] & 15) << 4);
}

static void pack_q4_0(uint8_t *panel, int row, const uint8_t *src, int64_t cols)
{
    for (int64_t k = 0; k < cols; k += 32, src += Q4_0_BLOCK, panel += PANEL_Q4_0_BYTES) {
        uint8_t q[32];
        block_nibbles((int8_t *)q, src + 2, 0);
        memcpy(panel + 2 * row, src, 2);
        pack_nibbles(panel + 32, row, q);
    }
}

static void pack_q4_k(uint8_t *panel, int row, const uint8_t *src, int64_t cols)
{
    for (int64_t k = 0; k < cols; k += 256, src += Q4_K_BLOCK, panel += PANEL_Q4_K_BYTES) {
        struct quant_unpacked u;
        quant_of(QUANT_Q4_K)->unpack(&u, src, 256);
        memcpy(panel + 2 * row, src, 2);
        memcpy(panel + 32 + 2 * row, src + Q4_K_MIN_AT, 2);
        for (int g = 0; g < 8; g++) {
            block_scale_min(src + Q4_K_SCALES_AT, g, &panel[64 + 16 * g + row],
                            &panel[192 + 16 * g + row]);
            pack_nibbles(panel + 320 + 256 * g, row, (const uint8_t *)u.q + 32 * g);
        }
    }
}

static void pack_q6_k(uint8_t *panel, int row, const uint8_t *src, int64_t cols)
{
    for (int64_t k = 0; k < cols; k += 256, src += Q6_K_BLOCK, panel += PANEL_Q6_K_BYTES) {
        struct quant_unpacked u;
        quant_of(QUANT_Q6_K)->unpack(&u, src, 256);
        memcpy(panel + 2 * row, src + Q6_K_D_AT, 2);
        for (int s = 0; s < 16; s++)
            panel[32 + 16 * s + row] = src[Q6_K_SCALES_AT + s];
        for (int g = 0; g < 8; g++) {
            uint8_t q[32], *group = panel + 288 + 384 * g;
            for (int i = 0; i < 32; i++)
                q[i] = (uint8_t)(u.q[32 * g + i] + 32);
            pack_nibbles(group, row, q);
            for (int i = 0; i < 32; i++)
                group[256 + i / 16 * 64 + row * 4 + i % 4] |=
                    (uint8_t)((q[i] >> 4) << i % 16 / 4 * 2);
        }
    }
}

static pack_row_fn *const packers[PANEL_BLOCKS] = {
    [PANEL_F32] = pack_f32,   [PANEL_F16] = pack_pairs, [PANEL_BF16] = pack_pairs,
    [PANEL_Q8_0] = pack_q8_0, [PANEL_Q4_0] = pack_q4_0, [PANEL_Q4_K] = pack_q4_k,
    [PANEL_Q6_K] = pack_q6_k,
};

void panel_pack(uint8_t *dst, enum panel_kind kind, const struct tensor_view *src,
                int64_t panel_begin, int64_t panel_end)
{
    assert((unsigned)kind < PANEL_BLOCKS && kinds[kind].type == src->type);
    size_t bytes = panel_bytes(kind, src->type, src->cols);
    for (int64_t p = panel_begin; p < panel_end; p++) {
        uint8_t *panel = dst + (size_t)p * bytes;
        memset(panel, 0, bytes);
        for (int row = 0; row < PANEL_ROWS && p * PANEL_ROWS + row < src->rows; row++)
            packers[kind](panel, row, tensor_row(src, p * PANEL_ROWS + row), src->cols);
    }
}
