/* Runs the tests and corrects for how many they are.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/lineage/lineage_test.h"

#include <math.h>
#include <stdio.h>

#include "govern/lineage/lineage_stats.h"
#include "govern/lineage/lineage_test_inner.h"

static const struct {
    const char *id, *title, *null, *blind;
} facts[LINEAGE_TEST_COUNT] = {
#define TEST(symbol, id, title, null, blind) { id, title, null, blind },
#include "govern/lineage/lineage_test_list.h"
#undef TEST
};

const char *lineage_test_id(enum lineage_test t)
{
    return facts[t].id;
}

const char *lineage_test_title(enum lineage_test t)
{
    return facts[t].title;
}

const char *lineage_test_null(enum lineage_test t)
{
    return facts[t].null;
}

const char *lineage_test_blind(enum lineage_test t)
{
    return facts[t].blind;
}

static void withdraw(struct lineage_outcome *o)
{
    if (!o->ran || o->control_log_p > log(TEST_CONTROL_P)) return;
    o->withdrawn = true;
    snprintf(
        o->why_not, sizeof o->why_not,
        "the control rejects too (p = %.1e): units agree in what survives a random order of the "
        "residual dimensions, so this test's null does not hold for these models",
        exp(o->control_log_p));
}

static void correct(struct lineage_tests *t)
{
    double log_p[LINEAGE_TEST_COUNT], adjusted[LINEAGE_TEST_COUNT];
    int which[LINEAGE_TEST_COUNT];
    t->ran = 0;
    t->log_p = 0;
    for (int i = 0; i < LINEAGE_TEST_COUNT; i++) {
        withdraw(&t->at[i]);
        if (!t->at[i].ran || t->at[i].withdrawn) continue;
        log_p[t->ran] = t->at[i].log_p;
        which[t->ran++] = i;
    }
    stats_holm(adjusted, log_p, t->ran);
    for (int i = 0; i < t->ran; i++) {
        t->at[which[i]].log_p_adjusted = adjusted[i];
        if (adjusted[i] < t->log_p) t->log_p = adjusted[i];
    }
}

enum status lineage_test_run(struct lineage_tests *ret, const struct lineage_model *a,
                             const struct lineage_model *b,
                             const struct lineage_test_options *options, struct error *err)
{
    struct test_run run = { ret, a, b, options };
    *ret = (struct lineage_tests){
        .permutations = options->permutations ? options->permutations : TEST_PERMUTATIONS,
        .seed = options->seed,
    };
    if (ret->permutations < 1 || ret->permutations > TEST_PERMUTATIONS_MAX)
        return error_set(err, STATUS_BAD_INPUT, "%d permutations; 1 to %d can be made",
                         ret->permutations, TEST_PERMUTATIONS_MAX);
    enum status st = residual_test_run(&run, err);
    if (!st) st = unit_tests_run(&run, err);
    if (!st) correct(ret);
    if (st) lineage_tests_release(ret);
    return st;
}

int lineage_layer_match(const struct lineage_tests *t, int layer_a, double log_level)
{
    double least = log_level;
    int layer_b = -1;
    for (int i = 0; i < t->pair_count; i++) {
        const struct lineage_pair *p = &t->pairs[i];
        double log_p = fmin(p->units.log_p, p->gate_up.log_p);
        log_p = stats_bonferroni_log_p(log_p, 2.0 * t->pair_count);
        if (p->layer_a != layer_a || log_p >= least) continue;
        least = log_p;
        layer_b = p->layer_b;
    }
    return layer_b;
}

void lineage_tests_release(struct lineage_tests *t)
{
    mem_free(t->pairs);
    mem_free(t->null);
    t->pairs = NULL;
    t->null = NULL;
}
