/* OpenAI's POST /v1/responses.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sources: the OpenAPI description (Response, ResponseStreamEvent); the accumulator of the Python
 * client, which wants response.created first and every item added before it grows; and Codex, which
 * takes items from output_item.done and ends with response.completed. Each part of an answer is one
 * item of the output. */
#include "base/core/mem.h"
#include "serve/server/api_openai.h"
#include "serve/server/api_responses.h"
#include "serve/server/shape_out.h"
#include "serve/server/shape_parts.h"
#include "serve/server/shape_store.h"

#define LOGPROBS_BYTES_MAX ((size_t)256 << 20)

static bool read_body(struct shape_request *r, const struct fields *f,
                      const struct shape_context *context)
{
    return responses_read_body(r, f, context, false);
}

static bool responses_read(struct shape_request *ret, const struct json *body,
                           const struct shape_context *context, struct api_error *err)
{
    return generation_request(ret, body, sizeof(struct responses_own), read_body, responses_release,
                              context, err);
}

struct shape_answer {
    const struct shape_context *context;
    const struct responses_own *own;
    bool stream, done, kept;
    struct outlet out;
    struct parts parts;
    int64_t sequence;
    struct usage usage;
    const char *status;     /* of the response */
    const char *incomplete; /* why, or NULL */
    struct buf *logprobs;   /* of each part, lists without brackets */
    size_t logprob_count;
    struct buf fresh; /* logprobs that no delta has shown */
};

static void answer_free(struct shape_answer *a)
{
    if (!a) return;
    for (size_t i = 0; i < a->logprob_count; i++)
        buf_release(&a->logprobs[i]);
    mem_free(a->logprobs);
    buf_release(&a->fresh);
    parts_release(&a->parts);
    outlet_release(&a->out);
    mem_free(a);
}

/* ---- the response ---- */

static void put_item_id(struct json_writer *w, const char *key, const struct shape_answer *a,
                        size_t index)
{
    static const char *const marks[] = {
        [PART_CONTENT] = "msg", [PART_REASONING] = "rs", [PART_CALL] = "fc"
    };
    struct field_path id =
        path_of("%s_%s_%zu", marks[a->parts.items[index].kind], a->context->request_id, index);
    json_member_text(w, key, id.text);
}

static struct span text_of(const struct part *part)
{
    return (struct span){ part->text.data, part->text.len };
}

/* An output_text or reasoning_text part; without its text while it has not begun. */
static void put_part(struct json_writer *w, const struct shape_answer *a, size_t index, bool whole)
{
    const struct part *part = &a->parts.items[index];
    bool is_text = part->kind == PART_CONTENT;
    json_open_object(w);
    json_member_text(w, "type", is_text ? "output_text" : "reasoning_text");
    put_span(w, "text", whole ? text_of(part) : span_of(""));
    if (is_text) {
        json_key(w, "annotations");
        json_open_array(w);
        json_close_array(w);
        put_raw_list(w, "logprobs",
                     whole && index < a->logprob_count ? &a->logprobs[index] : &(struct buf){ 0 });
    }
    json_close_object(w);
}

static void put_parts(struct json_writer *w, const struct shape_answer *a, size_t index, bool whole)
{
    json_key(w, "content");
    json_open_array(w);
    if (whole) put_part(w, a, index, true);
    json_close_array(w);
}

static void put_sealed(struct json_writer *w, const struct part *part)
{
    struct buf sealed = BUF_INIT(2 * PART_BYTES_MAX);
    responses_seal(&sealed, text_of(part));
    put_span(w, "encrypted_content", (struct span){ sealed.data, sealed.len });
    w->out->failed |= sealed.failed;
    buf_release(&sealed);
}

/* An item of the output, as it is added or as it is done. */
static void put_item(struct json_writer *w, const struct shape_answer *a, size_t index, bool whole,
                     const char *status)
{
    const struct part *part = &a->parts.items[index];
    json_open_object(w);
    put_item_id(w, "id", a, index);
    if (part->kind == PART_CONTENT) {
        json_member_text(w, "type", "message");
        json_member_text(w, "role", "assistant");
        json_member_text(w, "status", status);
        put_parts(w, a, index, whole);
    } else if (part->kind == PART_REASONING) {
        json_member_text(w, "type", "reasoning");
        json_member_text(w, "status", status);
        json_key(w, "summary");
        json_open_array(w);
        json_close_array(w);
        put_parts(w, a, index, whole);
        if (whole && a->own->encrypted) put_sealed(w, part);
    } else {
        json_member_text(w, "type", "function_call");
        json_member_text(w, "status", status);
        json_member_text(w, "call_id", part->id);
        json_member_text(w, "name", part->name);
        put_span(w, "arguments", whole ? text_of(part) : span_of(""));
    }
    json_close_object(w);
}

/* How a part ended: only the last one can be cut off. */
static const char *item_status(const struct shape_answer *a, size_t index)
{
    const struct part *part = &a->parts.items[index];
    bool broken = part->kind == PART_CALL && !part->complete;
    bool cut = a->incomplete && index + 1 == a->parts.count;
    return broken || cut ? "incomplete" : "completed";
}

static void put_usage(struct json_writer *w, const struct usage *u)
{
    json_key(w, "usage");
    json_open_object(w);
    json_member_int(w, "input_tokens", u->prompt);
    json_key(w, "input_tokens_details");
    json_open_object(w);
    json_member_int(w, "cached_tokens", u->cached);
    json_member_int(w, "cache_write_tokens", 0);
    json_close_object(w);
    json_member_int(w, "output_tokens", u->completion);
    json_key(w, "output_tokens_details");
    json_open_object(w);
    json_member_int(w, "reasoning_tokens", u->reasoning);
    json_close_object(w);
    json_member_int(w, "total_tokens", u->prompt + u->completion);
    json_close_object(w);
}

/* `error` NULL: none. The output and the usage stand in responses that are over. */
static void put_response(struct json_writer *w, const struct shape_answer *a,
                         const struct api_error *error)
{
    const struct buf *echo = &a->own->echo;
    json_member_text(w, "id", path_of("resp_%s", a->context->request_id).text);
    json_member_text(w, "object", "response");
    json_member_int(w, "created_at", a->context->created);
    json_member_text(w, "status", a->status);
    json_member_text(w, "model", a->context->model);
    json_key(w, "error");
    if (error) {
        json_open_object(w);
        json_member_text(w, "code", error->code ? error->code : "server_error");
        json_member_text(w, "message", error->text);
        json_close_object(w);
    } else json_put_null(w);
    json_key(w, "incomplete_details");
    if (a->incomplete) {
        json_open_object(w);
        json_member_text(w, "reason", a->incomplete);
        json_close_object(w);
    } else json_put_null(w);
    json_key(w, "output");
    json_open_array(w);
    for (size_t i = 0; a->done && i < a->parts.count; i++)
        put_item(w, a, i, true, item_status(a, i));
    json_close_array(w);
    if (a->done && !error) put_usage(w, &a->usage);
    json_member_bool(w, "store", a->done ? a->kept : a->own->store);
    buf_byte(w->out, ',');
    buf_append(w->out, echo->data + 1, echo->len - 1); /* "{" is written, "," is not */
    w->out->failed |= echo->failed;
}

/* ---- events ---- */

static struct json_writer *open_event(struct shape_answer *a, const char *type)
{
    struct json_writer *w = outlet_open(&a->out);
    json_member_text(w, "type", type);
    json_member_int(w, "sequence_number", a->sequence++);
    return w;
}

static struct json_writer *open_item_event(struct shape_answer *a, const char *type, size_t index,
                                           bool with_content)
{
    struct json_writer *w = open_event(a, type);
    put_item_id(w, "item_id", a, index);
    json_member_int(w, "output_index", (int64_t)index);
    if (with_content) json_member_int(w, "content_index", 0);
    return w;
}

static enum status send_response(struct shape_answer *a, const char *type,
                                 const struct api_error *error, bool last, struct error *err)
{
    struct json_writer *w = open_event(a, type);
    json_key(w, "response");
    json_open_object(w);
    put_response(w, a, error);
    json_close_object(w);
    return outlet_send(&a->out, type, last, err);
}

static enum status send_item(struct shape_answer *a, const char *type, size_t index, bool whole,
                             const char *status, struct error *err)
{
    struct json_writer *w = open_event(a, type);
    json_member_int(w, "output_index", (int64_t)index);
    json_key(w, "item");
    put_item(w, a, index, whole, status);
    return outlet_send(&a->out, type, false, err);
}

static enum status send_part(struct shape_answer *a, const char *type, size_t index, bool whole,
                             struct error *err)
{
    struct json_writer *w = open_item_event(a, type, index, true);
    json_key(w, "part");
    put_part(w, a, index, whole);
    return outlet_send(&a->out, type, false, err);
}

static enum status send_open(struct shape_answer *a, size_t index, struct error *err)
{
    enum status s = send_item(a, "response.output_item.added", index, false, "in_progress", err);
    if (s || a->parts.items[index].kind == PART_CALL) return s;
    return send_part(a, "response.content_part.added", index, false, err);
}

static const char *const DELTAS[] = {
    [PART_CONTENT] = "response.output_text.delta",
    [PART_REASONING] = "response.reasoning_text.delta",
    [PART_CALL] = "response.function_call_arguments.delta",
};
static const char *const DONES[] = {
    [PART_CONTENT] = "response.output_text.done",
    [PART_REASONING] = "response.reasoning_text.done",
    [PART_CALL] = "response.function_call_arguments.done",
};

static enum status send_text(struct shape_answer *a, size_t index, struct span text,
                             struct error *err)
{
    enum part_kind kind = a->parts.items[index].kind;
    struct json_writer *w = open_item_event(a, DELTAS[kind], index, kind != PART_CALL);
    put_span(w, "delta", text);
    if (kind == PART_CONTENT) {
        put_raw_list(w, "logprobs", &a->fresh);
        buf_clear(&a->fresh);
    }
    return outlet_send(&a->out, DELTAS[kind], false, err);
}

static enum status send_close(struct shape_answer *a, size_t index, struct error *err)
{
    const struct part *part = &a->parts.items[index];
    struct json_writer *w = open_item_event(a, DONES[part->kind], index, part->kind != PART_CALL);
    if (part->kind == PART_CALL) json_member_text(w, "name", part->name);
    put_span(w, part->kind == PART_CALL ? "arguments" : "text", text_of(part));
    if (part->kind == PART_CONTENT)
        put_raw_list(w, "logprobs",
                     index < a->logprob_count ? &a->logprobs[index] : &(struct buf){ 0 });
    enum status s = outlet_send(&a->out, DONES[part->kind], false, err);
    if (!s && part->kind != PART_CALL)
        s = send_part(a, "response.content_part.done", index, true, err);
    return s ? s
             : send_item(a, "response.output_item.done", index, true, item_status(a, index), err);
}

static enum status send_steps(struct shape_answer *a, const struct steps *steps, struct error *err)
{
    enum status s = STATUS_OK;
    for (int i = 0; a->stream && i < steps->count && !s; i++) {
        const struct step *step = &steps->items[i];
        if (step->kind == STEP_OPEN) s = send_open(a, step->part, err);
        else if (step->kind == STEP_TEXT) s = send_text(a, step->part, step->text, err);
        else s = send_close(a, step->part, err);
    }
    return s;
}

static enum status responses_begin(struct shape_answer **ret, const struct shape_request *request,
                                   const struct shape_context *context, shape_sink *sink,
                                   void *sink_ctx, struct error *err)
{
    struct shape_answer *a = mem_zero(sizeof *a);
    enum status s = STATUS_OK;
    if (!a) return error_set(err, STATUS_NO_MEMORY, "out of memory for an answer");
    a->context = context;
    a->own = request->own;
    a->stream = request->stream;
    a->status = "in_progress";
    a->fresh = BUF_INIT(LOGPROBS_BYTES_MAX);
    outlet_init(&a->out, sink, sink_ctx);
    parts_init(&a->parts, &(struct parts_options){ true, "call_", true, context, 0 });
    if (a->stream) s = send_response(a, "response.created", NULL, false, err);
    if (a->stream && !s) s = send_response(a, "response.in_progress", NULL, false, err);
    if (s) answer_free(a);
    else *ret = a;
    return s;
}

/* ---- what comes from the worker ---- */

/* Room for the logprobs of every part so far. */
static enum status reserve_logprobs(struct shape_answer *a, struct error *err)
{
    if (a->logprob_count >= a->parts.count) return STATUS_OK;
    struct buf *more = mem_resize(a->logprobs, a->parts.count, sizeof *more);
    if (!more) return error_set(err, STATUS_NO_MEMORY, "out of memory for an answer");
    a->logprobs = more;
    while (a->logprob_count < a->parts.count)
        a->logprobs[a->logprob_count++] = BUF_INIT(LOGPROBS_BYTES_MAX);
    return STATUS_OK;
}

/* Tokens of text go with the text; those of reasoning and calls have no place in this API. */
static enum status take_tokens(struct shape_answer *a, const struct json *tokens, struct error *err)
{
    struct buf items = BUF_INIT(LOGPROBS_BYTES_MAX);
    size_t last = a->parts.count - 1;
    if (!a->own->logprobs || !json_length(tokens) || !a->parts.count ||
        a->parts.items[last].kind != PART_CONTENT)
        return STATUS_OK;
    enum status s = reserve_logprobs(a, err);
    if (s) return s;
    tokens_put_chat(&items, tokens);
    struct buf *to[] = { &a->fresh, &a->logprobs[last] };
    for (size_t i = 0; i < 2; i++) {
        if (to[i]->len) buf_byte(to[i], ',');
        if (items.len) buf_append(to[i], items.data, items.len);
    }
    s = buf_check(&items, "log probabilities", err);
    if (!s) s = buf_check(&a->logprobs[last], "log probabilities", err);
    buf_release(&items);
    return s;
}

static enum status take_delta(struct shape_answer *a, const struct json *body, struct error *err)
{
    struct steps steps;
    enum status s = parts_take(&a->parts, body, &steps, err);
    if (!s) s = take_tokens(a, json_get(body, "tokens"), err);
    return s ? s : send_steps(a, &steps, err);
}

static void put_kept_calls(struct json_writer *w, const struct shape_answer *a)
{
    json_key(w, "tool_calls");
    json_open_array(w);
    for (size_t i = 0; i < a->parts.count; i++) {
        const struct part *part = &a->parts.items[i];
        if (part->kind != PART_CALL) continue;
        json_open_object(w);
        json_member_text(w, "id", part->id);
        json_member_text(w, "type", "function");
        json_key(w, "function");
        json_open_object(w);
        json_member_text(w, "name", part->name);
        put_span(w, "arguments", text_of(part));
        json_close_object(w);
        json_close_object(w);
    }
    json_close_array(w);
}

static void put_kept_text(struct json_writer *w, const struct shape_answer *a, const char *key,
                          enum part_kind kind)
{
    struct buf text = BUF_INIT(PIECE_BYTES_MAX);
    for (size_t i = 0; i < a->parts.count; i++)
        if (a->parts.items[i].kind == kind && a->parts.items[i].len)
            buf_append(&text, a->parts.items[i].text.data, a->parts.items[i].text.len);
    if (text.len || kind == PART_CONTENT) put_span(w, key, (struct span){ text.data, text.len });
    w->out->failed |= text.failed;
    buf_release(&text);
}

/* The conversation with this answer, for those who refer to it. A call that broke off is no call:
 * who goes on from here has no result for it. */
static enum status keep(struct shape_answer *a, struct error *err)
{
    struct buf kept = BUF_INIT(PIECE_BYTES_MAX);
    struct json_writer w;
    const struct buf *items = &a->own->items;
    bool broken =
        a->incomplete && a->parts.count && a->parts.items[a->parts.count - 1].kind == PART_CALL;
    if (!a->own->store || broken) return STATUS_OK;
    json_writer_init(&w, &kept, 0);
    json_open_array(&w);
    if (items->len) {
        buf_append(&kept, items->data, items->len);
        buf_byte(&kept, ',');
    }
    json_open_object(&w);
    json_member_text(&w, "role", "assistant");
    put_kept_text(&w, a, "content", PART_CONTENT);
    put_kept_text(&w, a, "reasoning_content", PART_REASONING);
    if (a->parts.call_count) put_kept_calls(&w, a);
    json_close_object(&w);
    json_close_array(&w);
    enum status s = buf_check(&kept, "an answer to be kept", err);
    if (!s)
        s = shape_store_put(a->context->store, a->context->tenant ? a->context->tenant : "",
                            path_of("resp_%s", a->context->request_id).text,
                            (struct span){ kept.data, kept.len }, &a->kept, err);
    buf_release(&kept);
    return s;
}

static enum status take_done(struct shape_answer *a, const struct json *body, struct error *err)
{
    struct span finish = json_string(json_get(body, "finish"));
    struct steps steps;
    if (finish.data && span_equals(finish, "cancelled"))
        return error_set(err, STATUS_CANCELLED, "the answer was cancelled");
    if (finish.data && (span_equals(finish, "length") || span_equals(finish, "context")))
        a->incomplete = "max_output_tokens";
    a->status = a->incomplete ? "incomplete" : "completed";
    parts_end(&a->parts, &steps);
    enum status s = send_steps(a, &steps, err);
    usage_add(&a->usage, body, true);
    a->done = true;
    if (!s) s = keep(a, err);
    if (s) return s;
    if (a->stream)
        return send_response(a, a->incomplete ? "response.incomplete" : "response.completed", NULL,
                             true, err);
    put_response(outlet_open(&a->out), a, NULL);
    return outlet_send(&a->out, NULL, true, err);
}

static enum status responses_event(struct shape_answer *a, int index,
                                   const struct worker_event *event, struct error *err)
{
    if (index || a->done)
        return error_set(err, STATUS_FAILED, "an event of answer %d, which is not under way",
                         index);
    if (event->kind == WORKER_DELTA) return take_delta(a, event->body, err);
    if (event->kind == WORKER_DONE) return take_done(a, event->body, err);
    /* Clients give up on a stream without events; comments are none to some. */
    if (event->kind == WORKER_PROGRESS && a->stream)
        return send_response(a, "response.in_progress", NULL, false, err);
    return STATUS_OK;
}

static enum status responses_fail(struct shape_answer *a, const struct api_error *error,
                                  struct error *err)
{
    if (a->stream) {
        a->status = "failed";
        return send_response(a, "response.failed", error, true, err);
    }
    buf_clear(&a->out.text);
    openai_error_body(&a->out.text, error, a->context);
    enum status s = buf_check(&a->out.text, "an error", err);
    struct span text = { a->out.text.data, a->out.text.len };
    return s ? s : a->out.sink(a->out.ctx, NULL, text, true, err);
}

const struct shape shape_openai_responses = {
    .name = "openai-responses",
    .method = "POST",
    .path = "/v1/responses",
    .capability = "chat",
    .framing = SHAPE_SSE,
    .read = responses_read,
    .release = responses_release,
    .begin = responses_begin,
    .event = responses_event,
    .fail = responses_fail,
    .answer_free = answer_free,
    .error_body = openai_error_body,
};
