/* Answers made of vectors or scores: collected from a worker's deltas, written when all are there.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An API reads its body into a struct retrieval_own and a canonical request of worker_embed or
 * worker_rerank, says how its answer looks, and leaves the rest to the functions here. */
#ifndef SERVE_SERVER_SHAPE_RETRIEVAL_H
#define SERVE_SERVER_SHAPE_RETRIEVAL_H

#include "serve/server/shape_fields.h"
#include "serve/server/shape_out.h"

#define RETRIEVAL_TEXTS_MAX 2048 /* of one request; OpenAI's limit, taken for all */

struct retrieval_result {
    struct buf vector; /* base64 of little-endian float32, as the worker sends it */
    double score;
    bool there;
};

/* The answer in the making, as a shape's `write` sees it. */
struct shape_answer {
    const struct shape_context *context;
    const struct shape_request *request;
    const struct retrieval_own *own;
    struct outlet out;
    struct retrieval_result *results; /* [own->count] */
    const struct json *done;          /* body of WORKER_DONE */
};

struct retrieval_own {
    size_t count; /* texts, hence results */
    bool base64;
    int64_t top;         /* results wanted; 0: all */
    bool with_documents; /* they are told back */
    /* Members of the answer's object. */
    enum status (*write)(struct shape_answer *a, struct json_writer *w, struct error *err);
};

/* The list that a canonical request takes: texts, or lists of token ids; `value` is what the body has under
 * `name`. One text, or one list of ids, is a list of one. Sets own->count. */
bool retrieval_put_inputs(struct json_writer *w, const char *key, const struct fields *f,
                          const char *name, struct retrieval_own *own);
/* A list of ids, checked. */
bool retrieval_put_ids(struct json_writer *w, const struct fields *f, const char *place,
                       const struct json *ids);
/* Closes the canonical request and checks it. */
bool retrieval_close(struct shape_request *r, struct json_writer *w, struct api_error *err);

/* A vector as a list of numbers. */
enum status retrieval_put_vector(struct json_writer *w, const struct retrieval_result *v,
                                 struct error *err);
int64_t retrieval_tokens(const struct shape_answer *a); /* of all texts */

/* Members of struct shape. */
enum status retrieval_begin(struct shape_answer **ret, const struct shape_request *request,
                            const struct shape_context *context, shape_sink *sink, void *sink_ctx,
                            struct error *err);
enum status retrieval_event(struct shape_answer *a, int index, const struct worker_event *event,
                            struct error *err);
enum status retrieval_fail_openai(struct shape_answer *a, const struct api_error *error,
                                  struct error *err);
enum status retrieval_fail_ollama(struct shape_answer *a, const struct api_error *error,
                                  struct error *err);
void retrieval_free(struct shape_answer *a);

#endif
