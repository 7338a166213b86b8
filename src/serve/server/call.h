/* One API request on its way: from the HTTP exchange through a model and back.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A call is the data of its exchange and lives as long. Its owner changes by hand-over: the HTTP
 * library's thread reads the head, an intake thread the body, and from hub_offer() on the model's hub
 * thread has it alone, until the answer has ended. Only `gone` and `hub` are touched from outside meanwhile. */
#ifndef SERVE_SERVER_CALL_H
#define SERVE_SERVER_CALL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/core/buf.h"
#include "base/core/json.h"
#include "base/net/http.h"
#include "serve/gateway/target.h"
#include "serve/server/ident.h"
#include "serve/server/keys.h"
#include "serve/server/metrics.h"
#include "serve/server/receipt.h"
#include "serve/server/shape.h"

struct hub;
struct route;
struct server;

/* What a worker said of its model when it was ready; counted, because answers outlive workers. */
struct facts {
    atomic_int refs;
    struct json_doc *doc;
    char fingerprint[24];
    struct target_pin pin;
    char *origin; /* what the gate said of it (receipt.h); NULL: nothing */
};
/* `verdict` may be NULL. */
enum status facts_new(struct facts **ret, const struct json *ready,
                      const struct gate_verdict *verdict, struct error *err);
void facts_unref(struct facts *f);

struct submission {
    uint64_t request; /* the target's */
    bool open;        /* submitted, and its end has not come */
};

struct call {
    struct server *server;
    struct http_exchange *exchange;
    char request_id[IDENT_REQUEST_CHARS + 1];
    char traceparent[TRACEPARENT_BYTES];
    char origin[256];          /* of a page that may read the answer; "": none */
    const char *route;         /* for logs and metrics; static */
    const struct shape *shape; /* NULL: a route of the server's own: */
    const struct route *own;   /* answered when the request is whole */
    struct key *key;           /* with a reference; NULL: nobody in particular */
    bool entered;              /* key_enter() let it in */
    bool served;               /* by a model: its metrics count it */

    struct json_doc *body;
    struct facts *facts;
    char model[128]; /* the name under which it is served */
    struct shape_context context;
    struct shape_request request;
    bool has_request;
    struct shape_answer *answer;
    bool wants_receipt;
    struct receipt *receipt;        /* in the making; NULL: none, or signed */
    struct submission *submissions; /* [submission_count] */
    int submission_count, open_count;

    atomic_bool gone;          /* the client left */
    _Atomic(struct hub *) hub; /* who took it, with a reference; stays when it is over */
    bool streaming;            /* the head of a stream was sent */
    bool ended;                /* nothing more may be sent */
    bool cancelled;            /* the target was told */
    struct buf frame;          /* what is being written */
    struct call *next;         /* the hub's list */

    /* Monotonic; 0: not yet. */
    int64_t offered_ns, submitted_ns, taken_ns, first_ns, delta_ns, wrote_ns;
    int status; /* of HTTP */
    const char *error_code;
    char error_text[256];
    char finish[16];
    uint64_t prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens;
    double queue_seconds, prompt_seconds, decode_seconds; /* in the model */
};

/* From a hub's thread. */
void call_submit(struct call *c, struct target *t, struct model_metrics *metrics);
void call_event(struct call *c, int index, const struct worker_event *event,
                struct model_metrics *metrics);
/* `keep_alive_ms`: a stream that has been silent for so long gets a comment. */
void call_tick(struct call *c, int64_t now, int keep_alive_ms);
/* Ends every submission that is still open; their ends come as events. */
void call_cancel(struct call *c, struct target *t);
/* Nothing of it is open any more: counts it, charges its key, answers if nobody has. */
void call_close(struct call *c, struct model_metrics *metrics);

/* From whoever has it: the error is the answer, or the end of the stream that has begun. */
void call_fail(struct call *c, const struct api_error *error, int retry_seconds);
/* A whole answer. The body is taken over. */
void call_reply(struct call *c, int status, const char *type, struct buf *body);
/* With up to four header lines of its own. */
void call_reply_with(struct call *c, int status, const char *type, const struct http_line *lines,
                     size_t line_count, struct buf *body);
/* From `from_ns` to its place in the batch; known when the answer has ended. */
double call_queue_seconds(const struct call *c, int64_t from_ns);
void call_free(struct call *c);

void api_error_make(struct api_error *ret, int http, const char *type, const char *code,
                    const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
