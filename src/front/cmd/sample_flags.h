/* The options of sampling, shared by all commands that generate.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_SAMPLE_FLAGS_H
#define FRONT_CMD_SAMPLE_FLAGS_H

#include "base/core/json_write.h"
#include "front/cmd/options.h"

/* --greedy --temperature --top-k --top-p --min-p --repeat-penalty --presence-penalty
 * --frequency-penalty --logit-bias --seed --logprobs */
extern const struct option_table sample_table;

/* The "sampling" object of a worker's request: what was given, and nothing else. On failure
 * the writer is of no use any more. */
enum status sample_flags_write(const struct args *args, struct json_writer *w, struct error *err);

#endif
