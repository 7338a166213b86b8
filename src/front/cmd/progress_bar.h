/* Progress of long work, drawn on a terminal; silent in a pipe.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_PROGRESS_BAR_H
#define FRONT_CMD_PROGRESS_BAR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/core/log.h"
#include "front/cmd/terminal.h"

struct progress_bar {
    struct terminal terminal;
    const char *what; /* "loading qwen3" */
    int64_t last_ns;
    int64_t begun_ns; /* of a download; 0: none */
    unsigned long long begun_done;
    bool drawn;
};

void progress_bar_init(struct progress_bar *bar, const char *what);
/* For struct progress: ctx is the bar. Asks to cancel once Ctrl-C was pressed. */
bool progress_bar_report(void *ctx, const char *stage, unsigned long long done,
                         unsigned long long total);
void progress_bar_clear(struct progress_bar *bar); /* removes the line, if one was drawn */

/* For struct log: ctx is the bar, whose line is cleared first. Warnings and errors go to standard error. */
void progress_bar_log(void *ctx, enum log_level level, const char *area, const char *text);

#endif
