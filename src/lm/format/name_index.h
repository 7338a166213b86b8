/* Names to positions: a sorted list, so that a hostile file cannot make look-up slow.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Borrows the names. Building is O(n log n) whatever the names are, unlike a
 * hash table with a known function. Immutable after building. */
#ifndef LM_FORMAT_NAME_INDEX_H
#define LM_FORMAT_NAME_INDEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/core/span.h"

struct name_entry {
    struct span name;
    size_t position;
};

struct name_index {
    struct name_entry *sorted; /* [count]; owned */
    size_t count;
};

/* Room for `count` names, to be filled in sorted[]; false when memory is short. */
bool name_index_init(struct name_index *index, size_t count);
void name_index_release(struct name_index *index);
/* Sorts what was filled in. Returns a name that occurs twice, or {NULL, 0}. */
struct span name_index_sort(struct name_index *index);
bool name_index_find(const struct name_index *index, struct span name, size_t *ret);

/* How much of a name goes into a message: printf("%.*s", NAME_SHOWN(span)). */
#define NAME_SHOWN_MAX 80
#define NAME_SHOWN(s)  (int)((s).len < NAME_SHOWN_MAX ? (s).len : NAME_SHOWN_MAX), (s).data

#endif
