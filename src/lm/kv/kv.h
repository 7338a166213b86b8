/* Pages of attention state: who holds which, and which can be shared.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A page holds KV_PAGE_TOKENS positions for every layer, so that eviction and sharing never
 * split a position. This room keeps the books only: the bytes belong to the backend, which knows
 * pages by number. Pages are counted; a page that somebody else may read is never written:
 * kv_prepare() asks for a copy first.
 *
 * Full pages are sealed: entered into a tree by (salt, parent page, their tokens), so that a new
 * sequence with the same beginning attaches them. The last, partly filled page of a sequence that ends is
 * sealed too, with the tokens it has: the next turn of a conversation takes it up and goes on in it. A
 * match is exact, never probable: tokens are compared, and a parent is known by a serial that is never
 * given twice.
 *
 * The salt says whose pages they are. Nothing under one salt can be found under another, so that nobody
 * learns from the time of an answer what others have asked; it comes from the authenticated tenant
 * (and what else the numbers depend on, an adapter), never from a request.
 *
 * Sealed pages that nobody holds stay until their room is needed: least recently used first, and never a
 * page before the pages behind it.
 *
 * One owner thread. Allocates in kv_pool_new and kv_table_init only. */
#ifndef LM_KV_KV_H
#define LM_KV_KV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/core/status.h"

#define KV_PAGE_TOKENS 64
#define KV_NO_PAGE     (-1)

struct kv_pool;

/* Any value, e.g. a keyed digest of the tenant's name; all zeros is a salt like others. */
struct kv_salt {
    uint64_t words[2];
};

/* The pages of one sequence; page b holds positions 64b .. 64b+63. */
struct kv_table {
    int32_t *pages; /* owned */
    int64_t page_count, page_count_max;
    struct kv_salt salt; /* set while the table is empty */
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
/* How many of the available pages kv_prepare() would use up. */
int64_t kv_wanted(const struct kv_pool *pool, const struct kv_table *t, int64_t from, int64_t to);
/* Pages that kv_prepare() can still give: free ones and those that only the cache keeps. */
int64_t kv_available(const struct kv_pool *pool);
/* Gives back what lies past the first `tokens` positions. */
void kv_truncate(struct kv_pool *pool, struct kv_table *t, int64_t tokens);

/* Seals the full pages among tokens[0..count), which the table holds and the backend has filled. A page
 * whose content is sealed already under another number is exchanged for that one. */
void kv_seal(struct kv_pool *pool, struct kv_table *t, const int32_t *tokens, int64_t count);
/* The same, and the last page with what it has: for a table that is about to be given back. */
void kv_seal_tail(struct kv_pool *pool, struct kv_table *t, const int32_t *tokens, int64_t count);
/* How many leading tokens of tokens[0..count) can be attached under the salt: whole pages, and within the
 * page behind them as far as the tokens agree. */
int64_t kv_match(const struct kv_pool *pool, const struct kv_salt *salt, const int32_t *tokens,
                 int64_t count);
/* Replaces the table's content by the sealed pages of tokens[0..count) under the table's salt, count as
 * kv_match gave it. */
void kv_attach(struct kv_pool *pool, struct kv_table *t, const int32_t *tokens, int64_t count);

/* --- for a slower tier ---
 * Sealed pages in the order in which they were sealed (a parent before what follows it), until they are
 * marked as saved or lost. */
int32_t kv_unsaved(const struct kv_pool *pool); /* the first; KV_NO_PAGE: none */
void kv_mark_saved(struct kv_pool *pool, int32_t page);
/* Of a sealed page. */
struct kv_page_facts {
    int32_t parent; /* KV_NO_PAGE for the first page of a sequence */
    uint64_t serial;
    const int32_t *tokens;
    int token_count;
    struct kv_salt salt;
};
struct kv_page_facts kv_page_facts(const struct kv_pool *pool, int32_t page);

/* --- snapshots ---
 * A recurrent layer folds the past into one state, which can be gone on from only where it was kept. A
 * snapshot is that state of all such layers after the last token of a full sealed page: a numbered slot of the
 * backend, as pages are; the books of them are here. A page that is evicted loses its own. */
#define KV_NO_SNAPSHOT (-1)
/* Once, before the first page is sealed; a pool without them has none. */
enum status kv_snapshots_new(struct kv_pool *pool, int32_t count, struct error *err);
/* The slot that the state after a full sealed page is to be copied to. The least recently used is taken from
 * its page when none is free; KV_NO_SNAPSHOT when the page has one already, or the pool none at all. */
int32_t kv_snapshot_take(struct kv_pool *pool, int32_t page);
/* As kv_match, but only as far as a page with a snapshot, which counts as used now. */
int64_t kv_match_snapshot(struct kv_pool *pool, const struct kv_salt *salt, const int32_t *tokens,
                          int64_t count, int32_t *ret_snapshot);

struct kv_stats {
    int64_t page_count;
    int64_t held;   /* by at least one table */
    int64_t cached; /* sealed, held by none */
    int64_t free;
    int64_t shared;  /* held by more than one */
    int64_t evicted; /* since the pool was made: cached pages whose room was needed */
    int64_t copied;  /* before a first write */
};
struct kv_stats kv_pool_stats(const struct kv_pool *pool); /* constant time */
/* Checks the books: every page is on exactly one of free list, cached list or in use, counts add up, every
 * sealed page can be found, and none would be evicted before a page behind it. Quadratic: for tests.
 * Returns what is broken, or NULL. */
const char *kv_pool_check(const struct kv_pool *pool, const struct kv_table *const *tables,
                          int table_count);

#endif
