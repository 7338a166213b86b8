/* Independent pairs and copies, counted.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/lineage/lineage_selftest.h"

#include <math.h>
#include <stdlib.h>

#include "govern/lineage/lineage_stats.h"

#define STREAM_COPIES ((uint64_t)1 << 40)
#define STREAM_NOISES ((uint64_t)1 << 41)
#define STREAM_FAMILY ((uint64_t)1 << 42)

static const double noises[SELFTEST_NOISES] = { 0.5, 1, 2, 4, 6, 8 };
static const struct synthetic_shape copy_shape = { 4, 96, 128, 0, 64 };

static const struct selftest_family families[SELFTEST_FAMILIES] = {
    { .name = "same shape", .a = { 3, 32, 48, 0, 32 }, .b = { 3, 32, 48, 0, 32 } },
    { .name = "different depth", .a = { 3, 32, 48, 0, 32 }, .b = { 2, 32, 40, 0, 32 } },
    { .name = "dense and experts", .a = { 2, 32, 48, 0, 32 }, .b = { 2, 32, 24, 4, 32 } },
};

const char *selftest_row_name(int row)
{
    static const char *const names[SELFTEST_ROWS] = {
        "T1", "T2", "T3", "T2 control", "T3 control", "any, after Holm"
    };
    return names[row];
}

double selftest_noise(int i)
{
    return noises[i];
}

/* ---- calibration ---- */

static void count(struct selftest_family *f, int row, double log_p)
{
    /* A p of exactly 5 % counts; adding logarithms may miss it by the last bit. */
    f->at_5[row] += log_p <= log(0.05) + 1e-12;
    f->at_1[row] += log_p <= log(0.01) + 1e-12;
}

static void count_tests(struct selftest_family *f, const struct lineage_tests *t)
{
    for (int i = 0; i < LINEAGE_TEST_COUNT; i++) {
        count(f, i, t->at[i].log_p);
        f->withdrawn += t->at[i].withdrawn;
    }
    count(f, SELFTEST_CONTROLS, t->at[LINEAGE_TEST_UNITS].control_log_p);
    count(f, SELFTEST_CONTROLS + 1, t->at[LINEAGE_TEST_GATE_UP].control_log_p);
    count(f, SELFTEST_ANY, t->log_p);
    f->pairs++;
}

static enum status independent_pair(struct selftest_family *f, struct pcg32 *g, struct error *err)
{
    struct synthetic a, b;
    struct lineage_tests tests;
    struct lineage_test_options o = { .permutations = SELFTEST_PERMUTATIONS };
    enum status st = synthetic_new(&a, f->a, g, err);
    if (st) return st;
    st = synthetic_new(&b, f->b, g, err);
    o.seed = pcg32_next(g);
    if (!st) {
        st = lineage_test_run(&tests, &a.model, &b.model, &o, err);
        if (!st) count_tests(f, &tests);
        if (!st) lineage_tests_release(&tests);
        synthetic_release(&b);
    }
    synthetic_release(&a);
    return st;
}

static enum status run_family(struct lineage_selftest *t, int which,
                              const struct selftest_options *o, struct error *err)
{
    struct selftest_family *f = &t->families[which];
    int64_t asked = o->pairs ? o->pairs : SELFTEST_PAIRS;
    enum status st = STATUS_OK;
    for (int64_t i = 0; i < asked && !st; i++) {
        struct pcg32 g;
        random_stream(&g, t->seed, STREAM_FAMILY * (uint64_t)(which + 1) + (uint64_t)i);
        st = independent_pair(f, &g, err);
        if (!st && !progress_report(&o->progress, f->name, (uint64_t)i + 1, (uint64_t)asked))
            st = error_set(err, STATUS_CANCELLED, "cancelled");
    }
    return st;
}

static bool within(int64_t hits, int64_t n, double level)
{
    double low, high;
    stats_binomial_interval(&low, &high, hits, n, SELFTEST_STRICT);
    return low <= level;
}

static bool calibrated(const struct selftest_family *f)
{
    for (int i = 0; i < SELFTEST_ROWS; i++)
        if (!within(f->at_5[i], f->pairs, 0.05) || !within(f->at_1[i], f->pairs, 0.01))
            return false;
    return true;
}

/* ---- power ---- */

static enum status one_copy(struct selftest_copies *c, double *ret_log_p, enum synthetic_copy kind,
                            double noise, struct pcg32 *g, struct error *err)
{
    struct synthetic a, b;
    struct lineage_tests tests;
    struct lineage_test_options o = { .permutations = TEST_PERMUTATIONS };
    enum status st = synthetic_new(&a, copy_shape, g, err);
    if (st) return st;
    st = synthetic_copy(&b, &a, kind, noise, g, err);
    if (!st) {
        st = lineage_test_run(&tests, &a.model, &b.model, &o, err);
        synthetic_release(&b);
    }
    synthetic_release(&a);
    if (st) return st;
    c->count++;
    c->found += tests.log_p <= log(SELFTEST_FOUND_P);
    for (int i = 0; i < LINEAGE_TEST_COUNT; i++)
        c->found_by[i] += tests.at[i].log_p_adjusted <= log(SELFTEST_FOUND_P);
    *ret_log_p = tests.log_p;
    lineage_tests_release(&tests);
    return STATUS_OK;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static enum status some_copies(struct selftest_copies *c, enum synthetic_copy kind, double noise,
                               uint64_t stream, const struct selftest_options *o, struct error *err)
{
    double log_p[SELFTEST_COPIES];
    struct pcg32 g;
    enum status st = STATUS_OK;
    random_stream(&g, o->seed, stream);
    for (int i = 0; i < SELFTEST_COPIES && !st; i++) {
        st = one_copy(c, &log_p[i], kind, noise, &g, err);
        if (!st && !progress_report(&o->progress, synthetic_copy_name(kind), (unsigned)i + 1,
                                    SELFTEST_COPIES))
            st = error_set(err, STATUS_CANCELLED, "cancelled");
    }
    if (st) return st;
    qsort(log_p, SELFTEST_COPIES, sizeof *log_p, by_size);
    c->median_log_p = log_p[SELFTEST_COPIES / 2];
    return STATUS_OK;
}

static double noise_of(enum synthetic_copy kind)
{
    return kind == SYNTHETIC_NOISED ? 1 : kind == SYNTHETIC_UPCYCLED ? 0.25 : 0;
}

enum status lineage_selftest_run(struct lineage_selftest *ret, const struct selftest_options *o,
                                 struct error *err)
{
    enum status st = STATUS_OK;
    if (o->pairs < 0 || o->pairs > SELFTEST_PAIRS_MAX)
        return error_set(err, STATUS_BAD_INPUT, "at most %d pairs are tried", SELFTEST_PAIRS_MAX);
    *ret = (struct lineage_selftest){ .seed = o->seed, .calibrated = true, .found = true };
    for (int i = 0; i < SELFTEST_FAMILIES && !st; i++) {
        ret->families[i] = families[i];
        st = run_family(ret, i, o, err);
        if (!st) ret->calibrated = ret->calibrated && calibrated(&ret->families[i]);
    }
    for (int i = 0; i < SYNTHETIC_COPY_COUNT && !st; i++) {
        st = some_copies(&ret->copies[i], (enum synthetic_copy)i, noise_of((enum synthetic_copy)i),
                         STREAM_COPIES + (uint64_t)i, o, err);
        ret->found = ret->found && ret->copies[i].found == ret->copies[i].count;
    }
    for (int i = 0; i < SELFTEST_NOISES && !st; i++)
        st = some_copies(&ret->noises[i], SYNTHETIC_NOISED, noises[i], STREAM_NOISES + (uint64_t)i,
                         o, err);
    return st;
}

/* ---- as JSON ---- */

static void write_rate(struct json_writer *w, const char *key, int64_t hits, int64_t n)
{
    double low, high;
    stats_binomial_interval(&low, &high, hits, n, SELFTEST_CONFIDENCE);
    json_key(w, key);
    json_open_object(w);
    json_key(w, "rejections");
    json_put_int(w, hits);
    json_key(w, "rate");
    json_put_real(w, (double)hits / (double)(n ? n : 1));
    json_key(w, "interval_95");
    json_open_array(w);
    json_put_real(w, low);
    json_put_real(w, high);
    json_close_array(w);
    json_close_object(w);
}

static void write_family(struct json_writer *w, const struct selftest_family *f)
{
    json_open_object(w);
    json_key(w, "family");
    json_put_string(w, f->name);
    json_key(w, "pairs");
    json_put_int(w, f->pairs);
    json_key(w, "withdrawn");
    json_put_int(w, f->withdrawn);
    json_key(w, "rows");
    json_open_array(w);
    for (int i = 0; i < SELFTEST_ROWS; i++) {
        json_open_object(w);
        json_key(w, "test");
        json_put_string(w, selftest_row_name(i));
        write_rate(w, "at_5_percent", f->at_5[i], f->pairs);
        write_rate(w, "at_1_percent", f->at_1[i], f->pairs);
        json_close_object(w);
    }
    json_close_array(w);
    json_close_object(w);
}

static void write_copies(struct json_writer *w, const char *name, double noise,
                         const struct selftest_copies *c)
{
    json_open_object(w);
    json_key(w, "copy");
    json_put_string(w, name);
    json_key(w, "noise");
    json_put_real(w, noise);
    json_key(w, "count");
    json_put_int(w, c->count);
    json_key(w, "found");
    json_put_int(w, c->found);
    for (int i = 0; i < LINEAGE_TEST_COUNT; i++) {
        json_key(w, lineage_test_id((enum lineage_test)i));
        json_put_int(w, c->found_by[i]);
    }
    json_key(w, "median_log10_p");
    json_put_real(w, c->median_log_p / log(10));
    json_close_object(w);
}

void lineage_selftest_write(struct json_writer *w, const struct lineage_selftest *t)
{
    json_open_object(w);
    json_key(w, "seed");
    json_put_int(w, (int64_t)t->seed);
    json_key(w, "calibrated");
    json_put_bool(w, t->calibrated);
    json_key(w, "copies_found");
    json_put_bool(w, t->found);
    json_key(w, "independent");
    json_open_array(w);
    for (int i = 0; i < SELFTEST_FAMILIES; i++)
        write_family(w, &t->families[i]);
    json_close_array(w);
    json_key(w, "copies");
    json_open_array(w);
    for (int i = 0; i < SYNTHETIC_COPY_COUNT; i++)
        write_copies(w, synthetic_copy_name((enum synthetic_copy)i),
                     noise_of((enum synthetic_copy)i), &t->copies[i]);
    json_close_array(w);
    json_key(w, "noise");
    json_open_array(w);
    for (int i = 0; i < SELFTEST_NOISES; i++)
        write_copies(w, synthetic_copy_name(SYNTHETIC_NOISED), noises[i], &t->noises[i]);
    json_close_array(w);
    json_close_object(w);
}
