/* The server: addresses, models, keys and routes put together.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Everything is denied that is not allowed: a route exists when a table names it, with the
 * capability that a key must have; a request without a key is served only where the settings say so
 * (by default on loopback addresses and Unix sockets), and there only for hosts and origins that are
 * the server's own, so that a page in a browser cannot reach it by a name of its choice.
 *
 * Threads: the HTTP library's read heads, intake threads read bodies, each model's hub writes
 * answers. server_* calls come from one thread, the owner's. */
#ifndef SERVE_SERVER_SERVER_H
#define SERVE_SERVER_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/core/log.h"
#include "base/core/status.h"
#include "base/net/http.h"
#include "base/net/listen.h"
#include "govern/audit/audit.h"
#include "serve/gateway/target.h"

#define SERVER_LISTEN_MAX  8
#define SERVER_MODELS_MAX  64
#define SERVER_ALIASES_MAX 16
#define SERVER_NAMES_MAX   64 /* hosts, origins */
#define SERVER_NAME_BYTES  128

struct model_settings_entry {
    char *name, *path;
    char *aliases[SERVER_ALIASES_MAX]; /* NULL-terminated unless full */
    bool preload;
    int64_t context_max, threads, queue_max, unload_after_s, memory_bytes, batch, cache_tokens;
    char *cache_type;
};

/* Texts are owned by the settings; server_settings_release frees them. */
struct server_settings {
    struct model_settings_entry models[SERVER_MODELS_MAX];
    int model_count;
    char *default_model;             /* NULL: the first */
    char *hosts[SERVER_NAMES_MAX];   /* further names of this server, for requests without a key */
    char *origins[SERVER_NAMES_MAX]; /* pages that may ask (CORS); "*": all */
    bool require_key;                /* on loopback addresses too */
    int64_t load_wait_s;
    int64_t drain_s;
    int64_t keep_alive_ms; /* a silent stream gets a comment so often */
    struct http_limits limits;
};
void server_settings_init(struct server_settings *s);
void server_settings_release(struct server_settings *s);
/* Appends a model; the texts are copied. `name` NULL: made from the path. */
enum status server_settings_add_model(struct server_settings *s, const char *name, const char *path,
                                      struct error *err);

/* Gets one JSON object per request, without line break. Any thread may call. */
typedef void server_log_fn(void *ctx, const char *line);

struct server_listen {
    int fd;
    struct listen_address address;
};

struct server_options {
    struct server_listen
        listen[SERVER_LISTEN_MAX]; /* descriptors become the server's in every case */
    int listen_count;
    const char *tls_certificate, *tls_key; /* PEM; NULL: none */
    bool behind_proxy;                     /* somebody in front does TLS */
    const char *home;                      /* folder of keys; NULL: there are none */
    struct server_settings settings;       /* taken over in every case */
    struct engine_options engine; /* what the models' entries do not say; texts are borrowed */
    target_open_fn *open;
    void *open_ctx;
    struct log log;
    struct audit *audit;        /* borrowed: signs receipts; NULL: there are none */
    server_log_fn *request_log; /* NULL: none */
    void *request_log_ctx;
};

struct server;
enum status server_start(struct server **ret, struct server_options *options, struct error *err);
/* To be called a few times a second: keys are read again when they changed, usage is saved. */
void server_tick(struct server *s);
/* New settings; models that stay keep running. They are taken over in every case. */
enum status server_reload(struct server *s, struct server_settings *settings, struct error *err);
/* No new requests. What is under way goes on. */
void server_drain(struct server *s);
int server_active(struct server *s); /* calls of models under way */
/* Ends what is left with an error and frees everything; NULL is fine. */
void server_stop(struct server *s);

/* The capabilities that routes ask for, each once; NULL past the last. */
const char *server_capability(size_t i);

/* The state of the first model that is to be loaded at the start: STATUS_OK and *ret_ready, or why
 * it cannot be loaded. */
enum status server_first_model(struct server *s, bool *ret_ready, struct error *err);

#endif
