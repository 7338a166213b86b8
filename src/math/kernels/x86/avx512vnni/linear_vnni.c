/* int8 linear layers with vpdpbusd.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/kernels/x86/avx512vnni/avx512vnni.h"

#include <immintrin.h>

#include "math/kernels/x86/avx512/avx512.h"

/* An instruction by name: gcc 12 copies and spills the accumulators of the intrinsic in tiles. */
static inline __m512i dot4(__m512i acc, __m512i u8, __m512i s8, bool wide)
{
    (void)wide;
    __asm__("vpdpbusd %2, %1, %0" : "+v"(acc) : "v"(u8), "v"(s8));
    return acc;
}

#include "math/kernels/x86/avx512/int8_linear.h"

DEFINE_LINEAR_INT8(vnni)
