/* A fixed set of threads that run one function together (SPMD).
 * SPDX-License-Identifier: Apache-2.0
 *
 * pool_run() calls fn(ctx, thread_idx, thread_count) on every thread, the
 * caller being thread 0, and returns when all have returned. Inside fn,
 * pool_barrier() makes all of them meet. Threads spin for a bounded time, then
 * sleep on a futex; they flush denormals (the caller's mode is restored when
 * pool_run returns) and are pinned one per core where the process may use
 * exactly as many. One owner; pool_run() is not reentrant. */
#ifndef BASE_CORE_POOL_H
#define BASE_CORE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/status.h"

#define POOL_THREADS_MAX 512

struct pool;
typedef void pool_fn(void *ctx, int thread_idx, int thread_count);

/* thread_count 0: one per physical core that this process may use. */
enum status pool_new(struct pool **ret, int thread_count, struct error *err);
void pool_free(struct pool *p);
int pool_thread_count(const struct pool *p);
/* What thread_count 0 stands for here and now. */
int pool_default_threads(void);
/* For a process that cannot look at the machine: where thread_count 0 would pin threads here, lets it use
 * just those cores, so that its pool pins the same ones. Before it makes threads. */
void pool_lend_cores(int64_t process);
void pool_run(struct pool *p, pool_fn *fn, void *ctx);
void pool_barrier(struct pool *p);

/* Even static share of [0, count) for one thread: *begin .. *end. */
static inline void pool_share(int64_t count, int thread_idx, int thread_count, int64_t *begin,
                              int64_t *end)
{
    *begin = count * thread_idx / thread_count;
    *end = count * (thread_idx + 1) / thread_count;
}

#endif
