/* Q2_0: 64 values of -1, 0, 1 or 2 times one half-precision scale.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/quants/quant_block.h"

#define QUANT_BLOCK_VALUES 64

struct block {
    uint8_t scale[2];  /* f16 */
    uint8_t pairs[16]; /* four consecutive values a byte, the first lowest; value + 1 */
};

static void unpack_block(int8_t *q, float *scale, float *min, const struct block *b)
{
    float d = block_f16(b->scale);
    for (int i = 0; i < 64; i++)
        q[i] = (int8_t)((b->pairs[i / 4] >> (i % 4 * 2) & 3) - 1);
    for (int i = 0; i < 4; i++)
        scale[i] = d;
}

QUANT_BLOCKS(quant_q2_0, "Q2_0", 42, 18, false, true)
