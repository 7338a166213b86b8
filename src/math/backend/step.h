/* Everything that varies from one run of a program to the next.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MATH_BACKEND_STEP_H
#define MATH_BACKEND_STEP_H

#include <stdint.h>

/* Consecutive rows that belong to one sequence, at consecutive positions. */
struct step_sequence {
    int64_t row_begin, row_count;
    int64_t position;     /* of the first row */
    int64_t rope_length;  /* length that dynamic RoPE scaling sees; >= position + row_count */
    const int32_t *pages; /* page b holds positions 64b .. 64b+63; covers all rows */
};

struct step {
    int64_t row_count;
    const int32_t *tokens;                 /* [row_count], each within the embedding table */
    const struct step_sequence *sequences; /* tile the rows in order */
    int64_t sequence_count;
    const int32_t *logit_rows; /* rows whose logits are wanted */
    int64_t logit_row_count;
};

#endif
