/* A fixed set of threads that run one function together.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Meeting is a dissemination barrier: in round r thread i tells thread i + 2^r
 * (mod count) that it has come, and waits until i - 2^r has told it; after
 * ceil(log2(count)) rounds everybody knows of everybody. Two threads exchange
 * one cache line each, at the same time, and no line is shared by many.
 *
 * What is waited for is a `struct signal`: the number of the last meeting, times
 * two, plus one while its only reader sleeps on it. The sender swaps the word
 * and makes a system call only when that bit was set. */
#define _GNU_SOURCE /* affinity, syscall */
#include "base/core/pool.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/core/clock.h"
#include "base/core/mem.h"

#define LINE_BYTES 64
#define ROUNDS_MAX 9 /* 2^9 = POOL_THREADS_MAX */
#define CPUS_MAX   1024
/* A sleeping thread costs a wake call and tens of microseconds; a spinning one costs its core.
 * Where there are more threads than cores, the one waited for may need this very core. */
#define SPIN_NS         200000
#define SPIN_CROWDED_NS 2000
#define SPINS_PER_LOOK  32

struct signal {
    _Alignas(LINE_BYTES) _Atomic uint32_t word;
};

struct member {
    struct signal rounds[ROUNDS_MAX]; /* written by the senders of each round */
    struct pool *pool;
    uint32_t meeting; /* own count of barriers, modulo 2^31 */
    int idx;
    int cpu; /* pinned here; -1 for anywhere */
    pthread_t thread;
};

struct pool {
    struct signal start; /* the number of the last run, for all workers */
    pool_fn *fn;         /* published by start */
    void *ctx;
    bool stop;
    int count;
    int rounds;
    int caller_cpu; /* the core left free by pinned workers; -1 when nobody is pinned */
    int64_t spin_ns;
    cpu_set_t workers_cpus;
    size_t bytes;
    struct member members[];
};

/* Which member this thread is while it runs a pool function. Thread-local because
 * pool_barrier() is called from deep inside kernels that know only the pool. */
static _Thread_local struct member *self;

/* ---- waiting ---- */

static inline void cpu_relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void futex_wait(struct signal *s, uint32_t seen)
{
    syscall(SYS_futex, &s->word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static void futex_wake(struct signal *s, int count)
{
    syscall(SYS_futex, &s->word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

/* True once the signal has reached `meeting`; numbers wrap, so only differences count. */
static inline bool reached(uint32_t word, uint32_t meeting)
{
    return (int32_t)((word & ~1u) - (meeting << 1)) >= 0;
}

static void signal_send(struct signal *s, uint32_t meeting, int readers)
{
    if (atomic_exchange_explicit(&s->word, meeting << 1, memory_order_acq_rel) & 1)
        futex_wake(s, readers);
}

static void signal_sleep(struct signal *s, uint32_t meeting)
{
    for (;;) {
        uint32_t word = atomic_load_explicit(&s->word, memory_order_acquire);
        if (reached(word, meeting)) return;
        if (!(word & 1) && !atomic_compare_exchange_strong(&s->word, &word, word | 1)) continue;
        futex_wait(s, word | 1);
    }
}

static void signal_wait(struct signal *s, uint32_t meeting, int64_t spin_ns)
{
    int64_t begin = 0;
    for (;;) {
        for (int i = 0; i < SPINS_PER_LOOK; i++) {
            if (reached(atomic_load_explicit(&s->word, memory_order_acquire), meeting)) return;
            cpu_relax();
        }
        int64_t now = clock_monotonic_ns();
        if (!begin) begin = now;
        if (now - begin >= spin_ns) break;
    }
    signal_sleep(s, meeting);
}

static void meet(struct pool *p, struct member *m)
{
    uint32_t meeting = ++m->meeting;
    for (int r = 0; r < p->rounds; r++) {
        int to = m->idx + (1 << r);
        if (to >= p->count) to -= p->count;
        signal_send(&p->members[to].rounds[r], meeting, 1);
        signal_wait(&m->rounds[r], meeting, p->spin_ns);
    }
}

void pool_barrier(struct pool *p)
{
    if (p->count > 1) meet(p, self);
}

/* ---- denormals ---- */

#if defined(__x86_64__)
#define FLUSH_BITS 0x8040u /* FTZ and DAZ of MXCSR */
static uint64_t float_mode(void)
{
    return __builtin_ia32_stmxcsr();
}
static void float_mode_set(uint64_t mode)
{
    __builtin_ia32_ldmxcsr((unsigned)mode);
}
#elif defined(__aarch64__)
#define FLUSH_BITS ((uint64_t)1 << 24) /* FZ of FPCR */
static uint64_t float_mode(void)
{
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    return mode;
}
static void float_mode_set(uint64_t mode)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(mode));
}
#else
#define FLUSH_BITS 0u
static uint64_t float_mode(void)
{
    return 0;
}
static void float_mode_set(uint64_t mode)
{
}
#endif

/* ---- cores ---- */

/* The lowest logical CPU of the core that `cpu` belongs to, or `cpu` when sysfs is silent. */
static int core_of(int cpu)
{
    char path[96];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
    FILE *f = fopen(path, "r");
    if (!f) return cpu;
    int first = 0, digits = 0;
    for (int c; digits < 6 && (c = fgetc(f)) >= '0' && c <= '9'; digits++)
        first = first * 10 + (c - '0');
    fclose(f);
    return digits && first < CPUS_MAX ? first : cpu;
}

/* One allowed logical CPU for each physical core; returns how many. */
static int list_cores(const cpu_set_t *allowed, int cpus[CPUS_MAX])
{
    bool seen[CPUS_MAX] = { false };
    int count = 0;
    for (int cpu = 0; cpu < CPUS_MAX; cpu++) {
        if (!CPU_ISSET(cpu, allowed)) continue;
        int core = core_of(cpu);
        if (seen[core]) continue;
        seen[core] = true;
        cpus[count++] = cpu;
    }
    return count;
}

/* CPUs that the control group pays for, rounded up; INT32_MAX without a quota. */
static int quota_cpus(void)
{
    FILE *f = fopen("/sys/fs/cgroup/cpu.max", "r");
    if (!f) return INT32_MAX;
    int64_t number[2] = { 0, 0 };
    bool any[2] = { false, false };
    for (int c, i = 0; i < 2 && (c = fgetc(f)) != EOF;) {
        if (c >= '0' && c <= '9' && number[i] < INT32_MAX) {
            number[i] = number[i] * 10 + (c - '0');
            any[i] = true;
        } else if (c == ' ' || c == '\n') {
            i++;
        }
    }
    fclose(f);
    if (!any[0] || !any[1] || number[1] == 0) return INT32_MAX;
    int64_t cpus = (number[0] + number[1] - 1) / number[1];
    return cpus < 1 ? 1 : (int)cpus;
}

/* Decides thread count, pinning and spinning. */
static void place(struct pool *layout, int wanted, int cpus[CPUS_MAX])
{
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) CPU_SET(0, &allowed);
    int logical = CPU_COUNT(&allowed);
    int cores = list_cores(&allowed, cpus);
    int quota = quota_cpus();
    int usable = cores < quota ? cores : quota;
    layout->count = wanted ? wanted : usable < POOL_THREADS_MAX ? usable : POOL_THREADS_MAX;
    bool pinned = layout->count == cores && cores <= quota && layout->count > 1;
    layout->caller_cpu = pinned ? cpus[0] : -1;
    int room = logical < quota ? logical : quota;
    layout->spin_ns = layout->count > room ? SPIN_CROWDED_NS : SPIN_NS;
    while ((1 << layout->rounds) < layout->count)
        layout->rounds++;
}

/* ---- threads ---- */

/* Each thread pins itself: a sandbox can then forbid to pin anybody else. */
static void pin(int cpu)
{
    cpu_set_t set;
    if (cpu < 0) return;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
}

static void *worker(void *arg)
{
    struct member *m = arg;
    struct pool *p = m->pool;
    self = m;
    pin(m->cpu);
    float_mode_set(float_mode() | FLUSH_BITS);
    for (uint32_t run = 1;; run++) {
        signal_wait(&p->start, run, p->spin_ns);
        if (p->stop) return NULL;
        p->fn(p->ctx, m->idx, p->count);
        meet(p, m);
    }
}

static void start_workers(struct pool *p)
{
    uint32_t run = (atomic_load_explicit(&p->start.word, memory_order_relaxed) >> 1) + 1;
    signal_send(&p->start, run, INT32_MAX);
}

/* Starts members 1..count-1, with every signal blocked so that Ctrl-C goes to the program. */
static int spawn_all(struct pool *p)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int e = 0, i = 1;
    for (; i < p->count && !e; i++)
        e = pthread_create(&p->members[i].thread, NULL, worker, &p->members[i]);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return e ? -(i - 1) : 0;
}

static void stop_workers(struct pool *p, int started)
{
    p->stop = true;
    start_workers(p);
    for (int i = 1; i < started; i++)
        pthread_join(p->members[i].thread, NULL);
}

enum status pool_new(struct pool **ret, int thread_count, struct error *err)
{
    if (thread_count < 0 || thread_count > POOL_THREADS_MAX) {
        return error_set(err, STATUS_LIMIT, "%d threads: between 1 and %d are possible",
                         thread_count, POOL_THREADS_MAX);
    }
    struct pool layout = { 0 };
    int cpus[CPUS_MAX];
    place(&layout, thread_count, cpus);
    layout.bytes = sizeof layout + (size_t)layout.count * sizeof layout.members[0];
    struct pool *p = mem_map(layout.bytes); /* for the alignment of its signals */
    if (!p) return error_set(err, STATUS_NO_MEMORY, "out of memory for a thread pool");
    memcpy(p, &layout, sizeof layout);
    for (int i = 0; i < p->count; i++) {
        p->members[i].pool = p;
        p->members[i].idx = i;
        p->members[i].cpu = p->caller_cpu >= 0 ? cpus[i] : -1;
        if (i && p->caller_cpu >= 0) CPU_SET(cpus[i], &p->workers_cpus);
    }
    int failed = p->count > 1 ? spawn_all(p) : 0;
    if (failed) {
        stop_workers(p, -failed);
        mem_unmap(p, p->bytes);
        /* EAGAIN: no memory for a stack, as under --memory, or too many threads. */
        return error_set(err, STATUS_NO_MEMORY,
                         "the system refused thread %d of %d: no memory for its stack, or too many "
                         "threads",
                         -failed + 1, thread_count ? thread_count : layout.count);
    }
    *ret = p;
    return STATUS_OK;
}

void pool_free(struct pool *p)
{
    if (!p) return;
    if (p->count > 1) stop_workers(p, p->count);
    mem_unmap(p, p->bytes);
}

int pool_thread_count(const struct pool *p)
{
    return p->count;
}

int pool_default_threads(void)
{
    struct pool layout = { 0 };
    int cpus[CPUS_MAX];
    place(&layout, 0, cpus);
    return layout.count;
}

void pool_lend_cores(int64_t process)
{
    struct pool layout = { 0 };
    int cpus[CPUS_MAX];
    cpu_set_t lent;
    CPU_ZERO(&lent);
    place(&layout, 0, cpus);
    if (layout.caller_cpu < 0) return;
    for (int i = 0; i < layout.count; i++)
        CPU_SET(cpus[i], &lent);
    sched_setaffinity((pid_t)process, sizeof lent, &lent);
}

/* A caller on a core that a worker is pinned to would share it while its own lies idle. It is
 * moved, and its freedom given back at once: its affinity belongs to the program. */
static void step_aside(const struct pool *p)
{
    int cpu = sched_getcpu();
    if (p->caller_cpu < 0 || cpu < 0 || cpu >= CPUS_MAX || !CPU_ISSET(cpu, &p->workers_cpus))
        return;
    cpu_set_t before, mine;
    if (sched_getaffinity(0, sizeof before, &before) != 0) return;
    CPU_ZERO(&mine);
    CPU_SET(p->caller_cpu, &mine);
    if (sched_setaffinity(0, sizeof mine, &mine) == 0) sched_setaffinity(0, sizeof before, &before);
}

void pool_run(struct pool *p, pool_fn *fn, void *ctx)
{
    struct member *outer = self;
    uint64_t mode = float_mode();
    self = &p->members[0];
    float_mode_set(mode | FLUSH_BITS);
    if (p->count > 1) {
        step_aside(p);
        p->fn = fn;
        p->ctx = ctx;
        start_workers(p);
    }
    fn(ctx, 0, p->count);
    if (p->count > 1) meet(p, self);
    float_mode_set(mode);
    self = outer;
}
