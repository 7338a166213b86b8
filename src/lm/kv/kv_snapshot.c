/* Books of snapshots: which sealed page has which.
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "base/core/mem.h"
#include "lm/kv/kv_inner.h"

enum status kv_snapshots_new(struct kv_pool *pool, int32_t count, struct error *err)
{
    assert(!pool->snapshots && pool->serial_last == 0);
    pool->snapshots = mem_array((size_t)count, sizeof *pool->snapshots);
    if (!pool->snapshots)
        return error_set(err, STATUS_NO_MEMORY, "no memory for %d snapshots", (int)count);
    pool->snapshot_count = count;
    for (int32_t i = 0; i < count; i++)
        pool->snapshots[i].page = KV_NO_PAGE;
    return STATUS_OK;
}

void snapshot_drop(struct kv_pool *pool, int32_t page)
{
    struct page *p = &pool->pages[page];
    if (p->snapshot == KV_NO_SNAPSHOT) return;
    pool->snapshots[p->snapshot] = (struct snapshot){ .page = KV_NO_PAGE };
    p->snapshot = KV_NO_SNAPSHOT;
}

int32_t kv_snapshot_take(struct kv_pool *pool, int32_t page)
{
    struct page *p = &pool->pages[page];
    int32_t best = KV_NO_SNAPSHOT;
    assert(p->sealed && p->token_count == KV_PAGE_TOKENS);
    if (p->snapshot != KV_NO_SNAPSHOT) return KV_NO_SNAPSHOT;
    for (int32_t i = 0; i < pool->snapshot_count; i++) { /* a free one was never used */
        if (best == KV_NO_SNAPSHOT || pool->snapshots[i].used < pool->snapshots[best].used)
            best = i;
    }
    if (best == KV_NO_SNAPSHOT) return best;
    if (pool->snapshots[best].page != KV_NO_PAGE) snapshot_drop(pool, pool->snapshots[best].page);
    pool->snapshots[best] = (struct snapshot){ page, ++pool->snapshot_used };
    p->snapshot = best;
    return best;
}

int64_t kv_match_snapshot(struct kv_pool *pool, const struct kv_salt *salt, const int32_t *tokens,
                          int64_t count, int32_t *ret_snapshot)
{
    uint64_t parent = 0;
    int64_t matched = 0;
    *ret_snapshot = KV_NO_SNAPSHOT;
    for (int64_t at = 0; at + KV_PAGE_TOKENS <= count; at += KV_PAGE_TOKENS) {
        int32_t i = index_find(pool, parent, salt, tokens + at);
        if (i == KV_NO_PAGE) break;
        parent = pool->pages[i].serial;
        if (pool->pages[i].snapshot == KV_NO_SNAPSHOT) continue;
        matched = at + KV_PAGE_TOKENS;
        *ret_snapshot = pool->pages[i].snapshot;
    }
    if (matched > 0) pool->snapshots[*ret_snapshot].used = ++pool->snapshot_used;
    return matched;
}
