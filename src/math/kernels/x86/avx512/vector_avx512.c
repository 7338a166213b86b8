/* Norms, rotations, activations and conversions, 16 floats at a time.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/kernels/x86/avx512/avx512.h"

#include <math.h>

#include "math/kernels/x86/avx512/vec512.h"

/* --- quantization of activations --- */

/* One group: `lo` and `hi` are its two halves. */
static inline void quantize_group(int8_t *q8, float *scale, int32_t *sum, __m512 lo, __m512 hi)
{
    const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
    /* As integers magnitudes order like floats, with Inf and NaN on top. */
    __m512i top = _mm512_max_epi32(_mm512_and_si512(_mm512_castps_si512(lo), magnitude),
                                   _mm512_and_si512(_mm512_castps_si512(hi), magnitude));
    union {
        int32_t i;
        float f;
    } max = { _mm512_reduce_max_epi32(top) };
    __m128i a = _mm_setzero_si128(), b = a;
    *scale = max.f / 127.0f;
    sum[0] = sum[1] = 0;
    if (max.i >= 0x7f800000) {
        *scale = NAN;
    } else if (*scale > 0) {
        __m512 d = _mm512_set1_ps(*scale);
        const __m512i most = _mm512_set1_epi32(127), least = _mm512_set1_epi32(-127);
        __m512i x = _mm512_cvtps_epi32(_mm512_div_ps(lo, d)),
                y = _mm512_cvtps_epi32(_mm512_div_ps(hi, d));
        x = _mm512_max_epi32(_mm512_min_epi32(x, most), least); /* a denormal scale is inexact */
        y = _mm512_max_epi32(_mm512_min_epi32(y, most), least);
        a = _mm512_cvtepi32_epi8(x);
        b = _mm512_cvtepi32_epi8(y);
        sum[0] = _mm512_reduce_add_epi32(x);
        sum[1] = _mm512_reduce_add_epi32(y);
    }
    _mm_storeu_si128((__m128i *)q8, a);
    _mm_storeu_si128((__m128i *)(q8 + 16), b);
}

void quantize_act_avx512(int8_t *q8, float *scale, int32_t *sum, const float *x, size_t stride,
                         int64_t rows, int64_t cols)
{
    for (int64_t r = 0; r < rows; r++, x += stride) {
        for (int64_t k = 0; k < cols; k += ACT_GROUP) {
            __m512 lo = _mm512_maskz_loadu_ps(lanes16(cols - k), x + k);
            __m512 hi = _mm512_maskz_loadu_ps(lanes16(cols - k - 16), x + k + 16);
            quantize_group(q8, scale, sum, lo, hi);
            q8 += ACT_GROUP;
            scale += 1;
            sum += 2;
        }
    }
}

/* --- norm, activation, sums --- */

void rms_norm_avx512(float *y, const float *x, const float *weight, int64_t n, float eps)
{
    __m512 acc[4] = { _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(),
                      _mm512_setzero_ps() };
    int64_t i = 0;
    for (; i + 64 <= n; i += 64) {
        for (int j = 0; j < 4; j++) {
            __m512 v = _mm512_loadu_ps(x + i + 16 * j);
            acc[j] = _mm512_fmadd_ps(v, v, acc[j]);
        }
    }
    for (; i < n; i += 16) {
        __m512 v = _mm512_maskz_loadu_ps(lanes16(n - i), x + i);
        acc[0] = _mm512_fmadd_ps(v, v, acc[0]);
    }
    acc[0] = _mm512_add_ps(_mm512_add_ps(acc[0], acc[1]), _mm512_add_ps(acc[2], acc[3]));
    __m512 inverse = _mm512_set1_ps(1.0f / sqrtf(_mm512_reduce_add_ps(acc[0]) / (float)n + eps));
    for (i = 0; i < n; i += 16) {
        __mmask16 m = lanes16(n - i);
        __m512 v = _mm512_mul_ps(_mm512_maskz_loadu_ps(m, x + i), inverse);
        _mm512_mask_storeu_ps(y + i, m, _mm512_mul_ps(v, _mm512_maskz_loadu_ps(m, weight + i)));
    }
}

void swiglu_avx512(float *y, const float *gate, const float *up, int64_t n)
{
    const __m512 one = _mm512_set1_ps(1.0f);
    for (int64_t i = 0; i < n; i += 16) {
        __mmask16 m = lanes16(n - i);
        __m512 g = _mm512_maskz_loadu_ps(m, gate + i);
        __m512 e = exp512(_mm512_sub_ps(_mm512_setzero_ps(), g));
        __m512 s = _mm512_div_ps(g, _mm512_add_ps(one, e));
        _mm512_mask_storeu_ps(y + i, m, _mm512_mul_ps(s, _mm512_maskz_loadu_ps(m, up + i)));
    }
}

void add_avx512(float *y, const float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i += 16) {
        __mmask16 m = lanes16(n - i);
        __m512 v = _mm512_add_ps(_mm512_maskz_loadu_ps(m, y + i), _mm512_maskz_loadu_ps(m, x + i));
        _mm512_mask_storeu_ps(y + i, m, v);
    }
}

/* --- rotation --- */

void rope_half_avx512(float *x, const float *cos, const float *sin, int64_t rot)
{
    int64_t half = rot / 2;
    for (int64_t i = 0; i < half; i += 16) {
        __mmask16 m = lanes16(half - i);
        __m512 a = _mm512_maskz_loadu_ps(m, x + i), b = _mm512_maskz_loadu_ps(m, x + half + i);
        __m512 c = _mm512_maskz_loadu_ps(m, cos + i), s = _mm512_maskz_loadu_ps(m, sin + i);
        _mm512_mask_storeu_ps(x + i, m, _mm512_fmsub_ps(a, c, _mm512_mul_ps(b, s)));
        _mm512_mask_storeu_ps(x + half + i, m, _mm512_fmadd_ps(a, s, _mm512_mul_ps(b, c)));
    }
}

void rope_adjacent_avx512(float *x, const float *cos, const float *sin, int64_t rot)
{
    const __m512i twice = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    for (int64_t i = 0; i < rot / 2; i += 8) {
        __mmask16 pairs = lanes16(rot - 2 * i), angles = lanes16(rot / 2 - i) & 0xff;
        __m512 v = _mm512_maskz_loadu_ps(pairs, x + 2 * i);
        __m512 c = _mm512_permutexvar_ps(twice, _mm512_maskz_loadu_ps(angles, cos + i));
        __m512 s = _mm512_permutexvar_ps(twice, _mm512_maskz_loadu_ps(angles, sin + i));
        __m512 swapped = _mm512_permute_ps(v, 0xb1);
        v = _mm512_fmaddsub_ps(v, c, _mm512_mul_ps(swapped, s));
        _mm512_mask_storeu_ps(x + 2 * i, pairs, v);
    }
}

/* --- half precision --- */

void f16_to_f32_avx512(float *out, const uint16_t *in, int64_t n)
{
    for (int64_t i = 0; i < n; i += 16) {
        __mmask16 m = lanes16(n - i);
        _mm512_mask_storeu_ps(out + i, m, load_f16_mask(in + i, m));
    }
}

static inline __m256i to_f16(const float *x, __mmask16 m)
{
    return _mm512_cvtps_ph(_mm512_maskz_loadu_ps(m, x),
                           _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

void kv_append_f16_avx512(void *k_block, void *v_block, int slot, const float *k, const float *v,
                          int64_t head_dim_k, int64_t head_dim_v)
{
    uint16_t *k_to = (uint16_t *)k_block + slot, *v_to = (uint16_t *)v_block + slot * head_dim_v;
    for (int64_t i = 0; i < head_dim_k; i += 16) {
        uint16_t half[16];
        int64_t n = head_dim_k - i < 16 ? head_dim_k - i : 16;
        _mm256_storeu_si256((__m256i *)half, to_f16(k + i, lanes16(n)));
        for (int64_t j = 0; j < n; j++)
            k_to[(i + j) * KV_BLOCK_TOKENS] = half[j];
    }
    for (int64_t i = 0; i < head_dim_v; i += 16) {
        __mmask16 m = lanes16(head_dim_v - i);
        _mm256_mask_storeu_epi16(v_to + i, m, to_f16(v + i, m));
    }
}

void kv_append_f32_avx512(void *k_block, void *v_block, int slot, const float *k, const float *v,
                          int64_t head_dim_k, int64_t head_dim_v)
{
    float *k_to = (float *)k_block + slot, *v_to = (float *)v_block + slot * head_dim_v;
    for (int64_t i = 0; i < head_dim_k; i++)
        k_to[i * KV_BLOCK_TOKENS] = k[i];
    for (int64_t i = 0; i < head_dim_v; i += 16) {
        __mmask16 m = lanes16(head_dim_v - i);
        _mm512_mask_storeu_ps(v_to + i, m, _mm512_maskz_loadu_ps(m, v + i));
    }
}
