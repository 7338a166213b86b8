/* IQ4_XS: 256 nibbles that index a fixed curve, 6-bit signed scales for every 32.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/quants/quant_block.h"
#include "math/quants/codebooks.h"

#define QUANT_BLOCK_VALUES 256

struct block {
    uint8_t scale[2];       /* f16 */
    uint8_t scales_high[2]; /* bits 2j..2j+1 of the little-endian number: upper bits of scale j */
    uint8_t scales_low[4];  /* nibble j: lower bits of scale j */
    uint8_t nibbles[8][16]; /* of 32 values: 0..15 low, 16..31 high */
};

static void unpack_block(int8_t *q, float *scale, float *min, const struct block *b)
{
    float d = block_f16(b->scale);
    for (int j = 0; j < 8; j++) {
        int low = b->scales_low[j / 2] >> (j % 2 * 4) & 15,
            high = block_u16(b->scales_high) >> 2 * j & 3;
        scale[2 * j] = scale[2 * j + 1] = d * (float)((low | high << 4) - 32);
        block_nibbles(q + 32 * j, b->nibbles[j], 0);
    }
    for (int i = 0; i < 256; i++)
        q[i] = codebook_iq4[q[i]];
}

QUANT_BLOCKS(quant_iq4_xs, "IQ4_XS", 23, 136, false, true)
