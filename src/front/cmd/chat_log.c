/* The messages of a chat.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/chat_log.h"

#include <string.h>
#include <sys/stat.h>

#include "base/core/file.h"
#include "base/core/mem.h"

#define LOADED_ENTRIES_MAX ((size_t)100000)

void chat_log_truncate(struct chat_log *l, size_t count)
{
    while (l->count > count)
        mem_free(l->entries[--l->count].json);
}

void chat_log_clear(struct chat_log *l)
{
    chat_log_truncate(l, 0);
}

void chat_log_release(struct chat_log *l)
{
    chat_log_clear(l);
    mem_free(l->entries);
    mem_free(l->system);
    mem_free(l->tools);
    memset(l, 0, sizeof *l);
}

/* --- adding --- */

static enum status add_entry(struct chat_log *l, struct buf *json, bool user, struct error *err)
{
    enum status st = buf_check(json, "a message", err);
    if (!st && l->count == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 16;
        struct chat_entry *grown = mem_resize(l->entries, cap, sizeof *grown);
        if (grown) {
            l->entries = grown;
            l->cap = cap;
        } else st = error_set(err, STATUS_NO_MEMORY, "no memory for another message");
    }
    if (st) buf_release(json);
    else l->entries[l->count++] = (struct chat_entry){ buf_detach(json), user };
    return st;
}

static enum status copy_text(char **place, const char *text, size_t len, struct error *err)
{
    char *copy = NULL;
    if (len && !(copy = mem_copy_text(text, len)))
        return error_set(err, STATUS_NO_MEMORY, "no memory for a text of %zu bytes", len);
    mem_free(*place);
    *place = copy;
    return STATUS_OK;
}

enum status chat_log_set_system(struct chat_log *l, const char *text, struct error *err)
{
    return copy_text(&l->system, text, text ? strlen(text) : 0, err);
}

enum status chat_log_set_tools(struct chat_log *l, const struct json *tools, struct error *err)
{
    struct buf out = BUF_INIT(CHAT_LOG_BYTES_MAX);
    struct json_writer w;
    enum status st = STATUS_OK;
    json_writer_init(&w, &out, 0);
    if (tools) {
        json_put_value(&w, tools);
        st = buf_check(&out, "the list of tools", err);
    }
    if (!st) st = copy_text(&l->tools, out.data, out.len, err);
    if (!st) l->tool_count = json_length(tools);
    buf_release(&out);
    return st;
}

enum status chat_log_add_user(struct chat_log *l, struct span text, struct error *err)
{
    struct buf out = BUF_INIT(CHAT_LOG_BYTES_MAX);
    struct json_writer w;
    json_writer_init(&w, &out, 0);
    json_open_object(&w);
    json_key(&w, "role");
    json_put_string(&w, "user");
    json_key(&w, "content");
    json_put_span(&w, text);
    json_close_object(&w);
    return add_entry(l, &out, true, err);
}

enum status chat_log_add_answer(struct chat_log *l, const struct answer *a, struct error *err)
{
    struct buf out = BUF_INIT(CHAT_LOG_BYTES_MAX);
    struct json_writer w;
    json_writer_init(&w, &out, 0);
    answer_write_message(a, &w);
    return add_entry(l, &out, false, err);
}

enum status chat_log_add_result(struct chat_log *l, const struct answer_call *call,
                                struct span text, struct error *err)
{
    struct buf out = BUF_INIT(CHAT_LOG_BYTES_MAX);
    struct json_writer w;
    json_writer_init(&w, &out, 0);
    json_open_object(&w);
    json_key(&w, "role");
    json_put_string(&w, "tool");
    json_key(&w, "tool_call_id");
    json_put_span(&w, (struct span){ call->id.data, call->id.len });
    json_key(&w, "name");
    json_put_span(&w, (struct span){ call->name.data ? call->name.data : "", call->name.len });
    json_key(&w, "content");
    json_put_span(&w, text);
    json_close_object(&w);
    return add_entry(l, &out, false, err);
}

enum status chat_log_add_message(struct chat_log *l, const struct json *message, const char *where,
                                 struct error *err)
{
    const char *role = json_text(json_get(message, "role"));
    const char *content = json_text(json_get(message, "content"));
    if (!role)
        return error_set(err, STATUS_BAD_INPUT,
                         "%s: a message is an object such as {\"role\": \"user\", \"content\": "
                         "\"hello\"}",
                         where);
    if (strcmp(role, "system") == 0 && l->count == 0 && content)
        return chat_log_set_system(l, content, err);
    struct buf out = BUF_INIT(CHAT_LOG_BYTES_MAX);
    struct json_writer w;
    json_writer_init(&w, &out, 0);
    json_put_value(&w, message);
    return add_entry(l, &out, strcmp(role, "user") == 0, err);
}

/* --- writing and files --- */

/* A text that is JSON already goes through the parser: the writer takes values only. */
static void put_json(struct json_writer *w, const char *text)
{
    struct json_doc *doc;
    if (json_parse(&doc, text, strlen(text), CHAT_LOG_BYTES_MAX, "a message", NULL)) {
        w->out->failed = true;
        return;
    }
    json_put_value(w, json_root(doc));
    json_doc_free(doc);
}

void chat_log_write(const struct chat_log *l, struct json_writer *w)
{
    json_open_array(w);
    if (l->system) {
        json_open_object(w);
        json_key(w, "role");
        json_put_string(w, "system");
        json_key(w, "content");
        json_put_string(w, l->system);
        json_close_object(w);
    }
    for (size_t i = 0; i < l->count; i++)
        put_json(w, l->entries[i].json);
    json_close_array(w);
}

void chat_log_write_tools(const struct chat_log *l, struct json_writer *w)
{
    if (l->tools) put_json(w, l->tools);
    else json_put_null(w);
}

enum status chat_log_save(const struct chat_log *l, const char *path, struct error *err)
{
    struct buf out = BUF_INIT(CHAT_LOG_BYTES_MAX);
    struct json_writer w;
    json_writer_init(&w, &out, 2);
    json_open_object(&w);
    json_key(&w, "messages");
    chat_log_write(l, &w);
    if (l->tools) {
        json_key(&w, "tools");
        chat_log_write_tools(l, &w);
    }
    json_close_object(&w);
    buf_byte(&out, '\n');
    enum status st = buf_check(&out, "the chat", err);
    mode_t before = umask(0077);
    if (!st) st = file_write(path, out.data, out.len, err);
    umask(before);
    buf_release(&out);
    return st;
}

static enum status take_document(struct chat_log *l, const struct json *root, const char *path,
                                 struct error *err)
{
    bool bare = json_type(root) == JSON_ARRAY;
    const struct json *messages = bare ? root : json_get(root, "messages");
    const struct json *tools = json_get(root, "tools");
    if (json_type(messages) != JSON_ARRAY)
        return error_set(err, STATUS_BAD_INPUT,
                         "%s holds no chat: it needs {\"messages\": [...]}, as /save writes it",
                         path);
    if (json_length(messages) > LOADED_ENTRIES_MAX)
        return error_set(err, STATUS_LIMIT, "%s holds %zu messages, at most %zu are taken", path,
                         json_length(messages), LOADED_ENTRIES_MAX);
    enum status st = STATUS_OK;
    for (size_t i = 0; i < json_length(messages) && !st; i++)
        st = chat_log_add_message(l, json_at(messages, i), path, err);
    if (!st && json_type(tools) == JSON_ARRAY) st = chat_log_set_tools(l, tools, err);
    return st;
}

enum status chat_log_load(struct chat_log *l, const char *path, struct error *err)
{
    struct buf text = BUF_INIT(CHAT_LOG_BYTES_MAX);
    struct chat_log loaded = { 0 };
    struct json_doc *doc = NULL;
    enum status st = file_read(&text, path, err);
    if (!st) st = json_parse(&doc, text.data ? text.data : "", text.len, text.max, path, err);
    if (!st) st = take_document(&loaded, json_root(doc), path, err);
    json_doc_free(doc);
    buf_release(&text);
    if (st) {
        chat_log_release(&loaded);
        return st;
    }
    chat_log_release(l);
    *l = loaded;
    return STATUS_OK;
}
