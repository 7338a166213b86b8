/* A file in memory that can fail: what a store of pages meets on a disk.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_MEMORY_FILE_H
#define TESTS_SUPPORT_MEMORY_FILE_H

#include "lm/kv/kv_store.h"

#define MEMORY_FILE_BYTES ((size_t)16 << 20)

struct memory_file {
    uint8_t *bytes; /* [MEMORY_FILE_BYTES] */
    size_t len;
    long writes_left; /* the next after them fails; negative: none does */
    bool full;        /* every write fails */
    bool unreadable;  /* every read fails */
    int log_lines;
    char log_last[256];
};

void memory_file_init(struct memory_file *f);
void memory_file_release(struct memory_file *f);
struct kv_store_io memory_file_io(struct memory_file *f);
struct log memory_file_log(struct memory_file *f); /* counts lines of warning */

#endif
