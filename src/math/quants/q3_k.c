/* Q3_K: 256 values of 3 bits less 4, 6-bit signed scales for every 16.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/quants/quant_block.h"

#define QUANT_BLOCK_VALUES 256

struct block {
    uint8_t high[32];   /* bit s of byte i: set where value 32s + i is not lowered by 4 */
    uint8_t pairs[64];  /* bits 2s..2s+1 of byte 32h+i: value 128h + 32s + i */
    uint8_t scales[12]; /* 16 of 6 bits: nibbles of bytes 0..7, then pairs of bytes 8..11 */
    uint8_t scale[2];   /* f16 */
};

static void unpack_block(int8_t *q, float *scale, float *min, const struct block *b)
{
    float d = block_f16(b->scale);
    for (int i = 0; i < 16; i++) {
        int low = b->scales[i % 8] >> (i / 8 * 4) & 15,
            high = b->scales[8 + i % 4] >> (i / 4 * 2) & 3;
        scale[i] = d * (float)((low | high << 4) - 32);
    }
    for (int j = 0; j < 8; j++) {
        for (int i = 0; i < 32; i++) {
            int low = b->pairs[j / 4 * 32 + i] >> (j % 4 * 2) & 3, high = b->high[i] >> j & 1;
            q[32 * j + i] = (int8_t)((low | high << 2) - 4);
        }
    }
}

QUANT_BLOCKS(quant_q3_k, "Q3_K", 11, 110, false, true)
