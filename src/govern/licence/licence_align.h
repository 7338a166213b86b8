/* Where two sequences of words differ, in order.
 * SPDX-License-Identifier: Apache-2.0
 *
 * E. W. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), the variation in linear space.
 * Past ALIGN_COST_MAX differences a stretch is taken as different throughout: that shows more than there
 * is, never less. Pure. */
#ifndef GOVERN_LICENCE_LICENCE_ALIGN_H
#define GOVERN_LICENCE_LICENCE_ALIGN_H

#include <stdint.h>

#include "base/core/status.h"

#define ALIGN_WORDS_MAX 100000 /* of each side */
#define ALIGN_COST_MAX  4000

/* Words [a_begin, a_end) of the one stand where [b_begin, b_end) of the other do; one may be empty. */
struct align_hunk {
    uint32_t a_begin, a_end, b_begin, b_end;
};

struct align_result {
    struct align_hunk *hunks; /* in order, with equal words between */
    uint32_t count, cap;
    uint32_t equal; /* words that are the same */
};

enum status licence_align(struct align_result *ret, const uint16_t *a, uint32_t a_count,
                          const uint16_t *b, uint32_t b_count, struct error *err);
void align_result_release(struct align_result *r);

#endif
