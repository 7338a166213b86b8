/* One API request: submitted, its events written out, ended.
 * SPDX-License-Identifier: Apache-2.0 */
#include "serve/server/call.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/core/base64.h"
#include "base/core/clock.h"
#include "base/core/digest.h"
#include "base/core/json_write.h"
#include "base/core/mem.h"
#include "base/net/sse.h"
#include "serve/server/hub.h"
#include "serve/server/server_inner.h"

#define FRAME_BYTES_MAX ((size_t)64 << 20)
#define BODY_BYTES_MAX  ((size_t)512 << 20) /* vectors of many texts */
#define FACTS_BYTES_MAX ((size_t)1 << 20)
#define LINES_MAX       12
#define OWNER_BYTES_MAX 4096

static enum status keep_origin(struct facts *f, const struct gate_verdict *verdict,
                               struct error *err)
{
    struct buf origin = BUF_INIT(RECEIPT_NOTE_MAX);
    if (!verdict) return STATUS_OK;
    enum status st = receipt_origin(&origin, verdict, err);
    if (!st) f->origin = mem_copy_text(origin.data, origin.len);
    buf_release(&origin);
    return st || f->origin ? st : error_set(err, STATUS_NO_MEMORY, "no memory for a verdict");
}

enum status facts_new(struct facts **ret, const struct json *ready,
                      const struct gate_verdict *verdict, struct error *err)
{
    struct buf text = BUF_INIT(FACTS_BYTES_MAX);
    struct json_writer w;
    uint8_t digest[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    json_writer_init(&w, &text, 0);
    json_put_value(&w, ready);
    struct facts *f = mem_zero(sizeof *f);
    enum status st = buf_check(&text, "what the worker said of itself", err);
    if (!f && !st) st = error_set(err, STATUS_NO_MEMORY, "no memory for the model's facts");
    if (!st) st = json_parse(&f->doc, text.data, text.len, FACTS_BYTES_MAX, "ready", err);
    if (!st) {
        buf_text(&text, HEARTH_VERSION);
        st = sha256_of(text.data, text.len, digest, err);
    }
    buf_release(&text);
    if (!st) st = keep_origin(f, verdict, err);
    if (st) {
        if (f) json_doc_free(f->doc);
        mem_free(f);
        return st;
    }
    sha256_hex(digest, hex);
    snprintf(f->fingerprint, sizeof f->fingerprint, "fp_%.12s", hex);
    atomic_init(&f->refs, 1);
    *ret = f;
    return STATUS_OK;
}

void facts_unref(struct facts *f)
{
    if (!f || atomic_fetch_sub(&f->refs, 1) != 1) return;
    json_doc_free(f->doc);
    mem_free(f->origin);
    mem_free(f);
}

void api_error_make(struct api_error *ret, int http, const char *type, const char *code,
                    const char *format, ...)
{
    va_list args;
    *ret = (struct api_error){ .http = http, .type = type, .code = code };
    va_start(args, format);
    vsnprintf(ret->text, sizeof ret->text, format, args);
    va_end(args);
}

/* Headers that every answer has; returns how many. */
static size_t common_lines(const struct call *c, struct http_line *lines, const char *type)
{
    size_t n = 0;
    lines[n++] = (struct http_line){ "Content-Type", type };
    lines[n++] = (struct http_line){ "x-request-id", c->request_id };
    lines[n++] = (struct http_line){ "traceparent", c->traceparent };
    lines[n++] = (struct http_line){ "Cache-Control", "no-store" };
    lines[n++] = (struct http_line){ "X-Content-Type-Options", "nosniff" };
    if (*c->origin) lines[n++] = (struct http_line){ "Access-Control-Allow-Origin", c->origin };
    if (*c->origin) lines[n++] = (struct http_line){ "Vary", "Origin" };
    return n;
}

void call_reply_with(struct call *c, int status, const char *type, const struct http_line *extra,
                     size_t extra_count, struct buf *body)
{
    struct http_line lines[LINES_MAX + 4];
    size_t n = common_lines(c, lines, type);
    for (size_t i = 0; i < extra_count; i++)
        lines[n++] = extra[i];
    c->status = status;
    c->ended = true;
    http_reply(c->exchange, status, lines, n, body);
}

double call_queue_seconds(const struct call *c, int64_t from_ns)
{
    return (double)(c->submitted_ns - from_ns) / 1e9 + c->queue_seconds;
}

/* RFC: W3C Server Timing, section 4: what the time was spent on, in milliseconds. */
static void server_timing(const struct call *c, char *out, size_t out_bytes)
{
    double queue = c->submitted_ns ? call_queue_seconds(c, http_begun_ns(c->exchange)) * 1e3 : 0;
    snprintf(out, out_bytes, "queue;dur=%.1f, prompt;dur=%.1f, decode;dur=%.1f", queue,
             c->prompt_seconds * 1e3, c->decode_seconds * 1e3);
}

void call_reply(struct call *c, int status, const char *type, struct buf *body)
{
    char timing[96];
    struct http_line line = { "Server-Timing", timing };
    server_timing(c, timing, sizeof timing);
    call_reply_with(c, status, type, &line, c->served ? 1 : 0, body);
}

/* A whole answer with its receipt, in the head where that is short enough. */
static enum status reply_receipt(struct call *c, struct buf *body, struct error *err)
{
    char timing[96];
    struct buf note = BUF_INIT(RECEIPT_NOTE_MAX), text = BUF_INIT(2 * RECEIPT_NOTE_MAX);
    struct http_line lines[3];
    size_t n = 0;
    enum status st = receipt_sign(c->receipt, c, &note, err);
    base64_encode(&text, note.data, note.len);
    buf_byte(&text, 0);
    if (!st) st = buf_check(&text, "a receipt", err);
    if (!st) {
        server_timing(c, timing, sizeof timing);
        lines[n++] = (struct http_line){ "Server-Timing", timing };
        lines[n++] = (struct http_line){ RECEIPT_ID_HEADER, c->request_id };
        if (text.len <= RECEIPT_HEADER_MAX)
            lines[n++] = (struct http_line){ RECEIPT_HEADER, text.data };
        call_reply_with(c, 200, "application/json", lines, n, body);
    }
    buf_release(&note);
    buf_release(&text);
    return st;
}

/* The form of errors on routes that no shape claims. */
static void plain_error_body(struct buf *out, const struct api_error *e)
{
    struct json_writer w;
    json_writer_init(&w, out, 0);
    json_open_object(&w);
    json_key(&w, "error");
    json_open_object(&w);
    json_key(&w, "message");
    json_put_string(&w, e->text);
    json_key(&w, "type");
    json_put_string(&w, e->type);
    json_key(&w, "param");
    json_put_string(&w, *e->param ? e->param : NULL);
    json_key(&w, "code");
    json_put_string(&w, e->code);
    json_close_object(&w);
    json_close_object(&w);
}

static void reply_error(struct call *c, const struct api_error *e, int retry_seconds)
{
    struct buf body = BUF_INIT(FRAME_BYTES_MAX);
    struct http_line extra[3];
    char seconds[16];
    size_t n = 0;
    if (c->shape) c->shape->error_body(&body, e, &c->context);
    else plain_error_body(&body, e);
    if (retry_seconds > 0) {
        snprintf(seconds, sizeof seconds, "%d", retry_seconds);
        extra[n++] = (struct http_line){ "Retry-After", seconds };
    }
    if (e->http == 401) extra[n++] = (struct http_line){ "WWW-Authenticate", "Bearer" };
    if (e->http == 405) extra[n++] = (struct http_line){ "Allow", e->param };
    call_reply_with(c, e->http, "application/json", extra, n, &body);
    buf_release(&body);
}

void call_fail(struct call *c, const struct api_error *e, int retry_seconds)
{
    struct error ignored;
    c->error_code = e->code ? e->code : e->type;
    snprintf(c->error_text, sizeof c->error_text, "%.255s", e->text);
    if (c->ended) return;
    if (!c->streaming) {
        reply_error(c, e, retry_seconds);
        return;
    }
    /* The 200 is gone: the stream says it, in its own form, and ends. */
    if (c->answer) c->shape->fail(c->answer, e, &ignored);
    if (!c->ended) http_stream_end(c->exchange);
    c->ended = true;
}

static void begin_stream(struct call *c)
{
    struct http_line lines[LINES_MAX];
    bool sse = c->shape->framing == SHAPE_SSE;
    size_t n = common_lines(c, lines, sse ? "text/event-stream" : "application/x-ndjson");
    lines[n++] = (struct http_line){ "X-Accel-Buffering", "no" };
    if (c->receipt) lines[n++] = (struct http_line){ RECEIPT_ID_HEADER, c->request_id };
    c->status = 200;
    c->streaming = true;
    http_stream_begin(c->exchange, 200, lines, n);
}

static bool write_frame(struct call *c)
{
    bool ok = !c->frame.failed && http_stream_write(c->exchange, c->frame.data, c->frame.len);
    buf_clear(&c->frame);
    c->wrote_ns = clock_monotonic_ns();
    return ok;
}

/* Behind the last event: the receipt is there to be fetched. Without one the stream says why. */
static void end_receipt(struct call *c)
{
    struct buf note = BUF_INIT(RECEIPT_NOTE_MAX);
    struct error err;
    char words[sizeof err.text + 32];
    if (!c->receipt) return;
    enum status st = receipt_sign(c->receipt, c, &note, &err);
    buf_release(&note);
    if (st) snprintf(words, sizeof words, "no receipt: %s", err.text);
    else snprintf(words, sizeof words, "receipt %s", c->request_id);
    if (st) log_write(&c->server->log, LOG_ERROR, "receipt", "%s", err.text);
    if (c->shape->framing != SHAPE_SSE) return;
    sse_comment(&c->frame, words);
    write_frame(c);
}

/* What the shape has to say goes out. */
static enum status sink(void *ctx, const char *event, struct span data, bool last,
                        struct error *err)
{
    struct call *c = ctx;
    if (c->ended) return STATUS_CANCELLED;
    if (!c->request.stream) {
        struct buf body = BUF_INIT(BODY_BYTES_MAX);
        if (!buf_append(&body, data.data, data.len)) {
            buf_release(&body);
            return error_set(err, STATUS_NO_MEMORY, "no memory for an answer of %zu bytes",
                             data.len);
        }
        if (c->receipt) {
            enum status st = reply_receipt(c, &body, err);
            buf_release(&body);
            return st;
        }
        call_reply(c, 200, "application/json", &body);
        return STATUS_OK;
    }
    if (!c->streaming) begin_stream(c);
    if (c->shape->framing == SHAPE_SSE) sse_event(&c->frame, event, data);
    else ndjson_line(&c->frame, data);
    if (data.len && !write_frame(c)) {
        c->ended = true;
        return STATUS_CANCELLED;
    }
    buf_clear(&c->frame);
    if (last) {
        if (!c->error_code) end_receipt(c);
        c->ended = true;
        http_stream_end(c->exchange);
    }
    return STATUS_OK;
}

/* Where a model lies is no client's business: its path becomes its name. */
static void hide_path(struct call *c, struct api_error *e)
{
    struct hub *h = atomic_load(&c->hub);
    const char *path = h ? hub_path(h) : "";
    char *at = *path ? strstr(e->text, path) : NULL;
    if (!at) return;
    char rest[sizeof e->text];
    snprintf(rest, sizeof rest, "%s", at + strlen(path));
    snprintf(at, sizeof e->text - (size_t)(at - e->text), "%s%s", c->model, rest);
}

static void fail_with(struct call *c, const struct error *err)
{
    struct api_error e;
    if (c->ended) return;
    api_error_from(&e, err);
    hide_path(c, &e);
    if (strncmp(e.text, "the constraint ", 15) == 0 && !e.param[0])
        snprintf(e.param, sizeof e.param, "%s", c->request.constraint_param);
    call_fail(c, &e, e.http == 503 || e.http == 429 ? 1 : 0);
}

static enum status begin_answer(struct call *c, struct error *err)
{
    if (c->answer) return STATUS_OK;
    return c->shape->begin(&c->answer, &c->request, &c->context, sink, c, err);
}

/* Who asks is the server's to say, whatever the request said; and which choice it is. */
static enum status put_owner(const struct call *c, int index, struct buf *json, struct error *err)
{
    struct buf owned = BUF_INIT(json->len + OWNER_BYTES_MAX);
    struct json_writer w;
    int choice = index % c->request.choice_count;
    if (!c->key && !choice) return STATUS_OK;
    buf_byte(&owned, '{');
    if (c->key) {
        buf_text(&owned, "\"tenant\":");
        json_writer_init(&w, &owned, 0);
        json_put_string(&w, key_tenant(c->key));
        buf_format(&owned, ",\"priority\":\"%s\",", key_priority_name(key_priority(c->key)));
    }
    if (choice) buf_format(&owned, "\"choice\":%d,", choice);
    buf_append(&owned, json->data + 1, json->len - 1);
    enum status st = buf_check(&owned, "a request to the worker", err);
    if (st) {
        buf_release(&owned);
        return st;
    }
    buf_release(json);
    *json = owned;
    return STATUS_OK;
}

static enum status hand_over(const struct call *c, struct target *t, uint64_t *ret_request,
                             struct span json, struct error *err)
{
    const struct target_class *k = t->class;
    switch (c->shape->job) {
    case SHAPE_EMBED:
        if (k->embed) return k->embed(t->self, ret_request, json.data, json.len, err);
        break;
    case SHAPE_RERANK:
        if (k->rerank) return k->rerank(t->self, ret_request, json.data, json.len, err);
        break;
    default: return k->submit(t->self, ret_request, json.data, json.len, err);
    }
    return error_set(err, STATUS_UNSUPPORTED, "what serves %s makes answers only", c->model);
}

static enum status submit_one(struct call *c, int index, struct target *t, struct error *err)
{
    struct buf json = { 0 };
    struct submission *s = &c->submissions[index];
    enum status st = shape_submission(&c->request, index, &json, err);
    if (st) return st;
    st = put_owner(c, index, &json, err);
    if (!st) st = hand_over(c, t, &s->request, (struct span){ json.data, json.len }, err);
    buf_release(&json);
    if (st) return st;
    s->open = true;
    c->open_count++;
    return STATUS_OK;
}

void call_submit(struct call *c, struct target *t, struct model_metrics *metrics)
{
    struct error err = { 0 };
    int64_t count = (int64_t)c->request.prompt_count * c->request.choice_count;
    enum status st = STATUS_OK;
    c->served = true;
    c->wrote_ns = c->submitted_ns = clock_monotonic_ns();
    if (count > 0) {
        c->submissions = mem_array((size_t)count, sizeof *c->submissions);
        if (!c->submissions)
            st = error_set(&err, STATUS_NO_MEMORY, "no memory for %d answers", (int)count);
    } else {
        st = begin_answer(c, &err);
    }
    if (!st) c->submission_count = (int)count;
    for (int i = 0; i < c->submission_count && !st; i++)
        st = submit_one(c, i, t, &err);
    if (!st) return;
    fail_with(c, &err);
    call_cancel(c, t);
}

void call_cancel(struct call *c, struct target *t)
{
    if (c->cancelled) return;
    c->cancelled = true;
    for (int i = 0; i < c->submission_count; i++)
        if (c->submissions[i].open) t->class->cancel(t->self, c->submissions[i].request, NULL);
}

static bool has_content(const struct json *body)
{
    return json_get(body, "content") || json_get(body, "reasoning") || json_get(body, "name") ||
           json_get(body, "arguments");
}

static void note_delta(struct call *c, const struct json *body, int64_t now,
                       struct model_metrics *metrics)
{
    if (!has_content(body)) return;
    if (!c->first_ns) {
        c->first_ns = now;
        metrics_observe(metrics, METRIC_TTFT, (double)(now - http_begun_ns(c->exchange)) / 1e9);
    } else if (c->submission_count == 1) {
        metrics_observe(metrics, METRIC_INTER_TOKEN, (double)(now - c->delta_ns) / 1e9);
    }
    c->delta_ns = now;
}

static uint64_t count_of(const struct json *body, const char *key)
{
    int64_t n = json_int(json_get(body, key), 0);
    return n > 0 ? (uint64_t)n : 0;
}

static void note_done(struct call *c, int index, const struct json *body,
                      struct model_metrics *metrics)
{
    const char *finish = json_text(json_get(body, "finish"));
    snprintf(c->finish, sizeof c->finish, "%s", finish ? finish : "error");
    uint64_t prompt = count_of(body, "prompt_tokens"), cached = count_of(body, "cached_tokens");
    uint64_t completion = count_of(body, "completion_tokens");
    /* Choices share their prompt: it is charged once. */
    if (index % c->request.choice_count == 0) {
        c->prompt_tokens += prompt;
        c->cached_tokens += cached;
    }
    c->completion_tokens += completion;
    c->reasoning_tokens += count_of(body, "reasoning_tokens");
    double queue = json_number(json_get(body, "queue_seconds"), 0);
    if (queue > c->queue_seconds) c->queue_seconds = queue;
    c->prompt_seconds += json_number(json_get(body, "prompt_seconds"), 0);
    c->decode_seconds += json_number(json_get(body, "decode_seconds"), 0);
    metrics_finish(metrics, c->finish);
    metrics_count(metrics, METRIC_PROMPT_TOKENS, prompt);
    metrics_count(metrics, METRIC_GENERATION_TOKENS, completion);
    metrics_count(metrics, METRIC_CACHE_QUERIES, prompt);
    metrics_count(metrics, METRIC_CACHE_HITS, cached);
    metrics_count(metrics, METRIC_CACHE_RESTORED, count_of(body, "restored_tokens"));
    metrics_count(metrics, METRIC_PREEMPTIONS, count_of(body, "displaced"));
    metrics_observe(metrics, METRIC_QUEUE, queue + (double)(c->submitted_ns - c->offered_ns) / 1e9);
    metrics_observe(metrics, METRIC_PROMPT_SIZE, (double)prompt);
    if (c->shape->job == SHAPE_GENERATE)
        metrics_observe(metrics, METRIC_GENERATION_SIZE, (double)completion);
}

static void leave_key(struct call *c)
{
    if (c->entered) key_leave(c->key, c->prompt_tokens, c->completion_tokens);
    c->entered = false;
}

/* The key is free again before the client can see the end and ask anew. */
static void end_submission(struct call *c, int index)
{
    if (!c->submissions[index].open) return;
    c->submissions[index].open = false;
    if (--c->open_count == 0) leave_key(c);
}

void call_event(struct call *c, int index, const struct worker_event *event,
                struct model_metrics *metrics)
{
    struct error err = { 0 };
    enum status st = STATUS_OK;
    int64_t now = clock_monotonic_ns();
    if (!c->taken_ns) c->taken_ns = now;
    if (event->kind == WORKER_DELTA) note_delta(c, event->body, now, metrics);
    if (event->kind == WORKER_DONE) note_done(c, index, event->body, metrics);
    if (event->kind == WORKER_ERROR) metrics_finish(metrics, "error");
    if (event->kind == WORKER_DONE || event->kind == WORKER_ERROR) end_submission(c, index);
    if (c->ended) return;
    if (event->kind == WORKER_ERROR) {
        fail_with(c, event->error);
        return;
    }
    if (!c->answer && event->kind == WORKER_PROGRESS) return;
    if (c->receipt) st = receipt_event(c->receipt, index, event, &err);
    if (!st) st = begin_answer(c, &err);
    if (!st) st = c->shape->event(c->answer, index, event, &err);
    if (st && !c->ended) {
        if (st == STATUS_CANCELLED && !err.text[0])
            error_set(&err, STATUS_FAILED, "the answer was cancelled");
        fail_with(c, &err);
    }
}

/* A stream that says nothing for long gets a comment, so that nobody on the way gives up. */
void call_tick(struct call *c, int64_t now, int keep_alive_ms)
{
    struct error err = { 0 };
    if (c->ended || !c->request.stream || c->shape->framing != SHAPE_SSE) return;
    if (now - c->wrote_ns < (int64_t)keep_alive_ms * 1000000) return;
    if (begin_answer(c, &err)) {
        fail_with(c, &err);
        return;
    }
    if (c->ended) return;
    if (!c->streaming) begin_stream(c);
    sse_comment(&c->frame, "still working");
    if (!write_frame(c)) c->ended = true;
}

void call_close(struct call *c, struct model_metrics *metrics)
{
    struct api_error e;
    if (!c->ended && !atomic_load(&c->gone)) {
        api_error_make(&e, 500, "server_error", NULL, "the model ended without an answer");
        call_fail(c, &e, 0);
    }
    if (c->served)
        metrics_observe(metrics, METRIC_E2E,
                        (double)(clock_monotonic_ns() - http_begun_ns(c->exchange)) / 1e9);
    leave_key(c);
}

void call_free(struct call *c)
{
    leave_key(c);
    if (c->answer) c->shape->answer_free(c->answer);
    if (c->has_request) c->shape->release(&c->request);
    json_doc_free(c->body);
    receipt_free(c->receipt);
    facts_unref(c->facts);
    key_unref(c->key);
    hub_unref(atomic_load(&c->hub));
    buf_release(&c->frame);
    mem_free(c->submissions);
    mem_free(c);
}
