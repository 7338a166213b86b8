/* The server: a request's way from its head to a hub.
 * SPDX-License-Identifier: Apache-2.0 */
#include "serve/server/server_inner.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/core/clock.h"
#include "base/core/mem.h"

#define INTAKE_THREADS  2
#define SAVE_SECONDS    5
#define STORE_ENTRIES   ((size_t)4096)
#define STORE_BYTES     ((size_t)64 << 20)
#define CALLS_ENTRIES   ((size_t)16384)
#define CALLS_BYTES     ((size_t)32 << 20)
#define FRAME_BYTES_MAX ((size_t)64 << 20)

/* The head. */

static struct call *call_new(struct server *s, struct http_exchange *x)
{
    struct call *c = mem_zero(sizeof *c);
    if (!c) return NULL;
    c->server = s;
    c->exchange = x;
    c->route = "other";
    c->frame = BUF_INIT(FRAME_BYTES_MAX);
    atomic_init(&c->gone, false);
    if (ident_random(c->request_id, IDENT_REQUEST_CHARS, NULL) ||
        ident_traceparent(c->traceparent, http_header(x, "traceparent"), NULL)) {
        mem_free(c);
        return NULL;
    }
    c->context = (struct shape_context){ .request_id = c->request_id,
                                         .model = c->model,
                                         .fingerprint = "",
                                         .store = s->store,
                                         .calls = s->known_calls,
                                         .created = clock_unix_ns() / 1000000000 };
    http_set_data(x, c);
    return c;
}

/* Memory is short for even the least: the connection is ended. */
static void reply_nothing(struct http_exchange *x)
{
    http_reply(x, 503, &HTTP_CLOSE, 1, NULL);
}

/* Another method on a path that shapes have; its errors are in their form. */
static const struct shape *shape_on_path(const char *path)
{
    for (size_t i = 0; i < shape_count(); i++)
        if (strcmp(shape_at(i)->path, path) == 0) return shape_at(i);
    return NULL;
}

static void refuse_route(struct call *c, bool other_method)
{
    struct api_error e;
    const char *path = http_path(c->exchange);
    const struct shape *near = shape_on_path(path);
    if (near || other_method) {
        api_error_make(&e, 405, "invalid_request_error", "method_not_allowed",
                       "%s is not asked with %s", path, http_method(c->exchange));
        snprintf(e.param, sizeof e.param, "%s", near ? near->method : "GET");
    } else {
        api_error_make(&e, 404, "invalid_request_error", "unknown_url",
                       "there is no route %s %.200s here", http_method(c->exchange), path);
    }
    c->shape = near;
    call_fail(c, &e, 0);
    c->shape = NULL;
}

static void refuse_draining(struct call *c)
{
    struct api_error e;
    api_error_make(&e, 503, "server_error", "shutting_down",
                   "the server is shutting down and takes no new requests");
    call_fail(c, &e, 2);
}

static void choose_route(struct server *s, struct call *c, const struct route *r)
{
    struct api_error e;
    int retry;
    c->route = r->path;
    if (access_check(s, c, r->capability, &e, &retry)) c->own = r;
    else call_fail(c, &e, retry);
}

/* What a browser asks before a page may: RFC of Fetch, section 4.8. Only for allowed origins. */
static bool answer_preflight(struct server *s, struct call *c)
{
    const char *origin = http_header(c->exchange, "Origin");
    if (strcmp(http_method(c->exchange), "OPTIONS") != 0 || !origin ||
        !access_origin_allowed(s, origin, http_header(c->exchange, "Host")))
        return false;
    struct http_line lines[] = {
        { "Access-Control-Allow-Origin", origin },
        { "Access-Control-Allow-Methods", "GET, POST, OPTIONS" },
        { "Access-Control-Allow-Headers",
          "Authorization, Content-Type, x-api-key, anthropic-version, Hearth-Receipt" },
        { "Access-Control-Max-Age", "600" },
        { "Vary", "Origin" },
    };
    c->status = 204;
    c->ended = true;
    c->route = "preflight";
    http_reply(c->exchange, 204, lines, sizeof lines / sizeof *lines, NULL);
    return true;
}

/* Pages of allowed origins may read the answer. */
static void note_origin(struct server *s, struct call *c)
{
    const char *origin = http_header(c->exchange, "Origin");
    if (origin && strlen(origin) < sizeof c->origin &&
        access_origin_allowed(s, origin, http_header(c->exchange, "Host")))
        snprintf(c->origin, sizeof c->origin, "%s", origin);
}

/* False: *e says why there can be none. */
static bool read_receipt_wish(struct server *s, struct call *c, struct api_error *e)
{
    const char *wish = http_header(c->exchange, RECEIPT_HEADER), *why = NULL;
    if (!wish || strcmp(wish, "0") == 0) return true;
    if (strcmp(wish, "1") != 0) why = "the header Hearth-Receipt is 1 or 0";
    else if (c->shape->job != SHAPE_GENERATE) why = "receipts are for answers that a model writes";
    else if (!s->audit) why = "this server has no audit log, and so no key to sign receipts with";
    c->wants_receipt = !why;
    if (why) api_error_make(e, 400, "invalid_request_error", "receipt_unavailable", "%s", why);
    return !why;
}

static void on_head(void *ctx, struct http_exchange *x)
{
    struct server *s = ctx;
    struct api_error e;
    int retry = 0;
    bool other_method = false;
    struct call *c = call_new(s, x);
    if (!c) {
        reply_nothing(x);
        return;
    }
    if (answer_preflight(s, c)) return;
    note_origin(s, c);
    const struct route *r = route_find(http_method(x), http_path(x), &other_method);
    if (r) {
        choose_route(s, c, r);
        return;
    }
    c->shape = shape_for(http_method(x), http_path(x));
    if (!c->shape) {
        refuse_route(c, other_method);
        return;
    }
    c->route = c->shape->path;
    if (atomic_load(&s->draining)) refuse_draining(c);
    else if (!access_check(s, c, c->shape->capability, &e, &retry)) call_fail(c, &e, retry);
    else if (!read_receipt_wish(s, c, &e)) call_fail(c, &e, 0);
    else if (c->key) c->context.tenant = key_tenant(c->key);
}

/* A request that the HTTP server itself refuses; there may be no call yet. */
static void on_fault(void *ctx, struct http_exchange *x, int status, const char *words)
{
    struct server *s = ctx;
    struct api_error e;
    struct call *c = http_data(x) ? http_data(x) : call_new(s, x);
    if (!c) {
        reply_nothing(x);
        return;
    }
    api_error_make(&e, status, status == 503 ? "server_error" : "invalid_request_error",
                   status == 413 ? "request_too_large" : NULL, "%s", words);
    if (!c->shape) c->shape = shape_for(http_method(x), http_path(x));
    call_fail(c, &e, status == 503 ? 1 : 0);
}

/* The body. */

static bool parse_body(struct call *c, struct api_error *e)
{
    struct error err = { 0 };
    struct span body = http_body(c->exchange);
    enum status st =
        json_parse(&c->body, body.data, body.len, body.len + 1, "the request's body", &err);
    if (!st && json_type(json_root(c->body)) == JSON_OBJECT) return true;
    if (!st) error_set(&err, STATUS_BAD_INPUT, "the request's body is no JSON object");
    api_error_make(e, st == STATUS_NO_MEMORY ? 503 : 400, "invalid_request_error", NULL, "%s",
                   err.text);
    return false;
}

static struct hub *choose_model(struct server *s, struct call *c, struct api_error *e)
{
    const struct json *wanted = json_get(json_root(c->body), "model");
    const char *name = json_text(wanted);
    struct hub *h = NULL;
    if (!wanted || name) h = server_find_model(s, name, c->model);
    if (h && (!c->key || key_may_model(c->key, c->model))) return h;
    hub_unref(h);
    c->model[0] = 0;
    if (wanted && !name)
        api_error_make(e, 400, "invalid_request_error", "invalid_value", "\"model\" is no text");
    else
        api_error_make(
            e, 404, "invalid_request_error", "model_not_found",
            "the model \"%.100s\" does not exist here; GET /v1/models lists those that do",
            name ? name : "");
    snprintf(e->param, sizeof e->param, "model");
    return NULL;
}

/* What is known of the model: that of its last worker, where there was one. */
static void look_up_facts(struct hub *h, struct call *c)
{
    struct hub_info info;
    hub_look(h, &info);
    c->facts = info.facts;
    if (!c->facts) return;
    c->context.ready = json_root(c->facts->doc);
    c->context.fingerprint = c->facts->fingerprint;
}

static bool begin_receipt(struct call *c, struct api_error *e)
{
    struct error err;
    int count = c->request.prompt_count * c->request.choice_count;
    if (!receipt_new(&c->receipt, http_body(c->exchange), count, &err)) return true;
    api_error_from(e, &err);
    return false;
}

static void read_request(void *ctx, void *item)
{
    struct server *s = ctx;
    struct call *c = item;
    struct http_exchange *x = c->exchange;
    struct api_error e = { 0 };
    int retry = 0;
    struct hub *h = NULL;
    bool ok = parse_body(c, &e) && (h = choose_model(s, c, &e)) != NULL;
    if (ok) {
        look_up_facts(h, c);
        ok = c->shape->read(&c->request, json_root(c->body), &c->context, &e);
        c->has_request = ok;
    }
    if (ok && c->wants_receipt) ok = begin_receipt(c, &e);
    if (ok) ok = hub_offer(h, c, &e, &retry);
    if (!ok) call_fail(c, &e, retry);
    hub_unref(h);
    http_unref(x);
}

static void on_request(void *ctx, struct http_exchange *x)
{
    struct server *s = ctx;
    struct call *c = http_data(x);
    struct api_error e;
    if (c->own) {
        c->own->answer(s, c);
        return;
    }
    http_ref(x); /* the intake's */
    if (intake_put(s->intake, c)) return;
    api_error_make(&e, 503, "server_error", NULL,
                   "too many requests are waiting to be read; try again in 1s");
    call_fail(c, &e, 1);
    http_unref(x);
}

static void on_gone(void *ctx, struct http_exchange *x)
{
    struct call *c = http_data(x);
    if (!c) return;
    atomic_store(&c->gone, true);
    struct hub *h = atomic_load(&c->hub);
    if (h) hub_wake(h);
}

static void on_release(void *ctx, void *data)
{
    struct server *s = ctx;
    struct call *c = data;
    server_log_request(s, c, c->exchange);
    call_free(c);
}

/* Life. */

static enum status check_exposure(const struct server_options *o, struct server *s,
                                  struct error *err)
{
    bool all_local = true;
    for (int i = 0; i < o->listen_count; i++)
        all_local = all_local && o->listen[i].address.loopback;
    s->open_to_all = all_local && !o->behind_proxy;
    if (s->open_to_all) return STATUS_OK;
    if (!all_local && !o->tls_certificate && !o->behind_proxy)
        return error_set(
            err, STATUS_USAGE,
            "an address that others can reach needs TLS (--tls-cert and --tls-key), or "
            "a proxy in front that does it (--behind-proxy)");
    if (!s->keys || key_store_count(s->keys) == 0)
        return error_set(err, STATUS_USAGE,
                         "an address that others can reach needs keys, and there are none: `hearth "
                         "keys add NAME` makes one");
    return STATUS_OK;
}

static enum status open_listeners(struct server *s, struct server_options *o, struct error *err)
{
    enum status st = STATUS_OK;
    for (int i = 0; i < o->listen_count; i++) {
        struct http_options http = {
            .listen_fd = o->listen[i].fd,
            .handlers = { s, on_head, on_fault, on_request, on_gone, on_release },
            .limits = s->settings.limits,
            .tls_certificate = o->listen[i].address.is_unix ? NULL : o->tls_certificate,
            .tls_key = o->tls_key,
            .log = o->log,
        };
        if (st) {
            close(http.listen_fd);
            continue;
        }
        s->addresses[i] = o->listen[i].address;
        st = http_server_start(&s->https[i], &http, err);
        if (!st) s->http_count++;
    }
    return st;
}

static void close_listeners(const struct server_options *o)
{
    for (int i = 0; i < o->listen_count; i++)
        close(o->listen[i].fd);
}

static enum status prepare(struct server *s, struct server_options *o, struct error *err)
{
    enum status st = metrics_new(&s->metrics, err);
    if (!st && o->home) st = key_store_open(&s->keys, o->home, err);
    if (!st) st = check_exposure(o, s, err);
    if (!st) st = shape_store_new(&s->store, STORE_ENTRIES, STORE_BYTES, err);
    if (!st) st = shape_store_new(&s->known_calls, CALLS_ENTRIES, CALLS_BYTES, err);
    if (!st && s->audit)
        st = shape_store_new(&s->receipts, RECEIPT_KEPT_MAX, RECEIPT_BYTES_MAX, err);
    if (!st) st = intake_new(&s->intake, INTAKE_THREADS, read_request, s, err);
    if (!st) st = server_open_models(s, err);
    return st;
}

enum status server_start(struct server **ret, struct server_options *o, struct error *err)
{
    struct server *s = mem_zero(sizeof *s);
    if (!s || pthread_mutex_init(&s->lock, NULL) != 0) {
        mem_free(s);
        close_listeners(o);
        server_settings_release(&o->settings);
        return error_set(err, STATUS_NO_MEMORY, "no memory for the server");
    }
    s->settings = o->settings;
    o->settings = (struct server_settings){ 0 };
    s->engine = o->engine;
    s->open = o->open;
    s->open_ctx = o->open_ctx;
    s->log = o->log;
    s->audit = o->audit;
    s->request_log = o->request_log;
    s->request_log_ctx = o->request_log_ctx;
    s->started = clock_unix_ns() / 1000000000;
    enum status st = prepare(s, o, err);
    if (st) close_listeners(o);
    else st = open_listeners(s, o, err);
    if (st) {
        server_stop(s);
        return st;
    }
    *ret = s;
    return STATUS_OK;
}

void server_tick(struct server *s)
{
    struct error err = { 0 };
    bool changed = false;
    if (!s->keys) return;
    if (key_store_refresh(s->keys, &changed, &err))
        log_write(&s->log, LOG_ERROR, "keys", "the keys stay as they were: %s", err.text);
    pthread_mutex_lock(&s->lock);
    for (int i = 0; changed && i < s->settings.model_count; i++)
        hub_wake(s->hubs[i]);
    pthread_mutex_unlock(&s->lock);
    int64_t now = clock_monotonic_ns();
    if (now - s->saved_ns < (int64_t)SAVE_SECONDS * 1000000000) return;
    s->saved_ns = now;
    if (key_store_save_usage(s->keys, &err))
        log_write(&s->log, LOG_ERROR, "keys", "the usage of keys is not saved: %s", err.text);
}

void server_drain(struct server *s)
{
    if (atomic_exchange(&s->draining, true)) return;
    for (int i = 0; i < s->http_count; i++)
        http_server_quiesce(s->https[i]);
}

int server_active(struct server *s)
{
    int count = 0;
    pthread_mutex_lock(&s->lock);
    for (int i = 0; i < s->settings.model_count + s->retired_count; i++) {
        struct hub_info info;
        int r = i - s->settings.model_count;
        hub_look(r < 0 ? s->hubs[i] : s->retired[r], &info);
        facts_unref(info.facts);
        count += info.calls;
    }
    pthread_mutex_unlock(&s->lock);
    return count;
}

void server_stop(struct server *s)
{
    struct error err = { 0 };
    if (!s) return;
    server_drain(s);
    intake_free(s->intake);
    for (int i = 0; i < s->settings.model_count; i++)
        hub_stop(s->hubs[i]);
    for (int i = 0; i < s->retired_count; i++)
        hub_stop(s->retired[i]);
    for (int i = 0; i < s->http_count; i++) {
        http_server_stop(s->https[i]);
        listen_remove(&s->addresses[i]);
    }
    if (s->keys && key_store_save_usage(s->keys, &err))
        log_write(&s->log, LOG_ERROR, "keys", "the usage of keys is not saved: %s", err.text);
    key_store_close(s->keys);
    metrics_free(s->metrics);
    shape_store_free(s->store);
    shape_store_free(s->known_calls);
    shape_store_free(s->receipts);
    server_settings_release(&s->settings);
    program_parts_release(&s->parts);
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}
