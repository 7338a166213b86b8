/* IQ2_XS: 256 values in vectors of 8 from a grid of 512, 7-bit sign codes, 4-bit scales for every 16.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/quants/quant_block.h"
#include "math/quants/codebooks.h"

#define QUANT_BLOCK_VALUES 256

struct block {
    uint8_t scale[2];     /* f16 */
    uint8_t codes[32][2]; /* of 8 values: grid index in 9 bits, sign code in 7 */
    uint8_t scales[8];    /* nibble i: of values 16i .. 16i+15 */
};

static void unpack_block(int8_t *q, float *scale, float *min, const struct block *b)
{
    block_half_step_scales(scale, b->scales, block_f16(b->scale));
    for (int v = 0; v < 32; v++) {
        unsigned code = block_u16(b->codes[v]);
        codebook_signed(q + 8 * v, codebook_iq2_xs[code & 511], 8, codebook_signs(code >> 9));
    }
}

QUANT_BLOCKS(quant_iq2_xs, "IQ2_XS", 17, 74, false, true)
