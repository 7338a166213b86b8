/* Runs cases in builds whose machine has no cmocka.
 * SPDX-License-Identifier: Apache-2.0 */
#include "support/bare/cmocka.h"

enum outcome { BARE_OK, BARE_FAILED, BARE_SKIPPED };

static jmp_buf running;

void _fail(const char *file, int line)
{
    fprintf(stderr, "%s:%d: error: Failure!\n", file, line);
    longjmp(running, BARE_FAILED);
}

void _skip(const char *file, int line)
{
    longjmp(running, BARE_SKIPPED);
}

static enum outcome run_body(const struct CMUnitTest *t, void **state)
{
    switch (setjmp(running)) {
    case BARE_OK: break;
    case BARE_SKIPPED: return BARE_SKIPPED;
    default: return BARE_FAILED;
    }
    if (t->setup && t->setup(state) != 0) return BARE_FAILED;
    t->test(state);
    return BARE_OK;
}

static enum outcome run_case(const struct CMUnitTest *t, void **state)
{
    static const char *const words[] = { "[       OK ]", "[  FAILED  ]", "[  SKIPPED ]" };
    printf("[ RUN      ] %s\n", t->name);
    enum outcome outcome = run_body(t, state);
    if (t->teardown && t->teardown(state) != 0) outcome = BARE_FAILED;
    printf("%s %s\n", words[outcome], t->name);
    fflush(stdout);
    return outcome;
}

int bare_run(const struct CMUnitTest *tests, size_t count, int (*setup)(void **),
             int (*teardown)(void **))
{
    void *state = NULL;
    if (setup && setup(&state) != 0) return 1;
    int failed = 0;
    for (size_t i = 0; i < count; i++)
        failed += run_case(&tests[i], &state) == BARE_FAILED;
    if (teardown && teardown(&state) != 0) failed++;
    printf("[==========] %zu test(s) run.\n", count);
    return failed;
}
