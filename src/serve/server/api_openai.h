/* What OpenAI's APIs share: errors, messages, tools, reasoning effort.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVE_SERVER_API_OPENAI_H
#define SERVE_SERVER_API_OPENAI_H

#include "base/core/json_write.h"
#include "serve/server/shape_generation.h"

#define OPENAI_TOOLS_MAX    128
#define OPENAI_MESSAGES_MAX ((size_t)1 << 16)
#define OPENAI_STOPS_MAX    4

/* {"error": {"message", "type", "param", "code"}} */
void openai_error_body(struct buf *out, const struct api_error *error,
                       const struct shape_context *context);

/* Copies "model"; NULL where the body names none. */
bool openai_read_model(const struct fields *f, struct shape_request *r);
/* Of content that is a text, null, or a list of parts of text; parts are joined by line ends, as
 * templates without parts have it. `text_types`: the part types taken, ended by NULL. */
bool openai_put_content(struct json_writer *w, const struct fields *message,
                        const char *const *text_types);
/* The body's messages, as the member "messages". */
bool openai_put_messages(struct json_writer *w, const struct fields *f);
/* One tool {"name", "description", "parameters", "strict"} in the canonical form. */
bool openai_put_function(struct json_writer *w, const struct fields *function,
                         const char *parameters, size_t name_bytes_max);
/* The body's "tools", unless they are hidden from the model. */
bool openai_put_tools(struct json_writer *w, const struct fields *f, bool hidden);
/* The member "chat_template_kwargs": the body's own, and the effort where it is given. */
void openai_put_kwargs(struct json_writer *w, const struct json *own, struct span effort);

#endif
