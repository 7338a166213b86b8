/* Q4_K: 256 nibbles, 6-bit scales and minima for every 32.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/quants/quant_block.h"

#define QUANT_BLOCK_VALUES 256

struct block {
    uint8_t scale[2], min[2]; /* f16, of the 6-bit ones */
    uint8_t scales[12];       /* see block_scales_mins() */
    uint8_t nibbles[4][32];   /* of 64 values: 0..31 low, 32..63 high */
};

static void unpack_block(int8_t *q, float *scale, float *min, const struct block *b)
{
    block_scales_mins(scale, min, b->scales, block_f16(b->scale), block_f16(b->min));
    for (int j = 0; j < 8; j++) {
        for (int i = 0; i < 32; i++)
            q[32 * j + i] = b->nibbles[j / 2][i] >> (j % 2 * 4) & 15;
    }
}

QUANT_BLOCKS(quant_q4_k, "Q4_K", 12, 144, true, true)
