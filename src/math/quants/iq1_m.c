/* IQ1_M: as IQ1_S with a shift for every 8 and a scale for every 16; the f16 scale is spread over the others.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/quants/quant_block.h"
#include "math/quants/codebooks.h"

#define QUANT_BLOCK_VALUES 256

struct block {
    uint8_t low[32];  /* grid index of vector v, lower 8 bits */
    uint8_t high[16]; /* nibble v: 3 upper bits, then the sign of the shift */
    uint8_t
        scales[4][2]; /* 4 scales of 3 bits each; the top nibbles are the f16 scale, lowest first */
};

static void unpack_block(int8_t *q, float *scale, float *min, const struct block *b)
{
    unsigned half = 0;
    for (int i = 0; i < 4; i++)
        half |= (unsigned)(block_u16(b->scales[i]) >> 12) << 4 * i;
    float d = fp16_to_f32((uint16_t)half);
    for (int i = 0; i < 16; i++) {
        int s = block_u16(b->scales[i / 4]) >> (i % 4 * 3) & 7;
        scale[i] = d * (float)(2 * s + 1) * 0.125f; /* in eighths, as in IQ1_S */
    }
    for (int v = 0; v < 32; v++) {
        unsigned high = (unsigned)b->high[v / 2] >> (v % 2 * 4);
        codebook_eighths(q + 8 * v, codebook_iq1[b->low[v] | (high & 7) << 8], high & 8 ? -1 : 1);
    }
}

QUANT_BLOCKS(quant_iq1_m, "IQ1_M", 29, 56, false, true)
