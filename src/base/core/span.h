/* A borrowed run of bytes: pointer and length, not terminated.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CORE_SPAN_H
#define BASE_CORE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
    const char *data;
    size_t len;
};

/* Bytes [begin, end) of some text. */
struct byte_range {
    size_t begin;
    size_t end;
};

static inline struct span span_of(const char *text)
{
    return (struct span){ text, strlen(text) };
}

static inline bool span_equals(struct span s, const char *text)
{
    size_t len = strlen(text);
    return s.len == len && memcmp(s.data, text, len) == 0;
}

#endif
