/* What a chat is made of, for the files of this room.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LM_CHAT_CHAT_INNER_H
#define LM_CHAT_CHAT_INNER_H

#include "lm/chat/chat.h"
#include "lm/chat/encoder.h"

#define CHAT_TOKENS_MAX      64 /* named special tokens of one model */
#define CHAT_FILE_BYTES_MAX  ((size_t)64 << 20)
#define CHAT_NAMES_BYTES_MAX ((size_t)4096)

/* One template and what is known of it. */
struct chat_form {
    struct template *template; /* NULL: there is none of this kind */
    struct chat_facts facts;
};

struct chat {
    struct chat_form plain;        /* "default" */
    struct chat_form tools;        /* "tool_use", where there is one */
    const struct encoder *encoder; /* NULL: templates */
    struct buf names;              /* of all templates, for messages */
    struct json_doc *tokens;
    struct template_variable variables[CHAT_TOKENS_MAX]; /* values in `tokens` */
    size_t variable_count;
    const struct tokenizer *tokenizer; /* borrowed; NULL: none */
};

/* chat_source.c */
/* Of the family; *ret NULL: there is none. */
enum status chat_find_encoder(const struct source *source, const struct encoder **ret,
                              struct error *err);
/* Fills templates and tokens from the files. */
enum status chat_load(struct chat *c, struct source *source, struct error *err);
enum status chat_add_template(struct chat *c, const char *label, struct span name, struct span text,
                              struct error *err);

/* chat_facts.c */
enum status chat_digest(struct chat_form *form, struct span text, struct error *err);
enum status chat_probe(const struct chat *c, struct chat_form *form,
                       struct error *err); /* all other facts */

#endif
