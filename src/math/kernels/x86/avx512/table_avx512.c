/* The rung of AVX-512 F, BW, DQ and VL.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/kernels/x86/avx512/avx512.h"
#include "math/kernels/x86/table_x86.h"

void kernel_table_fill_avx512(struct kernel_table *t)
{
    for (int kind = 0; kind < PANEL_KIND_COUNT; kind++)
        t->linear_f32[kind] = linear_f32_avx512;
    t->linear_q8[PANEL_Q8_0] = linear_q8_0_avx512;
    t->linear_q8[PANEL_Q4_0] = linear_q4_0_avx512;
    t->linear_q8[PANEL_Q4_K] = linear_q4_k_avx512;
    t->linear_q8[PANEL_Q6_K] = linear_q6_k_avx512;
    t->linear_q8[PANEL_BLOCKS] = linear_blocks_avx512;
    t->quantize_act = quantize_act_avx512;
    t->rms_norm = rms_norm_avx512;
    t->rope_half = rope_half_avx512;
    t->rope_adjacent = rope_adjacent_avx512;
    t->swiglu = swiglu_avx512;
    t->add = add_avx512;
    t->f16_to_f32 = f16_to_f32_avx512;
    t->kv_append[KV_F16] = kv_append_f16_avx512;
    t->kv_append[KV_F32] = kv_append_f32_avx512;
    t->attention[KV_F16] = attention_f16_avx512;
    t->attention[KV_F32] = attention_f32_avx512;
}
