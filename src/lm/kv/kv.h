/* Pages of attention state: who holds which, and which can be shared.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A page holds KV_PAGE_TOKENS positions for every layer, so that eviction and sharing never
 * split a position. This room keeps the books only: the bytes belong to the backend, which knows
 * pages by number. Pages are counted; a page that somebody else may read is never written:
 * kv_prepare() asks for a copy first.
 *
 * Full pages are sealed: entered into an index by (serial of the parent page, their tokens), so that a new
 * sequence with the same beginning attaches them. A serial is never given twice; so an entry whose parent
 * was evicted can never match again, and a match is exact, not probable. Sealed pages that nobody holds stay until
 * their room is needed, least recently used first.
 *
 * One owner thread. Allocates in kv_pool_new and kv_table_init only. */
#ifndef LM_KV_KV_H
#define LM_KV_KV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/core/status.h"

#define KV_PAGE_TOKENS 64

struct kv_pool;

/* The pages of one sequence; page b holds positions 64b .. 64b+63. */
struct kv_table {
    int32_t *pages; /* owned */
    int64_t page_count, page_count_max;
};

enum status kv_pool_new(struct kv_pool **ret, int64_t page_count, struct error *err);
void kv_pool_free(struct kv_pool *pool);

enum status kv_table_init(struct kv_table *t, int64_t tokens_max, struct error *err);
void kv_table_release(struct kv_pool *pool, struct kv_table *t);

/* Copies the bytes of one page to another. */
typedef void kv_copy_fn(void *ctx, int32_t to, int32_t from);

/* Makes positions [from, to) writable: adds pages, and copies or unseals the one that `from` falls into. False when
 * the pool has no page left; then the table is as it was. */
bool kv_prepare(struct kv_pool *pool, struct kv_table *t, int64_t from, int64_t to,
                kv_copy_fn *copy, void *ctx);
/* Gives back what lies past the first `tokens` positions. */
void kv_truncate(struct kv_pool *pool, struct kv_table *t, int64_t tokens);
/* Seals the full pages among tokens[0..count), which the table holds and the backend has filled. */
void kv_seal(struct kv_pool *pool, struct kv_table *t, const int32_t *tokens, int64_t count);
/* How many leading tokens of tokens[0..count) sealed pages hold: a multiple of KV_PAGE_TOKENS. */
int64_t kv_match(const struct kv_pool *pool, const int32_t *tokens, int64_t count);
/* Replaces the table's content by the sealed pages of tokens[0..count), count as kv_match gave it. */
void kv_attach(struct kv_pool *pool, struct kv_table *t, const int32_t *tokens, int64_t count);

struct kv_stats {
    int64_t page_count;
    int64_t held;   /* by at least one table */
    int64_t cached; /* sealed, held by none */
    int64_t free;
    int64_t shared; /* held by more than one */
};
struct kv_stats kv_pool_stats(const struct kv_pool *pool);
/* Checks the books: every page is on exactly one of free list, cached list or in use, and counts add up.
 * For tests and debug builds; false tells that a rule is broken. */
bool kv_pool_check(const struct kv_pool *pool, const struct kv_table *const *tables,
                   int table_count);

#endif
