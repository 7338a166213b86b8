/* Seams: places in a text that no token of a vocabulary can cover.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Merging never joins two neighbours into something that is no token. Where no token holds the end
 * of one character and the beginning of the next side by side, what stands before and what stands
 * behind can be merged apart, and give the same ids. Languages without blanks come in pieces of
 * whole sentences; most of their seams are between words, which are tokens or nearly so.
 *
 * The neighbours inside all tokens are kept as bits under a hash: a collision hides a seam, which
 * costs time and nothing else. */
#ifndef LM_TOKENIZER_SEAMS_H
#define LM_TOKENIZER_SEAMS_H

#include "lm/tokenizer/vocab.h"

struct seams {
    uint64_t *bits; /* NULL: no seam is known */
};

enum status seams_build(struct seams *ret, const struct vocab *v, struct error *err);
void seams_release(struct seams *s);
/* The first seam in (from, text.len), or text.len; only well-formed characters have seams. */
size_t seams_next(const struct seams *s, struct span text, size_t from);

#endif
