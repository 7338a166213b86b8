/* The near end of a worker: requests out, events in, and one clear end when the process dies.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Frames are read into memory as they come, so the socket alone does not tell whether an event is
 * there: an epoll set of the socket and of an eventfd does, which is up while a frame lies in
 * memory or the worker is dead with requests still to be told of. */
#include "lm/worker/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/core/clock.h"
#include "base/core/mem.h"
#include "lm/worker/client_inner.h"

#define STOP_WAIT_MS  500
#define DEATH_WAIT_MS 1000 /* between the end of the stream and the end of the process */

/* ---- life ---- */

static enum status no_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "no memory to talk with a worker");
}

static enum status watch(const struct worker *w, int fd, struct error *err)
{
    struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };
    if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &e) == 0) return STATUS_OK;
    return error_set(err, STATUS_IO, "a worker's socket cannot be watched");
}

enum status client_new(struct worker **ret, const char *label, struct worker_process process,
                       struct error *err)
{
    struct worker *w = mem_zero(sizeof *w);
    if (!w) return no_memory(err);
    w->process = process;
    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    w->label = mem_copy_text(label, strlen(label));
    frame_reader_init(&w->in, false);
    w->out = BUF_INIT(FRAME_TO_WORKER_BYTES_MAX + 4096);
    enum status st = STATUS_OK;
    if (!w->label) st = no_memory(err);
    else if (w->epoll < 0 || w->wake < 0)
        st = error_set(err, STATUS_LIMIT, "too many open files to talk with a worker");
    if (!st) st = watch(w, w->process.socket, err);
    if (!st) st = watch(w, w->wake, err);
    if (st) {
        w->process = (struct worker_process){ .socket = -1 };
        client_free(w);
        return st;
    }
    *ret = w;
    return STATUS_OK;
}

void client_free(struct worker *w)
{
    if (!w) return;
    worker_process_close(&w->process, STOP_WAIT_MS);
    if (w->epoll >= 0) close(w->epoll);
    if (w->wake >= 0) close(w->wake);
    frame_reader_release(&w->in);
    buf_release(&w->out);
    json_doc_free(w->ready);
    json_doc_free(w->body);
    mem_free(w->pending);
    mem_free(w->label);
    mem_free(w);
}

void worker_stop(struct worker *w)
{
    if (w && !w->dead) client_send(w, FRAME_STOP, 0, (struct span){ "{}", 2 }, NULL);
    client_free(w);
}

const struct json *worker_ready(const struct worker *w)
{
    return w->ready ? json_root(w->ready) : NULL;
}

bool worker_alive(const struct worker *w)
{
    return !w->dead;
}

int worker_descriptor(const struct worker *w)
{
    return w->epoll;
}

int64_t worker_process(const struct worker *w)
{
    return w->process.pid;
}

/* ---- death ---- */

/* {"status", "text"}: another's words, cut and cleaned by error_set. */
void client_read_error(const struct json *body, struct error *ret)
{
    const char *name = json_text(json_get(body, "status")),
               *text = json_text(json_get(body, "text"));
    enum status st = STATUS_FAILED;
    for (int i = 1; name && i < STATUS_COUNT; i++)
        if (strcmp(status_name((enum status)i), name) == 0) st = (enum status)i;
    error_set(ret, st, "%s", text ? text : status_words(st));
}

/* The worker's own last words, if there are any among what was read and not yet taken. */
static void find_last_words(struct worker *w)
{
    struct frame_reader peek = w->in;
    struct json_doc *doc;
    struct frame f;
    bool got = true;
    while (!frame_reader_next(&peek, &f, &got, NULL) && got) {
        if (f.type != FRAME_ERROR || f.request != 0) continue;
        if (json_parse(&doc, f.body.data, f.body.len, f.body.len, "ERROR", NULL)) continue;
        client_read_error(json_root(doc), &w->last_words);
        json_doc_free(doc);
    }
}

/* Makes the end known and sure. `fault`: what the worker did wrong; NULL: it went away by itself.
 * Events that were read before can still be taken. */
void client_bury(struct worker *w, const struct error *fault)
{
    if (w->dead) return;
    w->dead = true;
    epoll_ctl(w->epoll, EPOLL_CTL_DEL, w->process.socket, NULL);
    if (fault) worker_process_kill(&w->process);
    else find_last_words(w);
    worker_process_close(&w->process, DEATH_WAIT_MS);
    if (fault && fault->status == STATUS_NO_MEMORY)
        error_set(&w->death, STATUS_NO_MEMORY, "no memory to hear the worker for %s; it was ended",
                  w->label);
    else if (fault)
        error_set(&w->death, STATUS_CRASHED,
                  "the worker for %s sent what makes no sense (%s) and was killed", w->label,
                  fault->text);
    else if (w->last_words.text[0]) w->death = w->last_words;
    else worker_process_words(&w->process, w->label, &w->death);
}

enum status client_gone(const struct worker *w, struct error *err)
{
    return error_set(err, w->death.status, "%s", w->death.text);
}

static void wake_if_more(struct worker *w)
{
    uint64_t one = 1;
    bool more = frame_reader_has_frame(&w->in) || (w->dead && w->pending_count);
    ssize_t done = more ? write(w->wake, &one, sizeof one) : read(w->wake, &one, sizeof one);
    (void)done; /* a counter that is up or down already is fine */
}

/* ---- the socket ---- */

enum received { RECEIVED_SOME, RECEIVED_NOTHING, RECEIVED_TOO_MUCH, RECEIVED_END };

static enum received receive(struct worker *w)
{
    size_t room;
    char *at = frame_reader_room(&w->in, &room);
    if (!at) return RECEIVED_TOO_MUCH;
    ssize_t n = recv(w->process.socket, at, room, MSG_DONTWAIT);
    if (n > 0) frame_reader_took(&w->in, (size_t)n);
    if (n > 0) return RECEIVED_SOME;
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? RECEIVED_NOTHING : RECEIVED_END;
}

/* Sends what the socket takes. False: nobody is there any more. */
static bool flush(struct worker *w)
{
    while (w->sent < w->out.len) {
        ssize_t n = send(w->process.socket, w->out.data + w->sent, w->out.len - w->sent,
                         MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno == EAGAIN;
        w->sent += (size_t)n;
    }
    buf_clear(&w->out);
    w->sent = 0;
    return true;
}

/* Both ends full: the worker waits for us to take its events before it reads on. Or memory is short, and
 * then there is nothing to wait for either. */
static void bury_unread(struct worker *w)
{
    struct error fault;
    if (w->in.bytes.past_max)
        error_set(&fault, STATUS_LIMIT, "%zu bytes of events that nobody took", w->in.bytes.len);
    else error_set(&fault, STATUS_NO_MEMORY, "more than there is memory for");
    client_bury(w, &fault);
}

enum status client_send(struct worker *w, enum frame_type type, uint64_t request, struct span body,
                        struct error *err)
{
    if (w->dead) return client_gone(w, err);
    if (body.len > FRAME_TO_WORKER_BYTES_MAX)
        return error_set(err, STATUS_LIMIT, "a request of %zu bytes; at most %zu are taken",
                         body.len, FRAME_TO_WORKER_BYTES_MAX);
    if (!frame_append(&w->out, type, request, body)) {
        enum status st = buf_check(&w->out, "a request", err);
        buf_clear(&w->out);
        return st;
    }
    enum received got = RECEIVED_NOTHING;
    while (!w->dead && w->out.len) {
        struct pollfd p = { w->process.socket, POLLIN | POLLOUT, 0 };
        if (!flush(w)) got = RECEIVED_END;
        else if (w->out.len && poll(&p, 1, -1) > 0 && p.revents & (POLLIN | POLLHUP))
            got = receive(w);
        if (got == RECEIVED_TOO_MUCH) bury_unread(w);
        if (got != RECEIVED_END) continue;
        while (receive(w) == RECEIVED_SOME) /* what it said before */
            ;
        client_bury(w, NULL);
    }
    wake_if_more(w);
    return w->dead ? client_gone(w, err) : STATUS_OK;
}

/* ---- requests under way ---- */

static bool find_pending(const struct worker *w, uint64_t request, size_t *ret)
{
    for (size_t i = 0; i < w->pending_count; i++) {
        if (w->pending[i] != request) continue;
        *ret = i;
        return true;
    }
    return false;
}

static void drop_pending(struct worker *w, size_t i)
{
    memmove(w->pending + i, w->pending + i + 1, (--w->pending_count - i) * sizeof *w->pending);
}

static enum status ask(struct worker *w, enum frame_type type, struct span body,
                       uint64_t *ret_request, struct error *err)
{
    if (w->dead) return client_gone(w, err);
    if (w->pending_count == CLIENT_REQUESTS_MAX)
        return error_set(err, STATUS_LIMIT, "%d requests are under way; wait for one to end",
                         CLIENT_REQUESTS_MAX);
    if (!w->pending && !(w->pending = mem_array(CLIENT_REQUESTS_MAX, sizeof *w->pending)))
        return no_memory(err);
    enum status st = client_send(w, type, w->last_request + 1, body, err);
    if (st) return st;
    w->pending[w->pending_count++] = *ret_request = ++w->last_request;
    return STATUS_OK;
}

enum status worker_submit(struct worker *w, uint64_t *ret_request, const char *request, size_t len,
                          struct error *err)
{
    return ask(w, FRAME_SUBMIT, (struct span){ request, len }, ret_request, err);
}

enum status worker_score(struct worker *w, uint64_t *ret_request, const char *request, size_t len,
                         struct error *err)
{
    return ask(w, FRAME_SCORE, (struct span){ request, len }, ret_request, err);
}

enum status worker_embed(struct worker *w, uint64_t *ret_request, const char *request, size_t len,
                         struct error *err)
{
    return ask(w, FRAME_EMBED, (struct span){ request, len }, ret_request, err);
}

enum status worker_rerank(struct worker *w, uint64_t *ret_request, const char *request, size_t len,
                          struct error *err)
{
    return ask(w, FRAME_RERANK, (struct span){ request, len }, ret_request, err);
}

enum status worker_probe(struct worker *w, uint64_t *ret_request, struct error *err)
{
    return ask(w, FRAME_PROBE, (struct span){ "{}", 2 }, ret_request, err);
}

enum status worker_stats(struct worker *w, uint64_t *ret_request, struct error *err)
{
    return ask(w, FRAME_STATS, (struct span){ "{}", 2 }, ret_request, err);
}

enum status worker_cancel(struct worker *w, uint64_t request, struct error *err)
{
    size_t i;
    if (!find_pending(w, request, &i)) return STATUS_OK;
    return client_send(w, FRAME_CANCEL, request, (struct span){ "{}", 2 }, err);
}

/* ---- events ---- */

void client_take_log(const struct worker *w, const struct json *body)
{
    const char *area = json_text(json_get(body, "area")), *text = json_text(json_get(body, "text"));
    int64_t level = json_int(json_get(body, "level"), LOG_INFO);
    struct error clean; /* control bytes of another's text reach no terminal */
    if (!area || !text || level < LOG_DEBUG || level > LOG_ERROR) return;
    error_set(&clean, STATUS_FAILED, "%s", text);
    for (const char *c = area; *c; c++)
        if (*c < ' ' || *c == 127) return;
    log_write(&w->log, (enum log_level)level, area, "%s", clean.text);
}

static enum status parse_body(struct worker *w, const struct frame *f, struct error *err)
{
    json_doc_free(w->body);
    w->body = NULL;
    enum status st =
        json_parse(&w->body, f->body.data, f->body.len, f->body.len, frame_type_name(f->type), err);
    if (!st && json_type(json_root(w->body)) != JSON_OBJECT)
        st = error_set(err, STATUS_BAD_INPUT, "%s is not an object", frame_type_name(f->type));
    return st;
}

/* A frame about a request becomes an event. */
static enum status take_event(struct worker *w, const struct frame *f, struct worker_event *ret,
                              struct error *err)
{
    size_t i;
    bool ends = f->type == FRAME_DONE || f->type == FRAME_ERROR;
    if (!find_pending(w, f->request, &i))
        return error_set(err, STATUS_BAD_INPUT, "%s about a request that is not under way",
                         frame_type_name(f->type));
    *ret = (struct worker_event){ .kind = f->type == FRAME_PROGRESS ? WORKER_PROGRESS
                                          : f->type == FRAME_DELTA  ? WORKER_DELTA
                                          : f->type == FRAME_DONE   ? WORKER_DONE
                                                                    : WORKER_ERROR,
                                  .request = f->request,
                                  .body = json_root(w->body) };
    if (f->type == FRAME_ERROR) {
        client_read_error(ret->body, &w->event_error);
        ret->body = NULL;
        ret->error = &w->event_error;
    }
    if (ends) drop_pending(w, i);
    return STATUS_OK;
}

/* One frame. *ret_got: it is an event for the caller. */
static enum status take_frame(struct worker *w, const struct frame *f, struct worker_event *ret,
                              bool *ret_got, struct error *err)
{
    enum status st = parse_body(w, f, err);
    *ret_got = false;
    if (st) return st;
    if (f->type == FRAME_LOG) {
        client_take_log(w, json_root(w->body));
        return STATUS_OK;
    }
    if (f->type == FRAME_ERROR && f->request == 0) {
        client_read_error(json_root(w->body), &w->last_words);
        return STATUS_OK;
    }
    if (f->type == FRAME_HELLO || f->type == FRAME_READY || f->type == FRAME_KEEP)
        return error_set(err, STATUS_BAD_INPUT, "%s once more", frame_type_name(f->type));
    st = take_event(w, f, ret, err);
    *ret_got = !st;
    return st;
}

/* The next event of what was read. Where the worker is dead and nothing is left, one error for each
 * request that it leaves behind. */
static bool next_in_memory(struct worker *w, struct worker_event *ret)
{
    struct frame f;
    bool got = false;
    struct error err;
    while (!w->broken) {
        enum status st = frame_reader_next(&w->in, &f, &got, &err);
        if (!st && !got) break;
        if (!st) st = take_frame(w, &f, ret, &got, &err);
        if (st) {
            w->broken = true;
            client_bury(w, &err);
        } else if (got) return true;
    }
    if (!w->dead || w->pending_count == 0) return false;
    *ret =
        (struct worker_event){ .kind = WORKER_ERROR, .request = w->pending[0], .error = &w->death };
    drop_pending(w, 0);
    return true;
}

/* One wait for more, at most until `until` (of the monotonic clock; -1: for ever). *ret_signal: a
 * signal came. */
static void wait_for_more(struct worker *w, int64_t until, bool *ret_signal)
{
    struct pollfd p = { w->process.socket, POLLIN, 0 };
    int64_t left = until < 0 ? -1 : (until - clock_monotonic_ns() + 999999) / 1000000;
    int n = poll(&p, 1, until < 0 ? -1 : left > 0 ? (int)left : 0);
    *ret_signal = n < 0 && errno == EINTR;
    if (n <= 0) return;
    enum received got = receive(w);
    if (got == RECEIVED_TOO_MUCH) bury_unread(w); /* one frame fits always: memory is short */
    if (got == RECEIVED_END) client_bury(w, NULL);
}

enum status worker_next(struct worker *w, struct worker_event *ret, bool *ret_got, int timeout_ms,
                        struct error *err)
{
    int64_t until = timeout_ms < 0 ? -1 : clock_monotonic_ns() + (int64_t)timeout_ms * 1000000;
    bool interrupted = false, got = next_in_memory(w, ret);
    for (bool late = false; !got && !late && !interrupted && !w->dead;
         got = next_in_memory(w, ret)) {
        wait_for_more(w, until, &interrupted);
        late = until >= 0 && clock_monotonic_ns() >= until;
    }
    wake_if_more(w);
    *ret_got = got;
    return !got && w->dead ? client_gone(w, err) : STATUS_OK;
}

/* ---- starting ---- */

enum status client_read(struct worker *w, struct frame *ret, bool *ret_got, int timeout_ms,
                        struct error *err)
{
    int64_t until = clock_monotonic_ns() + (int64_t)timeout_ms * 1000000;
    bool interrupted = false;
    for (;;) {
        struct error fault;
        enum status st = frame_reader_next(&w->in, ret, ret_got, &fault);
        if (!st && *ret_got && ret->type != FRAME_KEEP) st = parse_body(w, ret, &fault);
        if (st) client_bury(w, &fault);
        else if (*ret_got || interrupted || (w->dead ? false : clock_monotonic_ns() >= until))
            return STATUS_OK;
        if (w->dead) return client_gone(w, err);
        wait_for_more(w, until, &interrupted);
    }
}
