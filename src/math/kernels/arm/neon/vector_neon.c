/* ARM Advanced SIMD: normalize, gate.
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "math/kernels/arm/arm_vec.h"
#include "math/kernels/arm/neon/neon.h"

void rms_norm_neon(float *y, const float *x, const float *weight, int64_t n, float eps)
{
    float64x2_t a = vdupq_n_f64(0), b = vdupq_n_f64(0);
    int64_t i = 0;
    for (; i + 4 <= n; i += 4) {
        float32x4_t v = vld1q_f32(x + i);
        float64x2_t low = vcvt_f64_f32(vget_low_f32(v)), high = vcvt_high_f64_f32(v);
        a = vfmaq_f64(a, low, low);
        b = vfmaq_f64(b, high, high);
    }
    double sum = vaddvq_f64(vaddq_f64(a, b));
    for (; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    float scale = 1.0f / sqrtf((float)(sum / (double)n) + eps);
    for (i = 0; i + 4 <= n; i += 4)
        vst1q_f32(y + i, vmulq_f32(vmulq_n_f32(vld1q_f32(x + i), scale), vld1q_f32(weight + i)));
    for (; i < n; i++)
        y[i] = x[i] * scale * weight[i];
}

/* e^x within 2 ulp; 0 below -87.33, Inf above 88.72, NaN for NaN. x = n ln 2 + r with
 * |r| <= ln 2 / 2; e^r by a polynomial of degree 7. */
static ALWAYS_INLINE float32x4_t exp_f32(float32x4_t x)
{
    const float32x4_t high = vdupq_n_f32(88.72283f), low = vdupq_n_f32(-87.33f);
    uint32x4_t over = vcgtq_f32(x, high), under = vcltq_f32(x, low);
    float32x4_t c = vmaxq_f32(low, vminq_f32(high, x)); /* these keep a NaN */
    float32x4_t n = vrndnq_f32(vmulq_n_f32(c, 1.44269504f));
    float32x4_t r = vfmsq_f32(c, n, vdupq_n_f32(0x1.62e4p-1f));
    r = vfmsq_f32(r, n, vdupq_n_f32(0x1.7f7d1cp-20f));
    float32x4_t p = vdupq_n_f32(1.9841270e-4f);
    p = vfmaq_f32(vdupq_n_f32(1.3888889e-3f), p, r);
    p = vfmaq_f32(vdupq_n_f32(8.3333333e-3f), p, r);
    p = vfmaq_f32(vdupq_n_f32(4.1666667e-2f), p, r);
    p = vfmaq_f32(vdupq_n_f32(1.6666667e-1f), p, r);
    p = vfmaq_f32(vdupq_n_f32(0.5f), p, r);
    p = vaddq_f32(vfmaq_f32(r, p, vmulq_f32(r, r)), vdupq_n_f32(1.0f));
    /* 2^n in two factors, since n may be 128 */
    int32x4_t whole = vcvtq_s32_f32(n), half = vshrq_n_s32(whole, 1);
    int32x4_t bias = vdupq_n_s32(127), rest = vsubq_s32(whole, half);
    float32x4_t first = vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(half, bias), 23));
    float32x4_t second = vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(rest, bias), 23));
    p = vmulq_f32(vmulq_f32(p, first), second);
    p = vbslq_f32(over, vdupq_n_f32(INFINITY), p);
    return vbslq_f32(under, vdupq_n_f32(0), p);
}

static ALWAYS_INLINE float32x4_t swiglu_f32(float32x4_t gate, float32x4_t up)
{
    float32x4_t e = exp_f32(vnegq_f32(gate));
    return vmulq_f32(vdivq_f32(gate, vaddq_f32(vdupq_n_f32(1.0f), e)), up);
}

void swiglu_neon(float *y, const float *gate, const float *up, int64_t n)
{
    int64_t i = 0;
    for (; i + 4 <= n; i += 4)
        vst1q_f32(y + i, swiglu_f32(vld1q_f32(gate + i), vld1q_f32(up + i)));
    if (i == n) return;
    float g[4] = { 0 }, u[4] = { 0 };
    memcpy(g, gate + i, (size_t)(n - i) * sizeof *g);
    memcpy(u, up + i, (size_t)(n - i) * sizeof *u);
    vst1q_f32(g, swiglu_f32(vld1q_f32(g), vld1q_f32(u)));
    memcpy(y + i, g, (size_t)(n - i) * sizeof *g);
}
