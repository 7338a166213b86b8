/* An API's shape: how its requests become a worker's, and how answers are written in it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A shape is pure: bytes in, bytes out, no descriptors, no threads, no clocks. The server reads the
 * HTTP request, picks the shape by route (shape_list.h), lets it read the body into a canonical
 * request (lm/worker/client.h), submits that once per choice, and feeds the events back; the shape
 * writes what goes over the wire. One file per API; adding one touches its file and one line.
 *
 * Facts about the shapes: the vendors' public API descriptions; what clients really check is in the tests. */
#ifndef SERVE_SERVER_SHAPE_H
#define SERVE_SERVER_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/buf.h"
#include "base/core/json.h"
#include "base/core/span.h"
#include "base/core/status.h"
#include "lm/worker/client.h"

#define SHAPE_CHOICES_MAX 128

/* What went wrong, in words that every shape can put into its own form. */
struct api_error {
    int http;         /* 400, 401, 403, 404, 409, 413, 429, 500, 503 */
    const char *type; /* OpenAI's word: "invalid_request_error"; static */
    const char *code; /* "context_length_exceeded"; NULL: none; static */
    char param[160];  /* "messages[3].role"; "" when none is to blame */
    char text[768];
};

struct shape_store; /* shape_store.h */

/* Facts that the server knows and the shape does not. */
struct shape_context {
    const char *request_id;    /* for ids and errors: unguessable, [A-Za-z0-9]{24} */
    const char *model;         /* alias under which the model is served */
    const char *fingerprint;   /* of build, weights and settings */
    int64_t created;           /* unix seconds */
    const struct json *ready;  /* worker_ready() of the model; NULL before it is known */
    const char *reasoning_key; /* in chat/completions; NULL: "reasoning_content" */
    struct shape_store *store; /* of answers that later requests refer to; NULL: none is kept */
    struct shape_store *calls; /* of arguments as models wrote them (shape_calls.h); NULL: none */
    const char *tenant;        /* who finds them there; NULL: "" */
};

/* A request that was understood. */
struct shape_request {
    char *model; /* as the client named it; NULL: the server's default */
    bool stream;
    int choice_count; /* n: how often `canonical` is submitted, seeds counting up */
    /* JSON for worker_submit, in the order of prompts; a body with several prompts has several.
     * Choice c of prompt p is answer p * choice_count + c. */
    struct buf *canonical; /* submit what shape_submission() makes of it */
    int prompt_count;
    bool has_seed;
    int64_t seed;     /* of choice 0 */
    size_t seed_tail; /* bytes at the end of each canonical: the seed and what closes the JSON */
    /* The member to blame where a constraint is refused; "": none. */
    char constraint_param[sizeof((struct api_error *)0)->param];
    const char *note; /* for the log: what was left out of the prompt on purpose; NULL: nothing */
    void *own;        /* the shape's: include_usage, echo ... */
};
/* The JSON to submit for answer `index`, its seed counted up; on success the caller releases `ret`. */
enum status shape_submission(const struct shape_request *r, int index, struct buf *ret,
                             struct error *err);

/* Gets what goes to the client. `event` is the SSE event's name, NULL for none; `last` marks
 * the end. Of an answer that is not streamed there is one piece: the whole body. */
typedef enum status shape_sink(void *ctx, const char *event, struct span data, bool last,
                               struct error *err);

struct shape_answer; /* one answer in the making; each shape defines its own */

enum shape_framing { SHAPE_SSE, SHAPE_NDJSON };
/* What the canonical request is for: worker_submit, worker_embed or worker_rerank. */
enum shape_job { SHAPE_GENERATE, SHAPE_EMBED, SHAPE_RERANK };

struct shape {
    const char *name;       /* "openai-chat" */
    const char *method;     /* "POST" */
    const char *path;       /* "/v1/chat/completions" */
    const char *capability; /* that a key must have: "chat", "completions", "embeddings" ... */
    enum shape_framing framing;
    enum shape_job job;

    /* False: *err says what is wrong with the body. On success the caller releases with `release`. */
    bool (*read)(struct shape_request *ret, const struct json *body,
                 const struct shape_context *context, struct api_error *err);
    void (*release)(struct shape_request *r);

    /* `request` and `context` live until answer_free. Streaming shapes may write at once: call it
     * when the worker has sent the first event, and no error, so that what is wrong with a prompt can
     * still be an HTTP error; then give it that event. */
    enum status (*begin)(struct shape_answer **ret, const struct shape_request *request,
                         const struct shape_context *context, shape_sink *sink, void *sink_ctx,
                         struct error *err);
    /* A WORKER_DELTA or WORKER_DONE of answer `index`. WORKER_PROGRESS is given too: shapes that keep
     * clients awake with events may write one. When all answers are done the shape writes its end.
     * An answer that was cancelled has no end: STATUS_CANCELLED, and the server calls `fail` where
     * somebody still listens. */
    enum status (*event)(struct shape_answer *a, int index, const struct worker_event *event,
                         struct error *err);
    /* An error in the middle of a stream: written in the stream, `last` set. Where nothing is streamed
     * it gives the body of the error. */
    enum status (*fail)(struct shape_answer *a, const struct api_error *error, struct error *err);
    void (*answer_free)(struct shape_answer *a);

    /* The body of an error before anything was sent. */
    void (*error_body)(struct buf *out, const struct api_error *error,
                       const struct shape_context *context);
};

/* From an error of ours: STATUS_CONTEXT is context_length_exceeded, and so on. */
void api_error_from(struct api_error *ret, const struct error *err);
/* All shapes, in the order of shape_list.h. */
size_t shape_count(void);
const struct shape *shape_at(size_t i);
const struct shape *shape_for(const char *method, const char *path); /* NULL: no such route */

#endif
