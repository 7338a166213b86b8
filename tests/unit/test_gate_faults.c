/* Fault sweep of the gate: the n-th allocation fails, for every n; each failure is clean, told, and leaks nothing.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Never may a lack of memory look like a verdict. */
#include "support/fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/core/clock.h"
#include "base/core/mem.h"
#include "govern/gate/gate.h"
#include "support/scratch.h"

#ifdef HEARTH_CHECKS

#define SWEEP_MAX 200000

struct desk {
    char folder[SCRATCH_PATH_BYTES];
    struct audit *audit;
    struct registry *registry;
    struct gate *gate;
};

static enum status inspect(void *ctx, const char *label, const char *main_file,
                           const struct registry_inspected *files, size_t count, struct buf *out,
                           struct error *err)
{
    buf_text(out, "{}");
    return buf_check(out, "facts", err);
}

static void ok(enum status st, const struct error *err)
{
    if (st) fail_msg("%s", err->text);
}

static void open_desk(struct desk *d)
{
    struct gate_policy policy;
    struct error err;
    struct registry_model m;
    struct registry_added added;
    char model[SCRATCH_PATH_BYTES];
    scratch_make(d->folder);
    snprintf(model, sizeof model, "%s", scratch_path(d->folder, "model"));
    scratch_copy(FIXTURE("golden/models/qwen3"), model);
    ok(audit_open(&d->audit, scratch_path(d->folder, "log"), scratch_path(d->folder, "secrets"),
                  &err),
       &err);
    ok(registry_open(&d->registry, d->folder, scratch_path(d->folder, "hearth.lock"), d->audit,
                     &err),
       &err);
    const struct registry_add what = { .path = model, .alias = "tiny", .inspect = inspect };
    ok(registry_add(d->registry, &what, &m, &added, &err), &err);
    registry_model_release(&m);
    policy_init(&policy);
    const struct gate_setup setup = { .policy = &policy,
                                      .registry = d->registry,
                                      .audit = d->audit,
                                      .audit_folder = scratch_path(d->folder, "log") };
    ok(gate_new(&d->gate, &setup, &err), &err);
}

static void close_desk(struct desk *d)
{
    gate_free(d->gate);
    registry_close(d->registry);
    audit_close(d->audit);
    scratch_remove(d->folder);
}

/* `allowed`: what the verdict must be when memory is there. */
static void sweep(struct desk *d, const char *model, bool allowed)
{
    long n = 1;
    for (; n < SWEEP_MAX; n = n < 64 ? n + 1 : n + n / 8) {
        struct error err = { .text = "" };
        struct gate_verdict *v = NULL;
        mem_fail_nth(n);
        enum status st = gate_judge(&v, d->gate, model, &err);
        bool fired = mem_fault_fired();
        mem_fail_nth(0);
        if (!st && v->allowed != allowed)
            fail_msg("%s: allocation %ld: %s", model, n,
                     v->allowed ? "allowed" : gate_verdict_first(v)->reason);
        mem_free(v);
        if (!fired) break;
        if (st != STATUS_NO_MEMORY || !err.text[0])
            fail_msg("%s: allocation %ld failed: %s \"%s\"", model, n, status_name(st), err.text);
    }
    assert_true(n > 1 && n < SWEEP_MAX);
}

static void judging(void **state)
{
    struct desk d;
    struct error err;
    const struct gate_approve what = { .by = "A. Person",
                                       .reason = "a test",
                                       .until_ms = clock_unix_ns() / 1000000 + 3600000 };
    (void)state;
    open_desk(&d);
    sweep(&d, "tiny", false);
    ok(gate_record(NULL, d.gate, "tiny", &err), &err);
    ok(gate_approve(d.gate, "tiny", &what, &err), &err);
    sweep(&d, "tiny", true);
    sweep(&d, scratch_path(d.folder, "model"), true);
    sweep(&d, fixture_source("models/ember"), true);
    close_desk(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(judging) };
    return cmocka_run_group_tests_name("gate faults", tests, NULL, NULL);
}

#else

int main(void)
{
    puts("SKIPPED: only builds with checks can make an allocation fail");
    return 0;
}

#endif
