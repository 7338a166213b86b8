/* The AArch64 ladder: which level fills which slots.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/kernels/arm/table_arm.h"

#define HAS(level) (set >> CPU_ARM_##level & 1)

/* From the lowest level up; a later rung overwrites an earlier one. */
void kernel_table_init_arm(struct kernel_table *t, cpu_set set)
{
    if (HAS(NEON)) kernel_table_fill_neon(t);
    if (HAS(DOTPROD)) kernel_table_fill_dotprod(t);
}
