/* Kimi K3: tags made of tokens, values typed by an attribute.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     <|open|>think<|sep|>...<|close|>think<|sep|>
 *     <|open|>response<|sep|>...<|close|>response<|sep|>
 *     <|open|>tools<|sep|><|open|>call tool="get_weather" index="1"<|sep|>
 *     <|open|>argument key="city" type="string"<|sep|>Paris<|close|>argument<|sep|>
 *     <|close|>call<|sep|><|close|>tools<|sep|><|close|>message<|sep|><|end_of_msg|>
 *
 * Line breaks are this comment's. Source: published outputs of the model. */
#include "lm/chat/parse_inner.h"

static const struct tag_grammar tags = {
    .section_open = "<|open|>tools<|sep|>",
    .section_close = "<|close|>tools<|sep|>",
    .call_open = "<|open|>call tool=\"",
    .call_open_end = "\"",
    .call_close = "<|close|>call<|sep|>",
    .key_open = "<|open|>argument key=\"",
    .key_close = "\"",
    .value_open = "",
    .value_close = "<|close|>argument<|sep|>",
    .tag_end = "<|sep|>",
};

const struct parse_format format_kimi_k3 = {
    .name = "kimi-k3",
    .summary = "<|open|>call tool=..<|sep|>: Kimi K3; reasoning in <|open|>think<|sep|>",
    .aliases = (const char *const[]){ "xtml", NULL },
    .think_open = "<|open|>think<|sep|>",
    .think_close = "<|close|>think<|sep|>",
    .ends = (const char *const[]){ "<|end_of_msg|>", NULL },
    .written = (const char *const[]){ "<|open|>", "<|sep|>", NULL },
    .closers = (const char *const[]){ "<|close|>argument<|sep|>", "<|close|>call<|sep|>",
                                      "<|close|>tools<|sep|>", NULL },
    .drops = (const char *const[]){ "<|open|>response<|sep|>", "<|close|>response<|sep|>",
                                    "<|close|>message<|sep|>", NULL },
    .triggers = "<",
    .begin = tags_begin,
    .tags = &tags,
};
