/* The x86-64 ladder: which level fills which slots.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/kernels/x86/table_x86.h"

#define HAS(level) (set >> CPU_X86_##level & 1)

/* From the lowest level up; a later rung overwrites an earlier one. */
void kernel_table_init_x86(struct kernel_table *t, cpu_set set)
{
    if (HAS(AVX2)) kernel_table_fill_avx2(t);
    if (HAS(AVX512)) kernel_table_fill_avx512(t);
    if (HAS(AVX512_VNNI)) kernel_table_fill_avx512vnni(t);
}
