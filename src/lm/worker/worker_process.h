/* The process of a worker, from outside: started, waited for, and what its end means.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LM_WORKER_WORKER_PROCESS_H
#define LM_WORKER_WORKER_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/core/status.h"

#define WORKER_SOCKET     3 /* descriptors as the worker finds them */
#define WORKER_FIRST_FILE 4

struct worker_process {
    pid_t pid; /* 0: none, or waited for */
    int socket;
    bool killed; /* by us */
    bool reaped;
    int status; /* of waitpid, once reaped; -1 when somebody else has taken it */
};

/* Runs `program` (NULL: this one) as `hearth worker`, with the far end of a socket pair as descriptor 3
 * and files[0..count) from 4 on, all others closed, an empty environment, a process group of its
 * own and default signal handling. */
enum status worker_process_start(struct worker_process *ret, const char *program, const int *files,
                                 size_t file_count, struct error *err);
/* Whether it has ended; waits up to `wait_ms`. */
bool worker_process_ended(struct worker_process *p, int wait_ms);
void worker_process_kill(struct worker_process *p); /* and waits */
/* Closes the socket and makes sure that nothing is left: gives the process `wait_ms` to end itself. */
void worker_process_close(struct worker_process *p, int wait_ms);
/* What its end means, in words for the user. `label`: the model. */
enum status worker_process_words(const struct worker_process *p, const char *label,
                                 struct error *err);

#endif
