/* Sockets that listen, and the way to them.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* strerrordesc_np, SOCK_CLOEXEC */
#include "base/net/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 511

union any_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
    struct sockaddr_storage storage;
};

static enum status bad_address(const char *text, struct error *err)
{
    return error_set(err, STATUS_USAGE,
                     "\"%s\" is no address: write ADDR:PORT with a numeric address "
                     "(127.0.0.1:8080, [::1]:8080), *:PORT for all, or unix:PATH",
                     text);
}

static bool parse_port(const char *text, int *ret)
{
    char *end;
    if (*text < '0' || *text > '9') return false;
    errno = 0;
    long v = strtol(text, &end, 10);
    if (*end || errno || v > 65535) return false;
    *ret = (int)v;
    return true;
}

static bool is_loopback(const union any_address *a)
{
    if (a->any.sa_family == AF_UNIX) return true;
    if (a->any.sa_family == AF_INET) return ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
}

/* The socket address; false when the host is no numeric address or the path does not fit. */
static bool resolve(union any_address *out, socklen_t *ret_len, const struct listen_address *a)
{
    memset(out, 0, sizeof *out);
    if (a->is_unix) {
        size_t len = strlen(a->host);
        if (len == 0 || len >= sizeof out->local.sun_path) return false;
        out->local.sun_family = AF_UNIX;
        memcpy(out->local.sun_path, a->host, len + 1);
        *ret_len = sizeof out->local;
        return true;
    }
    const char *host = strcmp(a->host, "localhost") == 0 ? "127.0.0.1" : a->host;
    if (strcmp(host, "*") == 0) host = "::";
    if (inet_pton(AF_INET, host, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons((uint16_t)a->port);
        *ret_len = sizeof out->v4;
        return true;
    }
    if (inet_pton(AF_INET6, host, &out->v6.sin6_addr) != 1) return false;
    out->v6.sin6_family = AF_INET6;
    out->v6.sin6_port = htons((uint16_t)a->port);
    *ret_len = sizeof out->v6;
    return true;
}

enum status listen_parse(struct listen_address *ret, const char *text, struct error *err)
{
    struct listen_address a = { 0 };
    union any_address address;
    socklen_t len;
    if (strncmp(text, "unix:", 5) == 0) {
        a.is_unix = true;
        if (snprintf(a.host, sizeof a.host, "%s", text + 5) >= (int)sizeof address.local.sun_path)
            return error_set(err, STATUS_USAGE,
                             "the path of a Unix socket has at most %zu bytes: %s",
                             sizeof address.local.sun_path - 1, text);
    } else {
        const char *colon = strrchr(text, ':');
        if (!colon || colon == text || !parse_port(colon + 1, &a.port))
            return bad_address(text, err);
        size_t host_len = (size_t)(colon - text);
        if (text[0] == '[' && colon[-1] == ']') {
            text++;
            host_len -= 2;
        }
        if (host_len >= sizeof a.host) return bad_address(text, err);
        memcpy(a.host, text, host_len);
    }
    if (!resolve(&address, &len, &a)) return bad_address(text, err);
    a.loopback = is_loopback(&address);
    *ret = a;
    return STATUS_OK;
}

static enum status bind_failed(const struct listen_address *a, int why, struct error *err)
{
    char place[LISTEN_TEXT_BYTES + 16];
    if (a->is_unix) snprintf(place, sizeof place, "unix:%s", a->host);
    else snprintf(place, sizeof place, "%s:%d", a->host, a->port);
    if (why == EADDRINUSE)
        return error_set(err, STATUS_IO,
                         "%s is in use: another program listens there; stop it, or choose another "
                         "address with --listen",
                         place);
    if (why == EACCES && !a->is_unix)
        return error_set(err, STATUS_IO,
                         "%s: ports below 1024 are for root; choose a higher one, or let systemd "
                         "hand the socket over",
                         place);
    if (why == EADDRNOTAVAIL)
        return error_set(err, STATUS_IO, "%s is not an address of this machine", place);
    return error_set(err, STATUS_IO, "cannot listen on %s: %s", place, strerrordesc_np(why));
}

/* Removes a socket file that nobody answers on; anything else stays. */
static void remove_dead_socket(const union any_address *address, socklen_t len)
{
    struct stat st;
    if (lstat(address->local.sun_path, &st) != 0 || !S_ISSOCK(st.st_mode)) return;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    bool dead = connect(fd, &address->any, len) != 0 && errno == ECONNREFUSED;
    close(fd);
    if (dead) unlink(address->local.sun_path);
}

static bool set_up(int fd, const struct listen_address *a, const union any_address *address,
                   socklen_t len)
{
    int on = 1, off = 0;
    if (!a->is_unix && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return false;
    if (address->any.sa_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, strcmp(a->host, "*") == 0 ? &off : &on,
                   sizeof on) != 0)
        return false;
    if (bind(fd, &address->any, len) != 0) return false;
    if (a->is_unix && chmod(a->host, 0600) != 0) return false;
    return listen(fd, BACKLOG) == 0;
}

enum status listen_open(int *ret_fd, const struct listen_address *a, struct error *err)
{
    union any_address address;
    socklen_t len;
    if (!resolve(&address, &len, a)) return bad_address(a->host, err);
    if (a->is_unix) remove_dead_socket(&address, len);
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return bind_failed(a, errno, err);
    if (!set_up(fd, a, &address, len)) {
        int why = errno;
        close(fd);
        return bind_failed(a, why, err);
    }
    *ret_fd = fd;
    return STATUS_OK;
}

enum status listen_adopt(struct listen_address *ret, int fd, struct error *err)
{
    union any_address address;
    socklen_t len = sizeof address;
    int listening = 0;
    socklen_t int_len = sizeof listening;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &int_len) != 0 || !listening)
        return error_set(err, STATUS_USAGE, "descriptor %d is no listening stream socket", fd);
    memset(&address, 0, sizeof address);
    if (getsockname(fd, &address.any, &len) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0)
        return error_set(err, STATUS_IO, "descriptor %d: %s", fd, strerrordesc_np(errno));
    struct listen_address a = { .is_unix = address.any.sa_family == AF_UNIX, .adopted = true };
    if (a.is_unix) {
        snprintf(a.host, sizeof a.host, "%s", address.local.sun_path);
    } else if (address.any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &address.v4.sin_addr, a.host, sizeof a.host);
        a.port = ntohs(address.v4.sin_port);
    } else if (address.any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &address.v6.sin6_addr, a.host, sizeof a.host);
        a.port = ntohs(address.v6.sin6_port);
    } else {
        return error_set(err, STATUS_UNSUPPORTED, "descriptor %d is neither TCP nor Unix", fd);
    }
    a.loopback = is_loopback(&address);
    *ret = a;
    return STATUS_OK;
}

void listen_name(char out[LISTEN_TEXT_BYTES], int fd)
{
    struct listen_address a;
    if (listen_adopt(&a, fd, NULL)) snprintf(out, LISTEN_TEXT_BYTES, "?");
    else if (a.is_unix) snprintf(out, LISTEN_TEXT_BYTES, "unix:%.240s", a.host);
    else
        snprintf(out, LISTEN_TEXT_BYTES, strchr(a.host, ':') ? "[%.240s]:%d" : "%.240s:%d", a.host,
                 a.port);
}

void listen_remove(const struct listen_address *address)
{
    if (address->is_unix && !address->adopted) unlink(address->host);
}

enum status listen_connect(int *ret_fd, const struct listen_address *a, int timeout_ms,
                           struct error *err)
{
    union any_address address;
    socklen_t len;
    struct timeval limit = { .tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000 };
    if (!resolve(&address, &len, a)) return bad_address(a->host, err);
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
        connect(fd, &address.any, len) == 0) {
        *ret_fd = fd;
        return STATUS_OK;
    }
    int why = errno;
    if (fd >= 0) close(fd);
    return error_set(err, STATUS_IO, "nothing answers at %s%s: %s; is `hearth serve` running?",
                     a->is_unix ? "unix:" : "", a->host, strerrordesc_np(why));
}
