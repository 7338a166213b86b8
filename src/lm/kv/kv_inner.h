/* The pool's own structs, shared by the files of lm/kv only.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LM_KV_KV_INNER_H
#define LM_KV_KV_INNER_H

#include "lm/kv/kv.h"

/* Which of the two kinds of list a page is on is told by refs and sealed: held pages are on none, sealed
 * ones that nobody holds on the cached list, the others on the free list. */
struct page {
    int32_t refs;
    bool sealed, unsaved;
    int32_t older, newer; /* on the cached list or, `older` only, on the free list */

    /* of a sealed page */
    int32_t token_count;
    int32_t parent_page;     /* sealed as long as this one is */
    uint64_t serial, parent; /* parent 0: it is the first of its sequence */
    struct kv_salt salt;     /* the sequence's */
    int32_t next_in_bucket;  /* full pages only */
    int32_t child;           /* the newest of the pages behind it */
    int32_t sibling,
        sibling_new; /* older and newer child of the same parent, or first page of a root list */
    int32_t unsaved_next, unsaved_last;
    int32_t snapshot; /* KV_NO_SNAPSHOT: none */
    int32_t tokens[KV_PAGE_TOKENS];
};

struct snapshot {
    int32_t page; /* KV_NO_PAGE: free */
    uint64_t used;
};

struct kv_pool {
    int64_t page_count;
    struct page *pages;
    int32_t *buckets;      /* [bucket_count] first page of each chain */
    int32_t *roots;        /* [bucket_count] the newest of the pages without parent, by salt */
    uint32_t bucket_count; /* a power of two */
    int32_t free_top;
    int32_t oldest, newest; /* of the cached list */
    int32_t unsaved_first, unsaved_newest;
    uint64_t serial_last;
    struct snapshot *snapshots; /* [snapshot_count] */
    int32_t snapshot_count;
    uint64_t snapshot_used; /* the last stamp */
    struct kv_stats stats;
};

/* The full page of tokens[0..64) behind `parent` (a serial; 0: at the beginning); KV_NO_PAGE when there is none. */
int32_t index_find(const struct kv_pool *pool, uint64_t parent, const struct kv_salt *salt,
                   const int32_t *tokens);
/* The page behind `parent_page` (KV_NO_PAGE: the first of a sequence) that agrees with most of
 * tokens[0..count), and how many; looks at the KV_SIBLINGS_MAX newest. */
#define KV_SIBLINGS_MAX 32
int32_t index_find_part(const struct kv_pool *pool, int32_t parent_page, const struct kv_salt *salt,
                        const int32_t *tokens, int64_t count, int64_t *ret_agree);
/* Enters a page with parent_page, salt, tokens and token_count set, and gives it a serial. */
void index_add(struct kv_pool *pool, int32_t i);
/* Nothing may stand behind it. */
void index_remove(struct kv_pool *pool, int32_t i);
/* The page's snapshot, if it has one, is free again. */
void snapshot_drop(struct kv_pool *pool, int32_t page);

#endif
