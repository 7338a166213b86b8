/* Looks for NaN and infinity in a model's weights.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_WEIGHT_CHECK_H
#define FRONT_CMD_WEIGHT_CHECK_H

#include <stdint.h>

#include "base/core/log.h"
#include "lm/format/source.h"

struct weight_faults {
    uint64_t nan_count, infinite_count;
    size_t tensors;   /* that have any */
    char first[256];  /* name of the first of them */
    uint64_t checked; /* values looked at */
};

/* Reads every weight once. STATUS_CANCELLED when the progress callback says so. */
enum status weight_check(struct weight_faults *ret, const struct source *source,
                         const struct progress *progress, struct error *err);

#endif
