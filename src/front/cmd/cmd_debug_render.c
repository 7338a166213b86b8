/* `hearth debug render`: requests through a chat template, the prompt as one JSON object.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/core/file.h"
#include "base/core/json_write.h"
#include "front/cmd/command.h"
#include "front/cmd/home.h"
#include "front/cmd/text_input.h"
#include "lm/chat/chat.h"
#include "lm/chat/encoder.h"

static const struct option_spec specs[] = {
    { "request", 0, OPTION_TEXT, "FILE", .help = "the request, as JSON; - is standard input" },
    { "jsonl", 0, OPTION_FLAG, .help = "read one request a line, write one answer a line" },
    { 0 },
};
static const struct option_table own_table = { "Options", specs };
static const struct option_table *const tables[] = { &own_table, NULL };

struct renderer {
    struct chat *chat;
    struct tokenizer *tokenizer; /* NULL for a template alone */
};

static bool is_template_file(const char *path)
{
    size_t len = strlen(path);
    return len > 6 && strcmp(path + len - 6, ".jinja") == 0;
}

static enum status open_template(struct renderer *r, const char *path, struct error *err)
{
    struct buf text;
    enum status st = input_read(&text, path, err);
    if (st) return st;
    st = chat_open_template(&r->chat, path, (struct span){ text.data, text.len }, err);
    buf_release(&text);
    return st;
}

/* A folder may hold a template without a tokenizer: then there are no ids. */
static enum status open_model(struct renderer *r, const char *path, struct error *err)
{
    char cache[HOME_PATH_BYTES];
    struct tokenizer_options options = { home_tokenizer_cache(cache) ? cache : NULL };
    struct source *source;
    enum status st = source_open(&source, path, err);
    if (st) return st;
    if (tokenizer_open(&r->tokenizer, source, &options, NULL)) r->tokenizer = NULL;
    st = chat_open(&r->chat, source, r->tokenizer, err);
    source_close(source);
    return st;
}

static void put_result(struct json_writer *w, const struct chat_prompt *p, bool has_ids)
{
    const struct template_output *out = &p->rendered;
    json_key(w, "prompt");
    json_put_span(w, (struct span){ out->text.data ? out->text.data : "", out->text.len });
    json_key(w, "error");
    json_put_null(w);
    json_key(w, "ids");
    if (has_ids) {
        json_open_array(w);
        for (size_t i = 0; i < p->ids.count; i++)
            json_put_int(w, p->ids.ids[i]);
        json_close_array(w);
    } else {
        json_put_null(w);
    }
    json_key(w, "data_spans");
    json_open_array(w);
    for (size_t i = 0; i < out->data_count; i++) {
        json_open_array(w);
        json_put_int(w, (int64_t)out->data[i].begin);
        json_put_int(w, (int64_t)out->data[i].end);
        json_close_array(w);
    }
    json_close_array(w);
}

static void put_failure(struct json_writer *w, const char *words)
{
    json_key(w, "prompt");
    json_put_null(w);
    json_key(w, "error");
    json_put_string(w, words);
    json_key(w, "ids");
    json_put_null(w);
    json_key(w, "data_spans");
    json_put_null(w);
}

static enum status render(const struct renderer *r, const char *text, size_t len,
                          struct chat_prompt *ret, struct error *err)
{
    static const struct chat_prompt_options options = { .verbatim = true, .trust_tokens = true };
    struct json_doc *doc;
    enum status st = json_parse(&doc, text, len, CHAT_REQUEST_BYTES_MAX, "the request", err);
    if (st) return st;
    st = chat_prompt(r->chat, json_root(doc), &options, ret, err);
    json_doc_free(doc);
    return st;
}

/* A request that fails is an answer like any other. */
static enum status answer(const struct renderer *r, const char *text, size_t len, struct error *err)
{
    struct chat_prompt p = { 0 };
    struct buf line = BUF_INIT(INPUT_BYTES_MAX);
    struct json_writer w;
    struct error words;
    json_writer_init(&w, &line, 0);
    json_open_object(&w);
    if (render(r, text, len, &p, &words)) put_failure(&w, words.text);
    else put_result(&w, &p, r->tokenizer != NULL);
    json_close_object(&w);
    buf_byte(&line, '\n');
    enum status st = buf_check(&line, "a line of output", err);
    if (!st) fwrite(line.data, 1, line.len, stdout);
    chat_prompt_release(&p);
    buf_release(&line);
    return st;
}

static enum status answer_all(const struct renderer *r, const char *path, bool lines,
                              struct error *err)
{
    struct buf input;
    enum status st = input_read(&input, path, err);
    if (st) return st;
    if (!lines) st = answer(r, input.data, input.len, err);
    for (size_t at = 0; lines && !st && at < input.len;) {
        const char *line = input.data + at, *end = memchr(line, '\n', input.len - at);
        size_t len = end ? (size_t)(end - line) : input.len - at;
        at += len + 1;
        if (strspn(line, " \t\r") < len) st = answer(r, line, len, err);
    }
    buf_release(&input);
    return st;
}

static enum status run(const struct args *args, struct error *err)
{
    struct renderer r = { 0 };
    const char *path = args_operand(args, 0), *request = args_text(args, "request", NULL);
    bool lines = args_flag(args, "jsonl");
    if (!request && !lines)
        return error_set(err, STATUS_USAGE, "give the request: --request FILE, or --jsonl");
    enum status st = is_template_file(path) ? open_template(&r, path, err)
                     : file_kind(path) == FILE_MISSING && encoder_find(path)
                         ? chat_open_native(&r.chat, path, NULL, err)
                         : open_model(&r, path, err);
    if (!st) st = answer_all(&r, request ? request : "-", lines, err);
    chat_free(r.chat);
    tokenizer_free(r.tokenizer);
    return st;
}

const struct command cmd_debug_render = {
    .name = "debug render",
    .summary = "print the prompt that a chat template makes of a request",
    .operands = "TEMPLATE.jinja|MODEL|ENCODER",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Prints {\"prompt\", \"error\", \"ids\", \"data_spans\"}: ids where there is a "
             "tokenizer; the "
             "spans are the bytes of the prompt that came from the request. Special tokens are "
             "recognised outside of them only. ENCODER is a native one: harmony, deepseek-v3.2, "
             "deepseek-v4.",
    .tables = tables,
    .run = run,
};
