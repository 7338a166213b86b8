/* What AVX2, FMA and F16C do better than plain C.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/kernels/x86/avx2/avx2.h"
#include "math/kernels/x86/table_x86.h"

void kernel_table_fill_avx2(struct kernel_table *t)
{
    t->linear_q8[PANEL_Q8_0] = linear_q8_q8_0_avx2;
    t->linear_q8[PANEL_Q4_0] = linear_q8_q4_0_avx2;
    t->linear_q8[PANEL_Q4_K] = linear_q8_q4_k_avx2;
    t->linear_q8[PANEL_Q6_K] = linear_q8_q6_k_avx2;
    t->linear_q8[PANEL_BLOCKS] = linear_q8_blocks_avx2;
    t->linear_f32[PANEL_F32] = linear_f32_f32_avx2;
    t->linear_f32[PANEL_F16] = linear_f32_f16_avx2;
    t->linear_f32[PANEL_BF16] = linear_f32_bf16_avx2;
    t->linear_f32[PANEL_Q8_0] = linear_f32_quant_avx2;
    t->linear_f32[PANEL_Q4_0] = linear_f32_quant_avx2;
    t->linear_f32[PANEL_Q4_K] = linear_f32_quant_avx2;
    t->linear_f32[PANEL_Q6_K] = linear_f32_quant_avx2;
    t->linear_f32[PANEL_BLOCKS] = linear_f32_blocks_avx2;
    t->quantize_act = quantize_act_avx2;
    t->rms_norm = rms_norm_avx2;
    t->rope_half = rope_half_avx2;
    t->rope_adjacent = rope_adjacent_avx2;
    t->swiglu = swiglu_avx2;
    t->add = add_avx2;
    t->f16_to_f32 = f16_to_f32_avx2;
    t->kv_append[KV_F16] = kv_append_f16_avx2;
    t->attention[KV_F16] = attention_f16_avx2;
    t->attention[KV_F32] = attention_f32_avx2;
}
