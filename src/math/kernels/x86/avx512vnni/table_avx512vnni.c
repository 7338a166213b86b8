/* The rung of AVX-512 VNNI: int8 linear layers.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/kernels/x86/avx512vnni/avx512vnni.h"
#include "math/kernels/x86/table_x86.h"

void kernel_table_fill_avx512vnni(struct kernel_table *t)
{
    t->linear_q8[PANEL_Q8_0] = linear_q8_0_vnni;
    t->linear_q8[PANEL_Q4_0] = linear_q4_0_vnni;
    t->linear_q8[PANEL_Q4_K] = linear_q4_k_vnni;
    t->linear_q8[PANEL_Q6_K] = linear_q6_k_vnni;
    t->linear_q8[PANEL_BLOCKS] = linear_blocks_vnni;
}
