/* vLLM's POST /tokenize and POST /detokenize: prompts as token ids, and back.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The worker tells the prompt back and evaluates nothing ("echo" without log probabilities,
 * "max_tokens" 0), so that counts and ids are those of a request that would be answered: with the
 * template of messages, and the BOS of texts. */
#include "base/core/mem.h"
#include "serve/server/api_openai.h"
#include "serve/server/shape_out.h"

#define LISTS_BYTES_MAX ((size_t)256 << 20)

struct own {
    bool detokenize, with_texts;
};

static bool finish(struct shape_request *r, const struct fields *f, struct json_writer *w)
{
    struct generation g = generation_unset;
    g.max_tokens = 0;
    g.echo = true;
    generation_close(&g, w);
    return generation_finish(&g, r, f->err);
}

static bool put_messages(struct json_writer *w, const struct fields *f)
{
    const struct json *kwargs = NULL;
    bool prompt = true;
    if (!openai_put_messages(w, f) || !openai_put_tools(w, f, false) ||
        !field_object(f, "chat_template_kwargs", &kwargs) ||
        !field_bool(f, "add_generation_prompt", &prompt))
        return false;
    json_member_bool(w, "add_generation_prompt", prompt);
    openai_put_kwargs(w, kwargs, (struct span){ 0 });
    return true;
}

static bool put_text_prompt(struct json_writer *w, const struct fields *f)
{
    struct span text = { 0 };
    bool special = true;
    if (!field_text(f, "prompt", &text) || !field_bool(f, "add_special_tokens", &special))
        return false;
    if (!text.data)
        return api_refuse(f->err, API_MISSING, "prompt", "'prompt' or 'messages' must be given");
    if (!special)
        return api_refuse(f->err, API_UNSUPPORTED, "add_special_tokens",
                          "'add_special_tokens' must be true: the ids are those that the model "
                          "would get");
    put_span(w, "text", text);
    json_member_bool(w, "parse_special", true);
    return true;
}

static bool read_tokenize(struct shape_request *r, const struct fields *f,
                          const struct shape_context *context)
{
    struct own *own = r->own;
    struct json_writer w;
    if (!openai_read_model(f, r) || !field_bool(f, "return_token_strs", &own->with_texts) ||
        !generation_reserve(r, 1, 1, f->err))
        return false;
    json_writer_init(&w, &r->canonical[0], 0);
    json_open_object(&w);
    if (!(field_get(f, "messages") ? put_messages(&w, f) : put_text_prompt(&w, f))) return false;
    return finish(r, f, &w);
}

static bool read_detokenize(struct shape_request *r, const struct fields *f,
                            const struct shape_context *context)
{
    const struct json *tokens = NULL;
    struct own *own = r->own;
    struct json_writer w;
    own->detokenize = true;
    if (!openai_read_model(f, r) || !field_array(f, "tokens", &tokens) ||
        !generation_reserve(r, 1, 1, f->err))
        return false;
    if (!json_length(tokens))
        return api_refuse(f->err, API_MISSING, "tokens", "'tokens' must be a list of token ids");
    json_writer_init(&w, &r->canonical[0], 0);
    json_open_object(&w);
    json_key(&w, "ids");
    json_open_array(&w);
    for (size_t i = 0; i < json_length(tokens); i++) {
        int64_t id = json_int(json_at(tokens, i), -1);
        if (id < 0 || id > INT32_MAX)
            return api_refuse(f->err, API_INVALID_VALUE, path_of("tokens[%zu]", i).text,
                              "'tokens[%zu]' is no token id", i);
        json_put_int(&w, id);
    }
    json_close_array(&w);
    return finish(r, f, &w);
}

static bool tokenize_read(struct shape_request *ret, const struct json *body,
                          const struct shape_context *context, struct api_error *err)
{
    return generation_request(ret, body, sizeof(struct own), read_tokenize, generation_release,
                              context, err);
}

static bool detokenize_read(struct shape_request *ret, const struct json *body,
                            const struct shape_context *context, struct api_error *err)
{
    return generation_request(ret, body, sizeof(struct own), read_detokenize, generation_release,
                              context, err);
}

/* ---- the answer ---- */

struct shape_answer {
    const struct shape_context *context;
    const struct own *own;
    struct outlet out;
    struct buf ids, texts; /* lists without brackets */
    struct buf bytes;
    int64_t count;
};

static void answer_free(struct shape_answer *a)
{
    if (!a) return;
    buf_release(&a->ids);
    buf_release(&a->texts);
    buf_release(&a->bytes);
    outlet_release(&a->out);
    mem_free(a);
}

static enum status tokenize_begin(struct shape_answer **ret, const struct shape_request *request,
                                  const struct shape_context *context, shape_sink *sink,
                                  void *sink_ctx, struct error *err)
{
    struct shape_answer *a = mem_zero(sizeof *a);
    if (!a) return error_set(err, STATUS_NO_MEMORY, "out of memory for an answer");
    a->context = context;
    a->own = request->own;
    a->ids = a->texts = a->bytes = BUF_INIT(LISTS_BYTES_MAX);
    outlet_init(&a->out, sink, sink_ctx);
    *ret = a;
    return STATUS_OK;
}

static void take_token(struct shape_answer *a, const struct json *token)
{
    if (a->count++) buf_byte(&a->ids, ',');
    buf_format(&a->ids, "%lld", (long long)json_int(json_get(token, "id"), -1));
    if (a->own->detokenize) token_bytes(&a->bytes, token);
    if (!a->own->with_texts) return;
    struct buf text = BUF_INIT(LISTS_BYTES_MAX);
    struct json_writer w;
    if (a->texts.len) buf_byte(&a->texts, ',');
    token_text(&text, token, "");
    json_writer_init(&w, &a->texts, 0);
    json_put_span(&w, (struct span){ text.data ? text.data : "", text.len });
    a->texts.failed |= text.failed;
    buf_release(&text);
}

static enum status send_answer(struct shape_answer *a, struct error *err)
{
    const struct json *max = json_get(a->context->ready, "context_max");
    struct json_writer *w = outlet_open(&a->out);
    if (a->own->detokenize) {
        put_span(w, "prompt", (struct span){ a->bytes.data, a->bytes.len });
        w->out->failed |= a->bytes.failed;
        return outlet_send(&a->out, NULL, true, err);
    }
    json_member_int(w, "count", a->count);
    if (max) json_member_int(w, "max_model_len", json_int(max, 0));
    put_raw_list(w, "tokens", &a->ids);
    if (a->own->with_texts) put_raw_list(w, "token_strs", &a->texts);
    return outlet_send(&a->out, NULL, true, err);
}

static enum status tokenize_event(struct shape_answer *a, int index,
                                  const struct worker_event *event, struct error *err)
{
    const struct json *prompt = json_get(event->body, "prompt");
    if (event->kind == WORKER_DELTA)
        for (size_t i = 0; i < json_length(prompt); i++)
            take_token(a, json_at(prompt, i));
    return event->kind == WORKER_DONE ? send_answer(a, err) : STATUS_OK;
}

static enum status tokenize_fail(struct shape_answer *a, const struct api_error *error,
                                 struct error *err)
{
    buf_clear(&a->out.text);
    openai_error_body(&a->out.text, error, a->context);
    enum status s = buf_check(&a->out.text, "an error", err);
    struct span text = { a->out.text.data, a->out.text.len };
    return s ? s : a->out.sink(a->out.ctx, NULL, text, true, err);
}

const struct shape shape_tokenize = {
    .name = "tokenize",
    .method = "POST",
    .path = "/tokenize",
    .capability = "completions",
    .framing = SHAPE_SSE,
    .read = tokenize_read,
    .release = generation_release,
    .begin = tokenize_begin,
    .event = tokenize_event,
    .fail = tokenize_fail,
    .answer_free = answer_free,
    .error_body = openai_error_body,
};

const struct shape shape_detokenize = {
    .name = "detokenize",
    .method = "POST",
    .path = "/detokenize",
    .capability = "completions",
    .framing = SHAPE_SSE,
    .read = detokenize_read,
    .release = generation_release,
    .begin = tokenize_begin,
    .event = tokenize_event,
    .fail = tokenize_fail,
    .answer_free = answer_free,
    .error_body = openai_error_body,
};
