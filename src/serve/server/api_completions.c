/* OpenAI's POST /v1/completions: texts continued as they are, without a template.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `echo` with `logprobs` gives the prompt's own log probabilities, which is what evaluation harnesses
 * ask for (`max_tokens` 0 or 1): the arrays of the old API, one entry for each token, null for the
 * first of the prompt. Names of special tokens in a prompt become those tokens: the prompt is raw. */
#include "base/core/mem.h"
#include "serve/server/api_openai.h"
#include "serve/server/shape_constraint.h"
#include "serve/server/shape_out.h"

#define LOGPROBS_MAX       20
#define MAX_TOKENS_DEFAULT 16 /* the API's own */
#define LISTS_BYTES_MAX    ((size_t)256 << 20)

struct own {
    bool usage_chunk, echo, logprobs;
    struct buf *prompts; /* texts to be echoed; of prompts given as ids they are empty */
    bool as_ids;
    int prompt_count;
};

static void completions_release(struct shape_request *r)
{
    struct own *own = r->own;
    for (int i = 0; own && own->prompts && i < own->prompt_count; i++)
        buf_release(&own->prompts[i]);
    if (own) mem_free(own->prompts);
    generation_release(r);
}

/* ---- the request ---- */

static bool is_list_of(const struct json *v, enum json_type type)
{
    for (size_t i = 0; i < json_length(v); i++)
        if (json_type(json_at(v, i)) != type) return false;
    return json_type(v) == JSON_ARRAY && json_length(v) > 0;
}

static bool put_ids(struct json_writer *w, const struct fields *f, const struct json *ids)
{
    if (!is_list_of(ids, JSON_INT))
        return api_refuse(
            f->err, API_INVALID_TYPE, "prompt",
            "'prompt' must be a text, a list of texts, a list of token ids, or a list "
            "of lists of token ids");
    json_key(w, "ids");
    json_open_array(w);
    for (size_t i = 0; i < json_length(ids); i++) {
        int64_t id = json_int(json_at(ids, i), -1);
        if (id < 0 || id > INT32_MAX)
            return api_refuse(f->err, API_INVALID_VALUE, "prompt",
                              "'prompt' holds %lld, which is no token id", (long long)id);
        json_put_int(w, id);
    }
    json_close_array(w);
    return true;
}

static bool put_prompt(struct json_writer *w, const struct fields *f, struct own *own,
                       const struct json *prompt, int index)
{
    struct span text = json_string(prompt);
    if (!text.data) {
        own->as_ids = true;
        return put_ids(w, f, prompt);
    }
    put_span(w, "text", text);
    json_member_bool(w, "parse_special", true);
    if (own->echo && text.len) buf_append(&own->prompts[index], text.data, text.len);
    w->out->failed |= own->prompts[index].failed;
    return true;
}

static bool put_canonicals(struct shape_request *r, const struct fields *f,
                           const struct constraint_wish *wish, struct generation *g)
{
    const struct json *prompt = field_get(f, "prompt");
    struct own *own = r->own;
    bool one = json_type(prompt) == JSON_STRING || is_list_of(prompt, JSON_INT);
    for (int i = 0; i < r->prompt_count; i++) {
        const struct json *p = one ? prompt : json_at(prompt, (size_t)i);
        struct json_writer w;
        json_writer_init(&w, &r->canonical[i], 0);
        json_open_object(&w);
        if (!put_prompt(&w, f, own, p, i)) return false;
        if (!wish_put(&w, wish, NULL, r, f->err)) return false;
        g->echo = own->echo && (own->logprobs || own->as_ids);
        generation_close(g, &w);
    }
    return generation_finish(g, r, f->err);
}

static bool reserve(struct shape_request *r, const struct fields *f, int64_t choices)
{
    const struct json *prompt = field_get(f, "prompt");
    struct own *own = r->own;
    bool one = json_type(prompt) == JSON_STRING || is_list_of(prompt, JSON_INT);
    size_t count = one ? 1 : json_length(prompt);
    struct error e;
    if (!prompt) return api_refuse(f->err, API_MISSING, "prompt", "'prompt' is missing");
    if (!one && json_type(prompt) != JSON_ARRAY)
        return api_refuse(f->err, API_INVALID_TYPE, "prompt",
                          "'prompt' must be a text, a list of texts, or token ids");
    if (!count || count * (size_t)choices > SHAPE_CHOICES_MAX)
        return api_refuse(f->err, API_INVALID_VALUE, "prompt",
                          "'prompt' has %zu prompts of %lld choices each; 1 to %d answers can be "
                          "given at once",
                          count, (long long)choices, SHAPE_CHOICES_MAX);
    own->prompts = mem_array(count, sizeof *own->prompts);
    if (!own->prompts) {
        error_set(&e, STATUS_NO_MEMORY, "out of memory for a request");
        return api_refuse_error(f->err, &e);
    }
    own->prompt_count = (int)count;
    for (size_t i = 0; i < count; i++)
        own->prompts[i] = BUF_INIT(GENERATION_BYTES_MAX);
    return generation_reserve(r, (int)count, (int)choices, f->err);
}

static bool read_settings(struct shape_request *r, const struct fields *f, struct generation *g)
{
    const struct json *options = NULL;
    struct own *own = r->own;
    if (!openai_read_model(f, r) || !field_bool(f, "stream", &r->stream) ||
        !field_object(f, "stream_options", &options) || !field_bool(f, "echo", &own->echo) ||
        !generation_read(f, g) || !generation_read_stop(f, "stop", OPENAI_STOPS_MAX, g) ||
        !field_int(f, "max_tokens", 0, INT32_MAX, &g->max_tokens) ||
        !field_int(f, "logprobs", 0, LOGPROBS_MAX, &g->logprobs) ||
        !field_unsupported(f, "suffix", "put it into the prompt, as the model was trained for it"))
        return false;
    struct fields o = { options, "stream_options", f->err };
    own->logprobs = g->logprobs != GENERATION_UNSET;
    if (g->max_tokens == GENERATION_UNSET) g->max_tokens = MAX_TOKENS_DEFAULT;
    return field_bool(&o, "include_usage", &own->usage_chunk);
}

static bool read_all(struct shape_request *r, const struct fields *f, struct constraint_wish *wish)
{
    struct generation g = generation_unset;
    int64_t n = 1, best_of = GENERATION_UNSET;
    if (!read_settings(r, f, &g) || !field_int(f, "n", 1, SHAPE_CHOICES_MAX, &n) ||
        !field_int(f, "best_of", 1, SHAPE_CHOICES_MAX, &best_of))
        return false;
    if (best_of != GENERATION_UNSET && best_of != n)
        return api_refuse(f->err, API_UNSUPPORTED, "best_of",
                          "'best_of' must be as large as 'n': all answers are given");
    return wish_read_response_format(f, wish) && wish_read_extras(f, wish) && reserve(r, f, n) &&
           put_canonicals(r, f, wish, &g);
}

static bool read_body(struct shape_request *r, const struct fields *f,
                      const struct shape_context *context)
{
    struct constraint_wish wish = { 0 };
    bool ok = read_all(r, f, &wish);
    constraint_wish_release(&wish);
    return ok;
}

static bool completions_read(struct shape_request *ret, const struct json *body,
                             const struct shape_context *context, struct api_error *err)
{
    return generation_request(ret, body, sizeof(struct own), read_body, completions_release,
                              context, err);
}

/* ---- the answer ---- */

/* Lists without their brackets, as long as the answer has tokens. */
struct lists {
    struct buf tokens, logprobs, tops, offsets;
};

struct choice {
    struct buf text;  /* echo and content; in streams what is not sent */
    struct buf bytes; /* of an echoed prompt that came as ids */
    struct lists lists;
    size_t offset; /* in characters, of the next token */
    size_t echoed; /* bytes of the prompt's text that its tokens have covered */
    bool prompt_done;
    const char *finish; /* NULL: not done */
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
        struct choice *c = &a->choices[i];
        buf_release(&c->text);
        buf_release(&c->bytes);
        buf_release(&c->lists.tokens);
        buf_release(&c->lists.logprobs);
        buf_release(&c->lists.tops);
        buf_release(&c->lists.offsets);
    }
    mem_free(a->choices);
    outlet_release(&a->out);
    mem_free(a);
}

static enum status completions_begin(struct shape_answer **ret, const struct shape_request *request,
                                     const struct shape_context *context, shape_sink *sink,
                                     void *sink_ctx, struct error *err)
{
    struct shape_answer *a = mem_zero(sizeof *a);
    int count = request->prompt_count * request->choice_count;
    if (a) a->choices = mem_array((size_t)count, sizeof *a->choices);
    if (!a || !a->choices) {
        mem_free(a);
        return error_set(err, STATUS_NO_MEMORY, "out of memory for an answer");
    }
    a->request = request;
    a->context = context;
    a->own = request->own;
    a->count = count;
    outlet_init(&a->out, sink, sink_ctx);
    for (int i = 0; i < count; i++) {
        struct choice *c = &a->choices[i];
        c->text = c->bytes = BUF_INIT(PIECE_BYTES_MAX);
        c->lists.tokens = c->lists.logprobs = BUF_INIT(LISTS_BYTES_MAX);
        c->lists.tops = c->lists.offsets = BUF_INIT(LISTS_BYTES_MAX);
    }
    *ret = a;
    return STATUS_OK;
}

static const struct buf *prompt_of(const struct shape_answer *a, int index)
{
    return &a->own->prompts[index / a->request->choice_count];
}

/* Characters that begin in the bytes. */
static size_t characters(const char *bytes, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((uint8_t)bytes[i] & 0xC0) != 0x80;
    return n;
}

/* ---- tokens ---- */

static void put_item(struct buf *list, const char *text)
{
    if (list->len) buf_byte(list, ',');
    buf_text(list, text);
}

static void put_token(struct buf *list, const struct json *token)
{
    struct buf text = BUF_INIT(PIECE_BYTES_MAX);
    struct json_writer w;
    if (list->len) buf_byte(list, ',');
    token_text(&text, token, "bytes:");
    json_writer_init(&w, list, 0);
    json_put_span(&w, text.data ? (struct span){ text.data, text.len } : span_of(""));
    list->failed |= text.failed;
    buf_release(&text);
}

static bool same_bytes(const struct json *a, const struct json *b)
{
    const struct json *x = json_get(a, "bytes"), *y = json_get(b, "bytes");
    if (json_length(x) != json_length(y)) return false;
    for (size_t i = 0; i < json_length(x); i++)
        if (json_int(json_at(x, i), -1) != json_int(json_at(y, i), -1)) return false;
    return true;
}

/* The map of the likeliest, and the token itself where it is not among them. Two tokens may be
 * spelled alike; the likelier one has the name. */
static void put_top(struct buf *list, const struct json *token)
{
    const struct json *top = json_get(token, "top");
    size_t count = json_length(top);
    if (list->len) buf_byte(list, ',');
    buf_byte(list, '{');
    bool any = false;
    for (size_t i = 0; i <= count; i++) {
        const struct json *t = i < count ? json_at(top, i) : token;
        struct json_writer w;
        bool known = false;
        for (size_t k = 0; k < i && !known; k++)
            known = same_bytes(json_at(top, k), t);
        if (known) continue;
        struct buf name = BUF_INIT(PIECE_BYTES_MAX);
        token_text(&name, t, "bytes:");
        if (any) buf_byte(list, ',');
        any = true;
        json_writer_init(&w, list, 0);
        json_put_span(&w, name.data ? (struct span){ name.data, name.len } : span_of(""));
        buf_byte(list, ':');
        json_writer_init(&w, list, 0);
        json_put_real(&w, token_logprob(t));
        list->failed |= name.failed;
        buf_release(&name);
    }
    buf_byte(list, '}');
}

/* How far a token of the prompt goes in the prompt's text: not at all where it is not written there
 * (BOS), and less its first space where the tokenizer has put that. */
static size_t covered(const struct buf *prompt, size_t at, const struct buf *bytes)
{
    for (size_t skip = 0; skip < 2 && skip < bytes->len; skip++) {
        size_t len = bytes->len - skip;
        if (skip && bytes->data[0] != ' ') break;
        if (len <= prompt->len - at && memcmp(prompt->data + at, bytes->data + skip, len) == 0)
            return len;
    }
    return 0;
}

static void take_token(struct shape_answer *a, int index, const struct json *token, bool of_prompt)
{
    struct choice *c = &a->choices[index];
    struct buf bytes = BUF_INIT(PIECE_BYTES_MAX);
    const struct buf *prompt = prompt_of(a, index);
    size_t len;
    token_bytes(&bytes, token);
    len = bytes.len;
    if (of_prompt && a->own->as_ids && bytes.len) buf_append(&c->bytes, bytes.data, bytes.len);
    if (a->own->logprobs) {
        bool unknown = json_type(json_get(token, "logprob")) == JSON_NULL;
        struct json_writer w;
        put_token(&c->lists.tokens, token);
        if (c->lists.offsets.len) buf_byte(&c->lists.offsets, ',');
        buf_format(&c->lists.offsets, "%zu", c->offset);
        if (c->lists.logprobs.len) buf_byte(&c->lists.logprobs, ',');
        json_writer_init(&w, &c->lists.logprobs, 0);
        if (unknown && of_prompt) json_put_null(&w);
        else json_put_real(&w, token_logprob(token));
        if (unknown && of_prompt) put_item(&c->lists.tops, "null");
        else put_top(&c->lists.tops, token);
    }
    if (of_prompt && !a->own->as_ids) {
        len = covered(prompt, c->echoed, &bytes);
        if (len) c->offset += characters(prompt->data + c->echoed, len);
        c->echoed += len;
    } else if (bytes.len) c->offset += characters(bytes.data, len);
    c->text.failed |= bytes.failed; /* then the answer fails: offsets would be wrong */
    buf_release(&bytes);
}

static void put_lists(struct json_writer *w, const struct shape_answer *a, struct lists *l)
{
    json_key(w, "logprobs");
    if (!a->own->logprobs) {
        json_put_null(w);
        return;
    }
    json_open_object(w);
    put_raw_list(w, "tokens", &l->tokens);
    put_raw_list(w, "token_logprobs", &l->logprobs);
    put_raw_list(w, "top_logprobs", &l->tops);
    put_raw_list(w, "text_offset", &l->offsets);
    json_close_object(w);
}

static void clear_lists(struct lists *l)
{
    buf_clear(&l->tokens);
    buf_clear(&l->logprobs);
    buf_clear(&l->tops);
    buf_clear(&l->offsets);
}

/* ---- pieces ---- */

static void put_head(struct json_writer *w, const struct shape_answer *a)
{
    json_member_text(w, "id", path_of("cmpl-%s", a->context->request_id).text);
    json_member_text(w, "object", "text_completion");
    json_member_int(w, "created", a->context->created);
    json_member_text(w, "model", a->context->model);
    json_member_text(w, "system_fingerprint", a->context->fingerprint);
    json_key(w, "choices");
    json_open_array(w);
}

static void put_choice(struct json_writer *w, struct shape_answer *a, int index)
{
    struct choice *c = &a->choices[index];
    json_open_object(w);
    json_member_int(w, "index", index);
    put_span(w, "text", (struct span){ c->text.data, c->text.len });
    put_lists(w, a, &c->lists);
    json_member_text(w, "finish_reason", c->finish);
    json_close_object(w);
    w->out->failed |= c->text.failed;
}

static void put_usage(struct json_writer *w, const struct shape_answer *a)
{
    json_key(w, "usage");
    usage_put(w, &a->usage);
    json_key(w, "timings");
    timings_put(w, &a->usage);
}

/* What has gathered of a choice; nothing where nothing has. */
static enum status send_fresh(struct shape_answer *a, int index, struct error *err)
{
    struct choice *c = &a->choices[index];
    if (!a->request->stream || (!c->text.len && !c->lists.tokens.len && !c->finish))
        return STATUS_OK;
    struct json_writer *w = outlet_open(&a->out);
    put_head(w, a);
    put_choice(w, a, index);
    json_close_array(w);
    if (a->own->usage_chunk) put_null(w, "usage");
    enum status s = outlet_send(&a->out, NULL, false, err);
    buf_clear(&c->text);
    clear_lists(&c->lists);
    return s;
}

static enum status send_end(struct shape_answer *a, struct error *err)
{
    enum status s = STATUS_OK;
    bool whole = !a->request->stream;
    if (whole || a->own->usage_chunk) {
        struct json_writer *w = outlet_open(&a->out);
        put_head(w, a);
        for (int i = 0; whole && i < a->count; i++)
            put_choice(w, a, i);
        json_close_array(w);
        put_usage(w, a);
        s = outlet_send(&a->out, NULL, whole, err);
    }
    return s || whole ? s : outlet_text(&a->out, NULL, "[DONE]", true, err);
}

/* ---- events ---- */

/* The prompt's text, once all of its tokens have come. */
static void end_prompt(struct shape_answer *a, int index)
{
    struct choice *c = &a->choices[index];
    const struct buf *from = a->own->as_ids ? &c->bytes : prompt_of(a, index);
    if (c->prompt_done) return;
    c->prompt_done = true;
    if (!a->own->echo || !from->len) return;
    buf_append(&c->text, from->data, from->len);
    c->text.failed |= from->failed;
    c->offset = characters(from->data, from->len);
}

static enum status take_delta(struct shape_answer *a, int index, const struct json *body,
                              struct error *err)
{
    struct choice *c = &a->choices[index];
    const struct json *prompt = json_get(body, "prompt"), *tokens = json_get(body, "tokens");
    struct span content = json_string(json_get(body, "content"));
    for (size_t i = 0; a->own->echo && !c->prompt_done && i < json_length(prompt); i++)
        take_token(a, index, json_at(prompt, i), true);
    if (!content.len && !json_length(tokens)) return STATUS_OK;
    end_prompt(a, index);
    if (content.len) buf_append(&c->text, content.data, content.len);
    for (size_t i = 0; a->own->logprobs && i < json_length(tokens); i++)
        take_token(a, index, json_at(tokens, i), false);
    return send_fresh(a, index, err);
}

static enum status take_done(struct shape_answer *a, int index, const struct json *body,
                             struct error *err)
{
    struct choice *c = &a->choices[index];
    struct span finish = json_string(json_get(body, "finish"));
    if (finish.data && span_equals(finish, "cancelled"))
        return error_set(err, STATUS_CANCELLED, "the answer was cancelled");
    end_prompt(a, index);
    /* Who counts tokens counts the one that ended the answer too. */
    if (a->own->logprobs && json_type(json_get(body, "end")) == JSON_OBJECT)
        take_token(a, index, json_get(body, "end"), false);
    bool cut = finish.data && (span_equals(finish, "length") || span_equals(finish, "context"));
    c->finish = cut ? "length" : "stop";
    usage_add(&a->usage, body, index % a->request->choice_count == 0);
    a->done_count++;
    enum status s = send_fresh(a, index, err);
    return s || a->done_count < a->count ? s : send_end(a, err);
}

static enum status completions_event(struct shape_answer *a, int index,
                                     const struct worker_event *event, struct error *err)
{
    if (index < 0 || index >= a->count || a->choices[index].finish)
        return error_set(err, STATUS_FAILED, "an event of answer %d, which is not under way",
                         index);
    if (event->kind == WORKER_DELTA) return take_delta(a, index, event->body, err);
    if (event->kind == WORKER_DONE) return take_done(a, index, event->body, err);
    return STATUS_OK;
}

static enum status completions_fail(struct shape_answer *a, const struct api_error *error,
                                    struct error *err)
{
    buf_clear(&a->out.text);
    openai_error_body(&a->out.text, error, a->context);
    enum status s = buf_check(&a->out.text, "an error", err);
    struct span text = { a->out.text.data, a->out.text.len };
    return s ? s : a->out.sink(a->out.ctx, NULL, text, true, err);
}

const struct shape shape_openai_completions = {
    .name = "openai-completions",
    .method = "POST",
    .path = "/v1/completions",
    .capability = "completions",
    .framing = SHAPE_SSE,
    .read = completions_read,
    .release = completions_release,
    .begin = completions_begin,
    .event = completions_event,
    .fail = completions_fail,
    .answer_free = answer_free,
    .error_body = openai_error_body,
};
