/* One arena for all values: offsets by lifetime.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Two values may share bytes when no operation touches both lifetimes. First fit in order of
 * birth: each value takes the lowest gap between the values alive with it. */
#include <stdlib.h>

#include "base/core/checked.h"
#include "base/core/mem.h"
#include "lm/plan/plan_inner.h"

#define VALUE_ALIGN 64

struct extent {
    size_t begin, end;
};

static bool value_bytes(const struct program *g, int v, size_t *ret)
{
    size_t bytes;
    return size_mul((size_t)program_rows_max(g, v), (size_t)g->values[v].cols, &bytes) &&
           size_mul(bytes, sizeof(float), &bytes) && size_align(bytes, VALUE_ALIGN, ret);
}

static int by_begin(const void *a, const void *b)
{
    const struct extent *x = a, *y = b;
    return (x->begin > y->begin) - (x->begin < y->begin);
}

static bool alive_together(const struct value_info *a, const struct value_info *b)
{
    return a->first_op <= b->last_op && b->first_op <= a->last_op;
}

/* Extents of values placed before `v` whose lifetimes meet its own, sorted. */
static int neighbours(const struct program *g, int v, struct extent *out)
{
    int count = 0;
    for (int i = 0; i < v; i++) {
        size_t bytes;
        if (!alive_together(&g->values[i], &g->values[v]) || !value_bytes(g, i, &bytes)) continue;
        out[count].begin = g->values[i].offset_bytes;
        out[count++].end = g->values[i].offset_bytes + bytes;
    }
    qsort(out, (size_t)count, sizeof *out, by_begin);
    return count;
}

static size_t first_gap(const struct extent *taken, int count, size_t bytes)
{
    size_t at = 0;
    for (int i = 0; i < count; i++) {
        if (taken[i].begin >= at + bytes) break;
        if (taken[i].end > at) at = taken[i].end;
    }
    return at;
}

static bool arena_place(struct program *g, struct extent *scratch)
{
    g->arena_bytes = 0;
    for (int v = 0; v < g->value_count; v++) {
        size_t bytes, end;
        if (!value_bytes(g, v, &bytes)) return false;
        size_t at = first_gap(scratch, neighbours(g, v, scratch), bytes);
        if (!size_add(at, bytes, &end)) return false;
        g->values[v].offset_bytes = at;
        if (end > g->arena_bytes) g->arena_bytes = end;
    }
    return true;
}

enum status plan_finish(struct plan *p, struct value logits, int64_t row_max, int64_t logit_row_max,
                        struct error *err)
{
    struct program *g = &p->program;
    if (plan_failed(p)) return error_set(err, p->fault.status, "%s", p->fault.text);
    g->logits = logits.id;
    if (g->hidden != NO_VALUE) g->values[g->hidden].last_op = g->op_count - 1;
    g->row_max = row_max;
    g->logit_row_max = logit_row_max;
    struct extent *scratch = mem_array((size_t)g->value_count, sizeof *scratch);
    if (!scratch) return error_set(err, STATUS_NO_MEMORY, "no memory to lay out the plan");
    bool placed = arena_place(g, scratch);
    mem_free(scratch);
    if (!placed) {
        return error_set(err, STATUS_LIMIT,
                         "%lld rows a step need more memory than can be addressed",
                         (long long)row_max);
    }
    return STATUS_OK;
}

const struct program *plan_program(const struct plan *p)
{
    return &p->program;
}
