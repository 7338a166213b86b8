/* The memo of a pickle: an array, and a hash table with linear probes, at most three quarters full.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An index belongs to the array once it is below its room, which only grows: what the table holds of it is then out of
 * date, and the array is asked first. */
#include "govern/scan/pickle_memo.h"

#include <string.h>

#include "base/core/mem.h"

#define NEAR_SLACK 1024 /* an index so far past what was put is still near */

struct pickle_slot {
    uint64_t index;
    struct pickle_value value; /* absent: the slot is free */
};

/* The finalizer of splitmix64: whoever writes a pickle chooses the indices. */
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
    while (slots[at].value.kind != PICKLE_ABSENT && slots[at].index != index)
        at = (at + 1) & (cap - 1);
    return &slots[at];
}

static bool widen_far(struct pickle_memo *m)
{
    size_t cap = m->far_cap ? 2 * m->far_cap : 64;
    struct pickle_slot *slots = mem_array(cap, sizeof *slots);
    if (!slots) return false;
    for (size_t i = 0; i < m->far_cap; i++)
        if (m->far[i].value.kind != PICKLE_ABSENT) *find(slots, cap, m->far[i].index) = m->far[i];
    mem_free(m->far);
    m->far = slots;
    m->far_cap = cap;
    return true;
}

static bool widen_near(struct pickle_memo *m, uint64_t index)
{
    size_t cap = m->near_cap ? m->near_cap : 256;
    while (cap <= index)
        cap *= 2;
    struct pickle_value *values = mem_resize(m->near, cap, sizeof *values);
    if (!values) return false;
    memset(values + m->near_cap, 0, (cap - m->near_cap) * sizeof *values);
    m->near = values;
    m->near_cap = cap;
    return true;
}

static const struct pickle_value *look_up(const struct pickle_memo *m, uint64_t index)
{
    if (index < m->near_cap && m->near[index].kind != PICKLE_ABSENT) return &m->near[index];
    if (!m->far_cap) return NULL;
    const struct pickle_slot *slot = find(m->far, m->far_cap, index);
    return slot->value.kind == PICKLE_ABSENT ? NULL : &slot->value;
}

enum status pickle_memo_put(struct pickle_memo *m, uint64_t index, const struct pickle_value *v,
                            size_t count_max)
{
    bool new = !look_up(m, index);
    if (new && m->count == count_max) return STATUS_LIMIT;
    bool near = index < m->near_cap || index < 2 * m->count + NEAR_SLACK;
    if (near && index >= m->near_cap && !widen_near(m, index)) return STATUS_NO_MEMORY;
    if (!near && m->far_count + 1 > m->far_cap / 4 * 3 && !widen_far(m)) return STATUS_NO_MEMORY;
    if (near) {
        m->near[index] = *v;
    } else {
        *find(m->far, m->far_cap, index) = (struct pickle_slot){ index, *v };
        m->far_count += new;
    }
    m->count += new;
    return STATUS_OK;
}

bool pickle_memo_get(const struct pickle_memo *m, uint64_t index, struct pickle_value *ret)
{
    const struct pickle_value *v = look_up(m, index);
    if (v) *ret = *v;
    return v != NULL;
}

void pickle_memo_release(struct pickle_memo *m)
{
    mem_free(m->near);
    mem_free(m->far);
    *m = (struct pickle_memo){ 0 };
}
