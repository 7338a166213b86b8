/* ARM Advanced SIMD: linear layers on int8 activations, without dot-product instructions.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/kernels/arm/neon/neon.h"

#include <arm_neon.h>

/* A pair of products is at most 2 * 128 * 127 = 32512, and so fits 16 bits. */
static inline int32x4_t dot_four(int32x4_t sum, int8x16_t w, int8x16_t a)
{
    int16x8_t low = vmull_s8(vget_low_s8(w), vget_low_s8(a));
    int16x8_t high = vmull_high_s8(w, a);
    return vpadalq_s16(sum, vpaddq_s16(low, high));
}

#define LEVEL(name) name##_neon
#include "math/kernels/arm/linear_q8_arm.h"
