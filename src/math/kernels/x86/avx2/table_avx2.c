/* What AVX2, FMA and F16C do better than plain C.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/kernels/x86/table_x86.h"

void kernel_table_fill_avx2(struct kernel_table *t)
{
    (void)t;
}
