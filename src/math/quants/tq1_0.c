/* TQ1_0: 256 ternary values, five (or four) to a byte in base 3, one half-precision scale.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/quants/quant_block.h"

#define QUANT_BLOCK_VALUES 256

struct block {
    uint8_t first[32];  /* values 32n + i, n < 5, of byte i */
    uint8_t second[16]; /* values 160 + 16n + i, n < 5 */
    uint8_t third[4];   /* values 240 + 4n + i, n < 4 */
    uint8_t scale[2];   /* f16 */
};

/* A byte is a fraction of 256 in base 3: multiplying by 3 moves the next digit past the point. */
static void unpack_digits(int8_t *q, const uint8_t *bytes, int count, int digits)
{
    for (int i = 0; i < count; i++) {
        uint8_t rest = bytes[i];
        for (int n = 0; n < digits; n++) {
            q[n * count + i] = (int8_t)((rest * 3 >> 8) - 1);
            rest = (uint8_t)(rest * 3);
        }
    }
}

static void unpack_block(int8_t *q, float *scale, float *min, const struct block *b)
{
    float d = block_f16(b->scale);
    unpack_digits(q, b->first, 32, 5);
    unpack_digits(q + 160, b->second, 16, 5);
    unpack_digits(q + 240, b->third, 4, 4);
    for (int i = 0; i < 16; i++)
        scale[i] = d;
}

QUANT_BLOCKS(quant_tq1_0, "TQ1_0", 34, 54, false, true)
