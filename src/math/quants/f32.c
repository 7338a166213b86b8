/* F32: IEEE single precision, as stored.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/quants/quant_block.h"

static void decode(float *out, const void *blocks, size_t values)
{
    memcpy(out, blocks, values * sizeof *out);
}

static float dot(const void *blocks, const float *x, size_t values)
{
    return quant_dot_decoded(blocks, x, values, decode, 1, sizeof(float));
}

const struct quant quant_f32 = { .name = "F32",
                                 .gguf_id = 0,
                                 .safetensors_name = "F32",
                                 .block_values = 1,
                                 .block_bytes = 4,
                                 .in_files = true,
                                 .decode = decode,
                                 .dot = dot };
