/* What SDOT does better than plain Advanced SIMD.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/kernels/arm/dotprod/dotprod.h"
#include "math/kernels/arm/table_arm.h"

void kernel_table_fill_dotprod(struct kernel_table *t)
{
    t->linear_q8[PANEL_Q8_0] = linear_q8_q8_0_dotprod;
    t->linear_q8[PANEL_Q4_0] = linear_q8_q4_0_dotprod;
    t->linear_q8[PANEL_Q4_K] = linear_q8_q4_k_dotprod;
}
