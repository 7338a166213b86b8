/* Names to positions: a sorted list, so that a hostile file cannot make look-up slow.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/format/name_index.h"

#include <stdlib.h>

#include "base/core/mem.h"

static int span_compare(struct span a, struct span b)
{
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = shared ? memcmp(a.data, b.data, shared) : 0;
    if (order) return order;
    return (a.len > b.len) - (a.len < b.len);
}

/* Equal names stay in order of position, so that qsort's choice does not show. */
static int entry_compare(const void *a, const void *b)
{
    const struct name_entry *x = a, *y = b;
    int order = span_compare(x->name, y->name);
    return order ? order : (x->position > y->position) - (x->position < y->position);
}

bool name_index_init(struct name_index *index, size_t count)
{
    struct name_entry *sorted = mem_array(count ? count : 1, sizeof *sorted);
    if (!sorted) return false;
    *index = (struct name_index){ sorted, count };
    return true;
}

void name_index_release(struct name_index *index)
{
    mem_free(index->sorted);
    *index = (struct name_index){ 0 };
}

struct span name_index_sort(struct name_index *index)
{
    qsort(index->sorted, index->count, sizeof *index->sorted, entry_compare);
    for (size_t i = 1; i < index->count; i++) {
        if (span_compare(index->sorted[i - 1].name, index->sorted[i].name) == 0)
            return index->sorted[i].name;
    }
    return (struct span){ 0 };
}

bool name_index_find(const struct name_index *index, struct span name, size_t *ret)
{
    size_t low = 0, high = index->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = span_compare(index->sorted[middle].name, name);
        if (order == 0) {
            *ret = index->sorted[middle].position;
            return true;
        }
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return false;
}
