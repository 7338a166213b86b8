/* An HTTP/1.1 server: sound requests in, whole answers or streams out.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A facade over libmicrohttpd with what that library leaves to its users: heads that could be read
 * in two ways are refused (http_check.h), a client that hangs up is noticed at once even while
 * nothing is being written, every wait and every buffer has a limit, and whoever answers may be any thread.
 *
 * The library's threads call the handlers; these must not block. An exchange is one request with its
 * answer. It is answered exactly once, in a handler or later from any thread: as a whole
 * (http_reply) or as a stream (http_stream_begin, _write, _end). Whoever keeps it past the handler
 * holds a reference.
 *
 * Not done here: routes, keys, bodies' meaning. HTTP/2 and the outside TLS of large installations
 * are a proxy's business; TLS for small ones is offered through GnuTLS. */
#ifndef BASE_NET_HTTP_H
#define BASE_NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/buf.h"
#include "base/core/log.h"
#include "base/core/span.h"
#include "base/core/status.h"

struct http_server;
struct http_exchange;

struct http_handlers {
    void *ctx;
    /* The head came and is sound; the body has not been read. To refuse, answer here. */
    void (*head)(void *ctx, struct http_exchange *x);
    /* A request that is not served: 400, 413 or 503, and why. Answers with http_reply. */
    void (*fault)(void *ctx, struct http_exchange *x, int status, const char *words);
    /* The request is whole. */
    void (*request)(void *ctx, struct http_exchange *x);
    /* The client left, was too slow or the server stops, before the answer was all written. Called
     * once, from any thread, perhaps while another one writes to the exchange. */
    void (*gone)(void *ctx, struct http_exchange *x);
    /* The exchange is over and nobody holds it: the owner of http_set_data's pointer lets go. */
    void (*release)(void *ctx, void *data);
};

struct http_limits {
    size_t body_bytes_max;      /* of one request; more is 413 */
    size_t bodies_bytes_max;    /* of all requests at once; more is 503 */
    size_t queue_bytes_max;     /* that one stream's client may lag behind; more is "too slow" */
    int connections_max;        /* further ones wait in the kernel */
    int connections_per_ip_max; /* 0: no limit */
    int head_ms;                /* from the first line to the last header */
    int body_ms;                /* for the whole body */
    int idle_ms;                /* between requests, and until the first */
    int stall_ms;               /* a stream's client that takes nothing */
};
extern const struct http_limits http_limits_default;

struct http_options {
    int listen_fd; /* the server's from now on, also when starting fails */
    struct http_handlers handlers;
    struct http_limits limits;
    const char *tls_certificate; /* PEM texts; NULL: no TLS */
    const char *tls_key;
    int thread_count; /* 0: two */
    struct log log;
};

enum status http_server_start(struct http_server **ret, const struct http_options *options,
                              struct error *err);
/* No new connections; those that are open go on. */
void http_server_quiesce(struct http_server *s);
/* Exchanges that are under way, and open connections. */
int http_server_active(struct http_server *s);
int http_server_connections(struct http_server *s);
/* Ends what is under way (`gone`), waits for the library's threads. NULL is fine. Exchanges that
 * others hold stay valid until they let go; writing to them fails. */
void http_server_stop(struct http_server *s);

/* The request. Texts live as long as the exchange. */
uint64_t http_number(const struct http_exchange *x); /* of this request, never used twice */
const char *http_method(const struct http_exchange *x);
const char *http_path(const struct http_exchange *x);  /* as sent: %XX is not decoded */
const char *http_query(const struct http_exchange *x); /* behind the '?'; "" without */
const char *http_peer(const struct http_exchange *x);  /* numeric address; "unix" */
/* First value of a header, NULL without. Only inside the handlers `head` and `request`. */
const char *http_header(struct http_exchange *x, const char *name);
struct span http_body(const struct http_exchange *x); /* terminated; empty in `head` */
int64_t http_begun_ns(const struct http_exchange *x); /* monotonic: when the first line came */

/* The application's pointer; `release` gets it. Set it at most once, in a handler. */
void http_set_data(struct http_exchange *x, void *data);
void *http_data(const struct http_exchange *x);
void http_ref(struct http_exchange *x);
void http_unref(struct http_exchange *x);

struct http_line { /* a header of the answer */
    const char *name;
    const char *value; /* without control bytes, or it is left out */
};
#define HTTP_CLOSE ((struct http_line){ "Connection", "close" })

/* The whole answer. The content is taken over (`body` is empty after). Content-Type is among the
 * lines. Answering twice is a bug; answering somebody who left is nothing. */
void http_reply(struct http_exchange *x, int status, const struct http_line *lines,
                size_t line_count, struct buf *body);
/* The head of an answer whose length is not known yet. */
void http_stream_begin(struct http_exchange *x, int status, const struct http_line *lines,
                       size_t line_count);
/* Queues bytes. False when nobody takes them any more: the client left or is too slow. */
bool http_stream_write(struct http_exchange *x, const void *bytes, size_t len);
void http_stream_end(struct http_exchange *x);
/* What has been sent to the client, for logs; of the body only. */
uint64_t http_sent_bytes(const struct http_exchange *x);
bool http_is_gone(const struct http_exchange *x);

#endif
