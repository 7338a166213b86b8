/* The recorder's own struct, shared by the files of lm/plan only.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LM_PLAN_PLAN_INNER_H
#define LM_PLAN_PLAN_INNER_H

#include "base/core/mem.h"
#include "lm/plan/plan.h"

struct plan {
    const struct source *source;
    struct program program;
    struct error fault;     /* the first one; status 0 while all is well */
    struct arena constants; /* frequencies, names */
    const char **names;     /* of each weight, in the arena */
};

/* `items` with room for one more than `count`; NULL when that failed (the fault is set, `items` is kept). */
void *plan_grow(struct plan *p, void *items, int count, size_t item_bytes);

#endif
