/* The tree of sealed pages: found by parent and tokens.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Full pages are in a hash table; all pages are also in the list of their parent's children, where the
 * best partial agreement is looked for. */
#include <assert.h>
#include <string.h>

#include "lm/kv/kv_inner.h"

static uint32_t bucket_of(const struct kv_pool *pool, uint64_t parent, const struct kv_salt *salt,
                          const int32_t *tokens)
{
    uint64_t h = (parent ^ salt->words[0]) * 0x9E3779B97F4A7C15u + salt->words[1];
    for (int i = 0; i < KV_PAGE_TOKENS; i++) {
        h = (h ^ (uint32_t)tokens[i]) * 0x100000001B3u;
        h ^= h >> 29;
    }
    return (uint32_t)(h >> 20) & (pool->bucket_count - 1);
}

static bool same_salt(const struct kv_salt *a, const struct kv_salt *b)
{
    return a->words[0] == b->words[0] && a->words[1] == b->words[1];
}

int32_t index_find(const struct kv_pool *pool, uint64_t parent, const struct kv_salt *salt,
                   const int32_t *tokens)
{
    int32_t i = pool->buckets[bucket_of(pool, parent, salt, tokens)];
    while (i != KV_NO_PAGE) {
        const struct page *p = &pool->pages[i];
        if (p->parent == parent && same_salt(&p->salt, salt) &&
            memcmp(p->tokens, tokens, sizeof p->tokens) == 0)
            return i;
        i = p->next_in_bucket;
    }
    return KV_NO_PAGE;
}

/* The newest of the pages behind a page, or of those that are first under a salt (and under others that
 * fall into the same list). */
static int32_t *children_of(const struct kv_pool *pool, int32_t parent_page,
                            const struct kv_salt *salt)
{
    if (parent_page != KV_NO_PAGE) return &pool->pages[parent_page].child;
    uint64_t h = (salt->words[0] ^ salt->words[1] >> 7) * 0x9E3779B97F4A7C15u;
    return &pool->roots[(uint32_t)(h >> 20) & (pool->bucket_count - 1)];
}

int32_t index_find_part(const struct kv_pool *pool, int32_t parent_page, const struct kv_salt *salt,
                        const int32_t *tokens, int64_t count, int64_t *ret_agree)
{
    int32_t best = KV_NO_PAGE, i = *children_of(pool, parent_page, salt);
    int64_t most = 0;
    for (int n = 0; i != KV_NO_PAGE && n < KV_SIBLINGS_MAX; n++, i = pool->pages[i].sibling) {
        const struct page *p = &pool->pages[i];
        int64_t agree = 0;
        if (!same_salt(&p->salt, salt)) continue;
        while (agree < count && agree < p->token_count && p->tokens[agree] == tokens[agree])
            agree++;
        if (agree <= most) continue;
        most = agree;
        best = i;
    }
    *ret_agree = most;
    return best;
}

static void child_add(struct kv_pool *pool, int32_t i)
{
    struct page *p = &pool->pages[i];
    int32_t *newest = children_of(pool, p->parent_page, &p->salt);
    p->sibling_new = KV_NO_PAGE;
    p->sibling = *newest;
    if (p->sibling != KV_NO_PAGE) pool->pages[p->sibling].sibling_new = i;
    *newest = i;
}

static void child_remove(struct kv_pool *pool, int32_t i)
{
    struct page *p = &pool->pages[i];
    if (p->sibling != KV_NO_PAGE) pool->pages[p->sibling].sibling_new = p->sibling_new;
    if (p->sibling_new != KV_NO_PAGE) pool->pages[p->sibling_new].sibling = p->sibling;
    else *children_of(pool, p->parent_page, &p->salt) = p->sibling;
}

static void unsaved_add(struct kv_pool *pool, int32_t i)
{
    struct page *p = &pool->pages[i];
    p->unsaved = true;
    p->unsaved_next = KV_NO_PAGE;
    p->unsaved_last = pool->unsaved_newest;
    if (p->unsaved_last != KV_NO_PAGE) pool->pages[p->unsaved_last].unsaved_next = i;
    else pool->unsaved_first = i;
    pool->unsaved_newest = i;
}

void kv_mark_saved(struct kv_pool *pool, int32_t i)
{
    struct page *p = &pool->pages[i];
    if (!p->unsaved) return;
    if (p->unsaved_last != KV_NO_PAGE) pool->pages[p->unsaved_last].unsaved_next = p->unsaved_next;
    else pool->unsaved_first = p->unsaved_next;
    if (p->unsaved_next != KV_NO_PAGE) pool->pages[p->unsaved_next].unsaved_last = p->unsaved_last;
    else pool->unsaved_newest = p->unsaved_last;
    p->unsaved = false;
}

void index_add(struct kv_pool *pool, int32_t i)
{
    struct page *p = &pool->pages[i];
    p->serial = ++pool->serial_last;
    p->parent = p->parent_page == KV_NO_PAGE ? 0 : pool->pages[p->parent_page].serial;
    p->child = KV_NO_PAGE;
    p->snapshot = KV_NO_SNAPSHOT;
    p->sealed = true;
    if (p->token_count == KV_PAGE_TOKENS) {
        int32_t *bucket = &pool->buckets[bucket_of(pool, p->parent, &p->salt, p->tokens)];
        p->next_in_bucket = *bucket;
        *bucket = i;
    }
    child_add(pool, i);
    unsaved_add(pool, i);
}

void index_remove(struct kv_pool *pool, int32_t i)
{
    struct page *p = &pool->pages[i];
    assert(p->sealed && p->child == KV_NO_PAGE);
    if (p->token_count == KV_PAGE_TOKENS) {
        int32_t *link = &pool->buckets[bucket_of(pool, p->parent, &p->salt, p->tokens)];
        while (*link != i)
            link = &pool->pages[*link].next_in_bucket;
        *link = p->next_in_bucket;
    }
    child_remove(pool, i);
    kv_mark_saved(pool, i);
    snapshot_drop(pool, i);
    p->sealed = false;
}

int32_t kv_unsaved(const struct kv_pool *pool)
{
    return pool->unsaved_first;
}

struct kv_page_facts kv_page_facts(const struct kv_pool *pool, int32_t page)
{
    const struct page *p = &pool->pages[page];
    assert(p->sealed);
    return (struct kv_page_facts){ p->parent_page, p->serial, p->tokens, p->token_count, p->salt };
}
