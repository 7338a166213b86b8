/* Q8_0: 32 signed bytes and one half-precision scale.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/quants/quant_block.h"

#define QUANT_BLOCK_VALUES 32

struct block {
    uint8_t scale[2]; /* f16 */
    int8_t q[32];
};

static void unpack_block(int8_t *q, float *scale, float *min, const struct block *b)
{
    memcpy(q, b->q, sizeof b->q);
    scale[0] = scale[1] = block_f16(b->scale);
}

QUANT_BLOCKS(quant_q8_0, "Q8_0", 8, 34, false, true)
