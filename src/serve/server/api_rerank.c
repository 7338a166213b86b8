/* POST /v1/rerank as Jina, Cohere and vLLM have it; /rerank and /v2/rerank are the same.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Documents are texts or {"text"}; or, an extension, all of them lists of token ids, each a whole prompt,
 * without a query. `true_token_id` and `false_token_id` name the two tokens that are compared, where the model does
 * not. Results come best first; equal ones in the order of the documents. */
#include <stdlib.h>

#include "base/core/mem.h"
#include "serve/server/api_openai.h"
#include "serve/server/shape_retrieval.h"

#define REQUEST_BYTES_MAX GENERATION_BYTES_MAX

/* ---- the request ---- */

static bool put_document(struct json_writer *w, const struct fields *f, size_t i,
                         const struct json *v, size_t *ids)
{
    struct field_path place = path_of("documents[%zu]", i);
    struct span text = json_string(json_type(v) == JSON_OBJECT ? json_get(v, "text") : v);
    if (json_type(v) == JSON_ARRAY) {
        (*ids)++;
        return retrieval_put_ids(w, f, place.text, v);
    }
    if (!text.data)
        return api_refuse(f->err, API_INVALID_TYPE, place.text,
                          "'%s' must be a text, or an object with a \"text\"", place.text);
    json_put_span(w, text);
    return true;
}

static bool put_documents(struct json_writer *w, const struct fields *f, struct retrieval_own *own,
                          size_t *ret_ids)
{
    const struct json *list = NULL;
    *ret_ids = 0;
    if (!field_array(f, "documents", &list)) return false;
    if (!list) return api_refuse(f->err, API_MISSING, "documents", "'documents' is missing");
    own->count = json_length(list);
    if (own->count == 0 || own->count > RETRIEVAL_TEXTS_MAX)
        return api_refuse(f->err, API_INVALID_VALUE, "documents",
                          "'documents' has %zu of them; 1 to %d are taken at once", own->count,
                          RETRIEVAL_TEXTS_MAX);
    json_key(w, "documents");
    json_open_array(w);
    for (size_t i = 0; i < own->count; i++)
        if (!put_document(w, f, i, json_at(list, i), ret_ids)) return false;
    json_close_array(w);
    return true;
}

static bool put_query(struct json_writer *w, const struct fields *f, size_t ids, size_t count)
{
    struct span query = { 0 }, instruction = { 0 };
    if (!field_text(f, "query", &query) || !field_text(f, "instruction", &instruction))
        return false;
    if (ids && (ids < count || query.len))
        return api_refuse(f->err, API_INVALID_VALUE, "documents",
                          "documents that are lists of token ids are whole prompts: then all of "
                          "them are, and 'query' is left out");
    if (!ids && !query.data) return api_refuse(f->err, API_MISSING, "query", "'query' is missing");
    if (!ids) put_span(w, "query", query);
    if (!ids && instruction.data) put_span(w, "instruction", instruction);
    return true;
}

static bool put_answers(struct json_writer *w, const struct fields *f)
{
    int64_t yes = -1, no = -1;
    if (!field_int(f, "true_token_id", 0, INT32_MAX, &yes) ||
        !field_int(f, "false_token_id", 0, INT32_MAX, &no))
        return false;
    if (yes >= 0) json_member_int(w, "true_id", yes);
    if (no >= 0) json_member_int(w, "false_id", no);
    return true;
}

static enum status write_answer(struct shape_answer *a, struct json_writer *w, struct error *err);

static bool read_body(struct shape_request *r, const struct fields *f,
                      const struct shape_context *context)
{
    struct retrieval_own *own = r->own;
    struct json_writer w;
    size_t ids;
    own->write = write_answer;
    if (!openai_read_model(f, r) || !field_int(f, "top_n", 1, INT32_MAX, &own->top) ||
        !field_bool(f, "return_documents", &own->with_documents) ||
        !field_unsupported(f, "max_tokens_per_doc", "shorten the documents before they are sent") ||
        !field_unsupported(f, "max_chunks_per_doc", "shorten the documents before they are sent") ||
        !field_unsupported(f, "truncate_prompt_tokens",
                           "shorten the documents before they are sent") ||
        !field_unsupported(f, "rank_fields", "send each document as a text") ||
        !generation_reserve(r, 1, 1, f->err))
        return false;
    json_writer_init(&w, &r->canonical[0], 0);
    json_open_object(&w);
    return put_documents(&w, f, own, &ids) && put_query(&w, f, ids, own->count) &&
           put_answers(&w, f) && retrieval_close(r, &w, f->err);
}

static bool rerank_read(struct shape_request *ret, const struct json *body,
                        const struct shape_context *context, struct api_error *err)
{
    return generation_request(ret, body, sizeof(struct retrieval_own), read_body,
                              generation_release, context, err);
}

/* ---- the answer ---- */

struct place {
    size_t i;
    double score;
};

static int best_first(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? 1 : -1;
    return (x->i > y->i) - (x->i < y->i);
}

static void put_result(struct json_writer *w, const struct place *p, const struct json *documents)
{
    const struct json *document = json_at(documents, p->i);
    json_open_object(w);
    json_member_int(w, "index", (int64_t)p->i);
    json_member_real(w, "relevance_score", p->score);
    if (json_type(document) == JSON_STRING) {
        json_key(w, "document");
        json_open_object(w);
        put_span(w, "text", json_string(document));
        json_close_object(w);
    }
    json_close_object(w);
}

static void put_results(struct shape_answer *a, struct json_writer *w, struct place *places,
                        const struct json *documents)
{
    size_t count = a->own->count, top = (size_t)a->own->top;
    for (size_t i = 0; i < count; i++)
        places[i] = (struct place){ i, a->results[i].score };
    qsort(places, count, sizeof *places, best_first);
    json_key(w, "results");
    json_open_array(w);
    for (size_t i = 0; i < count && (!top || i < top); i++)
        put_result(w, &places[i], documents);
    json_close_array(w);
}

static enum status write_answer(struct shape_answer *a, struct json_writer *w, struct error *err)
{
    struct json_doc *sent = NULL;
    const struct buf *canonical = &a->request->canonical[0];
    struct place *places = mem_array(a->own->count, sizeof *places);
    enum status st = STATUS_OK;
    if (!places) st = error_set(err, STATUS_NO_MEMORY, "out of memory for an answer");
    if (!st && a->own->with_documents)
        st = json_parse(&sent, canonical->data, canonical->len, REQUEST_BYTES_MAX, "the request",
                        err);
    if (!st) {
        json_member_text(w, "id", path_of("rerank-%s", a->context->request_id).text);
        json_member_text(w, "model", a->context->model);
        json_key(w, "usage");
        json_open_object(w);
        json_member_int(w, "prompt_tokens", retrieval_tokens(a));
        json_member_int(w, "total_tokens", retrieval_tokens(a));
        json_close_object(w);
        put_results(a, w, places, sent ? json_get(json_root(sent), "documents") : NULL);
    }
    json_doc_free(sent);
    mem_free(places);
    return st;
}

#define RERANK_SHAPE(symbol, route_name, route_path) \
    const struct shape symbol = {                    \
        .name = route_name,                          \
        .method = "POST",                            \
        .path = route_path,                          \
        .capability = "rerank",                      \
        .framing = SHAPE_SSE,                        \
        .job = SHAPE_RERANK,                         \
        .read = rerank_read,                         \
        .release = generation_release,               \
        .begin = retrieval_begin,                    \
        .event = retrieval_event,                    \
        .fail = retrieval_fail_openai,               \
        .answer_free = retrieval_free,               \
        .error_body = openai_error_body,             \
    }
RERANK_SHAPE(shape_rerank, "rerank", "/v1/rerank");
RERANK_SHAPE(shape_rerank_short, "rerank-short", "/rerank");
RERANK_SHAPE(shape_rerank_v2, "rerank-v2", "/v2/rerank");
