/* The rungs of the AArch64 ladder: each level's folder overwrites the slots that it does better.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MATH_KERNELS_ARM_TABLE_ARM_H
#define MATH_KERNELS_ARM_TABLE_ARM_H

#include "math/kernels/kernel_table.h"

void kernel_table_fill_neon(struct kernel_table *t);
void kernel_table_fill_dotprod(struct kernel_table *t);

#endif
