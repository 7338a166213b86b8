/* The kernels of the ARM dot-product level. Contracts: kernel_table.h.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MATH_KERNELS_ARM_DOTPROD_DOTPROD_H
#define MATH_KERNELS_ARM_DOTPROD_DOTPROD_H

#include "math/kernels/kernel_table.h"

linear_fn linear_q8_q8_0_dotprod, linear_q8_q4_0_dotprod, linear_q8_q4_k_dotprod;

#endif
