/* The messages of a chat: kept as JSON texts, sent whole with every request.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_CHAT_LOG_H
#define FRONT_CMD_CHAT_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/core/json_write.h"
#include "base/core/span.h"
#include "base/core/status.h"
#include "front/cmd/answer.h"

#define CHAT_LOG_BYTES_MAX ((size_t)64 << 20)

struct chat_log {
    char *system; /* text of the system message; NULL: none */
    char *tools;  /* JSON array of the tools; NULL: none */
    size_t tool_count;
    struct chat_entry {
        char *json; /* one message */
        bool user;  /* of the user: answers hang on it */
    } * entries;
    size_t count, cap;
};

void chat_log_release(struct chat_log *l);
void chat_log_clear(struct chat_log *l); /* the messages; system text and tools stay */
void chat_log_truncate(struct chat_log *l, size_t count);

/* NULL or "" takes the system message away. */
enum status chat_log_set_system(struct chat_log *l, const char *text, struct error *err);
/* A JSON array of tools, in the form that APIs take; NULL takes them away. */
enum status chat_log_set_tools(struct chat_log *l, const struct json *tools, struct error *err);
enum status chat_log_add_user(struct chat_log *l, struct span text, struct error *err);
enum status chat_log_add_answer(struct chat_log *l, const struct answer *a, struct error *err);
enum status chat_log_add_result(struct chat_log *l, const struct answer_call *call,
                                struct span text, struct error *err);
/* Any message: an object with a role; `where` is for messages. A first system message becomes the system text. */
enum status chat_log_add_message(struct chat_log *l, const struct json *message, const char *where,
                                 struct error *err);

/* The array of messages. */
void chat_log_write(const struct chat_log *l, struct json_writer *w);
void chat_log_write_tools(const struct chat_log *l, struct json_writer *w); /* null: none */
/* {"messages", "tools"}, readable by its owner only. */
enum status chat_log_save(const struct chat_log *l, const char *path, struct error *err);
/* Replaces everything by what the file holds: an object like that, or an array of messages. On failure
 * nothing has changed. */
enum status chat_log_load(struct chat_log *l, const char *path, struct error *err);

#endif
