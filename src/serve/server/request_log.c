/* One JSON line per request: who, what, how long, how it ended. Never a body.
 * SPDX-License-Identifier: Apache-2.0 */
#include "serve/server/server_inner.h"

#include <string.h>
#include <time.h>

#include "base/core/clock.h"

#define LINE_BYTES_MAX ((size_t)16384)

static void put(struct json_writer *w, const char *key, const char *text)
{
    if (!text || !*text) return;
    json_key(w, key);
    json_put_string(w, text);
}

static void put_count(struct json_writer *w, const char *key, uint64_t n)
{
    json_key(w, key);
    json_put_int(w, (int64_t)n);
}

static void put_ms(struct json_writer *w, const char *key, int64_t from_ns, int64_t to_ns)
{
    if (!to_ns) return;
    json_key(w, key);
    json_put_real(w, (double)((to_ns - from_ns) / 1000) / 1e3);
}

static void put_time(struct json_writer *w)
{
    char text[40];
    int64_t now = clock_unix_ns();
    time_t seconds = (time_t)(now / 1000000000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    size_t len = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    struct buf b = BUF_INIT(64);
    buf_append(&b, text, len);
    buf_format(&b, ".%03dZ", (int)(now / 1000000 % 1000));
    put(w, "time", b.data);
    buf_release(&b);
}

static void put_model(struct json_writer *w, const struct call *c, int64_t begun)
{
    put(w, "model", c->model);
    json_key(w, "stream");
    json_put_bool(w, c->has_request && c->request.stream);
    put(w, "finish", c->finish);
    put_count(w, "prompt_tokens", c->prompt_tokens);
    put_count(w, "cached_tokens", c->cached_tokens);
    put_count(w, "completion_tokens", c->completion_tokens);
    if (c->submitted_ns && c->finish[0])
        put_ms(w, "queue_ms", 0, (int64_t)(call_queue_seconds(c, begun) * 1e9));
    put_ms(w, "first_token_ms", begun, c->first_ns);
    put(w, "note", c->has_request ? c->request.note : NULL);
}

void server_log_request(struct server *s, const struct call *c, const struct http_exchange *x)
{
    struct buf line = BUF_INIT(LINE_BYTES_MAX);
    struct json_writer w;
    int64_t begun = http_begun_ns(x);
    metrics_http(s->metrics, c->route, c->status ? c->status : 499);
    if (!s->request_log) return;
    json_writer_init(&w, &line, 0);
    json_open_object(&w);
    put_time(&w);
    put(&w, "event", "request");
    put(&w, "request_id", c->request_id);
    put(&w, "traceparent", c->traceparent);
    put(&w, "peer", http_peer(x));
    put(&w, "key", c->key ? key_id(c->key) : NULL);
    put(&w, "method", http_method(x));
    put(&w, "route", c->route);
    json_key(&w, "status");
    json_put_int(&w, c->status ? c->status : 499);
    if (c->shape) put_model(&w, c, begun);
    put_ms(&w, "total_ms", begun, clock_monotonic_ns());
    put_count(&w, "received_bytes", http_body(x).len);
    put_count(&w, "sent_bytes", http_sent_bytes(x));
    json_key(&w, "client_left");
    json_put_bool(&w, atomic_load(&c->gone));
    put(&w, "error_code", c->error_code);
    put(&w, "error", c->error_text);
    json_close_object(&w);
    if (!line.failed) s->request_log(s->request_log_ctx, line.data);
    buf_release(&line);
}
