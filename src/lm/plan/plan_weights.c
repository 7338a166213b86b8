/* Weights of a plan: looked up by name, shape and type checked.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/mem.h"
#include "lm/plan/plan_inner.h"
#include "math/quants/quant.h"

static bool shape_is(const struct tensor_view *v, enum weight_role role, int64_t rows, int64_t cols)
{
    if (role == WEIGHT_VECTOR) return v->dims == 1 && v->cols == cols;
    return v->dims == 2 && v->rows == rows && v->cols == cols;
}

static int fail_shape(struct plan *p, const char *name, const struct tensor_view *v,
                      enum weight_role role, int64_t rows, int64_t cols)
{
    char wanted[64];
    struct buf got = BUF_INIT(512);
    if (role == WEIGHT_VECTOR) snprintf(wanted, sizeof wanted, "[%lld]", (long long)cols);
    else snprintf(wanted, sizeof wanted, "[%lld, %lld]", (long long)rows, (long long)cols);
    for (int i = 0; i < v->dims; i++)
        buf_format(&got, "%s%lld", i ? ", " : "", (long long)v->shape[i]);
    plan_fail(p, STATUS_BAD_INPUT,
              "tensor '%s' has the shape [%s], but the configuration asks for %s; "
              "the weights and the configuration do not belong together",
              name, got.data ? got.data : "", wanted);
    buf_release(&got);
    return NO_WEIGHT;
}

static bool weight_check(struct plan *p, const char *name, const struct tensor_view *v,
                         enum weight_role role, int64_t rows, int64_t cols)
{
    if (!shape_is(v, role, rows, cols)) {
        fail_shape(p, name, v, role, rows, cols);
        return false;
    }
    if (!quant_of(v->type)->decode) {
        plan_fail(p, STATUS_UNSUPPORTED, "tensor '%s' has the type %s, which no weight may have",
                  name, quant_name(v->type));
        return false;
    }
    return true;
}

static int weight_add(struct plan *p, const char *name, enum weight_role role, int64_t rows,
                      int64_t cols)
{
    struct program *g = &p->program;
    struct tensor_view view;
    struct error err;
    if (plan_failed(p)) return NO_WEIGHT;
    if (source_tensor(p->source, name, &view, &err)) {
        plan_fail(p, err.status, "%s", err.text);
        return NO_WEIGHT;
    }
    if (!weight_check(p, name, &view, role, rows, cols)) return NO_WEIGHT;
    struct weight *weights = plan_grow(p, g->weights, g->weight_count, sizeof *weights);
    if (!weights) return NO_WEIGHT;
    g->weights = weights;
    const char **names = plan_grow(p, p->names, g->weight_count, sizeof *names);
    if (!names) return NO_WEIGHT;
    p->names = names;
    names[g->weight_count] = arena_copy_text(&p->constants, name, strlen(name));
    if (!names[g->weight_count]) {
        plan_fail(p, STATUS_NO_MEMORY, "no memory for the names of weights");
        return NO_WEIGHT;
    }
    weights[g->weight_count] = (struct weight){ view, role };
    return g->weight_count++;
}

int plan_matrix(struct plan *p, const char *name, int64_t rows, int64_t cols)
{
    return weight_add(p, name, WEIGHT_MATRIX, rows, cols);
}

int plan_table(struct plan *p, const char *name, int64_t rows, int64_t cols)
{
    return weight_add(p, name, WEIGHT_TABLE, rows, cols);
}

int plan_vector(struct plan *p, const char *name, int64_t count)
{
    return weight_add(p, name, WEIGHT_VECTOR, 1, count);
}

int plan_vector_if_there(struct plan *p, const char *name, int64_t count)
{
    if (!source_has_tensor(p->source, name)) return NO_WEIGHT;
    return plan_vector(p, name, count);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int name_order(const char *name, struct span s)
{
    size_t len = strlen(name), common = len < s.len ? len : s.len;
    int c = memcmp(name, s.data, common);
    return c ? c : (len > s.len) - (len < s.len);
}

static bool is_read(const char *const *sorted, int count, struct span name)
{
    int lo = 0, hi = count;
    while (lo < hi) {
        int mid = lo + (hi - lo) / 2;
        int c = name_order(sorted[mid], name);
        if (c == 0) return true;
        if (c < 0) lo = mid + 1;
        else hi = mid;
    }
    return false;
}

size_t plan_unread_tensors(const struct plan *p, bool (*ignored)(struct span name),
                           struct span *ret_first)
{
    int count = p->program.weight_count;
    const char **sorted = mem_array((size_t)count + 1, sizeof *sorted);
    size_t unread = 0;
    if (!sorted) return 0;
    if (count) memcpy(sorted, p->names, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, by_name);
    for (size_t i = 0; i < source_tensor_count(p->source); i++) {
        struct tensor_view view;
        struct span name;
        const char *type;
        source_tensor_at(p->source, i, &name, &view, &type);
        if (is_read(sorted, count, name) || (ignored && ignored(name))) continue;
        if (unread++ == 0) *ret_first = name;
    }
    mem_free(sorted);
    return unread;
}

uint64_t plan_parameter_count(const struct plan *p)
{
    const struct program *g = &p->program;
    uint64_t sum = 0;
    for (int i = 0; i < g->weight_count; i++) {
        const struct tensor_view *v = &g->weights[i].view;
        bool seen = false; /* a tied head names the embedding a second time */
        for (int j = 0; j < i && !seen; j++)
            seen = g->weights[j].view.data == v->data;
        if (!seen) sum += (uint64_t)v->rows * (uint64_t)v->cols;
    }
    return sum;
}
