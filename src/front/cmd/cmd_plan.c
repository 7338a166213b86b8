/* `hearth plan`: the memory that a model would need, before anything is loaded.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/command.h"
#include "front/cmd/machine.h"
#include "front/cmd/model_options.h"
#include "front/cmd/report.h"

static void report_fit(struct report *r, uint64_t private_bytes, uint64_t mapped)
{
    struct machine machine;
    machine_read(&machine);
    uint64_t usable = machine_usable_memory(&machine);
    uint64_t total = private_bytes + mapped;
    report_bytes(r, "memory_available_bytes", "available here", usable);
    if (usable == 0) {
        report_text(r, "fits", "fits",
                    "unknown: this system does not say how much memory is available");
        return;
    }
    report_flag(r, "fits", "fits", total <= usable);
    if (total > usable && private_bytes <= usable)
        report_line(
            r,
            "The mapped weights are read again from disk whenever they fall out of memory: slow.");
    if (private_bytes > usable)
        report_line(r, "A smaller --ctx, or a quantized form of the model, needs less.");
}

static enum status run(const struct args *args, struct error *err)
{
    struct model_settings m;
    struct engine_plan p;
    struct report r;
    model_settings_init(&m, args, true);
    enum status st = gate_plan_engine(&p, args_operand(args, 0), &m.options, err);
    progress_bar_clear(&m.bar);
    if (st) return st;
    uint64_t private_bytes = p.weight_bytes + p.cache_bytes + p.work_bytes;
    report_begin(&r, args_flag(args, "json"));
    report_text(&r, "model", "model", args_operand(args, 0));
    report_text(&r, "family", "family", p.family);
    report_count(&r, "parameters", "parameters", p.parameter_count);
    report_count(&r, "context", "context", (uint64_t)p.context_max);
    report_count(&r, "model_context", "model was made for", (uint64_t)p.model_context);
    report_bytes(&r, "weight_bytes", "weights, packed", p.weight_bytes);
    report_bytes(&r, "mapped_bytes", "weights, mapped", p.mapped_bytes);
    report_bytes(&r, "cache_bytes", "cache", p.cache_bytes);
    report_bytes(&r, "cache_bytes_per_token", "  per token", p.cache_bytes_per_token);
    report_bytes(&r, "work_bytes", "work", p.work_bytes);
    report_bytes(&r, "total_bytes", "total", private_bytes + p.mapped_bytes);
    report_fit(&r, private_bytes, p.mapped_bytes);
    return report_end(&r, err);
}

static const struct option_table *const tables[] = { &context_table, &model_table, &json_table,
                                                     NULL };

const struct command cmd_plan = {
    .name = "plan",
    .summary = "say how much memory a model needs, before loading it",
    .operands = "MODEL [--ctx N]",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Packed weights, cache and work are this process's own memory. Mapped weights are "
             "used where "
             "they lie in the file: they take memory while they are used, and can be dropped by "
             "the system.",
    .tables = tables,
    .run = run,
};
