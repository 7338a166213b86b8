/* A chat request in JSON, made into what a template expects.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The request: {"messages", "tools", "documents", "add_generation_prompt",
 * "continue_final_message", "chat_template_kwargs", "now"}; all but messages may be missing. As in
 * the vendors' renderer: members of messages that are null count as missing; reasoning, under any
 * of its names, is given under the names that templates read; tools and documents are defined,
 * as none when absent. Where a template fails on missing members because it was written for null,
 * it gets the nulls. Other members of messages pass through.
 *
 * A call's function may have "exact" beside "arguments": the text that a model wrote, of the same
 * value. Templates do not see it; where they write the arguments as JSON (`tojson` without an indent) it
 * stands as it was written, so that what was generated is found again in the prefix cache.
 *
 * continue_final_message (true, or the name of a member) ends the prompt inside the last message,
 * right behind its text. */
#ifndef LM_CHAT_CHAT_REQUEST_H
#define LM_CHAT_CHAT_REQUEST_H

#include "lm/chat/template.h"

#define CHAT_REQUEST_BYTES_MAX ((size_t)64 << 20)
#define CHAT_VARIABLES_MAX     256

/* What templates find in tool_calls[].function.arguments. */
enum chat_arguments {
    CHAT_ARGUMENTS_AS_GIVEN,
    CHAT_ARGUMENTS_OBJECT, /* a string must be a JSON object, and becomes it; "" becomes {} */
    CHAT_ARGUMENTS_TEXT,   /* an object becomes its JSON text */
};

struct chat_options {
    /* Special tokens of the model: "bos_token", ...; they count as template text. */
    const struct template_variable *tokens;
    size_t token_count;
    /* chat_template_kwargs that name special tokens (bos_token, eos_token, pad_token, unk_token)
     * count as template text: for requests that come from the operator, not from a client. */
    bool trust_tokens;
    enum chat_arguments arguments;
    bool join_parts; /* content in parts of text becomes one text, with line ends between */
    bool developer_is_system; /* for templates that know no developer */
    bool complete_tools;      /* tools without parameters get an empty object schema */
    size_t steps_max;         /* 0: TEMPLATE_STEPS_MAX */
    const struct tm *now;     /* unless the request has its own; NULL: the local time */
};

enum status chat_render(const struct template *t, const struct json *request,
                        const struct chat_options *options, struct template_output *ret,
                        struct error *err);

#endif
