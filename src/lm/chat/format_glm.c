/* GLM-4.5 and later: the name behind <tool_call>, a pair of tags for each argument.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     <tool_call>get_weather
 *     <arg_key>city</arg_key>
 *     <arg_value>Paris</arg_value>
 *     </tool_call>
 *
 * GLM-4.7 and later write it without the newlines. Source: the models' chat templates. */
#include "lm/chat/parse_inner.h"

static const struct tag_grammar tags = {
    .section_open = "<tool_call>",
    .call_open = "",
    .call_open_end = "",
    .call_close = "</tool_call>",
    .key_open = "<arg_key>",
    .key_close = "</arg_key>",
    .value_open = "<arg_value>",
    .value_close = "</arg_value>",
};

const struct parse_format format_glm = {
    .name = "glm",
    .summary = "<arg_key> and <arg_value> in <tool_call>: GLM-4.5 and later; reasoning in <think>",
    .aliases = (const char *const[]){ "glm45", "glm-4.5", "glm46", "glm-4.6", "glm47", "glm-4.7",
                                      "glm4-moe", "glm5", NULL },
    .think_open = "<think>",
    .think_close = "</think>",
    .ends = (const char *const[]){ "<|user|>", "<|observation|>", "<|endoftext|>", NULL },
    .written = (const char *const[]){ "<arg_key>", NULL },
    .closers = (const char *const[]){ "</arg_key>", "</arg_value>", "</tool_call>", NULL },
    .triggers = "<",
    .begin = tags_begin,
    .tags = &tags,
};
