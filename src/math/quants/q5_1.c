/* Q5_1: 32 values of 5 bits with a half-precision scale and minimum.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/quants/quant_block.h"

#define QUANT_BLOCK_VALUES 32

struct block {
    uint8_t scale[2], min[2]; /* f16 */
    uint8_t high[4];          /* bit i: the fifth bit of value i */
    uint8_t nibbles[16];      /* values 0..15 low, 16..31 high */
};

static void unpack_block(int8_t *q, float *scale, float *min, const struct block *b)
{
    uint32_t high = block_u32(b->high);
    block_nibbles(q, b->nibbles, 0);
    for (int i = 0; i < 32; i++)
        q[i] = (int8_t)(q[i] + (int)(high >> i & 1) * 16);
    scale[0] = scale[1] = block_f16(b->scale);
    min[0] = min[1] = block_f16(b->min);
}

QUANT_BLOCKS(quant_q5_1, "Q5_1", 7, 24, true, true)
