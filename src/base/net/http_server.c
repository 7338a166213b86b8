/* The daemon, and what happens to a request on the library's threads.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Measured with libmicrohttpd 0.9.75: a connection's pool of 8 KiB holds an idle keep-alive
 * connection in less than 10 KB and caps the head of a request; what does not fit is 431. */
#define _GNU_SOURCE /* strerrordesc_np */
#include "base/net/http_inner.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/core/clock.h"
#include "base/core/mem.h"
#include "base/net/http_check.h"

#define POOL_BYTES      8192
#define THREADS_DEFAULT 2
#define SURPLUS_BYTES   ((size_t)1 << 20) /* of a body past its limit that is read to answer it */
#define OPTIONS_MAX     16

const struct http_limits http_limits_default = {
    .body_bytes_max = (size_t)16 << 20,
    .bodies_bytes_max = (size_t)256 << 20,
    .queue_bytes_max = (size_t)1 << 20,
    .connections_max = 4096,
    .connections_per_ip_max = 0,
    .head_ms = 15000,
    .body_ms = 120000,
    .idle_ms = 120000,
    .stall_ms = 30000,
};

static struct http_connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static void name_peer(struct http_connection *c, struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *a = info ? info->client_addr : NULL;
    snprintf(c->peer, sizeof c->peer, "unix");
    if (a && a->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)a)->sin_addr, c->peer,
                  sizeof c->peer);
    else if (a && a->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr, c->peer,
                  sizeof c->peer);
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http_server *s = cls;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        struct http_connection *c = info ? watch_add(s, info->connect_fd) : NULL;
        if (c) name_peer(c, mhd);
        *context = c;
    } else if (*context) {
        watch_remove(s, *context);
        *context = NULL;
    }
}

/* The first line of a request came. */
static void *on_uri(void *cls, const char *uri, struct MHD_Connection *mhd)
{
    struct http_server *s = cls;
    struct http_connection *c = connection_of(mhd);
    struct http_exchange *x = c ? exchange_new(s, uri, c) : NULL;
    if (!x) return NULL;
    x->mhd = mhd;
    x->uri = uri;
    x->uri_len = strlen(uri);
    watch_exchange(s, c, x);
    watch_phase(s, c, PHASE_HEAD);
    return x;
}

static void on_completed(void *cls, struct MHD_Connection *mhd, void **context,
                         enum MHD_RequestTerminationCode code)
{
    struct http_server *s = cls;
    struct http_exchange *x = *context;
    struct http_connection *c = connection_of(mhd);
    *context = NULL;
    if (!x || !c) return;
    exchange_over(x, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    watch_exchange(s, c, NULL);
    watch_phase(s, c, PHASE_IDLE);
}

struct fields {
    struct http_field at[HTTP_FIELDS_MAX + 1];
    size_t count;
};

static enum MHD_Result collect(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_len,
                               const char *value, size_t value_len)
{
    struct fields *f = cls;
    if (f->count > HTTP_FIELDS_MAX) return MHD_NO;
    f->at[f->count++] =
        (struct http_field){ { key, key_len }, { value ? value : "", value ? value_len : 0 } };
    return MHD_YES;
}

/* How a header's line ended: libmicrohttpd makes zeros of it where it lies, "\r\n" or a bare "\n". */
static bool ends_well(const char *end, size_t zeros)
{
    static const char wanted[4] = { 0 };
    return memcmp(end, wanted, zeros) == 0;
}

static bool is_field_in_place(const struct http_field *f, const char *at)
{
    const char *value = f->name.data + f->name.len + 1;
    if (f->name.data != at || f->name.len == 0) return false;
    while (value < f->value.data && (*value == ' ' || *value == '\t'))
        value++;
    return value == f->value.data;
}

/* libmicrohttpd 0.9 takes lines that end in a bare line feed, lines that go on in the next one, texts
 * cut by a NUL, and an empty name as the end of the head: all of them a proxy in front may read
 * otherwise. It says nothing of them, but what it gives out points into the head as it came: whatever
 * does not lie one behind the other, with one CRLF between, was written in such a way. (The last
 * line's end is seen only where a body follows; where none does, nothing hangs on it.) From 1.0 on it
 * refuses them itself. */
static const char *check_layout(const struct http_exchange *x, const char *method,
                                const char *version, const struct fields *fields)
{
    static const char words[] =
        "the head is not one header a line with CRLF at its end: bare line feeds, folded lines, "
        "NUL bytes and headers without a name are not taken";
    if (strncmp(MHD_get_version(), "0.", 2) != 0) return NULL;
    const char *at = version + strlen(version);
    if (x->uri != method + strlen(method) + 1 || version != x->uri + x->uri_len + 1) return words;
    for (size_t i = 0; i < fields->count; i++) {
        const struct http_field *f = &fields->at[i];
        if (!ends_well(at, 2) || !is_field_in_place(f, at + 2)) return words;
        at = f->value.data + f->value.len;
    }
    return ends_well(at, 4) ? NULL : words;
}

static const char *check_head(struct http_exchange *x, const char *method, const char *version)
{
    struct fields fields = { .count = 0 };
    char target[HTTP_TARGET_MAX + 2];
    int len = snprintf(target, sizeof target, "%s%s%s", x->path, *x->query ? "?" : "", x->query);
    if (len < 0 || (size_t)len >= sizeof target) return "the request target is too long";
    MHD_get_connection_values_n(x->mhd, MHD_HEADER_KIND, collect, &fields);
    struct http_head head = {
        span_of(method), { target, (size_t)len }, span_of(version), fields.at, fields.count
    };
    const char *wrong = http_head_check(&head);
    return wrong ? wrong : check_layout(x, method, version, &fields);
}

static bool declared_too_long(struct http_exchange *x)
{
    const char *text = http_header(x, "Content-Length");
    unsigned long long length = 0; /* at most 18 digits: it was checked */
    for (; text && *text >= '0' && *text <= '9'; text++)
        length = length * 10 + (unsigned)(*text - '0');
    return length > x->server->limits.body_bytes_max;
}

static enum MHD_Result refuse(struct http_exchange *x, int status, const char *words)
{
    const struct http_handlers *h = &x->server->handlers;
    h->fault(h->ctx, x, status, words);
    if (x->response) MHD_add_response_header(x->response, "Connection", "close");
    return exchange_deliver(x);
}

static enum MHD_Result refuse_body(struct http_exchange *x, int status)
{
    char words[128];
    if (status == 503)
        return refuse(x, 503, "too many bytes are being sent to this server at once; try again");
    snprintf(words, sizeof words, "the body is larger than %zu bytes",
             x->server->limits.body_bytes_max);
    return refuse(x, 413, words);
}

static enum MHD_Result take_head(struct http_exchange *x, struct http_connection *c,
                                 const char *method, const char *version)
{
    const struct http_handlers *h = &x->server->handlers;
    x->checked = true;
    x->method = mem_copy_text(method, strlen(method));
    if (!x->method) return MHD_NO;
    watch_phase(x->server, c, PHASE_BODY);
    const char *wrong = check_head(x, method, version);
    if (wrong) return refuse(x, 400, wrong);
    if (declared_too_long(x)) return refuse_body(x, 413);
    /* Its chunks are read leniently (a bare line feed ends a line): nothing may stand behind them. */
    x->closes = http_header(x, "Transfer-Encoding") != NULL;
    h->head(h->ctx, x);
    return x->answered ? exchange_deliver(x) : MHD_YES;
}

/* Bytes of the body. The library cannot answer in the midst of it, so what is too much is
 * read for a while and dropped; then the connection is closed. */
static enum MHD_Result take_body(struct http_exchange *x, const char *bytes, size_t len)
{
    struct http_server *s = x->server;
    size_t before = x->body.cap;
    x->body_counted += len;
    if (atomic_fetch_add(&s->bodies_bytes, len) + len > s->limits.bodies_bytes_max) x->fault = 503;
    if (!x->fault && !buf_append(&x->body, bytes, len)) x->fault = x->body.past_max ? 413 : 503;
    if (x->fault && before) buf_release(&x->body);
    return x->fault && x->body_counted > s->limits.body_bytes_max + SURPLUS_BYTES ? MHD_NO
                                                                                  : MHD_YES;
}

static enum MHD_Result take_end(struct http_exchange *x, struct http_connection *c)
{
    const struct http_handlers *h = &x->server->handlers;
    x->handed = true;
    watch_phase(x->server, c, PHASE_ANSWER);
    if (x->fault) return refuse_body(x, x->fault);
    h->request(h->ctx, x);
    if (watch_hung_up(x->server, c)) exchange_leave(x);
    return exchange_deliver(x);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *bytes,
                                  size_t *len, void **context)
{
    struct http_exchange *x = *context;
    struct http_connection *c = connection_of(mhd);
    if (!x || !c || atomic_load(&x->server->stopping)) return MHD_NO;
    if (!x->checked) return take_head(x, c, method, version);
    if (*len) {
        enum MHD_Result result = take_body(x, bytes, *len);
        *len = 0;
        return result;
    }
    return x->handed ? exchange_deliver(x) : take_end(x, c);
}

__attribute__((format(printf, 2, 0))) static void on_log(void *cls, const char *format,
                                                         va_list args)
{
    struct http_server *s = cls;
    char text[512];
    int n = vsnprintf(text, sizeof text, format, args);
    while (n > 0 && n < (int)sizeof text && text[n - 1] == '\n')
        text[--n] = 0;
    if (n > 0) log_write(&s->log, LOG_DEBUG, "http", "%s", text);
}

static enum status start_daemon(struct http_server *s, const struct http_options *o,
                                struct error *err)
{
    unsigned flags =
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC | MHD_USE_ERROR_LOG;
    struct MHD_OptionItem tls[] = {
        { MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)o->tls_certificate },
        { MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)o->tls_key },
        { MHD_OPTION_END, 0, NULL },
    };
    struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };
    if (o->tls_certificate) flags |= MHD_USE_TLS;
    unsigned threads = o->thread_count > 0 ? (unsigned)o->thread_count : THREADS_DEFAULT;
    s->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, s, MHD_OPTION_EXTERNAL_LOGGER, on_log, s,
        MHD_OPTION_LISTEN_SOCKET, o->listen_fd, MHD_OPTION_THREAD_POOL_SIZE, threads,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)s->limits.connections_max, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        (unsigned)s->limits.connections_per_ip_max, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
        s, MHD_OPTION_URI_LOG_CALLBACK, on_uri, s, MHD_OPTION_ARRAY,
        o->tls_certificate ? tls : none, MHD_OPTION_END);
    if (s->daemon) return STATUS_OK;
    return error_set(
        err, o->tls_certificate ? STATUS_BAD_INPUT : STATUS_FAILED,
        o->tls_certificate
            ? "the HTTPS server does not start: are certificate and key PEM files that "
              "belong together?"
            : "the HTTP server does not start: %s",
        strerrordesc_np(errno));
}

void server_unref(struct http_server *s)
{
    if (atomic_fetch_sub(&s->refs, 1) != 1) return;
    pthread_mutex_destroy(&s->lock);
    mem_free(s->slots);
    mem_free(s->turns);
    mem_free(s);
}

enum status http_server_start(struct http_server **ret, const struct http_options *options,
                              struct error *err)
{
    struct http_server *s = mem_zero(sizeof *s);
    if (!s || pthread_mutex_init(&s->lock, NULL) != 0) {
        mem_free(s);
        close(options->listen_fd);
        return error_set(err, STATUS_NO_MEMORY, "no memory for the HTTP server");
    }
    atomic_init(&s->refs, 1);
    s->handlers = options->handlers;
    s->limits = options->limits;
    s->log = options->log;
    s->watch_fd = s->wake_fd = -1;
    enum status st = watch_start(s, err);
    if (!st) st = start_daemon(s, options, err);
    if (st) {
        watch_stop(s);
        close(options->listen_fd);
        server_unref(s);
        return st;
    }
    *ret = s;
    return STATUS_OK;
}

void http_server_quiesce(struct http_server *s)
{
    int fd = MHD_quiesce_daemon(s->daemon);
    if (fd >= 0) close(fd);
}

int http_server_active(struct http_server *s)
{
    return atomic_load(&s->exchanges);
}

int http_server_connections(struct http_server *s)
{
    pthread_mutex_lock(&s->lock);
    int count = s->slot_used;
    pthread_mutex_unlock(&s->lock);
    return count;
}

void http_server_stop(struct http_server *s)
{
    if (!s) return;
    atomic_store(&s->stopping, true);
    watch_leave_all(s);
    MHD_stop_daemon(s->daemon);
    watch_stop(s);
    server_unref(s);
}
