/* Workers for tests, good and bad.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* getauxval, symlink, memfd_create */
#include "support/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/core/file.h"
#include "base/core/mem.h"
#include "lm/format/source.h"
#include "lm/worker/far_end.h"
#include "lm/worker/frame.h"
#include "lm/worker/worker_process.h"
#include "support/fixture.h"

/* ---- misbehaving ---- */

static void send_bytes(const void *bytes, size_t len)
{
    const char *p = bytes;
    while (len) {
        ssize_t n = send(WORKER_SOCKET, p, len, MSG_NOSIGNAL);
        if (n <= 0) return;
        p += n;
        len -= (size_t)n;
    }
}

static void say(enum frame_type type, uint64_t request, const char *body)
{
    struct buf out = BUF_INIT(1 << 20);
    frame_append(&out, type, request, (struct span){ body, strlen(body) });
    send_bytes(out.data, out.len);
    buf_release(&out);
}

static void say_slowly(enum frame_type type, uint64_t request, const char *body)
{
    const struct timespec pause = { .tv_nsec = 300000 };
    struct buf out = BUF_INIT(1 << 20);
    frame_append(&out, type, request, (struct span){ body, strlen(body) });
    for (size_t i = 0; i < out.len; i++) {
        send_bytes(out.data + i, 1);
        nanosleep(&pause, NULL);
    }
    buf_release(&out);
}

static void hello(void)
{
    say(FRAME_HELLO, 0, FRAME_HELLO_BODY);
}

static void ready(void)
{
    hello();
    say(FRAME_READY, 0, "{}");
}

/* Reads until a frame of this type has come. */
static void await(enum frame_type type)
{
    static struct frame_reader r;
    struct frame f;
    bool got;
    if (!r.body_max) frame_reader_init(&r, true);
    for (;;) {
        while (!frame_reader_next(&r, &f, &got, NULL) && got)
            if (f.type == type) return;
        size_t room;
        char *at = frame_reader_room(&r, &room);
        ssize_t n = recv(WORKER_SOCKET, at, room, 0);
        if (n <= 0) _exit(9);
        frame_reader_took(&r, (size_t)n);
    }
}

static void do_garbage(void)
{
    char noise[256];
    memset(noise, 0xFF, sizeof noise);
    send_bytes(noise, sizeof noise);
    pause();
}

static void do_oversize(void)
{
    const unsigned char header[16] = { 0xFF, 0xFF, 0xFF, 0x7F, FRAME_DELTA };
    ready();
    send_bytes(header, sizeof header);
    pause();
}

static void do_version(void)
{
    say(FRAME_HELLO, 0, "{\"protocol\":\"hearth worker\",\"version\":2}");
    pause();
}

static void do_half_frame(void)
{
    const unsigned char half[20] = { 100, 0, 0, 0, FRAME_READY };
    hello();
    send_bytes(half, sizeof half);
}

static void do_exit(void)
{
    _exit(3);
}

static void die_loading(int number)
{
    hello();
    say(FRAME_PROGRESS, 0, "{\"stage\":\"read\",\"done\":1,\"total\":2}");
    raise(number);
}

static void do_kill_loading(void)
{
    die_loading(SIGKILL);
}

static void do_segv_loading(void)
{
    const struct sigaction usual = { .sa_handler = SIG_DFL }; /* sanitizers catch it */
    sigaction(SIGSEGV, &usual, NULL);
    die_loading(SIGSEGV);
}

static void do_hang(void)
{
    hello();
    say(FRAME_PROGRESS, 0, "{\"stage\":\"read\",\"done\":1,\"total\":2}");
    for (;;)
        pause();
}

static void do_hello_twice(void)
{
    ready();
    hello();
    pause();
}

static void do_stray_done(void)
{
    ready();
    say(FRAME_DONE, 77, "{}");
    pause();
}

static void do_bad_json(void)
{
    ready();
    say(FRAME_LOG, 0, "{\"level\":");
    pause();
}

static void do_not_object(void)
{
    ready();
    await(FRAME_SUBMIT);
    say(FRAME_DELTA, 1, "[1,2]");
    pause();
}

static void do_wrong_way(void)
{
    ready();
    say(FRAME_SUBMIT, 1, "{}");
    pause();
}

static void do_close(void)
{
    ready();
    close(WORKER_SOCKET);
    for (;;)
        pause();
}

static void do_last_words(void)
{
    hello();
    say(FRAME_ERROR, 0,
        "{\"status\":\"NO_MEMORY\",\"text\":\"no\\u001b[31m memory for 7 things\"}");
}

static void do_keep(void)
{
    hello();
    say(FRAME_KEEP, 0, "form");
    pause();
}

static void do_slow(void)
{
    say_slowly(FRAME_HELLO, 0, FRAME_HELLO_BODY);
    say_slowly(FRAME_READY, 0, "{\"family\":\"slow\"}");
    await(FRAME_SUBMIT);
    say_slowly(FRAME_DELTA, 1, "{\"content\":\"slow\"}");
    say_slowly(FRAME_DONE, 1, "{\"finish\":\"stop\"}");
    await(FRAME_STOP);
}

/* Dies with an answer on its way: its events must still be given out. */
static void do_die_answering(void)
{
    ready();
    await(FRAME_SUBMIT);
    say(FRAME_DELTA, 1, "{\"content\":\"one\"}");
    say(FRAME_DELTA, 1, "{\"content\":\"two\"}");
    raise(SIGKILL);
}

/* Two requests, answered the other way round. */
static void do_swap(void)
{
    ready();
    await(FRAME_STATS);
    say(FRAME_DONE, 2, "{\"n\":2}");
    say(FRAME_DONE, 1, "{\"n\":1}");
    await(FRAME_STOP);
}

/* Floods with events that belong to a request, and never reads again. */
static void do_flood(void)
{
    static char body[65536];
    ready();
    await(FRAME_SUBMIT);
    memset(body, 'x', sizeof body - 1);
    memcpy(body, "{\"content\":\"", 12);
    memcpy(body + sizeof body - 3, "\"}", 2);
    for (;;)
        say(FRAME_DELTA, 1, body);
}

static const struct {
    const char *name;
    void (*run)(void);
} modes[] = {
    { "garbage", do_garbage },
    { "oversize", do_oversize },
    { "version", do_version },
    { "half-frame", do_half_frame },
    { "exit", do_exit },
    { "kill-loading", do_kill_loading },
    { "segv-loading", do_segv_loading },
    { "hang", do_hang },
    { "hello-twice", do_hello_twice },
    { "stray-done", do_stray_done },
    { "bad-json", do_bad_json },
    { "not-object", do_not_object },
    { "wrong-way", do_wrong_way },
    { "close", do_close },
    { "last-words", do_last_words },
    { "keep", do_keep },
    { "slow", do_slow },
    { "die-answering", do_die_answering },
    { "swap", do_swap },
    { "flood", do_flood },
};

/* ---- being a worker ---- */

#define FAKE "hearth-fake-"

bool peer_is_worker(int argc, char **argv)
{
    return argc == 2 && strcmp(argv[1], "worker") == 0;
}

int peer_run(void)
{
    const char *path = (const char *)getauxval(AT_EXECFN);
    const char *fake = path ? strstr(path, FAKE) : NULL;
    struct error err;
    if (!fake) _exit(worker_run(&err));
    await(FRAME_LOAD); /* or sending it would fail */
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (strcmp(fake + strlen(FAKE), modes[i].name) == 0) modes[i].run();
    _exit(0);
}

static char link_folder[] = "/tmp/hearth-peer-XXXXXX";

static void remove_links(void)
{
    char path[4096];
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        snprintf(path, sizeof path, "%s/" FAKE "%s", link_folder, modes[i].name);
        unlink(path);
    }
    rmdir(link_folder);
}

const char *peer_program(const char *mode)
{
    static char path[4096];
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(n > 0);
    self[n] = 0;
    if (strstr(link_folder, "XXXXXX")) {
        assert_non_null(mkdtemp(link_folder));
        atexit(remove_links);
    }
    snprintf(path, sizeof path, "%s/" FAKE "%s", link_folder, mode);
    if (symlink(self, path) != 0) assert_int_equal(errno, EEXIST);
    return path;
}

/* ---- models ---- */

static struct worker_file *place(struct peer_model *m, const char *name)
{
    size_t i = 0;
    while (i < m->options.file_count && strcmp(m->names[i], name) != 0)
        i++;
    assert_true(i < PEER_FILES_MAX);
    if (i == m->options.file_count) m->options.file_count++;
    else file_close(m->files[i].fd);
    snprintf(m->names[i], sizeof m->names[i], "%s", name);
    m->files[i] = (struct worker_file){ m->names[i], -1, 0 };
    return &m->files[i];
}

void peer_model_open(struct peer_model *m, const char *folder)
{
    struct error err;
    struct file_set *set;
    memset(m, 0, sizeof *m);
    snprintf(m->path, sizeof m->path, "%s", folder);
    m->options = (struct worker_options){ .label = m->path, .files = m->files };
    if (file_set_open(&set, folder, &err)) fail_msg("%s", err.text);
    for (size_t i = 0; i < file_set_count(set); i++) {
        const struct file_set_entry *e = file_set_at(set, i);
        struct worker_file *f = place(m, e->name);
        if (source_reads_file(e->name) && file_set_descriptor(set, e->name, &f->fd, &err))
            fail_msg("%s", err.text);
    }
    file_set_free(set);
}

void peer_model_add(struct peer_model *m, const char *name, const char *content)
{
    struct worker_file *f = place(m, name);
    size_t len = strlen(content);
    f->fd = memfd_create(name, MFD_CLOEXEC);
    assert_true(f->fd >= 0);
    assert_int_equal(write(f->fd, content, len), len);
}

void peer_model_close(struct peer_model *m)
{
    for (size_t i = 0; i < m->options.file_count; i++)
        file_close(m->files[i].fd);
}

struct worker *peer_start(struct peer_model *m)
{
    struct worker *w;
    struct error err = { 0 };
    if (worker_start(&w, &m->options, &err)) fail_msg("%s", err.text);
    return w;
}

void peer_no_children(void)
{
    errno = 0;
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}
