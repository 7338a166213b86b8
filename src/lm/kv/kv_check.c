/* The books of the page pool, counted anew: for tests.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lm/kv/kv_inner.h"

static int64_t list_length(const struct kv_pool *pool, int32_t from, bool sealed)
{
    int64_t n = 0;
    for (int32_t i = from; i != KV_NO_PAGE && n <= pool->page_count;
         i = pool->pages[i].older, n++) {
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

static struct kv_stats count_pages(const struct kv_pool *pool)
{
    struct kv_stats s = { .page_count = pool->page_count,
                          .evicted = pool->stats.evicted,
                          .copied = pool->stats.copied };
    for (int64_t i = 0; i < pool->page_count; i++) {
        const struct page *p = &pool->pages[i];
        s.held += p->refs > 0;
        s.shared += p->refs > 1;
        s.cached += p->refs == 0 && p->sealed;
        s.free += p->refs == 0 && !p->sealed;
    }
    return s;
}

static bool is_in(const struct kv_pool *pool, int32_t newest, int32_t page)
{
    int64_t n = 0;
    for (int32_t i = newest; i != KV_NO_PAGE && n <= pool->page_count;
         i = pool->pages[i].sibling, n++) {
        if (i == page) return true;
    }
    return false;
}

static bool is_root(const struct kv_pool *pool, int32_t page)
{
    for (uint32_t b = 0; b < pool->bucket_count; b++) {
        if (is_in(pool, pool->roots[b], page)) return true;
    }
    return false;
}

static bool is_newer(const struct kv_pool *pool, int32_t a, int32_t b)
{
    for (int32_t i = pool->pages[b].newer; i != KV_NO_PAGE; i = pool->pages[i].newer) {
        if (i == a) return true;
    }
    return false;
}

static const char *check_snapshots(const struct kv_pool *pool)
{
    for (int32_t i = 0; i < pool->snapshot_count; i++) {
        int32_t page = pool->snapshots[i].page;
        if (page == KV_NO_PAGE) continue;
        if (!pool->pages[page].sealed || pool->pages[page].snapshot != i)
            return "a snapshot's page does not know it";
    }
    return NULL;
}

static const char *check_sealed(const struct kv_pool *pool, int32_t i)
{
    const struct page *p = &pool->pages[i];
    if (p->token_count == KV_PAGE_TOKENS && index_find(pool, p->parent, &p->salt, p->tokens) != i)
        return "a sealed page is not found by its tokens";
    if (p->parent_page == KV_NO_PAGE && p->parent != 0) return "a parent is lost";
    if (p->parent_page == KV_NO_PAGE)
        return is_root(pool, i) ? NULL : "a first page is not among its salt's";
    const struct page *parent = &pool->pages[p->parent_page];
    if (!parent->sealed || parent->serial != p->parent) return "a page outlived its parent";
    if (memcmp(&parent->salt, &p->salt, sizeof p->salt) != 0) return "salts are mixed";
    if (!is_in(pool, parent->child, i)) return "a page is not among its parent's";
    if (p->refs > parent->refs) return "a page is held without its parent";
    if (p->refs == 0 && parent->refs == 0 && !is_newer(pool, p->parent_page, i))
        return "a page would be evicted before one behind it";
    return NULL;
}

const char *kv_pool_check(const struct kv_pool *pool, const struct kv_table *const *tables,
                          int table_count)
{
    struct kv_stats s = count_pages(pool);
    if (memcmp(&s, &pool->stats, sizeof s) != 0) return "the counts are wrong";
    if (list_length(pool, pool->free_top, false) != s.free) return "the free list is broken";
    if (list_length(pool, pool->newest, true) != s.cached) return "the cached list is broken";
    if (s.held + s.cached + s.free != s.page_count) return "pages are lost";
    for (int64_t i = 0; i < pool->page_count; i++) {
        if (refs_by_tables((int32_t)i, tables, table_count) != pool->pages[i].refs)
            return "a page is held by another number of tables than it counts";
        const char *broken = pool->pages[i].sealed ? check_sealed(pool, (int32_t)i) : NULL;
        if (broken) return broken;
    }
    return check_snapshots(pool);
}
