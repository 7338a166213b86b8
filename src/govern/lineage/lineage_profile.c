/* Sizes of weights over depth, and how much they differ: pictures, not tests.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Correlations of such profiles have no usable null: what all models share (a trend over depth) makes
 * unrelated ones agree. They are shown because others argue with them. */
#include <math.h>
#include <string.h>

#include "govern/lineage/lineage_inner.h"
#include "govern/lineage/lineage_stats.h"

#define STAGE "profiles"

static const enum lineage_role roles[LINEAGE_PROFILE_ROLES] = {
    LINEAGE_Q, LINEAGE_K, LINEAGE_V, LINEAGE_QKV, LINEAGE_O, LINEAGE_GATE, LINEAGE_UP, LINEAGE_DOWN,
};

struct moments {
    double n, sum, squares, fourth; /* about 0: weights have mean nearly 0 */
};

static void add_row(struct moments *m, const float *row, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        double x = row[i], xx = x * x;
        m->sum += x;
        m->squares += xx;
        m->fourth += xx * xx;
    }
    m->n += (double)n;
}

static double spread(const struct moments *m)
{
    double mean = m->sum / m->n;
    return sqrt(m->squares / m->n - mean * mean);
}

static double excess_kurtosis(const struct moments *m)
{
    double variance = m->squares / m->n;
    return variance > 0 ? m->fourth / m->n / (variance * variance) - 3 : 0;
}

/* Row i of `count` evenly spaced ones. */
static int64_t spaced(int64_t i, int64_t count, int64_t rows)
{
    return count < rows ? i * rows / count : i;
}

static int64_t sample_rows(int64_t rows)
{
    return rows < LINEAGE_PROFILE_ROWS ? rows : LINEAGE_PROFILE_ROWS;
}

static struct moments read_moments(const struct tensor_view *v, float *row)
{
    struct moments m = { 0 };
    int64_t count = sample_rows(v->rows);
    for (int64_t i = 0; i < count; i++) {
        lineage_row(row, v, spaced(i, count, v->rows));
        add_row(&m, row, v->cols);
    }
    return m;
}

/* |A - B| / |A| over the sampled rows. */
static double difference(const struct tensor_view *a, const struct tensor_view *b, float *row_a,
                         float *row_b)
{
    double apart = 0, size = 0;
    int64_t count = sample_rows(a->rows);
    for (int64_t i = 0; i < count; i++) {
        int64_t at = spaced(i, count, a->rows);
        lineage_row(row_a, a, at);
        lineage_row(row_b, b, at);
        for (int64_t c = 0; c < a->cols; c++) {
            double d = (double)row_a[c] - row_b[c];
            apart += d * d;
            size += (double)row_a[c] * row_a[c];
        }
    }
    return size > 0 ? sqrt(apart / size) : apart > 0 ? INFINITY : 0;
}

static bool is_matrix(const struct tensor_view *v)
{
    return v->data && v->dims == 2 && v->cols <= LINEAGE_WIDTH_MAX;
}

static int read_side(double *ret_spread, double *ret_kurtosis, const struct lineage_model *m,
                     enum lineage_role role, float *row)
{
    int count = 0;
    *ret_kurtosis = 0;
    for (int i = 0; i < m->layer_count; i++) {
        const struct tensor_view *v = &m->layers[i].parts[role];
        ret_spread[i] = NAN;
        if (!is_matrix(v)) continue;
        struct moments moments = read_moments(v, row);
        ret_spread[i] = spread(&moments);
        *ret_kurtosis += excess_kurtosis(&moments);
        count++;
    }
    if (count) *ret_kurtosis /= count;
    return count;
}

static void correlate(struct lineage_profile *p, int layers, double *scratch)
{
    double *x = scratch, *y = scratch + LINEAGE_LAYERS_MAX;
    int n = 0;
    for (int i = 0; i < layers; i++) {
        if (!isfinite(p->spread_a[i]) || !isfinite(p->spread_b[i])) continue;
        x[n] = p->spread_a[i];
        y[n++] = p->spread_b[i];
    }
    if (n >= 3) p->correlation = stats_correlation(x, y, n);
}

static void compare_layers(struct lineage_profile *p, const struct lineage *l, float *row_a,
                           float *row_b)
{
    double sum = 0;
    for (int i = 0; i < l->a.model.layer_count; i++) {
        const struct tensor_view *a = &l->a.model.layers[i].parts[p->role];
        const struct tensor_view *b = &l->b.model.layers[i].parts[p->role];
        if (!is_matrix(a) || !is_matrix(b) || a->rows != b->rows || a->cols != b->cols) continue;
        double apart = difference(a, b, row_a, row_b);
        p->compared++;
        p->unchanged += apart == 0;
        sum += apart;
    }
    if (p->compared) p->difference = sum / p->compared;
}

static enum status measure_middle(struct lineage_profile *p, const struct lineage *l,
                                  struct error *err)
{
    int middle = l->a.model.layer_count / 2;
    const struct tensor_view *a = &l->a.model.layers[middle].parts[p->role];
    const struct tensor_view *b = &l->b.model.layers[middle].parts[p->role];
    if (!is_matrix(a) || !is_matrix(b) || a->rows != b->rows || a->cols != b->cols)
        return STATUS_OK;
    return lineage_low_rank(&p->low_rank, a, b, err);
}

static enum status read_role(struct lineage *l, enum lineage_role role, float *rows,
                             double *scratch, struct error *err)
{
    struct lineage_profile *p = &l->profiles[l->profile_count];
    size_t layers_a = (size_t)l->a.model.layer_count, layers_b = (size_t)l->b.model.layer_count;
    *p = (struct lineage_profile){
        .role = role, .correlation = NAN, .difference = NAN, .low_rank = NAN
    };
    p->spread_a = mem_array(layers_a + 1, sizeof *p->spread_a);
    p->spread_b = mem_array(layers_b + 1, sizeof *p->spread_b);
    l->profile_count++;
    if (!p->spread_a || !p->spread_b)
        return error_set(err, STATUS_NO_MEMORY, "no memory for profiles over depth");
    p->layers_a = read_side(p->spread_a, &p->kurtosis_a, &l->a.model, role, rows);
    p->layers_b = read_side(p->spread_b, &p->kurtosis_b, &l->b.model, role, rows);
    if (layers_a == layers_b) {
        correlate(p, (int)layers_a, scratch);
        compare_layers(p, l, rows, rows + LINEAGE_WIDTH_MAX);
    }
    return layers_a == layers_b ? measure_middle(p, l, err) : STATUS_OK;
}

enum status lineage_profiles_read(struct lineage *l, const struct lineage_test_options *o,
                                  struct error *err)
{
    float *rows = mem_array((size_t)LINEAGE_WIDTH_MAX * 2, sizeof *rows);
    double *scratch = mem_array((size_t)LINEAGE_LAYERS_MAX * 2, sizeof *scratch);
    enum status st = STATUS_OK;
    if (!rows || !scratch) st = error_set(err, STATUS_NO_MEMORY, "no memory for profiles");
    for (int i = 0; i < LINEAGE_PROFILE_ROLES && !st; i++) {
        st = read_role(l, roles[i], rows, scratch, err);
        if (!st && !progress_report(&o->progress, STAGE, (unsigned)i + 1, LINEAGE_PROFILE_ROLES))
            st = error_set(err, STATUS_CANCELLED, "cancelled");
    }
    mem_free(rows);
    mem_free(scratch);
    return st;
}
