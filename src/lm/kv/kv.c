/* Pages of attention state: counting, sharing, eviction.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/kv/kv.h"

#include <assert.h>
#include <string.h>

#include "base/core/mem.h"

#define NO_PAGE (-1)

struct page {
    int32_t refs;
    bool sealed;
    uint64_t serial, parent; /* of a sealed page; parent 0: it is the first of its sequence */
    int32_t next_in_bucket;  /* of the index, when sealed */
    int32_t older, newer;    /* on the cached list or, `older` only, on the free list */
    int32_t tokens[KV_PAGE_TOKENS];
};

struct kv_pool {
    int64_t page_count;
    struct page *pages;
    int32_t *buckets;      /* [bucket_count] first page of each chain */
    uint32_t bucket_count; /* a power of two */
    int32_t free_top;
    int32_t oldest, newest; /* of the cached list */
    uint64_t serial_last;
};

/* --- the index of sealed pages --- */

static uint32_t bucket_of(const struct kv_pool *pool, uint64_t parent, const int32_t *tokens)
{
    uint64_t h = parent * 0x9E3779B97F4A7C15u + 0x632BE59BD9B4E019u;
    for (int i = 0; i < KV_PAGE_TOKENS; i++) {
        h = (h ^ (uint32_t)tokens[i]) * 0x100000001B3u;
        h ^= h >> 29;
    }
    return (uint32_t)(h >> 20) & (pool->bucket_count - 1);
}

static int32_t index_find(const struct kv_pool *pool, uint64_t parent, const int32_t *tokens)
{
    int32_t i = pool->buckets[bucket_of(pool, parent, tokens)];
    while (i != NO_PAGE) {
        const struct page *p = &pool->pages[i];
        if (p->parent == parent && memcmp(p->tokens, tokens, sizeof p->tokens) == 0) return i;
        i = p->next_in_bucket;
    }
    return NO_PAGE;
}

static void index_add(struct kv_pool *pool, int32_t i)
{
    struct page *p = &pool->pages[i];
    int32_t *bucket = &pool->buckets[bucket_of(pool, p->parent, p->tokens)];
    p->next_in_bucket = *bucket;
    *bucket = i;
}

static void index_remove(struct kv_pool *pool, int32_t i)
{
    struct page *p = &pool->pages[i];
    int32_t *link = &pool->buckets[bucket_of(pool, p->parent, p->tokens)];
    while (*link != i)
        link = &pool->pages[*link].next_in_bucket;
    *link = p->next_in_bucket;
}

static void unseal(struct kv_pool *pool, int32_t i)
{
    index_remove(pool, i);
    pool->pages[i].sealed = false;
}

/* --- lists --- */

static void free_push(struct kv_pool *pool, int32_t i)
{
    pool->pages[i].older = pool->free_top;
    pool->free_top = i;
}

static void cached_push(struct kv_pool *pool, int32_t i)
{
    struct page *p = &pool->pages[i];
    p->older = pool->newest;
    p->newer = NO_PAGE;
    if (pool->newest != NO_PAGE) pool->pages[pool->newest].newer = i;
    else pool->oldest = i;
    pool->newest = i;
}

static void cached_remove(struct kv_pool *pool, int32_t i)
{
    struct page *p = &pool->pages[i];
    if (p->older != NO_PAGE) pool->pages[p->older].newer = p->newer;
    else pool->oldest = p->newer;
    if (p->newer != NO_PAGE) pool->pages[p->newer].older = p->older;
    else pool->newest = p->older;
}

static void page_ref(struct kv_pool *pool, int32_t i)
{
    if (pool->pages[i].refs++ == 0) cached_remove(pool, i);
}

static void page_unref(struct kv_pool *pool, int32_t i)
{
    struct page *p = &pool->pages[i];
    assert(p->refs > 0);
    if (--p->refs > 0) return;
    if (p->sealed) cached_push(pool, i);
    else free_push(pool, i);
}

/* A page held once, its content undefined; NO_PAGE when all are held. */
static int32_t page_take(struct kv_pool *pool)
{
    int32_t i = pool->free_top;
    if (i != NO_PAGE) {
        pool->free_top = pool->pages[i].older;
    } else {
        i = pool->oldest;
        if (i == NO_PAGE) return NO_PAGE;
        cached_remove(pool, i);
        unseal(pool, i);
    }
    pool->pages[i].refs = 1;
    return i;
}

/* --- life --- */

enum status kv_pool_new(struct kv_pool **ret, int64_t page_count, struct error *err)
{
    struct kv_pool *pool = mem_zero(sizeof *pool);
    if (!pool) return error_set(err, STATUS_NO_MEMORY, "no memory for the page pool");
    pool->bucket_count = 16;
    while (pool->bucket_count < (uint64_t)page_count * 2)
        pool->bucket_count *= 2;
    pool->pages = mem_array((size_t)page_count, sizeof *pool->pages);
    pool->buckets = mem_array(pool->bucket_count, sizeof *pool->buckets);
    if (!pool->pages || !pool->buckets) {
        kv_pool_free(pool);
        return error_set(err, STATUS_NO_MEMORY, "no memory for %lld pages", (long long)page_count);
    }
    pool->page_count = page_count;
    pool->free_top = pool->oldest = pool->newest = NO_PAGE;
    for (uint32_t b = 0; b < pool->bucket_count; b++)
        pool->buckets[b] = NO_PAGE;
    for (int64_t i = page_count - 1; i >= 0; i--)
        free_push(pool, (int32_t)i);
    *ret = pool;
    return STATUS_OK;
}

void kv_pool_free(struct kv_pool *pool)
{
    if (!pool) return;
    mem_free(pool->pages);
    mem_free(pool->buckets);
    mem_free(pool);
}

static int64_t pages_for(int64_t tokens)
{
    return (tokens + KV_PAGE_TOKENS - 1) / KV_PAGE_TOKENS;
}

enum status kv_table_init(struct kv_table *t, int64_t tokens_max, struct error *err)
{
    *t = (struct kv_table){ .page_count_max = pages_for(tokens_max) };
    t->pages = mem_array((size_t)t->page_count_max, sizeof *t->pages);
    if (!t->pages) return error_set(err, STATUS_NO_MEMORY, "no memory for a session's page table");
    return STATUS_OK;
}

void kv_table_release(struct kv_pool *pool, struct kv_table *t)
{
    if (t->pages) kv_truncate(pool, t, 0);
    mem_free(t->pages);
    *t = (struct kv_table){ 0 };
}

/* --- a sequence's pages --- */

/* The page that is about to be written must be ours alone. */
static bool make_private(struct kv_pool *pool, struct kv_table *t, int64_t at, kv_copy_fn *copy,
                         void *ctx)
{
    int32_t old = t->pages[at];
    if (pool->pages[old].refs == 1) {
        if (pool->pages[old].sealed) unseal(pool, old);
        return true;
    }
    int32_t own = page_take(pool);
    if (own == NO_PAGE) return false;
    copy(ctx, own, old);
    page_unref(pool, old);
    t->pages[at] = own;
    return true;
}

bool kv_prepare(struct kv_pool *pool, struct kv_table *t, int64_t from, int64_t to,
                kv_copy_fn *copy, void *ctx)
{
    int64_t had = t->page_count, wanted = pages_for(to);
    assert(from <= to && wanted <= t->page_count_max && pages_for(from) <= had);
    while (t->page_count < wanted) {
        int32_t i = page_take(pool);
        if (i == NO_PAGE) break;
        t->pages[t->page_count++] = i;
    }
    bool ok = t->page_count >= wanted;
    if (ok && from < had * KV_PAGE_TOKENS && from < to)
        ok = make_private(pool, t, from / KV_PAGE_TOKENS, copy, ctx);
    while (!ok && t->page_count > had)
        page_unref(pool, t->pages[--t->page_count]);
    return ok;
}

void kv_truncate(struct kv_pool *pool, struct kv_table *t, int64_t tokens)
{
    while (t->page_count > pages_for(tokens))
        page_unref(pool, t->pages[--t->page_count]);
}

void kv_seal(struct kv_pool *pool, struct kv_table *t, const int32_t *tokens, int64_t count)
{
    uint64_t parent = 0;
    for (int64_t b = 0; b < count / KV_PAGE_TOKENS; b++) {
        struct page *p = &pool->pages[t->pages[b]];
        if (!p->sealed) {
            const int32_t *own = tokens + b * KV_PAGE_TOKENS;
            /* Equal content may be sealed already under another number: ours stays private then. */
            if (index_find(pool, parent, own) != NO_PAGE) return;
            memcpy(p->tokens, own, sizeof p->tokens);
            p->parent = parent;
            p->serial = ++pool->serial_last;
            p->sealed = true;
            index_add(pool, t->pages[b]);
        }
        parent = p->serial;
    }
}

int64_t kv_match(const struct kv_pool *pool, const int32_t *tokens, int64_t count)
{
    uint64_t parent = 0;
    int64_t matched = 0;
    while (matched + KV_PAGE_TOKENS <= count) {
        int32_t i = index_find(pool, parent, tokens + matched);
        if (i == NO_PAGE) break;
        parent = pool->pages[i].serial;
        matched += KV_PAGE_TOKENS;
    }
    return matched;
}

void kv_attach(struct kv_pool *pool, struct kv_table *t, const int32_t *tokens, int64_t count)
{
    uint64_t parent = 0;
    int64_t wanted = count / KV_PAGE_TOKENS, had = t->page_count;
    assert(wanted <= t->page_count_max);
    for (int64_t b = 0; b < wanted; b++) {
        int32_t i = index_find(pool, parent, tokens + b * KV_PAGE_TOKENS);
        assert(i != NO_PAGE);
        page_ref(pool, i); /* before the old one is let go: they may be the same */
        if (b < had) page_unref(pool, t->pages[b]);
        t->pages[b] = i;
        parent = pool->pages[i].serial;
    }
    if (wanted > had) t->page_count = wanted;
    kv_truncate(pool, t, count);
}

/* --- the books --- */

struct kv_stats kv_pool_stats(const struct kv_pool *pool)
{
    struct kv_stats s = { .page_count = pool->page_count };
    for (int64_t i = 0; i < pool->page_count; i++) {
        const struct page *p = &pool->pages[i];
        s.held += p->refs > 0;
        s.shared += p->refs > 1;
        s.cached += p->refs == 0 && p->sealed;
        s.free += p->refs == 0 && !p->sealed;
    }
    return s;
}

static int64_t list_length(const struct kv_pool *pool, int32_t from, bool sealed)
{
    int64_t n = 0;
    for (int32_t i = from; i != NO_PAGE && n <= pool->page_count; i = pool->pages[i].older, n++) {
        if (pool->pages[i].refs != 0 || pool->pages[i].sealed != sealed) return -1;
    }
    return n;
}

static int64_t refs_by_tables(int32_t page, const struct kv_table *const *tables, int table_count)
{
    int64_t n = 0;
    for (int t = 0; t < table_count; t++) {
        for (int64_t b = 0; b < tables[t]->page_count; b++)
            n += tables[t]->pages[b] == page;
    }
    return n;
}

bool kv_pool_check(const struct kv_pool *pool, const struct kv_table *const *tables,
                   int table_count)
{
    struct kv_stats s = kv_pool_stats(pool);
    if (list_length(pool, pool->free_top, false) != s.free) return false;
    if (list_length(pool, pool->newest, true) != s.cached) return false;
    for (int64_t i = 0; i < pool->page_count; i++) {
        const struct page *p = &pool->pages[i];
        if (refs_by_tables((int32_t)i, tables, table_count) != p->refs) return false;
        if (p->sealed && index_find(pool, p->parent, p->tokens) != i) return false;
    }
    return s.held + s.cached + s.free == s.page_count;
}
