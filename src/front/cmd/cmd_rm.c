/* `hearth rm`: a model out of the store.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/command.h"
#include "front/cmd/model_store.h"

static const struct option_table *const tables[] = { &lock_table, NULL };

static enum status run(const struct args *args, struct error *err)
{
    struct model_store s;
    struct registry_model m;
    enum status st = model_store_open(&s, args, true, err);
    if (st) return st;
    for (int i = 0; i < args->operand_count && !st; i++) {
        st = model_store_find(&s, args_operand(args, i), &m, err);
        if (st) break;
        registry_model_release(&m);
        st = registry_remove(s.registry, args_operand(args, i), err);
    }
    model_store_close(&s);
    return st;
}

const struct command cmd_rm = {
    .name = "rm",
    .summary = "take a model and its pin out of the store",
    .operands = "MODEL ...",
    .operands_min = 1,
    .operands_max = 1000,
    .about = "The bytes stay until `hearth gc`: other models may share them.",
    .tables = tables,
    .run = run,
};
