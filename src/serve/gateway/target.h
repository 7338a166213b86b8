/* Whatever answers canonical requests: a local worker today.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The server speaks to targets, not to workers, so that everything around an answer (shapes, keys,
 * limits, metrics, errors) is written once for all kinds of them. The functions mean what their
 * namesakes in lm/worker/client.h say; a target belongs to one thread at a time. */
#ifndef SERVE_GATEWAY_TARGET_H
#define SERVE_GATEWAY_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "govern/gate/verdict.h"
#include "lm/engine/engine_options.h"
#include "lm/worker/client.h"

struct target_class {
    enum status (*submit)(void *self, uint64_t *ret_request, const char *request, size_t len,
                          struct error *err);
    enum status (*next)(void *self, struct worker_event *ret, bool *ret_got, int timeout_ms,
                        struct error *err);
    enum status (*cancel)(void *self, uint64_t request, struct error *err);
    bool (*alive)(const void *self);
    int (*descriptor)(const void *self);
    const struct json *(*ready)(const void *self);
    void (*stop)(void *self);
    /* worker_stats; NULL: it has none to tell. */
    enum status (*stats)(void *self, uint64_t *ret_request, struct error *err);
    /* worker_embed, worker_rerank; NULL: it cannot. */
    enum status (*embed)(void *self, uint64_t *ret_request, const char *request, size_t len,
                         struct error *err);
    enum status (*rerank)(void *self, uint64_t *ret_request, const char *request, size_t len,
                          struct error *err);
};

/* Which model it is: what the gate verified before it was opened. */
struct target_pin {
    bool known;                  /* it is pinned; else alias and digest say nothing */
    char alias[256], origin[16]; /* gate_origin_name() */
    uint8_t digest[32];          /* SHA-256, registry_digest() */
};

struct target {
    const struct target_class *class; /* NULL: none */
    void *self;
    struct target_pin pin;
    struct gate_verdict
        *verdict; /* what the gate said of it; NULL: nobody asked. The opener's caller frees it */
};

/* Opens what answers for a model; blocks until it is ready. Any thread may call. */
typedef enum status target_open_fn(void *ctx, struct target *ret, const char *path,
                                   const struct engine_options *options, struct error *err);

/* A worker behind the gate; `ctx` is the struct gate. */
target_open_fn target_open_worker;

#endif
