/* Sockets that listen: a TCP address, a Unix socket, or one that systemd hands over.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Addresses are numbers ("127.0.0.1:8080", "[::1]:8080") or "localhost:PORT": no name is looked up,
 * so nothing leaves the machine before it serves. "*:PORT" is every address. Port 0 takes a free
 * one, and `listen_name` says which. A Unix socket ("unix:PATH") is for its owner only (0600); one
 * that a dead server left behind is replaced, one that answers is not. */
#ifndef BASE_NET_LISTEN_H
#define BASE_NET_LISTEN_H

#include <stdbool.h>

#include "base/core/status.h"

#define LISTEN_TEXT_BYTES 256
#define LISTEN_FD_FIRST   3 /* sd_listen_fds(3): descriptors begin here */

struct listen_address {
    bool is_unix;
    bool loopback;                /* reached from this machine only; also of Unix sockets */
    bool adopted;                 /* handed over: its file belongs to who made it */
    char host[LISTEN_TEXT_BYTES]; /* as written, without brackets; of Unix sockets the path */
    int port;
};

/* STATUS_USAGE says what is wrong with `text` and how an address looks. */
enum status listen_parse(struct listen_address *ret, const char *text, struct error *err);
/* Binds and listens; the descriptor is non-blocking, closed on exec, and the caller's. */
enum status listen_open(int *ret_fd, const struct listen_address *address, struct error *err);
/* Takes over a socket that is already listening (socket activation); fills *ret from it. */
enum status listen_adopt(struct listen_address *ret, int fd, struct error *err);
/* "127.0.0.1:8080" or "unix:/run/hearth.sock", of an open socket. */
void listen_name(char out[LISTEN_TEXT_BYTES], int fd);
/* Removes the socket's file; a TCP address has none, and that of an adopted socket stays: the service
 * manager still listens on it. */
void listen_remove(const struct listen_address *address);

/* Connects to what listens there, blocking; for `hearth top` and tests. */
enum status listen_connect(int *ret_fd, const struct listen_address *address, int timeout_ms,
                           struct error *err);

#endif
