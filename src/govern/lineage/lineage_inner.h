/* The parts of a comparison, for this room only.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef GOVERN_LINEAGE_LINEAGE_INNER_H
#define GOVERN_LINEAGE_LINEAGE_INNER_H

#include "govern/lineage/lineage.h"

/* Tensors with their digests, and the digest of the set. */
enum status lineage_side_init(struct lineage_side *ret, struct source *source,
                              const struct lineage_test_options *o, struct error *err);
void lineage_side_release(struct lineage_side *s);
enum status lineage_identity_find(struct lineage_identity *ret, const struct lineage_side *a,
                                  const struct lineage_side *b, struct error *err);

enum status lineage_profiles_read(struct lineage *l, const struct lineage_test_options *o,
                                  struct error *err);
void lineage_facts_compare(struct lineage *l);
/* The share of A - B, in rows of the matrices, that its LINEAGE_FEW_DIRECTIONS strongest directions hold; NaN where
 * nothing differs or the matrices are too small to tell. Same shapes. */
enum status lineage_low_rank(double *ret_share, const struct tensor_view *a,
                             const struct tensor_view *b, struct error *err);
/* Both never fail but for memory: what cannot be compared says why. */
enum status lineage_tokens_compare(struct lineage *l, struct error *err);
enum status lineage_aligned_compare(struct lineage *l, const struct lineage_test_options *o,
                                    struct error *err);

/* Answer, words and candidate relation, from all of the above. */
void lineage_judge(struct lineage *l);

#endif
