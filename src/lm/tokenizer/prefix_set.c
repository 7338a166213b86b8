/* A set of tokens in byte order: sorted ids, narrowed byte by byte.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/tokenizer/prefix_set.h"

#include <string.h>

#include "base/core/mem.h"

static int compare(const struct vocab *v, int32_t a, int32_t b)
{
    struct span x = vocab_bytes(v, a), y = vocab_bytes(v, b);
    int c = memcmp(x.data, y.data, x.len < y.len ? x.len : y.len);
    if (c) return c;
    return x.len != y.len ? (x.len < y.len ? -1 : 1) : (a < b ? -1 : a > b);
}

/* Bottom-up merge sort: the C library's qsort has no context argument. */
static void sort(const struct vocab *v, int32_t *ids, int32_t *spare, size_t n)
{
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t low = 0; low < n; low += 2 * width) {
            size_t mid = low + width < n ? low + width : n,
                   high = mid + width < n ? mid + width : n;
            size_t a = low, b = mid;
            for (size_t i = low; i < high; i++)
                spare[i] =
                    a < mid && (b >= high || compare(v, ids[a], ids[b]) <= 0) ? ids[a++] : ids[b++];
        }
        memcpy(ids, spare, n * sizeof(*ids));
    }
}

enum status prefix_set_init(struct prefix_set *ret, const struct vocab *v, unsigned kinds,
                            struct error *err)
{
    size_t count = 0;
    for (int32_t id = 0; id < v->count; id++)
        if (kinds >> v->tokens[id].kind & 1 && v->tokens[id].len) count++;
    struct prefix_set p = { .count = count };
    int32_t *spare = mem_array(count + 1, sizeof(*spare));
    p.ids = mem_array(count + 1, sizeof(*p.ids));
    if (!spare || !p.ids) {
        mem_free(spare);
        mem_free(p.ids);
        return error_set(err, STATUS_NO_MEMORY, "no memory for %zu special tokens", count);
    }
    count = 0;
    for (int32_t id = 0; id < v->count; id++)
        if (kinds >> v->tokens[id].kind & 1 && v->tokens[id].len) p.ids[count++] = id;
    sort(v, p.ids, spare, count);
    mem_free(spare);
    for (size_t i = 0; i < count; i++)
        p.first[(uint8_t)vocab_bytes(v, p.ids[i]).data[0] + 1]++;
    for (int c = 0; c < 256; c++)
        p.first[c + 1] += p.first[c];
    *ret = p;
    return STATUS_OK;
}

void prefix_set_release(struct prefix_set *p)
{
    mem_free(p->ids);
    *p = (struct prefix_set){ 0 };
}

/* First index in [low, high) whose byte at `depth` is not below `byte`; all are longer than depth. */
static size_t lower(const struct prefix_set *p, const struct vocab *v, size_t low, size_t high,
                    size_t depth, int byte)
{
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if ((uint8_t)vocab_bytes(v, p->ids[mid]).data[depth] < byte) low = mid + 1;
        else high = mid;
    }
    return low;
}

bool prefix_walk_next(const struct prefix_set *p, const struct vocab *v, struct prefix_walk *w,
                      const char *text, size_t len, int32_t *ret_id, size_t *ret_len)
{
    if (!w->started) {
        if (!len) return false;
        *w = (struct prefix_walk){ 1, p->first[(uint8_t)text[0]], p->first[(uint8_t)text[0] + 1],
                                   true };
    } else {
        goto narrow;
    }
    for (;;) {
        if (w->low == w->high) return false;
        if (vocab_bytes(v, p->ids[w->low]).len == w->depth) { /* sorts before all that are longer */
            *ret_id = p->ids[w->low];
            *ret_len = w->depth;
            while (w->low < w->high && vocab_bytes(v, p->ids[w->low]).len == w->depth)
                w->low++;
            return true;
        }
    narrow:
        if (w->depth >= len || w->low == w->high) return false;
        int byte = (uint8_t)text[w->depth];
        w->low = lower(p, v, w->low, w->high, w->depth, byte);
        w->high = lower(p, v, w->low, w->high, w->depth, byte + 1);
        w->depth++;
    }
}

int32_t prefix_set_longest(const struct prefix_set *p, const struct vocab *v, const char *text,
                           size_t len, size_t *ret_len)
{
    struct prefix_walk w = { 0 };
    int32_t id, best = -1;
    while (prefix_walk_next(p, v, &w, text, len, &id, ret_len))
        best = id;
    if (best >= 0) *ret_len = vocab_bytes(v, best).len;
    return best;
}
