/* T2 and T3: which feed-forward units of two models are each other's nearest, and in which order.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "govern/lineage/lineage_match.h"
#include "govern/lineage/lineage_stats.h"
#include "govern/lineage/lineage_test_inner.h"

#define STAGE "T2, T3 feed-forward units"
/* Streams of the generator: those below are T1's permutations. */
#define STREAM_PAIRS ((uint64_t)1 << 32)

enum { UNITS, GATE_UP, RANK_TESTS };

struct units {
    struct test_run *run;
    struct lineage_matcher *matcher;
    int sample_max;
    int32_t *subset;                 /* [smaller side's most units]: scratch */
    int32_t *sample;                 /* [sample_max] */
    int32_t *up, *control;           /* [sample_max]: partners by up, kept while gate is matched */
    int32_t *x, *y;                  /* [sample_max] */
    double *rank_x, *rank_y;         /* [sample_max] */
    struct stats_rank_item *scratch; /* [sample_max] */
};

/* ---- which pairs ---- */

typedef bool pair_fn(void *ctx, int layer_a, int layer_b, int block_a, int block_b);

static bool layer_pairs(const struct lineage_layer *a, const struct lineage_layer *b, int layer_a,
                        int layer_b, pair_fn *fn, void *ctx)
{
    bool same = a->block_count == b->block_count;
    for (int i = 0; i < a->block_count; i++)
        for (int j = same ? i : 0; j < (same ? i + 1 : b->block_count); j++)
            if (!fn(ctx, layer_a, layer_b, i, j)) return false;
    return true;
}

static void each_pair(const struct test_run *run, pair_fn *fn, void *ctx)
{
    const struct lineage_model *a = run->a, *b = run->b;
    bool by_layer = run->tests->by_layer;
    for (int i = 0; i < a->layer_count; i++)
        for (int j = by_layer ? i : 0; j < (by_layer ? i + 1 : b->layer_count); j++)
            if (!layer_pairs(&a->layers[i], &b->layers[j], i, j, fn, ctx)) return;
}

static const struct lineage_block *block_at(const struct lineage_model *m, int layer, int block)
{
    return &m->layers[layer].blocks[block];
}

struct pair_count {
    const struct test_run *run;
    int64_t pairs;
    int64_t smaller_max, larger_max; /* units */
};

static bool comparable(const struct test_run *run, const struct lineage_block *x,
                       const struct lineage_block *y)
{
    return x->up.cols == run->a->width && y->up.cols == run->a->width;
}

static bool count_pair(void *ctx, int layer_a, int layer_b, int block_a, int block_b)
{
    struct pair_count *c = ctx;
    const struct lineage_block *x = block_at(c->run->a, layer_a, block_a);
    const struct lineage_block *y = block_at(c->run->b, layer_b, block_b);
    if (!comparable(c->run, x, y)) return true;
    int64_t small = x->up.rows < y->up.rows ? x->up.rows : y->up.rows;
    int64_t large = x->up.rows + y->up.rows - small;
    if (small > c->smaller_max) c->smaller_max = small;
    if (large > c->larger_max) c->larger_max = large;
    return ++c->pairs <= TEST_PAIRS_MAX;
}

static bool list_pair(void *ctx, int layer_a, int layer_b, int block_a, int block_b)
{
    struct test_run *run = ctx;
    const struct lineage_block *x = block_at(run->a, layer_a, block_a);
    const struct lineage_block *y = block_at(run->b, layer_b, block_b);
    if (!comparable(run, x, y)) return true;
    run->tests->pairs[run->tests->pair_count++] =
        (struct lineage_pair){ .layer_a = layer_a,
                               .layer_b = layer_b,
                               .expert_a = block_a, /* replaced by the expert once compared */
                               .expert_b = block_b,
                               .has_gate = x->gate.data && y->gate.data };
    return true;
}

/* ---- one pair ---- */

static void rank_test(struct units *u, int count, int *ret_matches, double *ret_rho,
                      double *ret_log_p)
{
    *ret_matches = count;
    *ret_rho = 0;
    *ret_log_p = 0;
    if (count < TEST_MATCHES_MIN) return;
    stats_ranks(u->rank_x, u->x, count, u->scratch);
    stats_ranks(u->rank_y, u->y, count, u->scratch);
    *ret_rho = stats_correlation(u->rank_x, u->rank_y, count);
    *ret_log_p = stats_spearman_log_p(*ret_rho, count);
}

/* Pairs (x[r], y[r]) where both are there. */
static int gather(struct units *u, const int32_t *x, const int32_t *y, int count)
{
    int n = 0;
    for (int r = 0; r < count; r++) {
        if (x[r] < 0 || y[r] < 0) continue;
        u->x[n] = x[r];
        u->y[n++] = y[r];
    }
    return n;
}

/* x and y hold the matches of the pair. */
static void keep_points(struct units *u, int which, int pair, double log_p, int count)
{
    struct lineage_tests *t = u->run->tests;
    struct lineage_points *p = &t->points[which];
    const struct lineage_pair *was = &t->pairs[p->pair];
    double best = which == UNITS ? was->units.log_p : was->gate_up.log_p;
    if (p->count && log_p >= best) return;
    int step = (count + TEST_POINTS_MAX - 1) / TEST_POINTS_MAX;
    p->pair = pair;
    p->count = 0;
    for (int i = 0; i < count; i += step ? step : 1) {
        p->x[p->count] = u->x[i];
        p->y[p->count++] = u->y[i];
    }
}

static void judge_pair(struct units *u, int which, int at, const int32_t *x, const int32_t *y,
                       const int32_t *control_x, const int32_t *control_y, int count)
{
    struct lineage_pair *pair = &u->run->tests->pairs[at];
    struct lineage_rank_test *r = which == UNITS ? &pair->units : &pair->gate_up;
    struct lineage_rank_test found;
    int control_matches;
    rank_test(u, gather(u, control_x, control_y, count), &control_matches, &found.control_rho,
              &found.control_log_p);
    rank_test(u, gather(u, x, y, count), &found.matches, &found.rho, &found.log_p);
    keep_points(u, which, at, found.log_p, found.matches);
    *r = found;
}

static enum status match_side(struct units *u, struct lineage_match *ret,
                              const struct tensor_view *x, const struct tensor_view *y, int count,
                              struct pcg32 g, struct error *err)
{
    enum status st = lineage_matcher_sample(u->matcher, x, u->sample, count, &g, err);
    if (!st) st = lineage_matcher_run(ret, u->matcher, y, err);
    if (!st) u->run->tests->bad_rows += ret->bad_rows;
    return st;
}

/* The matches of `up` decide T2; those of `gate`, made with the same sample and order, T3. */
static enum status run_pair(struct units *u, int at, struct error *err)
{
    struct lineage_pair *pair = &u->run->tests->pairs[at];
    const struct lineage_block *a = block_at(u->run->a, pair->layer_a, pair->expert_a);
    const struct lineage_block *b = block_at(u->run->b, pair->layer_b, pair->expert_b);
    bool swapped = a->up.rows > b->up.rows;
    const struct lineage_block *x = swapped ? b : a, *y = swapped ? a : b;
    int count = x->up.rows < u->sample_max ? (int)x->up.rows : u->sample_max;
    struct lineage_match match;
    struct pcg32 g;
    random_stream(&g, u->run->tests->seed, STREAM_PAIRS + (uint64_t)at);
    random_subset(u->sample, count, u->subset, (int)x->up.rows, &g);
    enum status st = match_side(u, &match, &x->up, &y->up, count, g, err);
    if (st) return st;
    pair->sampled = count;
    pair->expert_a = a->expert;
    pair->expert_b = b->expert;
    for (int r = 0; r < count; r++) {
        u->up[r] = match.partner[r];
        u->control[r] = match.control[r];
    }
    judge_pair(u, UNITS, at, u->sample, u->up, u->sample, u->control, count);
    if (!pair->has_gate) return STATUS_OK;
    st = match_side(u, &match, &x->gate, &y->gate, count, g, err);
    if (!st) judge_pair(u, GATE_UP, at, u->up, match.partner, u->control, match.control, count);
    return st;
}

/* ---- all pairs ---- */

static const struct lineage_rank_test *rank_of(const struct lineage_pair *p, int which)
{
    return which == UNITS ? &p->units : &p->gate_up;
}

/* The p-value of pairs [begin, end): one, or the smallest of several times their number. */
static double group_log_p(const struct lineage_tests *t, int which, int begin, int end,
                          bool control)
{
    double least = 0;
    int count = 0;
    for (int i = begin; i < end; i++) {
        const struct lineage_rank_test *r = rank_of(&t->pairs[i], which);
        double log_p = control ? r->control_log_p : r->log_p;
        if (which == GATE_UP && !t->pairs[i].has_gate) continue;
        count++;
        if (log_p < least) least = log_p;
    }
    return count ? stats_bonferroni_log_p(least, count) : 0;
}

/* Layers where expert e was compared with expert e: all independent. Else the layer is one group. */
static int group_end(const struct test_run *run, int begin)
{
    const struct lineage_tests *t = run->tests;
    int layer = t->pairs[begin].layer_a, end = begin + 1;
    if (!t->by_layer) return t->pair_count;
    if (run->a->layers[layer].block_count == run->b->layers[layer].block_count) return end;
    while (end < t->pair_count && t->pairs[end].layer_a == layer)
        end++;
    return end;
}

static double join(const struct test_run *run, int which, bool control)
{
    const struct lineage_tests *t = run->tests;
    double sum = 0, only = 0;
    int groups = 0;
    for (int begin = 0, end; begin < t->pair_count; begin = end) {
        end = group_end(run, begin);
        if (which == GATE_UP && end == begin + 1 && !t->pairs[begin].has_gate) continue;
        only = group_log_p(t, which, begin, end, control);
        sum -= only;
        groups++;
    }
    return groups == 1 ? only : stats_fisher_log_p(sum, groups);
}

static void conclude(struct units *u, int which, enum lineage_test test)
{
    struct lineage_tests *t = u->run->tests;
    struct lineage_outcome *o = &t->at[test];
    for (int i = 0; i < t->pair_count; i++) {
        const struct lineage_rank_test *r = rank_of(&t->pairs[i], which);
        if ((which == GATE_UP && !t->pairs[i].has_gate) || r->matches < TEST_MATCHES_MIN) continue;
        o->parts++;
        o->statistic += r->rho;
    }
    if (!o->parts) {
        snprintf(o->why_not, sizeof o->why_not, "%s",
                 which == GATE_UP ? "no two blocks with gates have units that match"
                                  : "no two feed-forward blocks have units that match");
        return;
    }
    o->ran = true;
    o->statistic /= o->parts;
    o->log_p = join(u->run, which, false);
    o->control_log_p = join(u->run, which, true);
}

static enum status run_pairs(struct units *u, struct error *err)
{
    struct lineage_tests *t = u->run->tests;
    enum status st = STATUS_OK;
    for (int i = 0; i < t->pair_count && !st; i++) {
        st = run_pair(u, i, err);
        if (!st && !progress_report(&u->run->options->progress, STAGE, (unsigned)i + 1,
                                    (unsigned)t->pair_count))
            st = error_set(err, STATUS_CANCELLED, "cancelled");
    }
    if (st) return st;
    conclude(u, UNITS, LINEAGE_TEST_UNITS);
    conclude(u, GATE_UP, LINEAGE_TEST_GATE_UP);
    return STATUS_OK;
}

static enum status refuse_both(struct test_run *run, const char *why)
{
    for (int i = LINEAGE_TEST_UNITS; i <= LINEAGE_TEST_GATE_UP; i++)
        snprintf(run->tests->at[i].why_not, sizeof run->tests->at[i].why_not, "%s", why);
    return STATUS_OK;
}

static void units_release(struct units *u)
{
    lineage_matcher_free(u->matcher);
    mem_free(u->subset);
    mem_free(u->sample);
    mem_free(u->up);
    mem_free(u->control);
    mem_free(u->x);
    mem_free(u->y);
    mem_free(u->rank_x);
    mem_free(u->rank_y);
    mem_free(u->scratch);
}

static enum status units_init(struct units *u, struct test_run *run, const struct pair_count *c,
                              struct error *err)
{
    int wanted = run->tests->unit_max;
    int64_t sample = wanted > 0 && wanted < c->smaller_max ? wanted : c->smaller_max;
    if (sample > MATCH_SAMPLE_MAX) sample = MATCH_SAMPLE_MAX;
    *u = (struct units){ .run = run, .sample_max = (int)sample };
    size_t n = (size_t)sample + 1;
    u->subset = mem_array((size_t)c->smaller_max + 1, sizeof *u->subset);
    u->sample = mem_array(n, sizeof *u->sample);
    u->up = mem_array(n, sizeof *u->up);
    u->control = mem_array(n, sizeof *u->control);
    u->x = mem_array(n, sizeof *u->x);
    u->y = mem_array(n, sizeof *u->y);
    u->rank_x = mem_array(n, sizeof *u->rank_x);
    u->rank_y = mem_array(n, sizeof *u->rank_y);
    u->scratch = mem_array(n, sizeof *u->scratch);
    run->tests->pairs = mem_array((size_t)c->pairs, sizeof *run->tests->pairs);
    if (!u->subset || !u->sample || !u->up || !u->control || !u->x || !u->y || !u->rank_x ||
        !u->rank_y || !u->scratch || !run->tests->pairs)
        return error_set(err, STATUS_NO_MEMORY, "no memory for %" PRId64 " pairs of blocks",
                         c->pairs);
    return lineage_matcher_new(&u->matcher, run->options->pool, run->a->width, u->sample_max,
                               c->larger_max, err);
}

enum status unit_tests_run(struct test_run *run, struct error *err)
{
    struct lineage_tests *t = run->tests;
    struct pair_count c = { .run = run };
    struct units u;
    int asked = run->options->unit_max;
    t->by_layer = run->a->layer_count == run->b->layer_count && !run->options->all_layers;
    t->unit_max = asked ? asked : t->by_layer ? TEST_UNITS_SAME : TEST_UNITS_ALL;
    if (!run->a->width || run->a->width != run->b->width)
        return refuse_both(run, "the rows of the two models' units have different widths");
    each_pair(run, count_pair, &c);
    if (!c.pairs)
        return refuse_both(
            run, "one of the models has no feed-forward blocks of a known name and a number "
                 "format that is read");
    if (c.pairs > TEST_PAIRS_MAX)
        return refuse_both(run, "there are more pairs of feed-forward blocks than are compared");
    enum status st = units_init(&u, run, &c, err);
    if (!st) {
        each_pair(run, list_pair, run);
        st = run_pairs(&u, err);
    }
    units_release(&u);
    return st;
}
