/* Rank correlation, tails in logarithms, corrections for several tests.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/lineage/lineage_stats.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#define FRACTION_STEPS_MAX 10000
#define FRACTION_EPSILON   1e-15
#define FRACTION_TINY      1e-300
#define BISECTIONS         200

/* DLMF 8.17.22 by Lentz's method; converges fast for x < (a + 1) / (a + b + 2). */
static double beta_fraction(double x, double a, double b)
{
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    if (fabs(d) < FRACTION_TINY) d = FRACTION_TINY;
    d = 1 / d;
    double h = d;
    for (int m = 1; m < FRACTION_STEPS_MAX; m++) {
        double step[2] = { m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                           -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)) };
        double change = 1;
        for (int i = 0; i < 2; i++) {
            d = 1 + step[i] * d;
            c = 1 + step[i] / c;
            if (fabs(d) < FRACTION_TINY) d = FRACTION_TINY;
            if (fabs(c) < FRACTION_TINY) c = FRACTION_TINY;
            d = 1 / d;
            change = d * c;
            h *= change;
        }
        if (fabs(change - 1) < FRACTION_EPSILON) break;
    }
    return h;
}

static double log_beta_lower(double x, double a, double b)
{
    return a * log(x) + b * log1p(-x) + lgamma(a + b) - lgamma(a) - lgamma(b) - log(a) +
           log(beta_fraction(x, a, b));
}

double stats_log_beta(double x, double a, double b)
{
    if (!(x > 0)) return -INFINITY;
    if (x >= 1) return 0;
    if (x < (a + 1) / (a + b + 2)) return log_beta_lower(x, a, b);
    return log1p(-exp(log_beta_lower(1 - x, b, a)));
}

static int by_value(const void *a, const void *b)
{
    const struct stats_rank_item *x = a, *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

void stats_ranks(double *ret, const int32_t *values, int n, struct stats_rank_item *scratch)
{
    for (int i = 0; i < n; i++)
        scratch[i] = (struct stats_rank_item){ values[i], i };
    qsort(scratch, (size_t)n, sizeof *scratch, by_value);
    for (int i = 0; i < n;) {
        int end = i + 1;
        while (end < n && scratch[end].value == scratch[i].value)
            end++;
        for (int j = i; j < end; j++)
            ret[scratch[j].at] = (i + end + 1) / 2.0;
        i = end;
    }
}

double stats_correlation(const double *x, const double *y, int n)
{
    double mean_x = 0, mean_y = 0, xx = 0, yy = 0, xy = 0;
    if (n < 2) return 0;
    for (int i = 0; i < n; i++) {
        mean_x += x[i] / n;
        mean_y += y[i] / n;
    }
    for (int i = 0; i < n; i++) {
        double dx = x[i] - mean_x, dy = y[i] - mean_y;
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    if (!(xx > 0) || !(yy > 0)) return 0;
    double r = xy / sqrt(xx * yy);
    return r > 1 ? 1 : r < -1 ? -1 : r;
}

/* Orders of the items from `at` on whose squared rank differences sum to at most `left`. Depth n <=
 * STATS_EXACT_MAX. */
static int64_t count_orders(int *order, int at, int n, int left)
{
    int64_t count = 0;
    if (left < 0) return 0;
    if (at == n) return 1;
    for (int i = at; i < n; i++) {
        int taken = order[i];
        order[i] = order[at];
        order[at] = taken;
        count += count_orders(order, at + 1, n, left - (taken - at) * (taken - at));
        order[at] = order[i];
        order[i] = taken;
    }
    return count;
}

static double exact_log_p(double rho, int n)
{
    int order[STATS_EXACT_MAX];
    double squares = (1 - rho) * n * (n * n - 1.0) / 6;
    for (int i = 0; i < n; i++)
        order[i] = i;
    double count = (double)count_orders(order, 0, n, (int)floor(squares + 0.5));
    /* The observed order is one of those counted. */
    return log(count > 1 ? count : 1) - lgamma(n + 1.0);
}

/* Pearson's type II curve on [-c, c] with the variance 1/(n - 1) and the fourth moment that rho has under
 * the null (Kendall and Gibbons, chapter 5); rho moves by half of its smallest step towards 0. */
double stats_spearman_log_p(double rho, int n)
{
    if (n < 3) return 0;
    if (n <= STATS_EXACT_MAX) return exact_log_p(rho, n);
    double m = n, less = m - 1;
    double fourth = 3 * (25 * m * m * m - 38 * m * m - 35 * m + 72) / (25 * m * (m + 1) * less);
    double excess = fourth - 3; /* of the standardised fourth moment: times (n - 1)^2 */
    double twice = -6 / excess - 3, squared = (twice + 1) / less; /* 2a, c^2 */
    double moved = rho - 6 / (m * (m * m - 1));
    double tail = stats_log_beta(1 - moved * moved / squared, twice / 2, 0.5) - log(2);
    double log_p = moved > 0 ? tail : log1p(-exp(tail));
    double least = -lgamma(n + 1.0);
    return log_p > least ? log_p : least;
}

double stats_fisher_log_p(double sum, int k)
{
    double term = 0, most = 0, total = 0;
    if (k <= 0 || !(sum > 0)) return 0;
    if (isinf(sum)) return -INFINITY;
    /* e^-sum (1 + sum + sum^2/2! + ... + sum^(k-1)/(k-1)!), around its largest term */
    for (int pass = 0; pass < 2; pass++) {
        term = 0;
        total = 0;
        for (int i = 0; i < k; i++) {
            if (i) term += log(sum) - log(i);
            if (!pass && term > most) most = term;
            if (pass) total += exp(term - most);
        }
    }
    double log_p = most + log(total) - sum;
    return log_p < 0 ? log_p : 0;
}

double stats_bonferroni_log_p(double log_p, double n)
{
    double adjusted = log_p + log(n);
    return adjusted < 0 ? adjusted : 0;
}

void stats_holm(double *ret_log_p, const double *log_p, int n)
{
    int order[STATS_HOLM_MAX];
    double least = -INFINITY;
    assert(n <= STATS_HOLM_MAX);
    for (int i = 0; i < n; i++) {
        int at = i;
        for (; at > 0 && log_p[order[at - 1]] > log_p[i]; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    for (int i = 0; i < n; i++) {
        double adjusted = stats_bonferroni_log_p(log_p[order[i]], n - i);
        if (adjusted > least) least = adjusted;
        ret_log_p[order[i]] = least;
    }
}

/* The x at which I_x(a, b) = target. */
static double beta_quantile(double target, double a, double b)
{
    double low = 0, high = 1;
    for (int i = 0; i < BISECTIONS; i++) {
        double middle = (low + high) / 2;
        if (exp(stats_log_beta(middle, a, b)) < target) low = middle;
        else high = middle;
    }
    return (low + high) / 2;
}

void stats_binomial_interval(double *ret_low, double *ret_high, int64_t hits, int64_t n,
                             double confidence)
{
    double half = (1 - confidence) / 2, k = (double)hits, all = (double)n;
    *ret_low = hits > 0 ? beta_quantile(half, k, all - k + 1) : 0;
    *ret_high = hits < n ? beta_quantile(1 - half, k + 1, all - k) : 1;
}
