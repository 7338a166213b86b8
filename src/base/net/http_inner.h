/* What the files of the HTTP server share.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Threads: the library's (handlers, the reader of a stream's queue), the watcher (hang-ups,
 * deadlines), and those of the application (answers). An exchange's `lock` is taken inside the
 * server's, never the other way round; handlers are called with neither held. A connection is
 * named by a number, never by a pointer: it may be gone when its event is looked at. */
#ifndef BASE_NET_HTTP_INNER_H
#define BASE_NET_HTTP_INNER_H

#include <pthread.h>
#include <stdatomic.h>

#include <microhttpd.h>

#include "base/net/http.h"

enum http_phase { PHASE_IDLE, PHASE_HEAD, PHASE_BODY, PHASE_ANSWER };

struct http_connection {
    uint64_t number; /* turn << 32 | slot; never 0 */
    int fd;          /* the library's */
    char peer[64];
    /* server->lock: */
    enum http_phase phase;
    int64_t since_ns; /* when the phase began */
    bool hung_up;
    struct http_exchange *exchange; /* with a reference; NULL between requests */
};

struct http_server {
    atomic_int refs; /* the application's, and one for each exchange */
    struct MHD_Daemon *daemon;
    struct http_handlers handlers;
    struct http_limits limits;
    struct log log;
    atomic_uint_fast64_t next_number;
    atomic_int exchanges; /* under way: between first line and end */
    atomic_bool stopping;
    atomic_size_t bodies_bytes;

    pthread_mutex_t lock;
    struct http_connection **slots; /* [slot_count]; NULL: free */
    uint32_t *turns;                /* how often each slot has been used */
    int slot_count, slot_used;
    int slot_hint;
    int watch_fd, wake_fd;
    pthread_t watcher;
    bool watching; /* the thread runs */
};

struct http_exchange {
    atomic_int refs;
    struct http_server *server; /* with a reference */
    uint64_t number;
    int64_t begun_ns;
    char *method, *path, *query;
    char peer[64];
    void *data;

    /* The library's thread only. */
    struct MHD_Connection *mhd;
    const char *uri; /* in the library's buffer; until the head was checked */
    size_t uri_len;
    bool checked, handed;
    bool closes; /* the connection ends with this exchange */
    struct buf body;
    size_t body_counted; /* of server->bodies_bytes */
    int fault;           /* HTTP status of a fault in the body; 0: none */

    pthread_mutex_t lock;
    /* lock: */
    struct MHD_Response *response; /* until it is queued */
    int status;
    bool answered; /* response was set, now or before */
    bool queued;
    bool suspended;
    bool streaming, ended;
    bool gone; /* nobody takes what is written */
    bool over; /* the library has forgotten the request */
    struct buf queue;
    size_t queue_at;
    int64_t drained_ns; /* when the client last took something, or the queue was last empty */
    uint64_t sent_bytes;
};

/* http_exchange.c */
struct http_exchange *exchange_new(struct http_server *s, const char *uri,
                                   const struct http_connection *c);
/* Nobody will take the rest: tells the application once, wakes the library. */
void exchange_leave(struct http_exchange *x);
/* The library has let go of the request; `whole`: all of the answer was written. */
void exchange_over(struct http_exchange *x, bool whole);
/* Queues the answer, or suspends the connection until there is one. */
enum MHD_Result exchange_deliver(struct http_exchange *x);

/* http_watch.c */
enum status watch_start(struct http_server *s, struct error *err);
void watch_stop(struct http_server *s);
/* A connection came: NULL when memory is short. `peer` is filled by the caller. */
struct http_connection *watch_add(struct http_server *s, int fd);
void watch_remove(struct http_server *s, struct http_connection *c);
void watch_phase(struct http_server *s, struct http_connection *c, enum http_phase phase);
/* `exchange` takes the place of the one before; its reference becomes the connection's. */
void watch_exchange(struct http_server *s, struct http_connection *c, struct http_exchange *x);
bool watch_hung_up(struct http_server *s, struct http_connection *c);
/* Every exchange that is under way is left. */
void watch_leave_all(struct http_server *s);

void server_unref(struct http_server *s);

#endif
