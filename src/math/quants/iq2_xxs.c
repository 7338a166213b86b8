/* IQ2_XXS: 256 values in vectors of 8 from a grid of 256, 7-bit sign codes, 4-bit scales for every 32.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/quants/quant_block.h"
#include "math/quants/codebooks.h"

#define QUANT_BLOCK_VALUES 256

struct block {
    uint8_t scale[2]; /* f16 */
    uint8_t parts
        [8][8]; /* of 32 values: 4 grid indices, then 4 sign codes of 7 bits and the scale on top */
};

static void unpack_block(int8_t *q, float *scale, float *min, const struct block *b)
{
    float d = block_f16(b->scale);
    for (int j = 0; j < 8; j++) {
        uint32_t code = block_u32(b->parts[j] + 4);
        scale[2 * j] = scale[2 * j + 1] = d * (0.5f + (float)(code >> 28)) * 0.25f;
        for (int v = 0; v < 4; v++)
            codebook_signed(q + 32 * j + 8 * v, codebook_iq2_xxs[b->parts[j][v]], 8,
                            codebook_signs(code >> 7 * v & 127));
    }
}

QUANT_BLOCKS(quant_iq2_xxs, "IQ2_XXS", 16, 66, false, true)
