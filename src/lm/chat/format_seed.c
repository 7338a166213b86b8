/* Seed-OSS: Qwen's tags in <seed:tool_call>, values without newlines around them.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     <seed:tool_call>
 *     <function=get_weather>
 *     <parameter=city>Paris</parameter>
 *     </function>
 *     </seed:tool_call>
 *
 * Reasoning stands in <seed:think>, its notes on the budget included. Source: the model's chat
 * template, which prints values as Python does. */
#include "lm/chat/parse_inner.h"

static const struct tag_grammar tags = {
    .section_open = "<seed:tool_call>",
    .section_close = "</seed:tool_call>",
    .call_open = "<function=",
    .call_open_end = ">",
    .call_close = "</function>",
    .key_open = "<parameter=",
    .key_close = ">",
    .value_open = "",
    .value_close = "</parameter>",
};

const struct parse_format format_seed = {
    .name = "seed",
    .summary = "<function=..> and <parameter=..> in <seed:tool_call>: Seed-OSS; <seed:think>",
    .aliases = (const char *const[]){ "seed-oss", NULL },
    .think_open = "<seed:think>",
    .think_close = "</seed:think>",
    .ends = (const char *const[]){ "<seed:eos>", NULL },
    .written = (const char *const[]){ "<seed:tool_call>", NULL },
    .closers = (const char *const[]){ "</parameter>", "</function>", "</seed:tool_call>", NULL },
    .triggers = "<",
    .begin = tags_begin,
    .tags = &tags,
};
