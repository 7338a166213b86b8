/* Q8_K: 256 signed bytes, a float32 scale and sums of 16; holds activations, never in files.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/quants/quant_block.h"

#define QUANT_BLOCK_VALUES 256

struct block {
    uint8_t scale[4]; /* f32 */
    int8_t q[256];
    uint8_t sums[16][2]; /* i16: sums of 16 consecutive q */
};

static void unpack_block(int8_t *q, float *scale, float *min, const struct block *b)
{
    uint32_t bits = block_u32(b->scale);
    float d;
    memcpy(&d, &bits, sizeof d);
    memcpy(q, b->q, sizeof b->q);
    for (int i = 0; i < 16; i++)
        scale[i] = d;
}

QUANT_BLOCKS(quant_q8_k, "Q8_K", 15, 292, false, false)
