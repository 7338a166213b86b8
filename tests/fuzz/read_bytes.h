/* Touching every byte that a reader offers, so that the sanitizer sees a view that lies outside.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_READ_BYTES_H
#define TESTS_FUZZ_READ_BYTES_H

#include <stddef.h>
#include <stdint.h>

static unsigned read_sum; /* so that no read is optimised away */

static inline void read_bytes(const void *at, size_t len)
{
    const uint8_t *p = at;
    for (size_t i = 0; i < len; i++)
        read_sum += p[i];
}

#endif
