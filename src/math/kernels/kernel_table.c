/* Fills the function table: plain C first, then whatever the architecture's levels do better.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/kernels/kernel_table.h"

void kernel_table_init(struct kernel_table *t, cpu_set set)
{
    kernel_table_init_ref(t);
#if defined(__x86_64__)
    kernel_table_init_x86(t, set);
#elif defined(__aarch64__)
    kernel_table_init_arm(t, set);
#endif
}
