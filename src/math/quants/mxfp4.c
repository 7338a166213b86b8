/* MXFP4: 32 E2M1 values under a power of two (OCP microscaling formats 1.0).
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/quants/quant_block.h"
#include "math/quants/codebooks.h"

#define QUANT_BLOCK_VALUES 32

struct block {
    uint8_t exponent;    /* E8M0 */
    uint8_t nibbles[16]; /* values 0..15 low, 16..31 high */
};

/* Half of 2^(e - 127), since the codes are doubled; the two smallest are denormal. */
static float half_e8m0(uint8_t e)
{
    uint32_t bits = e < 2 ? 0x00200000u << e : (uint32_t)(e - 1) << 23;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static void unpack_block(int8_t *q, float *scale, float *min, const struct block *b)
{
    block_nibbles(q, b->nibbles, 0);
    for (int i = 0; i < 32; i++)
        q[i] = codebook_e2m1[q[i]];
    scale[0] = scale[1] = half_e8m0(b->exponent);
}

QUANT_BLOCKS(quant_mxfp4, "MXFP4", 39, 17, false, true)
