/* Vectors and scores, from a body to the worker and back.
 * SPDX-License-Identifier: Apache-2.0 */
#include "serve/server/shape_retrieval.h"

#include "base/core/base64.h"
#include "base/core/mem.h"
#include "serve/server/api_ollama.h"
#include "serve/server/api_openai.h"

#define VECTOR_BYTES_MAX ((size_t)1 << 24)

/* ---- the request ---- */

bool retrieval_put_ids(struct json_writer *w, const struct fields *f, const char *place,
                       const struct json *ids)
{
    if (!json_length(ids))
        return api_refuse(f->err, API_INVALID_VALUE, place, "'%s' has no tokens", place);
    json_open_array(w);
    for (size_t i = 0; i < json_length(ids); i++) {
        const struct json *v = json_at(ids, i);
        int64_t id = json_type(v) == JSON_INT ? json_int(v, -1) : -1;
        if (id < 0 || id > INT32_MAX)
            return api_refuse(f->err, API_INVALID_VALUE, place, "'%s' holds what is no token id",
                              place);
        json_put_int(w, id);
    }
    json_close_array(w);
    return true;
}

static bool put_input(struct json_writer *w, const struct fields *f, const char *place,
                      const struct json *v)
{
    struct span text = json_string(v);
    if (json_type(v) == JSON_ARRAY) return retrieval_put_ids(w, f, place, v);
    if (!text.data)
        return api_refuse(f->err, API_INVALID_TYPE, place,
                          "'%s' must be a text or a list of token ids", place);
    if (!text.len)
        return api_refuse(f->err, API_INVALID_VALUE, place, "'%s' is an empty text", place);
    json_put_span(w, text);
    return true;
}

bool retrieval_put_inputs(struct json_writer *w, const char *key, const struct fields *f,
                          const char *name, struct retrieval_own *own)
{
    const struct json *v = field_get(f, name);
    if (!v) return api_refuse(f->err, API_MISSING, name, "'%s' is missing", name);
    bool one = json_type(v) != JSON_ARRAY || json_type(json_at(v, 0)) == JSON_INT;
    own->count = one ? 1 : json_length(v);
    if (own->count == 0 || own->count > RETRIEVAL_TEXTS_MAX)
        return api_refuse(f->err, API_INVALID_VALUE, name,
                          "'%s' has %zu texts; 1 to %d are taken at once", name, own->count,
                          RETRIEVAL_TEXTS_MAX);
    json_key(w, key);
    json_open_array(w);
    for (size_t i = 0; i < own->count; i++) {
        struct field_path place = one ? path_of("%s", name) : path_of("%s[%zu]", name, i);
        if (!put_input(w, f, place.text, one ? v : json_at(v, i))) return false;
    }
    json_close_array(w);
    return true;
}

bool retrieval_close(struct shape_request *r, struct json_writer *w, struct api_error *err)
{
    struct error e;
    json_close_object(w);
    return !buf_check(&r->canonical[0], "the request", &e) || api_refuse_error(err, &e);
}

/* ---- the answer ---- */

void retrieval_free(struct shape_answer *a)
{
    if (!a) return;
    for (size_t i = 0; a->results && i < a->own->count; i++)
        buf_release(&a->results[i].vector);
    mem_free(a->results);
    outlet_release(&a->out);
    mem_free(a);
}

enum status retrieval_begin(struct shape_answer **ret, const struct shape_request *request,
                            const struct shape_context *context, shape_sink *sink, void *sink_ctx,
                            struct error *err)
{
    struct shape_answer *a = mem_zero(sizeof *a);
    if (!a) return error_set(err, STATUS_NO_MEMORY, "out of memory for an answer");
    a->context = context;
    a->request = request;
    a->own = request->own;
    outlet_init(&a->out, sink, sink_ctx);
    a->results = mem_array(a->own->count, sizeof *a->results);
    if (!a->results) {
        size_t count = a->own->count;
        retrieval_free(a);
        return error_set(err, STATUS_NO_MEMORY, "out of memory for %zu results", count);
    }
    for (size_t i = 0; i < a->own->count; i++)
        a->results[i].vector = BUF_INIT(VECTOR_BYTES_MAX);
    *ret = a;
    return STATUS_OK;
}

static enum status take(struct shape_answer *a, const struct json *body, struct error *err)
{
    int64_t i = json_int(json_get(body, "index"), -1);
    struct span vector = json_string(json_get(body, "embedding"));
    if (i < 0 || (uint64_t)i >= a->own->count || a->results[i].there)
        return error_set(err, STATUS_FAILED, "the model gave a result that nobody asked for");
    struct retrieval_result *r = &a->results[i];
    r->there = true;
    r->score = json_number(json_get(body, "score"), 0);
    if (vector.data) buf_append(&r->vector, vector.data, vector.len);
    return buf_check(&r->vector, "a vector", err);
}

static enum status finish(struct shape_answer *a, const struct json *done, struct error *err)
{
    const char *how = json_text(json_get(done, "finish"));
    if (how && strcmp(how, "cancelled") == 0) return STATUS_CANCELLED;
    for (size_t i = 0; i < a->own->count; i++)
        if (!a->results[i].there)
            return error_set(err, STATUS_FAILED, "the model left text %zu out", i);
    a->done = done;
    struct json_writer *w = outlet_open(&a->out);
    enum status st = a->own->write(a, w, err);
    return st ? st : outlet_send(&a->out, NULL, true, err);
}

enum status retrieval_event(struct shape_answer *a, int index, const struct worker_event *event,
                            struct error *err)
{
    if (event->kind == WORKER_DELTA) return take(a, event->body, err);
    return event->kind == WORKER_DONE ? finish(a, event->body, err) : STATUS_OK;
}

static enum status send_error(struct shape_answer *a, struct error *err)
{
    enum status s = buf_check(&a->out.text, "an error", err);
    struct span text = { a->out.text.data, a->out.text.len };
    return s ? s : a->out.sink(a->out.ctx, NULL, text, true, err);
}

enum status retrieval_fail_openai(struct shape_answer *a, const struct api_error *error,
                                  struct error *err)
{
    buf_clear(&a->out.text);
    openai_error_body(&a->out.text, error, a->context);
    return send_error(a, err);
}

enum status retrieval_fail_ollama(struct shape_answer *a, const struct api_error *error,
                                  struct error *err)
{
    buf_clear(&a->out.text);
    ollama_error_body(&a->out.text, error, a->context);
    return send_error(a, err);
}

static float float_of(const char *bytes)
{
    uint32_t u = 0;
    float f;
    for (int k = 0; k < 4; k++)
        u |= (uint32_t)(unsigned char)bytes[k] << (8 * k);
    memcpy(&f, &u, sizeof f);
    return f;
}

enum status retrieval_put_vector(struct json_writer *w, const struct retrieval_result *v,
                                 struct error *err)
{
    struct buf bytes = BUF_INIT(VECTOR_BYTES_MAX);
    struct span text = { v->vector.data ? v->vector.data : "", v->vector.len };
    enum status st = base64_decode(&bytes, text, err);
    json_open_array(w);
    for (size_t i = 0; !st && i + 4 <= bytes.len; i += 4)
        json_put_float(w, float_of(bytes.data + i));
    json_close_array(w);
    buf_release(&bytes);
    return st;
}

int64_t retrieval_tokens(const struct shape_answer *a)
{
    int64_t n = json_int(json_get(a->done, "prompt_tokens"), 0);
    return n < 0 ? 0 : n;
}
