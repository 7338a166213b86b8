/* Anthropic's POST /v1/messages.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sources: the API's public description and the accumulator of its Python client, which goes by
 * the names of events, takes nothing before message_start, and wants every delta's block started. */
#include "base/core/mem.h"
#include "serve/server/api_anthropic.h"
#include "serve/server/shape_out.h"
#include "serve/server/shape_parts.h"

static bool read_body(struct shape_request *r, const struct fields *f,
                      const struct shape_context *context)
{
    return anthropic_read(r, f, false);
}

static bool messages_read(struct shape_request *ret, const struct json *body,
                          const struct shape_context *context, struct api_error *err)
{
    return generation_request(ret, body, 1, read_body, generation_release, context, err);
}

struct shape_answer {
    const struct shape_context *context;
    bool stream, started, done;
    struct outlet out;
    struct parts parts;
    struct usage usage;
    const char *stop_reason;
    struct span stop_sequence; /* of the event */
};

static void answer_free(struct shape_answer *a)
{
    if (!a) return;
    parts_release(&a->parts);
    outlet_release(&a->out);
    mem_free(a);
}

static enum status messages_begin(struct shape_answer **ret, const struct shape_request *request,
                                  const struct shape_context *context, shape_sink *sink,
                                  void *sink_ctx, struct error *err)
{
    struct shape_answer *a = mem_zero(sizeof *a);
    if (!a) return error_set(err, STATUS_NO_MEMORY, "out of memory for an answer");
    a->context = context;
    a->stream = request->stream;
    outlet_init(&a->out, sink, sink_ctx);
    /* Kept in streams too: the signature of thinking comes after it. */
    parts_init(&a->parts, &(struct parts_options){ true, "toolu_", false, context, 0 });
    *ret = a;
    return STATUS_OK;
}

/* ---- pieces ---- */

static void put_usage(struct json_writer *w, const struct usage *u)
{
    json_key(w, "usage");
    json_open_object(w);
    json_member_int(w, "input_tokens", u->prompt - u->cached);
    json_member_int(w, "cache_creation_input_tokens", 0);
    json_member_int(w, "cache_read_input_tokens", u->cached);
    json_member_int(w, "output_tokens", u->completion);
    json_close_object(w);
}

static void put_head(struct json_writer *w, const struct shape_answer *a)
{
    json_member_text(w, "id", path_of("msg_%s", a->context->request_id).text);
    json_member_text(w, "type", "message");
    json_member_text(w, "role", "assistant");
    json_member_text(w, "model", a->context->model);
}

static void put_stop(struct json_writer *w, const struct shape_answer *a)
{
    json_member_text(w, "stop_reason", a->stop_reason);
    if (a->stop_sequence.data) put_span(w, "stop_sequence", a->stop_sequence);
    else put_null(w, "stop_sequence");
}

static enum status send_start(struct shape_answer *a, struct error *err)
{
    struct json_writer *w = outlet_open(&a->out);
    a->started = true;
    json_member_text(w, "type", "message_start");
    json_key(w, "message");
    json_open_object(w);
    put_head(w, a);
    json_key(w, "content");
    json_open_array(w);
    json_close_array(w);
    put_stop(w, a);
    put_usage(w, &a->usage);
    json_close_object(w);
    return outlet_send(&a->out, "message_start", false, err);
}

static enum status send_open(struct shape_answer *a, size_t index, struct error *err)
{
    const struct part *part = &a->parts.items[index];
    struct json_writer *w = outlet_open(&a->out);
    json_member_text(w, "type", "content_block_start");
    json_member_int(w, "index", (int64_t)index);
    json_key(w, "content_block");
    json_open_object(w);
    if (part->kind == PART_CONTENT) {
        json_member_text(w, "type", "text");
        json_member_text(w, "text", "");
    } else if (part->kind == PART_REASONING) {
        json_member_text(w, "type", "thinking");
        json_member_text(w, "thinking", "");
        json_member_text(w, "signature", "");
    } else {
        json_member_text(w, "type", "tool_use");
        json_member_text(w, "id", part->id);
        json_member_text(w, "name", part->name);
        json_key(w, "input");
        json_open_object(w);
        json_close_object(w);
    }
    json_close_object(w);
    return outlet_send(&a->out, "content_block_start", false, err);
}

static enum status send_delta(struct shape_answer *a, size_t index, const char *type,
                              const char *key, struct span text, struct error *err)
{
    struct json_writer *w = outlet_open(&a->out);
    json_member_text(w, "type", "content_block_delta");
    json_member_int(w, "index", (int64_t)index);
    json_key(w, "delta");
    json_open_object(w);
    json_member_text(w, "type", type);
    put_span(w, key, text);
    json_close_object(w);
    return outlet_send(&a->out, "content_block_delta", false, err);
}

static enum status send_text(struct shape_answer *a, size_t index, struct span text,
                             struct error *err)
{
    switch (a->parts.items[index].kind) {
    case PART_CONTENT: return send_delta(a, index, "text_delta", "text", text, err);
    case PART_REASONING: return send_delta(a, index, "thinking_delta", "thinking", text, err);
    default: return send_delta(a, index, "input_json_delta", "partial_json", text, err);
    }
}

static enum status send_close(struct shape_answer *a, size_t index, struct error *err)
{
    const struct part *part = &a->parts.items[index];
    char signature[ANTHROPIC_SIGNATURE_BYTES];
    enum status s = STATUS_OK;
    if (part->kind == PART_REASONING) {
        s = anthropic_signature((struct span){ part->text.data, part->text.len }, signature, err);
        if (!s) s = send_delta(a, index, "signature_delta", "signature", span_of(signature), err);
    }
    if (s) return s;
    struct json_writer *w = outlet_open(&a->out);
    json_member_text(w, "type", "content_block_stop");
    json_member_int(w, "index", (int64_t)index);
    return outlet_send(&a->out, "content_block_stop", false, err);
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

/* ---- the whole ---- */

static enum status put_block(struct json_writer *w, const struct part *part, struct error *err)
{
    struct span text = { part->text.data, part->text.len };
    char signature[ANTHROPIC_SIGNATURE_BYTES];
    enum status s = STATUS_OK;
    json_open_object(w);
    if (part->kind == PART_CONTENT) {
        json_member_text(w, "type", "text");
        put_span(w, "text", text);
    } else if (part->kind == PART_REASONING) {
        s = anthropic_signature(text, signature, err);
        json_member_text(w, "type", "thinking");
        put_span(w, "thinking", text);
        json_member_text(w, "signature", s ? "" : signature);
    } else {
        json_member_text(w, "type", "tool_use");
        json_member_text(w, "id", part->id);
        json_member_text(w, "name", part->name);
        /* What a broken off call has for arguments is no JSON, and `input` must be some. */
        put_parsed(w, "input", part->complete ? text : span_of(""), false);
    }
    json_close_object(w);
    return s;
}

static enum status send_whole(struct shape_answer *a, struct error *err)
{
    struct json_writer *w = outlet_open(&a->out);
    enum status s = STATUS_OK;
    put_head(w, a);
    json_key(w, "content");
    json_open_array(w);
    for (size_t i = 0; i < a->parts.count && !s; i++)
        s = put_block(w, &a->parts.items[i], err);
    json_close_array(w);
    put_stop(w, a);
    put_usage(w, &a->usage);
    return s ? s : outlet_send(&a->out, NULL, true, err);
}

static enum status send_end(struct shape_answer *a, struct error *err)
{
    struct json_writer *w = outlet_open(&a->out);
    json_member_text(w, "type", "message_delta");
    json_key(w, "delta");
    json_open_object(w);
    put_stop(w, a);
    json_close_object(w);
    put_usage(w, &a->usage);
    enum status s = outlet_send(&a->out, "message_delta", false, err);
    if (s) return s;
    json_member_text(outlet_open(&a->out), "type", "message_stop");
    return outlet_send(&a->out, "message_stop", true, err);
}

/* ---- events ---- */

static bool has_whole_call(const struct parts *p)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->items[i].complete) return true;
    return false;
}

static void set_stop(struct shape_answer *a, const struct json *done)
{
    struct span finish = json_string(json_get(done, "finish"));
    struct span stop = json_string(json_get(done, "stop"));
    a->stop_reason = "end_turn";
    if (!finish.data) return;
    if (span_equals(finish, "length")) a->stop_reason = "max_tokens";
    else if (span_equals(finish, "context")) a->stop_reason = "model_context_window_exceeded";
    else if (span_equals(finish, "tool_calls") || has_whole_call(&a->parts))
        a->stop_reason = "tool_use";
    else if (stop.data) {
        a->stop_reason = "stop_sequence";
        a->stop_sequence = stop;
    }
}

static enum status take_progress(struct shape_answer *a, const struct json *body, struct error *err)
{
    if (!a->stream) return STATUS_OK;
    if (!a->started) {
        a->usage.prompt = json_int(json_get(body, "total"), 0);
        enum status s = send_start(a, err);
        a->usage.prompt = 0;
        return s;
    }
    json_member_text(outlet_open(&a->out), "type", "ping");
    return outlet_send(&a->out, "ping", false, err);
}

static enum status take_done(struct shape_answer *a, const struct json *body, struct error *err)
{
    struct span finish = json_string(json_get(body, "finish"));
    struct steps steps;
    if (finish.data && span_equals(finish, "cancelled"))
        return error_set(err, STATUS_CANCELLED, "the answer was cancelled");
    parts_end(&a->parts, &steps);
    enum status s = send_steps(a, &steps, err);
    usage_add(&a->usage, body, true);
    set_stop(a, body);
    a->done = true;
    if (s) return s;
    return a->stream ? send_end(a, err) : send_whole(a, err);
}

static enum status messages_event(struct shape_answer *a, int index,
                                  const struct worker_event *event, struct error *err)
{
    struct steps steps;
    enum status s = STATUS_OK;
    if (index || a->done)
        return error_set(err, STATUS_FAILED, "an event of answer %d, which is not under way",
                         index);
    if (event->kind == WORKER_PROGRESS) return take_progress(a, event->body, err);
    if (a->stream && !a->started) s = send_start(a, err);
    if (!s && event->kind == WORKER_DONE) return take_done(a, event->body, err);
    if (!s && event->kind == WORKER_DELTA) {
        s = parts_take(&a->parts, event->body, &steps, err);
        if (!s) s = send_steps(a, &steps, err);
    }
    return s;
}

static enum status messages_fail(struct shape_answer *a, const struct api_error *error,
                                 struct error *err)
{
    buf_clear(&a->out.text);
    anthropic_error_body(&a->out.text, error, a->context);
    enum status s = buf_check(&a->out.text, "an error", err);
    struct span text = { a->out.text.data, a->out.text.len };
    return s ? s : a->out.sink(a->out.ctx, a->stream ? "error" : NULL, text, true, err);
}

const struct shape shape_anthropic_messages = {
    .name = "anthropic-messages",
    .method = "POST",
    .path = "/v1/messages",
    .capability = "chat",
    .framing = SHAPE_SSE,
    .read = messages_read,
    .release = generation_release,
    .begin = messages_begin,
    .event = messages_event,
    .fail = messages_fail,
    .answer_free = answer_free,
    .error_body = anthropic_error_body,
};
