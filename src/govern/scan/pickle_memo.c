/* The memo of a pickle: open addressing, linear probes, at most three quarters full.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/scan/pickle_memo.h"

#include "base/core/mem.h"

struct pickle_slot {
    uint64_t index;
    struct pickle_value value;
    bool used;
};

/* The finalizer of splitmix64: neighbours must not collide, and whoever writes a pickle chooses the indices. */
static size_t place(uint64_t index, size_t cap)
{
    uint64_t x = index + 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return (size_t)(x ^ (x >> 31)) & (cap - 1);
}

/* Its slot, or the free one where it belongs. */
static struct pickle_slot *find(struct pickle_slot *slots, size_t cap, uint64_t index)
{
    size_t at = place(index, cap);
    while (slots[at].used && slots[at].index != index)
        at = (at + 1) & (cap - 1);
    return &slots[at];
}

static bool widen(struct pickle_memo *m)
{
    size_t cap = m->cap ? 2 * m->cap : 64;
    struct pickle_slot *slots = mem_array(cap, sizeof *slots);
    if (!slots) return false;
    for (size_t i = 0; i < m->cap; i++)
        if (m->slots[i].used) *find(slots, cap, m->slots[i].index) = m->slots[i];
    mem_free(m->slots);
    m->slots = slots;
    m->cap = cap;
    return true;
}

enum status pickle_memo_put(struct pickle_memo *m, uint64_t index, const struct pickle_value *v,
                            size_t count_max)
{
    if (m->count + 1 > m->cap / 4 * 3 && !widen(m)) return STATUS_NO_MEMORY;
    struct pickle_slot *slot = find(m->slots, m->cap, index);
    if (!slot->used && m->count == count_max) return STATUS_LIMIT;
    if (!slot->used) m->count++;
    *slot = (struct pickle_slot){ index, *v, true };
    return STATUS_OK;
}

bool pickle_memo_get(const struct pickle_memo *m, uint64_t index, struct pickle_value *ret)
{
    if (!m->cap) return false;
    const struct pickle_slot *slot = find(m->slots, m->cap, index);
    if (!slot->used) return false;
    *ret = slot->value;
    return true;
}

void pickle_memo_release(struct pickle_memo *m)
{
    mem_free(m->slots);
    *m = (struct pickle_memo){ 0 };
}
