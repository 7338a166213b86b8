/* The part of cmocka that tests of kernels use, for builds whose machine has no cmocka.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Same names, same lines of output; an ended case jumps back to the runner, as in cmocka. */
#ifndef TESTS_SUPPORT_BARE_CMOCKA_H
#define TESTS_SUPPORT_BARE_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct CMUnitTest {
    const char *name;
    void (*test)(void **state);
    int (*setup)(void **state);
    int (*teardown)(void **state);
};

#define cmocka_unit_test(f) \
    {                       \
#f, f, NULL, NULL   \
    }
#define cmocka_unit_test_setup_teardown(f, setup, teardown) \
    {                                                       \
#f, f, setup, teardown                              \
    }

/* These two end the running case. */
void _fail(const char *file, int line) __attribute__((noreturn));
void _skip(const char *file, int line) __attribute__((noreturn));
/* Returns how many cases failed. */
int bare_run(const struct CMUnitTest *tests, size_t count, int (*setup)(void **),
             int (*teardown)(void **));

#define BARE_CHECK(ok, ...)               \
    do {                                  \
        if (!(ok)) {                      \
            fprintf(stderr, __VA_ARGS__); \
            fputc('\n', stderr);          \
            _fail(__FILE__, __LINE__);    \
        }                                 \
    } while (0)

#define fail_msg(...)      BARE_CHECK(0, "ERROR: " __VA_ARGS__)
#define fail()             _fail(__FILE__, __LINE__)
#define assert_true(c)     BARE_CHECK(c, "not true: %s", #c)
#define assert_false(c)    BARE_CHECK(!(c), "not false: %s", #c)
#define assert_null(p)     BARE_CHECK((p) == NULL, "not NULL: %s", #p)
#define assert_non_null(p) BARE_CHECK((p) != NULL, "NULL: %s", #p)
#define assert_int_equal(a, b)                                                \
    do {                                                                      \
        long long bare_a = (long long)(a), bare_b = (long long)(b);           \
        BARE_CHECK(bare_a == bare_b, "%s: %lld != %lld", #a, bare_a, bare_b); \
    } while (0)
#define assert_int_not_equal(a, b) BARE_CHECK((long long)(a) != (long long)(b), "equal: %s", #a)
#define assert_string_equal(a, b)                                                    \
    do {                                                                             \
        const char *bare_a = (a), *bare_b = (b);                                     \
        BARE_CHECK(strcmp(bare_a, bare_b) == 0, "\"%s\" != \"%s\"", bare_a, bare_b); \
    } while (0)
#define assert_memory_equal(a, b, size) BARE_CHECK(memcmp(a, b, size) == 0, "differs: %s", #a)
#define print_message(...)              printf(__VA_ARGS__)
#define print_error(...)                fprintf(stderr, __VA_ARGS__)

#define cmocka_run_group_tests(tests, setup, teardown) \
    bare_run(tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown)
#define cmocka_run_group_tests_name(name, tests, setup, teardown) \
    cmocka_run_group_tests(tests, setup, teardown)

#endif
