/* A conversation: a worker, the messages so far, and how answers are shown. Commands act on it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_CHAT_TURN_H
#define FRONT_CMD_CHAT_TURN_H

#include <stdbool.h>

#include "front/cmd/answer.h"
#include "front/cmd/chat_log.h"
#include "front/cmd/options.h"
#include "front/cmd/terminal.h"
#include "lm/worker/client.h"

enum chat_thinking { CHAT_THINKING_DEFAULT, CHAT_THINKING_ON, CHAT_THINKING_OFF };

struct chat_state {
    struct worker *worker;
    const struct args *args; /* sampling, --max-tokens, --json */
    struct terminal terminal;
    struct chat_log log;
    struct answer last; /* of the last turn, for /stats, /show and tool results */
    enum chat_thinking thinking;
    bool fold, json, quit;
    int turns, calls; /* so far; ids that are made up count on */
    char *file;       /* what /save wrote or /load read last: may be overwritten */
    int64_t answered_tokens;
    double decode_seconds;
};

/* The model answers the messages; the answer joins them. After Ctrl-C what there is joins. On
 * failure the log is as before. */
enum status chat_answer(struct chat_state *c, struct error *err);

/* A line that begins with '/': does what it says. Mistakes are told to the person, and are no
 * failure. */
enum status chat_command(struct chat_state *c, const char *line, struct error *err);
/* "/help", ...; ends with NULL. */
const char *const *chat_command_names(void);

#endif
