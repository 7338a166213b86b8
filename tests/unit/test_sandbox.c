/* The sandbox, tried from inside: whatever is not needed is refused, and what is needed works.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memfd_create */
#include "lm/worker/sandbox.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/core/file.h"
#include "lm/worker/worker_start.h"

#include "support/fixture.h"
#include "support/peer.h"

static const struct json *probe(struct worker *w, struct worker_event *event)
{
    struct error err;
    uint64_t id;
    bool got = false;
    assert_int_equal(worker_probe(w, &id, &err), STATUS_OK);
    while (!got)
        if (worker_next(w, event, &got, 20000, &err)) fail_msg("%s", err.text);
    assert_int_equal(event->kind, WORKER_DONE);
    return json_get(event->body, "attempts");
}

static void all_refused(const struct json *attempts)
{
    assert_true(json_length(attempts) >= 40);
    for (size_t i = 0; i < json_length(attempts); i++) {
        const struct json *a = json_at(attempts, i);
        if (!json_bool(json_get(a, "refused"), false))
            fail_msg("%s was not refused: %s", json_text(json_get(a, "what")),
                     json_text(json_get(a, "errno")));
    }
}

static bool has_attempt(const struct json *attempts, const char *what)
{
    for (size_t i = 0; i < json_length(attempts); i++)
        if (strcmp(json_text(json_get(json_at(attempts, i), "what")), what) == 0) return true;
    return false;
}

static void everything_is_refused(void **state)
{
    static const char *const wanted[] = {
        "open a file for reading",
        "open a file for writing",
        "create a file",
        "open a file with openat2",
        "make a TCP socket",
        "make a local socket",
        "connect",
        "start a program",
        "make a process",
        "trace a process",
        "signal a process",
        "write to standard output",
        "write to the model's file",
        "map memory to execute",
        "make memory executable",
        "write another process's memory",
        "make an io_uring",
        "load a BPF program",
        "mount",
        "make a namespace",
        "loosen the filter",
    };
    struct peer_model m;
    struct worker_event event;
    peer_model_open(&m, fixture_source("models/ember"));
    struct worker *w = peer_start(&m);
    const struct json *attempts = probe(w, &event);
    all_refused(attempts);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (!has_attempt(attempts, wanted[i])) fail_msg("nobody tried to %s", wanted[i]);
    assert_true(json_bool(json_get(event.body, "seccomp"), false));
    worker_stop(w);
    peer_model_close(&m);
    peer_no_children();
}

static bool let_through(const struct json *attempts, const char *what)
{
    for (size_t i = 0; i < json_length(attempts); i++) {
        const struct json *a = json_at(attempts, i);
        if (strcmp(json_text(json_get(a, "what")), what) == 0)
            return !json_bool(json_get(a, "refused"), true);
    }
    return false;
}

/* In a process of its own, which is not locked and ends right after. */
static void probe_unlocked(int out)
{
    struct buf list = BUF_INIT(1 << 16);
    int file = memfd_create("model", 0), pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) _exit(1);
    sandbox_probe(&list, pair[0], file);
    rmdir("/tmp/hearth-sandbox-probe");
    ssize_t n = write(out, list.data, list.len);
    _exit(n == (ssize_t)list.len ? 0 : 1);
}

/* The probe must be able to see that a call is let through. */
static void the_probe_sees_an_open_door(void **state)
{
    static const char *const open_doors[] = { "open a file for reading",  "make a local socket",
                                              "start a program",          "make a process",
                                              "map memory to execute",    "make memory executable",
                                              "write to standard output", "loosen the filter" };
    struct buf list = BUF_INIT(1 << 16);
    struct json_doc *doc;
    struct error err;
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) probe_unlocked(ends[1]);
    close(ends[1]);
    assert_int_equal(file_read_fd(&list, ends[0], "the pipe", &err), STATUS_OK);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(json_parse(&doc, list.data, list.len, list.len, "probe", &err), STATUS_OK);
    for (size_t i = 0; i < sizeof open_doors / sizeof *open_doors; i++)
        if (!let_through(json_root(doc), open_doors[i]))
            fail_msg("the probe does not see that it can %s", open_doors[i]);
    json_doc_free(doc);
    buf_release(&list);
}

static void without_a_model(void **state)
{
    struct worker *w;
    struct worker_event event;
    struct error err;
    if (worker_start_empty(&w, NULL, &err)) fail_msg("%s", err.text);
    assert_null(worker_ready(w));
    all_refused(probe(w, &event));
    worker_stop(w);
    peer_no_children();
}

static void says_what_it_is_made_of(void **state)
{
    struct peer_model m;
    peer_model_open(&m, fixture_source("models/ember"));
    struct worker *w = peer_start(&m);
    const struct json *sandbox = json_get(worker_ready(w), "sandbox");
    assert_true(json_bool(json_get(sandbox, "seccomp"), false));
    assert_true(json_int(json_get(sandbox, "landlock_abi"), -1) >= 0);
    worker_stop(w);
    peer_model_close(&m);
}

int main(int argc, char **argv)
{
    if (peer_is_worker(argc, argv)) return peer_run();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_refused),
        cmocka_unit_test(the_probe_sees_an_open_door),
        cmocka_unit_test(without_a_model),
        cmocka_unit_test(says_what_it_is_made_of),
    };
    return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
