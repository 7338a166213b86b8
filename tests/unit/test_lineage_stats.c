/* The statistics of lineage tests against values of others: tests/vectors/make_lineage.py.
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "base/core/json.h"
#include "base/core/mem.h"
#include "govern/lineage/lineage_random.h"
#include "govern/lineage/lineage_stats.h"
#include "support/fixture.h"

struct vectors {
    struct json_doc *doc;
};

static const struct json *vectors_of(struct vectors *v, const char *key)
{
    struct error err;
    struct buf text = fixture_read(fixture_source("tests/vectors/lineage.json"));
    assert_int_equal(json_parse(&v->doc, text.data, text.len, 1 << 20, "lineage.json", &err), 0);
    buf_release(&text);
    const struct json *list = json_get(json_root(v->doc), key);
    assert_true(json_length(list) > 0);
    return list;
}

static double real(const struct json *o, const char *key)
{
    const struct json *v = json_get(o, key);
    assert_non_null(v);
    return json_number(v, 0);
}

static void near(double got, double want, double tolerance)
{
    if (fabs(got - want) > tolerance * (1 + fabs(want)))
        fail_msg("got %.15g, wanted %.15g", got, want);
}

static void incomplete_beta_in_logarithms(void **state)
{
    struct vectors v;
    const struct json *list = vectors_of(&v, "log_beta");
    (void)state;
    for (size_t i = 0; i < json_length(list); i++) {
        const struct json *c = json_at(list, i);
        /* lgamma of thousands loses a few of double's digits. */
        near(stats_log_beta(real(c, "x"), real(c, "a"), real(c, "b")), real(c, "want"), 1e-11);
    }
    json_doc_free(v.doc);
    assert_true(stats_log_beta(0, 2, 3) == -INFINITY);
    assert_true(stats_log_beta(1, 2, 3) == 0);
}

static void fisher_in_logarithms(void **state)
{
    struct vectors v;
    const struct json *list = vectors_of(&v, "fisher");
    (void)state;
    for (size_t i = 0; i < json_length(list); i++) {
        const struct json *c = json_at(list, i);
        near(stats_fisher_log_p(real(c, "sum"), (int)real(c, "k")), real(c, "want"), 1e-11);
    }
    json_doc_free(v.doc);
    assert_true(stats_fisher_log_p(0, 5) == 0);
    assert_true(stats_fisher_log_p(3, 0) == 0);
    assert_true(stats_fisher_log_p(INFINITY, 3) == -INFINITY);
}

static void exact_intervals(void **state)
{
    struct vectors v;
    const struct json *list = vectors_of(&v, "interval");
    (void)state;
    for (size_t i = 0; i < json_length(list); i++) {
        const struct json *c = json_at(list, i), *want = json_get(c, "want");
        double low, high;
        stats_binomial_interval(&low, &high, (int64_t)real(c, "hits"), (int64_t)real(c, "n"),
                                real(c, "confidence"));
        near(low, json_number(json_at(want, 0), -1), 1e-12);
        near(high, json_number(json_at(want, 1), -1), 1e-12);
    }
    json_doc_free(v.doc);
}

/* Enumerated sizes are exact; above them the curve is within 5 % (measured: 4 %) down to p = 0.01, and below
 * that never under the truth by more. */
static void rank_correlation_tail(void **state)
{
    struct vectors v;
    const struct json *list = vectors_of(&v, "spearman");
    (void)state;
    for (size_t i = 0; i < json_length(list); i++) {
        const struct json *c = json_at(list, i);
        int n = (int)real(c, "n");
        double want = real(c, "p"), got = exp(stats_spearman_log_p(real(c, "rho"), n));
        if (n <= STATS_EXACT_MAX) near(got, want, 1e-12);
        else if (want >= 0.01 && fabs(got / want - 1) > 0.05)
            fail_msg("n %d, rho %g: got %g, wanted %g", n, real(c, "rho"), got, want);
        else if (got < 0.95 * want)
            fail_msg("n %d, rho %g: got %g, below %g", n, real(c, "rho"), got, want);
    }
    json_doc_free(v.doc);
    assert_true(stats_spearman_log_p(1, 2) == 0);
    /* One order of 1000! at best, and yet a number. */
    assert_true(isfinite(stats_spearman_log_p(1, 1000)));
    assert_true(stats_spearman_log_p(1, 1000) < -500);
    assert_true(stats_spearman_log_p(-1, 1000) > -1e-12);
}

static void ranks_with_ties(void **state)
{
    static const int32_t values[] = { 30, 10, 20, 10, 10, 40 };
    static const double want[] = { 5, 2, 4, 2, 2, 6 };
    struct stats_rank_item scratch[6];
    double ranks[6];
    (void)state;
    stats_ranks(ranks, values, 6, scratch);
    for (int i = 0; i < 6; i++)
        assert_true(ranks[i] == want[i]);
}

static void correlation_by_hand(void **state)
{
    /* d = 1, 1, 0, 0: rho = 1 - 6 * 2 / (4 * 15) = 0.8 */
    static const double x[] = { 1, 2, 3, 4 }, y[] = { 2, 1, 3, 4 }, flat[] = { 3, 3, 3, 3 };
    (void)state;
    near(stats_correlation(x, y, 4), 0.8, 1e-15);
    near(stats_correlation(x, x, 4), 1, 1e-15);
    assert_true(stats_correlation(x, flat, 4) == 0);
    assert_true(stats_correlation(x, y, 1) == 0);
}

/* Three tests: 0.01 * 3, max(0.03, 0.02 * 2), max(0.04, 0.03 * 1): Holm (1979). */
static void holm_by_hand(void **state)
{
    double p[] = { log(0.03), log(0.01), log(0.02) }, got[3], one, least = log(1e-200), capped[2];
    (void)state;
    stats_holm(got, p, 3);
    near(exp(got[1]), 0.03, 1e-12);
    near(exp(got[2]), 0.04, 1e-12);
    near(exp(got[0]), 0.04, 1e-12);
    stats_holm(&one, &least, 1);
    assert_true(one == least);
    stats_holm(capped, (double[]){ log(0.9), log(0.8) }, 2);
    assert_true(capped[0] == 0 && capped[1] == 0);
    near(exp(stats_bonferroni_log_p(log(0.001), 20)), 0.02, 1e-12);
    assert_true(stats_bonferroni_log_p(log(0.5), 20) == 0);
}

/* Every value of 0..4 and every pair of 5 items comes about as often as the others: chi-squared at 0.001. */
static void random_numbers_are_even(void **state)
{
    int below[5] = { 0 }, pairs[5][5] = { { 0 } }, first[5] = { 0 };
    int32_t subset[2], scratch[5], order[5];
    double a = 0, b = 0, c = 0;
    struct pcg32 g;
    (void)state;
    random_stream(&g, 7, 1);
    for (int i = 0; i < 10000; i++) {
        below[random_below(&g, 5)]++;
        random_subset(subset, 2, scratch, 5, &g);
        assert_true(subset[0] < subset[1]);
        pairs[subset[0]][subset[1]]++;
        random_order(order, 5, &g);
        first[order[0]]++;
    }
    for (int i = 0; i < 5; i++) {
        a += (below[i] - 2000) * (below[i] - 2000) / 2000.0;
        c += (first[i] - 2000) * (first[i] - 2000) / 2000.0;
        for (int j = i + 1; j < 5; j++)
            b += (pairs[i][j] - 1000) * (pairs[i][j] - 1000) / 1000.0;
    }
    assert_true(a < 18.47 && c < 18.47); /* 4 degrees of freedom */
    assert_true(b < 27.88);              /* 9 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(incomplete_beta_in_logarithms),
        cmocka_unit_test(fisher_in_logarithms),
        cmocka_unit_test(exact_intervals),
        cmocka_unit_test(rank_correlation_tail),
        cmocka_unit_test(ranks_with_ties),
        cmocka_unit_test(correlation_by_hand),
        cmocka_unit_test(holm_by_hand),
        cmocka_unit_test(random_numbers_are_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
