/* Fuzzes both ends of a worker: one end's bytes are the input, the other end must stay whole.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The first byte chooses the end. The near end has two requests under way, and gives out exactly one end
 * for each, whatever comes. The far end has greeted and has no model; its load may name any file and any
 * descriptor. Frames are given their headers here, so that bodies are reached: a byte for the type, a
 * byte for the request, two for the length. */
#define _GNU_SOURCE
#include <assert.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lm/worker/client_inner.h"
#include "lm/worker/far_end.h"

#define INPUT_MAX ((size_t)1 << 15) /* fits into the socket's buffer */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input as frames; what is left over at the end goes as it is. */
static void put_frames(struct buf *out, const uint8_t *data, size_t size)
{
    while (size >= 4) {
        size_t len = (size_t)data[2] | (size_t)data[3] << 8;
        if (len > size - 4) len = size - 4;
        frame_append(out, (enum frame_type)(data[0] % (FRAME_TYPE_COUNT + 1)), data[1],
                     (struct span){ (const char *)data + 4, len });
        data += 4 + len;
        size -= 4 + len;
    }
    buf_append(out, data, size);
}

static void send_and_end(int socket, const struct buf *bytes)
{
    for (size_t at = 0; at < bytes->len;) {
        ssize_t n = send(socket, bytes->data + at, bytes->len - at, MSG_NOSIGNAL);
        if (n <= 0) break;
        at += (size_t)n;
    }
    shutdown(socket, SHUT_WR);
}

static void fuzz_near(int mine, int other, const struct buf *bytes)
{
    struct worker *w;
    struct worker_event e;
    struct error err = { .text = "" };
    uint64_t a, b;
    int ends = 0;
    bool got;
    enum status st = client_new(&w, "fuzz", (struct worker_process){ .socket = mine }, &err);
    assert(!st);
    st = worker_submit(w, &a, "{}", 2, &err);
    if (!st) st = worker_submit(w, &b, "{}", 2, &err);
    assert(!st && a != b);
    send_and_end(other, bytes);
    while (!(st = worker_next(w, &e, &got, -1, &err))) {
        if (!got) continue;
        assert(e.request == a || e.request == b);
        assert((e.kind == WORKER_ERROR) == (e.body == NULL));
        ends += e.kind == WORKER_DONE || e.kind == WORKER_ERROR;
    }
    assert(ends == 2 && err.text[0] && !worker_alive(w));
    worker_stop(w);
}

static void *serve(void *socket)
{
    const struct sandbox_facts none = { 0 };
    worker_serve(*(int *)socket, &none, NULL);
    close(*(int *)socket);
    return NULL;
}

static void fuzz_far(int mine, int other, const struct buf *bytes)
{
    struct buf all = BUF_INIT(1 << 20);
    pthread_t thread;
    char answers[4096];
    frame_append(&all, FRAME_HELLO, 0, span_of(FRAME_HELLO_BODY));
    buf_append(&all, bytes->data, bytes->len);
    if (pthread_create(&thread, NULL, serve, &mine)) __builtin_trap();
    send_and_end(other, &all);
    while (recv(other, answers, sizeof answers, 0) > 0)
        ;
    pthread_join(thread, NULL);
    buf_release(&all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf bytes = BUF_INIT(1 << 20);
    int pair[2];
    if (size < 1 || size > INPUT_MAX) return 0;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) __builtin_trap();
    put_frames(&bytes, data + 1, size - 1);
    if (data[0] & 1) fuzz_near(pair[0], pair[1], &bytes);
    else fuzz_far(pair[0], pair[1], &bytes);
    close(pair[1]);
    buf_release(&bytes);
    return 0;
}
