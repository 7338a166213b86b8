/* One request and its answer: whole, or a queue that the library's thread empties.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The library asks for bytes on its own thread. When the queue is empty the connection is suspended,
 * and whoever writes next resumes it; the exchange's lock makes the two see each other. */
#include "base/net/http_inner.h"

#include <assert.h>

#include "base/core/clock.h"
#include "base/core/mem.h"

#define BLOCK_BYTES   4096
#define COMPACT_BYTES 16384 /* of a queue already taken, before the rest is moved to the front */

static bool split_uri(struct http_exchange *x, const char *uri)
{
    const char *mark = strchr(uri, '?');
    size_t path_len = mark ? (size_t)(mark - uri) : strlen(uri);
    x->path = mem_copy_text(uri, path_len);
    x->query = mem_copy_text(mark ? mark + 1 : "", mark ? strlen(mark + 1) : 0);
    return x->path && x->query;
}

static void exchange_free(struct http_exchange *x)
{
    struct http_server *s = x->server;
    if (x->data && s->handlers.release) s->handlers.release(s->handlers.ctx, x->data);
    if (x->response) MHD_destroy_response(x->response);
    atomic_fetch_sub(&s->bodies_bytes, x->body_counted);
    buf_release(&x->body);
    buf_release(&x->queue);
    pthread_mutex_destroy(&x->lock);
    mem_free(x->method);
    mem_free(x->path);
    mem_free(x->query);
    mem_free(x);
    server_unref(s);
}

struct http_exchange *exchange_new(struct http_server *s, const char *uri,
                                   const struct http_connection *c)
{
    struct http_exchange *x = mem_zero(sizeof *x);
    if (!x) return NULL;
    if (!split_uri(x, uri) || pthread_mutex_init(&x->lock, NULL) != 0) {
        mem_free(x->path);
        mem_free(x->query);
        mem_free(x);
        return NULL;
    }
    atomic_init(&x->refs, 1);
    atomic_fetch_add(&s->refs, 1);
    atomic_fetch_add(&s->exchanges, 1);
    x->server = s;
    x->number = atomic_fetch_add(&s->next_number, 1) + 1;
    x->begun_ns = clock_monotonic_ns();
    x->body = BUF_INIT(s->limits.body_bytes_max);
    x->queue = BUF_INIT(s->limits.queue_bytes_max + COMPACT_BYTES);
    memcpy(x->peer, c->peer, sizeof x->peer);
    return x;
}

void http_ref(struct http_exchange *x)
{
    atomic_fetch_add(&x->refs, 1);
}

void http_unref(struct http_exchange *x)
{
    if (x && atomic_fetch_sub(&x->refs, 1) == 1) exchange_free(x);
}

/* With the lock held. */
static void wake(struct http_exchange *x)
{
    if (!x->suspended || x->over) return;
    x->suspended = false;
    MHD_resume_connection(x->mhd);
}

static void tell_gone(struct http_exchange *x)
{
    const struct http_handlers *h = &x->server->handlers;
    if (h->gone) h->gone(h->ctx, x);
}

/* With the lock held: the library has, or will take, all that there is. */
static bool is_handed_over(const struct http_exchange *x)
{
    return x->streaming ? x->ended && x->queue_at == x->queue.len : x->answered;
}

/* With the lock held: whether the application has to be told. */
static bool leave_locked(struct http_exchange *x)
{
    bool first = !x->gone && !x->over;
    x->gone = true;
    if (first) wake(x);
    return first && !is_handed_over(x);
}

void exchange_leave(struct http_exchange *x)
{
    pthread_mutex_lock(&x->lock);
    bool first = leave_locked(x);
    pthread_mutex_unlock(&x->lock);
    if (first) tell_gone(x);
}

void exchange_over(struct http_exchange *x, bool whole)
{
    pthread_mutex_lock(&x->lock);
    bool tell = !whole && !x->gone && x->handed && !is_handed_over(x);
    x->over = true;
    if (!whole) x->gone = true;
    /* One that nobody queues any more: a stream's holds the exchange, and would for ever. */
    struct MHD_Response *response = x->response;
    x->response = NULL;
    pthread_mutex_unlock(&x->lock);
    if (response) MHD_destroy_response(response);
    atomic_fetch_sub(&x->server->exchanges, 1);
    if (tell) tell_gone(x);
}

enum MHD_Result exchange_deliver(struct http_exchange *x)
{
    pthread_mutex_lock(&x->lock);
    struct MHD_Response *response = x->response;
    bool hopeless = x->gone || x->queued || atomic_load(&x->server->stopping);
    if (response) {
        x->response = NULL;
        x->queued = true;
    } else if (!hopeless) {
        x->suspended = true;
        MHD_suspend_connection(x->mhd);
    }
    unsigned status = (unsigned)x->status;
    pthread_mutex_unlock(&x->lock);
    if (!response) return hopeless ? MHD_NO : MHD_YES;
    enum MHD_Result done = MHD_queue_response(x->mhd, status, response);
    MHD_destroy_response(response);
    return done;
}

/* Called by the library: the next bytes of the stream. */
static ssize_t read_stream(void *cls, uint64_t position, char *out, size_t max)
{
    struct http_exchange *x = cls;
    ssize_t n = 0;
    pthread_mutex_lock(&x->lock);
    size_t left = x->queue.len - x->queue_at;
    if (x->gone) {
        n = MHD_CONTENT_READER_END_WITH_ERROR;
    } else if (left > 0) {
        size_t take = left < max ? left : max;
        memcpy(out, x->queue.data + x->queue_at, take);
        x->queue_at += take;
        x->drained_ns = clock_monotonic_ns();
        x->sent_bytes += take;
        n = (ssize_t)take;
    } else if (x->ended) {
        n = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        x->suspended = true;
        MHD_suspend_connection(x->mhd);
    }
    if (x->queue_at == x->queue.len) {
        buf_clear(&x->queue);
        x->queue_at = 0;
    }
    pthread_mutex_unlock(&x->lock);
    return n;
}

static void free_stream(void *cls)
{
    http_unref(cls);
}

static bool is_safe_line(const struct http_line *line)
{
    for (const char *c = line->value; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F) return false;
    return true;
}

static void set_lines(const struct http_exchange *x, struct MHD_Response *r,
                      const struct http_line *lines, size_t count)
{
    if (x->closes) MHD_add_response_header(r, "Connection", "close");
    for (size_t i = 0; i < count; i++)
        if (lines[i].value && is_safe_line(&lines[i]))
            MHD_add_response_header(r, lines[i].name, lines[i].value);
}

/* Hands the response over. A NULL one (memory is short) ends the connection. */
static void answer(struct http_exchange *x, int status, struct MHD_Response *r)
{
    bool tell = false;
    pthread_mutex_lock(&x->lock);
    assert(!x->answered && "an exchange is answered once");
    x->answered = true;
    x->status = status;
    x->drained_ns = clock_monotonic_ns();
    if (x->gone || x->over) {
        pthread_mutex_unlock(&x->lock);
        if (r) MHD_destroy_response(r);
        return;
    }
    x->response = r;
    if (r) wake(x);
    else tell = leave_locked(x);
    pthread_mutex_unlock(&x->lock);
    if (tell) tell_gone(x);
}

void http_reply(struct http_exchange *x, int status, const struct http_line *lines,
                size_t line_count, struct buf *body)
{
    size_t len = body ? body->len : 0;
    char *bytes = body && body->data ? buf_detach(body) : NULL;
    struct MHD_Response *r =
        bytes ? MHD_create_response_from_buffer_with_free_callback(len, bytes, mem_free)
              : MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
    if (!r) mem_free(bytes);
    else {
        set_lines(x, r, lines, line_count);
    }
    x->sent_bytes = len;
    answer(x, status, r);
}

void http_stream_begin(struct http_exchange *x, int status, const struct http_line *lines,
                       size_t line_count)
{
    struct MHD_Response *r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES,
                                                               read_stream, x, free_stream);
    if (r) {
        http_ref(x); /* free_stream's */
        set_lines(x, r, lines, line_count);
    }
    pthread_mutex_lock(&x->lock);
    x->streaming = true;
    pthread_mutex_unlock(&x->lock);
    answer(x, status, r);
}

/* With the lock held. */
static bool enqueue(struct http_exchange *x, const void *bytes, size_t len)
{
    size_t left = x->queue.len - x->queue_at;
    if (len > x->server->limits.queue_bytes_max - left || left > x->server->limits.queue_bytes_max)
        return false;
    if (x->queue_at >= COMPACT_BYTES || x->queue.len + len > x->queue.max) {
        memmove(x->queue.data, x->queue.data + x->queue_at, left);
        x->queue.len = left;
        x->queue_at = 0;
    }
    if (left == 0) x->drained_ns = clock_monotonic_ns();
    return buf_append(&x->queue, bytes, len);
}

bool http_stream_write(struct http_exchange *x, const void *bytes, size_t len)
{
    bool tell = false;
    pthread_mutex_lock(&x->lock);
    assert(x->streaming && !x->ended);
    bool ok = !x->gone && !x->over;
    if (ok && len && enqueue(x, bytes, len)) wake(x);
    else if (ok && len) {
        tell = leave_locked(x);
        ok = false;
    }
    pthread_mutex_unlock(&x->lock);
    if (tell) {
        log_write(&x->server->log, LOG_INFO, "http",
                  "%s lags too far behind its stream and was dropped", x->peer);
        tell_gone(x);
    }
    return ok;
}

void http_stream_end(struct http_exchange *x)
{
    pthread_mutex_lock(&x->lock);
    x->ended = true;
    wake(x);
    pthread_mutex_unlock(&x->lock);
}

uint64_t http_number(const struct http_exchange *x)
{
    return x->number;
}

const char *http_method(const struct http_exchange *x)
{
    return x->method ? x->method : "";
}

const char *http_path(const struct http_exchange *x)
{
    return x->path;
}

const char *http_query(const struct http_exchange *x)
{
    return x->query;
}

const char *http_peer(const struct http_exchange *x)
{
    return x->peer;
}

const char *http_header(struct http_exchange *x, const char *name)
{
    return MHD_lookup_connection_value(x->mhd, MHD_HEADER_KIND, name);
}

struct span http_body(const struct http_exchange *x)
{
    return (struct span){ x->body.data ? x->body.data : "", x->body.len };
}

int64_t http_begun_ns(const struct http_exchange *x)
{
    return x->begun_ns;
}

void http_set_data(struct http_exchange *x, void *data)
{
    assert(!x->data);
    x->data = data;
}

void *http_data(const struct http_exchange *x)
{
    return x->data;
}

uint64_t http_sent_bytes(const struct http_exchange *x)
{
    struct http_exchange *own = (struct http_exchange *)x;
    pthread_mutex_lock(&own->lock);
    uint64_t n = x->sent_bytes;
    pthread_mutex_unlock(&own->lock);
    return n;
}

bool http_is_gone(const struct http_exchange *x)
{
    struct http_exchange *own = (struct http_exchange *)x;
    pthread_mutex_lock(&own->lock);
    bool gone = x->gone;
    pthread_mutex_unlock(&own->lock);
    return gone;
}
