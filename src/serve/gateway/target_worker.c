/* A local worker as a target.
 * SPDX-License-Identifier: Apache-2.0 */
#include "serve/gateway/target.h"

#include <stdio.h>
#include <string.h>

#include "base/core/mem.h"
#include "govern/gate/gate.h"

static enum status submit(void *self, uint64_t *ret_request, const char *request, size_t len,
                          struct error *err)
{
    return worker_submit(self, ret_request, request, len, err);
}

static enum status next(void *self, struct worker_event *ret, bool *ret_got, int timeout_ms,
                        struct error *err)
{
    return worker_next(self, ret, ret_got, timeout_ms, err);
}

static enum status cancel(void *self, uint64_t request, struct error *err)
{
    return worker_cancel(self, request, err);
}

static bool alive(const void *self)
{
    return worker_alive(self);
}

static int descriptor(const void *self)
{
    return worker_descriptor(self);
}

static const struct json *ready(const void *self)
{
    return worker_ready(self);
}

static void stop(void *self)
{
    worker_stop(self);
}

static enum status stats(void *self, uint64_t *ret_request, struct error *err)
{
    return worker_stats(self, ret_request, err);
}

static enum status embed(void *self, uint64_t *ret_request, const char *request, size_t len,
                         struct error *err)
{
    return worker_embed(self, ret_request, request, len, err);
}

static enum status rerank(void *self, uint64_t *ret_request, const char *request, size_t len,
                          struct error *err)
{
    return worker_rerank(self, ret_request, request, len, err);
}

static const struct target_class worker_class = { submit, next, cancel, alive, descriptor,
                                                  ready,  stop, stats,  embed, rerank };

static struct target_pin pin_of(const struct gate_verdict *v)
{
    struct target_pin pin = { .known = v && v->origin != GATE_UNPINNED };
    if (!v) return pin;
    snprintf(pin.alias, sizeof pin.alias, "%s", v->alias);
    snprintf(pin.origin, sizeof pin.origin, "%s", gate_origin_name(v->origin));
    memcpy(pin.digest, v->digest, sizeof pin.digest);
    return pin;
}

enum status target_open_worker(void *ctx, struct target *ret, const char *path,
                               const struct engine_options *options, struct error *err)
{
    struct worker *w;
    struct gate_verdict *verdict = NULL;
    enum status st = gate_open_worker(&w, ctx, path, options, &verdict, err);
    if (st) mem_free(verdict);
    else *ret = (struct target){ &worker_class, w, pin_of(verdict), verdict };
    return st;
}
