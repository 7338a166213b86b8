/* How much of a change lies in a few directions: nearly all of it where a low-rank adapter was merged.
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "govern/lineage/lineage_inner.h"

#define ROWS_MAX  128
#define POWER_MAX 60 /* iterations of each eigenvector */

/* gram[i][j] = d_i . d_j of the sampled rows' differences. */
static void read_gram(double *gram, float *rows, const struct tensor_view *a,
                      const struct tensor_view *b, int count)
{
    size_t cols = (size_t)a->cols;
    float *other = rows + (size_t)count * cols;
    for (int i = 0; i < count; i++) {
        int64_t at = (int64_t)i * a->rows / count;
        float *row = rows + (size_t)i * cols;
        lineage_row(row, a, at);
        lineage_row(other, b, at);
        for (size_t c = 0; c < cols; c++)
            row[c] -= other[c];
        for (int j = 0; j <= i; j++) {
            const float *before = rows + (size_t)j * cols;
            double sum = 0;
            for (size_t c = 0; c < cols; c++)
                sum += (double)row[c] * before[c];
            gram[i * count + j] = gram[j * count + i] = sum;
        }
    }
}

/* The largest eigenvalue, by power iteration; takes it out of `gram`. */
static double take_largest(double *gram, double *v, double *w, int n)
{
    double value = 0;
    for (int i = 0; i < n; i++)
        v[i] = 1 + 0.01 * i; /* in no symmetric relation to the rows */
    for (int step = 0; step < POWER_MAX; step++) {
        double size = 0;
        for (int i = 0; i < n; i++) {
            w[i] = 0;
            for (int j = 0; j < n; j++)
                w[i] += gram[i * n + j] * v[j];
            size += w[i] * w[i];
        }
        if (!(size > 0)) return 0;
        value = sqrt(size);
        for (int i = 0; i < n; i++)
            v[i] = w[i] / value;
    }
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            gram[i * n + j] -= value * v[i] * v[j];
    return value;
}

enum status lineage_low_rank(double *ret_share, const struct tensor_view *a,
                             const struct tensor_view *b, struct error *err)
{
    int count = a->rows < ROWS_MAX ? (int)a->rows : ROWS_MAX;
    size_t n = (size_t)count;
    double *gram = mem_array(n * n + 2 * n, sizeof *gram), all = 0, few = 0;
    float *rows = mem_array((n + 1) * (size_t)a->cols, sizeof *rows);
    *ret_share = NAN;
    if (gram && rows) {
        read_gram(gram, rows, a, b, count);
        for (int i = 0; i < count; i++)
            all += gram[i * count + i];
        for (int i = 0; i < LINEAGE_FEW_DIRECTIONS && i < count && isfinite(all) && all > 0; i++)
            few += take_largest(gram, gram + n * n, gram + n * n + n, count);
        /* Few rows or columns fill few directions whatever the change was: two heads that changed places, too. */
        bool room = count >= 6 * LINEAGE_FEW_DIRECTIONS && a->cols >= 6 * LINEAGE_FEW_DIRECTIONS;
        if (all > 0 && room) *ret_share = few / all;
    }
    bool short_of_memory = !gram || !rows;
    mem_free(gram);
    mem_free(rows);
    return short_of_memory ? error_set(err, STATUS_NO_MEMORY, "no memory to measure a change")
                           : STATUS_OK;
}
