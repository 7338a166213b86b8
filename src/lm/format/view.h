/* What both weight formats need: views with every product checked, and a common mistake.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LM_FORMAT_VIEW_H
#define LM_FORMAT_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "math/tensor/tensor.h"

enum view_fault {
    VIEW_OK,
    VIEW_OVERFLOW,   /* the element or byte count does not fit */
    VIEW_PART_BLOCK, /* a row is not a whole number of blocks */
};

/* Fills *ret but for `data`, and its size in bytes. `shape` is slowest first, none of it
 * negative, dims <= TENSOR_DIMS_MAX. */
enum view_fault view_of(enum quant_type type, const int64_t *shape, int dims,
                        struct tensor_view *ret, size_t *ret_bytes);

/* Whether the bytes are a Git LFS pointer: what a clone has in place of a file whose content
 * was not fetched. */
bool is_lfs_pointer(const uint8_t *bytes, size_t len);

#endif
