/* The loop from a prompt to an answer: evaluate, choose, tell, until something ends it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Text goes through three hands, each of which may hold some back until it is certain: the detokenizer
 * (characters split over tokens), the stop texts (a beginning of one), and, where the answer is taken
 * apart, the parser (a beginning of a marker). What is held back comes out with the end. */
#include <math.h>
#include <string.h>

#include "base/core/clock.h"
#include "lm/worker/far_constraint.h"
#include "lm/worker/far_request.h"

#define ANSWER_BYTES_MAX ((size_t)1 << 30)
#define TOKENS_BYTES_MAX ((size_t)4 << 20)
#define PROGRESS_NS      50000000
#define ECHO_A_FRAME     256

struct generation {
    struct far *far;
    uint64_t request;
    const struct far_request *r;
    struct sampler *sampler;
    struct detokenizer detokenizer;    /* where the model has a tokenizer */
    struct chat_parser *parser;        /* NULL: the text as it is */
    struct far_constraint *constraint; /* NULL: the model may write anything */
    struct buf text;                   /* all of it so far */
    size_t told;                       /* bytes of it that went on: to the parser or out */
    struct buf tokens;                 /* JSON of those not told yet: "{...},{...}" */
    size_t limit;                      /* tokens to generate at most */
    const char *finish;
    const char *stop;   /* the stop text that ended it */
    struct sampled end; /* the token that ended it, where has_end */
    bool has_end;
    bool thinking; /* what came last was reasoning */
    int calls_ended;
    int64_t count, steps, reasoning_count;
    int64_t prompt_ns, decode_ns, progress_ns;
    size_t reused;
};

/* ---- telling ---- */

/* Closes the object in `body` with the tokens that wait, and sends it. */
static void send_delta(struct generation *g, struct buf *body, bool any)
{
    if (g->tokens.len) {
        buf_format(body, "%s\"tokens\":[", any ? "," : "");
        buf_append(body, g->tokens.data, g->tokens.len);
        buf_byte(body, ']');
    }
    buf_byte(body, '}');
    if (g->tokens.failed) body->failed = true;
    far_send_buf(g->far, FRAME_DELTA, g->request, body);
    buf_clear(&g->tokens);
}

static void put_pair(struct buf *body, const char *key, struct span text)
{
    struct json_writer w;
    buf_format(body, "%s\"%s\":", body->len > 1 ? "," : "", key);
    json_writer_init(&w, body, 0);
    json_put_span(&w, text);
}

static void tell_text(struct generation *g, const char *key, struct span text)
{
    struct buf body = BUF_INIT(FAR_EVENT_BYTES_MAX);
    buf_byte(&body, '{');
    put_pair(&body, key, text);
    send_delta(g, &body, true);
    buf_release(&body);
}

static void tell_call(struct generation *g, const struct chat_delta *d)
{
    struct buf body = BUF_INIT(FAR_EVENT_BYTES_MAX);
    buf_format(&body, "{\"call\":%d", d->call);
    if (d->kind == DELTA_CALL) put_pair(&body, "name", d->text);
    if (d->kind == DELTA_ARGUMENTS) put_pair(&body, "arguments", d->text);
    if (d->id.len) put_pair(&body, "id", d->id);
    if (d->kind == DELTA_CALL_END) buf_text(&body, ",\"end\":true");
    send_delta(g, &body, true);
    buf_release(&body);
}

static enum status take_delta(void *ctx, const struct chat_delta *d, struct error *err)
{
    struct generation *g = ctx;
    g->thinking = d->kind == DELTA_REASONING;
    if (d->kind == DELTA_CALL_END) g->calls_ended++;
    if (d->kind == DELTA_CONTENT) tell_text(g, "content", d->text);
    else if (d->kind == DELTA_REASONING) tell_text(g, "reasoning", d->text);
    else tell_call(g, d);
    return STATUS_OK;
}

static const char *stop_at(const struct stop_text *s, const char *at, size_t left)
{
    for (int i = 0; i < s->count; i++) {
        size_t len = strlen(s->texts[i]);
        if (len <= left && memcmp(at, s->texts[i], len) == 0) return s->texts[i];
    }
    return NULL;
}

/* Hands on what is certain; sets finish where a stop text was met. */
static enum status hand_on(struct generation *g, struct stop_text *stops, bool last,
                           struct error *err)
{
    bool stopped;
    const char *data = g->text.data ? g->text.data : "";
    size_t certain = stop_text_scan(stops, data, g->text.len, &stopped);
    if (last && !stopped) certain = g->text.len;
    if (stopped) {
        g->finish = "stop";
        g->stop = stop_at(stops, data + certain, g->text.len - certain);
    }
    struct span more = { data + g->told, certain - g->told };
    if (!more.len) return buf_check(&g->text, "the answer", err);
    g->told = certain;
    if (g->parser) return chat_parser_feed(g->parser, more, err);
    tell_text(g, "content", more);
    return STATUS_OK;
}

/* ---- tokens ---- */

static bool wants_tokens(const struct generation *g)
{
    return g->r->return_ids || g->r->top_logprobs >= 0;
}

static void put_id(struct json_writer *w, const struct generation *g, int32_t id)
{
    json_key(w, "id");
    json_put_int(w, id);
    if (!g->detokenizer.tokenizer) return;
    struct span piece = tokenizer_piece(g->detokenizer.tokenizer, id);
    json_key(w, "bytes");
    json_open_array(w);
    for (size_t i = 0; i < piece.len; i++)
        json_put_int(w, (unsigned char)piece.data[i]);
    json_close_array(w);
}

/* {"id", "bytes", "logprob", "top"}; a logprob that is NaN is null. */
static void put_token(struct json_writer *w, const struct generation *g, const struct sampled *s)
{
    json_open_object(w);
    put_id(w, g, s->id);
    if (g->r->top_logprobs >= 0) {
        json_key(w, "logprob");
        json_put_float(w, s->logprob);
        json_key(w, "top");
        json_open_array(w);
        for (int k = 0; k < s->top_count; k++) {
            json_open_object(w);
            put_id(w, g, s->top[k].id);
            json_key(w, "logprob");
            json_put_float(w, s->top[k].logprob);
            json_close_object(w);
        }
        json_close_array(w);
    }
    json_close_object(w);
}

static void remember_token(struct generation *g, const struct sampled *s)
{
    struct json_writer w;
    if (!wants_tokens(g)) return;
    if (g->tokens.len) buf_byte(&g->tokens, ',');
    json_writer_init(&w, &g->tokens, 0);
    put_token(&w, g, s);
}

static void tell_tokens(struct generation *g)
{
    struct buf body = BUF_INIT(FAR_EVENT_BYTES_MAX);
    if (!g->tokens.len) return;
    buf_byte(&body, '{');
    send_delta(g, &body, false);
    buf_release(&body);
}

/* ---- the loop ---- */

static bool is_eos(const struct generation_config *c, int32_t id)
{
    for (int i = 0; i < c->eos_count; i++)
        if (c->eos_ids[i] == id) return true;
    return false;
}

/* Chooses one token and tells it; sets finish when it ended the answer. */
static enum status take_token(struct generation *g, struct stop_text *stops, int32_t *ret_id,
                              struct error *err)
{
    const struct engine_info *info = engine_info(g->far->engine);
    struct sampled s;
    const uint64_t *allowed = g->constraint ? far_constraint_mask(g->constraint) : NULL;
    enum status st = sampler_pick_allowed(g->sampler, session_logits(g->far->session),
                                          info->valid_vocab, allowed, g->r->top_logprobs, &s, err);
    if (st) return st;
    *ret_id = s.id;
    if (!g->r->ignore_eos && is_eos(&info->generation, s.id)) {
        g->finish = "stop";
        g->end = s;
        g->has_end = true;
        return STATUS_OK;
    }
    sampler_accept(g->sampler, s.id);
    remember_token(g, &s);
    g->count++;
    if (g->detokenizer.tokenizer) st = detokenizer_feed(&g->detokenizer, s.id, &g->text, err);
    if (!st) st = hand_on(g, stops, false, err);
    if (!st) tell_tokens(g);
    g->reasoning_count += g->thinking;
    if (!st && g->constraint) st = far_constraint_accept(g->constraint, s.id, err);
    if (!st && g->constraint && !g->finish && far_constraint_complete(g->constraint))
        g->finish = "stop";
    return st;
}

static enum status decode(struct generation *g, struct stop_text *stops, struct error *err)
{
    for (;;) {
        int32_t id;
        enum status st = take_token(g, stops, &id, err);
        if (st || g->finish) return st;
        if ((size_t)g->count == g->limit) {
            g->finish = g->count == g->r->token_max ? "length" : "context";
            return STATUS_OK;
        }
        if (!far_go_on(g->far)) {
            g->finish = "cancelled";
            return STATUS_OK;
        }
        st = session_append(g->far->session, id, err);
        if (st) return st;
        g->steps++;
    }
}

/* ---- the prompt ---- */

static bool prompt_progress(void *ctx, const char *stage, unsigned long long done,
                            unsigned long long total)
{
    struct generation *g = ctx;
    int64_t now = clock_monotonic_ns();
    if (now - g->progress_ns >= PROGRESS_NS) {
        struct buf body = BUF_INIT(1024);
        buf_format(&body, "{\"stage\":\"%s\",\"done\":%llu,\"total\":%llu}", stage, done, total);
        far_send_buf(g->far, FRAME_PROGRESS, g->request, &body);
        buf_release(&body);
        g->progress_ns = now;
    }
    return far_go_on(g->far);
}

static enum status evaluate_prompt(struct generation *g, struct error *err)
{
    const struct token_list *prompt = &g->r->prompt;
    struct progress progress = { prompt_progress, g };
    int64_t begin = g->progress_ns = clock_monotonic_ns();
    enum status st = session_sync(g->far->session, prompt->ids, prompt->count, &progress, err);
    g->prompt_ns = clock_monotonic_ns() - begin;
    g->reused = session_reused(g->far->session);
    if (st == STATUS_CANCELLED) {
        g->finish = "cancelled";
        return STATUS_OK;
    }
    for (size_t i = 0; i < prompt->count && !st; i++)
        sampler_accept_prompt(g->sampler, prompt->ids[i]);
    return st;
}

/* ---- the prompt told back ---- */

struct echo {
    struct generation *g;
    struct sampler *sampler; /* greedy, which draws nothing: for the most probable ones */
    struct buf tokens;       /* JSON: "{...},{...}" */
    int64_t count;
};

static void send_echo(struct echo *e)
{
    struct buf body = BUF_INIT(FAR_EVENT_BYTES_MAX);
    if (!e->tokens.len) return;
    buf_text(&body, "{\"prompt\":[");
    buf_append(&body, e->tokens.data, e->tokens.len);
    buf_text(&body, "]}");
    if (e->tokens.failed) body.failed = true;
    far_send_buf(e->g->far, FRAME_DELTA, e->g->request, &body);
    buf_release(&body);
    buf_clear(&e->tokens);
}

static void echo_token(struct echo *e, const struct sampled *s)
{
    struct json_writer w;
    if (e->tokens.len) buf_byte(&e->tokens, ',');
    json_writer_init(&w, &e->tokens, 0);
    put_token(&w, e->g, s);
    if (++e->count % ECHO_A_FRAME == 0) send_echo(e);
}

/* The logits after prompt[position] judge the token that follows. */
static enum status judge_prompt(void *ctx, size_t position, const float *logits, struct error *err)
{
    struct echo *e = ctx;
    const struct token_list *prompt = &e->g->r->prompt;
    const struct engine_info *info = engine_info(e->g->far->engine);
    struct sampled s;
    if (!far_go_on(e->g->far)) return error_set(err, STATUS_CANCELLED, "%s", "");
    if (position + 1 >= prompt->count) return STATUS_OK;
    enum status st =
        sampler_pick(e->sampler, logits, info->valid_vocab, e->g->r->top_logprobs, &s, err);
    if (st) return st;
    s.id = prompt->ids[position + 1];
    s.logprob = s.id < info->valid_vocab ? (float)logprob_of(logits, info->valid_vocab, s.id) : NAN;
    echo_token(e, &s);
    return STATUS_OK;
}

/* With log probabilities the whole prompt is evaluated anew: the cache keeps no logits. */
static enum status tell_prompt(struct generation *g, struct error *err)
{
    const struct token_list *prompt = &g->r->prompt;
    struct echo e = { .g = g, .tokens = BUF_INIT(FAR_EVENT_BYTES_MAX) };
    bool judged = g->r->top_logprobs >= 0;
    enum status st = judged ? sampler_new(&e.sampler, &sample_options_greedy,
                                          engine_info(g->far->engine)->vocab_size, err)
                            : STATUS_OK;
    for (size_t i = 0; i < (judged ? 1 : prompt->count) && !st; i++)
        echo_token(&e, &(struct sampled){ .id = prompt->ids[i], .logprob = NAN });
    if (!st && judged)
        st = session_score(g->far->session, prompt->ids, prompt->count, judge_prompt, &e, err);
    if (!st) send_echo(&e);
    sampler_free(e.sampler);
    buf_release(&e.tokens);
    if (st != STATUS_CANCELLED) return st;
    g->finish = "cancelled";
    return STATUS_OK;
}

/* The context's last place can still be filled by a token that is only told. */
static size_t token_limit(const struct far *f, const struct far_request *r)
{
    size_t context = (size_t)engine_info(f->engine)->context_max;
    size_t room = context >= r->prompt.count ? context - r->prompt.count + 1 : 1;
    return r->token_max >= 0 && (size_t)r->token_max < room ? (size_t)r->token_max : room;
}

/* ---- the answer ---- */

static enum status finish_text(struct generation *g, struct stop_text *stops, struct error *err)
{
    enum status st = STATUS_OK;
    if (!g->stop && g->detokenizer.tokenizer) {
        const char *why = g->finish;
        detokenizer_finish(&g->detokenizer, &g->text);
        st = hand_on(g, stops, true, err);
        if (!g->stop) g->finish = why;
    }
    if (!st && g->parser) st = chat_parser_finish(g->parser, err);
    tell_tokens(g);
    if (!st && g->parser && strcmp(g->finish, "stop") == 0 && !g->stop && g->calls_ended > 0 &&
        g->calls_ended == chat_parser_calls(g->parser))
        g->finish = "tool_calls";
    return st;
}

static void put_int(struct json_writer *w, const char *key, int64_t v)
{
    json_key(w, key);
    json_put_int(w, v);
}

static void send_done(struct generation *g)
{
    struct buf body = BUF_INIT(FAR_EVENT_BYTES_MAX);
    struct json_writer w;
    json_writer_init(&w, &body, 0);
    json_open_object(&w);
    json_key(&w, "finish");
    json_put_string(&w, g->finish);
    put_int(&w, "prompt_tokens", (int64_t)g->r->prompt.count);
    put_int(&w, "cached_tokens", (int64_t)g->reused);
    put_int(&w, "completion_tokens", g->count);
    put_int(&w, "reasoning_tokens", g->reasoning_count);
    put_int(&w, "decode_steps", g->steps);
    json_key(&w, "prompt_seconds");
    json_put_real(&w, (double)g->prompt_ns / 1e9);
    json_key(&w, "decode_seconds");
    json_put_real(&w, (double)g->decode_ns / 1e9);
    put_int(&w, "seed", (int64_t)g->r->sampling.seed);
    json_key(&w, "stop");
    json_put_string(&w, g->stop);
    json_key(&w, "unparsed");
    json_put_bool(&w, g->parser && chat_parser_unparsed(g->parser));
    if (g->has_end && wants_tokens(g)) {
        json_key(&w, "end");
        put_token(&w, g, &g->end);
    }
    json_close_object(&w);
    far_send_buf(g->far, FRAME_DONE, g->request, &body);
    buf_release(&body);
    g->far->sums.requests++;
    g->far->sums.prompt_tokens += (int64_t)g->r->prompt.count;
    g->far->sums.cached_tokens += (int64_t)g->reused;
    g->far->sums.completion_tokens += g->count;
}

static enum status prepare(struct generation *g, struct error *err)
{
    const struct far_request *r = g->r;
    const struct tokenizer *t = engine_tokenizer(g->far->engine);
    enum status st =
        sampler_new(&g->sampler, &r->sampling, engine_info(g->far->engine)->vocab_size, err);
    if (t) detokenizer_init(&g->detokenizer, t, r->format == NULL); /* markers are special tokens */
    if (!st && g->limit > 0) st = far_constraint_open(&g->constraint, g->far, r, err);
    if (st || !r->format) return st;
    struct chat_parser_options options = {
        .format = r->format, .open = r->open, .tools = r->tools, .fn = take_delta, .ctx = g
    };
    /* Where the constraint begins at once, what looks like a think tag is its text. */
    options.no_reasoning = r->constraint && !far_constraint_reasons(g->far, r);
    g->thinking = r->open == PROMPT_OPEN_THINK;
    return chat_parser_new(&g->parser, &options, err);
}

static enum status generate(struct generation *g, struct error *err)
{
    struct stop_text stops = g->r->stops;
    enum status st = prepare(g, err);
    if (!st && g->r->echo) st = tell_prompt(g, err);
    if (!st && g->limit == 0) g->finish = "length"; /* only to be counted */
    if (!st && !g->finish) st = evaluate_prompt(g, err);
    if (st) return st;
    int64_t begin = clock_monotonic_ns();
    if (!g->finish) st = decode(g, &stops, err);
    g->decode_ns = clock_monotonic_ns() - begin;
    if (!st) st = finish_text(g, &stops, err);
    if (!st) send_done(g);
    return st;
}

enum status far_generate(struct far *f, const struct far_job *job, struct error *err)
{
    struct far_request r;
    enum status st = far_request_read(&r, f, (struct span){ job->body, job->len }, err);
    if (st) return st;
    struct generation g = { .far = f,
                            .request = job->request,
                            .r = &r,
                            .text = BUF_INIT(ANSWER_BYTES_MAX),
                            .tokens = BUF_INIT(TOKENS_BYTES_MAX),
                            .limit = token_limit(f, &r) };
    st = generate(&g, err);
    chat_parser_free(g.parser);
    far_constraint_free(g.constraint);
    sampler_free(g.sampler);
    buf_release(&g.text);
    buf_release(&g.tokens);
    far_request_release(&r);
    return st;
}
