/* MiniMax M2: a tag for each call and each parameter, names as attributes.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     <minimax:tool_call>
 *     <invoke name="get_weather">
 *     <parameter name="city">Paris</parameter>
 *     </invoke>
 *     </minimax:tool_call>
 *
 * Source: the model's chat template. A turn thinks once, at its beginning: "interleaved" means that
 * the turn behind a tool's result thinks again. */
#include "lm/chat/parse_inner.h"

static const struct tag_grammar tags = {
    .section_open = "<minimax:tool_call>",
    .section_close = "</minimax:tool_call>",
    .call_open = "<invoke name=\"",
    .call_open_end = "\">",
    .call_close = "</invoke>",
    .key_open = "<parameter name=\"",
    .key_close = "\">",
    .value_open = "",
    .value_close = "</parameter>",
};

const struct parse_format format_minimax = {
    .name = "minimax",
    .summary = "<invoke> and <parameter> in <minimax:tool_call>: MiniMax M2; reasoning in <think>",
    .aliases = (const char *const[]){ "minimax-m2", NULL },
    .think_open = "<think>",
    .think_close = "</think>",
    .ends = (const char *const[]){ "[e~[", NULL },
    .written = (const char *const[]){ "<minimax:tool_call>", NULL },
    .closers = (const char *const[]){ "</parameter>", "</invoke>", "</minimax:tool_call>", NULL },
    .triggers = "<",
    .begin = tags_begin,
    .tags = &tags,
};
