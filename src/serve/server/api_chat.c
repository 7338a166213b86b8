/* OpenAI's POST /v1/chat/completions.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sources: the OpenAPI description of the API (CreateChatCompletionRequest, ...Response,
 * ...StreamResponse) and what its Python and Node clients check when they join the chunks: `id`,
 * `name` and `role` come once, numbers never stand in a delta, choices begin in the order of their
 * indices, usage comes last. */
#include "base/core/mem.h"
#include "serve/server/api_openai.h"
#include "serve/server/shape_constraint.h"
#include "serve/server/shape_out.h"
#include "serve/server/shape_parts.h"

#define TOP_LOGPROBS_MAX    20
#define LOGPROBS_BYTES_MAX  ((size_t)256 << 20) /* of one choice */
#define KNOWN_REASONING_KEY "reasoning_content"

/* What of the body the answer depends on. */
struct own {
    bool usage_chunk;
    bool logprobs;
};

/* ---- the request ---- */

static bool read_logprobs(const struct fields *f, struct own *own, struct generation *g)
{
    int64_t top = 0;
    if (!field_bool(f, "logprobs", &own->logprobs) ||
        !field_int(f, "top_logprobs", 0, TOP_LOGPROBS_MAX, &top))
        return false;
    if (top && !own->logprobs)
        return api_refuse(f->err, API_INVALID_VALUE, "top_logprobs",
                          "'top_logprobs' needs 'logprobs' to be true");
    if (own->logprobs) g->logprobs = top;
    return true;
}

static bool read_stream(const struct fields *f, struct shape_request *r, struct own *own)
{
    const struct json *options = NULL;
    if (!field_bool(f, "stream", &r->stream) || !field_object(f, "stream_options", &options))
        return false;
    struct fields o = { options, "stream_options", f->err };
    return field_bool(&o, "include_usage", &own->usage_chunk);
}

static bool read_unsupported(const struct fields *f)
{
    const struct json *modalities = field_get(f, "modalities");
    bool text_only = !modalities || (json_length(modalities) == 1 &&
                                     json_type(json_at(modalities, 0)) == JSON_STRING &&
                                     span_equals(json_string(json_at(modalities, 0)), "text"));
    return field_unsupported(f, "functions", "send them as \"tools\"") &&
           field_unsupported(f, "audio", "the models here write text") &&
           field_unsupported(f, "web_search_options", "nothing here reaches the network") &&
           (text_only ||
            field_unsupported(f, "modalities", "the models here write text: send [\"text\"]"));
}

/* Members that other servers have added to the API, as lm/chat/chat_request.h has them. */
static bool put_extensions(struct json_writer *w, const struct fields *f)
{
    const struct json *kwargs = NULL, *documents = NULL;
    const struct json *last = field_get(f, "continue_final_message");
    struct span effort = { 0 };
    bool prompt = !last || (json_type(last) == JSON_BOOL && !json_bool(last, false));
    if (!field_object(f, "chat_template_kwargs", &kwargs) ||
        !field_array(f, "documents", &documents) || !field_text(f, "reasoning_effort", &effort) ||
        !field_bool(f, "add_generation_prompt", &prompt))
        return false;
    json_member_bool(w, "add_generation_prompt", prompt);
    if (last) {
        json_key(w, "continue_final_message");
        json_put_value(w, last);
    }
    if (documents) {
        json_key(w, "documents");
        json_put_value(w, documents);
    }
    openai_put_kwargs(w, kwargs, effort);
    return true;
}

static bool read_generation(const struct fields *f, struct own *own, struct generation *g)
{
    /* The older name first: the newer one wins. */
    return generation_read(f, g) && generation_read_stop(f, "stop", OPENAI_STOPS_MAX, g) &&
           field_int(f, "max_tokens", 1, INT32_MAX, &g->max_tokens) &&
           field_int(f, "max_completion_tokens", 1, INT32_MAX, &g->max_tokens) &&
           read_logprobs(f, own, g);
}

static bool put_canonical(struct shape_request *r, const struct fields *f,
                          const struct constraint_wish *wish, const struct generation *g)
{
    struct json_writer w;
    json_writer_init(&w, &r->canonical[0], 0);
    json_open_object(&w);
    if (!openai_put_messages(&w, f) || !openai_put_tools(&w, f, wish->choice == TOOL_CHOICE_NONE) ||
        !put_extensions(&w, f) || !wish_put(&w, wish, field_get(f, "tools"), r, f->err))
        return false;
    generation_close(g, &w);
    return generation_finish(g, r, f->err);
}

static bool read_all(struct shape_request *r, const struct fields *f, struct constraint_wish *wish)
{
    struct generation g = generation_unset;
    struct own *own = r->own;
    int64_t n = 1;
    return openai_read_model(f, r) && read_stream(f, r, own) && read_unsupported(f) &&
           read_generation(f, own, &g) && field_int(f, "n", 1, SHAPE_CHOICES_MAX, &n) &&
           wish_read_response_format(f, wish) && wish_read_extras(f, wish) &&
           wish_read_tool_choice(f, wish) && generation_reserve(r, 1, (int)n, f->err) &&
           put_canonical(r, f, wish, &g);
}

static bool read_body(struct shape_request *r, const struct fields *f,
                      const struct shape_context *context)
{
    struct constraint_wish wish = { 0 };
    bool ok = read_all(r, f, &wish);
    constraint_wish_release(&wish);
    return ok;
}

static bool chat_read(struct shape_request *ret, const struct json *body,
                      const struct shape_context *context, struct api_error *err)
{
    return generation_request(ret, body, sizeof(struct own), read_body, generation_release, context,
                              err);
}

/* ---- the answer ---- */

struct choice {
    struct parts parts;
    struct buf logprobs; /* items of a list, written */
    const char *finish;  /* NULL: not done */
};

struct shape_answer {
    const struct shape_request *request;
    const struct shape_context *context;
    const struct own *own;
    struct outlet out;
    struct choice *choices;
    int count, done_count;
    struct usage usage;
};

static void answer_free(struct shape_answer *a)
{
    if (!a) return;
    for (int i = 0; a->choices && i < a->count; i++) {
        parts_release(&a->choices[i].parts);
        buf_release(&a->choices[i].logprobs);
    }
    mem_free(a->choices);
    outlet_release(&a->out);
    mem_free(a);
}

static const char *reasoning_key(const struct shape_answer *a)
{
    return a->context->reasoning_key ? a->context->reasoning_key : KNOWN_REASONING_KEY;
}

static void put_head(struct json_writer *w, const struct shape_answer *a, const char *object)
{
    struct field_path id = path_of("chatcmpl-%s", a->context->request_id);
    json_member_text(w, "id", id.text);
    json_member_text(w, "object", object);
    json_member_int(w, "created", a->context->created);
    json_member_text(w, "model", a->context->model);
    json_member_text(w, "system_fingerprint", a->context->fingerprint);
}

/* A chunk up to the inside of its delta. */
static struct json_writer *chunk_open(struct shape_answer *a, int index)
{
    struct json_writer *w = outlet_open(&a->out);
    put_head(w, a, "chat.completion.chunk");
    json_key(w, "choices");
    json_open_array(w);
    json_open_object(w);
    json_member_int(w, "index", index);
    json_key(w, "delta");
    json_open_object(w);
    return w;
}

static void put_logprobs(struct json_writer *w, const struct shape_answer *a, struct buf *items)
{
    json_key(w, "logprobs");
    if (!a->own->logprobs || !items) {
        json_put_null(w);
        return;
    }
    json_open_object(w);
    put_raw_list(w, "content", items);
    put_null(w, "refusal");
    json_close_object(w);
}

/* `items` NULL: no tokens in this chunk. They are cleared. */
static enum status chunk_send(struct shape_answer *a, struct buf *items, const char *finish,
                              struct error *err)
{
    struct json_writer *w = &a->out.w;
    json_close_object(w);
    put_logprobs(w, a, items);
    json_member_text(w, "finish_reason", finish);
    json_close_object(w);
    json_close_array(w);
    if (a->own->usage_chunk) put_null(w, "usage");
    if (items) buf_clear(items);
    return outlet_send(&a->out, NULL, false, err);
}

static void put_call_open(struct json_writer *w, const struct part *call)
{
    json_member_text(w, "id", call->id);
    json_member_text(w, "type", "function");
    json_key(w, "function");
    json_open_object(w);
    json_member_text(w, "name", call->name);
}

/* Writes what a step adds into an open delta; false: nothing, and no chunk is open. */
static bool put_step(struct shape_answer *a, int index, const struct step *step)
{
    const struct part *part = &a->choices[index].parts.items[step->part];
    bool is_call = part->kind == PART_CALL;
    if (step->kind == STEP_CLOSE || (step->kind == STEP_OPEN && !is_call)) return false;
    struct json_writer *w = chunk_open(a, index);
    if (!is_call) {
        put_span(w, part->kind == PART_CONTENT ? "content" : reasoning_key(a), step->text);
        return true;
    }
    json_key(w, "tool_calls");
    json_open_array(w);
    json_open_object(w);
    json_member_int(w, "index", part->call);
    if (step->kind == STEP_OPEN) {
        put_call_open(w, part);
        json_member_text(w, "arguments", "");
    } else {
        json_key(w, "function");
        json_open_object(w);
        put_span(w, "arguments", step->text);
    }
    json_close_object(w);
    json_close_object(w);
    json_close_array(w);
    return true;
}

static enum status send_role(struct shape_answer *a, int index, struct error *err)
{
    struct json_writer *w = chunk_open(a, index);
    json_member_text(w, "role", "assistant");
    json_member_text(w, "content", "");
    return chunk_send(a, NULL, NULL, err);
}

static enum status chat_begin(struct shape_answer **ret, const struct shape_request *request,
                              const struct shape_context *context, shape_sink *sink, void *sink_ctx,
                              struct error *err)
{
    struct shape_answer *a = mem_zero(sizeof *a);
    enum status s = STATUS_OK;
    if (a) {
        a->request = request;
        a->context = context;
        a->own = request->own;
        a->count = request->choice_count;
        a->choices = mem_array((size_t)a->count, sizeof *a->choices);
        outlet_init(&a->out, sink, sink_ctx);
    }
    if (!a || !a->choices) s = error_set(err, STATUS_NO_MEMORY, "out of memory for an answer");
    for (int i = 0; !s && i < a->count; i++) {
        parts_init(&a->choices[i].parts,
                   &(struct parts_options){ !request->stream, "call_", true, context, i });
        a->choices[i].logprobs = BUF_INIT(LOGPROBS_BYTES_MAX);
    }
    /* All at once: a client may not take choice 1 before choice 0. */
    for (int i = 0; !s && request->stream && i < a->count; i++)
        s = send_role(a, i, err);
    if (s) answer_free(a);
    else *ret = a;
    return s;
}

/* ---- events ---- */

static enum status take_delta(struct shape_answer *a, int index, const struct json *body,
                              struct error *err)
{
    struct choice *c = &a->choices[index];
    struct steps steps;
    enum status s = parts_take(&c->parts, body, &steps, err);
    if (a->own->logprobs) tokens_put_chat(&c->logprobs, json_get(body, "tokens"));
    if (s || !a->request->stream) return s;
    for (int i = 0; i < steps.count && !s; i++)
        if (put_step(a, index, &steps.items[i]))
            s = chunk_send(a, c->logprobs.len ? &c->logprobs : NULL, NULL, err);
    if (s || !c->logprobs.len) return s;
    chunk_open(a, index);
    return chunk_send(a, &c->logprobs, NULL, err);
}

static bool has_whole_call(const struct parts *p)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->items[i].kind == PART_CALL && p->items[i].complete) return true;
    return false;
}

static const char *finish_of(const struct parts *p, struct span finish)
{
    if (span_equals(finish, "length") || span_equals(finish, "context")) return "length";
    if (span_equals(finish, "tool_calls") || has_whole_call(p)) return "tool_calls";
    return "stop";
}

/* A message's texts of one kind, joined; false: there are none. */
static bool join(struct buf *ret, const struct parts *p, enum part_kind kind)
{
    bool any = false;
    for (size_t i = 0; i < p->count; i++) {
        const struct part *part = &p->items[i];
        if (part->kind != kind) continue;
        any = true;
        if (part->len) buf_append(ret, part->text.data, part->text.len);
    }
    return any;
}

static void put_joined(struct json_writer *w, const char *key, const struct parts *p,
                       enum part_kind kind, bool always)
{
    struct buf text = BUF_INIT(PIECE_BYTES_MAX);
    if (join(&text, p, kind) || always) put_span(w, key, (struct span){ text.data, text.len });
    else if (kind == PART_CONTENT) put_null(w, key);
    w->out->failed |= text.failed;
    buf_release(&text);
}

static void put_calls(struct json_writer *w, const struct parts *p)
{
    if (!p->call_count) return;
    json_key(w, "tool_calls");
    json_open_array(w);
    for (size_t i = 0; i < p->count; i++) {
        const struct part *part = &p->items[i];
        if (part->kind != PART_CALL) continue;
        json_open_object(w);
        put_call_open(w, part);
        put_span(w, "arguments", (struct span){ part->text.data, part->text.len });
        json_close_object(w);
        json_close_object(w);
    }
    json_close_array(w);
}

static void put_choice(struct json_writer *w, struct shape_answer *a, int index)
{
    struct choice *c = &a->choices[index];
    json_open_object(w);
    json_member_int(w, "index", index);
    json_key(w, "message");
    json_open_object(w);
    json_member_text(w, "role", "assistant");
    put_joined(w, "content", &c->parts, PART_CONTENT, !c->parts.call_count);
    put_null(w, "refusal");
    put_joined(w, reasoning_key(a), &c->parts, PART_REASONING, false);
    put_calls(w, &c->parts);
    json_close_object(w);
    put_logprobs(w, a, &c->logprobs);
    json_member_text(w, "finish_reason", c->finish);
    json_close_object(w);
}

static void put_usage(struct json_writer *w, const struct shape_answer *a)
{
    json_key(w, "usage");
    usage_put(w, &a->usage);
    json_key(w, "timings");
    timings_put(w, &a->usage);
}

static enum status send_whole(struct shape_answer *a, struct error *err)
{
    struct json_writer *w = outlet_open(&a->out);
    put_head(w, a, "chat.completion");
    json_key(w, "choices");
    json_open_array(w);
    for (int i = 0; i < a->count; i++)
        put_choice(w, a, i);
    json_close_array(w);
    put_usage(w, a);
    return outlet_send(&a->out, NULL, true, err);
}

static enum status send_end(struct shape_answer *a, struct error *err)
{
    enum status s = STATUS_OK;
    if (a->own->usage_chunk) {
        struct json_writer *w = outlet_open(&a->out);
        put_head(w, a, "chat.completion.chunk");
        json_key(w, "choices");
        json_open_array(w);
        json_close_array(w);
        put_usage(w, a);
        s = outlet_send(&a->out, NULL, false, err);
    }
    return s ? s : outlet_text(&a->out, NULL, "[DONE]", true, err);
}

static enum status take_done(struct shape_answer *a, int index, const struct json *body,
                             struct error *err)
{
    struct choice *c = &a->choices[index];
    struct span finish = json_string(json_get(body, "finish"));
    struct steps steps;
    enum status s = STATUS_OK;
    if (!finish.data) finish = span_of("stop");
    if (span_equals(finish, "cancelled"))
        return error_set(err, STATUS_CANCELLED, "the answer was cancelled");
    parts_end(&c->parts, &steps);
    c->finish = finish_of(&c->parts, finish);
    usage_add(&a->usage, body, index == 0);
    a->done_count++;
    if (a->request->stream) {
        chunk_open(a, index);
        s = chunk_send(a, NULL, c->finish, err);
    }
    if (s || a->done_count < a->count) return s;
    return a->request->stream ? send_end(a, err) : send_whole(a, err);
}

static enum status chat_event(struct shape_answer *a, int index, const struct worker_event *event,
                              struct error *err)
{
    if (index < 0 || index >= a->count || a->choices[index].finish)
        return error_set(err, STATUS_FAILED, "an event of answer %d, which is not under way",
                         index);
    if (event->kind == WORKER_DELTA) return take_delta(a, index, event->body, err);
    if (event->kind == WORKER_DONE) return take_done(a, index, event->body, err);
    return STATUS_OK;
}

static enum status chat_fail(struct shape_answer *a, const struct api_error *error,
                             struct error *err)
{
    buf_clear(&a->out.text);
    openai_error_body(&a->out.text, error, a->context);
    enum status s = buf_check(&a->out.text, "an error", err);
    struct span text = { a->out.text.data, a->out.text.len };
    return s ? s : a->out.sink(a->out.ctx, NULL, text, true, err);
}

const struct shape shape_openai_chat = {
    .name = "openai-chat",
    .method = "POST",
    .path = "/v1/chat/completions",
    .capability = "chat",
    .framing = SHAPE_SSE,
    .read = chat_read,
    .release = generation_release,
    .begin = chat_begin,
    .event = chat_event,
    .fail = chat_fail,
    .answer_free = answer_free,
    .error_body = openai_error_body,
};
