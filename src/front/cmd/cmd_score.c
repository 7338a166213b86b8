/* `hearth score`: how probable a model finds a text.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>

#include "base/core/base64.h"
#include "base/core/json_write.h"
#include "base/core/mem.h"
#include "front/cmd/desk.h"
#include "front/cmd/command.h"
#include "front/cmd/model_options.h"
#include "front/cmd/quote.h"
#include "front/cmd/report.h"
#include "front/cmd/request.h"
#include "front/cmd/text_input.h"

static const struct option_spec specs[] = {
    { "tokens", 0, OPTION_FLAG, .help = "print each token's id, log probability and piece" },
    { "ids", 0, OPTION_FLAG,
      .help = "FILE holds decimal ids separated by white space; nothing is added to them" },
    { "parse-special", 0, OPTION_FLAG,
      .help = "special tokens written in the text become their ids" },
    { 0 },
};
static const struct option_table own_table = { "Options", specs };
static const struct option_table *const tables[] = { &own_table,  &context_table, &model_table,
                                                     &desk_table, &worker_table,  &json_table,
                                                     NULL };

/* What the worker says of each token. */
struct score {
    int32_t id;
    bool known; /* something stands before it */
    float logprob;
    size_t piece_at, piece_bytes; /* of pieces; its bytes as they are */
    bool has_piece;
};
struct scoring {
    struct score *scores; /* [count] */
    size_t count, cap;
    struct buf pieces;
    int64_t scored, windows, window_tokens;
    double sum, seconds;
};

static enum status read_piece(struct scoring *s, const struct json *e, struct score *ret,
                              struct error *err)
{
    struct span piece = json_string(json_get(e, "piece"));
    struct span coded = json_string(json_get(e, "piece_base64"));
    ret->has_piece = piece.data || coded.data;
    ret->piece_at = s->pieces.len;
    if (piece.len) buf_append(&s->pieces, piece.data, piece.len);
    enum status st = coded.data ? base64_decode(&s->pieces, coded, err) : STATUS_OK;
    ret->piece_bytes = s->pieces.len - ret->piece_at;
    return st ? st : buf_check(&s->pieces, "the pieces of the text", err);
}

static enum status add_score(struct scoring *s, const struct json *e, struct error *err)
{
    const struct json *logprob = json_get(e, "logprob");
    if (s->count == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 1024;
        struct score *wider = mem_resize(s->scores, cap, sizeof *wider);
        if (!wider) return error_set(err, STATUS_NO_MEMORY, "no memory for %zu scores", cap);
        s->scores = wider;
        s->cap = cap;
    }
    struct score *score = &s->scores[s->count++];
    *score = (struct score){ .id = (int32_t)json_int(json_get(e, "id"), -1),
                             .known = json_type(logprob) != JSON_NULL,
                             .logprob = (float)json_number(logprob, 0) };
    return read_piece(s, e, score, err);
}

static enum status take_event(void *ctx, const struct worker_event *event, struct error *err)
{
    struct scoring *s = ctx;
    const struct json *scores = json_get(event->body, "scores");
    enum status st = STATUS_OK;
    for (size_t i = 0; i < json_length(scores) && !st; i++)
        st = add_score(s, json_at(scores, i), err);
    if (event->kind != WORKER_DONE) return st;
    s->scored = json_int(json_get(event->body, "scored_tokens"), 0);
    s->sum = json_number(json_get(event->body, "logprob_sum"), 0);
    s->seconds = json_number(json_get(event->body, "seconds"), 0);
    s->windows = json_int(json_get(event->body, "windows"), 0);
    s->window_tokens = json_int(json_get(event->body, "window_tokens"), 0);
    return st;
}

static void report_token(struct report *r, const struct scoring *s, size_t i)
{
    const struct score *e = &s->scores[i];
    struct span piece = { 0 };
    if (e->has_piece)
        piece = (struct span){ s->pieces.data ? s->pieces.data + e->piece_at : "", e->piece_bytes };
    if (!r->json) {
        buf_format(&r->out, "%8" PRId32 "  ", e->id);
        if (e->known) buf_format(&r->out, "%10.5f  ", (double)e->logprob);
        else buf_text(&r->out, "         -  ");
        quote_piece(&r->out, piece);
        buf_byte(&r->out, '\n');
        return;
    }
    report_open_object(r, NULL);
    report_int(r, "id", NULL, e->id);
    json_key(&r->writer, "logprob");
    if (e->known) json_put_float(&r->writer, e->logprob);
    else json_put_null(&r->writer);
    report_span(r, "piece", NULL, piece);
    report_close_object(r);
}

static enum status report_score(const struct scoring *s, const struct args *args, struct error *err)
{
    struct report r;
    bool json = args_flag(args, "json");
    report_begin(&r, json);
    if (json || args_flag(args, "tokens")) {
        report_open_array(&r, "logprobs");
        for (size_t i = 0; i < s->count; i++)
            report_token(&r, s, i);
        report_close_array(&r);
    }
    report_count(&r, "tokens", "tokens", s->count);
    report_count(&r, "scored_tokens", "scored", (uint64_t)s->scored);
    report_real(&r, "logprob_sum", "log probability", s->sum);
    report_real(&r, "perplexity", "perplexity", exp(-s->sum / (double)s->scored));
    report_real(&r, "seconds", "seconds", s->seconds);
    report_count(&r, "windows", "windows", (uint64_t)s->windows);
    report_count(&r, "window_tokens", "tokens per window", (uint64_t)s->window_tokens);
    if (s->windows > 1)
        report_line(&r,
                    "The text is longer than the context of %" PRId64
                    " tokens: it was scored in %" PRId64 " windows, each beginning anew.",
                    s->window_tokens, s->windows);
    return report_end(&r, err);
}

static void put_ids(struct json_writer *w, const struct token_list *ids)
{
    json_key(w, "ids");
    json_open_array(w);
    for (size_t i = 0; i < ids->count; i++)
        json_put_int(w, ids->ids[i]);
    json_close_array(w);
}

static enum status write_request(struct buf *out, const struct args *args, struct error *err)
{
    const char *path = args_operand(args, 1);
    struct buf text = BUF_INIT(INPUT_BYTES_MAX);
    struct token_list ids = { 0 };
    struct json_writer w;
    bool as_ids = args_flag(args, "ids");
    enum status st = as_ids ? input_ids(&ids, path, err) : input_read(&text, path, err);
    if (st) return st;
    json_writer_init(&w, out, 0);
    json_open_object(&w);
    if (as_ids) put_ids(&w, &ids);
    else
        text_put(&w, (struct span){ text.data ? text.data : "", text.len },
                 args_flag(args, "parse-special"));
    json_close_object(&w);
    token_list_release(&ids);
    buf_release(&text);
    return buf_check(out, "the text", err);
}

static enum status run(const struct args *args, struct error *err)
{
    struct model_settings m;
    struct worker *w = NULL;
    struct scoring s = { .pieces = BUF_INIT(INPUT_BYTES_MAX) };
    struct buf request = BUF_INIT(REQUEST_BYTES_MAX);
    uint64_t id;
    model_settings_init(&m, args, true);
    enum status st = model_open_worker(&w, &m, args, err);
    if (!st) st = write_request(&request, args, err);
    if (!st) st = worker_score(w, &id, request.data, request.len, err);
    if (!st) st = request_follow(w, id, &m.bar, take_event, &s, err);
    if (!st) st = report_score(&s, args, err);
    worker_stop(w);
    buf_release(&request);
    buf_release(&s.pieces);
    mem_free(s.scores);
    return st;
}

const struct command cmd_score = {
    .name = "score",
    .summary = "log probabilities and perplexity of a text",
    .operands = "MODEL FILE",
    .operands_min = 2,
    .operands_max = 2,
    .about =
        "FILE is a text, or - for standard input. The model's BOS token goes before it, if it has "
        "one; "
        "without one the first token cannot be scored. A text longer than the context is scored in "
        "windows of --ctx tokens.",
    .tables = tables,
    .run = run,
};
