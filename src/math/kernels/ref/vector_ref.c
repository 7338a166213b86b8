/* Reference kernels on vectors: quantize, normalize, rotate, gate, add, convert.
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "math/kernels/ref/ref.h"
#include "math/quants/quant.h"

/* One group of up to 32 values; the rest are zeros. */
static void quantize_group(int8_t *q, float *scale, int32_t sum[2], const float *x, int64_t count)
{
    float largest = 0;
    bool finite = true;
    for (int64_t i = 0; i < count; i++) {
        finite = finite && isfinite(x[i]);
        if (fabsf(x[i]) > largest) largest = fabsf(x[i]);
    }
    float s = largest / 127.0f;
    *scale = finite ? s : NAN;
    sum[0] = sum[1] = 0;
    for (int64_t i = 0; i < ACT_GROUP; i++) {
        float v = finite && s > 0 && i < count ? rintf(x[i] / s) : 0;
        if (v > 127) v = 127; /* where the scale is denormal, and so inexact */
        if (v < -127) v = -127;
        q[i] = (int8_t)v;
        sum[i / 16] += q[i];
    }
}

void quantize_act_ref(int8_t *q8, float *scale, int32_t *sum, const float *x, size_t stride,
                      int64_t rows, int64_t cols)
{
    int64_t groups = (cols + ACT_GROUP - 1) / ACT_GROUP;
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t g = 0; g < groups; g++) {
            int64_t at = r * groups + g, left = cols - g * ACT_GROUP;
            quantize_group(q8 + at * ACT_GROUP, scale + at, sum + 2 * at,
                           x + (size_t)r * stride + g * ACT_GROUP,
                           left < ACT_GROUP ? left : ACT_GROUP);
        }
    }
}

void rms_norm_ref(float *y, const float *x, const float *weight, int64_t n, float eps)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    float scale = 1.0f / sqrtf((float)(sum / (double)n) + eps);
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] * scale * weight[i];
}

static void rotate(float *a, float *b, float cosine, float sine)
{
    float x = *a, y = *b;
    *a = x * cosine - y * sine;
    *b = y * cosine + x * sine;
}

void rope_half_ref(float *x, const float *cos, const float *sin, int64_t rot)
{
    for (int64_t i = 0; i < rot / 2; i++)
        rotate(&x[i], &x[i + rot / 2], cos[i], sin[i]);
}

void rope_adjacent_ref(float *x, const float *cos, const float *sin, int64_t rot)
{
    for (int64_t i = 0; i < rot / 2; i++)
        rotate(&x[2 * i], &x[2 * i + 1], cos[i], sin[i]);
}

void swiglu_ref(float *y, const float *gate, const float *up, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = gate[i] / (1.0f + expf(-gate[i])) * up[i];
}

void add_ref(float *y, const float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] += x[i];
}

void f16_to_f32_ref(float *out, const uint16_t *in, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = fp16_to_f32(in[i]);
}
