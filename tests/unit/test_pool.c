/* The pool under stress: nobody passes a barrier early, every run is seen by all.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* sched_getaffinity */
#include "support/fixture.h"

#include <float.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/core/pool.h"

#define THREADS_MOST 9
#define MEETINGS     300

struct stress {
    struct pool *pool;
    int meetings[THREADS_MOST][16]; /* a line each; written by its thread only */
    _Atomic int wrong;
    int slow_thread; /* sleeps now and then, so that the others fall asleep too; -1 for none */
};

static void check_others(struct stress *s, int count, int meeting)
{
    for (int i = 0; i < count; i++)
        if (s->meetings[i][0] != meeting) atomic_fetch_add(&s->wrong, 1);
}

/* Two barriers a meeting: after the first all have written, after the second all have read. */
static void stress_fn(void *ctx, int idx, int count)
{
    struct stress *s = ctx;
    for (int meeting = 1; meeting <= MEETINGS; meeting++) {
        if (idx == s->slow_thread && meeting % 100 == 0)
            nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
        s->meetings[idx][0] = meeting;
        pool_barrier(s->pool);
        check_others(s, count, meeting);
        pool_barrier(s->pool);
    }
}

static void barriers_hold(void **state)
{
    for (int count = 1; count <= THREADS_MOST; count++) {
        struct stress s = { .slow_thread = count / 2 };
        struct error err;
        assert_int_equal(pool_new(&s.pool, count, &err), 0);
        assert_int_equal(pool_thread_count(s.pool), count);
        for (int run = 0; run < 2; run++)
            pool_run(s.pool, stress_fn, &s);
        assert_int_equal(s.wrong, 0);
        pool_free(s.pool);
    }
}

struct counted {
    _Atomic int calls;
    int idx_seen[THREADS_MOST][16];
};

static void count_fn(void *ctx, int idx, int count)
{
    struct counted *c = ctx;
    c->idx_seen[idx][0]++;
    atomic_fetch_add(&c->calls, 1);
}

static void every_run_reaches_every_thread(void **state)
{
    struct pool *pool;
    assert_int_equal(pool_new(&pool, 4, NULL), 0);
    struct counted c = { 0 };
    for (int run = 1; run <= 500; run++) {
        if (run % 100 == 0) nanosleep(&(struct timespec){ .tv_nsec = 3000000 }, NULL);
        pool_run(pool, count_fn, &c);
        assert_int_equal(c.calls, 4 * run);
    }
    for (int i = 0; i < 4; i++)
        assert_int_equal(c.idx_seen[i][0], 500);
    pool_free(pool);
}

/* Half the smallest normal number is a denormal: zero where they are flushed. */
static float denormal(void)
{
    volatile float smallest = FLT_MIN;
    return smallest / 2;
}

static void denormal_fn(void *ctx, int idx, int count)
{
    ((float *)ctx)[idx] = denormal();
}

static void denormals_are_flushed_inside_only(void **state)
{
    struct pool *pool;
    assert_int_equal(pool_new(&pool, 3, NULL), 0);
    float inside[3] = { 1, 1, 1 };
    assert_true(denormal() > 0);
    pool_run(pool, denormal_fn, inside);
    assert_true(denormal() > 0);
    for (int i = 0; i < 3; i++)
        assert_true(inside[i] == 0);
    pool_free(pool);
}

static void affinity_of_the_caller_is_kept(void **state)
{
    struct pool *pool;
    struct counted c = { 0 };
    cpu_set_t before, after;
    CPU_ZERO(&before);
    CPU_ZERO(&after);
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    assert_int_equal(pool_new(&pool, 0, NULL), 0);
    for (int i = 0; i < 100; i++)
        pool_run(pool, count_fn, &c);
    assert_int_equal(sched_getaffinity(0, sizeof after, &after), 0);
    assert_true(CPU_EQUAL(&before, &after));
    pool_free(pool);
}

static void impossible_counts_are_refused(void **state)
{
    struct pool *pool = NULL;
    struct error err;
    assert_int_equal(pool_new(&pool, -1, &err), STATUS_LIMIT);
    assert_int_equal(pool_new(&pool, POOL_THREADS_MAX + 1, &err), STATUS_LIMIT);
    assert_non_null(strstr(err.text, "512"));
    assert_null(pool);
    pool_free(NULL);
}

static void shares_cover_everything_once(void **state)
{
    for (int64_t count = 0; count < 100; count++) {
        for (int threads = 1; threads < 20; threads++) {
            int64_t at = 0;
            for (int i = 0; i < threads; i++) {
                int64_t begin, end;
                pool_share(count, i, threads, &begin, &end);
                assert_int_equal(begin, at);
                assert_true(end >= begin && end - begin <= count / threads + 1);
                at = end;
            }
            assert_int_equal(at, count);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(barriers_hold),
        cmocka_unit_test(every_run_reaches_every_thread),
        cmocka_unit_test(denormals_are_flushed_inside_only),
        cmocka_unit_test(affinity_of_the_caller_is_kept),
        cmocka_unit_test(impossible_counts_are_refused),
        cmocka_unit_test(shares_cover_everything_once),
    };
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
