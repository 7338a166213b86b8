/* Three tests of one hypothesis: that the weights of two models were initialised independently.
 * SPDX-License-Identifier: Apache-2.0
 *
 * T1 RESIDUAL  Vectors over the residual dimensions (all norms, and the lengths of the embedding's columns),
 *              each standardised; statistic: the mean correlation of A's and B's vectors at equal index; null:
 *              `permutations` random orders of B's dimensions, one order for all vectors together;
 *              p = (1 + at least as large) / (1 + permutations). Exact. Layers of models that differ in depth are
 *              paired by relative depth, which is fixed before looking. Vectors that do not vary are left out.
 * T2 UNITS     Per pair of feed-forward blocks: mutual nearest neighbours (cosine) between rows of `up`, then
 *              Spearman's correlation of the matched indices. Exact: the units of a layer are exchangeable.
 * T3 GATE_UP   Per pair of blocks: Spearman's correlation between where `gate` and where `up` put a unit. The
 *              null is not a permutation null (gate and up rows move together); it is calibrated by
 *              simulation, and watched by the control.
 *
 * Which blocks are compared is fixed by the shapes. Equal depth: layer i with layer i, and in it expert e with
 * expert e where both have as many, else all pairs of blocks, the smallest p times their number; layers are
 * independent under the null, so Fisher's method joins them. Different depth (or all_layers): all pairs, the
 * smallest p times their number (Bonferroni). Of blocks with more than unit_max units a random sample of the
 * smaller side is matched with all of the other; that keeps the tests exact and bounds the time.
 *
 * The control repeats T2 and T3 with the residual dimensions in a random order, which destroys what lineage
 * leaves behind but keeps what else could produce agreement: units sorted by size, shared means, structured
 * pruning. Where the control itself rejects at TEST_CONTROL_P, the test is withdrawn: its null does not hold
 * for these models. That rule is fixed before looking, too.
 *
 * Holm's correction covers the tests that ran and were not withdrawn. All tests are one-sided: lineage makes
 * weights agree. Same files, options and seed give the same numbers, whatever the number of threads. */
#ifndef GOVERN_LINEAGE_LINEAGE_TEST_H
#define GOVERN_LINEAGE_LINEAGE_TEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/core/log.h"
#include "base/core/pool.h"
#include "govern/lineage/lineage_model.h"

enum lineage_test {
#define TEST(symbol, id, title, null, blind) LINEAGE_TEST_##symbol,
#include "govern/lineage/lineage_test_list.h"
#undef TEST
    LINEAGE_TEST_COUNT
};
const char *lineage_test_id(enum lineage_test t);    /* "T1" */
const char *lineage_test_title(enum lineage_test t); /* each a phrase */
const char *lineage_test_null(enum lineage_test t);
const char *lineage_test_blind(enum lineage_test t);

#define TEST_PERMUTATIONS     9999
#define TEST_PERMUTATIONS_MAX 1000000
#define TEST_UNITS_SAME       1024 /* unit_max where layers are compared one to one */
#define TEST_UNITS_ALL        256  /* where all are compared with all */
#define TEST_PAIRS_MAX        200000
#define TEST_POINTS_MAX       400
#define TEST_CONTROL_P        0.001
/* A pair with fewer matches counts as p = 1. */
#define TEST_MATCHES_MIN 3

struct lineage_test_options {
    int permutations; /* 0: TEST_PERMUTATIONS */
    int unit_max;     /* 0: the defaults above; -1: all units */
    bool all_layers;  /* compare all pairs of layers even where the depths are equal */
    uint64_t seed;
    struct pool *pool; /* borrowed; NULL: the calling thread alone */
    struct progress progress;
};

/* One statistic of a pair of blocks. */
struct lineage_rank_test {
    int matches;
    double rho, log_p; /* natural logarithm */
    double control_rho, control_log_p;
};
struct lineage_pair {
    int layer_a, layer_b, expert_a, expert_b; /* expert -1: the dense or shared block */
    int sampled;                              /* units of the smaller side that were looked at */
    bool has_gate;
    struct lineage_rank_test units, gate_up;
};

struct lineage_outcome {
    bool ran, withdrawn;
    char why_not[LINEAGE_WORDS_BYTES]; /* when it did not run, or was withdrawn */
    double statistic;                  /* T1: mean correlation; T2, T3: mean rho over the pairs */
    int parts;                         /* T1: vectors; T2, T3: pairs of blocks */
    double log_p, log_p_adjusted;      /* before and after Holm */
    double control_log_p;              /* T2, T3; 0 for T1 */
};

struct lineage_points { /* of the pair with the smallest p: for a picture */
    int pair, count;
    int32_t x[TEST_POINTS_MAX], y[TEST_POINTS_MAX];
};

struct lineage_tests {
    struct lineage_outcome at[LINEAGE_TEST_COUNT];
    struct lineage_pair *pairs; /* [pair_count] */
    int pair_count;
    bool
        by_layer; /* layer i with layer i, joined by Fisher's method; else all with all, Bonferroni */
    int unit_max, permutations;
    uint64_t seed;
    float *null; /* [null_count] T1's statistic under each permutation */
    int null_count;
    int64_t bad_rows, bad_vectors;   /* left out for NaN or infinity */
    struct lineage_points points[2]; /* T2, T3 */
    double log_p;                    /* the smallest adjusted one; 0 where nothing ran */
    int ran;                         /* tests that count */
};

/* Release in every case but failure. STATUS_CANCELLED when progress asks for it. */
enum status lineage_test_run(struct lineage_tests *ret, const struct lineage_model *a,
                             const struct lineage_model *b,
                             const struct lineage_test_options *options, struct error *err);
/* The layer of B whose units match best those of a layer of A, by T2 or T3 and after Bonferroni's correction over
 * all pairs; -1: none at `log_level`. */
int lineage_layer_match(const struct lineage_tests *t, int layer_a, double log_level);
void lineage_tests_release(struct lineage_tests *t);

#endif
