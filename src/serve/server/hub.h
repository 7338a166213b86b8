/* A model that is served: owns its target on a thread of its own, and feeds the calls from it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The target is opened when it is first needed (or at once, with `preload`), on a helper thread, so
 * that calls which wait for it can give up in time. It is closed when idle for long. When it dies, its
 * calls end with the error that says how, and it is opened again after a pause that doubles from
 * half a second to a minute. Other hubs notice nothing. */
#ifndef SERVE_SERVER_HUB_H
#define SERVE_SERVER_HUB_H

#include "serve/server/call.h"

#define HUB_BACKOFF_FIRST_MS 500
#define HUB_BACKOFF_MAX_MS   60000
#define HUB_QUEUE_DEFAULT    256

enum hub_state { HUB_COLD, HUB_LOADING, HUB_READY, HUB_BACKOFF };
const char *hub_state_name(enum hub_state s); /* "cold", "loading", "ready", "failed" */

struct hub_options {
    const char *name;
    const char *path;
    struct engine_options engine; /* texts are copied; log and progress are the hub's own */
    target_open_fn *open;
    void *open_ctx;
    bool preload;
    int queue_max;           /* calls at once; further ones are 429. 0: HUB_QUEUE_DEFAULT */
    int load_wait_ms;        /* a call waits so long for the model, then 503 */
    int unload_after_s;      /* idle; 0: never */
    int keep_alive_ms;       /* between signs of life of a stream */
    struct metrics *metrics; /* may be NULL */
    struct log log;
};

struct hub;
enum status hub_start(struct hub **ret, const struct hub_options *options, struct error *err);
/* Ends its calls with an error, stops the target, waits for the thread; the caller's reference is
 * given up. */
void hub_stop(struct hub *h);
/* Takes no new calls; closes the target and ends when those it has are over. hub_stop follows. */
void hub_retire(struct hub *h);
void hub_ref(struct hub *h);
void hub_unref(struct hub *h);

/* Hands the call over (the hub takes its own reference of the exchange). False: *err says why not,
 * *ret_retry when to try again; the call is still the caller's. */
bool hub_offer(struct hub *h, struct call *c, struct api_error *err, int *ret_retry);
/* Something about one of its calls has changed: a client left, a key was revoked. */
void hub_wake(struct hub *h);

struct hub_info {
    enum hub_state state;
    int calls, waiting;
    int failures;        /* in a row */
    struct error last;   /* what went wrong last; STATUS_OK: nothing since it was ready */
    double load_seconds; /* of the last opening */
    struct facts *facts; /* with a reference for the caller; NULL before it was ready */
};
void hub_look(struct hub *h, struct hub_info *ret);
const char *hub_name(const struct hub *h);
const char *hub_path(const struct hub *h);

#endif
