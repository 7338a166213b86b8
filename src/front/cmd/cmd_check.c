/* `hearth check`: may a model run, and if not, why.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/core/mem.h"
#include "front/cmd/command.h"
#include "front/cmd/desk.h"
#include "front/cmd/model_options.h"
#include "front/cmd/terminal.h"

#define OUTPUT_BYTES_MAX ((size_t)4 << 20)

static const struct option_table *const tables[] = { &desk_table, &json_table, NULL };

static enum status report(const struct gate_verdict *v, bool json, struct error *err)
{
    struct buf out = BUF_INIT(OUTPUT_BYTES_MAX);
    struct terminal t = terminal_of(stdout);
    struct json_writer w;
    json_writer_init(&w, &out, 0);
    if (json) {
        gate_verdict_write(&w, v);
        buf_byte(&out, '\n');
    } else {
        desk_report_verdict(&out, v);
    }
    enum status st = buf_check(&out, "the verdict", err);
    if (!st && json) fwrite(out.data, 1, out.len, stdout);
    else if (!st) terminal_put(&t, (struct span){ out.data, out.len });
    buf_release(&out);
    return st;
}

static enum status run(const struct args *args, struct error *err)
{
    struct desk d = { .gate = NULL };
    struct gate_verdict *v;
    enum status st = desk_open(&d, args, err);
    if (st) return st;
    st = gate_record(&v, d.gate, args_operand(args, 0), err);
    desk_close(&d);
    if (st) return st;
    st = report(v, args_flag(args, "json"), err);
    const struct gate_finding *first = gate_verdict_first(v);
    if (!st && first)
        st = error_set(err, STATUS_REFUSED, "%s may not run: %s (%d in all)", v->model, first->id,
                       v->open);
    mem_free(v);
    return st;
}

const struct command cmd_check = {
    .name = "check",
    .summary = "may a model run, and if not, which rule says so and what to do",
    .operands = "MODEL",
    .operands_min = 1,
    .operands_max = 1,
    .about =
        "MODEL is the alias of a model in the store, or a path. The gate's whole answer: is it "
        "pinned in hearth.lock, are its bytes those that were pinned, what says its licence of the "
        "use that hearth.yaml declares, is there code among its files, who approved what until "
        "when. What is asked about runs when the declared use answers it, or when somebody "
        "approves (`hearth approve`). The answer is kept in the pin and in the audit log. Exit "
        "status 11 says that the model is refused.",
    .tables = tables,
    .run = run,
};
