/* IQ1_S: 256 values in vectors of 8 from a ternary grid, shifted by an eighth, 3-bit scales for every 32.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/quants/quant_block.h"
#include "math/quants/codebooks.h"

#define QUANT_BLOCK_VALUES 256

struct block {
    uint8_t scale[2]; /* f16 */
    uint8_t low[32];  /* grid index of vector v, lower 8 bits */
    uint8_t high
        [8]
        [2]; /* of 4 vectors: 3 upper bits each, scale in bits 12..14, bit 15: shift is negative */
};

static void unpack_block(int8_t *q, float *scale, float *min, const struct block *b)
{
    float d = block_f16(b->scale);
    for (int j = 0; j < 8; j++) {
        unsigned high = block_u16(b->high[j]);
        /* value = s * (grid + 1/8): in eighths, so that q is whole; s / 8 is exact */
        scale[2 * j] = scale[2 * j + 1] = d * (float)(2 * (high >> 12 & 7) + 1) * 0.125f;
        for (int v = 0; v < 4; v++) {
            unsigned idx = b->low[4 * j + v] | (high >> 3 * v & 7) << 8;
            codebook_eighths(q + 32 * j + 8 * v, codebook_iq1[idx], high & 0x8000 ? -1 : 1);
        }
    }
}

QUANT_BLOCKS(quant_iq1_s, "IQ1_S", 19, 50, false, true)
