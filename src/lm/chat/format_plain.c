/* No calls: think tags and nothing else.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/chat/parse_inner.h"

const struct parse_format format_plain = {
    .name = "plain",
    .summary = "no tool calls; reasoning in <think>",
    .aliases = (const char *const[]){ "think", "none", NULL },
    .think_open = "<think>",
    .think_close = "</think>",
    .ends = (const char *const[]){ "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end_of_text|>",
                                   "<｜end▁of▁sentence｜>", "<|end|>", "<end_of_turn>", NULL },
    .written = (const char *const[]){ NULL },
};
