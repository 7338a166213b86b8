/* Ollama's POST /api/embed, and the older /api/embeddings.
 * SPDX-License-Identifier: Apache-2.0
 *
 * There `truncate` is on unless it is turned off; here texts are cut only where a request says true, and else one that
 * is too long is an error with both numbers. Options that say how a generator samples mean nothing here. */
#include "serve/server/api_ollama.h"
#include "serve/server/shape_generation.h"
#include "serve/server/shape_retrieval.h"

static int64_t nanoseconds(const struct shape_answer *a, const char *key)
{
    return (int64_t)(json_number(json_get(a->done, key), 0) * 1e9);
}

static enum status write_embed(struct shape_answer *a, struct json_writer *w, struct error *err)
{
    enum status st = STATUS_OK;
    json_member_text(w, "model", a->context->model);
    json_key(w, "embeddings");
    json_open_array(w);
    for (size_t i = 0; i < a->own->count && !st; i++)
        st = retrieval_put_vector(w, &a->results[i], err);
    json_close_array(w);
    json_member_int(w, "total_duration",
                    nanoseconds(a, "queue_seconds") + nanoseconds(a, "prompt_seconds"));
    json_member_int(w, "load_duration", 0);
    json_member_int(w, "prompt_eval_count", retrieval_tokens(a));
    return st;
}

static enum status write_embeddings(struct shape_answer *a, struct json_writer *w,
                                    struct error *err)
{
    json_key(w, "embedding");
    return retrieval_put_vector(w, &a->results[0], err);
}

static bool read_embed(struct shape_request *r, const struct fields *f,
                       const struct shape_context *context)
{
    struct retrieval_own *own = r->own;
    struct json_writer w;
    int64_t dimensions = 0;
    bool truncate = false;
    own->write = write_embed;
    if (!ollama_read_model(r, f) || !field_bool(f, "truncate", &truncate) ||
        !field_int(f, "dimensions", 1, INT32_MAX, &dimensions) ||
        !generation_reserve(r, 1, 1, f->err))
        return false;
    json_writer_init(&w, &r->canonical[0], 0);
    json_open_object(&w);
    if (!retrieval_put_inputs(&w, "inputs", f, "input", own)) return false;
    if (dimensions) json_member_int(&w, "dimensions", dimensions);
    if (truncate) json_member_bool(&w, "truncate", true);
    return retrieval_close(r, &w, f->err);
}

static bool read_embeddings(struct shape_request *r, const struct fields *f,
                            const struct shape_context *context)
{
    struct retrieval_own *own = r->own;
    struct json_writer w;
    struct span prompt = { 0 };
    own->write = write_embeddings;
    if (!ollama_read_model(r, f) || !field_text(f, "prompt", &prompt) ||
        !generation_reserve(r, 1, 1, f->err))
        return false;
    json_writer_init(&w, &r->canonical[0], 0);
    json_open_object(&w);
    return retrieval_put_inputs(&w, "inputs", f, "prompt", own) && retrieval_close(r, &w, f->err);
}

static bool embed_read(struct shape_request *ret, const struct json *body,
                       const struct shape_context *context, struct api_error *err)
{
    return generation_request(ret, body, sizeof(struct retrieval_own), read_embed,
                              generation_release, context, err);
}

static bool embeddings_read(struct shape_request *ret, const struct json *body,
                            const struct shape_context *context, struct api_error *err)
{
    return generation_request(ret, body, sizeof(struct retrieval_own), read_embeddings,
                              generation_release, context, err);
}

const struct shape shape_ollama_embed = {
    .name = "ollama-embed",
    .method = "POST",
    .path = "/api/embed",
    .capability = "embeddings",
    .framing = SHAPE_NDJSON,
    .job = SHAPE_EMBED,
    .read = embed_read,
    .release = generation_release,
    .begin = retrieval_begin,
    .event = retrieval_event,
    .fail = retrieval_fail_ollama,
    .answer_free = retrieval_free,
    .error_body = ollama_error_body,
};

const struct shape shape_ollama_embeddings = {
    .name = "ollama-embeddings",
    .method = "POST",
    .path = "/api/embeddings",
    .capability = "embeddings",
    .framing = SHAPE_NDJSON,
    .job = SHAPE_EMBED,
    .read = embeddings_read,
    .release = generation_release,
    .begin = retrieval_begin,
    .event = retrieval_event,
    .fail = retrieval_fail_ollama,
    .answer_free = retrieval_free,
    .error_body = ollama_error_body,
};
