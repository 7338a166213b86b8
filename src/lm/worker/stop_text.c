/* Stop texts over a growing text.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/worker/stop_text.h"

#include <string.h>

/* 2: a stop text stands at `at`; 1: it may, when more text comes; 0: no. */
static int match_at(const struct stop_text *s, const char *at, size_t left)
{
    int best = 0;
    for (int i = 0; i < s->count; i++) {
        size_t len = strlen(s->texts[i]);
        if (len <= left && memcmp(at, s->texts[i], len) == 0) return 2;
        if (len > left && memcmp(at, s->texts[i], left) == 0) best = 1;
    }
    return best;
}

size_t stop_text_scan(struct stop_text *s, const char *text, size_t len, bool *ret_stopped)
{
    size_t shown = len;
    *ret_stopped = false;
    if (s->count == 0) return len;
    for (size_t at = s->searched; at < len; at++) {
        int match = match_at(s, text + at, len - at);
        if (match == 2) {
            *ret_stopped = true;
            return at;
        }
        if (match == 1 && shown == len) shown = at;
    }
    s->searched = shown;
    return shown;
}
