/* Linear layers on int8 activations, 16 output rows per vector: decode and prefill forms.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The including file defines before this line
 *   static inline __m512i dot4(__m512i acc, __m512i u8, __m512i s8, bool wide)
 * which adds to every 32-bit lane the 4 products of its bytes; `wide`: u8 may exceed 127.
 *
 * Weights become unsigned bytes (value + offset, the offset of the format), grouped by 32 k, or
 * by 16 where the format scales 16 values. Activations of R rows are copied once into records,
 * one per group:
 *   int32 start[R]   -offset * sum of the group: the first value of the integer sums
 *   float scale[R]
 *   float total[R]   scale * sum: what a minimum is multiplied with
 *   int8  q[group/4][R][4]
 * Up to GEMV_ROWS rows are multiplied with panels as they lie in memory. More rows meet a pair of
 * panels unpacked to records of their own. Both forms add the same products in the same order: a
 * row's result does not depend on how many rows stand beside it (tests/unit/test_kernels.c).
 *   uint8 u[group/4][2][16][4], float scale[32], float min[32] */
#ifndef MATH_KERNELS_X86_AVX512_INT8_LINEAR_H
#define MATH_KERNELS_X86_AVX512_INT8_LINEAR_H

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "math/kernels/kernel_table.h"
#include "math/kernels/x86/avx512/avx512.h"
#include "math/kernels/x86/avx512/blocks_read.h"
#include "math/kernels/x86/avx512/panel_read.h"
#include "math/quants/quant.h"

#define GEMV_ROWS 8
#define TILE_ROWS 6
#define GEMV_COLS (32 * 1024) /* k per pass: the records of 8 rows fit the scratch */
#define GEMM_COLS 512
#define GEMM_ROWS 510 /* 85 tiles */

INLINE int record_words(int rows, int group)
{
    return rows * (3 + group / 4);
}

/* --- activations --- */

/* Rows [row, row + R) of x, k in [k0, k0 + cols), cols a multiple of 32. */
INLINE void pack_rows(int32_t *a, const struct activations *x, int64_t row, int R, int64_t k0,
                      int64_t cols, struct form f)
{
    for (int64_t k = 0; k < cols; k += f.group, a += record_words(R, f.group)) {
        int64_t g = (k0 + k) / ACT_GROUP, half = (k0 + k) / 16 % 2;
        for (int r = 0; r < R; r++) {
            int64_t at = (row + r) * x->groups + g;
            int32_t sum =
                f.group == 32 ? x->sum[2 * at] + x->sum[2 * at + 1] : x->sum[2 * at + half];
            float scale = x->scale[at], total = scale * (float)sum;
            const int8_t *q = x->q8 + (row + r) * x->groups * ACT_GROUP + k0 + k;
            a[r] = -f.offset * sum;
            memcpy(a + R + r, &scale, 4);
            memcpy(a + 2 * R + r, &total, 4);
            for (int i = 0; i < f.group / 4; i++)
                memcpy(a + (3 + i) * R + r, q + 4 * i, 4);
        }
    }
}

INLINE __m512i start_of(const int32_t *a, int r)
{
    return _mm512_set1_epi32(a[r]);
}

INLINE __m512 float_of(const int32_t *a, int i)
{
    return _mm512_castsi512_ps(_mm512_set1_epi32(a[i]));
}

/* --- decode: panels as they lie --- */

/* Adds the products of one group (the form's `g`-th of its block) to sums[R]. */
INLINE void gemv_group(struct form f, int R, const uint8_t *block, int g, const int32_t *a,
                       __m512 *sums)
{
    const int steps = f.group / 4;
    const uint8_t *group = group_at(f.kind, block, g * f.group / 32);
    __m512i acc[GEMV_ROWS];
    for (int r = 0; r < R; r++)
        acc[r] = start_of(a, r);
    for (int i = 0; i < steps; i++) {
        __m512i w = weights_of(f.kind, group, f.group == 16 ? g % 2 * 4 + i : i);
        for (int r = 0; r < R; r++)
            acc[r] = dot4(acc[r], w, _mm512_set1_epi32(a[(3 + i) * R + r]), f.wide);
    }
    __m512 scale = scale_of(f.kind, block, g);
    for (int r = 0; r < R; r++) {
        __m512 v = _mm512_mul_ps(_mm512_cvtepi32_ps(acc[r]), float_of(a, R + r));
        sums[r] = _mm512_fmadd_ps(v, scale, sums[r]);
    }
    if (!f.mins) return;
    __m512 min = min_of(block, g);
    for (int r = 0; r < R; r++)
        sums[r] = _mm512_fmadd_ps(min, float_of(a, 2 * R + r), sums[r]);
}

/* Lines are asked for a few at a time between the groups: a burst for a whole block of 256 k would
 * wait for fill buffers. */
INLINE void gemv_panel(struct form f, int R, const uint8_t *p, int64_t cols, const int32_t *a,
                       __m512 *sums)
{
    const int per_block = block_cols(f.kind) / f.group,
              share = block_bytes(f.kind) * 32 / block_cols(f.kind);
    for (int64_t k = 0; k < cols; k += block_cols(f.kind), p += block_bytes(f.kind)) {
        const char *ahead = (const char *)p + PREFETCH_BYTES;
#pragma GCC unroll 1
        for (int g = 0; g < per_block; g += 32 / f.group, ahead += share) {
            for (int i = 0; i < share; i += 64)
                _mm_prefetch(ahead + i, _MM_HINT_T0);
            for (int h = 0; h < 32 / f.group; h++, a += record_words(R, f.group)) {
                gemv_group(f, R, p, g + h, a, sums);
            }
        }
    }
}

INLINE void gemv_rows(struct form f, int R, float *y, size_t y_stride,
                      const struct panel_weights *w, int64_t panel_begin, int64_t panel_end,
                      const struct activations *x, int64_t row, void *scratch)
{
    for (int64_t k0 = 0; k0 < w->cols; k0 += GEMV_COLS) {
        int64_t cols = w->cols - k0 < GEMV_COLS ? w->cols - k0 : GEMV_COLS;
        pack_rows(scratch, x, row, R, k0, cols, f);
        for (int64_t p = panel_begin; p < panel_end; p++) {
            const uint8_t *data = w->data + (size_t)p * w->panel_bytes +
                                  (size_t)(k0 / block_cols(f.kind)) * (size_t)block_bytes(f.kind);
            __mmask16 m = lanes16(w->rows - PANEL_ROWS * p);
            float *out = y + (p - panel_begin) * PANEL_ROWS;
            __m512 sums[GEMV_ROWS];
            for (int r = 0; r < R; r++) {
                sums[r] =
                    k0 ? _mm512_maskz_loadu_ps(m, out + (size_t)r * y_stride) : _mm512_setzero_ps();
            }
            gemv_panel(f, R, data, cols, scratch, sums);
            for (int r = 0; r < R; r++)
                _mm512_mask_storeu_ps(out + (size_t)r * y_stride, m, sums[r]);
        }
    }
}

/* --- prefill: a pair of panels unpacked, tiles of 6 rows x 32 columns --- */

/* b: records of the pair; `half` 0 or 1. k in [k0, k0 + cols) of one panel. */
INLINE void unpack_panel(struct form f, uint8_t *b, int half, const uint8_t *panel, int64_t k0,
                         int64_t cols)
{
    const int steps = f.group / 4, per_block = block_cols(f.kind) / f.group;
    const uint8_t *p = panel + (size_t)(k0 / block_cols(f.kind)) * (size_t)block_bytes(f.kind);
    for (int64_t k = 0; k < cols; k += block_cols(f.kind), p += block_bytes(f.kind)) {
#pragma GCC unroll 1
        for (int g = 0; g < per_block; g++, b += WEIGHT_RECORD_BYTES(f.group)) {
            const uint8_t *group = group_at(f.kind, p, g * f.group / 32);
            float *scale = (float *)(void *)(b + f.group * 32) + 16 * half;
            for (int i = 0; i < steps; i++) {
                __m512i v = f.group == 32 ? weights_of(f.kind, group, i)
                            : g % 2       ? weights_of(f.kind, group, 4 + i)
                                          : weights_of(f.kind, group, i);
                _mm512_store_si512(b + 128 * i + 64 * half, v);
            }
            _mm512_store_ps(scale, scale_of(f.kind, p, g));
            if (f.mins) _mm512_store_ps(scale + 32, min_of(p, g));
        }
    }
}

/* sums of a tile: what earlier columns left in out [R][32], so that a row's additions run in the same
 * order here and in the decode form. `m` are the masks of the two vectors of columns. */
INLINE void tile_load(int R, const float *out, size_t stride, const __mmask16 *m, bool add,
                      __m512 (*sums)[2])
{
    for (int r = 0; r < R; r++) {
        for (int c = 0; c < 2; c++) {
            const float *from = out + (size_t)r * stride + 16 * c;
            sums[r][c] = add ? _mm512_maskz_loadu_ps(m[c], from) : _mm512_setzero_ps();
        }
    }
}

INLINE void tile_store(int R, float *out, size_t stride, const __mmask16 *m, __m512 (*sums)[2])
{
    for (int r = 0; r < R; r++) {
        for (int c = 0; c < 2; c++)
            _mm512_mask_storeu_ps(out + (size_t)r * stride + 16 * c, m[c], sums[r][c]);
    }
}

INLINE void tile(struct form f, int R, const int32_t *a, const uint8_t *b, int64_t groups,
                 float *out, size_t stride, const __mmask16 *m, bool add)
{
    __m512 sums[TILE_ROWS][2];
    tile_load(R, out, stride, m, add, sums);
#pragma GCC unroll 1
    for (int64_t g = 0; g < groups;
         g++, a += record_words(R, f.group), b += WEIGHT_RECORD_BYTES(f.group)) {
        const float *scale = (const float *)(const void *)(b + f.group * 32);
        __m512i acc[TILE_ROWS][2];
        for (int r = 0; r < R; r++)
            acc[r][0] = acc[r][1] = start_of(a, r);
        for (int i = 0; i < f.group / 4; i++) {
            __m512i w0 = _mm512_load_si512(b + 128 * i), w1 = _mm512_load_si512(b + 128 * i + 64);
            for (int r = 0; r < R; r++) {
                __m512i s = _mm512_set1_epi32(a[(3 + i) * R + r]);
                acc[r][0] = dot4(acc[r][0], w0, s, f.wide);
                acc[r][1] = dot4(acc[r][1], w1, s, f.wide);
            }
        }
        __m512 s0 = _mm512_load_ps(scale), s1 = _mm512_load_ps(scale + 16);
        for (int r = 0; r < R; r++) {
            __m512 s = float_of(a, R + r);
            sums[r][0] =
                _mm512_fmadd_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(acc[r][0]), s), s0, sums[r][0]);
            sums[r][1] =
                _mm512_fmadd_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(acc[r][1]), s), s1, sums[r][1]);
        }
        if (!f.mins) continue;
        s0 = _mm512_load_ps(scale + 32);
        s1 = _mm512_load_ps(scale + 48);
        for (int r = 0; r < R; r++) {
            __m512 t = float_of(a, 2 * R + r);
            sums[r][0] = _mm512_fmadd_ps(t, s0, sums[r][0]);
            sums[r][1] = _mm512_fmadd_ps(t, s1, sums[r][1]);
        }
    }
    tile_store(R, out, stride, m, sums);
}

/* Rows of tile `i` of `tiles` over `rows`: even shares, 5 + 5 rather than 6 + 4. */
INLINE int64_t tile_begin(int64_t rows, int64_t tiles, int64_t i)
{
    return rows * i / tiles;
}

INLINE void pack_tiles(struct form f, int32_t *a, const struct activations *x, int64_t row,
                       int64_t rows, int64_t tiles, int64_t k0, int64_t cols)
{
    const int words = record_words(1, f.group);
    for (int64_t t = 0; t < tiles; t++) {
        int64_t from = tile_begin(rows, tiles, t), n = tile_begin(rows, tiles, t + 1) - from;
        int32_t *to = a + from * words * (cols / f.group);
        switch (n) {
        case 1: pack_rows(to, x, row + from, 1, k0, cols, f); break;
        case 2: pack_rows(to, x, row + from, 2, k0, cols, f); break;
        case 3: pack_rows(to, x, row + from, 3, k0, cols, f); break;
        case 4: pack_rows(to, x, row + from, 4, k0, cols, f); break;
        case 5: pack_rows(to, x, row + from, 5, k0, cols, f); break;
        default: pack_rows(to, x, row + from, 6, k0, cols, f); break;
        }
    }
}

/* All row tiles against one unpacked pair of panels; out is row 0's place. */
INLINE void run_tiles(struct form f, const int32_t *a, const uint8_t *b, int64_t rows,
                      int64_t tiles, int64_t cols, float *out, size_t stride, const __mmask16 *m,
                      bool add)
{
    const int words = record_words(1, f.group);
    int64_t groups = cols / f.group;
    for (int64_t t = 0; t < tiles; t++) {
        int64_t from = tile_begin(rows, tiles, t), n = tile_begin(rows, tiles, t + 1) - from;
        const int32_t *at = a + from * words * groups;
        float *to = out + (size_t)from * stride;
        switch (n) {
        case 1: tile(f, 1, at, b, groups, to, stride, m, add); break;
        case 2: tile(f, 2, at, b, groups, to, stride, m, add); break;
        case 3: tile(f, 3, at, b, groups, to, stride, m, add); break;
        case 4: tile(f, 4, at, b, groups, to, stride, m, add); break;
        case 5: tile(f, 5, at, b, groups, to, stride, m, add); break;
        default: tile(f, 6, at, b, groups, to, stride, m, add); break;
        }
    }
}

INLINE void unpack_pair(struct form f, uint8_t *b, const struct panel_weights *w, int64_t panel,
                        int64_t panel_end, int64_t k0, int64_t cols)
{
    for (int half = 0; half < 2; half++) {
        if (panel + half >= panel_end) { /* the missing partner; its columns are not stored */
            for (int64_t g = 0; g < cols / f.group; g++) {
                uint8_t *record = b + (size_t)g * WEIGHT_RECORD_BYTES(f.group);
                for (int i = 0; i < f.group / 4; i++)
                    memset(record + 128 * i + 64, 0, 64);
                memset(record + f.group * 32 + 64, 0, 64);
                memset(record + f.group * 32 + 192, 0, 64);
            }
        } else if (f.kind == PANEL_BLOCKS) {
            unpack_blocks(b, half, w, panel + half, k0, cols);
        } else {
            unpack_panel(f, b, half, w->data + (size_t)(panel + half) * w->panel_bytes, k0, cols);
        }
    }
}

INLINE void gemm(struct form f, float *y, size_t y_stride, const struct panel_weights *w,
                 int64_t panel_begin, int64_t panel_end, const struct activations *x, int64_t row,
                 int64_t rows, void *scratch)
{
    uint8_t *b = scratch;
    int32_t *a = (int32_t *)(void *)(b + GEMM_COLS / f.group * WEIGHT_RECORD_BYTES(f.group));
    int64_t tiles = (rows + TILE_ROWS - 1) / TILE_ROWS;
    for (int64_t k0 = 0; k0 < w->cols; k0 += GEMM_COLS) {
        int64_t cols = w->cols - k0 < GEMM_COLS ? w->cols - k0 : GEMM_COLS;
        pack_tiles(f, a, x, row, rows, tiles, k0, cols);
        for (int64_t p = panel_begin; p < panel_end; p += 2) {
            int64_t column = p * PANEL_ROWS,
                    end = panel_end * PANEL_ROWS < w->rows ? panel_end * PANEL_ROWS : w->rows;
            const __mmask16 m[2] = { lanes16(end - column), lanes16(end - column - PANEL_ROWS) };
            unpack_pair(f, b, w, p, panel_end, k0, cols);
            run_tiles(f, a, b, rows, tiles, cols, y + (p - panel_begin) * PANEL_ROWS, y_stride, m,
                      k0 > 0);
        }
    }
}

static_assert(GEMM_COLS / 16 * WEIGHT_RECORD_BYTES(16) +
                      GEMM_ROWS * (3 + 4) * 4 * (GEMM_COLS / 16) <=
                  LINEAR_SCRATCH_BYTES,
              "the larger of the two forms fits the scratch");
static_assert(GEMV_ROWS * (3 + 8) * 4 * (GEMV_COLS / 32) <= LINEAR_SCRATCH_BYTES,
              "records of one pass");
static_assert(GEMV_ROWS * (3 + 4) * 4 * (GEMV_COLS / 16) <= LINEAR_SCRATCH_BYTES,
              "records of one pass");

INLINE void gemv(struct form f, float *y, size_t y_stride, const struct panel_weights *w,
                 int64_t panel_begin, int64_t panel_end, const struct activations *x, int64_t row,
                 void *scratch)
{
    switch (x->rows - row) {
    case 1: gemv_rows(f, 1, y, y_stride, w, panel_begin, panel_end, x, row, scratch); break;
    case 2: gemv_rows(f, 2, y, y_stride, w, panel_begin, panel_end, x, row, scratch); break;
    case 3: gemv_rows(f, 3, y, y_stride, w, panel_begin, panel_end, x, row, scratch); break;
    case 4: gemv_rows(f, 4, y, y_stride, w, panel_begin, panel_end, x, row, scratch); break;
    case 5: gemv_rows(f, 5, y, y_stride, w, panel_begin, panel_end, x, row, scratch); break;
    case 6: gemv_rows(f, 6, y, y_stride, w, panel_begin, panel_end, x, row, scratch); break;
    case 7: gemv_rows(f, 7, y, y_stride, w, panel_begin, panel_end, x, row, scratch); break;
    default: gemv_rows(f, 8, y, y_stride, w, panel_begin, panel_end, x, row, scratch); break;
    }
}

INLINE void linear_int8(struct form f, float *y, size_t y_stride, const struct panel_weights *w,
                        int64_t panel_begin, int64_t panel_end, const struct activations *x,
                        void *scratch)
{
    int64_t passes = (x->rows + GEMM_ROWS - 1) / GEMM_ROWS;
    if (f.kind != PANEL_BLOCKS && x->rows <= GEMV_ROWS) {
        if (x->rows > 0) gemv(f, y, y_stride, w, panel_begin, panel_end, x, 0, scratch);
        return;
    }
    for (int64_t i = 0; i < passes; i++) {
        int64_t row = x->rows * i / passes, end = x->rows * (i + 1) / passes;
        gemm(f, y + (size_t)row * y_stride, y_stride, w, panel_begin, panel_end, x, row, end - row,
             scratch);
    }
}

/* The table's entries of one level; file blocks without an integer form stay float. */
#define DEFINE_LINEAR(name, form)                                                                 \
    void name(float *y, size_t y_stride, const struct panel_weights *w, int64_t panel_begin,      \
              int64_t panel_end, const struct activations *x, void *scratch)                      \
    {                                                                                             \
        if ((form).kind == PANEL_BLOCKS && (!quant_of(w->type)->unpack || w->cols % ACT_GROUP)) { \
            linear_f32_avx512(y, y_stride, w, panel_begin, panel_end, x, scratch);                \
            return;                                                                               \
        }                                                                                         \
        linear_int8(form, y, y_stride, w, panel_begin, panel_end, x, scratch);                    \
    }
#define DEFINE_LINEAR_INT8(level)                 \
    DEFINE_LINEAR(linear_q8_0_##level, FORM_Q8_0) \
    DEFINE_LINEAR(linear_q4_0_##level, FORM_Q4_0) \
    DEFINE_LINEAR(linear_q4_k_##level, FORM_Q4_K) \
    DEFINE_LINEAR(linear_q6_k_##level, FORM_Q6_K) \
    DEFINE_LINEAR(linear_blocks_##level, FORM_BLOCKS)

#endif
