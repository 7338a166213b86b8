/* Size arithmetic that reports overflow instead of wrapping.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CORE_CHECKED_H
#define BASE_CORE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each returns false, leaving *ret alone, where the exact result does not fit. */
static inline bool size_mul(size_t a, size_t b, size_t *ret)
{
    size_t r;
    if (__builtin_mul_overflow(a, b, &r)) return false;
    *ret = r;
    return true;
}

static inline bool size_add(size_t a, size_t b, size_t *ret)
{
    size_t r;
    if (__builtin_add_overflow(a, b, &r)) return false;
    *ret = r;
    return true;
}

/* Rounds up to a multiple of `align`, a power of two. */
static inline bool size_align(size_t a, size_t align, size_t *ret)
{
    size_t r;
    if (!size_add(a, align - 1, &r)) return false;
    *ret = r & ~(align - 1);
    return true;
}

#endif
