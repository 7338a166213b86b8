/* Native encoders: prompts of families that ship code instead of a template.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An encoder gives the same text as the vendor's own code for the same conversation, and says
 * which bytes are data, as a template does. A model gets one when its family is in the list and its
 * files hold no template; by name an operator can have any. */
#ifndef LM_CHAT_ENCODER_H
#define LM_CHAT_ENCODER_H

#include <time.h>

#include "lm/chat/chat.h"
#include "lm/chat/conversation.h"

struct prompt_writer;

struct encode_request {
    const struct conversation *conversation;
    bool developer_is_system; /* as clients mean it; else the vendor's own developer role */
    bool continue_final;      /* end the prompt inside the last message, which has content */
    const struct tm *now;
};

struct encoder {
    const char *name;              /* "harmony" */
    const char *model_types[3];    /* of config.json and GGUF; ends with a NULL unless full */
    const struct chat_facts facts; /* sha256 is empty: there is no template */
    enum status (*encode)(const struct encode_request *r, struct prompt_writer *out,
                          struct error *err);
};

size_t encoder_count(void);
const struct encoder *encoder_at(size_t i);
/* By name, '-' and '_' alike; NULL: none. */
const struct encoder *encoder_find(const char *name);
const struct encoder *encoder_of_model(const char *model_type);

/* A request through an encoder; checks it first. */
enum status encoder_run(const struct encoder *e, const struct json *request,
                        const struct chat_prompt_options *options, struct template_output *ret,
                        struct error *err);

/* ---- for the encoders ---- */

struct prompt_writer {
    struct buf text;
    struct byte_range *data;
    size_t data_count, data_cap;
    bool failed;         /* no memory for ranges */
    const char *refusal; /* what is too large, or NULL */
};
void prompt_text(struct prompt_writer *w, const char *literal); /* the format's own */
void prompt_data(struct prompt_writer *w, struct span text);    /* the request's */
void prompt_data_json(struct prompt_writer *w, const struct json *v);

/* Members of chat_template_kwargs; NULL and a missing one are alike. */
const struct json *kwarg(const struct conversation *c, const char *name);
/* The text of a kwarg, `fallback` when missing; STATUS_BAD_INPUT unless a text. */
enum status kwarg_text(const struct conversation *c, const char *name, const char *fallback,
                       const char **ret, struct error *err);
enum status kwarg_bool(const struct conversation *c, const char *name, bool fallback, bool *ret,
                       struct error *err);
/* Arguments of a call as an object: its own, or parsed into *ret_doc (free it); NULL: none given. */
enum status call_arguments(const struct chat_call *call, size_t message, size_t i,
                           const struct json **ret, struct json_doc **ret_doc, struct error *err);

#endif
