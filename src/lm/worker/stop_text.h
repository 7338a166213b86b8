/* Finds stop texts in a stream of pieces, and says what may be shown already.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LM_WORKER_STOP_TEXT_H
#define LM_WORKER_STOP_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define STOP_TEXTS_MAX 16

struct stop_text {
    const char *texts[STOP_TEXTS_MAX]; /* borrowed, not empty */
    int count;
    size_t searched; /* bytes of the text that no stop text can begin in any more */
};

/* `text` is all that was generated so far, longer at each call. Returns how many bytes of it may be
 * shown; sets *ret_stopped when a stop text begins right there. */
size_t stop_text_scan(struct stop_text *s, const char *text, size_t len, bool *ret_stopped);

#endif
