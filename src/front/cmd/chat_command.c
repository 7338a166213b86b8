/* The commands of a chat.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/core/file.h"
#include "base/core/mem.h"
#include "front/cmd/chat_turn.h"

#define TOOLS_BYTES_MAX ((size_t)16 << 20)
#define CHAT_TOOLS_MAX  128

/* What a command says to the person. Scripts read standard output: there it goes to the other stream. */
static FILE *voice(const struct chat_state *c)
{
    return c->json || !c->terminal.interactive ? stderr : stdout;
}

/* What only a person wants to read. */
__attribute__((format(printf, 2, 3))) static void note(const struct chat_state *c,
                                                       const char *format, ...)
{
    va_list args;
    if (c->json || !c->terminal.interactive) return;
    va_start(args, format);
    vfprintf(stdout, format, args);
    va_end(args);
}

static enum status command_help(struct chat_state *c, const char *argument, struct error *err);

static enum status command_system(struct chat_state *c, const char *argument, struct error *err)
{
    if (!*argument) {
        fprintf(voice(c), "%s\n", c->log.system ? c->log.system : "(no system message)");
        return STATUS_OK;
    }
    return chat_log_set_system(&c->log, strcmp(argument, "-") == 0 ? NULL : argument, err);
}

static enum status command_reset(struct chat_state *c, const char *argument, struct error *err)
{
    chat_log_clear(&c->log);
    note(c, "The messages are forgotten.\n");
    return STATUS_OK;
}

static enum status remember_file(struct chat_state *c, const char *path, struct error *err)
{
    char *copy = mem_copy_text(path, strlen(path));
    if (!copy) return error_set(err, STATUS_NO_MEMORY, "no memory for a file name");
    mem_free(c->file);
    c->file = copy;
    return STATUS_OK;
}

/* Only the file that this chat lives in may be written over. */
static enum status command_save(struct chat_state *c, const char *argument, struct error *err)
{
    const char *path = *argument ? argument : c->file;
    if (!path) return error_set(err, STATUS_USAGE, "say where: /save FILE");
    if (file_kind(path) != FILE_MISSING && !(c->file && strcmp(path, c->file) == 0))
        return error_set(err, STATUS_USAGE, "%s is there already: choose another name, or /load it",
                         path);
    enum status st = chat_log_save(&c->log, path, err);
    if (!st) note(c, "Saved %zu messages in %s.\n", c->log.count, path);
    return st || path == c->file ? st : remember_file(c, path, err);
}

static enum status command_load(struct chat_state *c, const char *argument, struct error *err)
{
    if (!*argument) return error_set(err, STATUS_USAGE, "say which: /load FILE");
    enum status st = chat_log_load(&c->log, argument, err);
    if (!st) st = remember_file(c, argument, err);
    if (!st) note(c, "Loaded %zu messages%s.\n", c->log.count, c->log.tools ? " and tools" : "");
    return st;
}

static enum status load_tools(struct chat_state *c, const char *path, struct error *err)
{
    struct buf text = BUF_INIT(TOOLS_BYTES_MAX);
    struct json_doc *doc = NULL;
    enum status st = file_read(&text, path, err);
    if (!st) st = json_parse(&doc, text.data ? text.data : "", text.len, text.max, path, err);
    buf_release(&text);
    if (st) return st;
    const struct json *root = json_root(doc);
    const struct json *tools = json_type(root) == JSON_OBJECT ? json_get(root, "tools") : root;
    if (json_type(tools) != JSON_ARRAY || json_length(tools) > CHAT_TOOLS_MAX)
        st = error_set(err, STATUS_BAD_INPUT,
                       "%s needs a list of at most %d tools, each {\"type\": \"function\", "
                       "\"function\": {\"name\", \"description\", \"parameters\"}}",
                       path, CHAT_TOOLS_MAX);
    if (!st) st = chat_log_set_tools(&c->log, tools, err);
    json_doc_free(doc);
    return st;
}

static enum status command_tools(struct chat_state *c, const char *argument, struct error *err)
{
    if (strcmp(argument, "-") == 0) return chat_log_set_tools(&c->log, NULL, err);
    if (*argument) {
        enum status st = load_tools(c, argument, err);
        if (!st) note(c, "The model knows %zu tools now.\n", c->log.tool_count);
        return st;
    }
    fprintf(voice(c), "%s\n", c->log.tools ? c->log.tools : "(no tools)");
    return STATUS_OK;
}

static enum status set_thinking(struct chat_state *c, enum chat_thinking to, struct error *err)
{
    if (!json_bool(json_path(worker_ready(c->worker), "chat.thinking"), false))
        return error_set(err, STATUS_UNSUPPORTED,
                         "this model's chat template has no switch for thinking");
    c->thinking = to;
    return STATUS_OK;
}

static enum status command_think(struct chat_state *c, const char *argument, struct error *err)
{
    return set_thinking(c, CHAT_THINKING_ON, err);
}

static enum status command_nothink(struct chat_state *c, const char *argument, struct error *err)
{
    return set_thinking(c, CHAT_THINKING_OFF, err);
}

static enum status command_fold(struct chat_state *c, const char *argument, struct error *err)
{
    c->fold = !c->fold;
    note(c, "Thinking is shown %s.\n", c->fold ? "as one line" : "whole");
    return STATUS_OK;
}

static enum status command_show(struct chat_state *c, const char *argument, struct error *err)
{
    struct terminal t = terminal_of(voice(c));
    struct buf *text = &c->last.reasoning;
    terminal_put(&t, text->len ? (struct span){ text->data, text->len }
                               : span_of("(the last answer came without thinking)"));
    fputc('\n', t.stream);
    return STATUS_OK;
}

static enum status command_stats(struct chat_state *c, const char *argument, struct error *err)
{
    const struct json *ready = worker_ready(c->worker);
    const struct answer *a = &c->last;
    char weights[32], cache[32];
    FILE *out = voice(c);
    format_bytes(weights, sizeof weights, (uint64_t)json_int(json_get(ready, "weight_bytes"), 0));
    format_bytes(cache, sizeof cache, (uint64_t)json_int(json_get(ready, "cache_bytes"), 0));
    if (c->turns)
        fprintf(out,
                "last answer  %" PRId64 " tokens (%" PRId64 " of thinking), %.1f tokens/s\n"
                "last prompt  %" PRId64 " tokens, %" PRId64 " of them from the cache, %.2f s\n",
                a->completion_tokens, a->reasoning_tokens,
                per_second(a->completion_tokens, a->decode_seconds), a->prompt_tokens,
                a->cached_tokens, a->prompt_seconds);
    fprintf(out,
            "this chat    %d answers, %" PRId64 " tokens, %.1f tokens/s\n"
            "context      %" PRId64 " of %" PRId64 " tokens\n"
            "memory       %s of weights, %s of cache\n"
            "engine       %s\n",
            c->turns, c->answered_tokens, per_second(c->answered_tokens, c->decode_seconds),
            a->prompt_tokens + a->completion_tokens, json_int(json_get(ready, "context_max"), 0),
            weights, cache, json_text(json_get(ready, "backend")));
    return STATUS_OK;
}

static enum status command_quit(struct chat_state *c, const char *argument, struct error *err)
{
    c->quit = true;
    return STATUS_OK;
}

/* --- the table --- */

static const struct chat_command_entry {
    const char *name, *operands, *help;
    enum status (*run)(struct chat_state *c, const char *argument, struct error *err);
} commands[] = {
#define CHAT_COMMAND(symbol, operands, help) { "/" #symbol, operands, help, command_##symbol },
#include "front/cmd/chat_command_list.h"
#undef CHAT_COMMAND
};
#define COMMAND_COUNT (sizeof commands / sizeof *commands)

const char *const *chat_command_names(void)
{
    static const char *const names[] = {
#define CHAT_COMMAND(symbol, operands, help) "/" #symbol,
#include "front/cmd/chat_command_list.h"
#undef CHAT_COMMAND
        NULL,
    };
    return names;
}

static enum status command_help(struct chat_state *c, const char *argument, struct error *err)
{
    FILE *out = voice(c);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        int width = fprintf(out, "%s %s", commands[i].name, commands[i].operands);
        fprintf(out, "%*s%s\n", width < 16 ? 16 - width : 1, "", commands[i].help);
    }
    fputs("Alt-Enter, or a backslash at the end, goes on in a new line; what is pasted stays one "
          "message. Ctrl-C stops an answer. A message that begins with // is sent with one /.\n",
          out);
    return STATUS_OK;
}

static const struct chat_command_entry *find(const char *word, size_t len)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strlen(commands[i].name) == len && strncmp(commands[i].name, word, len) == 0)
            return &commands[i];
    return NULL;
}

enum status chat_command(struct chat_state *c, const char *line, struct error *err)
{
    size_t len = strcspn(line, " \t\n");
    const struct chat_command_entry *entry = find(line, len);
    if (!entry)
        return error_set(err, STATUS_USAGE, "there is no command %.*s; /help lists them",
                         (int)(len > 40 ? 40 : len), line);
    return entry->run(c, line + len + strspn(line + len, " \t\n"), err);
}
