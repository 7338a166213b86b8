/* One GET over plain HTTP, blocking: how this program asks a server of its own kind.
 * SPDX-License-Identifier: Apache-2.0
 *
 * No redirects, no chunks, no TLS, no names of hosts: what a loopback address or a Unix socket needs. */
#ifndef BASE_NET_HTTP_FETCH_H
#define BASE_NET_HTTP_FETCH_H

#include "base/core/buf.h"
#include "base/net/listen.h"

/* Appends the answer's body to `out` (bounded by out->max). `key` NULL: none is sent. */
enum status http_fetch(const struct listen_address *address, const char *path, const char *key,
                       int timeout_ms, int *ret_status, struct buf *out, struct error *err);

#endif
