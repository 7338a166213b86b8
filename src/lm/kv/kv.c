/* Pages of attention state: counting, sharing, eviction.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/kv/kv.h"

#include <assert.h>
#include <string.h>

#include "base/core/mem.h"
#include "lm/kv/kv_inner.h"

/* --- lists --- */

static void free_push(struct kv_pool *pool, int32_t i)
{
    pool->pages[i].older = pool->free_top;
    pool->free_top = i;
    pool->stats.free++;
}

/* Tables are given back from their end, so that a page comes here after every page behind it: the
 * oldest of the list never has another cached page behind it. */
static void cached_push(struct kv_pool *pool, int32_t i)
{
    struct page *p = &pool->pages[i];
    p->older = pool->newest;
    p->newer = KV_NO_PAGE;
    if (pool->newest != KV_NO_PAGE) pool->pages[pool->newest].newer = i;
    else pool->oldest = i;
    pool->newest = i;
    pool->stats.cached++;
}

static void cached_remove(struct kv_pool *pool, int32_t i)
{
    struct page *p = &pool->pages[i];
    if (p->older != KV_NO_PAGE) pool->pages[p->older].newer = p->newer;
    else pool->oldest = p->newer;
    if (p->newer != KV_NO_PAGE) pool->pages[p->newer].older = p->older;
    else pool->newest = p->older;
    pool->stats.cached--;
}

/* Of a sealed page. */
static void page_ref(struct kv_pool *pool, int32_t i)
{
    int32_t refs = ++pool->pages[i].refs;
    if (refs == 2) pool->stats.shared++;
    if (refs > 1) return;
    cached_remove(pool, i);
    pool->stats.held++;
}

static void page_unref(struct kv_pool *pool, int32_t i)
{
    struct page *p = &pool->pages[i];
    assert(p->refs > 0);
    p->refs--;
    if (p->refs == 1) pool->stats.shared--;
    if (p->refs > 0) return;
    pool->stats.held--;
    if (p->sealed) cached_push(pool, i);
    else free_push(pool, i);
}

/* A page held once, its content undefined; KV_NO_PAGE when all are held. */
static int32_t page_take(struct kv_pool *pool)
{
    int32_t i = pool->free_top;
    if (i != KV_NO_PAGE) {
        pool->free_top = pool->pages[i].older;
        pool->stats.free--;
    } else {
        i = pool->oldest;
        if (i == KV_NO_PAGE) return KV_NO_PAGE;
        cached_remove(pool, i);
        index_remove(pool, i);
        pool->stats.evicted++;
    }
    pool->pages[i].refs = 1;
    pool->stats.held++;
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
    pool->roots = mem_array(pool->bucket_count, sizeof *pool->roots);
    if (!pool->pages || !pool->buckets || !pool->roots) {
        kv_pool_free(pool);
        return error_set(err, STATUS_NO_MEMORY, "no memory for %lld pages", (long long)page_count);
    }
    pool->page_count = pool->stats.page_count = page_count;
    pool->free_top = pool->oldest = pool->newest = KV_NO_PAGE;
    pool->unsaved_first = pool->unsaved_newest = KV_NO_PAGE;
    for (uint32_t b = 0; b < pool->bucket_count; b++)
        pool->buckets[b] = pool->roots[b] = KV_NO_PAGE;
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
    mem_free(pool->roots);
    mem_free(pool->snapshots);
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

static void unseal(struct kv_pool *pool, int32_t i)
{
    index_remove(pool, i);
    pool->pages[i].token_count = 0;
}

/* The page that is about to be written from `slot` on must be ours alone. What the cache knows of it is
 * kept where there is room: a page that only grows is taken out, others are copied. */
static bool make_private(struct kv_pool *pool, struct kv_table *t, int64_t at, int64_t slot,
                         kv_copy_fn *copy, void *ctx)
{
    int32_t old = t->pages[at];
    struct page *p = &pool->pages[old];
    if (p->refs == 1 && !p->sealed) return true;
    if (p->refs == 1 && slot >= p->token_count) {
        unseal(pool, old);
        return true;
    }
    int32_t own = page_take(pool);
    if (own == KV_NO_PAGE) { /* then nothing is cached, so nothing stands behind the page */
        if (p->refs > 1) return false;
        unseal(pool, old);
        return true;
    }
    copy(ctx, own, old);
    pool->stats.copied++;
    page_unref(pool, old);
    t->pages[at] = own;
    return true;
}

int64_t kv_wanted(const struct kv_pool *pool, const struct kv_table *t, int64_t from, int64_t to)
{
    int64_t wanted = pages_for(to) - t->page_count;
    if (wanted < 0) wanted = 0;
    bool within = from < to && from < t->page_count * KV_PAGE_TOKENS;
    if (within && pool->pages[t->pages[from / KV_PAGE_TOKENS]].refs > 1) wanted++;
    return wanted;
}

int64_t kv_available(const struct kv_pool *pool)
{
    return pool->stats.free + pool->stats.cached;
}

bool kv_prepare(struct kv_pool *pool, struct kv_table *t, int64_t from, int64_t to,
                kv_copy_fn *copy, void *ctx)
{
    int64_t had = t->page_count, wanted = pages_for(to);
    assert(from <= to && wanted <= t->page_count_max && pages_for(from) <= had);
    if (kv_wanted(pool, t, from, to) > kv_available(pool)) return false;
    while (t->page_count < wanted)
        t->pages[t->page_count++] = page_take(pool);
    if (from < had * KV_PAGE_TOKENS && from < to)
        return make_private(pool, t, from / KV_PAGE_TOKENS, from % KV_PAGE_TOKENS, copy, ctx);
    return true;
}

void kv_truncate(struct kv_pool *pool, struct kv_table *t, int64_t tokens)
{
    while (t->page_count > pages_for(tokens))
        page_unref(pool, t->pages[--t->page_count]);
}

/* --- sharing --- */

static void seal(struct kv_pool *pool, const struct kv_table *t, int64_t at, const int32_t *tokens,
                 int64_t count)
{
    struct page *p = &pool->pages[t->pages[at]];
    memcpy(p->tokens, tokens, (size_t)count * sizeof *tokens);
    p->token_count = (int32_t)count;
    p->parent_page = at > 0 ? t->pages[at - 1] : KV_NO_PAGE;
    p->salt = t->salt;
    index_add(pool, t->pages[at]);
}

static int32_t page_before(const struct kv_table *t, int64_t at)
{
    return at > 0 ? t->pages[at - 1] : KV_NO_PAGE;
}

static uint64_t serial_before(const struct kv_pool *pool, const struct kv_table *t, int64_t at)
{
    return at > 0 ? pool->pages[t->pages[at - 1]].serial : 0;
}

void kv_seal(struct kv_pool *pool, struct kv_table *t, const int32_t *tokens, int64_t count)
{
    for (int64_t b = 0; b < count / KV_PAGE_TOKENS; b++, tokens += KV_PAGE_TOKENS) {
        if (pool->pages[t->pages[b]].sealed) continue;
        int32_t equal = index_find(pool, serial_before(pool, t, b), &t->salt, tokens);
        if (equal == KV_NO_PAGE) {
            seal(pool, t, b, tokens, KV_PAGE_TOKENS);
            continue;
        }
        page_ref(pool, equal);
        page_unref(pool, t->pages[b]);
        t->pages[b] = equal;
    }
}

void kv_seal_tail(struct kv_pool *pool, struct kv_table *t, const int32_t *tokens, int64_t count)
{
    int64_t at = count / KV_PAGE_TOKENS, rest = count % KV_PAGE_TOKENS, agree;
    kv_seal(pool, t, tokens, count);
    if (rest == 0 || pool->pages[t->pages[at]].sealed) return;
    tokens += at * KV_PAGE_TOKENS;
    index_find_part(pool, page_before(t, at), &t->salt, tokens, rest, &agree);
    if (agree < rest) seal(pool, t, at, tokens, rest);
}

/* Follows tokens[0..count) through full pages; returns how many, and the last of them. */
static int64_t follow(const struct kv_pool *pool, const struct kv_salt *salt, const int32_t *tokens,
                      int64_t count, int32_t *ret_last)
{
    uint64_t parent = 0;
    int64_t matched = 0;
    *ret_last = KV_NO_PAGE;
    while (matched + KV_PAGE_TOKENS <= count) {
        int32_t i = index_find(pool, parent, salt, tokens + matched);
        if (i == KV_NO_PAGE) break;
        parent = pool->pages[i].serial;
        matched += KV_PAGE_TOKENS;
        *ret_last = i;
    }
    return matched;
}

int64_t kv_match(const struct kv_pool *pool, const struct kv_salt *salt, const int32_t *tokens,
                 int64_t count)
{
    int32_t last;
    int64_t matched = follow(pool, salt, tokens, count, &last), agree;
    if (matched == count) return matched;
    index_find_part(pool, last, salt, tokens + matched, count - matched, &agree);
    return matched + agree;
}

void kv_attach(struct kv_pool *pool, struct kv_table *t, const int32_t *tokens, int64_t count)
{
    int64_t keep = 0, agree;
    uint64_t parent = 0;
    assert(pages_for(count) <= t->page_count_max);
    /* What the table holds already stays; the rest goes back from its end before others come. */
    for (; (keep + 1) * KV_PAGE_TOKENS <= count && keep < t->page_count; keep++) {
        int32_t i = index_find(pool, parent, &t->salt, tokens + keep * KV_PAGE_TOKENS);
        if (i != t->pages[keep]) break;
        parent = pool->pages[i].serial;
    }
    kv_truncate(pool, t, keep * KV_PAGE_TOKENS);
    while (t->page_count < count / KV_PAGE_TOKENS) {
        int32_t i = index_find(pool, parent, &t->salt, tokens + t->page_count * KV_PAGE_TOKENS);
        assert(i != KV_NO_PAGE);
        page_ref(pool, i);
        t->pages[t->page_count++] = i;
        parent = pool->pages[i].serial;
    }
    if (count % KV_PAGE_TOKENS == 0) return;
    int32_t tail =
        index_find_part(pool, page_before(t, t->page_count), &t->salt,
                        tokens + t->page_count * KV_PAGE_TOKENS, count % KV_PAGE_TOKENS, &agree);
    assert(agree >= count % KV_PAGE_TOKENS);
    page_ref(pool, tail);
    t->pages[t->page_count++] = tail;
}

struct kv_stats kv_pool_stats(const struct kv_pool *pool)
{
    return pool->stats;
}
