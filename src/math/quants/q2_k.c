/* Q2_K: 256 values of 2 bits, 4-bit scales and minima for every 16.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/quants/quant_block.h"

#define QUANT_BLOCK_VALUES 256

struct block {
    uint8_t scales[16];       /* low nibble: scale, high: minimum, of each 16 */
    uint8_t pairs[64];        /* bits 2s..2s+1 of byte 32h+i: value 128h + 32s + i */
    uint8_t scale[2], min[2]; /* f16 */
};

static void unpack_block(int8_t *q, float *scale, float *min, const struct block *b)
{
    float d = block_f16(b->scale), dmin = block_f16(b->min);
    for (int i = 0; i < 16; i++) {
        scale[i] = d * (float)(b->scales[i] & 15);
        min[i] = -(dmin * (float)(b->scales[i] >> 4));
    }
    for (int j = 0; j < 8; j++)
        for (int i = 0; i < 32; i++)
            q[32 * j + i] = b->pairs[j / 4 * 32 + i] >> (j % 4 * 2) & 3;
}

QUANT_BLOCKS(quant_q2_k, "Q2_K", 10, 84, true, true)
