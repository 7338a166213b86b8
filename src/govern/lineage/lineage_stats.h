/* The few statistics that lineage tests need, all in logarithms so that tiny p-values keep their size.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Logarithms are natural. Sources: Spearman's rank correlation with the moments of its null (Kendall and
 * Gibbons, "Rank Correlation Methods"), Fisher's combination (chi-squared with 2k degrees of freedom, whose
 * survival function is a finite sum), Holm's step-down (1979), Clopper and Pearson's exact interval (1934), the
 * incomplete beta function's continued fraction (DLMF 8.17.22). Pure, but for the C library's lgamma. */
#ifndef GOVERN_LINEAGE_LINEAGE_STATS_H
#define GOVERN_LINEAGE_LINEAGE_STATS_H

#include <stdint.h>

/* ln of the regularised incomplete beta function I_x(a, b); a, b > 0, x in [0, 1]. */
double stats_log_beta(double x, double a, double b);

struct stats_rank_item {
    int32_t value;
    int32_t at;
};
/* Ranks from 1, ties sharing their mean; `scratch` has room for n items. */
void stats_ranks(double *ret, const int32_t *values, int n, struct stats_rank_item *scratch);
/* Pearson's correlation; 0 where one side does not vary or n < 2. */
double stats_correlation(const double *x, const double *y, int n);

/* ln P(rho >= observed) when one side's order is a uniformly random one, without ties: by enumeration up to
 * STATS_EXACT_MAX items, above that by a curve with the exact variance and fourth moment of rho. Against
 * enumeration of 9 and 12 items it is within 4 % for p from 0.01 up, and errs to the large side below that;
 * Student's t, the usual approximation, is 30 % too small at 1 % there. Never below 1/n!. 0 (p = 1) for n < 3. */
#define STATS_EXACT_MAX 8
double stats_spearman_log_p(double rho, int n);

/* ln P(chi-squared(2k) >= 2 sum), where `sum` adds -ln p of k independent tests. */
double stats_fisher_log_p(double sum, int k);
/* Holm's adjusted p-values of `n` tests, in their order. n <= STATS_HOLM_MAX. */
#define STATS_HOLM_MAX 16
void stats_holm(double *ret_log_p, const double *log_p, int n);
/* min(1, n * p) */
double stats_bonferroni_log_p(double log_p, double n);

/* The exact interval of a binomial proportion: hits of n, at `confidence` (0.95). */
void stats_binomial_interval(double *ret_low, double *ret_high, int64_t hits, int64_t n,
                             double confidence);

#endif
