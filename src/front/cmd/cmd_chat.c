/* `hearth chat`: a conversation with a model.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/core/file.h"
#include "base/core/json_write.h"
#include "base/core/mem.h"
#include "front/cmd/desk.h"
#include "front/cmd/chat_turn.h"
#include "front/cmd/command.h"
#include "front/cmd/home.h"
#include "front/cmd/line_editor.h"
#include "front/cmd/model_options.h"
#include "front/cmd/sample_flags.h"

static const struct option_spec chat_specs[] = {
    { "system", 0, OPTION_TEXT, "TEXT", .help = "the system message" },
    { "tools", 0, OPTION_TEXT, "FILE", .help = "tools that the model may call: a JSON list" },
    { "load", 0, OPTION_TEXT, "FILE", .help = "go on with a chat that /save wrote" },
    { "think", 0, OPTION_FLAG, .help = "let the model think before it answers" },
    { "no-think", 0, OPTION_FLAG, .help = "let it answer at once" },
    { "max-tokens", 'n', OPTION_INT, "N", 1, 1 << 30, "end each answer after N tokens" },
    { "stop", 0, OPTION_TEXTS, "TEXT",
      .help = "end an answer before this text; may be given several times" },
    { 0 },
};
static const struct option_table chat_table = { "Chat", chat_specs };

static const struct option_spec chat_json_specs[] = {
    { "json", 0, OPTION_FLAG,
      .help = "print each answer as one line of JSON; input lines may be JSON too" },
    { 0 },
};
static const struct option_table chat_json_table = { "Output", chat_json_specs };
static const struct option_table *const tables[] = { &chat_table,      &sample_table,
                                                     &context_table,   &model_table,
                                                     &desk_table,      &worker_table,
                                                     &chat_json_table, NULL };

/* --- output for scripts --- */

static void write_json_answer(const struct answer *a, struct json_writer *w)
{
    json_open_object(w);
    json_key(w, "content");
    json_put_span(w, (struct span){ a->content.data ? a->content.data : "", a->content.len });
    json_key(w, "reasoning");
    json_put_span(w, (struct span){ a->reasoning.data ? a->reasoning.data : "", a->reasoning.len });
    json_key(w, "tool_calls");
    answer_write_calls(a, w);
    json_key(w, "finish_reason");
    json_put_string(w, a->finish);
    json_key(w, "prompt_tokens");
    json_put_int(w, a->prompt_tokens);
    json_key(w, "cached_tokens");
    json_put_int(w, a->cached_tokens);
    json_key(w, "generated_tokens");
    json_put_int(w, a->completion_tokens);
    json_key(w, "reasoning_tokens");
    json_put_int(w, a->reasoning_tokens);
    json_key(w, "seed");
    json_put_int(w, a->seed);
    json_key(w, "unparsed");
    json_put_bool(w, a->unparsed);
    json_key(w, "timings");
    json_open_object(w);
    json_key(w, "prompt_seconds");
    json_put_real(w, a->prompt_seconds);
    json_key(w, "generate_seconds");
    json_put_real(w, a->decode_seconds);
    json_close_object(w);
    json_close_object(w);
}

static enum status print_json_answer(const struct answer *a, struct error *err)
{
    struct buf out = BUF_INIT(ANSWER_BYTES_MAX);
    struct json_writer w;
    json_writer_init(&w, &out, 0);
    write_json_answer(a, &w);
    enum status st = buf_check(&out, "the answer", err);
    if (!st) printf("%s\n", out.data);
    if (!st && (fflush(stdout) || ferror(stdout)))
        st = error_set(err, STATUS_IO, "writing the answer to standard output failed");
    buf_release(&out);
    return st;
}

/* --- turns --- */

/* The log ends with what the person said. When the model cannot answer, that is taken back. */
static enum status take_turn(struct chat_state *c, size_t count_before, struct error *err)
{
    enum status st = chat_answer(c, err);
    if (st) {
        chat_log_truncate(&c->log, count_before);
        return st;
    }
    return c->json ? print_json_answer(&c->last, err) : STATUS_OK;
}

static enum status say(struct chat_state *c, struct span text, struct error *err)
{
    size_t before = c->log.count;
    enum status st = chat_log_add_user(&c->log, text, err);
    return st ? st : take_turn(c, before, err);
}

/* A JSON line is a text, a message, or a list of messages. */
static enum status say_json(struct chat_state *c, struct span line, struct error *err)
{
    struct json_doc *doc;
    size_t before = c->log.count;
    enum status st = json_parse(&doc, line.data, line.len, LINE_BYTES_MAX, "a line of input", err);
    if (st) return st;
    const struct json *root = json_root(doc);
    if (json_type(root) == JSON_STRING) st = chat_log_add_user(&c->log, json_string(root), err);
    else if (json_type(root) == JSON_ARRAY)
        for (size_t i = 0; i < json_length(root) && !st; i++)
            st = chat_log_add_message(&c->log, json_at(root, i), "a line of input", err);
    else st = chat_log_add_message(&c->log, root, "a line of input", err);
    json_doc_free(doc);
    if (st) {
        chat_log_truncate(&c->log, before);
        return st;
    }
    return c->log.count > before ? take_turn(c, before, err) : STATUS_OK;
}

/* Asks for what the called tools returned, then lets the model go on. An empty line leaves it. */
static enum status ask_results(struct chat_state *c, struct line_editor *editor, struct error *err)
{
    while (c->last.call_count && !c->json) {
        size_t before = c->log.count, count = c->last.call_count;
        for (size_t i = 0; i < count; i++) {
            char prompt[LINE_PROMPT_BYTES];
            struct buf line = BUF_INIT(LINE_BYTES_MAX);
            enum line_result got;
            snprintf(prompt, sizeof prompt, "result of %.64s> ", c->last.calls[i].name.data);
            enum status st = line_editor_read(editor, prompt, &line, &got, err);
            bool given = !st && got == LINE_READ && line.len;
            if (given)
                st = chat_log_add_result(&c->log, &c->last.calls[i],
                                         (struct span){ line.data, line.len }, err);
            buf_release(&line);
            if (st || !given) {
                chat_log_truncate(&c->log, before);
                return st;
            }
        }
        enum status st = take_turn(c, before, err);
        if (st) return st;
    }
    return STATUS_OK;
}

static enum status take_line(struct chat_state *c, struct line_editor *editor, struct span line,
                             struct error *err)
{
    if (!line.len) return STATUS_OK;
    if (line.data[0] == '/' && !(line.len > 1 && line.data[1] == '/'))
        return chat_command(c, line.data, err);
    if (c->json && strchr("\"{[", line.data[0])) return say_json(c, line, err);
    size_t skip = line.data[0] == '/' ? 1 : 0;
    enum status st = say(c, (struct span){ line.data + skip, line.len - skip }, err);
    return st ? st : ask_results(c, editor, err);
}

/* A person reads what went wrong and goes on; a script ends. Without a worker nobody goes on. */
static enum status forgive(struct chat_state *c, enum status st, struct error *err)
{
    if (!st || !c->terminal.interactive || c->json || !worker_alive(c->worker)) return st;
    fprintf(stderr, "hearth: %s\n", err->text);
    err->text[0] = 0;
    return STATUS_OK;
}

static enum status talk(struct chat_state *c, struct line_editor *editor, struct error *err)
{
    enum status st = STATUS_OK;
    const char *first = args_operand(c->args, 1);
    if (first) st = forgive(c, take_line(c, editor, span_of(first), err), err);
    while (!st && !c->quit) {
        struct buf line = BUF_INIT(LINE_BYTES_MAX);
        enum line_result got = LINE_END;
        st = line_editor_read(editor, "> ", &line, &got, err);
        if (!st && got == LINE_READ && line.len)
            st = forgive(c, take_line(c, editor, (struct span){ line.data, line.len }, err), err);
        buf_release(&line);
        if (got == LINE_END) break;
    }
    return st;
}

/* --- opening --- */

static void greet(const struct chat_state *c)
{
    const struct json *ready = worker_ready(c->worker);
    char line[256], parameters[32];
    if (!c->terminal.interactive || c->json) return;
    format_count(parameters, sizeof parameters,
                 (uint64_t)json_int(json_get(ready, "parameter_count"), 0));
    snprintf(line, sizeof line,
             "%s: %s, %s parameters, context of %" PRId64 " tokens. /help lists commands, Ctrl-D "
             "leaves.",
             args_operand(c->args, 0), json_text(json_get(ready, "family")), parameters,
             json_int(json_get(ready, "context_max"), 0));
    terminal_dim_line(&c->terminal, line);
}

static enum status start_thinking(struct chat_state *c, struct error *err)
{
    bool on = args_flag(c->args, "think"), off = args_flag(c->args, "no-think");
    if (on && off)
        return error_set(err, STATUS_USAGE, "--think and --no-think contradict each other");
    if (on) return chat_command(c, "/think", err);
    return off ? chat_command(c, "/nothink", err) : STATUS_OK;
}

static enum status with_file(struct chat_state *c, const char *command, const char *option,
                             struct error *err)
{
    struct buf line = BUF_INIT(LINE_BYTES_MAX);
    const char *path = args_text(c->args, option, NULL);
    if (!path) return STATUS_OK;
    buf_format(&line, "%s %s", command, path);
    enum status st = buf_check(&line, "a file name", err);
    if (!st) st = chat_command(c, line.data, err);
    buf_release(&line);
    return st;
}

/* A model that cannot chat is refused with the reason; no template is made up. */
static enum status check_template(const struct chat_state *c, struct error *err)
{
    const struct json *ready = worker_ready(c->worker);
    const char *broken = json_text(json_get(ready, "chat_error"));
    if (json_type(json_get(ready, "chat")) == JSON_OBJECT) return STATUS_OK;
    if (broken) return error_set(err, STATUS_BAD_INPUT, "%s", broken);
    return error_set(err, STATUS_UNSUPPORTED,
                     "%s has no chat template, and guessing one would give wrong answers: use an "
                     "instruct version of the model, or `hearth run --raw` to continue a text",
                     args_operand(c->args, 0));
}

static enum status prepare(struct chat_state *c, struct error *err)
{
    enum status st = check_template(c, err);
    if (!st) st = with_file(c, "/load", "load", err);
    const char *system = args_text(c->args, "system", NULL);
    if (!st && system) st = chat_log_set_system(&c->log, system, err);
    if (!st) st = with_file(c, "/tools", "tools", err);
    return st ? st : start_thinking(c, err);
}

static enum status converse(struct chat_state *c, struct error *err)
{
    char home[HOME_PATH_BYTES], path[HOME_PATH_BYTES];
    struct line_editor *editor;
    bool keeps = home_folder(home) && file_join(path, sizeof path, home, "chat_history");
    enum status st = prepare(c, err);
    if (st) return st;
    st = line_editor_new(&editor,
                         &(struct line_editor_options){ .history_path = keeps ? path : NULL,
                                                        .completions = chat_command_names() },
                         err);
    if (st) return st;
    greet(c);
    st = talk(c, editor, err);
    line_editor_free(editor);
    return st;
}

static enum status run(const struct args *args, struct error *err)
{
    struct model_settings m;
    struct chat_state c = { .args = args, .terminal = terminal_of(stdout), .fold = true };
    c.json = args_flag(args, "json");
    answer_init(&c.last);
    model_settings_init(&m, args, true);
    m.options.deterministic = args_flag(args, "deterministic");
    enum status st = model_open_worker(&c.worker, &m, args, err);
    if (st) return st;
    st = converse(&c, err);
    worker_stop(c.worker);
    answer_release(&c.last);
    chat_log_release(&c.log);
    mem_free(c.file);
    return st;
}

const struct command cmd_chat = {
    .name = "chat",
    .summary = "talk with a model",
    .operands = "MODEL [MESSAGE]",
    .operands_min = 1,
    .operands_max = 2,
    .about =
        "On a terminal, lines are edited and remembered; /help lists what can be said besides "
        "messages, Ctrl-C stops an answer, Ctrl-D leaves. When the model calls a tool, its result "
        "is "
        "asked for. "
        "In a pipe each line is one message. With --json a line may also be a JSON text, a message "
        "{\"role\", \"content\"}, or a list of messages, and each answer is one line of JSON.",
    .tables = tables,
    .run = run,
};
