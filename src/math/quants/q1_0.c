/* Q1_0: 128 signs and one half-precision scale.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/quants/quant_block.h"

#define QUANT_BLOCK_VALUES 128

struct block {
    uint8_t scale[2]; /* f16 */
    uint8_t bits[16]; /* bit set: +scale, clear: -scale */
};

static void unpack_block(int8_t *q, float *scale, float *min, const struct block *b)
{
    float d = block_f16(b->scale);
    for (int i = 0; i < 128; i++)
        q[i] = b->bits[i / 8] >> (i % 8) & 1 ? 1 : -1;
    for (int i = 0; i < 8; i++)
        scale[i] = d;
}

QUANT_BLOCKS(quant_q1_0, "Q1_0", 41, 18, false, true)
