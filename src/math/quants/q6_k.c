/* Q6_K: 256 values of 6 bits less 32, 8-bit signed scales for every 16.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/quants/quant_block.h"

#define QUANT_BLOCK_VALUES 256

struct block {
    uint8_t low[2][64];  /* of 128 values: low nibbles 0..63, high nibbles 64..127 */
    uint8_t high[2][32]; /* of 128 values: bits 2s..2s+1 of byte i belong to value 32s + i */
    int8_t scales[16];
    uint8_t scale[2]; /* f16 */
};

static void unpack_block(int8_t *q, float *scale, float *min, const struct block *b)
{
    float d = block_f16(b->scale);
    for (int i = 0; i < 16; i++)
        scale[i] = d * (float)b->scales[i];
    for (int j = 0; j < 8; j++) {
        for (int i = 0; i < 32; i++) {
            int low = b->low[j / 4][j % 2 * 32 + i] >> (j % 4 / 2 * 4) & 15;
            int high = b->high[j / 4][i] >> (j % 4 * 2) & 3;
            q[32 * j + i] = (int8_t)((low | high << 4) - 32);
        }
    }
}

QUANT_BLOCKS(quant_q6_k, "Q6_K", 14, 210, false, true)
