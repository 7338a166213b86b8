/* Helpers of the AVX2 kernels: sums, stores with a tail, exp.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MATH_KERNELS_X86_AVX2_AVX2_MATH_H
#define MATH_KERNELS_X86_AVX2_AVX2_MATH_H

#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

/* Inner loops are written once with constant arguments (tile height, weight kind) and
 * must be specialized for each. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

static ALWAYS_INLINE float sum_ps(__m256 v)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

static ALWAYS_INLINE float max_ps(__m256 v)
{
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

static ALWAYS_INLINE int32_t sum_epi32(__m256i v)
{
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1)));
}

static ALWAYS_INLINE __m256 f16x8(const void *p)
{
    return _mm256_cvtph_ps(_mm_loadu_si128(p));
}

/* Four bytes of activations in every lane. */
static ALWAYS_INLINE __m256i four_bytes(const int8_t *p)
{
    int32_t v;
    memcpy(&v, p, sizeof v);
    return _mm256_set1_epi32(v);
}

/* The first `width` (1..16) of 16 floats. */
static ALWAYS_INLINE void store_row(float *y, __m256 low, __m256 high, int64_t width)
{
    if (width >= 16) {
        _mm256_storeu_ps(y, low);
        _mm256_storeu_ps(y + 8, high);
    } else {
        float all[16];
        _mm256_storeu_ps(all, low);
        _mm256_storeu_ps(all + 8, high);
        memcpy(y, all, (size_t)width * sizeof *y);
    }
}

/* e^x within 2 ulp; 0 below -87.33 (where the result would be denormal), Inf above 88.72, NaN
 * for NaN. x = n ln 2 + r with |r| <= ln 2 / 2; e^r by a polynomial of degree 7. */
static ALWAYS_INLINE __m256 exp_ps(__m256 x)
{
    const __m256 high = _mm256_set1_ps(88.72283f), low = _mm256_set1_ps(-87.33f);
    __m256 over = _mm256_cmp_ps(x, high, _CMP_GT_OQ), under = _mm256_cmp_ps(x, low, _CMP_LT_OQ);
    /* a NaN stays: min and max return their second operand then */
    __m256 c = _mm256_max_ps(low, _mm256_min_ps(high, x));
    __m256 n = _mm256_round_ps(_mm256_mul_ps(c, _mm256_set1_ps(1.44269504f)),
                               _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0x1.62e4p-1f), c);
    r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0x1.7f7d1cp-20f), r);
    __m256 p = _mm256_set1_ps(1.9841270e-4f);
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.3888889e-3f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(8.3333333e-3f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(4.1666667e-2f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.6666667e-1f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0.5f));
    p = _mm256_fmadd_ps(p, _mm256_mul_ps(r, r), r);
    p = _mm256_add_ps(p, _mm256_set1_ps(1.0f));
    /* 2^n in two factors, since n may be 128 */
    __m256i whole = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(whole, 1);
    __m256i rest = _mm256_sub_epi32(whole, half), bias = _mm256_set1_epi32(127);
    __m256i first = _mm256_slli_epi32(_mm256_add_epi32(half, bias), 23);
    __m256i second = _mm256_slli_epi32(_mm256_add_epi32(rest, bias), 23);
    p = _mm256_mul_ps(_mm256_mul_ps(p, _mm256_castsi256_ps(first)), _mm256_castsi256_ps(second));
    p = _mm256_blendv_ps(p, _mm256_set1_ps(INFINITY), over);
    return _mm256_andnot_ps(under, p);
}

#endif
