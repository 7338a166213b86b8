/* The far end of a worker: the loop that owns one model and answers frames.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Runs in the process `hearth worker` behind sandbox_lock(), on one thread; the engine's pool has its
 * own. Requests wait in line and are answered one after the other; between two steps the socket is
 * looked at, so that a cancel is heard within one step. The session is kept between requests: what the
 * next prompt has in common with it is not computed again. */
#ifndef LM_WORKER_FAR_END_H
#define LM_WORKER_FAR_END_H

#include "lm/worker/sandbox.h"

/* Answers frames on `socket` until it is told to stop or the other end is gone. A failure has been
 * told to the other end already. */
enum status worker_serve(int socket, const struct sandbox_facts *sandbox, struct error *err);
/* For a process that could not be locked: tells the other end why, and that is all. */
void worker_refuse(int socket, const struct error *why);

#endif
