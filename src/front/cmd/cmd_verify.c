/* `hearth verify`: whether the store still holds what was added.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "front/cmd/command.h"
#include "front/cmd/interrupt.h"
#include "front/cmd/model_options.h"
#include "front/cmd/model_store.h"

static const struct option_table *const tables[] = { &lock_table, &json_table, NULL };

static void tell(void *ctx, const char *alias, const char *words)
{
    struct report *r = ctx;
    report_line(r, "%s: %s", *alias ? alias : "lock", words);
    if (!r->json) return;
    report_open_object(r, NULL);
    report_text(r, "model", NULL, alias);
    report_text(r, "words", NULL, words);
    report_close_object(r);
}

static enum status verify(struct model_store *s, const char *alias, struct report *r,
                          struct registry_checked *ret, struct error *err)
{
    struct progress_bar bar;
    struct registry_model m;
    enum status st = STATUS_OK;
    if (alias) {
        st = model_store_find(s, alias, &m, err);
        if (st && st != STATUS_BAD_INPUT) return st;
        if (!st) registry_model_release(&m);
    }
    progress_bar_init(&bar, alias ? alias : "the store");
    interrupt_install();
    const struct progress progress = { progress_bar_report, &bar };
    report_open_array(r, "faults");
    st = registry_verify(s->registry, alias, tell, r, &progress, ret, err);
    report_close_array(r);
    progress_bar_clear(&bar);
    return st;
}

static enum status run(const struct args *args, struct error *err)
{
    struct model_store s;
    struct registry_checked found;
    struct report r;
    enum status st = model_store_open(&s, args, true, err);
    if (st) return st;
    report_begin(&r, args_flag(args, "json"));
    st = verify(&s, args_operand(args, 0), &r, &found, err);
    model_store_close(&s);
    if (st) {
        report_abandon(&r);
        return st;
    }
    report_count(&r, "files", "files", found.files);
    report_bytes(&r, "bytes", "bytes", found.bytes);
    report_flag(&r, "whole", "whole", found.faults == 0);
    st = report_end(&r, err);
    if (st || found.faults == 0) return st;
    return error_set(err, STATUS_FAILED, "%zu faults, the first: %s", found.faults,
                     found.first.text);
}

const struct command cmd_verify = {
    .name = "verify",
    .summary = "hash a model's files again, and compare with the registry and the lock",
    .operands = "[MODEL]",
    .operands_max = 1,
    .about = "Without MODEL everything in the store. Damaged files are mended by adding the same "
             "model again.",
    .tables = tables,
    .run = run,
};
