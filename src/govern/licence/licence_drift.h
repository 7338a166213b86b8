/* What changed between the licences of two revisions: facts and words.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef GOVERN_LICENCE_LICENCE_DRIFT_H
#define GOVERN_LICENCE_LICENCE_DRIFT_H

#include "govern/licence/licence.h"

#define DRIFT_PLACES_MAX 64

struct drift_place {
    uint32_t was_begin, was_end; /* bytes of the older text; empty: only added */
    uint32_t is_begin, is_end;   /* bytes of the newer one; empty: only removed */
};

struct licence_drift {
    bool same_bytes, same_words, same_licence;
    struct drift_place places[DRIFT_PLACES_MAX];
    uint32_t place_count;    /* of those kept */
    uint32_t added, removed; /* words, all */
};

/* STATUS_BAD_INPUT where one of them is no text. */
enum status licence_drift(struct licence_drift *ret, const struct licence_reading *was,
                          const struct licence_reading *is, struct error *err);

/* {"same","from","to","facts":[{"fact","was","is"}],"words":[{"removed","added"}]} as one object; a fact
 * that one of them lacks is null. */
enum status licence_drift_write(struct json_writer *w, const struct licence_drift *d,
                                const struct licence_reading *was, const struct licence_reading *is,
                                struct error *err);

#endif
