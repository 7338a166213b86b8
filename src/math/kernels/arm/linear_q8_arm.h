/* ARM: linear layers on int8 activations, from panels of Q8_0, Q4_0 and Q4_K.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Included by one file of each level, which defines before:
 *   int32x4_t dot_four(int32x4_t sum, int8x16_t w, int8x16_t a)
 *     sum[i] += w[4i..4i+3] . a[4i..4i+3], |w| <= 128 and |a| <= 127
 *   LEVEL(name)   the level's name for a kernel
 * A vector holds 4 consecutive k of 4 rows; four activations are broadcast. A tile is one panel
 * times one or two tokens. */
#include "math/kernels/arm/arm_vec.h"
#include "math/kernels/kernel_table.h"

#define TILE 2

/* Activations of one tile. */
struct tile {
    const int8_t *q[TILE];
    const float *scale[TILE];
    const int32_t *sum[TILE];
};

static ALWAYS_INLINE int8x16_t four_bytes(const int8_t *p)
{
    int32_t v;
    memcpy(&v, p, sizeof v);
    return vreinterpretq_s8_s32(vdupq_n_s32(v));
}

/* Four k, from k = 32g + 4 * step: the weights of 16 rows. */
static ALWAYS_INLINE void step_times(int32x4_t sum[TILE][4], int tokens, const int8x16_t w[4],
                                     const struct tile *x, int64_t g, int step)
{
    for (int t = 0; t < tokens; t++) {
        int8x16_t a = four_bytes(x->q[t] + 32 * g + 4 * step);
        for (int r = 0; r < 4; r++)
            sum[t][r] = dot_four(sum[t][r], w[r], a);
    }
}

static ALWAYS_INLINE void clear(int32x4_t sum[TILE][4], int tokens)
{
    for (int t = 0; t < tokens; t++)
        for (int r = 0; r < 4; r++)
            sum[t][r] = vdupq_n_s32(0);
}

static ALWAYS_INLINE void byte_sums(int32x4_t sum[TILE][4], int tokens, const uint8_t *p,
                                    const struct tile *x, int64_t g)
{
    clear(sum, tokens);
    for (int step = 0; step < 8; step++) {
        int8x16_t w[4];
        for (int r = 0; r < 4; r++)
            w[r] = vreinterpretq_s8_u8(vld1q_u8(p + 64 * step + 16 * r));
        step_times(sum, tokens, w, x, g, step);
    }
}

/* Weights are nibbles less `offset`. */
static ALWAYS_INLINE void nibble_sums(int32x4_t sum[TILE][4], int tokens, const uint8_t *p,
                                      const struct tile *x, int64_t g, int8_t offset)
{
    clear(sum, tokens);
    for (int step = 0; step < 4; step++) {
        int8x16_t low[4], high[4];
        for (int r = 0; r < 4; r++) {
            uint8x16_t b = vld1q_u8(p + 64 * step + 16 * r);
            low[r] = vreinterpretq_s8_u8(vandq_u8(b, vdupq_n_u8(15)));
            high[r] = vreinterpretq_s8_u8(vshrq_n_u8(b, 4));
            low[r] = vsubq_s8(low[r], vdupq_n_s8(offset));
            high[r] = vsubq_s8(high[r], vdupq_n_s8(offset));
        }
        step_times(sum, tokens, low, x, g, 2 * step);
        step_times(sum, tokens, high, x, g, 2 * step + 1);
    }
}

/* acc += sums * (16 f16 scales at p) * the activations' scale. */
static ALWAYS_INLINE void add_scaled(float32x4_t acc[TILE][4], int32x4_t sum[TILE][4], int tokens,
                                     const uint8_t *p, const struct tile *x, int64_t g)
{
    for (int r = 0; r < 4; r++) {
        float32x4_t scale = f16x4(p + 8 * r);
        for (int t = 0; t < tokens; t++)
            acc[t][r] =
                vfmaq_f32(acc[t][r], vmulq_n_f32(scale, x->scale[t][g]), vcvtq_f32_s32(sum[t][r]));
    }
}

static ALWAYS_INLINE float32x4_t bytes_f32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    uint16x8_t wide = vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(v)));
    return vcvtq_f32_u32(vmovl_u16(vget_low_u16(wide)));
}

static ALWAYS_INLINE void group_q4_k(float32x4_t acc[TILE][4], int tokens, const uint8_t *p,
                                     const struct tile *x, int64_t g)
{
    int j = (int)(g % 8);
    int32x4_t sum[TILE][4];
    nibble_sums(sum, tokens, p + 320 + 256 * j, x, g, 0);
    for (int r = 0; r < 4; r++) {
        float32x4_t scale = vmulq_f32(f16x4(p + 8 * r), bytes_f32(p + 64 + 16 * j + 4 * r));
        float32x4_t min = vmulq_f32(f16x4(p + 32 + 8 * r), bytes_f32(p + 192 + 16 * j + 4 * r));
        for (int t = 0; t < tokens; t++) {
            float total = (float)(x->sum[t][2 * g] + x->sum[t][2 * g + 1]);
            float32x4_t v = vmulq_f32(scale, vcvtq_f32_s32(sum[t][r]));
            v = vfmsq_f32(v, min, vdupq_n_f32(total));
            acc[t][r] = vfmaq_f32(acc[t][r], v, vdupq_n_f32(x->scale[t][g]));
        }
    }
}

/* kind and tokens are constants. */
static ALWAYS_INLINE void tile_times(enum panel_kind kind, int tokens, float *y, size_t y_stride,
                                     int64_t width, const uint8_t *p, const struct activations *x,
                                     int64_t token)
{
    struct tile tile;
    float32x4_t acc[TILE][4];
    for (int t = 0; t < tokens; t++) {
        tile.q[t] = x->q8 + (token + t) * x->groups * ACT_GROUP;
        tile.scale[t] = x->scale + (token + t) * x->groups;
        tile.sum[t] = x->sum + (token + t) * x->groups * 2;
        for (int r = 0; r < 4; r++)
            acc[t][r] = vdupq_n_f32(0);
    }
    for (int64_t g = 0; g < x->groups; g++) {
        int32x4_t sum[TILE][4];
        if (kind == PANEL_Q8_0) {
            byte_sums(sum, tokens, p + 32, &tile, g);
            add_scaled(acc, sum, tokens, p, &tile, g);
            p += PANEL_Q8_0_BYTES;
        } else if (kind == PANEL_Q4_0) {
            nibble_sums(sum, tokens, p + 32, &tile, g, 8);
            add_scaled(acc, sum, tokens, p, &tile, g);
            p += PANEL_Q4_0_BYTES;
        } else {
            group_q4_k(acc, tokens, p, &tile, g);
            if (g % 8 == 7) p += PANEL_Q4_K_BYTES;
        }
    }
    for (int t = 0; t < tokens; t++)
        store_row(y + (size_t)(token + t) * y_stride, acc[t], width);
}

static ALWAYS_INLINE void linear_q8(enum panel_kind kind, float *y, size_t y_stride,
                                    const struct panel_weights *w, int64_t panel_begin,
                                    int64_t panel_end, const struct activations *x)
{
    for (int64_t n = panel_begin; n < panel_end; n++, y += PANEL_ROWS) {
        const uint8_t *p = w->data + (size_t)n * w->panel_bytes;
        int64_t width = w->rows - n * PANEL_ROWS, t = 0;
        for (; t + 2 <= x->rows; t += 2)
            tile_times(kind, 2, y, y_stride, width, p, x, t);
        if (t < x->rows) tile_times(kind, 1, y, y_stride, width, p, x, t);
    }
}

void LEVEL(linear_q8_q8_0)(float *y, size_t y_stride, const struct panel_weights *w,
                           int64_t panel_begin, int64_t panel_end, const struct activations *x,
                           void *scratch)
{
    linear_q8(PANEL_Q8_0, y, y_stride, w, panel_begin, panel_end, x);
}

void LEVEL(linear_q8_q4_0)(float *y, size_t y_stride, const struct panel_weights *w,
                           int64_t panel_begin, int64_t panel_end, const struct activations *x,
                           void *scratch)
{
    linear_q8(PANEL_Q4_0, y, y_stride, w, panel_begin, panel_end, x);
}

void LEVEL(linear_q8_q4_k)(float *y, size_t y_stride, const struct panel_weights *w,
                           int64_t panel_begin, int64_t panel_end, const struct activations *x,
                           void *scratch)
{
    linear_q8(PANEL_Q4_K, y, y_stride, w, panel_begin, panel_end, x);
}
