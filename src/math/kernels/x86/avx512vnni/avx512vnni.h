/* Kernels that need AVX-512 VNNI; contracts in math/kernels/kernel_table.h.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MATH_KERNELS_X86_AVX512VNNI_AVX512VNNI_H
#define MATH_KERNELS_X86_AVX512VNNI_AVX512VNNI_H

#include "math/kernels/kernel_table.h"

linear_fn linear_q8_0_vnni, linear_q4_0_vnni, linear_q4_k_vnni, linear_q6_k_vnni;
/* File blocks; types without an integer form run through linear_f32_avx512. */
linear_fn linear_blocks_vnni;

#endif
