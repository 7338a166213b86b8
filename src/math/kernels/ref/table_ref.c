/* The table where it starts: plain C in every slot.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/kernels/ref/ref.h"

void kernel_table_init_ref(struct kernel_table *t)
{
    *t = (struct kernel_table){
        .quantize_act = quantize_act_ref,
        .rms_norm = rms_norm_ref,
        .rope_half = rope_half_ref,
        .rope_adjacent = rope_adjacent_ref,
        .swiglu = swiglu_ref,
        .add = add_ref,
        .f16_to_f32 = f16_to_f32_ref,
        .kv_append = { [KV_F16] = kv_append_f16_ref, [KV_F32] = kv_append_f32_ref },
        .attention = { [KV_F16] = attention_f16_ref, [KV_F32] = attention_f32_ref },
    };
    for (int k = 0; k < PANEL_KIND_COUNT; k++) {
        bool floats = k == PANEL_F32 || k == PANEL_F16 || k == PANEL_BF16;
        t->linear_q8[k] = floats ? NULL : linear_q8_ref;
        t->linear_f32[k] = linear_f32_ref;
    }
}
