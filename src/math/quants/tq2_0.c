/* TQ2_0: 256 ternary values in 2 bits each, one half-precision scale.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/quants/quant_block.h"

#define QUANT_BLOCK_VALUES 256

struct block {
    uint8_t pairs[2][32]; /* bits 2s..2s+1 of byte i: value 32s + i of 128, plus 1 */
    uint8_t scale[2];     /* f16 */
};

static void unpack_block(int8_t *q, float *scale, float *min, const struct block *b)
{
    float d = block_f16(b->scale);
    for (int j = 0; j < 8; j++)
        for (int i = 0; i < 32; i++)
            q[32 * j + i] = (int8_t)((b->pairs[j / 4][i] >> (j % 4 * 2) & 3) - 1);
    for (int i = 0; i < 16; i++)
        scale[i] = d;
}

QUANT_BLOCKS(quant_tq2_0, "TQ2_0", 35, 66, false, true)
