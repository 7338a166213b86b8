/* Values of a pickle's stack, and its memo: a table from numbers to values.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef GOVERN_SCAN_PICKLE_MEMO_H
#define GOVERN_SCAN_PICKLE_MEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/span.h"
#include "base/core/status.h"

enum pickle_kind { PICKLE_ABSENT, PICKLE_OPAQUE, PICKLE_TEXT, PICKLE_IMPORTED };

struct pickle_value {
    struct span text; /* in the pickle or the walk's arena */
    uint32_t import;  /* index among the imports */
    uint8_t kind;     /* enum pickle_kind */
};

/* Indices are mostly counted up, and then an array holds them; but any number may be one, and those far away are in
 * a hash table. Zeroed is empty. */
struct pickle_memo {
    struct pickle_value *near; /* [near_cap], absent ones included */
    size_t near_cap;
    struct pickle_slot *far; /* [far_cap], a power of two */
    size_t far_cap, far_count;
    size_t count; /* of all that are there */
};

/* STATUS_LIMIT past `count_max` entries, STATUS_NO_MEMORY. */
enum status pickle_memo_put(struct pickle_memo *m, uint64_t index, const struct pickle_value *v,
                            size_t count_max);
bool pickle_memo_get(const struct pickle_memo *m, uint64_t index, struct pickle_value *ret);
void pickle_memo_release(struct pickle_memo *m);

#endif
