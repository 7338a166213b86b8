/* DeepSeek V3, R1 and V3.1: JSON between tokens of their own.
 * SPDX-License-Identifier: Apache-2.0
 *
 * V3 and R1, here with a line break for each token of the original:
 *
 *     <｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather
 *     ```json
 *     {"city": "Paris"}
 *     ```<｜tool▁call▁end｜>
 *     <｜tool▁call▁begin｜>function<｜tool▁sep｜>...<｜tool▁calls▁end｜>
 *
 * V3.1: <｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{"city": "Paris"}<｜tool▁call▁end｜>, nothing
 * between. Source: the models' chat templates. */
#include "lm/chat/parse_inner.h"

#define CALLS_BEGIN "<｜tool▁calls▁begin｜>"
#define CALLS_END   "<｜tool▁calls▁end｜>"
#define CALL_BEGIN  "<｜tool▁call▁begin｜>"
#define CALL_END    "<｜tool▁call▁end｜>"
#define CALL_SEP    "<｜tool▁sep｜>"

/* Behind "function" and its separator: the name on its line, and the fence; or, in V3.1, the
 * arguments of a tool of that name. */
static bool look_fenced(struct look *l, struct call_head *ret)
{
    struct look json = *l;
    look_space(&json);
    int c = look_peek(&json);
    l->more = json.more;
    if (c == '{' || c == '"') return true;
    if (!look_name(l, &ret->name)) return false;
    look_space(l);
    return look_literal(l, "```json");
}

/* Arguments that are not there. */
static bool look_none(struct look *l)
{
    look_space(l);
    if (look_literal(l, "```")) look_space(l);
    return look_literal(l, CALL_END);
}

static bool look_head(struct look *l, struct call_head *ret)
{
    *ret = (struct call_head){ .arguments = ARGUMENTS_HERE };
    if (!look_literal(l, CALL_BEGIN)) return false;
    l->marked = l->deep = true;
    look_space(l);
    if (!look_until(l, CALL_SEP, &ret->name)) return false;
    bool typed = span_equals((struct span){ ret->name.text, ret->name.len }, "function");
    if (typed && !look_fenced(l, ret)) return false;
    struct look none = *l;
    if (look_none(&none)) ret->arguments = ARGUMENTS_NONE;
    l->more = l->more || none.more;
    return look_is_tool(l, &ret->name);
}

static bool open_call(struct look *l, struct call_head *ret)
{
    if (look_literal(l, CALLS_BEGIN)) {
        l->marked = true;
        look_space(l);
    }
    return look_head(l, ret);
}

static bool next_call(struct look *l, struct call_head *ret, bool *closed)
{
    struct look none = *l;
    if (look_none(&none)) *l = none; /* the end of a call without arguments */
    l->more = none.more;
    look_space(l);
    if (look_literal(l, CALLS_END)) return *closed = true;
    return look_head(l, ret);
}

static bool tail(struct look *l, struct name_text *id)
{
    look_space(l);
    bool fence = look_literal(l, "```");
    if (fence) look_space(l);
    return look_literal(l, CALL_END) || fence;
}

static const struct json_calls calls = { open_call, next_call, tail };

const struct parse_format format_deepseek_v3 = {
    .name = "deepseek-v3",
    .summary = "JSON behind <｜tool▁sep｜>: DeepSeek V3, R1, V3.1; reasoning in <think>",
    .aliases =
        (const char *const[]){ "deepseek", "deepseek-r1", "deepseek-v31", "deepseek-v3.1", NULL },
    .think_open = "<think>",
    .think_close = "</think>",
    .ends = (const char *const[]){ "<｜end▁of▁sentence｜>", NULL },
    .written = (const char *const[]){ CALL_BEGIN, NULL },
    .closers = (const char *const[]){ "```" CALL_END, CALL_END, CALLS_END, NULL },
    .triggers = "<`",
    .begin = calls_begin,
    .calls = &calls,
};
