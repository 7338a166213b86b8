/* The reference kernels, which define every slot's answer. Contracts: kernel_table.h.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MATH_KERNELS_REF_REF_H
#define MATH_KERNELS_REF_REF_H

#include "math/kernels/kernel_table.h"

/* Both serve every panel kind; the q8 form reads floats where the weights have no integer form. */
linear_fn linear_q8_ref, linear_f32_ref;
quantize_act_fn quantize_act_ref;
rms_norm_fn rms_norm_ref;
rope_fn rope_half_ref, rope_adjacent_ref;
swiglu_fn swiglu_ref;
add_fn add_ref;
f16_to_f32_fn f16_to_f32_ref;
kv_append_fn kv_append_f16_ref, kv_append_f32_ref;
attention_fn attention_f16_ref, attention_f32_ref;

#endif
