/* OpenAI's POST /v1/embeddings.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Token ids are taken as they are: nothing is put around them. A text that is too long is an error with both
 * numbers, never cut. `dimensions` keeps the first values and makes them unit length again, for models that were
 * trained for it. */
#include "serve/server/api_openai.h"
#include "serve/server/shape_retrieval.h"

static enum status write_answer(struct shape_answer *a, struct json_writer *w, struct error *err)
{
    enum status st = STATUS_OK;
    json_member_text(w, "object", "list");
    json_key(w, "data");
    json_open_array(w);
    for (size_t i = 0; i < a->own->count && !st; i++) {
        const struct retrieval_result *r = &a->results[i];
        json_open_object(w);
        json_member_text(w, "object", "embedding");
        json_member_int(w, "index", (int64_t)i);
        json_key(w, "embedding");
        if (a->own->base64)
            json_put_span(w, (struct span){ r->vector.data ? r->vector.data : "", r->vector.len });
        else st = retrieval_put_vector(w, r, err);
        json_close_object(w);
    }
    json_close_array(w);
    json_member_text(w, "model", a->context->model);
    json_key(w, "usage");
    json_open_object(w);
    json_member_int(w, "prompt_tokens", retrieval_tokens(a));
    json_member_int(w, "total_tokens", retrieval_tokens(a));
    json_close_object(w);
    return st;
}

static bool read_format(const struct fields *f, bool *ret_base64)
{
    struct span format = { 0 };
    if (!field_text(f, "encoding_format", &format)) return false;
    if (!format.data) return true;
    *ret_base64 = span_equals(format, "base64");
    if (*ret_base64 || span_equals(format, "float")) return true;
    return api_refuse(f->err, API_INVALID_VALUE, "encoding_format",
                      "'encoding_format' must be \"float\" or \"base64\"");
}

static bool read_body(struct shape_request *r, const struct fields *f,
                      const struct shape_context *context)
{
    struct retrieval_own *own = r->own;
    struct json_writer w;
    int64_t dimensions = 0;
    own->write = write_answer;
    if (!openai_read_model(f, r) || !read_format(f, &own->base64) ||
        !field_int(f, "dimensions", 1, INT32_MAX, &dimensions) ||
        !field_unsupported(f, "truncate_prompt_tokens", "shorten the texts before they are sent") ||
        !generation_reserve(r, 1, 1, f->err))
        return false;
    json_writer_init(&w, &r->canonical[0], 0);
    json_open_object(&w);
    if (!retrieval_put_inputs(&w, "inputs", f, "input", own)) return false;
    if (dimensions) json_member_int(&w, "dimensions", dimensions);
    return retrieval_close(r, &w, f->err);
}

static bool embeddings_read(struct shape_request *ret, const struct json *body,
                            const struct shape_context *context, struct api_error *err)
{
    return generation_request(ret, body, sizeof(struct retrieval_own), read_body,
                              generation_release, context, err);
}

const struct shape shape_openai_embeddings = {
    .name = "openai-embeddings",
    .method = "POST",
    .path = "/v1/embeddings",
    .capability = "embeddings",
    .framing = SHAPE_SSE,
    .job = SHAPE_EMBED,
    .read = embeddings_read,
    .release = generation_release,
    .begin = retrieval_begin,
    .event = retrieval_event,
    .fail = retrieval_fail_openai,
    .answer_free = retrieval_free,
    .error_body = openai_error_body,
};
