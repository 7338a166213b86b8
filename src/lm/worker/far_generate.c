/* From a prompt to an answer: the scheduler evaluates, and asks here for each next token.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One struct generation lives from its request to its end, on the far end's only thread; what the scheduler
 * calls is next(), and ended() last of all. A token is chosen in pick_token() alone and becomes part of the
 * answer in take_token() alone.
 *
 * Text goes through three hands, each of which may hold some back until it is certain: the detokenizer
 * (characters split over tokens), the stop texts (a beginning of one), and, where the answer is taken
 * apart, the parser (a beginning of a marker). What is held back comes out with the end. */
#include <math.h>
#include <string.h>

#include "base/core/clock.h"
#include "base/core/mem.h"
#include "lm/worker/far_constraint.h"
#include "lm/worker/far_request.h"

#define ANSWER_BYTES_MAX ((size_t)1 << 30)
#define TOKENS_BYTES_MAX ((size_t)4 << 20)
#define PROGRESS_NS      50000000
#define ECHO_A_FRAME     256

/* The prompt told back: its tokens' log probabilities, as they are evaluated. */
struct echo {
    struct sampler *sampler; /* greedy, which draws nothing: for the most probable ones */
    struct buf tokens;       /* JSON: "{...},{...}" */
    int64_t count;
};

struct generation {
    struct far_task task;
    struct far *far;
    struct far_request r;
    struct sampler *sampler;           /* from the first token on: it is large, and many may wait */
    struct detokenizer detokenizer;    /* where the model has a tokenizer */
    struct chat_parser *parser;        /* NULL: the text as it is */
    struct far_constraint *constraint; /* NULL: the model may write anything */
    struct stop_text stops;
    struct echo echo;
    struct buf text;   /* all of it so far */
    size_t told;       /* bytes of it that went on: to the parser or out */
    struct buf tokens; /* JSON of those not told yet: "{...},{...}" */
    size_t limit;      /* tokens to generate at most */
    const char *finish;
    const char *stop;   /* the stop text that ended it */
    struct sampled end; /* the token that ended it, where has_end */
    bool has_end;
    bool thinking; /* what came last was reasoning */
    int calls_ended;
    int64_t count, steps, reasoning_count;
    int64_t arrived_ns, submitted_ns, first_ns, progress_ns;
    struct error fault; /* of a callback, which can only end the request; STATUS_OK: none */
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
    far_send_buf(g->far, FRAME_DELTA, g->task.request, body);
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
    if (g->r.single && g->calls_ended) return STATUS_OK; /* the rest of the last token */
    g->thinking = d->kind == DELTA_REASONING;
    if (d->kind == DELTA_CALL_END) g->calls_ended++;
    if (d->kind == DELTA_CALL_END && g->r.single) g->finish = "stop";
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
static enum status hand_on(struct generation *g, bool last, struct error *err)
{
    bool stopped;
    const char *data = g->text.data ? g->text.data : "";
    size_t certain = stop_text_scan(&g->stops, data, g->text.len, &stopped);
    if (last && !stopped) certain = g->text.len;
    if (stopped) {
        g->finish = "stop";
        g->stop = stop_at(&g->stops, data + certain, g->text.len - certain);
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
    return g->r.return_ids || g->r.top_logprobs >= 0;
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
    if (g->r.top_logprobs >= 0) {
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

/* ---- the next token ---- */

static bool is_eos(const struct generation_config *c, int32_t id)
{
    for (int i = 0; i < c->eos_count; i++)
        if (c->eos_ids[i] == id) return true;
    return false;
}

/* Between what the prompt and the answer look like to the sampler. */
static enum status begin_answer(struct generation *g, struct error *err)
{
    const struct token_list *prompt = &g->r.prompt;
    enum status st =
        sampler_new(&g->sampler, &g->r.sampling, engine_info(g->far->engine)->vocab_size, err);
    for (size_t i = 0; i < prompt->count && !st; i++)
        sampler_accept_prompt(g->sampler, prompt->ids[i]);
    g->first_ns = clock_monotonic_ns();
    return st;
}

/* Chooses one token; sets finish when it ends the answer and is no part of it. */
static enum status pick_token(struct generation *g, const float *logits, struct sampled *ret,
                              struct error *err)
{
    const struct engine_info *info = engine_info(g->far->engine);
    const uint64_t *allowed = g->constraint ? far_constraint_mask(g->constraint) : NULL;
    enum status st = sampler_pick_allowed(g->sampler, logits, info->valid_vocab, allowed,
                                          g->r.top_logprobs, ret, err);
    if (st || g->r.ignore_eos || !is_eos(&info->generation, ret->id)) return st;
    g->finish = "stop";
    g->end = *ret;
    g->has_end = true;
    return STATUS_OK;
}

/* Makes it part of the answer, and tells it; sets finish where a stop text is complete. */
static enum status take_token(struct generation *g, const struct sampled *s, struct error *err)
{
    enum status st = STATUS_OK;
    sampler_accept(g->sampler, s->id);
    remember_token(g, s);
    g->count++;
    if (g->detokenizer.tokenizer) st = detokenizer_feed(&g->detokenizer, s->id, &g->text, err);
    if (!st) st = hand_on(g, false, err);
    if (!st) tell_tokens(g);
    g->reasoning_count += g->thinking;
    return st;
}

/* What a constraint leaves no choice about follows at once; with log probabilities, which only an
 * evaluation gives, token by token. Returns how many. */
static size_t take_certain(struct generation *g, int32_t id, int32_t *ret, size_t room)
{
    size_t n = 0;
    if (far_constraint_accept(g->constraint, id, &g->fault)) return 0;
    if (g->r.top_logprobs < 0) n = far_constraint_forced(g->constraint, ret, room, &g->fault);
    for (size_t i = 0; i < n && !g->fault.status && !g->finish; i++)
        take_token(g, &(struct sampled){ .id = ret[i], .logprob = NAN }, &g->fault);
    if (!g->finish && far_constraint_complete(g->constraint)) g->finish = "stop";
    return n;
}

static size_t next(void *ctx, const float *logits, int32_t *ret, size_t room)
{
    struct generation *g = ctx;
    struct sampled s;
    size_t certain = 0;
    enum status st = STATUS_OK;
    if (g->sampler) g->steps++;
    else st = begin_answer(g, &g->fault);
    if (!st) st = pick_token(g, logits, &s, &g->fault);
    if (!st && !g->finish) st = take_token(g, &s, &g->fault);
    if (st || g->finish) return 0;
    ret[0] = s.id;
    if (g->constraint) certain = take_certain(g, s.id, ret + 1, room - 1);
    return g->fault.status || g->finish ? 0 : 1 + certain;
}

/* ---- the prompt ---- */

static void tell_progress(void *ctx, size_t done, size_t total)
{
    struct generation *g = ctx;
    int64_t now = clock_monotonic_ns();
    if (now - g->progress_ns < PROGRESS_NS) return;
    struct buf body = BUF_INIT(1024);
    buf_format(&body, "{\"stage\":\"prompt\",\"done\":%zu,\"total\":%zu}", done, total);
    far_send_buf(g->far, FRAME_PROGRESS, g->task.request, &body);
    buf_release(&body);
    g->progress_ns = now;
}

static void send_echo(struct generation *g)
{
    struct buf body = BUF_INIT(FAR_EVENT_BYTES_MAX);
    if (!g->echo.tokens.len) return;
    buf_text(&body, "{\"prompt\":[");
    buf_append(&body, g->echo.tokens.data, g->echo.tokens.len);
    buf_text(&body, "]}");
    if (g->echo.tokens.failed) body.failed = true;
    far_send_buf(g->far, FRAME_DELTA, g->task.request, &body);
    buf_release(&body);
    buf_clear(&g->echo.tokens);
}

static void echo_token(struct generation *g, const struct sampled *s)
{
    struct json_writer w;
    if (g->echo.tokens.len) buf_byte(&g->echo.tokens, ',');
    json_writer_init(&w, &g->echo.tokens, 0);
    put_token(&w, g, s);
    if (++g->echo.count % ECHO_A_FRAME == 0) send_echo(g);
}

/* With log probabilities the whole prompt is evaluated anew: the cache keeps no logits. */
static bool judges_prompt(const struct generation *g)
{
    return g->r.echo && g->r.top_logprobs >= 0;
}

static enum status begin_echo(struct generation *g, struct error *err)
{
    const struct token_list *prompt = &g->r.prompt;
    enum status st = STATUS_OK;
    if (judges_prompt(g))
        st = sampler_new(&g->echo.sampler, &sample_options_greedy,
                         engine_info(g->far->engine)->vocab_size, err);
    for (size_t i = 0; i < (judges_prompt(g) ? 1 : prompt->count) && !st; i++)
        echo_token(g, &(struct sampled){ .id = prompt->ids[i], .logprob = NAN });
    if (!st && (!judges_prompt(g) || prompt->count == 1)) send_echo(g);
    return st;
}

/* The logits after prompt[position] judge the token that follows. */
static void judge_prompt(void *ctx, size_t position, const float *logits)
{
    struct generation *g = ctx;
    const struct token_list *prompt = &g->r.prompt;
    const int64_t vocab = engine_info(g->far->engine)->valid_vocab;
    struct sampled s;
    if (g->fault.status || position + 1 >= prompt->count) return;
    if (sampler_pick(g->echo.sampler, logits, vocab, g->r.top_logprobs, &s, &g->fault)) {
        sched_cancel(g->far->sched, g->task.scheduled, clock_monotonic_ns());
        return;
    }
    s.id = prompt->ids[position + 1];
    s.logprob = s.id < vocab ? (float)logprob_of(logits, vocab, s.id) : NAN;
    echo_token(g, &s);
    if (position + 2 == prompt->count) send_echo(g);
}

/* The context's last place can still be filled by a token that is only told. */
static size_t token_limit(const struct far *f, const struct far_request *r)
{
    size_t context = (size_t)engine_info(f->engine)->context_max;
    size_t room = context >= r->prompt.count ? context - r->prompt.count + 1 : 1;
    return r->token_max >= 0 && (size_t)r->token_max < room ? (size_t)r->token_max : room;
}

/* ---- the end ---- */

static enum status finish_text(struct generation *g, struct error *err)
{
    enum status st = STATUS_OK;
    if (!g->stop && g->detokenizer.tokenizer) {
        const char *why = g->finish;
        detokenizer_finish(&g->detokenizer, &g->text);
        st = hand_on(g, true, err);
        if (!g->stop) g->finish = why;
    }
    if (!st && g->parser) st = chat_parser_finish(g->parser, err);
    tell_tokens(g);
    if (!st && g->parser && strcmp(g->finish, "stop") == 0 && !g->stop && g->calls_ended > 0 &&
        g->calls_ended == chat_parser_calls(g->parser))
        g->finish = "tool_calls";
    return st;
}

static void put_seconds(struct json_writer *w, const char *key, int64_t ns)
{
    json_key(w, key);
    json_put_real(w, ns > 0 ? (double)ns / 1e9 : 0);
}

static const char *cache_words(const struct generation *g, const struct sched_end *end)
{
    if (end->restored_tokens) return "disk";
    if (end->cached_tokens) return "memory";
    return judges_prompt(g) ? "unused" : "none";
}

static void put_times(struct json_writer *w, const struct generation *g,
                      const struct sched_end *end)
{
    int64_t now = clock_monotonic_ns(), let_in = g->submitted_ns + end->waited_ns;
    put_seconds(w, "queue_seconds", let_in - g->arrived_ns);
    put_seconds(w, "prompt_seconds", (g->first_ns ? g->first_ns : now) - let_in);
    put_seconds(w, "decode_seconds", g->first_ns ? now - g->first_ns : 0);
}

static void send_done(struct generation *g, const struct sched_end *end)
{
    struct buf body = BUF_INIT(FAR_EVENT_BYTES_MAX);
    struct json_writer w;
    json_writer_init(&w, &body, 0);
    json_open_object(&w);
    json_member_text(&w, "finish", g->finish);
    json_member_int(&w, "prompt_tokens", (int64_t)g->r.prompt.count);
    json_member_int(&w, "cached_tokens", end->cached_tokens);
    json_member_int(&w, "restored_tokens", end->restored_tokens);
    json_member_text(&w, "cache", cache_words(g, end));
    json_member_int(&w, "completion_tokens", g->count);
    json_member_int(&w, "reasoning_tokens", g->reasoning_count);
    json_member_int(&w, "decode_steps", g->steps);
    json_member_int(&w, "displaced", end->displaced);
    put_times(&w, g, end);
    json_member_int(&w, "seed", (int64_t)g->r.sampling.seed);
    json_member_text(&w, "stop", g->stop);
    json_key(&w, "unparsed");
    json_put_bool(&w, g->parser && chat_parser_unparsed(g->parser));
    if (g->has_end && wants_tokens(g)) {
        json_key(&w, "end");
        put_token(&w, g, &g->end);
    }
    json_close_object(&w);
    far_send_buf(g->far, FRAME_DONE, g->task.request, &body);
    buf_release(&body);
    g->far->sums.requests++;
    g->far->sums.prompt_tokens += (int64_t)g->r.prompt.count;
    g->far->sums.cached_tokens += end->cached_tokens;
    g->far->sums.completion_tokens += g->count;
}

static enum status why_ended(struct generation *g, const struct sched_end *end, struct error *err)
{
    if (g->fault.status) return error_set(err, g->fault.status, "%s", g->fault.text);
    switch (end->reason) {
    case SCHED_FAILED: return error_set(err, end->error->status, "%s", end->error->text);
    case SCHED_DEADLINE:
        return error_set(err, STATUS_CANCELLED,
                         "the %lld ms that the request was given have passed; %lld tokens had come",
                         (long long)g->r.deadline_ms, (long long)g->count);
    case SCHED_LENGTH:
    case SCHED_CONTEXT:
        if (!g->finish) g->finish = g->count == g->r.token_max ? "length" : "context";
        return STATUS_OK;
    case SCHED_CANCELLED: g->finish = "cancelled"; return STATUS_OK;
    default: return STATUS_OK;
    }
}

static void generation_free(struct generation *g)
{
    chat_parser_free(g->parser);
    far_constraint_free(g->constraint);
    sampler_free(g->sampler);
    sampler_free(g->echo.sampler);
    buf_release(&g->echo.tokens);
    buf_release(&g->text);
    buf_release(&g->tokens);
    far_request_release(&g->r);
    mem_free(g);
}

static void ended(void *ctx, const struct sched_end *end)
{
    struct generation *g = ctx;
    struct error err;
    enum status st = why_ended(g, end, &err);
    if (!st) st = finish_text(g, &err);
    if (!st) send_done(g, end);
    else far_send_error(g->far, g->task.request, &err);
    far_task_remove(g->far, &g->task);
    generation_free(g);
}

/* ---- the beginning ---- */

static enum status prepare(struct generation *g, struct error *err)
{
    const struct far_request *r = &g->r;
    const struct tokenizer *t = engine_tokenizer(g->far->engine);
    g->stops = r->stops;
    g->limit = token_limit(g->far, r);
    if (g->limit > 0 || judges_prompt(g)) {
        enum status headed = far_need_head(g->far, err);
        if (headed) return headed;
    }
    if (t) detokenizer_init(&g->detokenizer, t, r->format == NULL); /* markers are special tokens */
    enum status st = g->limit > 0
                         ? far_constraint_open(&g->constraint, &g->far->hold, g->far, r, err)
                         : STATUS_OK;
    if (st || g->far->hold || !r->format) return st;
    struct chat_parser_options options = {
        .format = r->format, .open = r->open, .tools = r->tools, .fn = take_delta, .ctx = g
    };
    /* Where the constraint begins at once, what looks like a think tag is its text. */
    options.no_reasoning = r->constraint && !far_constraint_reasons(g->far, r);
    g->thinking = r->open == PROMPT_OPEN_THINK;
    return chat_parser_new(&g->parser, &options, err);
}

static enum status schedule(struct generation *g, struct error *err)
{
    const struct far_request *r = &g->r;
    const struct sched_request request = {
        .tokens = r->prompt.ids,
        .count = r->prompt.count,
        .new_max = g->limit,
        .tenant = r->salt.words[0],
        .salt = r->salt,
        .priority = r->priority,
        .deadline_ns = r->deadline_ms ? g->arrived_ns + r->deadline_ms * 1000000 : 0,
        .next = g->limit ? next : NULL,
        .prompt = judges_prompt(g) ? judge_prompt : NULL,
        .progress = tell_progress,
        .ended = ended,
        .ctx = g,
    };
    g->submitted_ns = g->progress_ns = clock_monotonic_ns();
    return sched_submit(g->far->sched, &g->task.scheduled, &request, g->submitted_ns, NULL, err);
}

/* A prompt that is only to be counted needs no scheduler. */
static enum status only_count(struct generation *g, struct error *err)
{
    static const struct sched_end none;
    g->finish = "length";
    g->submitted_ns = clock_monotonic_ns();
    enum status st = finish_text(g, err);
    if (!st) send_done(g, &none);
    if (!st) generation_free(g);
    return st;
}

enum status far_generate(struct far *f, const struct far_job *job, struct error *err)
{
    struct generation *g = mem_zero(sizeof *g);
    if (!g) return error_set(err, STATUS_NO_MEMORY, "no memory for a request");
    *g = (struct generation){ .task = { .request = job->request, .bytes = job->len },
                              .far = f,
                              .arrived_ns = job->arrived_ns,
                              .echo.tokens = BUF_INIT(FAR_EVENT_BYTES_MAX),
                              .text = BUF_INIT(ANSWER_BYTES_MAX),
                              .tokens = BUF_INIT(TOKENS_BYTES_MAX) };
    enum status st = far_request_read(&g->r, f, (struct span){ job->body, job->len }, err);
    if (!st) st = prepare(g, err);
    if (!st && f->hold) { /* its constraint is being compiled */
        generation_free(g);
        return STATUS_OK;
    }
    if (!st && g->r.echo) st = begin_echo(g, err);
    if (!st && g->limit == 0 && !judges_prompt(g)) {
        st = only_count(g, err);
        if (!st) return STATUS_OK;
    } else if (!st) {
        st = schedule(g, err);
        if (!st) {
            far_task_add(f, &g->task);
            return STATUS_OK;
        }
    }
    generation_free(g);
    return st;
}
