/* The far end's loop: frames in, requests to the scheduler, a step, frames out.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/worker/far_end.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "base/core/clock.h"
#include "base/core/mem.h"
#include "lm/worker/far_constraint.h"
#include "lm/worker/far_inner.h"
#include "lm/worker/worker_process.h"

#define SPARE_DESCRIPTORS 16 /* beside two for each file: the one handed over and the mapping's */
#define CORK_BYTES_MAX    ((size_t)64 << 10)
#define TAKE_NS           4000000 /* reading requests, while others wait for their next token */
#define HELD_MS           5       /* until pages are looked for again that others hold */

/* ---- sending ---- */

/* Waits until the socket takes it: a slow reader slows the worker, and nothing piles up. */
static bool send_all(int socket, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = send(socket, bytes, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

/* With the lock. */
static void send_out(struct far *f)
{
    if (!f->deaf && f->out.len && !send_all(f->socket, f->out.data, f->out.len)) f->deaf = true;
    buf_clear(&f->out);
}

void far_send(struct far *f, enum frame_type type, uint64_t request, struct span body)
{
    pthread_mutex_lock(&f->send_lock);
    if (f->out.len + body.len > CORK_BYTES_MAX) send_out(f);
    if (!f->deaf && !frame_append(&f->out, type, request, body)) f->deaf = true;
    if (!f->corked) send_out(f);
    pthread_mutex_unlock(&f->send_lock);
}

static void cork(struct far *f, bool corked)
{
    pthread_mutex_lock(&f->send_lock);
    f->corked = corked;
    if (!corked) send_out(f);
    pthread_mutex_unlock(&f->send_lock);
}

/* An event that did not fit, or for which there was no memory, cannot be left out: the request would
 * seem to go on. The reader is told by the end of the stream. */
void far_send_buf(struct far *f, enum frame_type type, uint64_t request, const struct buf *body)
{
    if (body->failed) f->ended = f->deaf = true;
    else far_send(f, type, request, (struct span){ body->data, body->len });
}

void far_send_error(struct far *f, uint64_t request, const struct error *error)
{
    struct buf body = BUF_INIT(FAR_EVENT_BYTES_MAX);
    struct json_writer w;
    json_writer_init(&w, &body, 0);
    json_open_object(&w);
    json_key(&w, "status");
    json_put_string(&w, status_name(error->status));
    json_key(&w, "text");
    json_put_string(&w, error->text);
    json_close_object(&w);
    far_send_buf(f, FRAME_ERROR, request, &body);
    buf_release(&body);
}

/* ---- requests in line ---- */

static void drop_job(struct far *f, size_t i)
{
    f->held_count -= f->jobs[i].held;
    f->bytes -= f->jobs[i].len;
    mem_free(f->jobs[i].body);
    memmove(f->jobs + i, f->jobs + i + 1, (--f->job_count - i) * sizeof *f->jobs);
}

static enum status add_job(struct far *f, const struct frame *frame, struct error *err)
{
    size_t count = f->job_count + f->task_count;
    if (count >= FAR_JOBS_MAX || frame->body.len > FAR_JOB_BYTES_MAX - f->bytes)
        return error_set(err, STATUS_LIMIT,
                         "%zu requests with %zu bytes wait already; at most %d with %zu can", count,
                         f->bytes, FAR_JOBS_MAX, FAR_JOB_BYTES_MAX);
    char *body = mem_copy_text(frame->body.data, frame->body.len);
    if (!body)
        return error_set(err, STATUS_NO_MEMORY, "no memory for a request of %zu bytes",
                         frame->body.len);
    f->jobs[f->job_count++] = (struct far_job){ frame->type, frame->request, body, frame->body.len,
                                                clock_monotonic_ns() };
    f->bytes += frame->body.len;
    return STATUS_OK;
}

void far_task_add(struct far *f, struct far_task *t)
{
    t->next = f->tasks;
    f->tasks = t;
    f->task_count++;
    f->bytes += t->bytes;
}

void far_task_remove(struct far *f, struct far_task *t)
{
    struct far_task **at = &f->tasks;
    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
    f->task_count--;
    f->bytes -= t->bytes;
}

static void cancel(struct far *f, uint64_t request)
{
    static const char body[] =
        "{\"finish\":\"cancelled\",\"prompt_tokens\":0,\"cached_tokens\":0,"
        "\"restored_tokens\":0,\"cache\":\"unused\",\"completion_tokens\":0,"
        "\"reasoning_tokens\":0,\"decode_steps\":0,\"displaced\":0,\"queue_seconds\":0,"
        "\"prompt_seconds\":0,\"decode_seconds\":0,\"seed\":0,\"stop\":null,\"unparsed\":false}";
    for (struct far_task *t = f->tasks; t; t = t->next) {
        if (t->request != request) continue;
        sched_cancel(f->sched, t->scheduled, clock_monotonic_ns());
        return;
    }
    for (size_t i = 0; i < f->job_count; i++) {
        if (f->jobs[i].request != request) continue;
        far_send(f, FRAME_DONE, request, span_of(body));
        drop_job(f, i);
        return;
    }
}

/* ---- frames in ---- */

static void take_request(struct far *f, const struct frame *frame)
{
    struct error err;
    if (add_job(f, frame, &err)) far_send_error(f, frame->request, &err);
}

static enum status take_frame(struct far *f, const struct frame *frame, struct error *err)
{
    if (!f->greeted) {
        if (frame->type != FRAME_HELLO || !span_equals(frame->body, FRAME_HELLO_BODY))
            return error_set(err, STATUS_BAD_INPUT, "a hello of this version was expected");
        f->greeted = true;
        return STATUS_OK;
    }
    switch (frame->type) {
    case FRAME_LOAD: /* request 0, alone: whoever loads waits */
        if (f->loaded || f->job_count || f->tasks)
            return error_set(err, STATUS_BAD_INPUT, "a model is loaded already");
        f->loaded = true;
        return add_job(f, frame, err);
    case FRAME_SUBMIT:
    case FRAME_SCORE:
    case FRAME_EMBED:
    case FRAME_RERANK:
    case FRAME_PROBE:
    case FRAME_STATS:
        if (frame->request == 0)
            return error_set(err, STATUS_BAD_INPUT, "%s without a number",
                             frame_type_name(frame->type));
        take_request(f, frame);
        return STATUS_OK;
    case FRAME_CANCEL: cancel(f, frame->request); return STATUS_OK;
    case FRAME_STOP: f->ended = true; return STATUS_OK;
    default:
        return error_set(err, STATUS_BAD_INPUT, "%s is out of place", frame_type_name(frame->type));
    }
}

/* A peer that sends nonsense is not our parent: nothing it says can be trusted any more. */
static void give_up(struct far *f, struct error *err)
{
    if (err->status == STATUS_BAD_INPUT)
        error_wrap(err, STATUS_BAD_INPUT, "the worker was sent what makes no sense");
    far_send_error(f, 0, err);
    f->ended = true;
}

static void take_frames(struct far *f)
{
    struct frame frame;
    struct error err;
    bool got = true;
    while (got && !f->ended) {
        enum status st = frame_reader_next(&f->in, &frame, &got, &err);
        if (!st && got) st = take_frame(f, &frame, &err);
        if (st) give_up(f, &err);
    }
}

void far_listen(struct far *f, int wait_ms)
{
    struct pollfd p = { f->socket, POLLIN, 0 };
    size_t room;
    char *at;
    if (wait_ms && poll(&p, 1, wait_ms) <= 0) return;
    for (ssize_t n = 1; n > 0 && !f->ended;) {
        if (!(at = frame_reader_room(&f->in, &room))) return; /* it stays in the socket */
        n = recv(f->socket, at, room, MSG_DONTWAIT);
        if (n > 0) frame_reader_took(&f->in, (size_t)n);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) f->ended = true;
        if (n > 0) take_frames(f);
        if (n > 0 && (size_t)n < room) return;
    }
}

bool far_go_on(struct far *f)
{
    far_listen(f, 0);
    return !f->ended && !f->deaf;
}

/* ---- small answers ---- */

static void answer_probe(struct far *f, uint64_t request)
{
    struct buf list = BUF_INIT(FAR_EVENT_BYTES_MAX), body = BUF_INIT(FAR_EVENT_BYTES_MAX);
    if (f->sandbox.seccomp) sandbox_probe(&list, f->socket, f->model_file);
    else buf_text(&list, "[]");
    buf_format(&body, "{\"attempts\":%s,\"landlock_abi\":%d,\"seccomp\":%s}",
               list.data ? list.data : "[]", f->sandbox.landlock_abi,
               f->sandbox.seccomp ? "true" : "false");
    if (list.failed) body.failed = true;
    far_send_buf(f, FRAME_DONE, request, &body);
    buf_release(&list);
    buf_release(&body);
}

/* ---- the loop ---- */

static void answer(struct far *f, const struct far_job *job)
{
    struct error err = { 0 };
    enum status st = STATUS_OK;
    if (job->type == FRAME_LOAD) {
        st = far_load(f, (struct span){ job->body, job->len }, &err);
        if (st) f->ended = true;
    } else if (job->type == FRAME_PROBE) answer_probe(f, job->request);
    else if (job->type == FRAME_STATS) far_stats(f, job->request);
    else if (!f->engine) st = error_set(&err, STATUS_USAGE, "no model is loaded");
    else if (job->type == FRAME_SUBMIT) st = far_generate(f, job, &err);
    else if (job->type == FRAME_EMBED || job->type == FRAME_RERANK) st = far_embed(f, job, &err);
    else st = far_score(f, job, &err);
    if (st) far_send_error(f, job->request, &err);
}

/* There is room: it has just left its place. */
static void hold_job(struct far *f, struct far_job *job)
{
    job->held = true;
    f->jobs[f->job_count++] = *job;
    f->bytes += job->len;
    f->held_count++;
}

static void release_jobs(struct far *f)
{
    for (size_t i = 0; i < f->job_count; i++)
        f->jobs[i].held = false;
    f->held_count = 0;
}

/* In order of arrival; some at a time, since rendering and tokenizing hold up those who decode. */
static void take_jobs(struct far *f)
{
    int64_t begin = clock_monotonic_ns();
    if (f->held_count && far_constraints_settled(f->constraints)) release_jobs(f);
    while (f->job_count > f->held_count && !f->ended && clock_monotonic_ns() - begin < TAKE_NS) {
        size_t i = 0;
        while (f->jobs[i].held)
            i++;
        struct far_job job = f->jobs[i];
        f->jobs[i].body = NULL;
        drop_job(f, i);
        f->hold = false;
        answer(f, &job);
        if (f->hold) hold_job(f, &job);
        else mem_free(job.body);
    }
}

/* Waits for a frame when there is nothing else to do. */
static void listen_next(struct far *f)
{
    bool idle = f->job_count == f->held_count && !f->tasks;
    if (idle && f->engine && engine_save(f->engine, 1) > 0) idle = false;
    far_listen(f, !idle ? 0 : f->held_count ? HELD_MS : -1);
}

static void serve(struct far *f)
{
    far_send(f, FRAME_HELLO, 0, span_of(FRAME_HELLO_BODY));
    while (!f->ended && !f->deaf) {
        listen_next(f);
        take_jobs(f);
        if (!f->tasks) continue;
        cork(f, true);
        bool stepped = sched_step(f->sched, clock_monotonic_ns(), NULL);
        cork(f, false);
        if (!stepped && f->job_count == f->held_count) far_listen(f, HELD_MS);
    }
}

static struct far *far_new(int socket, const struct sandbox_facts *sandbox)
{
    struct far *f = mem_zero(sizeof *f);
    if (!f) return NULL;
    f->socket = socket;
    f->sandbox = *sandbox;
    f->model_file = -1;
    f->out = BUF_INIT(FRAME_FROM_WORKER_BYTES_MAX + FRAME_HEADER_BYTES);
    frame_reader_init(&f->in, true);
    pthread_mutex_init(&f->send_lock, NULL);
    return f;
}

static void far_free(struct far *f)
{
    while (f->job_count)
        drop_job(f, 0);
    f->deaf = true; /* what is left ends unheard */
    sched_free(f->sched);
    far_constraints_free(f->constraints);
    chat_free(f->chat);
    engine_close(f->engine);
    mem_free(f->label);
    pthread_mutex_destroy(&f->send_lock);
    frame_reader_release(&f->in);
    buf_release(&f->out);
    mem_free(f);
}

enum status worker_serve(int socket, const struct sandbox_facts *sandbox, struct error *err)
{
    struct far *f = far_new(socket, sandbox);
    if (!f) return error_set(err, STATUS_NO_MEMORY, "no memory for a worker");
    serve(f);
    far_free(f);
    return STATUS_OK;
}

/* ---- the process ---- */

static bool is_socket(int fd)
{
    int type;
    socklen_t len = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
}

/* The parent numbers them from the socket on, without gaps. */
static int count_descriptors(void)
{
    int fd = WORKER_SOCKET;
    while (fcntl(fd, F_GETFD) >= 0)
        fd++;
    return fd;
}

/* The one file that was opened for writing too, if there is one. Two would be a fault of the parent. */
static int find_store(int descriptor_count)
{
    int found = -1;
    for (int fd = WORKER_FIRST_FILE; fd < descriptor_count; fd++) {
        int flags = fcntl(fd, F_GETFL);
        if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) continue;
        if (found >= 0) return -1;
        found = fd;
    }
    return found;
}

/* Ctrl-C is for the front to hear; a peer that is gone is seen where it is written to. */
static void ignore_signals(void)
{
    static const int ignored[] = { SIGINT, SIGPIPE, SIGTTOU, SIGTTIN, SIGXFSZ };
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_IGN;
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        sigaction(ignored[i], &action, NULL);
}

static void refuse(const struct error *why)
{
    const struct sandbox_facts none = { 0 };
    struct far *f = far_new(WORKER_SOCKET, &none);
    if (!f) return;
    far_send_error(f, 0, why);
    far_free(f);
}

enum status worker_run(struct error *err)
{
    struct sandbox_facts facts;
    if (!is_socket(WORKER_SOCKET))
        return error_set(
            err, STATUS_USAGE,
            "`hearth worker` is started by other commands, which hand it the files of a "
            "model; there is nothing to do with it by hand");
    ignore_signals();
    int count = count_descriptors();
    enum status st =
        sandbox_lock(&facts, WORKER_SOCKET, find_store(count), 2 * count + SPARE_DESCRIPTORS, err);
    if (!st) return worker_serve(WORKER_SOCKET, &facts, err);
    refuse(err);
    return st;
}
