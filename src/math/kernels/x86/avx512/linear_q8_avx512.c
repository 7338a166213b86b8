/* int8 linear layers for AVX-512 without VNNI: byte products in 16 bits, then widened.
 * SPDX-License-Identifier: Apache-2.0 */
#include <immintrin.h>
#include <stdbool.h>

#include "math/kernels/x86/avx512/avx512.h"

/* A pair of products fits 16 bits while the unsigned byte stays below 129: a wide one is split
 * into its top bit and the rest. */
static inline __m512i dot4(__m512i acc, __m512i u8, __m512i s8, bool wide)
{
    const __m512i ones = _mm512_set1_epi16(1), low = _mm512_set1_epi8(127);
    if (wide) {
        __m512i top = _mm512_maddubs_epi16(_mm512_andnot_si512(low, u8), s8);
        acc = _mm512_add_epi32(acc, _mm512_madd_epi16(top, ones));
        u8 = _mm512_and_si512(u8, low);
    }
    return _mm512_add_epi32(acc, _mm512_madd_epi16(_mm512_maddubs_epi16(u8, s8), ones));
}

#include "math/kernels/x86/avx512/int8_linear.h"

DEFINE_LINEAR_INT8(avx512)
