/* Measures how fast this machine reads memory: the limit that decode is compared with.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   read_bandwidth [MIB [THREADS [PASSES]]]     (1024, one per core, 12)
 *
 * Every thread reads its share of one faulted block and folds it with XOR, in four streams with a
 * prefetch each, which is the fastest order found for plain loads. One pass is timed from the
 * moment that all threads are ready until the last one is done. Prints one line of JSON. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/clock.h"
#include "base/core/mem.h"
#include "base/core/pool.h"

#define MIB_MIN     256
#define MIB_MAX     65536
#define PASSES_MAX  1000
#define STREAMS     4
#define LINE_WORDS  8   /* uint64_t in a cache line */
#define AHEAD_WORDS 512 /* 4 KiB */

struct probe {
    uint64_t *words;
    int64_t lines; /* of 64 bytes; 256 MiB and more, so that a remainder of a few is nothing */
    int passes;
    double *rates; /* GB/s of each pass, written by thread 0 */
    uint64_t folded[POOL_THREADS_MAX];
};

static uint64_t fold(const uint64_t *words, size_t stream_words)
{
    uint64_t sums[LINE_WORDS] = { 0 };
    for (size_t i = 0; i < stream_words; i += LINE_WORDS) {
        for (size_t s = 0; s < STREAMS; s++) {
            const uint64_t *line = words + s * stream_words + i;
            __builtin_prefetch(line + AHEAD_WORDS);
            for (size_t j = 0; j < LINE_WORDS; j++)
                sums[j] ^= line[j];
        }
    }
    uint64_t all = 0;
    for (size_t j = 0; j < LINE_WORDS; j++)
        all ^= sums[j];
    return all;
}

static void read_passes(struct pool *pool, struct probe *p, int thread_idx, int thread_count)
{
    int64_t begin, end;
    pool_share(p->lines, thread_idx, thread_count, &begin, &end);
    size_t stream_words = (size_t)(end - begin) / STREAMS * LINE_WORDS;
    for (int pass = -1; pass < p->passes;
         pass++) { /* the first one faults and warms, and does not count */
        pool_barrier(pool);
        int64_t start = clock_monotonic_ns();
        p->folded[thread_idx] ^= fold(p->words + (size_t)begin * LINE_WORDS, stream_words);
        pool_barrier(pool);
        if (thread_idx == 0 && pass >= 0)
            p->rates[pass] = (double)p->lines * 64 / (double)(clock_monotonic_ns() - start);
    }
}

struct job {
    struct pool *pool;
    struct probe *probe;
};

static void run(void *ctx, int thread_idx, int thread_count)
{
    struct job *job = ctx;
    read_passes(job->pool, job->probe, thread_idx, thread_count);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_result(struct probe *p, int threads)
{
    uint64_t all = 0;
    for (int i = 0; i < threads; i++)
        all ^= p->folded[i];
    qsort(p->rates, (size_t)p->passes, sizeof *p->rates, by_value);
    printf("{\"bytes\":%" PRId64 ",\"threads\":%d,\"passes\":%d,\"median_gb_s\":%.3f,"
           "\"min_gb_s\":%.3f,\"max_gb_s\":%.3f,\"folded\":%" PRIu64 "}\n",
           p->lines * 64, threads, p->passes, p->rates[p->passes / 2], p->rates[0],
           p->rates[p->passes - 1], all & 255);
}

static int measure(int64_t mib, int threads, int passes)
{
    struct error err = { 0 };
    struct job job = { 0 };
    struct probe probe = { .lines = mib << 14, .passes = passes };
    if (pool_new(&job.pool, threads, &err)) {
        fprintf(stderr, "read_bandwidth: cannot start threads\n");
        return 1;
    }
    size_t bytes = (size_t)mib << 20;
    int result = 1;
    probe.words = mem_map(bytes);
    probe.rates = mem_array((size_t)passes, sizeof *probe.rates);
    if (probe.words && probe.rates) {
        memset(probe.words, 1, bytes); /* read faults would map the zero page */
        job.probe = &probe;
        pool_run(job.pool, run, &job);
        print_result(&probe, pool_thread_count(job.pool));
        result = 0;
    } else {
        fprintf(stderr, "read_bandwidth: %" PRId64 " MiB are not available\n", mib);
    }
    mem_free(probe.rates);
    if (probe.words) mem_unmap(probe.words, bytes);
    pool_free(job.pool);
    return result;
}

static long number_at(int argc, char **argv, int i, long fallback, long min, long max)
{
    if (i >= argc) return fallback;
    char *end;
    errno = 0;
    long n = strtol(argv[i], &end, 10);
    if (errno || *end != '\0' || end == argv[i] || n < min || n > max) {
        fprintf(stderr, "read_bandwidth: %s is not a number from %ld to %ld\n", argv[i], min, max);
        exit(2);
    }
    return n;
}

int main(int argc, char **argv)
{
    long mib = number_at(argc, argv, 1, 1024, MIB_MIN, MIB_MAX);
    long threads = number_at(argc, argv, 2, 0, 0, POOL_THREADS_MAX);
    long passes = number_at(argc, argv, 3, 12, 1, PASSES_MAX);
    return measure(mib, (int)threads, (int)passes);
}
