/* Ollama's POST /api/chat and POST /api/generate: lines of JSON, streamed unless told otherwise.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Calls come whole, in one line, their arguments an object. Options that would change the answer and
 * are not known here are refused; those about where and how to compute are the server's business. */
#include "base/core/mem.h"
#include "serve/server/api_ollama.h"
#include "serve/server/api_openai.h"
#include "serve/server/shape_constraint.h"
#include "serve/server/shape_out.h"
#include "serve/server/shape_parts.h"
#include "serve/server/shape_time.h"

#define TOP_LOGPROBS_MAX   20
#define LOGPROBS_BYTES_MAX ((size_t)256 << 20)

struct own {
    bool load_only; /* an empty prompt asks whether the model is there */
    bool logprobs;
};

/* ---- the request ---- */

/* A penalty over fewer tokens than all is not offered. */
static bool read_window(const struct fields *o, struct generation *g)
{
    int64_t window = -1;
    if (!field_int(o, "repeat_last_n", -1, INT32_MAX, &window)) return false;
    if (window == 0) g->repeat_penalty = 1;
    bool active = g->repeat_penalty > 0 && g->repeat_penalty != 1;
    if (window <= 0 || !active) return true;
    return api_refuse(o->err, API_UNSUPPORTED, "options.repeat_last_n",
                      "'options.repeat_last_n' is not supported beside 'repeat_penalty': it sees "
                      "the whole text; send -1");
}

static bool read_neutral(const struct fields *o, const char *name, double neutral)
{
    double v = neutral;
    struct field_path path = path_in(o, name);
    if (!field_real(o, name, -1e9, 1e9, &v)) return false;
    if (v == neutral) return true;
    return api_refuse(o->err, API_UNSUPPORTED, path.text,
                      "'%s' is not supported: leave it out, or send %g", path.text, neutral);
}

static bool read_options(const struct fields *f, struct generation *g)
{
    const struct json *options = NULL;
    int64_t predict = -1;
    if (!field_object(f, "options", &options)) return false;
    struct fields o = { options, "options", f->err };
    if (!field_real(&o, "temperature", 0, 100, &g->temperature) ||
        !field_real(&o, "top_p", 0, 1, &g->top_p) || !field_real(&o, "min_p", 0, 1, &g->min_p) ||
        !field_int(&o, "top_k", -1, INT32_MAX, &g->top_k) ||
        !field_real(&o, "repeat_penalty", 0.01, 10, &g->repeat_penalty) ||
        !field_real(&o, "presence_penalty", -2, 2, &g->presence_penalty) ||
        !field_real(&o, "frequency_penalty", -2, 2, &g->frequency_penalty) ||
        !field_int(&o, "seed", INT64_MIN + 1, INT64_MAX, &g->seed) ||
        !field_int(&o, "num_predict", -2, INT32_MAX, &predict) ||
        !generation_read_stop(&o, "stop", GENERATION_STOPS_MAX, g))
        return false;
    if (predict >= 0) g->max_tokens = predict;
    return read_window(&o, g) && read_neutral(&o, "mirostat", 0) &&
           read_neutral(&o, "typical_p", 1) && read_neutral(&o, "tfs_z", 1);
}

static bool read_common(struct shape_request *r, const struct fields *f, struct generation *g,
                        struct constraint_wish *wish)
{
    struct own *own = r->own;
    int64_t top = 0;
    r->stream = true;
    if (!ollama_read_model(r, f) || !field_bool(f, "stream", &r->stream) || !read_options(f, g) ||
        !field_bool(f, "logprobs", &own->logprobs) ||
        !field_int(f, "top_logprobs", 0, TOP_LOGPROBS_MAX, &top) || !wish_read_ollama(f, wish))
        return false;
    if (own->logprobs) g->logprobs = top;
    return true;
}

/* true, false, or how much: "low", "medium", "high". */
static bool put_think(struct json_writer *w, const struct fields *f)
{
    const struct json *think = field_get(f, "think");
    struct span effort = json_string(think);
    if (!think) return true;
    if (json_type(think) != JSON_BOOL && !effort.data)
        return api_refuse(f->err, API_INVALID_TYPE, "think",
                          "'think' must be true, false, or one of low, medium, high");
    json_key(w, "chat_template_kwargs");
    json_open_object(w);
    json_member_bool(w, "enable_thinking", json_bool(think, true));
    if (effort.data) put_span(w, "reasoning_effort", effort);
    json_close_object(w);
    return true;
}

static void put_message(struct json_writer *w, const char *role, struct span content)
{
    json_open_object(w);
    json_member_text(w, "role", role);
    put_span(w, "content", content);
    json_close_object(w);
}

static bool close_request(struct shape_request *r, struct json_writer *w, struct generation *g,
                          struct api_error *err)
{
    const struct own *own = r->own;
    if (own->load_only) g->max_tokens = 0;
    generation_close(g, w);
    return generation_finish(g, r, err);
}

static bool read_chat_body(struct shape_request *r, const struct fields *f,
                           const struct shape_context *context)
{
    struct generation g = generation_unset;
    struct constraint_wish wish = { 0 };
    const struct json *messages = NULL;
    struct own *own = r->own;
    struct json_writer w;
    if (!read_common(r, f, &g, &wish) || !field_array(f, "messages", &messages) ||
        !generation_reserve(r, 1, 1, f->err))
        return false;
    own->load_only = !json_length(messages);
    json_writer_init(&w, &r->canonical[0], 0);
    json_open_object(&w);
    if (own->load_only) {
        json_key(&w, "messages");
        json_open_array(&w);
        put_message(&w, "user", (struct span){ 0 });
        json_close_array(&w);
    } else if (!openai_put_messages(&w, f)) return false;
    json_member_bool(&w, "add_generation_prompt", true);
    if (!openai_put_tools(&w, f, false) || !put_think(&w, f) ||
        !wish_put(&w, &wish, field_get(f, "tools"), r, f->err))
        return false;
    return close_request(r, &w, &g, f->err);
}

static bool put_prompt(struct json_writer *w, const struct fields *f, struct span prompt,
                       struct span system, bool raw)
{
    if (raw) {
        put_span(w, "text", prompt);
        json_member_bool(w, "parse_special", true);
        return true;
    }
    json_key(w, "messages");
    json_open_array(w);
    if (system.len) put_message(w, "system", system);
    put_message(w, "user", prompt);
    json_close_array(w);
    json_member_bool(w, "add_generation_prompt", true);
    return put_think(w, f);
}

static bool read_generate_body(struct shape_request *r, const struct fields *f,
                               const struct shape_context *context)
{
    struct generation g = generation_unset;
    struct constraint_wish wish = { 0 };
    struct span prompt = { 0 }, system = { 0 };
    struct own *own = r->own;
    struct json_writer w;
    bool raw = false;
    if (!read_common(r, f, &g, &wish) || !field_text(f, "prompt", &prompt) ||
        !field_text(f, "system", &system) || !field_bool(f, "raw", &raw) ||
        !field_unsupported(f, "suffix", "put it into a raw prompt, as the model was trained for") ||
        !field_unsupported(f, "template",
                           "the model's own template is used; send \"raw\": true and "
                           "the prompt as it is to be") ||
        !field_unsupported(f, "context", "send the conversation to /api/chat") ||
        !field_unsupported(f, "images", "the models here read text only") ||
        !generation_reserve(r, 1, 1, f->err))
        return false;
    own->load_only = !prompt.len;
    json_writer_init(&w, &r->canonical[0], 0);
    json_open_object(&w);
    if (!put_prompt(&w, f, prompt, system, raw && !own->load_only) ||
        !wish_put(&w, &wish, NULL, r, f->err))
        return false;
    return close_request(r, &w, &g, f->err);
}

static bool chat_read(struct shape_request *ret, const struct json *body,
                      const struct shape_context *context, struct api_error *err)
{
    return generation_request(ret, body, sizeof(struct own), read_chat_body, generation_release,
                              context, err);
}

static bool generate_read(struct shape_request *ret, const struct json *body,
                          const struct shape_context *context, struct api_error *err)
{
    return generation_request(ret, body, sizeof(struct own), read_generate_body, generation_release,
                              context, err);
}

/* ---- the answer ---- */

struct shape_answer {
    const struct shape_request *request;
    const struct shape_context *context;
    const struct own *own;
    bool is_chat, done;
    struct outlet out;
    struct parts parts;
    struct buf logprobs; /* a list without brackets */
};

static void answer_free(struct shape_answer *a)
{
    if (!a) return;
    parts_release(&a->parts);
    buf_release(&a->logprobs);
    outlet_release(&a->out);
    mem_free(a);
}

static enum status begin(struct shape_answer **ret, const struct shape_request *request,
                         const struct shape_context *context, shape_sink *sink, void *sink_ctx,
                         bool is_chat, struct error *err)
{
    struct shape_answer *a = mem_zero(sizeof *a);
    if (!a) return error_set(err, STATUS_NO_MEMORY, "out of memory for an answer");
    a->request = request;
    a->context = context;
    a->own = request->own;
    a->is_chat = is_chat;
    a->logprobs = BUF_INIT(LOGPROBS_BYTES_MAX);
    outlet_init(&a->out, sink, sink_ctx);
    parts_init(&a->parts, &(struct parts_options){ true, "call_", true, context, 0 });
    *ret = a;
    return STATUS_OK;
}

static enum status chat_begin(struct shape_answer **ret, const struct shape_request *request,
                              const struct shape_context *context, shape_sink *sink, void *sink_ctx,
                              struct error *err)
{
    return begin(ret, request, context, sink, sink_ctx, true, err);
}

static enum status generate_begin(struct shape_answer **ret, const struct shape_request *request,
                                  const struct shape_context *context, shape_sink *sink,
                                  void *sink_ctx, struct error *err)
{
    return begin(ret, request, context, sink, sink_ctx, false, err);
}

static struct json_writer *open_line(struct shape_answer *a)
{
    struct json_writer *w = outlet_open(&a->out);
    json_member_text(w, "model", a->context->model);
    json_member_text(w, "created_at", time_text(a->context->created).text);
    return w;
}

static struct span text_of(const struct part *part)
{
    return (struct span){ part->text.data, part->text.len };
}

static void put_call(struct json_writer *w, const struct part *part)
{
    json_open_object(w);
    json_member_text(w, "id", part->id);
    json_key(w, "function");
    json_open_object(w);
    json_member_int(w, "index", part->call);
    json_member_text(w, "name", part->name);
    put_parsed(w, "arguments", text_of(part), true);
    json_close_object(w);
    json_close_object(w);
}

static void put_logprobs(struct json_writer *w, struct shape_answer *a)
{
    if (a->logprobs.len || a->logprobs.failed) put_raw_list(w, "logprobs", &a->logprobs);
    buf_clear(&a->logprobs);
}

/* A line with one piece of text; `call` instead of it where it is not NULL. */
static enum status send_piece(struct shape_answer *a, enum part_kind kind, struct span text,
                              const struct part *call, struct error *err)
{
    struct json_writer *w = open_line(a);
    const char *plain = a->is_chat ? "content" : "response";
    struct span none = { "", 0 };
    if (a->is_chat) {
        json_key(w, "message");
        json_open_object(w);
        json_member_text(w, "role", "assistant");
    }
    put_span(w, plain, kind == PART_CONTENT ? text : none);
    if (kind == PART_REASONING) put_span(w, "thinking", text);
    if (call) {
        json_key(w, "tool_calls");
        json_open_array(w);
        put_call(w, call);
        json_close_array(w);
    }
    if (a->is_chat) json_close_object(w);
    put_logprobs(w, a);
    json_member_bool(w, "done", false);
    return outlet_send(&a->out, NULL, false, err);
}

static enum status send_steps(struct shape_answer *a, const struct steps *steps, struct error *err)
{
    enum status s = STATUS_OK;
    for (int i = 0; a->request->stream && i < steps->count && !s; i++) {
        const struct step *step = &steps->items[i];
        const struct part *part = &a->parts.items[step->part];
        if (step->kind == STEP_TEXT && part->kind != PART_CALL)
            s = send_piece(a, part->kind, step->text, NULL, err);
        /* What broke off cannot be said here: the arguments must be an object. */
        if (step->kind == STEP_CLOSE && part->kind == PART_CALL && part->complete)
            s = send_piece(a, PART_CALL, (struct span){ 0 }, part, err);
    }
    return s;
}

static void put_joined(struct json_writer *w, const struct shape_answer *a, const char *key,
                       enum part_kind kind, bool always)
{
    struct buf text = BUF_INIT(PIECE_BYTES_MAX);
    for (size_t i = 0; !a->request->stream && i < a->parts.count; i++)
        if (a->parts.items[i].kind == kind && a->parts.items[i].len)
            buf_append(&text, text_of(&a->parts.items[i]).data, a->parts.items[i].len);
    if (text.len || always) put_span(w, key, (struct span){ text.data, text.len });
    w->out->failed |= text.failed;
    buf_release(&text);
}

static void put_calls(struct json_writer *w, const struct shape_answer *a)
{
    bool any = false;
    for (size_t i = 0; !a->request->stream && i < a->parts.count; i++) {
        if (!a->parts.items[i].complete) continue;
        if (!any) {
            json_key(w, "tool_calls");
            json_open_array(w);
        }
        any = true;
        put_call(w, &a->parts.items[i]);
    }
    if (any) json_close_array(w);
}

static void put_duration(struct json_writer *w, const char *key, double seconds)
{
    json_member_int(w, key, seconds > 0 && seconds < 1e9 ? (int64_t)(seconds * 1e9) : 0);
}

/* The last line; not streamed, it is all of them. */
static enum status send_last(struct shape_answer *a, const struct json *done, struct error *err)
{
    struct json_writer *w = open_line(a);
    struct span finish = json_string(json_get(done, "finish"));
    bool cut = finish.data && (span_equals(finish, "length") || span_equals(finish, "context"));
    struct usage u = { 0 };
    usage_add(&u, done, true);
    if (a->is_chat) {
        json_key(w, "message");
        json_open_object(w);
        json_member_text(w, "role", "assistant");
    }
    put_joined(w, a, a->is_chat ? "content" : "response", PART_CONTENT, true);
    put_joined(w, a, "thinking", PART_REASONING, false);
    if (a->is_chat) {
        put_calls(w, a);
        json_close_object(w);
    }
    put_logprobs(w, a);
    json_member_bool(w, "done", true);
    json_member_text(w, "done_reason", a->own->load_only ? "load" : cut ? "length" : "stop");
    put_duration(w, "total_duration", u.prompt_seconds + u.decode_seconds);
    json_member_int(w, "load_duration", 0);
    json_member_int(w, "prompt_eval_count", u.prompt);
    put_duration(w, "prompt_eval_duration", u.prompt_seconds);
    json_member_int(w, "eval_count", u.completion);
    put_duration(w, "eval_duration", u.decode_seconds);
    return outlet_send(&a->out, NULL, true, err);
}

static enum status ollama_event(struct shape_answer *a, int index, const struct worker_event *event,
                                struct error *err)
{
    struct steps steps = { .count = 0 };
    enum status s;
    if (index || a->done)
        return error_set(err, STATUS_FAILED, "an event of answer %d, which is not under way",
                         index);
    if (event->kind == WORKER_DELTA) {
        s = parts_take(&a->parts, event->body, &steps, err);
        if (a->own->logprobs) tokens_put_chat(&a->logprobs, json_get(event->body, "tokens"));
        return s ? s : send_steps(a, &steps, err);
    }
    if (event->kind != WORKER_DONE) return STATUS_OK;
    struct span finish = json_string(json_get(event->body, "finish"));
    if (finish.data && span_equals(finish, "cancelled"))
        return error_set(err, STATUS_CANCELLED, "the answer was cancelled");
    parts_end(&a->parts, &steps);
    s = send_steps(a, &steps, err);
    a->done = true;
    return s ? s : send_last(a, event->body, err);
}

static enum status ollama_fail(struct shape_answer *a, const struct api_error *error,
                               struct error *err)
{
    buf_clear(&a->out.text);
    ollama_error_body(&a->out.text, error, a->context);
    enum status s = buf_check(&a->out.text, "an error", err);
    struct span text = { a->out.text.data, a->out.text.len };
    return s ? s : a->out.sink(a->out.ctx, NULL, text, true, err);
}

const struct shape shape_ollama_chat = {
    .name = "ollama-chat",
    .method = "POST",
    .path = "/api/chat",
    .capability = "chat",
    .framing = SHAPE_NDJSON,
    .read = chat_read,
    .release = generation_release,
    .begin = chat_begin,
    .event = ollama_event,
    .fail = ollama_fail,
    .answer_free = answer_free,
    .error_body = ollama_error_body,
};

const struct shape shape_ollama_generate = {
    .name = "ollama-generate",
    .method = "POST",
    .path = "/api/generate",
    .capability = "chat",
    .framing = SHAPE_NDJSON,
    .read = generate_read,
    .release = generation_release,
    .begin = generate_begin,
    .event = ollama_event,
    .fail = ollama_fail,
    .answer_free = answer_free,
    .error_body = ollama_error_body,
};
