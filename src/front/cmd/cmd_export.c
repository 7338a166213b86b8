/* `hearth export`: a model out of the store, as plain files.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/command.h"
#include "front/cmd/interrupt.h"
#include "front/cmd/model_store.h"
#include "front/cmd/progress_bar.h"

static const struct option_table *const tables[] = { &lock_table, NULL };

static enum status run(const struct args *args, struct error *err)
{
    struct model_store s;
    struct registry_model m;
    struct progress_bar bar;
    const char *alias = args_operand(args, 0);
    enum status st = model_store_open(&s, args, true, err);
    if (st) return st;
    st = model_store_find(&s, alias, &m, err);
    if (!st) {
        registry_model_release(&m);
        progress_bar_init(&bar, alias);
        interrupt_install();
        const struct progress progress = { progress_bar_report, &bar };
        st = registry_export(s.registry, alias, args_operand(args, 1), &progress, err);
        progress_bar_clear(&bar);
    }
    model_store_close(&s);
    return st;
}

const struct command cmd_export = {
    .name = "export",
    .summary = "write a model's files under their own names into a new folder",
    .operands = "MODEL FOLDER",
    .operands_min = 2,
    .operands_max = 2,
    .about = "The folder is as on Hugging Face, or holds the GGUF; it appears when it is whole. "
             "Every file is "
             "hashed on the way.",
    .tables = tables,
    .run = run,
};
