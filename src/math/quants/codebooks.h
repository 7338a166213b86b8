/* Fixed curves and grids that the codes of IQ, MXFP4 and NVFP4 blocks index; facts of those formats.
 * SPDX-License-Identifier: Apache-2.0
 *
 * codebooks.c is written by tools/write_codebooks.py. */
#ifndef MATH_QUANTS_CODEBOOKS_H
#define MATH_QUANTS_CODEBOOKS_H

#include <stdint.h>

extern const int8_t codebook_iq4[16];  /* IQ4_NL, IQ4_XS */
extern const int8_t codebook_e2m1[16]; /* MXFP4, NVFP4: E2M1 values, doubled */
extern const int8_t codebook_iq2_xxs[256][8];
extern const int8_t codebook_iq2_xs[512][8];
extern const int8_t codebook_iq2_s[1024][8];
extern const int8_t codebook_iq3_xxs[256][4];
extern const int8_t codebook_iq3_s[512][4];
extern const int8_t codebook_iq1[2048][8]; /* IQ1_S, IQ1_M: -1, 0, 1 */

/* The 8 signs of a 7-bit code: the eighth makes the number of minus signs even. */
static inline unsigned codebook_signs(unsigned code)
{
    return code | (unsigned)(__builtin_popcount(code) & 1) << 7;
}

/* q[i] = vector[i], negated where bit i of `signs` is set. */
static inline void codebook_signed(int8_t *q, const int8_t *vector, int count, unsigned signs)
{
    for (int i = 0; i < count; i++)
        q[i] = (int8_t)(signs >> i & 1 ? -vector[i] : vector[i]);
}

/* q = 8 * vector + shift, for the shifted ternary grids. */
static inline void codebook_eighths(int8_t *q, const int8_t *vector, int shift)
{
    for (int i = 0; i < 8; i++)
        q[i] = (int8_t)(8 * vector[i] + shift);
}

#endif
