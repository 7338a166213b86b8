/* The kernels of the AVX2 level. Contracts: kernel_table.h.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MATH_KERNELS_X86_AVX2_AVX2_H
#define MATH_KERNELS_X86_AVX2_AVX2_H

#include "math/kernels/kernel_table.h"

linear_fn linear_q8_q8_0_avx2, linear_q8_q4_0_avx2, linear_q8_q4_k_avx2, linear_q8_q6_k_avx2;
linear_fn linear_q8_blocks_avx2;
linear_fn linear_f32_f32_avx2, linear_f32_f16_avx2, linear_f32_bf16_avx2;
linear_fn linear_f32_quant_avx2; /* every quantized panel kind */
linear_fn linear_f32_blocks_avx2;
quantize_act_fn quantize_act_avx2;
rms_norm_fn rms_norm_avx2;
rope_fn rope_half_avx2, rope_adjacent_avx2;
swiglu_fn swiglu_avx2;
add_fn add_avx2;
f16_to_f32_fn f16_to_f32_avx2;
kv_append_fn kv_append_f16_avx2;
attention_fn attention_f16_avx2, attention_f32_avx2;

#endif
