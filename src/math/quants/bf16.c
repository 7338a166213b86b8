/* BF16: the upper half of a single-precision float.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/quants/quant_block.h"

static void decode(float *out, const void *blocks, size_t values)
{
    const uint8_t *p = blocks;
    for (size_t i = 0; i < values; i++)
        out[i] = bf16_to_f32(block_u16(p + 2 * i));
}

static float dot(const void *blocks, const float *x, size_t values)
{
    return quant_dot_decoded(blocks, x, values, decode, 1, 2);
}

const struct quant quant_bf16 = { .name = "BF16",
                                  .gguf_id = 30,
                                  .safetensors_name = "BF16",
                                  .block_values = 1,
                                  .block_bytes = 2,
                                  .in_files = true,
                                  .decode = decode,
                                  .dot = dot };
