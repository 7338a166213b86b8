/* ARM with SDOT: linear layers on int8 activations.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/kernels/arm/dotprod/dotprod.h"

#include <arm_neon.h>

static inline int32x4_t dot_four(int32x4_t sum, int8x16_t w, int8x16_t a)
{
    return vdotq_s32(sum, w, a);
}

#define LEVEL(name) name##_dotprod
#include "math/kernels/arm/linear_q8_arm.h"
