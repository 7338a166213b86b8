/* Pages of attention state that outlive the process: a file of fixed slots, and the index to it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A page is known by its key: a SHA-256 over the key of the page before it and its tokens, and at the
 * beginning over the salt. So whoever lacks the salt finds nothing. The file belongs to one identity, a
 * digest of all that the numbers in a page depend on (weights, configuration, kernels, layout); a file of
 * another identity, or one that is damaged, is begun anew, with a line in the log. Within a good file each
 * slot carries a checksum of its head and of its content; a slot that does not agree is dropped. These are
 * against accidents: whoever can write the file can also forge it, so it belongs where only its owner can.
 *
 * Nothing here is needed for an answer: every failure ends in fewer hits. When a write fails (a full disk),
 * the store takes no more pages and says so once; what it has can still be read.
 *
 * Slot layout in the file, each part at a multiple of KV_STORE_ALIGN; numbers in the machine's order:
 *   head of the file | slot 0: head, page | slot 1: head, page | ...
 * One owner thread. Allocates in kv_store_open only. */
#ifndef LM_KV_KV_STORE_H
#define LM_KV_KV_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/digest.h"
#include "base/core/log.h"
#include "base/core/status.h"
#include "lm/kv/kv.h"

#define KV_STORE_ALIGN     4096
#define KV_STORE_SLOTS_MAX (1 << 20)

struct kv_store;

/* Whole transfers or a failure. Reading past the end of the file is a failure. */
struct kv_store_io {
    enum status (*read)(void *ctx, uint64_t offset, void *to, size_t len, struct error *err);
    enum status (*write)(void *ctx, uint64_t offset, const void *from, size_t len,
                         struct error *err);
    void *ctx;
};
/* An open file; `*fd` stays the caller's. Uses pread and pwrite only. */
struct kv_store_io kv_store_file(const int *fd);

struct kv_key {
    uint8_t bytes[SHA256_BYTES];
};
enum status kv_key_first(struct kv_key *ret, const struct kv_salt *salt, struct error *err);
enum status kv_key_next(struct kv_key *ret, const struct kv_key *before, const int32_t *tokens,
                        int count, struct error *err);

/* `identity`: of everything. STATUS_LIMIT when bytes_max has no room for a single page. */
enum status kv_store_open(struct kv_store **ret, const struct kv_store_io *io, uint64_t bytes_max,
                          size_t page_bytes, const uint8_t identity[SHA256_BYTES],
                          const struct log *log, struct error *err);
void kv_store_close(struct kv_store *s);

/* The page behind `before` that agrees with most of tokens[0..count), count at least 1; how many in
 * *ret_agree. -1: none agrees. */
int64_t kv_store_find(const struct kv_store *s, const struct kv_key *before, const int32_t *tokens,
                      int64_t count, int64_t *ret_agree);
/* Reads a slot's page into `page` [page_bytes]. False when it is not what was written: it is dropped, and
 * `page` holds anything. */
bool kv_store_read(struct kv_store *s, int64_t slot, void *page);
/* Keeps a page; `key` is that of its tokens behind `before`, `first` when that is a salt's. The least
 * recently used gives way. False when the store takes no more. A page whose predecessor is not there is
 * not kept: nobody could find it. */
bool kv_store_write(struct kv_store *s, const struct kv_key *before, bool first,
                    const struct kv_key *key, const int32_t *tokens, int count, const void *page);

struct kv_store_stats {
    int64_t slot_count, used;
    int64_t read, written, dropped, evicted; /* pages, since opening */
    bool writable;
};
struct kv_store_stats kv_store_stats(const struct kv_store *s);

#endif
