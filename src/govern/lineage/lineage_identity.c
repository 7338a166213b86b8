/* Which tensors of two models are the same bytes.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "govern/lineage/lineage_inner.h"
#include "math/quants/quant.h"

#define STAGE        "reading tensors"
#define STEP_TENSORS 16 /* of each thread, between two looks at progress */

static int by_name(const void *a, const void *b)
{
    const struct lineage_tensor *x = a, *y = b;
    size_t len = x->name.len < y->name.len ? x->name.len : y->name.len;
    int order = memcmp(x->name.data, y->name.data, len);
    return order ? order : (x->name.len > y->name.len) - (x->name.len < y->name.len);
}

static size_t bytes_of(const struct lineage_tensor *t)
{
    return (size_t)t->view.rows * t->view.row_bytes;
}

static enum status list_tensors(struct lineage_side *s, struct error *err)
{
    s->tensor_count = source_tensor_count(s->source);
    if (s->tensor_count > LINEAGE_TENSORS_MAX)
        return error_set(err, STATUS_LIMIT, "%zu tensors; at most %d are compared", s->tensor_count,
                         LINEAGE_TENSORS_MAX);
    s->tensors = mem_array(s->tensor_count + 1, sizeof *s->tensors);
    if (!s->tensors)
        return error_set(err, STATUS_NO_MEMORY, "no memory for %zu tensors", s->tensor_count);
    for (size_t i = 0; i < s->tensor_count; i++) {
        struct lineage_tensor *t = &s->tensors[i];
        const char *type = "";
        t->readable = source_tensor_at(s->source, i, &t->name, &t->view, &type);
        t->type = t->readable ? quant_name(t->view.type) : type;
        if (t->readable) s->bytes += bytes_of(t);
    }
    qsort(s->tensors, s->tensor_count, sizeof *s->tensors, by_name);
    return STATUS_OK;
}

struct hashing {
    struct lineage_side *side;
    size_t first, last;
};

static void hash_share(void *ctx, int thread_idx, int thread_count)
{
    struct hashing *h = ctx;
    /* Interleaved: tensors that follow each other have different sizes. */
    for (size_t i = h->first + (size_t)thread_idx; i < h->last; i += (size_t)thread_count) {
        struct lineage_tensor *t = &h->side->tensors[i];
        if (!t->readable) continue;
        t->hashed = !sha256_of(t->view.data, bytes_of(t), t->digest, NULL);
        source_dont_need(h->side->source, &t->view);
    }
}

static enum status hash_tensors(struct lineage_side *s, const struct lineage_test_options *o,
                                struct error *err)
{
    struct hashing h = { .side = s };
    size_t step = STEP_TENSORS * (size_t)(o->pool ? pool_thread_count(o->pool) : 1);
    for (h.first = 0; h.first < s->tensor_count; h.first = h.last) {
        h.last = h.first + step < s->tensor_count ? h.first + step : s->tensor_count;
        if (o->pool) pool_run(o->pool, hash_share, &h);
        else hash_share(&h, 0, 1);
        if (!progress_report(&o->progress, STAGE, h.last, s->tensor_count))
            return error_set(err, STATUS_CANCELLED, "cancelled");
    }
    for (size_t i = 0; i < s->tensor_count; i++)
        if (s->tensors[i].readable && !s->tensors[i].hashed)
            return error_set(err, STATUS_FAILED, "the digest of a tensor could not be computed");
    return STATUS_OK;
}

/* "<sha256> <type> <dim>x<dim>... <name>\n", the line of the inspector (lm/worker/far_inspect.c): the digest is the one
 * that a pin, a bill of materials and a dossier have. */
static enum status hash_line(struct sha256 *sum, const struct lineage_tensor *t, struct error *err)
{
    char hex[SHA256_HEX_BYTES], line[512];
    sha256_hex(t->digest, hex);
    int n = snprintf(line, sizeof line, "%s %.64s ", hex, t->type);
    for (int i = 0; i < t->view.dims; i++)
        n += snprintf(line + n, sizeof line - (size_t)n, "%s%" PRId64, i ? "x" : "",
                      t->view.shape[i]);
    enum status st = sha256_update(sum, line, (size_t)n, err);
    if (!st) st = sha256_update(sum, " ", 1, err);
    if (!st) st = sha256_update(sum, t->name.data, t->name.len, err);
    return st ? st : sha256_update(sum, "\n", 1, err);
}

static enum status hash_set(struct lineage_side *s, struct error *err)
{
    struct sha256 *sum;
    enum status st = sha256_new(&sum, err);
    if (st) return st;
    for (size_t i = 0; i < s->tensor_count && !st; i++)
        st = hash_line(sum, &s->tensors[i], err);
    if (!st) st = sha256_final(sum, s->digest, err);
    sha256_free(sum);
    return st;
}

enum status lineage_side_init(struct lineage_side *ret, struct source *source,
                              const struct lineage_test_options *o, struct error *err)
{
    *ret = (struct lineage_side){ .source = source };
    enum status st = source_check_whole(source, err);
    if (!st) st = lineage_model_read(&ret->model, source, err);
    if (!st) st = list_tensors(ret, err);
    if (!st) st = hash_tensors(ret, o, err);
    if (!st) st = hash_set(ret, err);
    if (st) lineage_side_release(ret);
    return st;
}

void lineage_side_release(struct lineage_side *s)
{
    lineage_model_release(&s->model);
    mem_free(s->tensors);
    s->tensors = NULL;
}

/* ---- comparing ---- */

static int by_digest(const void *a, const void *b)
{
    const struct lineage_tensor *const *x = a, *const *y = b;
    return memcmp((*x)->digest, (*y)->digest, SHA256_BYTES);
}

static const struct lineage_tensor **sorted(const struct lineage_side *s)
{
    const struct lineage_tensor **list = mem_array(s->tensor_count + 1, sizeof *list);
    for (size_t i = 0; list && i < s->tensor_count; i++)
        list[i] = &s->tensors[i];
    if (list) qsort(list, s->tensor_count, sizeof *list, by_digest);
    return list;
}

static bool is_large(const struct lineage_tensor *t)
{
    return t->readable && t->view.rows > 0 &&
           t->view.cols >= (LINEAGE_LARGE_VALUES + t->view.rows - 1) / t->view.rows;
}

static bool is_in(const struct lineage_tensor *t, const struct lineage_tensor *const *list,
                  size_t count)
{
    return t->hashed && bsearch(&t, list, count, sizeof *list, by_digest) != NULL;
}

enum status lineage_identity_find(struct lineage_identity *ret, const struct lineage_side *a,
                                  const struct lineage_side *b, struct error *err)
{
    const struct lineage_tensor **in_a = sorted(a), **in_b = sorted(b);
    enum status st = STATUS_OK;
    *ret = (struct lineage_identity){ .same_files = a->tensor_count && b->tensor_count };
    if (!in_a || !in_b) st = error_set(err, STATUS_NO_MEMORY, "no memory to compare tensors");
    for (size_t i = 0; !st && i < a->tensor_count; i++) {
        const struct lineage_tensor *t = &a->tensors[i];
        bool common = is_in(t, in_b, b->tensor_count);
        ret->large_a += is_large(t);
        ret->common += common;
        ret->large_common += common && is_large(t);
        if (common) ret->common_bytes += bytes_of(t);
        if (!common) ret->same_files = false;
    }
    for (size_t i = 0; !st && i < b->tensor_count; i++) {
        ret->large_b += is_large(&b->tensors[i]);
        if (!is_in(&b->tensors[i], in_a, a->tensor_count)) ret->same_files = false;
    }
    mem_free(in_a);
    mem_free(in_b);
    return st;
}
