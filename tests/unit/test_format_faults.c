/* Memory that runs out anywhere while a model's files are opened: refused, and nothing leaks.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each allocation of the operation fails once, one after the other. */
#include "support/fixture.h"

#include <stdio.h>

#include "base/core/mem.h"
#include "lm/format/config.h"

#ifdef HEARTH_CHECKS

#define SWEEP_MAX 2000

/* Everything that lm does with the files of a model before it reads a weight. */
static enum status open_all(const char *path, struct error *err)
{
    struct source *s;
    struct config c;
    struct rope_config rope;
    struct generation_config generation;
    enum status st = source_open(&s, path, err);
    if (st) return st;
    if (!(st = config_init(&c, s, err))) {
        if (!(st = config_rope(&c, NULL, &rope, err))) st = config_generation(&c, &generation, err);
        config_release(&c);
    }
    source_close(s);
    return st;
}

static void sweep(const char *path)
{
    long n = 1;
    for (; n < SWEEP_MAX; n++) {
        struct error err = { 0 };
        mem_fail_nth(n);
        enum status st = open_all(path, &err);
        bool fired = mem_fault_fired();
        mem_fail_nth(0);
        if (!fired) {
            assert_int_equal(st, STATUS_OK);
            break;
        }
        if (st != STATUS_NO_MEMORY || !err.text[0])
            fail_msg("%s: allocation %ld failed, got %s (%s)", path, n, status_name(st), err.text);
    }
    assert_true(n > 5 && n < SWEEP_MAX);
}

static void folders_and_files(void **state)
{
    sweep(fixture_source("tests/golden/folders/ok-sharded"));
    sweep(fixture_source("tests/golden/folders/ok-single"));
    sweep(fixture_source("tests/golden/folders/ok-gguf-and-lora"));
    sweep(fixture_source("tests/golden/folders/ok-split-gguf"));
}

static void golden_models(void **state)
{
    sweep(FIXTURE("golden/models/llama3"));
    sweep(FIXTURE("golden/gguf/forms/tiny-unknown-keys.gguf"));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(folders_and_files),
                                        cmocka_unit_test(golden_models) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
    fprintf(stderr, "SKIPPED: built without -Dchecks=true\n");
    return 0;
}

#endif
