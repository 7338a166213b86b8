/* NVFP4: 64 E2M1 values, an E4M3 scale for every 16.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/quants/quant_block.h"
#include "math/quants/codebooks.h"

#define QUANT_BLOCK_VALUES 64

struct block {
    uint8_t scales[4];     /* E4M3 without its sign */
    uint8_t nibbles[4][8]; /* of 16 values: 0..7 low, 8..15 high */
};

/* Half of the value, since the codes are doubled; the sign bit is not used and
 * the one NaN (0x7f) counts as zero. */
static float half_e4m3(uint8_t e)
{
    int exponent = e >> 3 & 15, mantissa = e & 7;
    if (e == 0x7f) return 0;
    if (exponent == 0) return (float)mantissa * 0x1p-10f;
    union {
        uint32_t u;
        float f;
    } v = { (uint32_t)(exponent + 119) << 23 | (uint32_t)mantissa << 20 };
    return v.f;
}

static void unpack_block(int8_t *q, float *scale, float *min, const struct block *b)
{
    for (int j = 0; j < 4; j++) {
        scale[j] = half_e4m3(b->scales[j]);
        for (int i = 0; i < 8; i++) {
            q[16 * j + i] = codebook_e2m1[b->nibbles[j][i] & 15];
            q[16 * j + 8 + i] = codebook_e2m1[b->nibbles[j][i] >> 4];
        }
    }
}

QUANT_BLOCKS(quant_nvfp4, "NVFP4", 40, 36, false, true)
