/* Mutual nearest neighbours of rows, by blocked products with the fast kernels.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/lineage/lineage_match.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/core/checked.h"
#include "base/core/mem.h"
#include "govern/lineage/lineage_model.h"
#include "math/kernels/kernel_table.h"

struct best {
    float cosine;
    int32_t row; /* -1: none yet */
};

struct worker {
    float *rows;         /* [MATCH_PIECE_ROWS][width] */
    uint8_t *pack;       /* the same in panels */
    float *dots;         /* [2 * sample_max][MATCH_PIECE_ROWS] */
    struct best *best_y; /* [2 * sample_max]: of each sample row, among this thread's rows */
    void *scratch;
    int64_t bad_rows;
};

struct lineage_matcher {
    struct kernel_table kernels;
    struct pool *pool; /* borrowed */
    struct worker *workers;
    int worker_count;
    int64_t width, rows_max;
    int sample_max, count;
    int64_t bad_sample;
    size_t piece_bytes, pack_bytes, dots_bytes, sample_bytes;
    float *sample;       /* [2 * count][width]: the rows, then the control's */
    bool *valid;         /* [sample_max] */
    struct best *best_x; /* [2][rows_max]: of each row of Y, among the sample; among the control */
    int32_t *partner;    /* [2 * sample_max] */
    int32_t *order;      /* [width] */
    const struct tensor_view *y;
};

/* ---- memory ---- */

static bool worker_new(struct worker *w, const struct lineage_matcher *m)
{
    w->rows = mem_map(m->piece_bytes);
    w->pack = mem_map(m->pack_bytes);
    w->dots = mem_map(m->dots_bytes);
    w->scratch = mem_map(LINEAR_SCRATCH_BYTES);
    w->best_y = mem_array((size_t)m->sample_max * 2, sizeof *w->best_y);
    return w->rows && w->pack && w->dots && w->scratch && w->best_y;
}

static void worker_release(struct worker *w, const struct lineage_matcher *m)
{
    if (w->rows) mem_unmap(w->rows, m->piece_bytes);
    if (w->pack) mem_unmap(w->pack, m->pack_bytes);
    if (w->dots) mem_unmap(w->dots, m->dots_bytes);
    if (w->scratch) mem_unmap(w->scratch, LINEAR_SCRATCH_BYTES);
    mem_free(w->best_y);
}

void lineage_matcher_free(struct lineage_matcher *m)
{
    if (!m) return;
    for (int i = 0; m->workers && i < m->worker_count; i++)
        worker_release(&m->workers[i], m);
    if (m->sample) mem_unmap(m->sample, m->sample_bytes);
    mem_free(m->workers);
    mem_free(m->valid);
    mem_free(m->best_x);
    mem_free(m->partner);
    mem_free(m->order);
    mem_free(m);
}

static bool alloc_all(struct lineage_matcher *m)
{
    size_t samples = (size_t)m->sample_max * 2;
    m->sample = mem_map(m->sample_bytes);
    m->workers = mem_array((size_t)m->worker_count, sizeof *m->workers);
    m->valid = mem_array((size_t)m->sample_max + 1, sizeof *m->valid);
    m->best_x = mem_array((size_t)m->rows_max * 2 + 1, sizeof *m->best_x);
    m->partner = mem_array(samples + 1, sizeof *m->partner);
    m->order = mem_array((size_t)m->width, sizeof *m->order);
    if (!m->sample || !m->workers || !m->valid || !m->best_x || !m->partner || !m->order)
        return false;
    for (int i = 0; i < m->worker_count; i++)
        if (!worker_new(&m->workers[i], m)) return false;
    return true;
}

enum status lineage_matcher_new(struct lineage_matcher **ret, struct pool *pool, int64_t width,
                                int sample_max, int64_t rows_max, struct error *err)
{
    if (width < 1 || width > LINEAGE_WIDTH_MAX || sample_max < 1 || sample_max > MATCH_SAMPLE_MAX ||
        rows_max < 1 || rows_max > LINEAGE_UNITS_MAX)
        return error_set(err, STATUS_LIMIT,
                         "%d rows against %" PRId64 " of width %" PRId64
                         " are more than can be compared",
                         sample_max, rows_max, width);
    struct lineage_matcher *m = mem_zero(sizeof *m);
    if (!m) return error_set(err, STATUS_NO_MEMORY, "no memory to compare rows");
    kernel_table_init(&m->kernels, cpu_detect());
    m->pool = pool;
    m->worker_count = pool ? pool_thread_count(pool) : 1;
    m->width = width;
    m->sample_max = sample_max;
    m->rows_max = rows_max;
    /* None overflows: width, sample_max and rows_max have maxima. */
    m->piece_bytes = (size_t)MATCH_PIECE_ROWS * (size_t)width * sizeof(float);
    m->pack_bytes = panel_bytes(PANEL_F32, QUANT_F32, width) * (MATCH_PIECE_ROWS / PANEL_ROWS);
    m->dots_bytes = (size_t)sample_max * 2 * MATCH_PIECE_ROWS * sizeof(float);
    m->sample_bytes = (size_t)sample_max * 2 * (size_t)width * sizeof(float);
    if (!alloc_all(m)) {
        lineage_matcher_free(m);
        return error_set(err, STATUS_NO_MEMORY, "no memory to compare %d rows of width %" PRId64,
                         sample_max, width);
    }
    *ret = m;
    return STATUS_OK;
}

/* ---- the sample ---- */

enum row_kind { ROW_GOOD, ROW_ZERO, ROW_BAD };

/* Scales a row to length one; a row that cannot be becomes zeros. */
static enum row_kind scale_row(float *row, int64_t width)
{
    double sum = 0;
    for (int64_t i = 0; i < width; i++)
        sum += (double)row[i] * row[i];
    if (isfinite(sum) && sum > 0) {
        float by = (float)(1 / sqrt(sum));
        for (int64_t i = 0; i < width; i++)
            row[i] *= by;
        return ROW_GOOD;
    }
    memset(row, 0, (size_t)width * sizeof *row);
    return isfinite(sum) ? ROW_ZERO : ROW_BAD;
}

enum status lineage_matcher_sample(struct lineage_matcher *m, const struct tensor_view *x,
                                   const int32_t *rows, int count, struct pcg32 *g,
                                   struct error *err)
{
    if (x->cols != m->width || count > m->sample_max)
        return error_set(err, STATUS_BAD_INPUT, "rows of width %" PRId64 ", not %" PRId64, x->cols,
                         m->width);
    m->count = count;
    m->bad_sample = 0;
    random_order(m->order, m->width, g);
    for (int r = 0; r < count; r++) {
        float *row = m->sample + (size_t)r * (size_t)m->width;
        float *control = row + (size_t)count * (size_t)m->width;
        lineage_row(row, x, rows[r]);
        enum row_kind kind = scale_row(row, m->width);
        m->valid[r] = kind == ROW_GOOD;
        m->bad_sample += kind == ROW_BAD;
        for (int64_t i = 0; i < m->width; i++)
            control[i] = row[m->order[i]];
    }
    return STATUS_OK;
}

/* ---- the products ---- */

/* Rows [begin, begin + rows) of Y, scaled and in panels; tells which may be matched. */
static void load_piece(struct lineage_matcher *m, struct worker *w, int64_t begin, int64_t rows,
                       bool *ret_valid)
{
    struct tensor_view piece = { .type = QUANT_F32,
                                 .dims = 2,
                                 .shape = { rows, m->width },
                                 .rows = rows,
                                 .cols = m->width,
                                 .row_bytes = (size_t)m->width * sizeof(float),
                                 .data = w->rows };
    for (int64_t r = 0; r < rows; r++) {
        float *row = w->rows + (size_t)r * (size_t)m->width;
        lineage_row(row, m->y, begin + r);
        enum row_kind kind = scale_row(row, m->width);
        ret_valid[r] = kind == ROW_GOOD;
        w->bad_rows += kind == ROW_BAD;
    }
    panel_pack(w->pack, PANEL_F32, &piece, 0, (rows + PANEL_ROWS - 1) / PANEL_ROWS);
}

/* Keeps the better one; the lower row where both are equal. */
static void offer(struct best *b, float cosine, int32_t row)
{
    if (b->row < 0 || cosine > b->cosine) *b = (struct best){ cosine, row };
}

static void take_best(struct lineage_matcher *m, struct worker *w, int64_t begin, int64_t rows,
                      const bool *valid)
{
    for (int r = 0; r < 2 * m->count; r++) {
        const float *dots = w->dots + (size_t)r * MATCH_PIECE_ROWS;
        int half = r >= m->count, at = r - half * m->count;
        if (!m->valid[at]) continue;
        for (int64_t c = 0; c < rows; c++) {
            if (!valid[c]) continue;
            offer(&w->best_y[r], dots[c], (int32_t)(begin + c));
            offer(&m->best_x[half * m->rows_max + begin + c], dots[c], at);
        }
    }
}

static void match_piece(struct lineage_matcher *m, struct worker *w, int64_t begin, int64_t rows)
{
    bool valid[MATCH_PIECE_ROWS];
    int64_t panels = (rows + PANEL_ROWS - 1) / PANEL_ROWS;
    struct activations x = {
        .rows = 2 * m->count, .cols = m->width, .f32 = m->sample, .stride = (size_t)m->width
    };
    struct panel_weights y = { .kind = PANEL_F32,
                               .type = QUANT_F32,
                               .rows = rows,
                               .cols = m->width,
                               .panel_count = panels,
                               .panel_bytes = panel_bytes(PANEL_F32, QUANT_F32, m->width),
                               .data = w->pack };
    load_piece(m, w, begin, rows, valid);
    m->kernels.linear_f32[PANEL_F32](w->dots, MATCH_PIECE_ROWS, &y, 0, panels, &x, w->scratch);
    take_best(m, w, begin, rows, valid);
}

static void match_share(void *ctx, int thread_idx, int thread_count)
{
    struct lineage_matcher *m = ctx;
    struct worker *w = &m->workers[thread_idx];
    int64_t pieces = (m->y->rows + MATCH_PIECE_ROWS - 1) / MATCH_PIECE_ROWS, begin, end;
    pool_share(pieces, thread_idx, thread_count, &begin, &end);
    w->bad_rows = 0;
    for (int r = 0; r < 2 * m->count; r++)
        w->best_y[r].row = -1;
    for (int64_t p = begin; p < end; p++) {
        int64_t first = p * MATCH_PIECE_ROWS, left = m->y->rows - first;
        match_piece(m, w, first, left < MATCH_PIECE_ROWS ? left : MATCH_PIECE_ROWS);
    }
}

/* The threads' shares follow each other, so the first best is the lowest row. */
static void join_shares(struct lineage_matcher *m)
{
    for (int r = 0; r < 2 * m->count; r++) {
        struct best all = { 0, -1 };
        int half = r >= m->count, at = r - half * m->count;
        for (int t = 0; t < m->worker_count; t++) {
            struct best one = m->workers[t].best_y[r];
            if (one.row >= 0) offer(&all, one.cosine, one.row);
        }
        bool mutual = all.row >= 0 && m->best_x[half * m->rows_max + all.row].row == at;
        m->partner[half * m->sample_max + at] = mutual ? all.row : -1;
    }
}

enum status lineage_matcher_run(struct lineage_match *ret, struct lineage_matcher *m,
                                const struct tensor_view *y, struct error *err)
{
    if (y->cols != m->width || y->rows > m->rows_max)
        return error_set(err, STATUS_BAD_INPUT, "%" PRId64 " rows of width %" PRId64, y->rows,
                         y->cols);
    m->y = y;
    for (int64_t i = 0; i < y->rows; i++)
        m->best_x[i].row = m->best_x[m->rows_max + i].row = -1;
    if (m->pool) pool_run(m->pool, match_share, m);
    else match_share(m, 0, 1);
    join_shares(m);
    *ret = (struct lineage_match){ .partner = m->partner,
                                   .control = m->partner + m->sample_max,
                                   .bad_rows = m->bad_sample };
    for (int t = 0; t < m->worker_count; t++)
        ret->bad_rows += m->workers[t].bad_rows;
    return STATUS_OK;
}
