/* What Advanced SIMD does better than plain C.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/kernels/arm/neon/neon.h"
#include "math/kernels/arm/table_arm.h"

void kernel_table_fill_neon(struct kernel_table *t)
{
    t->linear_q8[PANEL_Q8_0] = linear_q8_q8_0_neon;
    t->linear_q8[PANEL_Q4_0] = linear_q8_q4_0_neon;
    t->linear_q8[PANEL_Q4_K] = linear_q8_q4_k_neon;
    t->linear_f32[PANEL_F32] = linear_f32_f32_neon;
    t->linear_f32[PANEL_F16] = linear_f32_f16_neon;
    t->linear_f32[PANEL_BF16] = linear_f32_bf16_neon;
    t->rms_norm = rms_norm_neon;
    t->swiglu = swiglu_neon;
}
