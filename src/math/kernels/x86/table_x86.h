/* The rungs of the x86-64 ladder: each level's folder overwrites the slots that it does better.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MATH_KERNELS_X86_TABLE_X86_H
#define MATH_KERNELS_X86_TABLE_X86_H

#include "math/kernels/kernel_table.h"

void kernel_table_fill_avx2(struct kernel_table *t);
void kernel_table_fill_avx512(struct kernel_table *t);
void kernel_table_fill_avx512vnni(struct kernel_table *t);

#endif
