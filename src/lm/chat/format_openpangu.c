/* openPangu: a JSON list between two tokens without names of their own.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     [unused11][{"name": "get_weather", "arguments": {"city": "Paris"}}][unused12]
 *
 * Reasoning stands in [unused16] .. [unused17]; [unused10] ends the turn. Source: the models' chat
 * template and model card. */
#include "lm/chat/parse_inner.h"

static bool open_call(struct look *l, struct call_head *ret)
{
    return look_list_open(l, "[unused11]", ret);
}

static bool next_call(struct look *l, struct call_head *ret, bool *closed)
{
    return look_list_next(l, "[unused12]", ret, closed);
}

static const struct json_calls calls = { open_call, next_call, look_object_tail };

const struct parse_format format_openpangu = {
    .name = "openpangu",
    .summary = "a JSON list in [unused11]: openPangu; reasoning in [unused16]",
    .aliases = (const char *const[]){ "pangu", NULL },
    .think_open = "[unused16]",
    .think_close = "[unused17]",
    .ends = (const char *const[]){ "[unused10]", NULL },
    .written = (const char *const[]){ "[unused9]", NULL },
    .closers = (const char *const[]){ "[unused12]", NULL },
    .triggers = "[",
    .begin = calls_begin,
    .calls = &calls,
};
