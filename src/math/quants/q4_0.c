/* Q4_0: 32 nibbles less 8, times one half-precision scale.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/quants/quant_block.h"

#define QUANT_BLOCK_VALUES 32

struct block {
    uint8_t scale[2];    /* f16 */
    uint8_t nibbles[16]; /* values 0..15 low, 16..31 high */
};

static void unpack_block(int8_t *q, float *scale, float *min, const struct block *b)
{
    block_nibbles(q, b->nibbles, 8);
    scale[0] = scale[1] = block_f16(b->scale);
}

QUANT_BLOCKS(quant_q4_0, "Q4_0", 2, 18, false, true)
