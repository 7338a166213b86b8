/* Number format, shape and view of a stored tensor.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A view borrows: the mapping behind `data` outlives it. Whoever makes a view
 * has checked that rows * row_bytes bytes lie inside that mapping, so that
 * everyone after may trust it. `data` may be unaligned. */
#ifndef MATH_TENSOR_TENSOR_H
#define MATH_TENSOR_TENSOR_H

#include <stddef.h>
#include <stdint.h>

enum quant_type {
#define QUANT(name, symbol) QUANT_##name,
#include "math/tensor/quant_list.h"
#undef QUANT
    QUANT_COUNT
};

#define TENSOR_DIMS_MAX 8

struct tensor_view {
    enum quant_type type;
    int dims; /* 0..TENSOR_DIMS_MAX */
    int64_t
        shape[TENSOR_DIMS_MAX]; /* slowest first, as in safetensors; shape[dims-1] is contiguous */
    int64_t rows,
        cols;         /* cols = shape[dims-1] (1 for a scalar), rows = the product of the others */
    size_t row_bytes; /* bytes of one row of cols values */
    const void *data; /* borrowed, [rows * row_bytes] bytes */
};

static inline const void *tensor_row(const struct tensor_view *t, int64_t row)
{
    return (const uint8_t *)t->data + (size_t)row * t->row_bytes;
}

#endif
