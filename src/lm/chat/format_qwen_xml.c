/* Qwen XML: a tag for the function and one for each parameter, as Qwen3-Coder and Qwen3.5 write it.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     <tool_call>
 *     <function=get_weather>
 *     <parameter=city>
 *     Paris
 *     </parameter>
 *     </function>
 *     </tool_call>
 *
 * Source: the models' chat templates (also StepFun's). Also taken: <function=...> without its
 * <tool_call>, and a missing </function>. */
#include "lm/chat/parse_inner.h"

static const struct tag_grammar tags = {
    .section_open = "<tool_call>",
    .section_close = "</tool_call>",
    .bare = true,
    .call_open = "<function=",
    .call_open_end = ">",
    .call_close = "</function>",
    .key_open = "<parameter=",
    .key_close = ">",
    .value_open = "",
    .value_close = "</parameter>",
    .trim_newline = true,
};

const struct parse_format format_qwen_xml = {
    .name = "qwen-xml",
    .summary = "<function=..> and <parameter=..> in <tool_call>: Qwen3-Coder, Qwen3.5, Step-3.5",
    .aliases = (const char *const[]){ "qwen3-coder", "qwen3-xml", "qwen3.5", "step3p5", NULL },
    .think_open = "<think>",
    .think_close = "</think>",
    .ends = (const char *const[]){ "<|im_end|>", "<|endoftext|>", NULL },
    .written = (const char *const[]){ "<function=", "<parameter=", "<tool_call>", NULL },
    .closers = (const char *const[]){ "</parameter>", "</function>", "</tool_call>", NULL },
    .triggers = "<",
    .begin = tags_begin,
    .tags = &tags,
};
