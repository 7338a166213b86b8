/* The kernels of the ARM Advanced SIMD level. Contracts: kernel_table.h.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MATH_KERNELS_ARM_NEON_NEON_H
#define MATH_KERNELS_ARM_NEON_NEON_H

#include "math/kernels/kernel_table.h"

linear_fn linear_q8_q8_0_neon, linear_q8_q4_0_neon, linear_q8_q4_k_neon;
linear_fn linear_f32_f32_neon, linear_f32_f16_neon, linear_f32_bf16_neon;
rms_norm_fn rms_norm_neon;
swiglu_fn swiglu_neon;

#endif
