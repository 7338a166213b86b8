/* This machine's memory and cores, as this process may use them.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_MACHINE_H
#define FRONT_CMD_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

struct machine {
    uint64_t memory_total, memory_available; /* bytes; 0: unknown */
    uint64_t memory_limit;                   /* of the control group; 0: none */
    int cpus_online, cpus_usable;            /* usable: the affinity mask of this process */
    char huge_pages[64];                     /* "always", "madvise", "never", "unknown" */
};

void machine_read(struct machine *ret);
/* What a new process may take: available memory, or less where the control group says so. 0: unknown. */
uint64_t machine_usable_memory(const struct machine *m);

#endif
