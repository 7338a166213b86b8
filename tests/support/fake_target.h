/* A target that does what the text of a request tells it to, for tests of the server.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Commands anywhere in the canonical request:
 *   [say N]    N deltas "w0 " "w1 " ..., one a tick, then done
 *   [wait]     nothing until it is cancelled
 *   [context]  an error of the context's length, at once
 *   [half]     two deltas, then an error
 *   [die]      the target dies
 *   [tools]    two calls of tools, their arguments in pieces
 *   [think]    reasoning, then content
 * A tick is a millisecond. */
#ifndef TESTS_SUPPORT_FAKE_TARGET_H
#define TESTS_SUPPORT_FAKE_TARGET_H

#include <stdatomic.h>

#include "serve/gateway/target.h"

struct fake_script {
    atomic_int opened, stopped, submitted, cancelled;
    atomic_int open_ms;    /* how long opening takes */
    atomic_int fail_opens; /* so many times it fails */
    char last[1024];       /* the beginning of the last request */
};

target_open_fn fake_target_open; /* ctx: struct fake_script */

#endif
