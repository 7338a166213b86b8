/* Which rows of two matrices are each other's nearest: mutual nearest neighbours by cosine.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One side, X, is a sample of rows held in memory, scaled to length one; the other, Y, is streamed through in
 * pieces of MATCH_PIECE_ROWS rows and multiplied with the fast kernels, so that memory does not grow with the
 * models. Beside X goes X with its columns in a random order: nothing but what survives such an order (means,
 * spreads, sorted units) can then be matched. That is the control of the tests built on this.
 *
 * Rows of length zero (pruned units) and rows with NaN or infinity are left out and counted. A matcher is
 * made once for a width and used for many pairs; one owner. Every row's result is the same however many
 * threads there are. */
#ifndef GOVERN_LINEAGE_LINEAGE_MATCH_H
#define GOVERN_LINEAGE_LINEAGE_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/core/pool.h"
#include "base/core/status.h"
#include "govern/lineage/lineage_random.h"
#include "math/tensor/tensor.h"

#define MATCH_PIECE_ROWS 256
#define MATCH_SAMPLE_MAX 65536

struct lineage_matcher;

/* partner[r]: the row of Y that the sample's row r is matched with; -1: none. [sample count] */
struct lineage_match {
    int32_t *partner, *control; /* owned by the matcher, good until its next run */
    int64_t bad_rows;           /* with NaN or infinity, of both sides */
};

/* Everything for `width` columns and samples of at most sample_max rows against at most rows_max rows. */
enum status lineage_matcher_new(struct lineage_matcher **ret, struct pool *pool, int64_t width,
                                int sample_max, int64_t rows_max, struct error *err);
void lineage_matcher_free(struct lineage_matcher *m);

/* The sample: `count` rows of X, ascending in `rows`; the columns' order of the control is drawn from `g`. */
enum status lineage_matcher_sample(struct lineage_matcher *m, const struct tensor_view *x,
                                   const int32_t *rows, int count, struct pcg32 *g,
                                   struct error *err);
enum status lineage_matcher_run(struct lineage_match *ret, struct lineage_matcher *m,
                                const struct tensor_view *y, struct error *err);

#endif
