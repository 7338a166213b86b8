/* Ollama's answers about models, which the server gives without asking a worker.
 * SPDX-License-Identifier: Apache-2.0
 *
 * GET /api/tags, POST /api/show, GET /api/version; the shapes of /api/chat and /api/generate are in
 * shape_list.h. */
#ifndef SERVE_SERVER_API_OLLAMA_H
#define SERVE_SERVER_API_OLLAMA_H

#include "serve/server/shape.h"
#include "serve/server/shape_fields.h"

/* What is not known is NULL, or 0. */
struct ollama_model {
    const char *name;
    int64_t modified; /* unix seconds */
    uint64_t bytes;
    const char *digest;       /* hexadecimal */
    const char *format;       /* "gguf", "safetensors" */
    const char *family;       /* "qwen3" */
    const char *quantization; /* "Q4_K" */
    uint64_t parameter_count;
    int64_t context_max;
    bool tools, thinking, embedding;
};

void ollama_tags(struct buf *out, const struct ollama_model *models, size_t count);
/* The model that a body of /api/show names; false: *err says what is wrong. Borrowed from the body,
 * less the tag ":latest", hence with its length. */
bool ollama_show_model(const struct json *body, struct span *ret, struct api_error *err);
/* Sets r->model to the same, for bodies of requests that a model answers; r owns it. */
bool ollama_read_model(struct shape_request *r, const struct fields *f);
void ollama_show(struct buf *out, const struct ollama_model *model);
void ollama_version(struct buf *out);
/* {"error": text} */
void ollama_error_body(struct buf *out, const struct api_error *error,
                       const struct shape_context *context);

#endif
