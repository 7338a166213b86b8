/* AVX2: linear layers on float activations, from panels of every kind.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A tile is one panel (16 rows, two vectors) times up to six tokens: twelve accumulators, two
 * weights, one broadcast. F32, BF16 and (for few tokens) F16 panels are expanded in registers.
 * Other kinds, and F16 for many tokens, are expanded to floats in the scratch memory, a run of
 * columns at a time, which all tokens then use; partial sums wait in y. */
#include "math/kernels/x86/avx2/avx2.h"
#include "math/kernels/x86/avx2/avx2_math.h"

#define TILE 6
#define RUN  1024 /* columns expanded at a time: 64 KiB, a multiple of 256 */
_Static_assert(RUN *PANEL_ROWS * sizeof(float) <= LINEAR_SCRATCH_BYTES, "a run fits the scratch");

static ALWAYS_INLINE __m256i load(const uint8_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* Rows 0..7 (or 8..15) of a pair of F16 columns: the even column to w[0], the odd one to w[2]. */
static ALWAYS_INLINE void f16_pair(__m256 *w, const uint8_t *p)
{
    const __m256i split = _mm256_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15, 0,
                                           1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15);
    __m256i v = _mm256_permute4x64_epi64(_mm256_shuffle_epi8(load(p), split), 0xd8);
    w[0] = _mm256_cvtph_ps(_mm256_castsi256_si128(v));
    w[2] = _mm256_cvtph_ps(_mm256_extracti128_si256(v, 1));
}

static ALWAYS_INLINE void bf16_pair(__m256 *w, const uint8_t *p)
{
    __m256i v = load(p);
    w[0] = _mm256_castsi256_ps(_mm256_slli_epi32(v, 16));
    w[2] = _mm256_castsi256_ps(_mm256_and_si256(v, _mm256_set1_epi32(-65536)));
}

/* Columns 2i and 2i+1 of a panel: w[0..1] and w[2..3]. */
static ALWAYS_INLINE void load_pair(enum panel_kind kind, __m256 w[4], const uint8_t *panel,
                                    int64_t i)
{
    if (kind == PANEL_F32) {
        for (int j = 0; j < 4; j++)
            w[j] = _mm256_loadu_ps((const float *)(const void *)(panel + 128 * i + 32 * j));
    } else if (kind == PANEL_F16) {
        f16_pair(w, panel + 64 * i);
        f16_pair(w + 1, panel + 64 * i + 32);
    } else {
        bf16_pair(w, panel + 64 * i);
        bf16_pair(w + 1, panel + 64 * i + 32);
    }
}

/* One run of columns: x and the panel begin at the same column; `add` to what y holds. */
struct run {
    const uint8_t *panel;
    const float *x; /* of the first token */
    size_t x_stride, y_stride, panel_bytes;
    int64_t cols, width; /* width: columns of y from here on */
    bool add;
};

static ALWAYS_INLINE void columns(__m256 acc[TILE][2], int tokens, const float *x, size_t stride,
                                  __m256 low, __m256 high)
{
#pragma GCC unroll 6
    for (int t = 0; t < tokens; t++) {
        __m256 a = _mm256_broadcast_ss(x + (size_t)t * stride);
        acc[t][0] = _mm256_fmadd_ps(low, a, acc[t][0]);
        acc[t][1] = _mm256_fmadd_ps(high, a, acc[t][1]);
    }
}

static ALWAYS_INLINE void load_row(__m256 sums[2], const float *y, int64_t width)
{
    float all[16] = { 0 };
    const float *from = width >= 16 ? y : all;
    if (width < 16) memcpy(all, y, (size_t)width * sizeof *y);
    sums[0] = _mm256_loadu_ps(from);
    sums[1] = _mm256_loadu_ps(from + 8);
}

/* kind, tokens and panels are constants, tokens * panels <= TILE. A token's products are added in the
 * order of k from what y holds, so that its result does not depend on the tokens beside it. */
static ALWAYS_INLINE void tile_times(enum panel_kind kind, int tokens, int panels, float *y,
                                     const struct run *r, const float *x)
{
    __m256 acc[TILE][2], w[4];
    for (int i = 0; i < tokens * panels; i++) {
        int n = i / tokens, t = i % tokens;
        acc[i][0] = acc[i][1] = _mm256_setzero_ps();
        if (r->add)
            load_row(acc[i], y + (size_t)t * r->y_stride + PANEL_ROWS * n,
                     r->width - PANEL_ROWS * n);
    }
    for (int64_t i = 0; i < r->cols / 2; i++) {
        for (int n = 0; n < panels; n++) {
            load_pair(kind, w, r->panel + (size_t)n * r->panel_bytes, i);
            columns(acc + n * tokens, tokens, x + 2 * i, r->x_stride, w[0], w[1]);
            columns(acc + n * tokens, tokens, x + 2 * i + 1, r->x_stride, w[2], w[3]);
        }
    }
    for (int n = 0; n < panels && r->cols % 2; n++) {
        const uint8_t *panel = r->panel + (size_t)n * r->panel_bytes;
        if (kind == PANEL_F32) { /* no padding to read there */
            const float *last = (const float *)(const void *)(panel + (r->cols - 1) * 64);
            w[0] = _mm256_loadu_ps(last);
            w[1] = _mm256_loadu_ps(last + 8);
        } else {
            load_pair(kind, w, panel, r->cols / 2);
        }
        columns(acc + n * tokens, tokens, x + r->cols - 1, r->x_stride, w[0], w[1]);
    }
    for (int i = 0; i < tokens * panels; i++) {
        int n = i / tokens, t = i % tokens;
        store_row(y + (size_t)t * r->y_stride + PANEL_ROWS * n, acc[i][0], acc[i][1],
                  r->width - PANEL_ROWS * n);
    }
}

static ALWAYS_INLINE void run_times(enum panel_kind kind, float *y, const struct run *r,
                                    int64_t tokens)
{
    int64_t t = 0;
    for (; t + 6 <= tokens; t += 6)
        tile_times(kind, 6, 1, y + (size_t)t * r->y_stride, r, r->x + (size_t)t * r->x_stride);
    y += (size_t)t * r->y_stride;
    const float *x = r->x + (size_t)t * r->x_stride;
    switch (tokens - t) {
    case 5: tile_times(kind, 5, 1, y, r, x); break;
    case 4: tile_times(kind, 4, 1, y, r, x); break;
    case 3: tile_times(kind, 3, 1, y, r, x); break;
    case 2: tile_times(kind, 2, 1, y, r, x); break;
    case 1: tile_times(kind, 1, 1, y, r, x); break;
    default: break;
    }
}

/* With one or two tokens, pairs of panels hide the latency of the additions. */
static ALWAYS_INLINE void linear_direct(enum panel_kind kind, float *y, size_t y_stride,
                                        const struct panel_weights *w, int64_t panel_begin,
                                        int64_t panel_end, const struct activations *x)
{
    for (int64_t n = panel_begin; n < panel_end;) {
        struct run r = { .panel = w->data + (size_t)n * w->panel_bytes,
                         .x = x->f32,
                         .x_stride = x->stride,
                         .y_stride = y_stride,
                         .panel_bytes = w->panel_bytes,
                         .cols = x->cols,
                         .width = w->rows - n * PANEL_ROWS };
        int panels = x->rows <= 2 && n + 2 <= panel_end ? 2 : 1;
        if (panels == 2 && x->rows == 1) tile_times(kind, 1, 2, y, &r, x->f32);
        else if (panels == 2 && x->rows == 2) tile_times(kind, 2, 2, y, &r, x->f32);
        else run_times(kind, y, &r, x->rows);
        n += panels;
        y += panels * PANEL_ROWS;
    }
}

/* --- expansion of quantized panels: 16 rows of 32 columns to out [32][16] --- */

static ALWAYS_INLINE __m256 byte_ps(__m256i lanes, int j, int offset)
{
    __m256i v = _mm256_and_si256(_mm256_srli_epi32(lanes, 8 * j), _mm256_set1_epi32(255));
    return _mm256_cvtepi32_ps(_mm256_sub_epi32(v, _mm256_set1_epi32(offset)));
}

/* Four columns of eight rows from the bytes of 32-bit lanes. */
static ALWAYS_INLINE void expand_four(float *out, __m256i bytes, int offset, __m256 scale,
                                      __m256 min)
{
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++)
        _mm256_storeu_ps(out + j * PANEL_ROWS,
                         _mm256_sub_ps(_mm256_mul_ps(scale, byte_ps(bytes, j, offset)), min));
}

static void expand_q8_0(float *out, const uint8_t *p, int half)
{
    const __m256i flip = _mm256_set1_epi8(-128);
    __m256 scale = f16x8(p + 16 * half);
    for (int step = 0; step < 8; step++) {
        __m256i bytes = _mm256_xor_si256(load(p + 32 + 64 * step + 32 * half), flip);
        expand_four(out + step * 4 * PANEL_ROWS, bytes, 128, scale, _mm256_setzero_ps());
    }
}

static ALWAYS_INLINE void expand_nibbles(float *out, const uint8_t *p, int half, int offset,
                                         __m256 scale, __m256 min)
{
    const __m256i low = _mm256_set1_epi8(15);
    for (int step = 0; step < 4; step++, out += 8 * PANEL_ROWS) {
        __m256i b = load(p + 64 * step + 32 * half);
        expand_four(out, _mm256_and_si256(b, low), offset, scale, min);
        expand_four(out + 4 * PANEL_ROWS, _mm256_and_si256(_mm256_srli_epi16(b, 4), low), offset,
                    scale, min);
    }
}

static ALWAYS_INLINE __m256 bytes_ps(const uint8_t *p)
{
    return _mm256_cvtepi32_ps(
        _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p)));
}

static void expand_q4_k(float *out, const uint8_t *p, int half, int j)
{
    __m256 d = f16x8(p + 16 * half), dmin = f16x8(p + 32 + 16 * half);
    __m256 scale = _mm256_mul_ps(d, bytes_ps(p + 64 + 16 * j + 8 * half));
    __m256 min = _mm256_mul_ps(dmin, bytes_ps(p + 192 + 16 * j + 8 * half));
    expand_nibbles(out, p + 320 + 256 * j, half, 0, scale, min);
}

static void expand_q6_k(float *out, const uint8_t *p, int half, int j)
{
    const __m256i four = _mm256_set1_epi8(15), two = _mm256_set1_epi8(48);
    const uint8_t *group = p + 288 + 384 * j + 32 * half;
    for (int k = 0; k < 4; k++) { /* eight columns each */
        const uint8_t *scales = p + 32 + 16 * (2 * j + k / 2) + 8 * half;
        __m128i s8 = _mm_loadl_epi64((const __m128i *)(const void *)scales);
        __m256 scale =
            _mm256_mul_ps(f16x8(p + 16 * half), _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(s8)));
        __m256i low = load(group + 64 * k), high = load(group + 256 + 64 * (k / 2));
        if (k % 2 == 0) high = _mm256_slli_epi16(high, 4); /* the lower two pairs move up */
        __m256i first = _mm256_and_si256(high, two);
        __m256i second = _mm256_and_si256(_mm256_srli_epi16(high, 2), two);
        expand_four(out + 8 * k * PANEL_ROWS, _mm256_or_si256(_mm256_and_si256(low, four), first),
                    32, scale, _mm256_setzero_ps());
        low = _mm256_and_si256(_mm256_srli_epi16(low, 4), four);
        expand_four(out + (8 * k + 4) * PANEL_ROWS, _mm256_or_si256(low, second), 32, scale,
                    _mm256_setzero_ps());
    }
}

/* Group g (32 columns) of a panel. */
static void expand_group(float *out, enum panel_kind kind, const uint8_t *panel, int64_t g)
{
    for (int half = 0; half < 2; half++, out += 8) {
        const uint8_t *p = panel;
        if (kind == PANEL_Q8_0) {
            expand_q8_0(out, p + g * PANEL_Q8_0_BYTES, half);
        } else if (kind == PANEL_Q4_0) {
            p += g * PANEL_Q4_0_BYTES;
            expand_nibbles(out, p + 32, half, 8, f16x8(p + 16 * half), _mm256_setzero_ps());
        } else if (kind == PANEL_Q4_K) {
            expand_q4_k(out, p + g / 8 * PANEL_Q4_K_BYTES, half, (int)(g % 8));
        } else {
            expand_q6_k(out, p + g / 8 * PANEL_Q6_K_BYTES, half, (int)(g % 8));
        }
    }
}

/* Columns begin .. begin+count-1 of an F16 panel; begin is even. */
static void expand_f16(float *out, const uint8_t *panel, int64_t begin, int64_t count)
{
    __m256 w[4];
    for (int64_t i = 0; i < count; i += 2, out += 2 * PANEL_ROWS) {
        load_pair(PANEL_F16, w, panel, (begin + i) / 2);
        _mm256_storeu_ps(out, w[0]);
        _mm256_storeu_ps(out + 8, w[1]);
        if (i + 1 == count) break;
        _mm256_storeu_ps(out + 16, w[2]);
        _mm256_storeu_ps(out + 24, w[3]);
    }
}

static void linear_expanded(float *y, size_t y_stride, const struct panel_weights *w,
                            int64_t panel_begin, int64_t panel_end, const struct activations *x,
                            float *floats)
{
    for (int64_t n = panel_begin; n < panel_end; n++, y += PANEL_ROWS) {
        const uint8_t *panel = w->data + (size_t)n * w->panel_bytes;
        int64_t width = w->rows - n * PANEL_ROWS;
        struct run r = { .panel = (const uint8_t *)floats,
                         .x_stride = x->stride,
                         .y_stride = y_stride,
                         .width = width };
        for (int64_t k = 0; k < x->cols; k += RUN) {
            r.cols = x->cols - k < RUN ? x->cols - k : RUN;
            r.x = x->f32 + k;
            r.add = k > 0;
            if (w->kind == PANEL_F16) expand_f16(floats, panel, k, r.cols);
            for (int64_t i = 0; w->kind != PANEL_F16 && i < r.cols; i += 32)
                expand_group(floats + i * PANEL_ROWS, w->kind, panel, (k + i) / 32);
            run_times(PANEL_F32, y, &r, x->rows);
        }
    }
}

void linear_f32_f32_avx2(float *y, size_t y_stride, const struct panel_weights *w,
                         int64_t panel_begin, int64_t panel_end, const struct activations *x,
                         void *scratch)
{
    linear_direct(PANEL_F32, y, y_stride, w, panel_begin, panel_end, x);
}

void linear_f32_f16_avx2(float *y, size_t y_stride, const struct panel_weights *w,
                         int64_t panel_begin, int64_t panel_end, const struct activations *x,
                         void *scratch)
{
    if (x->rows > TILE) linear_expanded(y, y_stride, w, panel_begin, panel_end, x, scratch);
    else linear_direct(PANEL_F16, y, y_stride, w, panel_begin, panel_end, x);
}

void linear_f32_bf16_avx2(float *y, size_t y_stride, const struct panel_weights *w,
                          int64_t panel_begin, int64_t panel_end, const struct activations *x,
                          void *scratch)
{
    linear_direct(PANEL_BF16, y, y_stride, w, panel_begin, panel_end, x);
}

void linear_f32_quant_avx2(float *y, size_t y_stride, const struct panel_weights *w,
                           int64_t panel_begin, int64_t panel_end, const struct activations *x,
                           void *scratch)
{
    linear_expanded(y, y_stride, w, panel_begin, panel_end, x, scratch);
}
