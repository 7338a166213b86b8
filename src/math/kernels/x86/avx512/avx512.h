/* Kernels that need AVX-512 F, BW, DQ and VL; contracts in math/kernels/kernel_table.h.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MATH_KERNELS_X86_AVX512_AVX512_H
#define MATH_KERNELS_X86_AVX512_AVX512_H

#include "math/kernels/kernel_table.h"

quantize_act_fn quantize_act_avx512;
rms_norm_fn rms_norm_avx512;
rope_fn rope_half_avx512, rope_adjacent_avx512;
swiglu_fn swiglu_avx512;
add_fn add_avx512;
f16_to_f32_fn f16_to_f32_avx512;
kv_append_fn kv_append_f16_avx512, kv_append_f32_avx512;
attention_fn attention_f16_avx512, attention_f32_avx512;

/* Any panel kind: weights are expanded to float, activations stay float. */
linear_fn linear_f32_avx512;

linear_fn linear_q8_0_avx512, linear_q4_0_avx512, linear_q4_k_avx512, linear_q6_k_avx512;
/* File blocks; types without an integer form run through linear_f32_avx512. */
linear_fn linear_blocks_avx512;

#endif
