/* Byte pair merging by rank: a scan for short pieces, a heap over a linked list for long ones.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/tokenizer/bpe.h"

#include <string.h>

#include "base/core/checked.h"
#include "base/core/mem.h"

#define EMPTY     UINT64_MAX
#define NO_RANK   UINT32_MAX
#define SHORT_IDS 48 /* below, scanning for the lowest rank beats keeping a heap */

static uint64_t key_of(int32_t left, int32_t right)
{
    return (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
}

static size_t slot_of(const struct bpe *b, uint64_t key)
{
    return (size_t)((key ^ key >> 29) * 0x9E3779B97F4A7C15u >> b->shift) & b->mask;
}

enum status bpe_init(struct bpe *ret, const struct bpe_merge *merges, size_t count,
                     struct error *err)
{
    struct bpe b = { .shift = 60, .mask = 15 };
    while (b.mask + 1 < count + count / 2) {
        b.mask = b.mask * 2 + 1;
        b.shift--;
    }
    b.slots = mem_alloc((b.mask + 1) * sizeof(*b.slots));
    if (!b.slots) return error_set(err, STATUS_NO_MEMORY, "no memory for %zu merges", count);
    memset(b.slots, 0xFF, (b.mask + 1) * sizeof(*b.slots));
    for (size_t m = 0; m < count; m++) {
        uint64_t key = key_of(merges[m].left, merges[m].right);
        size_t i = slot_of(&b, key);
        while (b.slots[i].key != EMPTY && b.slots[i].key != key)
            i = (i + 1) & b.mask;
        b.slots[i] = (struct bpe_slot){ key, merges[m].rank, merges[m].id };
    }
    *ret = b;
    return STATUS_OK;
}

void bpe_release(struct bpe *b)
{
    mem_free(b->slots);
    *b = (struct bpe){ 0 };
}

static const struct bpe_slot *find(const struct bpe *b, int32_t left, int32_t right)
{
    static const struct bpe_slot none = { EMPTY, NO_RANK, -1 };
    uint64_t key = key_of(left, right);
    for (size_t i = slot_of(b, key);; i = (i + 1) & b->mask) {
        if (b->slots[i].key == key) return &b->slots[i];
        if (b->slots[i].key == EMPTY) return &none;
    }
}

static size_t join_short(const struct bpe *b, int32_t *ids, size_t n)
{
    uint32_t rank[SHORT_IDS];
    int32_t joined[SHORT_IDS];
    for (size_t i = 0; i + 1 < n; i++) {
        const struct bpe_slot *slot = find(b, ids[i], ids[i + 1]);
        rank[i] = slot->rank;
        joined[i] = slot->id;
    }
    while (n > 1) {
        size_t best = 0;
        for (size_t i = 1; i + 1 < n; i++)
            if (rank[i] < rank[best]) best = i;
        if (rank[best] == NO_RANK) break;
        ids[best] = joined[best];
        size_t tail = n - best - 2; /* ids after the pair */
        memmove(ids + best + 1, ids + best + 2, tail * sizeof(*ids));
        if (tail) {
            memmove(rank + best + 1, rank + best + 2, (tail - 1) * sizeof(*rank));
            memmove(joined + best + 1, joined + best + 2, (tail - 1) * sizeof(*joined));
        }
        n--;
        for (size_t i = best ? best - 1 : 0; i <= best && i + 1 < n; i++) {
            const struct bpe_slot *slot = find(b, ids[i], ids[i + 1]);
            rank[i] = slot->rank;
            joined[i] = slot->id;
        }
    }
    return n;
}

/* A pair that may still stand at `pos`; stale when the two ids there have changed. */
struct candidate {
    uint32_t rank, pos;
    int32_t left, right, id;
};

struct chain {
    const struct bpe *b;
    int32_t *ids;          /* -1: joined into the one before */
    uint32_t *next, *prev; /* n: none */
    struct candidate *heap;
    size_t heap_count, n;
};

static int before(const struct candidate *a, const struct candidate *b)
{
    return a->rank != b->rank ? a->rank < b->rank : a->pos < b->pos;
}

static void heap_push(struct chain *c, struct candidate item)
{
    size_t i = c->heap_count++;
    while (i && before(&item, &c->heap[(i - 1) / 2])) {
        c->heap[i] = c->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    c->heap[i] = item;
}

static struct candidate heap_pop(struct chain *c)
{
    struct candidate top = c->heap[0], last = c->heap[--c->heap_count];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < c->heap_count; i = child) {
        if (child + 1 < c->heap_count && before(&c->heap[child + 1], &c->heap[child])) child++;
        if (!before(&c->heap[child], &last)) break;
        c->heap[i] = c->heap[child];
    }
    c->heap[i] = last;
    return top;
}

static void offer(struct chain *c, uint32_t pos)
{
    if (pos >= c->n || c->next[pos] >= c->n) return;
    int32_t left = c->ids[pos], right = c->ids[c->next[pos]];
    const struct bpe_slot *slot = find(c->b, left, right);
    if (slot->rank != NO_RANK)
        heap_push(c, (struct candidate){ slot->rank, pos, left, right, slot->id });
}

static size_t join_chain(struct chain *c)
{
    uint32_t n = (uint32_t)c->n;
    for (uint32_t i = 0; i < n; i++) {
        c->next[i] = i + 1;
        c->prev[i] = i ? i - 1 : n;
    }
    for (uint32_t i = 0; i + 1 < n; i++)
        offer(c, i);
    while (c->heap_count) {
        struct candidate top = heap_pop(c);
        uint32_t right = c->next[top.pos];
        if (c->ids[top.pos] != top.left || right >= n || c->ids[right] != top.right) continue;
        c->ids[top.pos] = top.id;
        c->ids[right] = -1;
        c->next[top.pos] = c->next[right];
        if (c->next[right] < n) c->prev[c->next[right]] = top.pos;
        offer(c, c->prev[top.pos]);
        offer(c, top.pos);
    }
    size_t out = 0;
    for (uint32_t i = 0; i < n; i = c->next[i])
        c->ids[out++] = c->ids[i];
    return out;
}

enum status bpe_join(const struct bpe *b, int32_t *ids, size_t *count, struct bpe_scratch *s,
                     struct error *err)
{
    size_t n = *count;
    if (n < 2 || !b->slots) return STATUS_OK;
    if (n <= SHORT_IDS) {
        *count = join_short(b, ids, n);
        return STATUS_OK;
    }
    /* Each join offers at most two candidates, the start n - 1: 3 n in all. */
    size_t bytes;
    if (n >= UINT32_MAX / 2 ||
        !size_mul(n, 2 * sizeof(uint32_t) + 3 * sizeof(struct candidate), &bytes))
        return error_set(err, STATUS_LIMIT, "a piece of %zu symbols is too long to merge", n);
    if (bytes > s->bytes) {
        mem_free(s->block);
        s->bytes = 0;
        s->block = mem_alloc(bytes);
        if (!s->block) return error_set(err, STATUS_NO_MEMORY, "no memory to merge %zu symbols", n);
        s->bytes = bytes;
    }
    struct candidate *heap = s->block;
    uint32_t *next = (uint32_t *)(heap + 3 * n);
    struct chain c = { .b = b, .ids = ids, .next = next, .prev = next + n, .heap = heap, .n = n };
    *count = join_chain(&c);
    return STATUS_OK;
}

void bpe_scratch_release(struct bpe_scratch *s)
{
    mem_free(s->block);
    *s = (struct bpe_scratch){ 0 };
}

enum status bpe_merges_push(struct bpe_merges *m, struct bpe_merge item, struct error *err)
{
    if (m->count == m->cap) {
        size_t cap = m->cap ? m->cap * 2 : 4096;
        if (cap > BPE_MERGES_MAX)
            return error_set(err, STATUS_LIMIT, "more than %zu merges", BPE_MERGES_MAX / 2);
        struct bpe_merge *items = mem_resize(m->items, cap, sizeof(*items));
        if (!items) return error_set(err, STATUS_NO_MEMORY, "no memory for %zu merges", cap);
        m->items = items;
        m->cap = cap;
    }
    m->items[m->count++] = item;
    return STATUS_OK;
}

void bpe_merges_release(struct bpe_merges *m)
{
    mem_free(m->items);
    *m = (struct bpe_merges){ 0 };
}
