/* The lock of a worker: what the process gives up before it parses a byte of a model.
 * SPDX-License-Identifier: Apache-2.0
 *
 * sandbox_lock() cannot be undone. Afterwards the process has its memory, its threads, the clock, and
 * the descriptors it was started with: it reads those, sends on one socket, and may write within one
 * file, which cannot grow. It opens no file,
 * makes no socket, starts no program and no process, signals and traces nobody, and gets no memory that
 * can be executed. seccomp enforces that, and without seccomp the lock fails. Landlock says the same a
 * second time for files, TCP, abstract sockets and signals, as far as the kernel's version goes;
 * where the kernel has none the lock goes on, because every such call is refused already. */
#ifndef LM_WORKER_SANDBOX_H
#define LM_WORKER_SANDBOX_H

#include <stdbool.h>

#include "base/core/buf.h"
#include "base/core/status.h"

struct sandbox_facts {
    int landlock_abi; /* 0: this kernel has no Landlock, or it is off */
    bool seccomp;
};

/* `socket` and `store` (-1: none), a file: the only descriptors that can be written to, the latter up to
 * the size that it has now. `descriptor_max`: how many may be open. The
 * process must have one thread. STATUS_UNSUPPORTED when the kernel refuses to filter calls. */
enum status sandbox_lock(struct sandbox_facts *ret, int socket, int store, int descriptor_max,
                         struct error *err);

/* Tries what must be refused, and writes [{"what", "refused", "errno"}]. `file`: a descriptor of a
 * model's file, or -1. Only for a locked process: elsewhere some attempts would succeed. */
void sandbox_probe(struct buf *out, int socket, int file);

#endif
