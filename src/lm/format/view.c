/* What both weight formats need: views with every product checked, and a common mistake.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/format/view.h"

#include <string.h>

#include "base/core/checked.h"
#include "math/quants/quant.h"

/* The product of all sides must fit even where one of them is zero: a shape that only a zero
 * saves from overflow is not one that anybody wrote on purpose. */
static bool product(const int64_t *shape, int dims, int64_t *ret)
{
    int64_t r = 1;
    for (int i = 0; i < dims; i++) {
        if (__builtin_mul_overflow(r, shape[i], &r)) return false;
    }
    *ret = r;
    return true;
}

enum view_fault view_of(enum quant_type type, const int64_t *shape, int dims,
                        struct tensor_view *ret, size_t *ret_bytes)
{
    struct tensor_view v = { .type = type, .dims = dims, .rows = 1, .cols = 1 };
    int64_t values;
    size_t bytes;
    if (!product(shape, dims, &values)) return VIEW_OVERFLOW;
    for (int i = 0; i < dims; i++)
        v.shape[i] = shape[i];
    if (dims > 0) {
        v.cols = shape[dims - 1];
        if (!product(shape, dims - 1, &v.rows)) return VIEW_OVERFLOW;
    }
    if (v.cols % quant_of(type)->block_values) return VIEW_PART_BLOCK;
    if (!quant_row_bytes(type, v.cols, &v.row_bytes)) return VIEW_OVERFLOW;
    if (!size_mul((size_t)v.rows, v.row_bytes, &bytes)) return VIEW_OVERFLOW;
    *ret = v;
    *ret_bytes = bytes;
    return VIEW_OK;
}

bool is_lfs_pointer(const uint8_t *bytes, size_t len)
{
    static const char head[] = "version https://git-lfs.github.com/spec/";
    return len >= sizeof head - 1 && memcmp(bytes, head, sizeof head - 1) == 0;
}
