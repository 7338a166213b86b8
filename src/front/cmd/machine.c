/* Reads /proc and /sys; what is not there stays unknown.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "front/cmd/machine.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The first line of a small file, or "". */
static void read_line(const char *path, char *out, size_t out_bytes)
{
    out[0] = 0;
    FILE *f = fopen(path, "r");
    if (!f) return;
    if (!fgets(out, (int)out_bytes, f)) out[0] = 0;
    out[strcspn(out, "\n")] = 0;
    fclose(f);
}

static void read_meminfo(struct machine *m)
{
    char line[256];
    FILE *f = fopen("/proc/meminfo", "r");
    if (!f) return;
    while (fgets(line, sizeof line, f)) {
        uint64_t *field = strncmp(line, "MemTotal:", 9) == 0        ? &m->memory_total
                          : strncmp(line, "MemAvailable:", 13) == 0 ? &m->memory_available
                                                                    : NULL;
        if (field) *field = strtoull(strchr(line, ':') + 1, NULL, 10) * 1024;
    }
    fclose(f);
}

static void read_group_limit(struct machine *m)
{
    static const char *const files[] = { "/sys/fs/cgroup/memory.max",
                                         "/sys/fs/cgroup/memory/memory.limit_in_bytes" };
    char line[64];
    for (int i = 0; i < 2 && m->memory_limit == 0; i++) {
        read_line(files[i], line, sizeof line);
        uint64_t v = strtoull(line, NULL, 10);
        if (v > 0 && (m->memory_total == 0 || v < m->memory_total)) m->memory_limit = v;
    }
}

/* "always [madvise] never" -> "madvise" */
static void read_huge_pages(struct machine *m)
{
    char line[64];
    snprintf(m->huge_pages, sizeof m->huge_pages, "unknown");
    read_line("/sys/kernel/mm/transparent_hugepage/enabled", line, sizeof line);
    const char *open = strchr(line, '['), *close = strchr(line, ']');
    if (open && close && open < close)
        snprintf(m->huge_pages, sizeof m->huge_pages, "%.*s", (int)(close - open - 1), open + 1);
}

void machine_read(struct machine *ret)
{
    memset(ret, 0, sizeof *ret);
    read_meminfo(ret);
    read_group_limit(ret);
    read_huge_pages(ret);
    ret->cpus_online = (int)sysconf(_SC_NPROCESSORS_ONLN);
    cpu_set_t set;
    ret->cpus_usable =
        sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : ret->cpus_online;
}

uint64_t machine_usable_memory(const struct machine *m)
{
    if (m->memory_limit && m->memory_limit < m->memory_available) return m->memory_limit;
    return m->memory_available;
}
