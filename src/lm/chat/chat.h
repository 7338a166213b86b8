/* How one model talks: its templates, its special tokens, and prompts made of requests.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A chat is opened from a model's files. A folder: chat_template.jinja, else the chat_template of
 * tokenizer_config.json (a text, or a list of named ones), else chat_template.json; and those in
 * additional_chat_templates/. GGUF:
 * tokenizer.chat_template and tokenizer.chat_template.NAME. Of several, the one named tool_use
 * serves requests with tools, "default" all others. Families whose prompts are made by the
 * vendor's code (lm/chat/encoder_list.h) need none. A model without either cannot chat: nothing is
 * made up for it.
 *
 * chat_prompt() does all that lies between a request (lm/chat/chat_request.h) and the token ids
 * that the engine takes: it checks the request (lm/chat/conversation.h), gives tool arguments, content
 * in parts and developer messages the form that the template was written for, fills in bos_token
 * and its like, renders, and encodes. Special tokens are
 * recognised in the template's own text only. Where the tokenizer begins texts with BOS the ids
 * begin with exactly one, whether or not the template writes it too; where it does not, the ids
 * hold what the template wrote, but never two at the start.
 *
 * A chat is immutable: any number of threads may use one at once. */
#ifndef LM_CHAT_CHAT_H
#define LM_CHAT_CHAT_H

#include "base/core/digest.h"
#include "lm/chat/chat_request.h"
#include "lm/format/source.h"
#include "lm/tokenizer/tokenizer.h"

#define CHAT_TEMPLATES_MAX 64 /* of one model */

struct chat;

/* What is known of a template; found by rendering small conversations when it is opened. */
struct chat_facts {
    char sha256[SHA256_HEX_BYTES]; /* of the template's text; empty for native encoders */
    const char
        *thinking; /* the variable that turns thinking on and off: "enable_thinking"; or NULL */
    const char *effort; /* the variable that says how much: "reasoning_effort"; or NULL */
    bool tools;         /* tools of the request show in the prompt */
    bool writes_bos;    /* the prompt begins with bos_token */
    bool parts;         /* content may be a list of parts; else they are joined before */
    bool developer;     /* the source knows that role; else it becomes system */
    enum chat_arguments arguments; /* the form of tool arguments that it needs */
};

/* STATUS_NOT_FOUND, with words for the user, when the model has no template. The source may be
 * closed afterwards; `tokenizer` (may be NULL: no ids) must outlive the chat. */
enum status chat_open(struct chat **ret, struct source *source, const struct tokenizer *tokenizer,
                      struct error *err);
/* A template alone. */
enum status chat_open_template(struct chat **ret, const char *name, struct span text,
                               struct error *err);
/* A native encoder by its name ("harmony"); STATUS_NOT_FOUND lists them. */
enum status chat_open_native(struct chat **ret, const char *name, const struct tokenizer *tokenizer,
                             struct error *err);
void chat_free(struct chat *c); /* NULL is fine */

/* Of the template that serves requests with or without tools. */
const struct chat_facts *chat_facts(const struct chat *c, bool with_tools);
/* NULL where a native encoder makes the prompts. */
const struct template *chat_template(const struct chat *c, bool with_tools);
/* The native encoder's name; NULL where it is a template. */
const char *chat_native(const struct chat *c);

struct chat_prompt_options {
    /* As the vendors' renderer does it: the request is not checked beyond what rendering needs, and
     * keeps the form it came in. For `hearth debug render`. */
    bool verbatim;
    bool trust_tokens; /* chat_template_kwargs may name special tokens: the operator's requests */
    const struct tm *now; /* unless the request says; NULL: the local time */
};

struct chat_prompt {
    struct template_output rendered; /* the text, and which of its bytes are data */
    struct token_list ids;           /* empty where the chat has no tokenizer */
    bool added_bos;                  /* the ids begin with a BOS that the text does not show */
};

/* `options` NULL: all off. On success release `ret` with chat_prompt_release. */
enum status chat_prompt(const struct chat *c, const struct json *request,
                        const struct chat_prompt_options *options, struct chat_prompt *ret,
                        struct error *err);
void chat_prompt_release(struct chat_prompt *p); /* zeroed is fine */

#endif
