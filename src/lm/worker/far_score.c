/* How probable the model finds a text.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A text longer than the context is scored in windows, one after the other: the first tokens of a
 * window see little before them, so the perplexity is somewhat above that of a sliding window. Each window
 * is a prompt for the scheduler, which evaluates it beside what others want. */
#include <math.h>

#include "base/core/base64.h"
#include "base/core/clock.h"
#include "base/core/mem.h"
#include "base/core/utf8.h"
#include "lm/worker/far_request.h"

#define SCORES_A_FRAME 256
#define PROGRESS_NS    50000000

/* Window w of the text: [bos] tokens[begin..end), of which those from `first` on are scored. */
struct scoring {
    struct far_task task;
    struct far *far;
    const struct tokenizer *tokenizer; /* NULL where the model came without, and ids were given */
    struct token_list ids;             /* without BOS */
    int32_t bos;                       /* -1: none */
    size_t told;                       /* tokens whose scores were sent or lie in `scores` */
    struct buf scores;                 /* JSON of some: "{...},{...}" */
    size_t scores_count;
    size_t scored, window_count, window_tokens;
    double sum; /* of the log probabilities */
    int64_t begin_ns, progress_ns;
    struct error fault; /* of a callback; STATUS_OK: none */

    int32_t *window; /* [window_tokens] */
    size_t window_count_now,
        text_at;    /* window[0] is ids[text_at], or the BOS and text_at what follows */
    size_t next_at; /* where the next window begins */
};

/* ---- telling ---- */

static void send_scores(struct scoring *s)
{
    struct buf body = BUF_INIT(FAR_EVENT_BYTES_MAX);
    if (!s->scores_count) return;
    buf_text(&body, "{\"scores\":[");
    buf_append(&body, s->scores.data, s->scores.len);
    buf_text(&body, "]}");
    if (s->scores.failed) body.failed = true;
    far_send_buf(s->far, FRAME_DELTA, s->task.request, &body);
    buf_release(&body);
    buf_clear(&s->scores);
    s->scores_count = 0;
}

static void put_piece(struct json_writer *w, struct span piece)
{
    struct buf text = BUF_INIT(FAR_EVENT_BYTES_MAX);
    if (!piece.data) return;
    if (utf8_valid(piece.data, piece.len)) {
        json_key(w, "piece");
        json_put_span(w, piece);
        return;
    }
    base64_encode(&text, piece.data, piece.len);
    json_key(w, "piece_base64");
    json_put_span(w, (struct span){ text.data, text.len });
    buf_release(&text);
}

/* NaN: unknown, because nothing stands before it. */
static void tell_score(struct scoring *s, float logprob)
{
    struct json_writer w;
    int32_t id = s->ids.ids[s->told++];
    if (s->scores_count) buf_byte(&s->scores, ',');
    json_writer_init(&w, &s->scores, 0);
    json_open_object(&w);
    json_key(&w, "id");
    json_put_int(&w, id);
    json_key(&w, "logprob");
    json_put_float(&w, logprob); /* null for NaN */
    if (s->tokenizer) put_piece(&w, tokenizer_piece(s->tokenizer, id));
    json_close_object(&w);
    if (++s->scores_count == SCORES_A_FRAME) send_scores(s);
}

static void tell_progress(struct scoring *s)
{
    struct buf body = BUF_INIT(1024);
    int64_t now = clock_monotonic_ns();
    if (now - s->progress_ns < PROGRESS_NS) return;
    s->progress_ns = now;
    buf_format(&body, "{\"stage\":\"score\",\"done\":%zu,\"total\":%zu}", s->told, s->ids.count);
    far_send_buf(s->far, FRAME_PROGRESS, s->task.request, &body);
    buf_release(&body);
}

/* ---- scoring ---- */

/* The logits after window[position] judge the token that follows. */
static void judge(void *ctx, size_t position, const float *logits)
{
    struct scoring *s = ctx;
    if (s->fault.status || position + 1 >= s->window_count_now) return;
    size_t at = s->text_at + position + (s->bos < 0);
    double logprob = logprob_of(logits, engine_info(s->far->engine)->vocab_size, s->ids.ids[at]);
    if (isnan(logprob)) {
        error_set(
            &s->fault, STATUS_FAILED,
            "the logits after token %zu are not numbers: `hearth inspect --check-weights` looks "
            "at the weights",
            at);
        sched_cancel(s->far->sched, s->task.scheduled, clock_monotonic_ns());
        return;
    }
    tell_score(s, (float)logprob);
    tell_progress(s);
    s->sum += logprob;
    s->scored++;
}

/* Fills the window from ids[at]; returns how many of the text's tokens it newly covers. */
static size_t fill_window(struct scoring *s, size_t at)
{
    size_t n = 0, from = at;
    if (s->bos >= 0) s->window[n++] = s->bos;
    else if (at > 0)
        from = at - 1; /* the last token of the window before is context for the first */
    s->text_at = from;
    for (size_t i = from; i < s->ids.count && n < s->window_tokens; i++)
        s->window[n++] = s->ids.ids[i];
    s->window_count_now = n;
    return n - (s->bos >= 0) - (at - from);
}

static void put_count(struct json_writer *w, const char *key, size_t v)
{
    json_key(w, key);
    json_put_int(w, (int64_t)v);
}

static void send_done(struct scoring *s)
{
    struct buf body = BUF_INIT(FAR_EVENT_BYTES_MAX);
    struct json_writer w;
    send_scores(s);
    json_writer_init(&w, &body, 0);
    json_open_object(&w);
    put_count(&w, "tokens", s->ids.count);
    put_count(&w, "scored_tokens", s->scored);
    json_key(&w, "logprob_sum");
    json_put_real(&w, s->sum);
    put_count(&w, "windows", s->window_count);
    put_count(&w, "window_tokens", s->window_tokens);
    json_key(&w, "seconds");
    json_put_real(&w, (double)(clock_monotonic_ns() - s->begin_ns) / 1e9);
    json_close_object(&w);
    far_send_buf(s->far, FRAME_DONE, s->task.request, &body);
    buf_release(&body);
}

static void scoring_free(struct scoring *s)
{
    buf_release(&s->scores);
    token_list_release(&s->ids);
    mem_free(s->window);
    mem_free(s);
}

static void ended(void *ctx, const struct sched_end *end);

static enum status submit_window(struct scoring *s, struct error *err)
{
    s->next_at += fill_window(s, s->next_at);
    const struct sched_request request = {
        .tokens = s->window, .count = s->window_count_now, .prompt = judge, .ended = ended, .ctx = s
    };
    s->window_count++;
    return sched_submit(s->far->sched, &s->task.scheduled, &request, clock_monotonic_ns(), NULL,
                        err);
}

/* Of a window: the next one follows, or the end of all. */
static void ended(void *ctx, const struct sched_end *end)
{
    struct scoring *s = ctx;
    struct error err = s->fault;
    if (!err.status && end->reason == SCHED_FAILED) err = *end->error;
    if (!err.status && end->reason == SCHED_CANCELLED) error_set(&err, STATUS_CANCELLED, "%s", "");
    if (!err.status && s->next_at < s->ids.count && !submit_window(s, &err)) return;
    if (err.status) far_send_error(s->far, s->task.request, &err);
    else send_done(s);
    far_task_remove(s->far, &s->task);
    scoring_free(s);
}

static enum status begin(struct scoring *s, struct error *err)
{
    s->window_tokens = (size_t)engine_info(s->far->engine)->context_max;
    if (s->window_tokens < 2 || s->ids.count + (s->bos >= 0) < 2)
        return error_set(err, STATUS_BAD_INPUT,
                         "a text or context of one token leaves nothing to score");
    s->window = mem_array(s->window_tokens, sizeof *s->window);
    if (!s->window)
        return error_set(err, STATUS_NO_MEMORY, "no memory to score %zu tokens", s->ids.count);
    s->begin_ns = s->progress_ns = clock_monotonic_ns();
    if (s->bos < 0) tell_score(s, NAN);
    return submit_window(s, err);
}

enum status far_score(struct far *f, const struct far_job *job, struct error *err)
{
    struct scoring *s = mem_zero(sizeof *s);
    if (!s) return error_set(err, STATUS_NO_MEMORY, "no memory for a request");
    *s = (struct scoring){ .task = { .request = job->request, .bytes = job->len },
                           .far = f,
                           .tokenizer = engine_tokenizer(f->engine),
                           .scores = BUF_INIT(FAR_EVENT_BYTES_MAX) };
    enum status st = far_need_head(f, err);
    if (!st)
        st = far_score_request_read(&s->ids, &s->bos, f, (struct span){ job->body, job->len }, err);
    if (!st) st = begin(s, err);
    if (!st) far_task_add(f, &s->task);
    else scoring_free(s);
    return st;
}
