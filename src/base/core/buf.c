/* A growing byte buffer with a ceiling.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/core/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/core/mem.h"

#define FIRST_CAP 64

void buf_release(struct buf *b)
{
    mem_free(b->data);
    *b = BUF_INIT(b->max);
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->failed = b->past_max = false;
    if (b->data) b->data[0] = 0;
}

/* Doubling keeps appends cheap; near the ceiling the step is what is left. */
static size_t next_cap(const struct buf *b, size_t need)
{
    size_t cap = b->cap < FIRST_CAP ? FIRST_CAP : b->cap;
    if (cap > b->max / 2) cap = b->max;
    else if (b->cap) cap *= 2;
    return cap < need ? need : cap;
}

bool buf_reserve(struct buf *b, size_t more)
{
    if (more > b->max || b->len > b->max - more) {
        b->failed = b->past_max = true;
        return false;
    }
    size_t need = b->len + more;
    if (b->data && need <= b->cap) return true;
    size_t cap = next_cap(b, need);
    char *data = cap < SIZE_MAX ? mem_resize(b->data, cap + 1, 1) : NULL;
    if (!data) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->cap = cap;
    b->data[b->len] = 0;
    return true;
}

bool buf_append(struct buf *b, const void *bytes, size_t len)
{
    if (!buf_reserve(b, len)) return false;
    if (len) memcpy(b->data + b->len, bytes, len);
    b->len += len;
    b->data[b->len] = 0;
    return true;
}

bool buf_text(struct buf *b, const char *text)
{
    return buf_append(b, text, strlen(text));
}

bool buf_byte(struct buf *b, char byte)
{
    return buf_append(b, &byte, 1);
}

bool buf_format(struct buf *b, const char *format, ...)
{
    char small[256];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(small, sizeof small, format, args);
    bool ok = n >= 0;
    if (!ok) b->failed = true;
    else if ((size_t)n < sizeof small) ok = buf_append(b, small, (size_t)n);
    else if ((ok = buf_reserve(b, (size_t)n))) {
        vsnprintf(b->data + b->len, (size_t)n + 1, format, again);
        b->len += (size_t)n;
    }
    va_end(again);
    va_end(args);
    return ok;
}

enum status buf_check(const struct buf *b, const char *what, struct error *err)
{
    if (!b->failed) return STATUS_OK;
    if (b->past_max)
        return error_set(err, STATUS_LIMIT, "%s would exceed its limit of %zu bytes", what, b->max);
    return error_set(err, STATUS_NO_MEMORY, "%s: out of memory", what);
}

char *buf_detach(struct buf *b)
{
    if (!buf_reserve(b, 0)) return NULL;
    char *data = b->data;
    *b = BUF_INIT(b->max);
    return data;
}
