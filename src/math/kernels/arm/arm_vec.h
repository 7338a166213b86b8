/* Helpers of the ARM kernels: half-precision loads, stores with a tail.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MATH_KERNELS_ARM_ARM_VEC_H
#define MATH_KERNELS_ARM_ARM_VEC_H

#include <arm_neon.h>
#include <stdint.h>
#include <string.h>

/* Inner loops are written once with constant arguments and must be specialized for each. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

static ALWAYS_INLINE float32x4_t f16x4(const void *p)
{
    uint16x4_t bits;
    memcpy(&bits, p, sizeof bits);
    return vcvt_f32_f16(vreinterpret_f16_u16(bits));
}

/* The first `width` (1..16) of 16 floats. */
static ALWAYS_INLINE void store_row(float *y, const float32x4_t v[4], int64_t width)
{
    float all[16];
    for (int i = 0; i < 4; i++)
        vst1q_f32(all + 4 * i, v[i]);
    memcpy(y, all, (size_t)(width < 16 ? width : 16) * sizeof *y);
}

#endif
