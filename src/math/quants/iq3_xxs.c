/* IQ3_XXS: 256 values in vectors of 4 from a grid of 256, 7-bit sign codes, 4-bit scales for every 32.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/quants/quant_block.h"
#include "math/quants/codebooks.h"

#define QUANT_BLOCK_VALUES 256

struct block {
    uint8_t scale[2];    /* f16 */
    uint8_t index[64];   /* of 4 values each */
    uint8_t parts[8][4]; /* of 32 values: 4 sign codes of 7 bits and the scale on top */
};

static void unpack_block(int8_t *q, float *scale, float *min, const struct block *b)
{
    float d = block_f16(b->scale);
    for (int j = 0; j < 8; j++) {
        uint32_t code = block_u32(b->parts[j]);
        scale[2 * j] = scale[2 * j + 1] = d * (0.5f + (float)(code >> 28)) * 0.5f;
        for (int v = 0; v < 8; v++) {
            unsigned signs = codebook_signs(code >> v / 2 * 7 & 127) >> (v % 2 * 4);
            codebook_signed(q + 32 * j + 4 * v, codebook_iq3_xxs[b->index[8 * j + v]], 4, signs);
        }
    }
}

QUANT_BLOCKS(quant_iq3_xxs, "IQ3_XXS", 18, 98, false, true)
