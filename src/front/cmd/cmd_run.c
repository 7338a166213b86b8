/* `hearth run`: one prompt, one answer.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/core/base64.h"
#include "base/core/json_write.h"
#include "base/core/mem.h"
#include "base/core/utf8.h"
#include "front/cmd/desk.h"
#include "front/cmd/answer.h"
#include "front/cmd/answer_view.h"
#include "front/cmd/command.h"
#include "front/cmd/constraint_flags.h"
#include "front/cmd/interrupt.h"
#include "front/cmd/model_options.h"
#include "front/cmd/request.h"
#include "front/cmd/sample_flags.h"
#include "front/cmd/text_input.h"
#include "lm/sample/sample.h"
#include "lm/worker/stop_text.h"

static const struct option_spec run_specs[] = {
    { "max-tokens", 'n', OPTION_INT, "N", 1, 1 << 30,
      "stop after N tokens; by default when the context is full" },
    { "system", 0, OPTION_TEXT, "TEXT", .help = "what the model is told before the prompt" },
    { "raw", 0, OPTION_FLAG,
      .help = "continue the prompt as plain text, without the model's chat template" },
    { "stop", 0, OPTION_TEXTS, "TEXT",
      .help = "stop before this text; may be given several times" },
    { "ignore-eos", 0, OPTION_FLAG, .help = "go on behind the end of text" },
    { "parse-special", 0, OPTION_FLAG,
      .help = "special tokens written in the prompt become their ids; with plain text only" },
    { 0 },
};
static const struct option_table run_table = { "Generation", run_specs };
static const struct option_table *const tables[] = {
    &run_table,    &constraint_table, &sample_table, &context_table, &model_table, &desk_table,
    &worker_table, &json_table,       NULL
};

/* A token as --json lists it. */
struct token {
    int32_t id;
    double logprob;
    size_t top_at; /* of tops: its own */
    int top_count;
};
struct run {
    const struct args *args;
    bool json, chat;
    struct answer answer;
    struct answer_view view;
    struct terminal out;
    struct token *tokens; /* [token_count], where --json wants them */
    size_t token_count, token_cap;
    struct token_logprob *tops; /* [top_count] */
    size_t top_count, top_cap;
};

/* --- the request --- */

static void put_message(struct json_writer *w, const char *role, struct span text)
{
    json_open_object(w);
    json_key(w, "role");
    json_put_string(w, role);
    json_key(w, "content");
    json_put_span(w, text);
    json_close_object(w);
}

static enum status put_chat(struct json_writer *w, const struct run *r, struct span prompt,
                            struct error *err)
{
    const char *system = args_text(r->args, "system", NULL);
    if (args_flag(r->args, "parse-special"))
        return error_set(err, STATUS_USAGE,
                         "--parse-special needs --raw: in a chat only the template writes special "
                         "tokens");
    if (!utf8_valid(prompt.data, prompt.len))
        return error_set(err, STATUS_BAD_INPUT,
                         "the prompt is not valid UTF-8 at byte %zu; --raw takes any bytes",
                         utf8_valid_prefix(prompt.data, prompt.len));
    json_key(w, "add_generation_prompt");
    json_put_bool(w, true);
    json_key(w, "messages");
    json_open_array(w);
    if (system) put_message(w, "system", span_of(system));
    put_message(w, "user", prompt);
    json_close_array(w);
    return STATUS_OK;
}

static enum status put_stops(struct json_writer *w, const struct args *args, struct error *err)
{
    int cursor = 0, count = 0;
    json_key(w, "stop");
    json_open_array(w);
    for (const char *text; (text = args_next_text(args, "stop", &cursor));) {
        if (!*text) return error_set(err, STATUS_USAGE, "--stop needs a text that is not empty");
        if (count++ == STOP_TEXTS_MAX)
            return error_set(err, STATUS_USAGE, "at most %d --stop are possible", STOP_TEXTS_MAX);
        json_put_string(w, text);
    }
    json_close_array(w);
    return STATUS_OK;
}

static enum status write_request(struct buf *out, const struct run *r, struct span prompt,
                                 struct error *err)
{
    struct json_writer w;
    enum status st = STATUS_OK;
    json_writer_init(&w, out, 0);
    json_open_object(&w);
    if (r->chat) st = put_chat(&w, r, prompt, err);
    else text_put(&w, prompt, args_flag(r->args, "parse-special"));
    if (!st) st = put_stops(&w, r->args, err);
    if (st) return st;
    if (args_given(r->args, "max-tokens")) {
        json_key(&w, "max_tokens");
        json_put_int(&w, args_int(r->args, "max-tokens", 0));
    }
    json_key(&w, "ignore_eos");
    json_put_bool(&w, args_flag(r->args, "ignore-eos"));
    json_key(&w, "return_ids");
    json_put_bool(&w, r->json);
    st = constraint_flags_write(r->args, &w, err);
    if (st) return st;
    json_key(&w, "sampling");
    st = sample_flags_write(r->args, &w, err);
    if (st) return st;
    json_close_object(&w);
    return buf_check(out, "the prompt", err);
}

/* --- the answer as it comes --- */

static enum status no_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "no memory for the list of tokens");
}

static enum status add_top(struct run *r, const struct json *top, struct error *err)
{
    if (r->top_count == r->top_cap) {
        size_t cap = r->top_cap ? 2 * r->top_cap : 256;
        struct token_logprob *wider = mem_resize(r->tops, cap, sizeof *wider);
        if (!wider) return no_memory(err);
        r->tops = wider;
        r->top_cap = cap;
    }
    r->tops[r->top_count++] =
        (struct token_logprob){ (int32_t)json_int(json_get(top, "id"), -1),
                                (float)json_number(json_get(top, "logprob"), 0) };
    return STATUS_OK;
}

static enum status add_token(struct run *r, const struct json *token, struct error *err)
{
    const struct json *top = json_get(token, "top");
    enum status st = STATUS_OK;
    if (r->token_count == r->token_cap) {
        size_t cap = r->token_cap ? 2 * r->token_cap : 256;
        struct token *wider = mem_resize(r->tokens, cap, sizeof *wider);
        if (!wider) return no_memory(err);
        r->tokens = wider;
        r->token_cap = cap;
    }
    r->tokens[r->token_count++] = (struct token){ (int32_t)json_int(json_get(token, "id"), -1),
                                                  json_number(json_get(token, "logprob"), 0),
                                                  r->top_count, (int)json_length(top) };
    for (size_t i = 0; i < json_length(top) && !st; i++)
        st = add_top(r, json_at(top, i), err);
    return st;
}

/* Text goes out as it comes; what stands in a pipe is not held back in a buffer either. */
static enum status show(struct run *r, const struct json *body, struct error *err)
{
    if (r->json) return STATUS_OK;
    if (r->chat) return answer_view_delta(&r->view, body, err);
    terminal_put(&r->out, json_string(json_get(body, "content")));
    if (fflush(stdout) || ferror(stdout))
        return error_set(err, STATUS_IO, "writing the answer to standard output failed");
    return STATUS_OK;
}

static enum status take_event(void *ctx, const struct worker_event *event, struct error *err)
{
    struct run *r = ctx;
    enum status st = answer_take(&r->answer, event, 0, err);
    if (st || event->kind != WORKER_DELTA) return st;
    const struct json *tokens = json_get(event->body, "tokens");
    for (size_t i = 0; i < json_length(tokens) && !st; i++)
        st = add_token(r, json_at(tokens, i), err);
    return st ? st : show(r, event->body, err);
}

/* --- the answer as a whole --- */

static void write_logprobs(struct json_writer *w, const struct run *r)
{
    json_key(w, "logprobs");
    json_open_array(w);
    for (size_t i = 0; i < r->token_count; i++) {
        const struct token *t = &r->tokens[i];
        json_open_object(w);
        json_key(w, "id");
        json_put_int(w, t->id);
        json_key(w, "logprob");
        json_put_float(w, (float)t->logprob);
        json_key(w, "top");
        json_open_array(w);
        for (int k = 0; k < t->top_count; k++) {
            const struct token_logprob *top = &r->tops[t->top_at + (size_t)k];
            json_open_object(w);
            json_key(w, "id");
            json_put_int(w, top->id);
            json_key(w, "logprob");
            json_put_float(w, top->logprob);
            json_close_object(w);
        }
        json_close_array(w);
        json_close_object(w);
    }
    json_close_array(w);
}

static void write_ids(struct json_writer *w, const struct run *r)
{
    json_key(w, "ids");
    json_open_array(w);
    for (size_t i = 0; i < r->token_count; i++)
        json_put_int(w, r->tokens[i].id);
    json_close_array(w);
}

static void write_timings(struct json_writer *w, const struct answer *a)
{
    json_key(w, "timings");
    json_open_object(w);
    json_key(w, "prompt_seconds");
    json_put_real(w, a->prompt_seconds);
    json_key(w, "prompt_tokens_per_second");
    json_put_real(w, per_second(a->prompt_tokens, a->prompt_seconds));
    json_key(w, "generate_seconds");
    json_put_real(w, a->decode_seconds);
    json_key(w, "generate_tokens_per_second");
    json_put_real(w, per_second(a->decode_steps, a->decode_seconds));
    json_close_object(w);
}

static struct span text_of(const struct buf *b)
{
    return (struct span){ b->data ? b->data : "", b->len };
}

static enum status print_json(const struct run *r, struct error *err)
{
    const struct answer *a = &r->answer;
    struct buf out = BUF_INIT(INPUT_BYTES_MAX);
    struct json_writer w;
    json_writer_init(&w, &out, 2);
    json_open_object(&w);
    json_key(&w, "text");
    json_put_span(&w, text_of(&a->content));
    if (a->reasoning.len) {
        json_key(&w, "reasoning");
        json_put_span(&w, text_of(&a->reasoning));
    }
    if (a->call_count) {
        json_key(&w, "tool_calls");
        answer_write_calls(a, &w);
    }
    write_ids(&w, r);
    json_key(&w, "prompt_tokens");
    json_put_int(&w, a->prompt_tokens);
    json_key(&w, "generated_tokens");
    json_put_int(&w, a->completion_tokens);
    json_key(&w, "finish_reason");
    json_put_string(&w, a->finish);
    json_key(&w, "seed");
    json_put_int(&w, a->seed);
    if (args_given(r->args, "logprobs")) write_logprobs(&w, r);
    write_timings(&w, a);
    json_close_object(&w);
    enum status st = buf_check(&out, "the answer", err);
    if (!st) printf("%s\n", out.data);
    buf_release(&out);
    return st;
}

static void print_rate(const struct answer *a)
{
    struct terminal t = terminal_of(stderr);
    char line[160];
    if (!t.interactive) return;
    snprintf(
        line, sizeof line, "[%lld tokens, %.1f tokens/s; prompt %lld tokens, %.1f tokens/s; %s]",
        (long long)a->completion_tokens, per_second(a->decode_steps, a->decode_seconds),
        (long long)a->prompt_tokens, per_second(a->prompt_tokens, a->prompt_seconds), a->finish);
    terminal_dim_line(&t, line);
}

static enum status print_end(struct run *r, struct error *err)
{
    if (r->json) return print_json(r, err);
    if (r->chat) answer_view_end(&r->view);
    else putchar('\n');
    fflush(stdout);
    print_rate(&r->answer);
    return STATUS_OK;
}

/* --- the command --- */

/* Whether the prompt goes through a chat template. One that cannot be used is not passed over. */
static enum status choose_form(struct run *r, const struct worker *w, struct error *err)
{
    const struct json *ready = worker_ready(w);
    const char *broken = json_text(json_get(ready, "chat_error"));
    bool raw = args_flag(r->args, "raw");
    r->chat = !raw && json_type(json_get(ready, "chat")) == JSON_OBJECT;
    if (!raw && broken)
        return error_set(err, STATUS_UNSUPPORTED,
                         "the chat template cannot be used (%s); --raw goes without", broken);
    if (!r->chat && args_given(r->args, "system"))
        return error_set(err, STATUS_USAGE,
                         "--system needs a chat template, and %s has none; put the words into the "
                         "prompt",
                         raw ? "--raw" : args_operand(r->args, 0));
    return STATUS_OK;
}

static enum status ask(struct run *r, struct worker *w, const struct buf *prompt,
                       struct model_settings *m, struct error *err)
{
    struct buf request = BUF_INIT(REQUEST_BYTES_MAX);
    uint64_t id;
    enum status st = choose_form(r, w, err);
    if (!st) st = write_request(&request, r, text_of(prompt), err);
    if (!st) st = worker_submit(w, &id, request.data, request.len, err);
    buf_release(&request);
    if (st) return st;
    if (r->chat && !r->json) answer_view_begin(&r->view, stdout, false);
    st = request_follow(w, id, &m->bar, take_event, r, err);
    if (r->answer.finish[0] && (!st || st == STATUS_CANCELLED)) {
        enum status written = print_end(r, err);
        return written ? written : st;
    }
    if (st && r->chat && !r->json) answer_view_end(&r->view);
    return st;
}

static enum status run(const struct args *args, struct error *err)
{
    struct run r = { .args = args, .json = args_flag(args, "json"), .out = terminal_of(stdout) };
    struct buf prompt;
    struct model_settings m;
    struct worker *w = NULL;
    enum status st = input_operand(&prompt, args_operand(args, 1), "prompt", err);
    if (st) return st;
    answer_init(&r.answer);
    model_settings_init(&m, args, true);
    m.options.deterministic = args_flag(args, "deterministic");
    st = model_open_worker(&w, &m, args, err);
    if (!st) st = ask(&r, w, &prompt, &m, err);
    worker_stop(w);
    answer_release(&r.answer);
    mem_free(r.tokens);
    mem_free(r.tops);
    buf_release(&prompt);
    return st;
}

const struct command cmd_run = {
    .name = "run",
    .summary = "answer a prompt, or continue a text",
    .operands = "MODEL [PROMPT]",
    .operands_min = 1,
    .operands_max = 2,
    .about =
        "The prompt is the argument, or standard input when something is piped in. A model with "
        "a chat template gets it as a user's message, and its thinking is shown dimmed on a "
        "terminal; with --raw, or without a template, it is plain text behind the model's BOS "
        "token, if it has one. Text appears as it is generated; Ctrl-C ends the generation and "
        "keeps what there is.",
    .tables = tables,
    .run = run,
};
