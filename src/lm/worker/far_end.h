/* The far end of a worker: the loop that owns one model and answers frames.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Runs in the process `hearth worker` behind sandbox_lock(), on one thread; the engine's pool has its
 * own. Requests are answered together, as lm/sched puts them into steps; between two steps the socket is
 * looked at, so that a cancel is heard within one step. What a prompt has in common with earlier ones of
 * the same tenant is not computed again. */
#ifndef LM_WORKER_FAR_END_H
#define LM_WORKER_FAR_END_H

#include "lm/worker/sandbox.h"

/* The whole life of such a process: finds its descriptors (worker_process.h), locks itself, serves.
 * STATUS_USAGE where nobody handed it a socket. A failure has been told to the other end. */
enum status worker_run(struct error *err);

/* Answers frames on `socket` until it is told to stop or the other end is gone; a fault of the peer is
 * told to it. Locks nothing. */
enum status worker_serve(int socket, const struct sandbox_facts *sandbox, struct error *err);

#endif
