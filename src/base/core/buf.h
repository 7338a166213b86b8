/* A growing byte buffer with a ceiling given at birth.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Invariant: len <= cap <= max, and data[len] is 0 whenever data is not NULL,
 * so the content can be read as text. A failed append (past `max`, or memory
 * short) changes nothing but sets `failed`; a chain of appends may be checked
 * once at its end. */
#ifndef BASE_CORE_BUF_H
#define BASE_CORE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/core/status.h"

struct buf {
    char *data;
    size_t len;
    size_t cap;
    size_t max;
    bool failed;
    bool past_max; /* the failure was the ceiling, not memory */
};

#define BUF_INIT(bytes_max) ((struct buf){ .max = (bytes_max) })

void buf_release(struct buf *b);
void buf_clear(struct buf *b); /* keeps the memory, forgets `failed` */
bool buf_reserve(struct buf *b, size_t more);
bool buf_append(struct buf *b, const void *bytes, size_t len);
bool buf_text(struct buf *b, const char *text);
bool buf_byte(struct buf *b, char byte);
bool buf_format(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* STATUS_OK, or STATUS_LIMIT/NO_MEMORY naming `what` when an append failed. */
enum status buf_check(const struct buf *b, const char *what, struct error *err);
/* The caller owns the returned terminated block (mem_free); the buffer is empty after. */
char *buf_detach(struct buf *b);

#endif
