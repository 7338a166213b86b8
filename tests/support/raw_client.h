/* A client that sends exactly the bytes it is told to, for tests of servers.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_RAW_CLIENT_H
#define TESTS_SUPPORT_RAW_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/core/buf.h"
#include "base/net/listen.h"

/* Connects to where `listen_name` says; fails the test when that does not work. */
int raw_connect(const char *name);
void raw_send(int fd, const char *bytes);
/* Everything until the server closes, `until` has come (NULL: never), or `timeout_ms` have passed. */
struct buf raw_read(int fd, const char *until, int timeout_ms);
/* Connects, sends, reads all until the end of the connection, closes. */
struct buf raw_talk(const char *name, const char *bytes, int timeout_ms);
/* Status of the answer, or 0 when there is none. */
int raw_status(const struct buf *answer);
/* A listening socket on a free port; its name is filled in. */
int raw_listen(char name[LISTEN_TEXT_BYTES]);
void raw_sleep_ms(int ms);

#endif
