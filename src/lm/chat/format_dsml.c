/* DSML: the markup of DeepSeek V3.2 and V4, values typed by an attribute.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     <｜DSML｜function_calls>
 *     <｜DSML｜invoke name="get_weather">
 *     <｜DSML｜parameter name="city" string="true">Paris</｜DSML｜parameter>
 *     <｜DSML｜parameter name="days" string="false">3</｜DSML｜parameter>
 *     </｜DSML｜invoke>
 *     </｜DSML｜function_calls>
 *
 * V4 writes tool_calls where V3.2 writes function_calls. Source: the encoders that the vendor ships
 * in place of a template. */
#include "lm/chat/parse_inner.h"

#define GRAMMAR(section)                                                                    \
    {                                                                                       \
        .section_open = "<｜DSML｜" section ">", .section_close = "</｜DSML｜" section ">", \
        .call_open = "<｜DSML｜invoke name=\"", .call_open_end = "\"",                      \
        .call_close = "</｜DSML｜invoke>", .key_open = "<｜DSML｜parameter name=\"",        \
        .key_close = "\"", .value_open = "", .value_close = "</｜DSML｜parameter>",         \
        .tag_end = ">",                                                                     \
    }

static const struct tag_grammar v32 = GRAMMAR("function_calls"), v4 = GRAMMAR("tool_calls");

static enum match begin(struct chat_parser *p)
{
    enum match m = tags_begin_as(p, &v32);
    return m == MATCH_NO ? tags_begin_as(p, &v4) : m;
}

const struct parse_format format_dsml = {
    .name = "dsml",
    .summary = "<｜DSML｜invoke> and <｜DSML｜parameter>: DeepSeek V3.2, V4; reasoning in <think>",
    .aliases = (const char *const[]){ "deepseek-v32", "deepseek-v3.2", "deepseek-v4", NULL },
    .think_open = "<think>",
    .think_close = "</think>",
    .ends = (const char *const[]){ "<｜end▁of▁sentence｜>", NULL },
    .written = (const char *const[]){ "｜DSML｜", NULL },
    .closers = (const char *const[]){ "</｜DSML｜parameter>", "</｜DSML｜invoke>",
                                      "</｜DSML｜function_calls>", "</｜DSML｜tool_calls>", NULL },
    .triggers = "<",
    .begin = begin,
};
