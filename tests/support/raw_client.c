/* A client that sends exactly the bytes it is told to.
 * SPDX-License-Identifier: Apache-2.0 */
#include "support/raw_client.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/core/clock.h"

int raw_connect(const char *name)
{
    struct listen_address address;
    struct error err = { 0 };
    int fd = -1;
    enum status st = listen_parse(&address, name, &err);
    if (!st) st = listen_connect(&fd, &address, 10000, &err);
    if (st) fail_msg("%s", err.text);
    return fd;
}

void raw_send(int fd, const char *bytes)
{
    size_t len = strlen(bytes), at = 0;
    while (at < len) {
        ssize_t n = send(fd, bytes + at, len - at, MSG_NOSIGNAL);
        if (n <= 0) return; /* the server may have closed: what it said is what counts */
        at += (size_t)n;
    }
}

struct buf raw_read(int fd, const char *until, int timeout_ms)
{
    struct buf b = BUF_INIT((size_t)64 << 20);
    int64_t end = clock_monotonic_ns() + (int64_t)timeout_ms * 1000000;
    char piece[16384];
    buf_text(&b, "");
    for (;;) {
        int64_t left = (end - clock_monotonic_ns()) / 1000000;
        struct pollfd p = { .fd = fd, .events = POLLIN };
        if (until && b.data && strstr(b.data, until)) return b;
        if (left <= 0 || poll(&p, 1, (int)left) <= 0) return b;
        ssize_t n = recv(fd, piece, sizeof piece, 0);
        if (n <= 0) return b;
        assert_true(buf_append(&b, piece, (size_t)n));
    }
}

struct buf raw_talk(const char *name, const char *bytes, int timeout_ms)
{
    int fd = raw_connect(name);
    raw_send(fd, bytes);
    struct buf b = raw_read(fd, NULL, timeout_ms);
    close(fd);
    return b;
}

int raw_status(const struct buf *answer)
{
    if (answer->len < 12 || strncmp(answer->data, "HTTP/1.1 ", 9) != 0) return 0;
    return (answer->data[9] - '0') * 100 + (answer->data[10] - '0') * 10 + (answer->data[11] - '0');
}

int raw_listen(char name[LISTEN_TEXT_BYTES])
{
    struct listen_address address;
    struct error err = { 0 };
    int fd = -1;
    assert_int_equal(listen_parse(&address, "127.0.0.1:0", &err), STATUS_OK);
    if (listen_open(&fd, &address, &err)) fail_msg("%s", err.text);
    listen_name(name, fd);
    return fd;
}

void raw_sleep_ms(int ms)
{
    nanosleep(&(struct timespec){ ms / 1000, (long)(ms % 1000) * 1000000 }, NULL);
}
