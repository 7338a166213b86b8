/* Starting a worker's process, and telling how it ended.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* addclosefrom_np, environ, sigabbrev_np */
#include "lm/worker/worker_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/core/clock.h"
#include "base/core/mem.h"

#define ENVIRONMENT_MAX 16

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* ---- starting ---- */

static enum status start_failed(struct error *err, int number, const char *what)
{
    const char *reason = strerrordesc_np(number);
    enum status st = number == ENOMEM || number == EAGAIN ? STATUS_NO_MEMORY : STATUS_FAILED;
    return error_set(err, st, "a worker cannot be started: %s: %s", what,
                     reason ? reason : "unknown error");
}

/* The worker gets the time zone, for templates that ask what day it is, and nothing else; sanitizers
 * get their options. */
static void choose_environment(char *ret[ENVIRONMENT_MAX])
{
    static const char *const kept[] = { "TZ=", SANITIZED ? "ASAN_OPTIONS=" : "TZ=",
                                        SANITIZED ? "UBSAN_OPTIONS=" : "TZ=",
                                        SANITIZED ? "TSAN_OPTIONS=" : "TZ=" };
    size_t count = 0;
    for (char **e = environ; e && *e && count + 1 < ENVIRONMENT_MAX; e++) {
        for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
            if (strncmp(*e, kept[i], strlen(kept[i])) != 0) continue;
            ret[count++] = *e;
            break;
        }
    }
    ret[count] = NULL;
}

/* Copies lie above all final numbers, so that no descriptor is overwritten before it was moved. */
static enum status lift(int fd, int above, int *ret, struct error *err)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, above);
    if (copy < 0) return start_failed(err, errno, "too many open files");
    *ret = copy;
    return STATUS_OK;
}

static int add_actions(posix_spawn_file_actions_t *a, const int *lifted, size_t count)
{
    int e = posix_spawn_file_actions_addopen(a, 0, "/dev/null", O_RDONLY, 0);
    if (!e) e = posix_spawn_file_actions_addopen(a, 1, "/dev/null", O_WRONLY, 0);
    if (!e && !SANITIZED) e = posix_spawn_file_actions_addopen(a, 2, "/dev/null", O_WRONLY, 0);
    for (size_t i = 0; i < count && !e; i++)
        e = posix_spawn_file_actions_adddup2(a, lifted[i], WORKER_SOCKET + (int)i);
    if (!e) e = posix_spawn_file_actions_addclosefrom_np(a, WORKER_SOCKET + (int)count);
    return e;
}

/* A group of its own: Ctrl-C at the terminal is the front's business. */
static int set_attributes(posix_spawnattr_t *a)
{
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    int e = posix_spawnattr_setflags(a, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
                                            POSIX_SPAWN_SETSIGMASK);
    if (!e) e = posix_spawnattr_setpgroup(a, 0);
    if (!e) e = posix_spawnattr_setsigdefault(a, &all);
    return e ? e : posix_spawnattr_setsigmask(a, &none);
}

static enum status spawn(pid_t *ret, const char *program, const int *lifted, size_t count,
                         struct error *err)
{
    char name[] = "hearth", verb[] = "worker", *arguments[] = { name, verb, NULL };
    char *environment[ENVIRONMENT_MAX];
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int e = posix_spawn_file_actions_init(&actions);
    if (e) return start_failed(err, e, "file actions");
    if ((e = posix_spawnattr_init(&attributes))) {
        posix_spawn_file_actions_destroy(&actions);
        return start_failed(err, e, "attributes");
    }
    choose_environment(environment);
    e = add_actions(&actions, lifted, count);
    if (!e) e = set_attributes(&attributes);
    if (!e) e = posix_spawn(ret, program, &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return e ? start_failed(err, e, program) : STATUS_OK;
}

enum status worker_process_start(struct worker_process *ret, const char *program, const int *files,
                                 size_t file_count, struct error *err)
{
    int pair[2], above = WORKER_FIRST_FILE + (int)file_count;
    size_t count = 0;
    pid_t pid = 0;
    enum status st = STATUS_OK;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return start_failed(err, errno, "a pair of sockets");
    int *lifted = mem_array(file_count + 1, sizeof *lifted);
    if (!lifted) st = error_set(err, STATUS_NO_MEMORY, "no memory to start a worker");
    for (; !st && count <= file_count; count += !st)
        st = lift(count ? files[count - 1] : pair[1], above, &lifted[count], err);
    if (!st) st = spawn(&pid, program ? program : "/proc/self/exe", lifted, count, err);
    for (size_t i = 0; i < count; i++)
        close(lifted[i]);
    mem_free(lifted);
    close(pair[1]);
    if (st) {
        close(pair[0]);
        return st;
    }
    *ret = (struct worker_process){ .pid = pid, .socket = pair[0] };
    return STATUS_OK;
}

/* ---- ending ---- */

static void reap(struct worker_process *p, int options)
{
    int status = 0;
    pid_t got;
    if (p->reaped || p->pid <= 0) return;
    do
        got = waitpid(p->pid, &status, options);
    while (got < 0 && errno == EINTR);
    if (got == 0) return;
    p->status = got < 0 ? -1 : status; /* ECHILD: the host program waits for all its children */
    p->reaped = true;
}

bool worker_process_ended(struct worker_process *p, int wait_ms)
{
    const struct timespec pause = { .tv_nsec = 1000000 };
    int64_t until = clock_monotonic_ns() + (int64_t)wait_ms * 1000000;
    for (reap(p, WNOHANG); !p->reaped && clock_monotonic_ns() < until; reap(p, WNOHANG))
        nanosleep(&pause, NULL);
    return p->reaped;
}

void worker_process_kill(struct worker_process *p)
{
    if (p->pid <= 0 || worker_process_ended(p, 0)) return;
    p->killed = true;
    kill(p->pid, SIGKILL);
    reap(p, 0);
}

void worker_process_close(struct worker_process *p, int wait_ms)
{
    if (p->socket >= 0) close(p->socket); /* the worker reads an end of file, and ends */
    p->socket = -1;
    if (p->pid > 0 && !worker_process_ended(p, wait_ms)) worker_process_kill(p);
}

static enum status signal_words(int number, const char *label, struct error *err)
{
    const char *name = sigabbrev_np(number);
    if (number == SIGKILL)
        return error_set(err, STATUS_CRASHED,
                         "the worker for %s was killed (signal 9): the kernel kills the largest "
                         "process when memory runs out; try a smaller --ctx, and `hearth plan` "
                         "says what the model needs",
                         label);
    if (number == SIGBUS)
        return error_set(err, STATUS_CRASHED,
                         "the worker for %s crashed (signal %d, SIGBUS): a file of the model was "
                         "shortened or its disk failed while it was in use",
                         label, number);
    if (number == SIGTERM || number == SIGINT || number == SIGHUP || number == SIGQUIT)
        return error_set(err, STATUS_CRASHED, "the worker for %s was ended (signal %d, SIG%s)",
                         label, number, name ? name : "?");
    return error_set(
        err, STATUS_CRASHED,
        "the worker for %s crashed (signal %d, SIG%s): a fault in hearth, or one that "
        "the model's files provoke; nothing outside the worker is affected, and `hearth "
        "inspect --check-weights` looks at the files",
        label, number, name ? name : "?");
}

enum status worker_process_words(const struct worker_process *p, const char *label,
                                 struct error *err)
{
    if (p->killed)
        return error_set(err, STATUS_CRASHED,
                         "the worker for %s closed its connection and went on; it was killed",
                         label);
    if (p->reaped && p->status >= 0 && WIFSIGNALED(p->status))
        return signal_words(WTERMSIG(p->status), label, err);
    if (p->reaped && p->status >= 0 && WIFEXITED(p->status))
        return error_set(err, STATUS_CRASHED, "the worker for %s ended by itself (exit code %d)",
                         label, WEXITSTATUS(p->status));
    return error_set(err, STATUS_CRASHED, "the worker for %s is gone", label);
}
