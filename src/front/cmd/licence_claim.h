/* What a model's own files say about its licence: claims, not a judgement.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_LICENCE_CLAIM_H
#define FRONT_CMD_LICENCE_CLAIM_H

#include "base/core/span.h"
#include "lm/format/source.h"

#define CLAIM_FILES_MAX 8

struct licence_claim {
    /* From README.md's front matter or general.license*; {NULL,0} where not said. Borrowed from the source. */
    struct span id, name, link;
    const char *files[CLAIM_FILES_MAX]; /* LICENSE, NOTICE and the like, beside the weights */
    int file_count;
};

void licence_claim_read(struct licence_claim *ret, struct source *source);

#endif
