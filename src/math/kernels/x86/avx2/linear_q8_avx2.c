/* AVX2: linear layers on int8 activations, from panels of Q8_0, Q4_0, Q4_K and Q6_K.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A vector holds 4 consecutive k of 8 rows; four activations are broadcast, vpmaddubsw multiplies
 * (unsigned weights, signed activations) and adds pairs. Its 16-bit sums saturate, so how many may
 * be added before widening depends on the weights: 4-bit ones 8 steps (15 * 127 * 16 = 30480),
 * 6-bit ones 2 (63 * 127 * 4 = 32004), 8-bit ones none, as |w| <= 128 with the sign moved to the
 * activation (128 * 127 * 2 = 32512). A tile is one panel times up to four tokens, so a panel is
 * read from memory once and from L1 or L2 for the later tiles. */
#include "math/kernels/x86/avx2/avx2.h"
#include "math/kernels/x86/avx2/avx2_math.h"

#define TILE           4
#define PREFETCH_BYTES 8192

/* Activations of one tile at the current group. */
struct tile {
    const int8_t *q[TILE];
    const float *scale[TILE];
    const int32_t *sum[TILE];
};

static ALWAYS_INLINE void prefetch(const uint8_t *p, int bytes)
{
    for (int i = 0; i < bytes; i += 64)
        _mm_prefetch((const char *)p + PREFETCH_BYTES + i, _MM_HINT_T0);
}

static ALWAYS_INLINE __m256i load(const uint8_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* Adjacent 16-bit sums added to 32 bits. */
static ALWAYS_INLINE __m256i widened(__m256i sums)
{
    return _mm256_madd_epi16(sums, _mm256_set1_epi16(1));
}

static ALWAYS_INLINE void group_q8_0(__m256 acc[TILE][2], int tokens, const uint8_t *p,
                                     const struct tile *x, int64_t g)
{
    __m256i sum[TILE][2];
    for (int t = 0; t < tokens; t++)
        sum[t][0] = sum[t][1] = _mm256_setzero_si256();
#pragma GCC unroll 8
    for (int step = 0; step < 8; step++) {
        __m256i w0 = load(p + 32 + 64 * step), w1 = load(p + 64 + 64 * step);
        __m256i size0 = _mm256_abs_epi8(w0), size1 = _mm256_abs_epi8(w1);
#pragma GCC unroll 4
        for (int t = 0; t < tokens; t++) {
            __m256i a = four_bytes(x->q[t] + 32 * g + 4 * step);
            __m256i p0 = _mm256_maddubs_epi16(size0, _mm256_sign_epi8(a, w0));
            __m256i p1 = _mm256_maddubs_epi16(size1, _mm256_sign_epi8(a, w1));
            sum[t][0] = _mm256_add_epi32(sum[t][0], widened(p0));
            sum[t][1] = _mm256_add_epi32(sum[t][1], widened(p1));
        }
    }
    __m256 s0 = f16x8(p), s1 = f16x8(p + 16);
#pragma GCC unroll 4
    for (int t = 0; t < tokens; t++) {
        __m256 xs = _mm256_set1_ps(x->scale[t][g]);
        acc[t][0] =
            _mm256_fmadd_ps(_mm256_mul_ps(s0, xs), _mm256_cvtepi32_ps(sum[t][0]), acc[t][0]);
        acc[t][1] =
            _mm256_fmadd_ps(_mm256_mul_ps(s1, xs), _mm256_cvtepi32_ps(sum[t][1]), acc[t][1]);
    }
}

/* Sums of 32 nibble products per row, of 16 rows and `tokens` tokens. */
static ALWAYS_INLINE void nibble_sums(__m256i sum[TILE][2], int tokens, const uint8_t *p,
                                      const struct tile *x, int64_t g)
{
    const __m256i low = _mm256_set1_epi8(15);
    for (int t = 0; t < tokens; t++)
        sum[t][0] = sum[t][1] = _mm256_setzero_si256();
#pragma GCC unroll 4
    for (int step = 0; step < 4; step++) {
        __m256i b0 = load(p + 64 * step), b1 = load(p + 64 * step + 32);
        __m256i l0 = _mm256_and_si256(b0, low),
                h0 = _mm256_and_si256(_mm256_srli_epi16(b0, 4), low);
        __m256i l1 = _mm256_and_si256(b1, low),
                h1 = _mm256_and_si256(_mm256_srli_epi16(b1, 4), low);
#pragma GCC unroll 4
        for (int t = 0; t < tokens; t++) {
            __m256i a = four_bytes(x->q[t] + 32 * g + 8 * step);
            __m256i b = four_bytes(x->q[t] + 32 * g + 8 * step + 4);
            sum[t][0] = _mm256_add_epi16(sum[t][0], _mm256_maddubs_epi16(l0, a));
            sum[t][1] = _mm256_add_epi16(sum[t][1], _mm256_maddubs_epi16(l1, a));
            sum[t][0] = _mm256_add_epi16(sum[t][0], _mm256_maddubs_epi16(h0, b));
            sum[t][1] = _mm256_add_epi16(sum[t][1], _mm256_maddubs_epi16(h1, b));
        }
    }
    for (int t = 0; t < tokens; t++) {
        sum[t][0] = widened(sum[t][0]);
        sum[t][1] = widened(sum[t][1]);
    }
}

static ALWAYS_INLINE void group_q4_0(__m256 acc[TILE][2], int tokens, const uint8_t *p,
                                     const struct tile *x, int64_t g)
{
    __m256i sum[TILE][2];
    nibble_sums(sum, tokens, p + 32, x, g);
    __m256 s0 = f16x8(p), s1 = f16x8(p + 16);
#pragma GCC unroll 4
    for (int t = 0; t < tokens; t++) {
        __m256 xs = _mm256_set1_ps(x->scale[t][g]);
        __m256i eight = _mm256_set1_epi32(8 * (x->sum[t][2 * g] + x->sum[t][2 * g + 1]));
        __m256 n0 = _mm256_cvtepi32_ps(_mm256_sub_epi32(sum[t][0], eight));
        __m256 n1 = _mm256_cvtepi32_ps(_mm256_sub_epi32(sum[t][1], eight));
        acc[t][0] = _mm256_fmadd_ps(_mm256_mul_ps(s0, xs), n0, acc[t][0]);
        acc[t][1] = _mm256_fmadd_ps(_mm256_mul_ps(s1, xs), n1, acc[t][1]);
    }
}

static ALWAYS_INLINE __m256 bytes_ps(const uint8_t *p)
{
    return _mm256_cvtepi32_ps(
        _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p)));
}

static ALWAYS_INLINE __m256 signed_bytes_ps(const uint8_t *p)
{
    return _mm256_cvtepi32_ps(
        _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p)));
}

/* Group g of the row; its place in the superblock is g % 8. */
static ALWAYS_INLINE void group_q4_k(__m256 acc[TILE][2], int tokens, const uint8_t *p,
                                     const struct tile *x, int64_t g)
{
    int j = (int)(g % 8);
    const uint8_t *scale = p + 64 + 16 * j, *min = p + 192 + 16 * j;
    __m256i sum[TILE][2];
    nibble_sums(sum, tokens, p + 320 + 256 * j, x, g);
    __m256 s0 = _mm256_mul_ps(f16x8(p), bytes_ps(scale));
    __m256 s1 = _mm256_mul_ps(f16x8(p + 16), bytes_ps(scale + 8));
    __m256 m0 = _mm256_mul_ps(f16x8(p + 32), bytes_ps(min));
    __m256 m1 = _mm256_mul_ps(f16x8(p + 48), bytes_ps(min + 8));
#pragma GCC unroll 4
    for (int t = 0; t < tokens; t++) {
        __m256 xs = _mm256_set1_ps(x->scale[t][g]);
        __m256 total = _mm256_set1_ps((float)(x->sum[t][2 * g] + x->sum[t][2 * g + 1]));
        __m256 v0 = _mm256_fnmadd_ps(m0, total, _mm256_mul_ps(s0, _mm256_cvtepi32_ps(sum[t][0])));
        __m256 v1 = _mm256_fnmadd_ps(m1, total, _mm256_mul_ps(s1, _mm256_cvtepi32_ps(sum[t][1])));
        acc[t][0] = _mm256_fmadd_ps(v0, xs, acc[t][0]);
        acc[t][1] = _mm256_fmadd_ps(v1, xs, acc[t][1]);
    }
}

/* 16 k of 8 rows: weights 0..63 of four steps from two vectors of nibbles and one of high bits. */
static ALWAYS_INLINE void six_bits(__m256i w[4], const uint8_t *low, const uint8_t *high)
{
    const __m256i four = _mm256_set1_epi8(15), two = _mm256_set1_epi8(48);
    __m256i a = load(low), b = load(low + 64), h = load(high);
    w[0] =
        _mm256_or_si256(_mm256_and_si256(a, four), _mm256_and_si256(_mm256_slli_epi16(h, 4), two));
    w[1] = _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(a, 4), four),
                           _mm256_and_si256(_mm256_slli_epi16(h, 2), two));
    w[2] = _mm256_or_si256(_mm256_and_si256(b, four), _mm256_and_si256(h, two));
    w[3] = _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(b, 4), four),
                           _mm256_and_si256(_mm256_srli_epi16(h, 2), two));
}

static ALWAYS_INLINE __m256i six_bit_sum(const __m256i w[4], const int8_t *q)
{
    __m256i a = _mm256_add_epi16(_mm256_maddubs_epi16(w[0], four_bytes(q)),
                                 _mm256_maddubs_epi16(w[1], four_bytes(q + 4)));
    __m256i b = _mm256_add_epi16(_mm256_maddubs_epi16(w[2], four_bytes(q + 8)),
                                 _mm256_maddubs_epi16(w[3], four_bytes(q + 12)));
    return _mm256_add_epi32(widened(a), widened(b));
}

static ALWAYS_INLINE void group_q6_k(__m256 acc[TILE][2], int tokens, const uint8_t *p,
                                     const struct tile *x, int64_t g)
{
    int j = (int)(g % 8);
    const uint8_t *low = p + 288 + 384 * j, *high = low + 256;
#pragma GCC unroll 4
    for (int part = 0; part < 4; part++) { /* half of the group, half of the rows */
        int k = part / 2, r = part % 2;
        __m256i w[4];
        six_bits(w, low + 128 * k + 32 * r, high + 64 * k + 32 * r);
        __m256 s =
            _mm256_mul_ps(f16x8(p + 16 * r), signed_bytes_ps(p + 32 + 16 * (2 * j + k) + 8 * r));
#pragma GCC unroll 4
        for (int t = 0; t < tokens; t++) {
            __m256i sum = six_bit_sum(w, x->q[t] + 32 * g + 16 * k);
            sum = _mm256_sub_epi32(sum, _mm256_set1_epi32(32 * x->sum[t][2 * g + k]));
            __m256 v = _mm256_mul_ps(s, _mm256_set1_ps(x->scale[t][g]));
            acc[t][r] = _mm256_fmadd_ps(v, _mm256_cvtepi32_ps(sum), acc[t][r]);
        }
    }
}

/* y[token .. token+tokens-1] of one panel; kind and tokens are constants. */
static ALWAYS_INLINE void tile_times(enum panel_kind kind, int tokens, float *y, size_t y_stride,
                                     int64_t width, const uint8_t *p, const struct activations *x,
                                     int64_t token)
{
    struct tile t;
    __m256 acc[TILE][2];
    for (int i = 0; i < tokens; i++) {
        t.q[i] = x->q8 + (token + i) * x->groups * ACT_GROUP;
        t.scale[i] = x->scale + (token + i) * x->groups;
        t.sum[i] = x->sum + (token + i) * x->groups * 2;
        acc[i][0] = acc[i][1] = _mm256_setzero_ps();
    }
    for (int64_t g = 0; g < x->groups; g++) {
        if (kind == PANEL_Q8_0) {
            prefetch(p, PANEL_Q8_0_BYTES);
            group_q8_0(acc, tokens, p, &t, g);
            p += PANEL_Q8_0_BYTES;
        } else if (kind == PANEL_Q4_0) {
            prefetch(p, PANEL_Q4_0_BYTES);
            group_q4_0(acc, tokens, p, &t, g);
            p += PANEL_Q4_0_BYTES;
        } else if (kind == PANEL_Q4_K) {
            prefetch(p + g % 8 * (PANEL_Q4_K_BYTES / 8), PANEL_Q4_K_BYTES / 8);
            group_q4_k(acc, tokens, p, &t, g);
            if (g % 8 == 7) p += PANEL_Q4_K_BYTES;
        } else {
            prefetch(p + g % 8 * (PANEL_Q6_K_BYTES / 8), PANEL_Q6_K_BYTES / 8);
            group_q6_k(acc, tokens, p, &t, g);
            if (g % 8 == 7) p += PANEL_Q6_K_BYTES;
        }
    }
    for (int i = 0; i < tokens; i++)
        store_row(y + (size_t)(token + i) * y_stride, acc[i][0], acc[i][1], width);
}

static ALWAYS_INLINE void linear_q8(enum panel_kind kind, float *y, size_t y_stride,
                                    const struct panel_weights *w, int64_t panel_begin,
                                    int64_t panel_end, const struct activations *x)
{
    for (int64_t n = panel_begin; n < panel_end; n++, y += PANEL_ROWS) {
        const uint8_t *p = w->data + (size_t)n * w->panel_bytes;
        int64_t width = w->rows - n * PANEL_ROWS, t = 0;
        if (width > PANEL_ROWS) width = PANEL_ROWS;
        for (; t + 4 <= x->rows; t += 4)
            tile_times(kind, 4, y, y_stride, width, p, x, t);
        switch (x->rows - t) {
        case 3: tile_times(kind, 3, y, y_stride, width, p, x, t); break;
        case 2: tile_times(kind, 2, y, y_stride, width, p, x, t); break;
        case 1: tile_times(kind, 1, y, y_stride, width, p, x, t); break;
        default: break;
        }
    }
}

void linear_q8_q8_0_avx2(float *y, size_t y_stride, const struct panel_weights *w,
                         int64_t panel_begin, int64_t panel_end, const struct activations *x,
                         void *scratch)
{
    linear_q8(PANEL_Q8_0, y, y_stride, w, panel_begin, panel_end, x);
}

void linear_q8_q4_0_avx2(float *y, size_t y_stride, const struct panel_weights *w,
                         int64_t panel_begin, int64_t panel_end, const struct activations *x,
                         void *scratch)
{
    linear_q8(PANEL_Q4_0, y, y_stride, w, panel_begin, panel_end, x);
}

void linear_q8_q4_k_avx2(float *y, size_t y_stride, const struct panel_weights *w,
                         int64_t panel_begin, int64_t panel_end, const struct activations *x,
                         void *scratch)
{
    linear_q8(PANEL_Q4_K, y, y_stride, w, panel_begin, panel_end, x);
}

void linear_q8_q6_k_avx2(float *y, size_t y_stride, const struct panel_weights *w,
                         int64_t panel_begin, int64_t panel_end, const struct activations *x,
                         void *scratch)
{
    linear_q8(PANEL_Q6_K, y, y_stride, w, panel_begin, panel_end, x);
}
