/* IQ2_S: 256 values in vectors of 8 from a grid of 1024, plain signs, 4-bit scales for every 16.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/quants/quant_block.h"
#include "math/quants/codebooks.h"

#define QUANT_BLOCK_VALUES 256

struct block {
    uint8_t scale[2];  /* f16 */
    uint8_t low[32];   /* grid index of vector v, lower 8 bits */
    uint8_t signs[32]; /* bit i: value i of the vector is negative */
    uint8_t high[8];   /* bits 2(v%4).. of byte v/4: upper bits of the index */
    uint8_t scales[8]; /* nibble i: of values 16i .. 16i+15 */
};

static void unpack_block(int8_t *q, float *scale, float *min, const struct block *b)
{
    block_half_step_scales(scale, b->scales, block_f16(b->scale));
    for (int v = 0; v < 32; v++) {
        int idx = b->low[v] | (b->high[v / 4] >> (v % 4 * 2) & 3) << 8;
        codebook_signed(q + 8 * v, codebook_iq2_s[idx], 8, b->signs[v]);
    }
}

QUANT_BLOCKS(quant_iq2_s, "IQ2_S", 22, 82, false, true)
