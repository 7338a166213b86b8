/* A conversation: the one checked form of what every API sends.
 * SPDX-License-Identifier: Apache-2.0
 *
 * conversation_read() takes a request as lm/chat/chat_request.h describes it and refuses what no
 * template could mean: a missing or unknown role, content that is neither text nor parts of text,
 * a tool result that answers no call. Errors name the place ("messages[3].tool_calls[0].function.name")
 * and what would do. Members that are not known here pass: templates may read them.
 *
 * What clients are known to send is accepted: content null beside tool calls, arguments as a text
 * or as an object or missing, reasoning under three names, tool results without an id where the
 * order tells which call they answer.
 *
 * A conversation is immutable and borrows from the request's document, which must outlive it. */
#ifndef LM_CHAT_CONVERSATION_H
#define LM_CHAT_CONVERSATION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/core/json.h"
#include "base/core/span.h"
#include "base/core/status.h"

#define CONVERSATION_MESSAGES_MAX  ((size_t)1 << 16)
#define CONVERSATION_PARTS_MAX     ((size_t)1 << 12) /* of one message */
#define CONVERSATION_CALLS_MAX     ((size_t)128)     /* of one message */
#define CONVERSATION_TOOLS_MAX     ((size_t)128)
#define CONVERSATION_DOCUMENTS_MAX ((size_t)1 << 12)
#define CONVERSATION_BYTES_MAX     ((size_t)256 << 20)
#define TOOL_NAME_BYTES_MAX        128 /* letters, digits, '_' and '-' */

enum chat_role { CHAT_SYSTEM, CHAT_DEVELOPER, CHAT_USER, CHAT_ASSISTANT, CHAT_TOOL };

struct chat_call {
    struct span id, name;         /* id empty: none was given */
    const struct json *arguments; /* an object, or a text; NULL: none, which means {} */
    bool answered;                /* a tool result follows */
};

struct chat_message {
    enum chat_role role;
    bool has_content;
    struct span text;      /* parts are joined by a line end; empty without content */
    struct span reasoning; /* {NULL, 0}: none */
    struct span name;      /* of the author, or of the tool; {NULL, 0}: none */
    struct chat_call *calls;
    size_t call_count;
    struct chat_call *answers; /* of a tool result: the call */
    const struct json *json;   /* the message as it came */
};

struct chat_tool {
    struct span name, description;
    const struct json *parameters; /* NULL: none, which means an object without properties */
    const struct json *json;
};

struct conversation {
    const struct chat_message *messages;
    size_t message_count;
    const struct chat_tool *tools;
    size_t tool_count;
    const struct json *documents; /* an array of objects; NULL: none */
    const struct json *kwargs;    /* chat_template_kwargs; NULL: none */
    bool add_generation_prompt;
};

/* Release with conversation_free. Without messages it is read too: some formats say something all
 * the same. */
enum status conversation_read(const struct conversation **ret, const struct json *request,
                              struct error *err);
void conversation_free(const struct conversation *c); /* NULL is fine */

enum status conversation_is_empty(struct error *err); /* the error for those who need messages */
/* Reads and forgets: for servers, which then hand the request on. It needs a message. */
enum status chat_request_check(const struct json *request, struct error *err);

#endif
