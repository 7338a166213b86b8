/* What the files of the server share.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVE_SERVER_SERVER_INNER_H
#define SERVE_SERVER_SERVER_INNER_H

#include <pthread.h>

#include "base/core/json_write.h"
#include "base/core/program_parts.h"
#include "serve/server/call.h"
#include "serve/server/hub.h"
#include "serve/server/intake.h"
#include "serve/server/server.h"
#include "serve/server/shape_store.h"

struct served_model {
    struct model_settings_entry entry; /* texts are the settings' that it came with */
    struct hub *hub;                   /* with a reference */
};

struct server {
    struct http_server *https[SERVER_LISTEN_MAX];
    struct listen_address addresses[SERVER_LISTEN_MAX];
    char names[SERVER_LISTEN_MAX][LISTEN_TEXT_BYTES];
    int http_count;
    bool tls, behind_proxy, open_to_all; /* open_to_all: a key is not needed for an address here */
    struct key_store *keys;              /* NULL: none */
    struct metrics *metrics;
    struct intake *intake;
    struct shape_store *store;       /* of answers that later requests refer to */
    struct audit *audit;             /* borrowed; NULL: no receipts */
    struct shape_store *receipts;    /* that can be fetched */
    struct shape_store *known_calls; /* arguments as models wrote them */
    struct engine_options engine;
    target_open_fn *open;
    void *open_ctx;
    struct log log;
    server_log_fn *request_log;
    void *request_log_ctx;
    int64_t started; /* unix seconds */
    atomic_int calls;
    atomic_bool draining;
    int64_t saved_ns; /* when usage was last written */

    pthread_mutex_t lock;
    /* lock: */
    struct server_settings settings;
    struct hub *hubs[SERVER_MODELS_MAX]; /* of settings.models, same order */
    struct hub *retired[SERVER_MODELS_MAX];
    int retired_count;
    struct program_parts parts; /* of this process; empty until somebody asks, and immutable then */
};

/* A route of the server's own: one line of route_list.h, one function. */
struct route {
    const char *method, *path; /* a path that ends in '/' takes one more segment */
    const char *capability;    /* "" : anybody */
    void (*answer)(struct server *s, struct call *c);
};
#define ROUTE(method, path, capability, function) void function(struct server *s, struct call *c);
#include "serve/server/route_list.h"
#undef ROUTE
/* JSON; the body is taken over. One that failed to grow is a 503. */
void route_reply(struct call *c, int status, struct buf *body);
/* Whether the call's key may know of the model. */
bool route_may_see(struct call *c, const struct model_settings_entry *m);
const struct route *route_find(const char *method, const char *path, bool *ret_other_method);

/* models.c */
/* The hub that serves `name` (an alias, or the default for NULL), with a reference; NULL: none. Copies
 * the name under which it is served. */
struct hub *server_find_model(struct server *s, const char *name, char ret_name[128]);
enum status server_open_models(struct server *s, struct error *err);

/* access.c */
/* Whether the head may come in; false: *e says why not. Sets the call's key. */
bool access_check(struct server *s, struct call *c, const char *capability, struct api_error *e,
                  int *ret_retry);
/* Whose request it is, on routes that ask for no capability: sets the call's key; false: *e says why it is nobody's. */
bool access_identify(struct server *s, struct call *c, struct api_error *e);
/* Value of Access-Control-Allow-Origin for this request; NULL: none. Inside handlers only. */
bool access_origin_allowed(struct server *s, const char *origin, const char *host);

/* request_log.c */
void server_log_request(struct server *s, const struct call *c, const struct http_exchange *x);

#endif
