/* IQ3_S: 256 values in vectors of 4 from a grid of 512, plain signs, 4-bit scales for every 32.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/quants/quant_block.h"
#include "math/quants/codebooks.h"

#define QUANT_BLOCK_VALUES 256

struct block {
    uint8_t scale[2];  /* f16 */
    uint8_t low[64];   /* grid index of vector v, lower 8 bits */
    uint8_t high[8];   /* bit v%8 of byte v/8: its ninth bit */
    uint8_t signs[32]; /* bit i%8 of byte i/8: value i is negative */
    uint8_t scales[4]; /* nibble j: of values 32j .. 32j+31 */
};

static void unpack_block(int8_t *q, float *scale, float *min, const struct block *b)
{
    float d = block_f16(b->scale);
    for (int j = 0; j < 8; j++)
        scale[2 * j] = scale[2 * j + 1] =
            d * (float)(1 + 2 * (b->scales[j / 2] >> (j % 2 * 4) & 15));
    for (int v = 0; v < 64; v++) {
        int idx = b->low[v] | (b->high[v / 8] >> (v % 8) & 1) << 8;
        codebook_signed(q + 4 * v, codebook_iq3_s[idx], 4,
                        (unsigned)b->signs[v / 2] >> (v % 2 * 4));
    }
}

QUANT_BLOCKS(quant_iq3_s, "IQ3_S", 21, 110, false, true)
