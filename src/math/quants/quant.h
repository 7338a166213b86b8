/* What every number format can do: size, decode, reference dot, integer form.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One file per format holds its block struct, a static_assert on its size and
 * one descriptor; math/tensor/quant_list.h names the descriptor. Block layouts
 * are those of ggml (ggml-common.h) and are part of the GGUF format. All
 * functions are pure, read unaligned blocks and may run on any thread. */
#ifndef MATH_QUANTS_QUANT_H
#define MATH_QUANTS_QUANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "math/tensor/tensor.h"

/* out[values] floats from whole blocks; `values` is a multiple of block_values.
 * Exact: the format's own float32 arithmetic, bit for bit as ggml does it. */
typedef void quant_decode_fn(float *out, const void *blocks, size_t values);

/* Sum of w[i] * x[i] over `values` (whole blocks), accumulated in double and
 * rounded once: the reference for every faster kernel. */
typedef float quant_dot_fn(const void *blocks, const float *x, size_t values);

/* Integer form of one 256-value superblock (or of 256 values' worth of smaller
 * blocks): value i is scale[i/16] * q[i] + min[i/16]. Exact up to float32
 * rounding of the product. Formats without such a form have NULL here. */
#define QUANT_UNPACK_VALUES 256
#define QUANT_UNPACK_GROUP  16
struct quant_unpacked {
    int8_t q[QUANT_UNPACK_VALUES];
    float scale[QUANT_UNPACK_VALUES / QUANT_UNPACK_GROUP];
    float min[QUANT_UNPACK_VALUES /
              QUANT_UNPACK_GROUP]; /* added; zero in formats without a minimum */
};
/* `values` <= 256, whole blocks; what lies past `values` is set to zero. */
typedef void quant_unpack_fn(struct quant_unpacked *ret, const void *blocks, size_t values);

struct quant {
    const char *name;             /* as people write it: "Q4_K" */
    int gguf_id;                  /* ggml type id; -1: none */
    const char *safetensors_name; /* "BF16"; NULL: none */
    int block_values;             /* values per block, >= 1 */
    int block_bytes;
    bool in_files;           /* false: activations only (Q8_1, Q8_K) */
    quant_decode_fn *decode; /* NULL: storage only, not a weight (I32 ...) */
    quant_dot_fn *dot;       /* NULL exactly where decode is */
    quant_unpack_fn *unpack; /* NULL: use decode */
};

/* Never NULL for a valid type. */
const struct quant *quant_of(enum quant_type type);
const char *quant_name(enum quant_type type);
/* False when unknown; then *ret is untouched. */
bool quant_from_gguf(uint32_t gguf_id, enum quant_type *ret);
bool quant_from_safetensors(const char *name, enum quant_type *ret);
/* Bytes of one row of `cols` values; false if cols is not whole blocks or the size overflows. */
bool quant_row_bytes(enum quant_type type, int64_t cols, size_t *ret);

/* Half-precision conversions, exact; fp16 encodes round to nearest even. */
float fp16_to_f32(uint16_t h);
uint16_t f32_to_fp16(float f);
static inline float bf16_to_f32(uint16_t h)
{
    union {
        uint32_t u;
        float f;
    } v = { (uint32_t)h << 16 };
    return v.f;
}
uint16_t f32_to_bf16(float f); /* nearest even, NaN stays NaN */

#endif
