/* `hearth debug parse`: what a model wrote, taken apart, as one JSON object.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/core/file.h"
#include "base/core/json_write.h"
#include "base/core/mem.h"
#include "front/cmd/command.h"
#include "front/cmd/text_input.h"
#include "lm/chat/chat.h"
#include "lm/chat/parse.h"

static const struct option_spec specs[] = {
    { "jsonl", 0, OPTION_FLAG,
      .help = "read {\"text\", \"prompt_open\", \"tools\"} a line, write one answer a line" },
    { "open-think", 0, OPTION_FLAG, .help = "the prompt has opened the reasoning" },
    { "text", 0, OPTION_FLAG,
      .help = "arguments as JSON text in a string, as APIs give them, not as the value" },
    { 0 },
};
static const struct option_table own_table = { "Options", specs };
static const struct option_table *const tables[] = { &own_table, NULL };

/* ---- the format ---- */

static enum status list_names(const char *name, struct error *err)
{
    struct buf names = BUF_INIT(ERROR_TEXT_BYTES);
    for (size_t i = 0; i < parse_format_count(); i++)
        buf_format(&names, "%s%s", i ? ", " : "", parse_format_name(parse_format_at(i)));
    enum status st = error_set(err, STATUS_USAGE,
                               "\"%s\" is neither a format nor a model or template; formats are %s",
                               name, names.data ? names.data : "");
    buf_release(&names);
    return st;
}

static enum status open_template(struct chat **ret, const char *path, struct error *err)
{
    struct buf text;
    enum status st = input_read(&text, path, err);
    if (st) return st;
    st = chat_open_template(ret, path, (struct span){ text.data, text.len }, err);
    buf_release(&text);
    return st;
}

static enum status open_model(struct chat **ret, const char *path, struct error *err)
{
    struct source *source;
    enum status st = source_open(&source, path, err);
    if (st) return st;
    st = chat_open(ret, source, NULL, err);
    source_close(source);
    return st;
}

static enum status find_format(const struct parse_format **ret, const char *name, struct error *err)
{
    size_t len = strlen(name);
    struct chat *chat = NULL;
    *ret = parse_format_find(name);
    if (*ret) return STATUS_OK;
    if (file_kind(name) == FILE_MISSING) return list_names(name, err);
    bool template = len > 6 && strcmp(name + len - 6, ".jinja") == 0;
    enum status st = template ? open_template(&chat, name, err) : open_model(&chat, name, err);
    const char *native = st ? NULL : chat_native(chat);
    if (!st) *ret = native ? parse_format_find(native) : parse_format_of(chat_template(chat, true));
    chat_free(chat);
    return st;
}

/* Names of models that write no reasoning: their think tags are content. */
static bool never_thinks(const char *name)
{
    static const char *const names[] = { "qwen3-coder", "deepseek-v3", "mistral-old",
                                         "llama3-json" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

/* ---- one text ---- */

struct call_text {
    struct buf name, id, arguments;
    size_t at; /* where its markup begins */
    bool whole;
};

struct message {
    struct buf content, reasoning;
    struct call_text calls[PARSE_CALLS_MAX];
    int call_count;
};

static struct buf text_buf(void)
{
    return BUF_INIT(INPUT_BYTES_MAX);
}

static struct buf *target(struct message *m, const struct chat_delta *d)
{
    struct call_text *call = &m->calls[d->call];
    switch (d->kind) {
    case DELTA_CONTENT: return &m->content;
    case DELTA_REASONING: return &m->reasoning;
    case DELTA_ARGUMENTS: return &call->arguments;
    case DELTA_CALL:
        *call = (struct call_text){ text_buf(), text_buf(), text_buf(), d->at, false };
        m->call_count++;
        break;
    case DELTA_CALL_END: call->whole = true; break;
    }
    buf_append(&call->id, d->id.data, d->id.len);
    return &call->name;
}

static enum status collect(void *ctx, const struct chat_delta *d, struct error *err)
{
    struct buf *to = target(ctx, d);
    buf_append(to, d->text.data, d->text.len);
    return buf_check(to, "a message", err);
}

static struct span text_of(const struct buf *b)
{
    return (struct span){ b->data ? b->data : "", b->len };
}

static void put_arguments(struct json_writer *w, const struct call_text *call, bool values)
{
    struct json_doc *doc = NULL;
    struct span text = text_of(&call->arguments);
    if (values && call->whole &&
        json_parse(&doc, text.data, text.len, INPUT_BYTES_MAX, "arguments", NULL) == STATUS_OK)
        json_put_value(w, json_root(doc));
    else json_put_span(w, text);
    json_doc_free(doc);
}

static void put_message(struct json_writer *w, const struct message *m, bool unparsed, bool values)
{
    json_open_object(w);
    json_key(w, "content");
    json_put_span(w, text_of(&m->content));
    json_key(w, "reasoning");
    json_put_span(w, text_of(&m->reasoning));
    json_key(w, "tool_calls");
    json_open_array(w);
    for (int i = 0; i < m->call_count; i++) {
        const struct call_text *call = &m->calls[i];
        json_open_object(w);
        if (call->id.len) {
            json_key(w, "id");
            json_put_span(w, text_of(&call->id));
        }
        json_key(w, "name");
        json_put_span(w, text_of(&call->name));
        json_key(w, "arguments");
        put_arguments(w, call, values);
        json_close_object(w);
    }
    json_close_array(w);
    if (unparsed) {
        json_key(w, "unparsed");
        json_put_bool(w, true);
    }
    json_close_object(w);
}

static void message_clear(struct message *m)
{
    buf_release(&m->content);
    buf_release(&m->reasoning);
    m->content = m->reasoning = text_buf();
    for (int i = 0; i < m->call_count; i++) {
        buf_release(&m->calls[i].name);
        buf_release(&m->calls[i].id);
        buf_release(&m->calls[i].arguments);
    }
    m->call_count = 0;
}

static enum status print_message(const struct message *m, bool unparsed, bool values,
                                 struct error *err)
{
    struct buf line = BUF_INIT(INPUT_BYTES_MAX);
    struct json_writer w;
    json_writer_init(&w, &line, 0);
    put_message(&w, m, unparsed, values);
    buf_byte(&line, '\n');
    enum status st = buf_check(&line, "a line of output", err);
    if (!st) fwrite(line.data, 1, line.len, stdout);
    buf_release(&line);
    return st;
}

static enum status take_apart(struct message *m, bool *ret_unparsed,
                              struct chat_parser_options options, struct span text,
                              struct error *err)
{
    struct chat_parser *p = NULL;
    message_clear(m);
    options.fn = collect;
    options.ctx = m;
    enum status st = chat_parser_new(&p, &options, err);
    if (!st) st = chat_parser_feed(p, text, err);
    if (!st) st = chat_parser_finish(p, err);
    if (!st) *ret_unparsed = chat_parser_unparsed(p);
    chat_parser_free(p);
    return st;
}

/* Who sees the whole text need not show half a call: from where a call that never completes begins, all
 * is content. */
static enum status settle(struct message *m, bool *ret_unparsed,
                          const struct chat_parser_options *options, struct span text,
                          struct error *err)
{
    for (int i = 0; i < m->call_count; i++) {
        size_t at = m->calls[i].at;
        if (m->calls[i].whole) continue;
        enum status st = take_apart(m, ret_unparsed, *options, (struct span){ text.data, at }, err);
        buf_append(&m->content, text.data + at, text.len - at);
        *ret_unparsed = true;
        return st ? st : buf_check(&m->content, "a message", err);
    }
    return STATUS_OK;
}

static enum status parse_text(struct chat_parser_options options, struct span text, bool values,
                              struct error *err)
{
    struct message *m = mem_zero(sizeof *m);
    bool unparsed = false;
    if (!m) return error_set(err, STATUS_NO_MEMORY, "out of memory for a message");
    enum status st = take_apart(m, &unparsed, options, text, err);
    if (!st) st = settle(m, &unparsed, &options, text, err);
    if (!st) st = print_message(m, unparsed, values, err);
    message_clear(m);
    mem_free(m);
    return st;
}

/* ---- lines ---- */

static enum status parse_line(struct chat_parser_options options, const char *line, size_t len,
                              bool values, struct error *err)
{
    struct json_doc *doc;
    enum status st = json_parse(&doc, line, len, INPUT_BYTES_MAX, "the line", err);
    if (st) return st;
    const struct json *root = json_root(doc), *tools = json_get(root, "tools");
    struct span text = json_string(json_get(root, "text"));
    struct span open = json_string(json_get(root, "prompt_open"));
    if (json_type(tools) == JSON_ARRAY) options.tools = tools;
    if (open.data && span_equals(open, "think")) options.open = PROMPT_OPEN_THINK;
    else if (open.data)
        st = error_set(err, STATUS_BAD_INPUT, "prompt_open is \"%s\"; \"think\" and null are known",
                       open.data);
    if (!st && !text.data)
        st = error_set(err, STATUS_BAD_INPUT, "the line has no \"text\" that is a string");
    if (!st) st = parse_text(options, text, values, err);
    json_doc_free(doc);
    return st;
}

static enum status parse_lines(struct chat_parser_options options, const struct buf *input,
                               bool values, struct error *err)
{
    size_t number = 0;
    for (size_t at = 0; at < input->len;) {
        const char *line = input->data + at, *end = memchr(line, '\n', input->len - at);
        size_t len = end ? (size_t)(end - line) : input->len - at;
        at += len + 1;
        number++;
        if (strspn(line, " \t\r") >= len) continue;
        enum status st = parse_line(options, line, len, values, err);
        if (st) return error_wrap(err, st, "line %zu", number);
    }
    return STATUS_OK;
}

static enum status run(const struct args *args, struct error *err)
{
    struct chat_parser_options options = { .no_reasoning = never_thinks(args_operand(args, 0)) };
    struct buf input;
    bool values = !args_flag(args, "text");
    enum status st = find_format(&options.format, args_operand(args, 0), err);
    if (!st) st = input_read(&input, "-", err);
    if (st) return st;
    if (args_flag(args, "jsonl")) {
        st = parse_lines(options, &input, values, err);
    } else {
        if (args_flag(args, "open-think")) options.open = PROMPT_OPEN_THINK;
        st = parse_text(options, text_of(&input), values, err);
    }
    buf_release(&input);
    return st;
}

const struct command cmd_debug_parse = {
    .name = "debug parse",
    .summary = "take apart what a model wrote: content, reasoning, tool calls",
    .operands = "FORMAT|TEMPLATE.jinja|MODEL",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Reads the text from standard input and prints {\"content\", \"reasoning\", "
             "\"tool_calls\": [{\"name\", \"arguments\"}]}; "
             "an \"id\" is there when the model wrote one, and \"unparsed\" when something looked "
             "like a call and was none. A call that never completes is content here; who reads "
             "along gets it as far as it came. For a model or template the format is found from "
             "what the "
             "template writes.",
    .tables = tables,
    .run = run,
};
