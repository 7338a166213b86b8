/* AVX2: quantize, normalize, rotate, gate, add, convert.
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>

#include "math/kernels/x86/avx2/avx2.h"
#include "math/kernels/x86/avx2/avx2_math.h"

static ALWAYS_INLINE __m256 abs_ps(__m256 v)
{
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), v);
}

/* 8 values as whole numbers -127..127; the division is the contract's, not a reciprocal. */
static ALWAYS_INLINE __m256i quantized(__m256 v, __m256 scale)
{
    const __m256 limit = _mm256_set1_ps(127.0f);
    v = _mm256_min_ps(limit, _mm256_div_ps(v, scale));
    return _mm256_cvtps_epi32(_mm256_max_ps(_mm256_sub_ps(_mm256_setzero_ps(), limit), v));
}

static void quantize_group(int8_t *q, float *scale, int32_t sum[2], const float *x)
{
    const __m256 largest_float = _mm256_set1_ps(FLT_MAX);
    __m256 v[4], largest = _mm256_setzero_ps(), finite = _mm256_castsi256_ps(_mm256_set1_epi32(-1));
    __m256i n[4];
    for (int i = 0; i < 4; i++) {
        v[i] = _mm256_loadu_ps(x + 8 * i);
        largest = _mm256_max_ps(largest, abs_ps(v[i]));
        finite = _mm256_and_ps(finite, _mm256_cmp_ps(abs_ps(v[i]), largest_float, _CMP_LE_OQ));
    }
    float s = max_ps(largest) / 127.0f;
    bool all_finite = _mm256_movemask_ps(finite) == 0xff;
    *scale = all_finite ? s : NAN;
    if (!all_finite || !(s > 0)) {
        memset(q, 0, ACT_GROUP);
        sum[0] = sum[1] = 0;
        return;
    }
    for (int i = 0; i < 4; i++)
        n[i] = quantized(v[i], _mm256_set1_ps(s));
    sum[0] = sum_epi32(_mm256_add_epi32(n[0], n[1]));
    sum[1] = sum_epi32(_mm256_add_epi32(n[2], n[3]));
    __m256i bytes =
        _mm256_packs_epi16(_mm256_packs_epi32(n[0], n[1]), _mm256_packs_epi32(n[2], n[3]));
    bytes = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    _mm256_storeu_si256((__m256i *)(void *)q, bytes);
}

void quantize_act_avx2(int8_t *q8, float *scale, int32_t *sum, const float *x, size_t stride,
                       int64_t rows, int64_t cols)
{
    int64_t groups = (cols + ACT_GROUP - 1) / ACT_GROUP;
    for (int64_t r = 0; r < rows; r++, x += stride) {
        for (int64_t g = 0; g < groups; g++, q8 += ACT_GROUP, scale++, sum += 2) {
            int64_t left = cols - g * ACT_GROUP;
            float padded[ACT_GROUP] = { 0 };
            if (left < ACT_GROUP) memcpy(padded, x + g * ACT_GROUP, (size_t)left * sizeof *x);
            quantize_group(q8, scale, sum, left < ACT_GROUP ? padded : x + g * ACT_GROUP);
        }
    }
}

static ALWAYS_INLINE __m256d square_add(__m256d sum, __m128 v)
{
    __m256d d = _mm256_cvtps_pd(v);
    return _mm256_fmadd_pd(d, d, sum);
}

void rms_norm_avx2(float *y, const float *x, const float *weight, int64_t n, float eps)
{
    __m256d a = _mm256_setzero_pd(), b = _mm256_setzero_pd();
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        a = square_add(a, _mm_loadu_ps(x + i));
        b = square_add(b, _mm_loadu_ps(x + i + 4));
    }
    double parts[4], sum = 0;
    _mm256_storeu_pd(parts, _mm256_add_pd(a, b));
    for (int64_t k = i; k < n; k++)
        sum += (double)x[k] * (double)x[k];
    sum += parts[0] + parts[1] + parts[2] + parts[3];
    float scale = 1.0f / sqrtf((float)(sum / (double)n) + eps);
    __m256 s = _mm256_set1_ps(scale);
    for (i = 0; i + 8 <= n; i += 8)
        _mm256_storeu_ps(y + i, _mm256_mul_ps(_mm256_mul_ps(_mm256_loadu_ps(x + i), s),
                                              _mm256_loadu_ps(weight + i)));
    for (; i < n; i++)
        y[i] = x[i] * scale * weight[i];
}

static ALWAYS_INLINE void rotate(float *a, float *b, float cosine, float sine)
{
    float x = *a, y = *b;
    *a = x * cosine - y * sine;
    *b = y * cosine + x * sine;
}

void rope_half_avx2(float *x, const float *cos, const float *sin, int64_t rot)
{
    int64_t half = rot / 2, i = 0;
    for (; i + 8 <= half; i += 8) {
        __m256 a = _mm256_loadu_ps(x + i), b = _mm256_loadu_ps(x + half + i);
        __m256 c = _mm256_loadu_ps(cos + i), s = _mm256_loadu_ps(sin + i);
        _mm256_storeu_ps(x + i, _mm256_sub_ps(_mm256_mul_ps(a, c), _mm256_mul_ps(b, s)));
        _mm256_storeu_ps(x + half + i, _mm256_add_ps(_mm256_mul_ps(b, c), _mm256_mul_ps(a, s)));
    }
    for (; i < half; i++)
        rotate(&x[i], &x[half + i], cos[i], sin[i]);
}

/* Four values, each twice: 0 0 1 1 2 2 3 3. */
static ALWAYS_INLINE __m256 doubled(const float *p)
{
    __m256 v = _mm256_castps128_ps256(_mm_loadu_ps(p));
    return _mm256_permutevar8x32_ps(v, _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3));
}

void rope_adjacent_avx2(float *x, const float *cos, const float *sin, int64_t rot)
{
    int64_t i = 0;
    for (; i + 4 <= rot / 2; i += 4) {
        __m256 v = _mm256_loadu_ps(x + 2 * i), swapped = _mm256_permute_ps(v, 0xb1);
        v = _mm256_addsub_ps(_mm256_mul_ps(v, doubled(cos + i)),
                             _mm256_mul_ps(swapped, doubled(sin + i)));
        _mm256_storeu_ps(x + 2 * i, v);
    }
    for (; i < rot / 2; i++)
        rotate(&x[2 * i], &x[2 * i + 1], cos[i], sin[i]);
}

static ALWAYS_INLINE __m256 swiglu_ps(__m256 gate, __m256 up)
{
    __m256 e = exp_ps(_mm256_sub_ps(_mm256_setzero_ps(), gate));
    return _mm256_mul_ps(_mm256_div_ps(gate, _mm256_add_ps(_mm256_set1_ps(1.0f), e)), up);
}

void swiglu_avx2(float *y, const float *gate, const float *up, int64_t n)
{
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(y + i, swiglu_ps(_mm256_loadu_ps(gate + i), _mm256_loadu_ps(up + i)));
    if (i == n) return;
    float g[8] = { 0 }, u[8] = { 0 };
    memcpy(g, gate + i, (size_t)(n - i) * sizeof *g);
    memcpy(u, up + i, (size_t)(n - i) * sizeof *u);
    _mm256_storeu_ps(g, swiglu_ps(_mm256_loadu_ps(g), _mm256_loadu_ps(u)));
    memcpy(y + i, g, (size_t)(n - i) * sizeof *g);
}

void add_avx2(float *y, const float *x, int64_t n)
{
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(y + i, _mm256_add_ps(_mm256_loadu_ps(y + i), _mm256_loadu_ps(x + i)));
    for (; i < n; i++)
        y[i] += x[i];
}

void f16_to_f32_avx2(float *out, const uint16_t *in, int64_t n)
{
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(out + i, f16x8(in + i));
    for (; i < n; i++)
        out[i] = _cvtsh_ss(in[i]);
}

void kv_append_f16_avx2(void *k_block, void *v_block, int slot, const float *k, const float *v,
                        int64_t head_dim_k, int64_t head_dim_v)
{
    uint16_t *keys = (uint16_t *)k_block + slot, *values = (uint16_t *)v_block + slot * head_dim_v;
    for (int64_t d = 0; d < head_dim_k; d++)
        keys[d * KV_BLOCK_TOKENS] = _cvtss_sh(k[d], _MM_FROUND_TO_NEAREST_INT);
    int64_t d = 0;
    for (; d + 8 <= head_dim_v; d += 8)
        _mm_storeu_si128((__m128i *)(void *)(values + d),
                         _mm256_cvtps_ph(_mm256_loadu_ps(v + d), _MM_FROUND_TO_NEAREST_INT));
    for (; d < head_dim_v; d++)
        values[d] = _cvtss_sh(v[d], _MM_FROUND_TO_NEAREST_INT);
}
