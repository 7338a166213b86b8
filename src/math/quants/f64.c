/* F64: IEEE double precision, rounded to float32 when decoded.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/quants/quant_block.h"

static double load(const uint8_t *p)
{
    double d;
    memcpy(&d, p, sizeof d);
    return d;
}

static void decode(float *out, const void *blocks, size_t values)
{
    const uint8_t *p = blocks;
    for (size_t i = 0; i < values; i++)
        out[i] = (float)load(p + 8 * i);
}

static float dot(const void *blocks, const float *x, size_t values)
{
    return quant_dot_decoded(blocks, x, values, decode, 1, 8);
}

const struct quant quant_f64 = { .name = "F64",
                                 .gguf_id = 28,
                                 .safetensors_name = "F64",
                                 .block_values = 1,
                                 .block_bytes = 8,
                                 .in_files = true,
                                 .decode = decode,
                                 .dot = dot };
