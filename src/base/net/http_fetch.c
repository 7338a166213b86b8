/* One GET over plain HTTP.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* strerrordesc_np */
#include "base/net/http_fetch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_BYTES_MAX 16384

static enum status send_all(int fd, const char *bytes, size_t len, struct error *err)
{
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0)
            return error_set(err, STATUS_IO, "asking the server: %s", strerrordesc_np(errno));
        bytes += n;
        len -= (size_t)n;
    }
    return STATUS_OK;
}

static enum status receive_all(int fd, struct buf *all, struct error *err)
{
    char piece[16384];
    for (;;) {
        ssize_t n = recv(fd, piece, sizeof piece, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n == 0) return STATUS_OK;
        if (n < 0)
            return error_set(err, STATUS_IO, "hearing the server: %s",
                             errno == EAGAIN ? "it does not answer in time"
                                             : strerrordesc_np(errno));
        if (!buf_append(all, piece, (size_t)n)) return buf_check(all, "the server's answer", err);
    }
}

static bool read_status(const char *head, int *ret)
{
    if (strncmp(head, "HTTP/1.", 7) != 0 || strlen(head) < 12) return false;
    int status = 0;
    for (int i = 9; i < 12; i++) {
        if (head[i] < '0' || head[i] > '9') return false;
        status = status * 10 + (head[i] - '0');
    }
    *ret = status;
    return true;
}

static enum status take_answer(struct buf *all, int *ret_status, struct buf *out, struct error *err)
{
    const char *end = all->data ? strstr(all->data, "\r\n\r\n") : NULL;
    if (!end || !read_status(all->data, ret_status) || strstr(all->data, "chunked"))
        return error_set(err, STATUS_BAD_INPUT,
                         "what answers there speaks no HTTP that is understood here");
    end += 4;
    buf_append(out, end, all->len - (size_t)(end - all->data));
    return buf_check(out, "the server's answer", err);
}

enum status http_fetch(const struct listen_address *address, const char *path, const char *key,
                       int timeout_ms, int *ret_status, struct buf *out, struct error *err)
{
    char head[1024];
    int fd = -1;
    struct buf all = BUF_INIT(out->max + HEAD_BYTES_MAX);
    int len = snprintf(
        head, sizeof head, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s%s%s\r\n",
        path, key ? "Authorization: Bearer " : "", key ? key : "", key ? "\r\n" : "");
    if (len < 0 || len >= (int)sizeof head)
        return error_set(err, STATUS_USAGE, "the key or the path is too long");
    enum status st = listen_connect(&fd, address, timeout_ms, err);
    if (st) return st;
    st = send_all(fd, head, (size_t)len, err);
    if (!st) st = receive_all(fd, &all, err);
    if (!st) st = take_answer(&all, ret_status, out, err);
    buf_release(&all);
    close(fd);
    return st;
}
