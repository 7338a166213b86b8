/* Mistral: [TOOL_CALLS] and JSON, in two forms; reasoning in [THINK].
 * SPDX-License-Identifier: Apache-2.0
 *
 *     [TOOL_CALLS][{"name": "get_weather", "arguments": {"city": "Paris"}, "id": "abcdefghi"}]
 *     [TOOL_CALLS]get_weather[CALL_ID]abcdefghi[ARGS]{"city": "Paris"}[TOOL_CALLS]...
 *
 * The first up to tokenizer version 7; the second from version 11, where [CALL_ID] and [ARGS] may
 * be missing. Source: the models' chat templates and mistral-common's tokenizers. */
#include "lm/chat/parse_inner.h"

#define MARKER "[TOOL_CALLS]"

/* ---- a list ---- */

static bool open_list(struct look *l, struct call_head *ret)
{
    if (!look_literal(l, MARKER)) return false;
    l->marked = true;
    look_space(l);
    if (!look_literal(l, "[")) return false;
    look_space(l);
    return look_object_head(l, ret);
}

static bool next_in_list(struct look *l, struct call_head *ret, bool *closed)
{
    look_space(l);
    if (look_literal(l, "]")) return *closed = true;
    if (!look_literal(l, ",")) return false;
    look_space(l);
    return look_object_head(l, ret);
}

static const struct json_calls list = { open_list, next_in_list, look_object_tail };

/* ---- a name and its arguments ---- */

static bool open_named(struct look *l, struct call_head *ret)
{
    *ret = (struct call_head){ .arguments = ARGUMENTS_HERE };
    if (!look_literal(l, MARKER)) return false;
    l->marked = true;
    look_space(l);
    if (!look_name(l, &ret->name)) return false;
    if (look_literal(l, "[CALL_ID]")) {
        l->deep = true;
        if (!look_name(l, &ret->id)) return false;
    }
    if (look_literal(l, "[ARGS]")) return true;
    look_space(l);
    return look_peek(l) == '{';
}

/* Each call has a marker of its own. */
static bool next_named(struct look *l, struct call_head *ret, bool *closed)
{
    return false;
}

static bool no_tail(struct look *l, struct name_text *id)
{
    return true;
}

static const struct json_calls named = { open_named, next_named, no_tail };

static enum match begin(struct chat_parser *p)
{
    enum match m = calls_begin_as(p, &list);
    return m == MATCH_NO ? calls_begin_as(p, &named) : m;
}

const struct parse_format format_mistral = {
    .name = "mistral",
    .summary = "JSON behind [TOOL_CALLS]: Mistral, Ministral, Magistral; reasoning in [THINK]",
    .aliases =
        (const char *const[]){ "mistral-old", "mistral-new", "magistral", "ministral", NULL },
    .think_open = "[THINK]",
    .think_close = "[/THINK]",
    .ends = (const char *const[]){ "</s>", NULL },
    .written = (const char *const[]){ MARKER, NULL },
    .triggers = "[",
    .begin = begin,
};
