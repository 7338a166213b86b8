/* ARM Advanced SIMD: linear layers on float activations, from panels of F32, F16 and BF16.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A tile is one panel (16 rows, four vectors) times up to four tokens. */
#include "math/kernels/arm/arm_vec.h"
#include "math/kernels/arm/neon/neon.h"

#define TILE 4

/* Columns 2i and 2i+1 of rows 4r .. 4r+3. */
static ALWAYS_INLINE void load_pair(enum panel_kind kind, float32x4_t *even, float32x4_t *odd,
                                    const uint8_t *panel, int64_t i, int r)
{
    if (kind == PANEL_F32) {
        *even = vreinterpretq_f32_u8(vld1q_u8(panel + 128 * i + 16 * r));
        *odd = vreinterpretq_f32_u8(vld1q_u8(panel + 128 * i + 64 + 16 * r));
        return;
    }
    uint32x4_t pairs = vreinterpretq_u32_u8(vld1q_u8(panel + 64 * i + 16 * r));
    if (kind == PANEL_BF16) {
        *even = vreinterpretq_f32_u32(vshlq_n_u32(pairs, 16));
        *odd = vreinterpretq_f32_u32(vandq_u32(pairs, vdupq_n_u32(0xffff0000)));
    } else {
        *even = vcvt_f32_f16(vreinterpret_f16_u16(vmovn_u32(pairs)));
        *odd = vcvt_f32_f16(vreinterpret_f16_u16(vshrn_n_u32(pairs, 16)));
    }
}

/* kind and tokens are constants. */
static ALWAYS_INLINE void tile_times(enum panel_kind kind, int tokens, float *y, size_t y_stride,
                                     int64_t width, const uint8_t *p, const struct activations *x,
                                     int64_t token)
{
    const float *a = x->f32 + (size_t)token * x->stride;
    float32x4_t acc[TILE][4], even, odd;
    for (int t = 0; t < tokens; t++)
        for (int r = 0; r < 4; r++)
            acc[t][r] = vdupq_n_f32(0);
    int64_t k = 0;
    for (; k + 2 <= x->cols; k += 2) {
        for (int r = 0; r < 4; r++) {
            load_pair(kind, &even, &odd, p, k / 2, r);
            for (int t = 0; t < tokens; t++) {
                acc[t][r] = vfmaq_n_f32(acc[t][r], even, a[(size_t)t * x->stride + (size_t)k]);
                acc[t][r] = vfmaq_n_f32(acc[t][r], odd, a[(size_t)t * x->stride + (size_t)k + 1]);
            }
        }
    }
    for (int r = 0; k < x->cols && r < 4; r++) { /* the last column, where they are odd in number */
        if (kind == PANEL_F32) even = vreinterpretq_f32_u8(vld1q_u8(p + 64 * k + 16 * r));
        else load_pair(kind, &even, &odd, p, k / 2, r);
        for (int t = 0; t < tokens; t++)
            acc[t][r] = vfmaq_n_f32(acc[t][r], even, a[(size_t)t * x->stride + (size_t)k]);
    }
    for (int t = 0; t < tokens; t++)
        store_row(y + (size_t)(token + t) * y_stride, acc[t], width);
}

static ALWAYS_INLINE void linear_f32(enum panel_kind kind, float *y, size_t y_stride,
                                     const struct panel_weights *w, int64_t panel_begin,
                                     int64_t panel_end, const struct activations *x)
{
    for (int64_t n = panel_begin; n < panel_end; n++, y += PANEL_ROWS) {
        const uint8_t *p = w->data + (size_t)n * w->panel_bytes;
        int64_t width = w->rows - n * PANEL_ROWS, t = 0;
        for (; t + TILE <= x->rows; t += TILE)
            tile_times(kind, TILE, y, y_stride, width, p, x, t);
        for (; t < x->rows; t++)
            tile_times(kind, 1, y, y_stride, width, p, x, t);
    }
}

void linear_f32_f32_neon(float *y, size_t y_stride, const struct panel_weights *w,
                         int64_t panel_begin, int64_t panel_end, const struct activations *x,
                         void *scratch)
{
    linear_f32(PANEL_F32, y, y_stride, w, panel_begin, panel_end, x);
}

void linear_f32_f16_neon(float *y, size_t y_stride, const struct panel_weights *w,
                         int64_t panel_begin, int64_t panel_end, const struct activations *x,
                         void *scratch)
{
    linear_f32(PANEL_F16, y, y_stride, w, panel_begin, panel_end, x);
}

void linear_f32_bf16_neon(float *y, size_t y_stride, const struct panel_weights *w,
                          int64_t panel_begin, int64_t panel_end, const struct activations *x,
                          void *scratch)
{
    linear_f32(PANEL_BF16, y, y_stride, w, panel_begin, panel_end, x);
}
