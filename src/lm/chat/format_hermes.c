/* Hermes: a JSON object in <tool_call>, as Qwen2.5, Qwen3 and the Hermes models write it.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     <tool_call>
 *     {"name": "get_weather", "arguments": {"city": "Paris"}}
 *     </tool_call>
 *
 * Source: the models' chat templates. Also taken: a list of objects in one pair of tags, several
 * objects in one pair, "parameters" for "arguments", and a missing end tag. */
#include "lm/chat/parse_inner.h"

static bool open_call(struct look *l, struct call_head *ret)
{
    return look_list_open(l, "<tool_call>", ret);
}

static bool next_call(struct look *l, struct call_head *ret, bool *closed)
{
    return look_list_next(l, "</tool_call>", ret, closed);
}

static const struct json_calls calls = { open_call, next_call, look_object_tail };

const struct parse_format format_hermes = {
    .name = "hermes",
    .summary = "a JSON object in <tool_call>: Qwen2.5, Qwen3, Hermes; reasoning in <think>",
    .aliases = (const char *const[]){ "qwen", "qwen2.5", "qwen25", "qwen3", "qwq", NULL },
    .think_open = "<think>",
    .think_close = "</think>",
    .ends = (const char *const[]){ "<|im_end|>", "<|endoftext|>", "<|eot_id|>", NULL },
    .written = (const char *const[]){ "<tool_call>", "arguments", NULL },
    .closers = (const char *const[]){ "</tool_call>", NULL },
    .triggers = "<",
    .begin = calls_begin,
    .calls = &calls,
};
