/* Shows an answer while it comes.
 * SPDX-License-Identifier: Apache-2.0
 *
 * On a terminal, thinking is dim: whole, or folded into one line that shows its end while it grows
 * and then how long it was. Tool calls stand on lines of their own. In a pipe only content is
 * printed, and calls as name(arguments). Control characters of a model's text never reach a terminal. */
#ifndef FRONT_CMD_ANSWER_VIEW_H
#define FRONT_CMD_ANSWER_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "front/cmd/terminal.h"
#include "lm/worker/client.h"

#define VIEW_TAIL_BYTES 1024

struct answer_view {
    struct terminal terminal;
    bool fold; /* thinking as one line */

    enum { VIEW_NOTHING, VIEW_THINKING, VIEW_CONTENT, VIEW_CALL } now;
    char tail[VIEW_TAIL_BYTES]; /* end of the thinking, for the folded line */
    size_t tail_len;
    int64_t think_begin_ns, drawn_ns;
    bool open_line; /* the cursor stands behind text */
};

void answer_view_begin(struct answer_view *v, FILE *out, bool fold);
/* STATUS_IO when the output cannot be written. */
enum status answer_view_delta(struct answer_view *v, const struct json *body, struct error *err);
void answer_view_end(struct answer_view *v);

#endif
