/* Fuzzes a request's whole way: bytes on a socket, through head, body, shape and hub, and an answer back.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One server over the scripted target stays for all inputs. The first byte chooses: whether the client
 * waits for the answer or hangs up, and after how many bytes it pauses. Every answer must begin as
 * answers do, and the server must go on answering others. */
#include <assert.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "serve/server/server.h"
/* Fuzz targets are linked with the library alone. */
#include "support/fake_target.c"

#define LOOK_EVERY 256 /* inputs between looks at the server's health */
#define ANSWER_MS  3   /* that a client waits for more */
#define HEALTHY_MS 10000
#define ANSWER_MAX 65536
#define MARK       "HTTP/1."
#define HEALTH     "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fake_script script;
static char path[64];
static unsigned looks;

static int listen_at(const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", name);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 64)) abort();
    return fd;
}

static int connect_to(const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", name);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address)) abort();
    return fd;
}

static void start(void)
{
    static struct server *server; /* reachable until the end: nothing leaks */
    struct server_options options = { .open = fake_target_open, .open_ctx = &script };
    struct error err;
    if (server) return;
    snprintf(path, sizeof path, "/tmp/fuzz-request-%d", (int)getpid());
    unlink(path);
    server_settings_init(&options.settings);
    options.settings.limits.head_ms = options.settings.limits.body_ms = 50;
    options.settings.limits.body_bytes_max = (size_t)1 << 20;
    if (server_settings_add_model(&options.settings, "m", "/models/m", &err)) abort();
    options.listen[0].fd = listen_at(path);
    options.listen[0].address = (struct listen_address){ .is_unix = true, .loopback = true };
    options.listen_count = 1;
    if (server_start(&server, &options, &err)) abort();
}

/* What comes within `quiet_ms` of the last piece. */
static size_t read_answer(int fd, char *answer, int quiet_ms)
{
    size_t len = 0;
    struct pollfd p = { .fd = fd, .events = POLLIN };
    while (len < ANSWER_MAX && poll(&p, 1, quiet_ms) > 0) {
        ssize_t n = recv(fd, answer + len, ANSWER_MAX - len, 0);
        if (n <= 0) break;
        len += (size_t)n;
    }
    answer[len] = 0;
    return len;
}

static void send_pieces(int fd, const uint8_t *bytes, size_t len, size_t piece)
{
    while (len > 0) {
        size_t n = len < piece ? len : piece;
        if (send(fd, bytes, n, MSG_NOSIGNAL) < 0) return;
        bytes += n;
        len -= n;
    }
}

static void check_health(void)
{
    static char answer[ANSWER_MAX + 1];
    int fd = connect_to(path);
    send_pieces(fd, (const uint8_t *)HEALTH, sizeof HEALTH - 1, 4096);
    size_t len = read_answer(fd, answer, HEALTHY_MS);
    close(fd);
    assert(len > sizeof MARK && memcmp(answer, MARK, sizeof MARK - 1) == 0);
    assert(strstr(answer, "\"status\":"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char answer[ANSWER_MAX + 1];
    static const size_t pieces[] = { 65536, 1, 7, 1460 };
    if (size == 0) return 0;
    start();
    int fd = connect_to(path);
    send_pieces(fd, data + 1, size - 1, pieces[data[0] >> 1 & 3]);
    if (data[0] & 1) {
        size_t len = read_answer(fd, answer, ANSWER_MS);
        assert(!len || (len > sizeof MARK && memcmp(answer, MARK, sizeof MARK - 1) == 0));
    }
    close(fd);
    if (++looks % LOOK_EVERY == 0) check_health();
    return 0;
}
