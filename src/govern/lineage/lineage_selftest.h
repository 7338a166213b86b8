/* The tests tried on what is known: independent random pairs, and copies of random models.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Calibration: of `pairs` independent pairs of random models each test must reject about as often as its
 * level says, or less (p-values of few units come in steps, and Bonferroni's and Holm's corrections only
 * lower them). Judged by the exact binomial interval: a rate whose interval lies above the level fails. Power:
 * copies of every kind must be found. It is the evidence that an auditor can rerun: same seed, same counts. */
#ifndef GOVERN_LINEAGE_LINEAGE_SELFTEST_H
#define GOVERN_LINEAGE_LINEAGE_SELFTEST_H

#include "base/core/json_write.h"
#include "govern/lineage/lineage_synthetic.h"
#include "govern/lineage/lineage_test.h"

#define SELFTEST_PAIRS        2000
#define SELFTEST_PAIRS_MAX    1000000
#define SELFTEST_PERMUTATIONS 999
#define SELFTEST_COPIES       20    /* of each kind */
#define SELFTEST_FOUND_P      0.001 /* a copy is found when the smallest adjusted p is at most that */
#define SELFTEST_CONFIDENCE   0.95  /* of the intervals that are shown */
#define SELFTEST_STRICT       0.999 /* of those that decide */
#define SELFTEST_NOISES       6

/* What was counted over many pairs: each test, its control, and any of them after Holm. */
enum {
    SELFTEST_CONTROLS = LINEAGE_TEST_COUNT,
    SELFTEST_ANY = SELFTEST_CONTROLS + 2,
    SELFTEST_ROWS
};
const char *selftest_row_name(int row); /* "T1", "T2 control", "any, after Holm" */

struct selftest_family {
    const char *name;
    struct synthetic_shape a, b;
    int64_t pairs;
    int64_t at_5[SELFTEST_ROWS], at_1[SELFTEST_ROWS]; /* rejections at 5 % and 1 % */
    int64_t withdrawn;
};
#define SELFTEST_FAMILIES 3

struct selftest_copies {
    int count, found;
    int found_by[LINEAGE_TEST_COUNT]; /* adjusted p of that test alone */
    double median_log_p;              /* natural, of the smallest adjusted p */
};

struct lineage_selftest {
    struct selftest_family families[SELFTEST_FAMILIES];
    struct selftest_copies copies[SYNTHETIC_COPY_COUNT];
    struct selftest_copies noises[SELFTEST_NOISES]; /* SYNTHETIC_NOISED, at each noise */
    uint64_t seed;
    bool calibrated, found; /* all rates within their levels; all copies found */
};
double selftest_noise(int i); /* relative to the weights' spread */

struct selftest_options {
    int64_t pairs; /* 0: SELFTEST_PAIRS */
    uint64_t seed;
    struct progress progress;
};
enum status lineage_selftest_run(struct lineage_selftest *ret, const struct selftest_options *o,
                                 struct error *err);
void lineage_selftest_write(struct json_writer *w, const struct lineage_selftest *t);

#endif
