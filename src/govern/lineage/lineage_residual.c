/* T1: do vectors over the residual dimensions agree at equal index, more than in any other order?
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "govern/lineage/lineage_random.h"
#include "govern/lineage/lineage_stats.h"
#include "govern/lineage/lineage_test_inner.h"

#define LANES 8
#define STEP  64 /* permutations between two looks at progress */
#define STAGE "T1 residual dimensions"
/* Sums of equal terms in another order may differ in the last bits; such a tie counts against lineage. */
#define TIE_RELATIVE 1e-6

struct residual {
    struct test_run *run;
    int64_t width;
    int vectors, stride; /* floats of one dimension, a multiple of LANES */
    float *a, *b;        /* [width][stride]: standardised, the vectors of one dimension together */
    int32_t *orders;     /* [threads][width] */
    int first, last;     /* permutations of this step */
};

static enum status refuse(struct lineage_outcome *o, const char *why)
{
    snprintf(o->why_not, sizeof o->why_not, "%s", why);
    return STATUS_OK;
}

/* ---- vectors ---- */

/* Mean 0, length 1; false for one that does not vary or is not finite. */
static bool standardise(double *v, int64_t n, bool *ret_bad)
{
    double mean = 0, sum = 0;
    for (int64_t i = 0; i < n; i++)
        mean += v[i] / (double)n;
    for (int64_t i = 0; i < n; i++) {
        v[i] -= mean;
        sum += v[i] * v[i];
    }
    *ret_bad = !isfinite(sum);
    /* Weights that were all equal differ by rounding alone. */
    if (*ret_bad || sum <= 1e-12 * (double)n * mean * mean || !(sum > 0)) return false;
    for (int64_t i = 0; i < n; i++)
        v[i] /= sqrt(sum);
    return true;
}

/* Standardises both and keeps them as the next vector. */
static void keep(struct residual *r, double *a, double *b)
{
    bool bad_a, bad_b;
    bool good_a = standardise(a, r->width, &bad_a), good_b = standardise(b, r->width, &bad_b);
    r->run->tests->bad_vectors += bad_a + bad_b;
    if (!good_a || !good_b) return;
    for (int64_t i = 0; i < r->width; i++) {
        r->a[(size_t)i * (size_t)r->stride + (size_t)r->vectors] = (float)a[i];
        r->b[(size_t)i * (size_t)r->stride + (size_t)r->vectors] = (float)b[i];
    }
    r->vectors++;
}

static bool read_norm(double *out, float *row, const struct tensor_view *v, int64_t width)
{
    if (!v->data || v->rows != 1 || v->cols != width) return false;
    lineage_row(row, v, 0);
    for (int64_t i = 0; i < width; i++)
        out[i] = row[i];
    return true;
}

static bool read_columns(double *out, float *row, const struct tensor_view *v, int64_t width)
{
    if (!v->data || v->dims != 2 || v->cols != width) return false;
    memset(out, 0, (size_t)width * sizeof *out);
    for (int64_t r = 0; r < v->rows; r++) {
        lineage_row(row, v, r);
        for (int64_t i = 0; i < width; i++)
            out[i] += (double)row[i] * row[i];
    }
    for (int64_t i = 0; i < width; i++)
        out[i] = sqrt(out[i]);
    return true;
}

/* The layer of B that layer i of A is paired with: by relative depth. */
static int paired_layer(const struct test_run *run, int i)
{
    int a = run->a->layer_count, b = run->b->layer_count;
    return a == b ? i : a > 1 ? (int)((double)i * (b - 1) / (a - 1) + 0.5) : 0;
}

static void read_vectors(struct residual *r, double *a, double *b, float *row)
{
    const struct lineage_model *ma = r->run->a, *mb = r->run->b;
    if (read_columns(a, row, &ma->embed, r->width) && read_columns(b, row, &mb->embed, r->width))
        keep(r, a, b);
    if (read_norm(a, row, &ma->out_norm, r->width) && read_norm(b, row, &mb->out_norm, r->width))
        keep(r, a, b);
    for (int i = 0; i < ma->layer_count && mb->layer_count; i++) {
        const struct tensor_view *pa = ma->layers[i].parts;
        const struct tensor_view *pb = mb->layers[paired_layer(r->run, i)].parts;
        for (int role = LINEAGE_ATTN_NORM; role <= LINEAGE_POST_FFN_NORM; role++)
            if (read_norm(a, row, &pa[role], r->width) && read_norm(b, row, &pb[role], r->width))
                keep(r, a, b);
    }
}

/* ---- permutations ---- */

static float dot(const float *a, const float *b, int n)
{
    float sums[LANES] = { 0 }, sum = 0;
    for (int i = 0; i < n; i += LANES)
        for (int j = 0; j < LANES; j++)
            sums[j] += a[i + j] * b[i + j];
    for (int j = 0; j < LANES; j++)
        sum += sums[j];
    return sum;
}

static double statistic(const struct residual *r, const int32_t *order)
{
    double sum = 0;
    int used = (r->vectors + LANES - 1) / LANES * LANES; /* what is behind the vectors is zero */
    for (int64_t i = 0; i < r->width; i++) {
        size_t at = order ? (size_t)order[i] : (size_t)i;
        sum += dot(r->a + (size_t)i * (size_t)r->stride, r->b + at * (size_t)r->stride, used);
    }
    return sum / r->vectors;
}

static void permute_share(void *ctx, int thread_idx, int thread_count)
{
    struct residual *r = ctx;
    int32_t *order = r->orders + (size_t)thread_idx * (size_t)r->width;
    int64_t begin, end;
    pool_share(r->last - r->first, thread_idx, thread_count, &begin, &end);
    for (int64_t t = r->first + begin; t < r->first + end; t++) {
        struct pcg32 g;
        /* One for each permutation, so that the number of threads changes nothing. */
        random_stream(&g, r->run->tests->seed, (uint64_t)t);
        random_order(order, r->width, &g);
        r->run->tests->null[t] = (float)statistic(r, order);
    }
}

static enum status permute_all(struct residual *r, struct error *err)
{
    struct lineage_tests *t = r->run->tests;
    struct pool *pool = r->run->options->pool;
    for (r->first = 0; r->first < t->permutations; r->first = r->last) {
        r->last = r->first + STEP < t->permutations ? r->first + STEP : t->permutations;
        if (pool) pool_run(pool, permute_share, r);
        else permute_share(r, 0, 1);
        if (!progress_report(&r->run->options->progress, STAGE, (unsigned)r->last,
                             (unsigned)t->permutations))
            return error_set(err, STATUS_CANCELLED, "cancelled");
    }
    t->null_count = t->permutations;
    return STATUS_OK;
}

static enum status judge(struct residual *r, struct error *err)
{
    struct lineage_tests *t = r->run->tests;
    struct lineage_outcome *o = &t->at[LINEAGE_TEST_RESIDUAL];
    int reached = 0;
    if (!r->vectors)
        return refuse(o, "no norm and no embedding that both models have varies over the residual "
                         "dimensions");
    enum status st = permute_all(r, err);
    if (st) return st;
    double seen = statistic(r, NULL);
    for (int i = 0; i < t->null_count; i++)
        reached += t->null[i] >= seen - TIE_RELATIVE * fabs(seen);
    o->ran = true;
    o->statistic = seen;
    o->parts = r->vectors;
    o->log_p = log((reached + 1.0) / (t->null_count + 1.0));
    return STATUS_OK;
}

enum status residual_test_run(struct test_run *run, struct error *err)
{
    struct lineage_outcome *o = &run->tests->at[LINEAGE_TEST_RESIDUAL];
    struct residual r = { .run = run, .width = run->a->width };
    int threads = run->options->pool ? pool_thread_count(run->options->pool) : 1;
    if (!run->a->width || !run->b->width)
        return refuse(o, "one of the models has no weights that are known by name");
    if (run->a->width != run->b->width) {
        snprintf(o->why_not, sizeof o->why_not,
                 "the residual streams are %" PRId64 " and %" PRId64 " wide: no index of one means "
                 "anything in the other",
                 run->a->width, run->b->width);
        return STATUS_OK;
    }
    if (r.width < 2 || r.width > LINEAGE_WIDTH_MAX)
        return refuse(o, "the residual stream has no width that can be permuted");
    int layers = run->a->layer_count;
    r.stride = (layers * 4 + 2 + LANES - 1) / LANES * LANES;
    size_t width = (size_t)r.width;
    r.a = mem_array(width * (size_t)r.stride, sizeof *r.a);
    r.b = mem_array(width * (size_t)r.stride, sizeof *r.b);
    r.orders = mem_array(width * (size_t)threads, sizeof *r.orders);
    double *vectors = mem_array(width * 2, sizeof *vectors);
    float *row = mem_array(width, sizeof *row);
    run->tests->null = mem_array((size_t)run->tests->permutations, sizeof *run->tests->null);
    enum status st = STATUS_OK;
    if (!r.a || !r.b || !r.orders || !vectors || !row || !run->tests->null) {
        st = error_set(err, STATUS_NO_MEMORY, "no memory for vectors over %zu dimensions", width);
    } else {
        read_vectors(&r, vectors, vectors + width, row);
        st = judge(&r, err);
    }
    mem_free(r.a);
    mem_free(r.b);
    mem_free(r.orders);
    mem_free(vectors);
    mem_free(row);
    return st;
}
