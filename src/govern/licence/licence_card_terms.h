/* Does a card's front matter say something about terms beyond the keys that are understood?
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef GOVERN_LICENCE_LICENCE_CARD_TERMS_H
#define GOVERN_LICENCE_LICENCE_CARD_TERMS_H

#include "base/core/span.h"
#include "base/core/status.h"

#define CARD_FRONT_LINES_MAX 20000

/* The first line of `front` that may: a second licence beside the first, a comment, a gate's question, a key
 * that is not of a card's usual ones with words that could be a term. Line CARD_FRONT_LINES_MAX is one, if there
 * is one. {NULL,0}: none does. The text of extra_gated_prompt is not looked at: licence_read() does. Fails for
 * want of memory only. */
enum status card_terms(struct span *ret, struct span front, struct error *err);

#endif
