/* Kimi K2: JSON between tokens of its own, each call with an id that holds the name.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     <|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0
 *     <|tool_call_argument_begin|>{"city": "Paris"}<|tool_call_end|><|tool_calls_section_end|>
 *
 * all on one line. Source: the model's chat template and its guide to tool calls. */
#include <string.h>

#include "lm/chat/parse_inner.h"

#define SECTION_BEGIN "<|tool_calls_section_begin|>"
#define SECTION_END   "<|tool_calls_section_end|>"
#define CALL_BEGIN    "<|tool_call_begin|>"
#define CALL_END      "<|tool_call_end|>"
#define ARGUMENTS     "<|tool_call_argument_begin|>"

/* "functions.get_weather:0" is the id of a call to get_weather. */
static void name_of_id(struct call_head *head)
{
    static const char prefix[] = "functions.";
    const char *text = head->id.text;
    size_t len = head->id.len, begin = 0, end = len;
    while (end && text[end - 1] >= '0' && text[end - 1] <= '9')
        end--;
    end = end && end < len && text[end - 1] == ':' ? end - 1 : len;
    if (end > sizeof prefix - 1 && memcmp(text, prefix, sizeof prefix - 1) == 0)
        begin = sizeof prefix - 1;
    head->name.len = end - begin;
    memcpy(head->name.text, text + begin, end - begin);
}

static bool look_head(struct look *l, struct call_head *ret)
{
    *ret = (struct call_head){ .arguments = ARGUMENTS_HERE };
    if (!look_literal(l, CALL_BEGIN)) return false;
    l->marked = l->deep = true;
    look_space(l);
    if (!look_until(l, ARGUMENTS, &ret->id)) return false;
    while (ret->id.len && strchr(" \t\r", ret->id.text[ret->id.len - 1]))
        ret->id.len--;
    name_of_id(ret);
    struct look none = *l;
    look_space(&none);
    if (look_literal(&none, CALL_END)) ret->arguments = ARGUMENTS_NONE;
    l->more = l->more || none.more;
    return look_is_tool(l, &ret->name);
}

static bool open_call(struct look *l, struct call_head *ret)
{
    if (look_literal(l, SECTION_BEGIN)) {
        l->marked = true;
        look_space(l);
    }
    return look_head(l, ret);
}

static bool next_call(struct look *l, struct call_head *ret, bool *closed)
{
    look_space(l);
    if (look_literal(l, CALL_END)) look_space(l); /* of a call without arguments */
    if (look_literal(l, SECTION_END)) return *closed = true;
    return look_head(l, ret);
}

static bool tail(struct look *l, struct name_text *id)
{
    look_space(l);
    return look_literal(l, CALL_END);
}

static const struct json_calls calls = { open_call, next_call, tail };

const struct parse_format format_kimi = {
    .name = "kimi",
    .summary = "JSON behind <|tool_call_argument_begin|>: Kimi K2; reasoning in <think>",
    .aliases = (const char *const[]){ "kimi-k2", NULL },
    .think_open = "<think>",
    .think_close = "</think>",
    .ends = (const char *const[]){ "<|im_end|>", "[EOS]", NULL },
    .written = (const char *const[]){ CALL_BEGIN, NULL },
    .closers = (const char *const[]){ CALL_END, SECTION_END, NULL },
    .triggers = "<",
    .begin = calls_begin,
    .calls = &calls,
};
