/* Pictures of a comparison as SVG, for a page that loads nothing.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef GOVERN_LINEAGE_LINEAGE_PLOT_H
#define GOVERN_LINEAGE_LINEAGE_PLOT_H

#include "govern/lineage/lineage.h"

/* T1's statistic under all permutations, and the one that was seen. */
void lineage_plot_null(struct buf *out, const struct lineage_tests *t);
/* -log10 p of each pair of layers: bars over the layers with the control beside them, or a map. */
void lineage_plot_pairs(struct buf *out, const struct lineage *l, enum lineage_test which);
/* The matched indices of the pair with the smallest p: on a line where lineage is, a cloud where not. */
void lineage_plot_points(struct buf *out, const struct lineage *l, enum lineage_test which);
/* Spread over depth, both models. */
void lineage_plot_profile(struct buf *out, const struct lineage *l,
                          const struct lineage_profile *p);

/* Text into HTML or SVG: & < > " ' are written as references. */
void lineage_put_escaped(struct buf *out, const char *text);

#endif
