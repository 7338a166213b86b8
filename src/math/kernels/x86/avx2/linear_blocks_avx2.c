/* AVX2: linear layers on weights that keep the layout of their file, through their integer form.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Four rows at a time are unpacked (or decoded) into the scratch memory, whole, and every token
 * passes over them: blocks are read and unpacked once, and activations once per four rows. Rows
 * too long for the scratch go to the plain C. */
#include "math/kernels/ref/ref.h"
#include "math/kernels/x86/avx2/avx2.h"
#include "math/kernels/x86/avx2/avx2_math.h"
#include "math/quants/quant.h"

#define ROWS 4

/* One superblock of one row; the halves of each group of 32 have scales of their own. */
struct superblock {
    struct quant_unpacked u;
    bool has_min;
};

static void unpack_row(struct superblock *out, const struct quant *q, const uint8_t *blocks,
                       int64_t cols)
{
    for (int64_t k = 0; k < cols; k += QUANT_UNPACK_VALUES, out++) {
        int64_t n = cols - k < QUANT_UNPACK_VALUES ? cols - k : QUANT_UNPACK_VALUES;
        q->unpack(&out->u, blocks, (size_t)n);
        blocks += n / q->block_values * q->block_bytes;
        out->has_min = false;
        for (int i = 0; i < QUANT_UNPACK_VALUES / QUANT_UNPACK_GROUP; i++)
            out->has_min |= out->u.min[i] != 0;
    }
}

/* 32 products: lanes 0..3 sum the first half, 4..7 the second. |q| <= 128, see linear_q8_avx2.c. */
static ALWAYS_INLINE __m256i products(const int8_t *weights, __m256i a)
{
    __m256i w = _mm256_loadu_si256((const __m256i *)(const void *)weights);
    __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(a, w));
    return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

static ALWAYS_INLINE __m256 two_scales(const float *s)
{
    return _mm256_set_m128(_mm_broadcast_ss(s + 1), _mm_broadcast_ss(s));
}

/* `rows` rows of superblocks, each `count` long, times one token. */
static ALWAYS_INLINE void token_times(int rows, float *y, const struct superblock *rows_of,
                                      int64_t count, const struct activations *x, int64_t token)
{
    __m256 acc[ROWS];
    float mins[ROWS] = { 0 };
    for (int r = 0; r < rows; r++)
        acc[r] = _mm256_setzero_ps();
    for (int64_t g = 0; g < x->groups; g++) {
        int64_t at = token * x->groups + g;
        int j = (int)(g % 8);
        __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)(x->q8 + at * ACT_GROUP));
        __m256 scale = _mm256_broadcast_ss(x->scale + at);
#pragma GCC unroll 4
        for (int r = 0; r < rows; r++) {
            const struct superblock *b = rows_of + r * count + g / 8;
            __m256 s = _mm256_mul_ps(two_scales(b->u.scale + 2 * j), scale);
            acc[r] = _mm256_fmadd_ps(s, _mm256_cvtepi32_ps(products(b->u.q + 32 * j, a)), acc[r]);
            if (b->has_min)
                mins[r] += (b->u.min[2 * j] * (float)x->sum[2 * at] +
                            b->u.min[2 * j + 1] * (float)x->sum[2 * at + 1]) *
                           x->scale[at];
        }
    }
    for (int r = 0; r < rows; r++)
        y[r] = sum_ps(acc[r]) + mins[r];
}

static ALWAYS_INLINE void dot_f32(int rows, float *y, const float *w, const float *x, int64_t cols)
{
    __m256 acc[ROWS];
    for (int r = 0; r < rows; r++)
        acc[r] = _mm256_setzero_ps();
    int64_t k = 0;
    for (; k + 8 <= cols; k += 8) {
        __m256 a = _mm256_loadu_ps(x + k);
#pragma GCC unroll 4
        for (int r = 0; r < rows; r++)
            acc[r] = _mm256_fmadd_ps(_mm256_loadu_ps(w + r * cols + k), a, acc[r]);
    }
    for (int r = 0; r < rows; r++) {
        y[r] = sum_ps(acc[r]);
        for (int64_t i = k; i < cols; i++)
            y[r] += w[r * cols + i] * x[i];
    }
}

/* The rows of panels panel_begin .. panel_end that exist. */
struct range {
    int64_t begin, end;
};

static struct range rows_of_panels(const struct panel_weights *w, int64_t panel_begin,
                                   int64_t panel_end)
{
    int64_t end = panel_end * PANEL_ROWS;
    return (struct range){ panel_begin * PANEL_ROWS, end < w->rows ? end : w->rows };
}

void linear_q8_blocks_avx2(float *y, size_t y_stride, const struct panel_weights *w,
                           int64_t panel_begin, int64_t panel_end, const struct activations *x,
                           void *scratch)
{
    const struct quant *q = quant_of(w->type);
    struct superblock *unpacked = scratch;
    int64_t count = (w->cols + QUANT_UNPACK_VALUES - 1) / QUANT_UNPACK_VALUES;
    size_t row_bytes = w->panel_bytes / PANEL_ROWS;
    if (!q->unpack || (size_t)count > LINEAR_SCRATCH_BYTES / (ROWS * sizeof *unpacked)) {
        linear_q8_ref(y, y_stride, w, panel_begin, panel_end, x, scratch);
        return;
    }
    struct range range = rows_of_panels(w, panel_begin, panel_end);
    for (int64_t row = range.begin; row < range.end; row += ROWS) {
        int rows = (int)(range.end - row < ROWS ? range.end - row : ROWS);
        float *out = y + (row - range.begin);
        for (int r = 0; r < rows; r++)
            unpack_row(unpacked + r * count, q, w->data + (size_t)(row + r) * row_bytes, w->cols);
        for (int64_t t = 0; t < x->rows; t++) {
            float *at = out + (size_t)t * y_stride;
            if (rows == ROWS) token_times(ROWS, at, unpacked, count, x, t);
            else
                for (int r = 0; r < rows; r++)
                    token_times(1, at + r, unpacked + r * count, count, x, t);
        }
    }
}

void linear_f32_blocks_avx2(float *y, size_t y_stride, const struct panel_weights *w,
                            int64_t panel_begin, int64_t panel_end, const struct activations *x,
                            void *scratch)
{
    const struct quant *q = quant_of(w->type);
    float *floats = scratch;
    size_t row_bytes = w->panel_bytes / PANEL_ROWS;
    if ((size_t)w->cols > LINEAR_SCRATCH_BYTES / (ROWS * sizeof *floats)) {
        linear_f32_ref(y, y_stride, w, panel_begin, panel_end, x, scratch);
        return;
    }
    struct range range = rows_of_panels(w, panel_begin, panel_end);
    for (int64_t row = range.begin; row < range.end; row += ROWS) {
        int rows = (int)(range.end - row < ROWS ? range.end - row : ROWS);
        float *out = y + (row - range.begin);
        for (int r = 0; r < rows; r++)
            q->decode(floats + r * w->cols, w->data + (size_t)(row + r) * row_bytes,
                      (size_t)w->cols);
        for (int64_t t = 0; t < x->rows; t++) {
            float *at = out + (size_t)t * y_stride;
            const float *a = x->f32 + (size_t)t * x->stride;
            if (rows == ROWS) dot_f32(ROWS, at, floats, a, w->cols);
            else
                for (int r = 0; r < rows; r++)
                    dot_f32(1, at + r, floats + r * w->cols, a, w->cols);
        }
    }
}
