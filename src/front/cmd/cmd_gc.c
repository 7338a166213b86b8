/* `hearth gc`: bytes that no model names.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/command.h"
#include "front/cmd/model_options.h"
#include "front/cmd/model_store.h"

static const struct option_spec specs[] = {
    { "dry-run", 0, OPTION_FLAG, .help = "only say what would be removed" },
    { "former", 0, OPTION_FLAG,
      .help = "forget former revisions of models, too: `hearth upgrade --back` ends there" },
    { 0 },
};
static const struct option_table own_table = { "Options", specs };
static const struct option_table *const tables[] = { &own_table, &lock_table, &json_table, NULL };

static enum status run(const struct args *args, struct error *err)
{
    struct model_store s;
    struct registry_cleaned found;
    struct report r;
    enum status st = model_store_open(&s, args, true, err);
    if (st) return st;
    unsigned flags = (args_flag(args, "dry-run") ? REGISTRY_CLEAN_LOOK : 0) |
                     (args_flag(args, "former") ? REGISTRY_CLEAN_FORMERS : 0);
    st = registry_clean(s.registry, flags, &found, err);
    model_store_close(&s);
    if (st) return st;
    report_begin(&r, args_flag(args, "json"));
    report_count(&r, "files", args_flag(args, "dry-run") ? "to remove" : "removed files",
                 found.files);
    if (r.json) report_int(&r, "bytes", NULL, (int64_t)found.bytes);
    else report_bytes(&r, "bytes", "bytes", found.bytes);
    return report_end(&r, err);
}

const struct command cmd_gc = {
    .name = "gc",
    .summary = "remove stored bytes that no model names, and what is staged",
    .operands = "",
    .tables = tables,
    .run = run,
};
