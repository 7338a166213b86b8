/* An answer, put together from a worker's events.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_ANSWER_H
#define FRONT_CMD_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/buf.h"
#include "base/core/json_write.h"
#include "lm/worker/client.h"

#define ANSWER_BYTES_MAX ((size_t)1 << 30)
#define ANSWER_CALLS_MAX 128

struct answer_call {
    struct buf id; /* made up where the model gave none: "call_1" */
    struct buf name, arguments;
};

struct answer {
    struct buf content, reasoning;
    struct answer_call *calls; /* [call_count] */
    size_t call_count;
    char finish[16]; /* "" until the answer is over */
    int64_t prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, decode_steps, seed;
    double prompt_seconds, decode_seconds;
    bool unparsed;
};

void answer_init(struct answer *a);
void answer_release(struct answer *a);
/* Takes a WORKER_DELTA or WORKER_DONE event; `first_call` is the number behind the last made-up id. */
enum status answer_take(struct answer *a, const struct worker_event *event, int first_call,
                        struct error *err);
/* {"role": "assistant", "content", "reasoning_content", "tool_calls"} */
void answer_write_message(const struct answer *a, struct json_writer *w);
/* [{"id", "type", "function": {"name", "arguments"}}] */
void answer_write_calls(const struct answer *a, struct json_writer *w);
double per_second(int64_t count, double seconds); /* 0 where there is no time */

#endif
