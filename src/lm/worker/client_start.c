/* From options to a worker that is ready: process, hello, load, progress, the kept tokenizer.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* prlimit */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/core/file.h"
#include "base/core/json_write.h"
#include "base/core/mem.h"
#include "base/core/pool.h"
#include "lm/worker/client_inner.h"
#include "lm/worker/worker_start.h"

#define LOAD_BYTES_MAX  ((size_t)16 << 20)
#define LOOK_MS         100                 /* how often somebody is asked whether to go on */
#define KEEP_BYTES_MAX  ((size_t)512 << 20) /* of a compiled tokenizer */
#define STAGE_BYTES_MAX 32

struct start {
    const struct worker_options *options;
    struct worker *w;
    struct buf keep;
    char stage[STAGE_BYTES_MAX];
    unsigned long long done, total;
    bool greeted, ready;
};

/* ---- the load ---- */

static void put_engine(struct json_writer *w, const struct engine_options *o)
{
    json_key(w, "engine");
    json_open_object(w);
    json_member_text(w, "backend", o->backend);
    json_member_text(w, "cpu_level", o->cpu_level);
    json_key(w, "precise");
    json_put_bool(w, o->precise);
    /* The worker cannot look at the machine: cores are counted here. */
    json_member_int(w, "thread_count", o->thread_count ? o->thread_count : pool_default_threads());
    json_member_int(w, "context_max", o->context_max);
    json_member_int(w, "cache_tokens", o->cache_tokens);
    json_member_text(w, "cache_type", o->cache_type);
    json_member_int(w, "batch_max", o->batch_max);
    json_member_int(w, "streams_max", o->streams_max);
    json_key(w, "deterministic");
    json_put_bool(w, o->deterministic);
    json_close_object(w);
}

static void put_store(struct json_writer *w, const struct worker_store *s, int fd)
{
    char hex[SHA256_HEX_BYTES];
    sha256_hex(s->identity, hex);
    json_key(w, "store");
    json_open_object(w);
    json_member_int(w, "fd", fd);
    json_member_int(w, "bytes", (int64_t)s->bytes);
    json_member_text(w, "identity", hex);
    json_close_object(w);
}

/* Descriptors have the numbers that worker_process_start gives them: in order, from 4 on. */
static void put_files(struct json_writer *w, const struct worker_options *o)
{
    int next = WORKER_FIRST_FILE;
    json_key(w, "files");
    json_open_array(w);
    for (size_t i = 0; i < o->file_count; i++) {
        json_open_object(w);
        json_member_text(w, "name", o->files[i].name);
        json_member_int(w, "fd", o->files[i].fd >= 0 ? next++ : -1);
        json_member_int(w, "bytes", (int64_t)o->files[i].bytes);
        json_close_object(w);
    }
    json_close_array(w);
    json_member_int(w, "form", o->form ? next++ : -1);
    if (o->store) put_store(w, o->store, next);
}

static enum status send_load(struct start *s, struct error *err)
{
    struct buf body = BUF_INIT(LOAD_BYTES_MAX);
    struct json_writer w;
    json_writer_init(&w, &body, 0);
    json_open_object(&w);
    json_member_text(&w, "label", s->options->label);
    json_member_text(&w, "main_file", s->options->main_file);
    put_files(&w, s->options);
    json_key(&w, "keep");
    json_put_bool(&w, s->options->keep_path != NULL);
    json_key(&w, "inspect");
    json_put_bool(&w, s->options->inspect);
    put_engine(&w, &s->options->engine);
    json_close_object(&w);
    enum status st = buf_check(&body, "the list of a model's files", err);
    if (!st) st = client_send(s->w, FRAME_LOAD, 0, (struct span){ body.data, body.len }, err);
    buf_release(&body);
    return st;
}

/* ---- what comes until it is ready ---- */

static bool report(struct start *s)
{
    return progress_report(&s->options->engine.progress, s->stage, s->done, s->total);
}

static void take_progress(struct start *s, const struct json *body)
{
    const char *stage = json_text(json_get(body, "stage"));
    int64_t done = json_int(json_get(body, "done"), 0),
            total = json_int(json_get(body, "total"), 0);
    struct error clean;
    if (!stage || done < 0 || total < 0) return;
    error_set(&clean, STATUS_FAILED, "%s", stage);
    snprintf(s->stage, sizeof s->stage, "%.31s", clean.text);
    s->done = (unsigned long long)done;
    s->total = (unsigned long long)total;
}

/* Written under the name that the parent computed; what does not arrive whole is forgotten. */
static enum status take_keep(struct start *s, struct span piece, struct error *fault)
{
    if (!s->options->keep_path || s->keep.failed || s->ready)
        return error_set(fault, STATUS_BAD_INPUT, "a compiled tokenizer that nobody asked for");
    if (piece.len) {
        buf_append(&s->keep, piece.data, piece.len);
        return STATUS_OK;
    }
    if (!file_write(s->options->keep_path, s->keep.data, s->keep.len, NULL) && s->options->kept)
        s->options->kept(s->options->kept_ctx, (struct span){ s->keep.data, s->keep.len });
    buf_release(&s->keep);
    s->keep.failed = true; /* once is enough */
    return STATUS_OK;
}

static enum status take_hello(struct start *s, const struct frame *f, struct error *fault)
{
    if (!span_equals(f->body, FRAME_HELLO_BODY))
        return error_set(fault, STATUS_BAD_INPUT, "a hello of another version");
    s->greeted = true;
    return STATUS_OK;
}

static enum status take_frame(struct start *s, const struct frame *f, struct error *fault)
{
    if (!s->greeted && f->type != FRAME_HELLO && f->type != FRAME_ERROR)
        return error_set(fault, STATUS_BAD_INPUT, "%s before the hello", frame_type_name(f->type));
    switch (f->type) {
    case FRAME_HELLO: return take_hello(s, f, fault);
    case FRAME_KEEP: return take_keep(s, f->body, fault);
    case FRAME_PROGRESS: take_progress(s, json_root(s->w->body)); return STATUS_OK;
    case FRAME_LOG: client_take_log(s->w, json_root(s->w->body)); return STATUS_OK;
    case FRAME_ERROR:
        if (f->request == 0) client_read_error(json_root(s->w->body), &s->w->last_words);
        return STATUS_OK;
    case FRAME_READY:
        s->w->ready = s->w->body;
        s->w->body = NULL;
        s->ready = true;
        return STATUS_OK;
    default:
        return error_set(fault, STATUS_BAD_INPUT, "%s before it was ready",
                         frame_type_name(f->type));
    }
}

static enum status wait_until_ready(struct start *s, struct error *err)
{
    struct frame f;
    struct error fault;
    bool got;
    while (!s->ready) {
        enum status st = client_read(s->w, &f, &got, LOOK_MS, err);
        if (st) return st;
        if (got && take_frame(s, &f, &fault)) {
            client_bury(s->w, &fault);
            return client_gone(s->w, err);
        }
        if (s->w->last_words.text[0])
            return error_set(err, s->w->last_words.status, "%s", s->w->last_words.text);
        if (!s->ready && !report(s)) return error_set(err, STATUS_CANCELLED, "%s", "");
    }
    return STATUS_OK;
}

/* ---- the process ---- */

static enum status start_process(struct worker_process *ret, const struct worker_options *o,
                                 struct error *err)
{
    size_t count = 0;
    int *fds = mem_array(o->file_count + 3, sizeof *fds);
    if (!fds) return error_set(err, STATUS_NO_MEMORY, "no memory to start a worker");
    for (size_t i = 0; i < o->file_count; i++)
        if (o->files[i].fd >= 0) fds[count++] = o->files[i].fd;
    if (o->form) fds[count++] = o->form->fd;
    if (o->store) fds[count++] = o->store->fd;
    enum status st = STATUS_OK;
    if (count > WORKER_FILES_MAX)
        st = error_set(err, STATUS_LIMIT,
                       "%s has %zu files to read, at most %d are handed to a worker", o->label,
                       count, WORKER_FILES_MAX);
    if (!st) st = worker_process_start(ret, o->program, fds, count, err);
    mem_free(fds);
    return st;
}

static enum status wait_for_hello(struct start *s, struct error *err)
{
    struct frame f;
    struct error fault;
    bool got = false;
    enum status st = STATUS_OK;
    while (!st && !s->greeted) {
        st = client_read(s->w, &f, &got, LOOK_MS, err);
        if (!st && got && take_frame(s, &f, &fault)) {
            client_bury(s->w, &fault);
            st = client_gone(s->w, err);
        }
        if (!st && s->w->last_words.text[0])
            st = error_set(err, s->w->last_words.status, "%s", s->w->last_words.text);
    }
    return st;
}

/* Who greets is loaded and locked, waits for its model, and cannot lift what is set here. */
static enum status limit_memory(struct start *s, uint64_t bytes, struct error *err)
{
    struct rlimit limit = { bytes, bytes };
    if (bytes == 0) return STATUS_OK;
    enum status st = wait_for_hello(s, err);
    if (!st && prlimit(s->w->process.pid, RLIMIT_DATA, &limit, NULL) != 0)
        st = error_set(err, STATUS_FAILED, "the worker's memory cannot be limited");
    return st;
}

enum status worker_start_empty(struct worker **ret, const char *program, struct error *err)
{
    struct worker_process process;
    struct worker *w = NULL;
    enum status st = worker_process_start(&process, program, NULL, 0, err);
    if (st) return st;
    st = client_new(&w, "no model", process, err);
    if (st) {
        worker_process_close(&process, 0);
        return st;
    }
    st = client_send(w, FRAME_HELLO, 0, span_of(FRAME_HELLO_BODY), err);
    struct start s = { .w = w };
    if (!st) st = wait_for_hello(&s, err);
    if (st) client_free(w);
    else *ret = w;
    return st;
}

enum status worker_start(struct worker **ret, const struct worker_options *options,
                         struct error *err)
{
    struct start s = { .options = options, .keep = BUF_INIT(KEEP_BYTES_MAX), .stage = "start" };
    struct worker_process process;
    enum status st = start_process(&process, options, err);
    if (st) return st;
    if (!options->engine.thread_count) pool_lend_cores(process.pid);
    st = client_new(&s.w, options->label, process, err);
    if (st) {
        worker_process_close(&process, 0);
        return st;
    }
    s.w->log = options->engine.log;
    st = client_send(s.w, FRAME_HELLO, 0, span_of(FRAME_HELLO_BODY), err);
    if (!st) st = limit_memory(&s, options->memory_max, err);
    if (!st) st = send_load(&s, err);
    if (!st) st = wait_until_ready(&s, err);
    buf_release(&s.keep);
    if (st) {
        worker_process_kill(&s.w->process);
        client_free(s.w);
    } else *ret = s.w;
    return st;
}
