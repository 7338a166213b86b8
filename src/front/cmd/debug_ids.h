/* Frame of the debug commands that run a model on given ids.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_DEBUG_IDS_H
#define FRONT_CMD_DEBUG_IDS_H

#include "front/cmd/model_options.h"
#include "lm/tokenizer/tokenizer.h"

typedef enum status debug_ids_fn(struct engine *e, struct token_list *ids, const struct args *args,
                                 struct error *err);

/* Reads the ids that --ids names, opens the model with room for them and `more` tokens, and calls `fn`. */
enum status debug_with_ids(const struct args *args, int64_t more, debug_ids_fn *fn,
                           struct error *err);

#endif
