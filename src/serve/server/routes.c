/* Routes of the server's own: health, models, properties, metrics.
 * SPDX-License-Identifier: Apache-2.0 */
#include "serve/server/server_inner.h"

#include <stdio.h>
#include <string.h>

#include "base/core/file.h"
#include "base/core/mem.h"
#include "base/core/utf8.h"

#define BODY_BYTES_MAX ((size_t)4 << 20)

static const struct route routes[] = {
#define ROUTE(method, path, capability, function) { method, path, capability, function },
#include "serve/server/route_list.h"
#undef ROUTE
};

static bool path_matches(const char *pattern, const char *path)
{
    size_t len = strlen(pattern);
    if (len < 2 || pattern[len - 1] != '/') return strcmp(pattern, path) == 0;
    return strncmp(pattern, path, len) == 0 && path[len];
}

const struct route *route_find(const char *method, const char *path, bool *ret_other_method)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (!path_matches(routes[i].path, path)) continue;
        if (strcmp(routes[i].method, method) == 0) return &routes[i];
        *ret_other_method = true;
    }
    return NULL;
}

/* Of route i, own ones first; NULL past the last. */
static const char *capability_of_route(size_t i)
{
    size_t own = sizeof routes / sizeof *routes;
    if (i < own) return routes[i].capability;
    return i - own < shape_count() ? shape_at(i - own)->capability : NULL;
}

const char *server_capability(size_t i)
{
    const char *name;
    for (size_t r = 0; (name = capability_of_route(r)); r++) {
        bool first = *name != 0;
        for (size_t before = 0; before < r && first; before++)
            first = strcmp(capability_of_route(before), name) != 0;
        if (first && i-- == 0) return name;
    }
    return NULL;
}

void route_reply(struct call *c, int status, struct buf *body)
{
    struct api_error e;
    if (!body->failed) {
        call_reply(c, status, "application/json", body);
    } else {
        api_error_make(&e, 503, "server_error", NULL, "no memory for the answer");
        call_fail(c, &e, 1);
    }
    buf_release(body);
}

/* With the lock held. */
bool route_may_see(struct call *c, const struct model_settings_entry *m)
{
    return !c->key || key_may_model(c->key, m->name);
}

static void put_ready_int(struct json_writer *w, const char *key, const struct facts *f,
                          const char *path)
{
    const struct json *v = f ? json_path(json_root(f->doc), path) : NULL;
    if (!v) return;
    json_key(w, key);
    json_put_int(w, json_int(v, 0));
}

/* An item of /v1/models: OpenAI's members, and those that clients of other servers read. */
static void put_model(struct server *s, struct json_writer *w, const char *id,
                      const struct hub_info *info)
{
    json_open_object(w);
    json_key(w, "id");
    json_put_string(w, id);
    json_key(w, "object");
    json_put_string(w, "model");
    json_key(w, "created");
    json_put_int(w, s->started);
    json_key(w, "owned_by");
    json_put_string(w, "hearth");
    put_ready_int(w, "max_model_len", info->facts, "context_max");
    json_key(w, "status");
    json_put_string(w, hub_state_name(info->state));
    json_key(w, "meta");
    json_open_object(w);
    put_ready_int(w, "n_ctx_train", info->facts, "model_context");
    put_ready_int(w, "n_params", info->facts, "parameter_count");
    put_ready_int(w, "n_vocab", info->facts, "vocab_size");
    put_ready_int(w, "size", info->facts, "weight_bytes");
    json_close_object(w);
    json_close_object(w);
}

static void put_each_name(struct server *s, struct json_writer *w,
                          const struct model_settings_entry *m, const struct hub_info *info)
{
    put_model(s, w, m->name, info);
    for (int i = 0; i < SERVER_ALIASES_MAX && m->aliases[i]; i++)
        put_model(s, w, m->aliases[i], info);
}

void route_models(struct server *s, struct call *c)
{
    struct buf body = BUF_INIT(BODY_BYTES_MAX);
    struct json_writer w;
    json_writer_init(&w, &body, 0);
    json_open_object(&w);
    json_key(&w, "object");
    json_put_string(&w, "list");
    json_key(&w, "data");
    json_open_array(&w);
    pthread_mutex_lock(&s->lock);
    for (int i = 0; i < s->settings.model_count; i++) {
        struct hub_info info;
        if (!route_may_see(c, &s->settings.models[i])) continue;
        hub_look(s->hubs[i], &info);
        put_each_name(s, &w, &s->settings.models[i], &info);
        facts_unref(info.facts);
    }
    pthread_mutex_unlock(&s->lock);
    json_close_array(&w);
    json_close_object(&w);
    route_reply(c, 200, &body);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* %XX to bytes (RFC 3986, section 2.1); false when it is malformed, too long or no text. */
static bool decode(char *out, size_t out_bytes, const char *in)
{
    size_t n = 0;
    for (; *in; in++) {
        int c = (unsigned char)*in;
        if (c == '%') {
            int high = hex_digit(in[1]), low = high < 0 ? -1 : hex_digit(in[2]);
            if (low < 0) return false;
            c = high * 16 + low;
            in += 2;
        }
        if (c == 0 || n + 1 >= out_bytes) return false;
        out[n++] = (char)c;
    }
    out[n] = 0;
    return utf8_valid(out, n);
}

void route_model(struct server *s, struct call *c)
{
    char id[SERVER_NAME_BYTES], name[SERVER_NAME_BYTES];
    struct api_error e;
    struct hub *h = NULL;
    if (decode(id, sizeof id, http_path(c->exchange) + strlen("/v1/models/")))
        h = server_find_model(s, id, name);
    if (!h || (c->key && !key_may_model(c->key, name))) {
        hub_unref(h);
        api_error_make(&e, 404, "invalid_request_error", "model_not_found",
                       "there is no such model here; GET /v1/models lists them");
        call_fail(c, &e, 0);
        return;
    }
    struct buf body = BUF_INIT(BODY_BYTES_MAX);
    struct json_writer w;
    struct hub_info info;
    hub_look(h, &info);
    json_writer_init(&w, &body, 0);
    put_model(s, &w, id, &info);
    facts_unref(info.facts);
    hub_unref(h);
    route_reply(c, 200, &body);
}

/* Any key may fetch what was given to its tenant; the id is that of the request. */
void route_receipt(struct server *s, struct call *c)
{
    const char *id = http_path(c->exchange) + strlen("/hearth/receipts/");
    struct buf note = BUF_INIT(RECEIPT_NOTE_MAX);
    struct error err = { 0 };
    struct api_error e;
    bool found = false;
    enum status st = STATUS_OK;
    if (!access_identify(s, c, &e)) {
        call_fail(c, &e, 0);
        return;
    }
    if (s->receipts)
        st = receipt_find(s->receipts, c->key ? key_tenant(c->key) : "", id, &note, &found, &err);
    if (!st && found) call_reply(c, 200, "text/plain; charset=utf-8", &note);
    else {
        if (st) api_error_from(&e, &err);
        else
            api_error_make(
                &e, 404, "not_found_error", "receipt_not_found",
                "there is no such receipt here: they are kept for an hour, for who asked");
        call_fail(c, &e, 0);
    }
    buf_release(&note);
}

/* 200 while at least one model answers or can be loaded when asked; 503 while the first one loads. */
void route_health(struct server *s, struct call *c)
{
    int usable = 0, loading = 0, failed = 0;
    pthread_mutex_lock(&s->lock);
    for (int i = 0; i < s->settings.model_count; i++) {
        struct hub_info info;
        hub_look(s->hubs[i], &info);
        facts_unref(info.facts);
        bool cold = info.state == HUB_COLD && !s->settings.models[i].preload;
        usable += info.state == HUB_READY || cold;
        loading += info.state == HUB_LOADING || (info.state == HUB_COLD && !cold);
        failed += info.state == HUB_BACKOFF;
    }
    pthread_mutex_unlock(&s->lock);
    const char *status = atomic_load(&s->draining) ? "draining"
                         : usable                  ? "ok"
                         : loading                 ? "loading"
                         : failed                  ? "failed"
                                                   : "ok";
    struct buf body = BUF_INIT(BODY_BYTES_MAX);
    buf_format(&body, "{\"status\":\"%s\"}", status);
    route_reply(c, strcmp(status, "ok") == 0 ? 200 : 503, &body);
}

static void put_view(struct json_writer *w, const struct model_settings_entry *m,
                     const struct hub_info *info)
{
    json_open_object(w);
    json_key(w, "name");
    json_put_string(w, m->name);
    json_key(w, "aliases");
    json_open_array(w);
    for (int i = 0; i < SERVER_ALIASES_MAX && m->aliases[i]; i++)
        json_put_string(w, m->aliases[i]);
    json_close_array(w);
    json_key(w, "state");
    json_put_string(w, hub_state_name(info->state));
    json_key(w, "requests");
    json_put_int(w, info->calls);
    json_key(w, "waiting");
    json_put_int(w, info->waiting);
    json_key(w, "load_seconds");
    json_put_real(w, info->load_seconds);
    json_key(w, "error");
    json_put_string(w, info->last.text[0] ? info->last.text : NULL);
    json_key(w, "fingerprint");
    json_put_string(w, info->facts ? info->facts->fingerprint : NULL);
    json_key(w, "ready");
    json_put_value(w, info->facts ? json_root(info->facts->doc) : NULL);
    json_close_object(w);
}

void route_props(struct server *s, struct call *c)
{
    struct buf body = BUF_INIT(BODY_BYTES_MAX);
    struct json_writer w;
    json_writer_init(&w, &body, 0);
    json_open_object(&w);
    json_key(&w, "version");
    json_put_string(&w, HEARTH_VERSION);
    json_key(&w, "started");
    json_put_int(&w, s->started);
    json_key(&w, "models");
    json_open_array(&w);
    pthread_mutex_lock(&s->lock);
    for (int i = 0; i < s->settings.model_count; i++) {
        struct hub_info info;
        if (!route_may_see(c, &s->settings.models[i])) continue;
        hub_look(s->hubs[i], &info);
        put_view(&w, &s->settings.models[i], &info);
        facts_unref(info.facts);
    }
    pthread_mutex_unlock(&s->lock);
    json_close_array(&w);
    json_close_object(&w);
    route_reply(c, 200, &body);
}

/* Resident memory from /proc/self/statm: the second number, in pages of 4 KiB on all our machines. */
static uint64_t resident_bytes(void)
{
    struct buf text = BUF_INIT(4096);
    uint64_t pages = 0;
    if (!file_read(&text, "/proc/self/statm", NULL) && text.data) {
        const char *space = strchr(text.data, ' ');
        for (const char *d = space ? space + 1 : ""; *d >= '0' && *d <= '9'; d++)
            pages = pages * 10 + (uint64_t)(*d - '0');
    }
    buf_release(&text);
    return pages * 4096;
}

void route_metrics(struct server *s, struct call *c)
{
    struct buf body = BUF_INIT(BODY_BYTES_MAX);
    int connections = 0;
    for (int i = 0; i < s->http_count; i++)
        connections += http_server_connections(s->https[i]);
    metrics_write(s->metrics, &body);
    buf_format(&body,
               "# HELP hearth_http_connections Connections that are open.\n"
               "# TYPE hearth_http_connections gauge\nhearth_http_connections %d\n"
               "# HELP process_resident_memory_bytes Memory of the front, without its workers.\n"
               "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes %llu\n",
               connections, (unsigned long long)resident_bytes());
    if (body.failed) {
        route_reply(c, 200, &body);
        return;
    }
    call_reply(c, 200, "text/plain; version=0.0.4; charset=utf-8", &body);
    buf_release(&body);
}
