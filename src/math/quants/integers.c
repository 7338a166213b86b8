/* I8, I16, I32, I64: storage only; tensors of indices or codes, never weights by themselves.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/quants/quant_block.h"

const struct quant quant_i8 = { .name = "I8",
                                .gguf_id = 24,
                                .safetensors_name = "I8",
                                .block_values = 1,
                                .block_bytes = 1,
                                .in_files = true };
const struct quant quant_i16 = { .name = "I16",
                                 .gguf_id = 25,
                                 .safetensors_name = "I16",
                                 .block_values = 1,
                                 .block_bytes = 2,
                                 .in_files = true };
const struct quant quant_i32 = { .name = "I32",
                                 .gguf_id = 26,
                                 .safetensors_name = "I32",
                                 .block_values = 1,
                                 .block_bytes = 4,
                                 .in_files = true };
const struct quant quant_i64 = { .name = "I64",
                                 .gguf_id = 27,
                                 .safetensors_name = "I64",
                                 .block_values = 1,
                                 .block_bytes = 8,
                                 .in_files = true };
