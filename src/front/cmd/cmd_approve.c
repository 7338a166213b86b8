/* `hearth approve`: a person answers for what a model is asked about.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/core/clock.h"
#include "base/core/mem.h"
#include "front/cmd/command.h"
#include "front/cmd/date_flag.h"
#include "front/cmd/desk.h"
#include "front/cmd/model_options.h"

#define RULES_MAX 32

static const struct option_spec specs[] = {
    { "by", 0, OPTION_TEXT, "NAME", .help = "who answers for it" },
    { "reason", 0, OPTION_TEXT, "TEXT", .help = "why it may run all the same" },
    { "until", 0, OPTION_TEXT, "DATE",
      .help = "when the approval ends: 2027-01-31 (with that day), 2027-01-31T12:00:00Z, or 90d" },
    { "rule", 0, OPTION_TEXTS, "ID",
      .help = "a rule that it covers, as `hearth check` names it; may be given several times. By "
              "default all that is asked about; what is denied must be named" },
    { 0 },
};
static const struct option_table own_table = { "Approval", specs };
static const struct option_table *const tables[] = { &own_table, &desk_table, &json_table, NULL };

static enum status take_flags(struct gate_approve *ret, const char *rules[RULES_MAX],
                              const struct args *args, struct error *err)
{
    int cursor = 0;
    const char *until = args_text(args, "until", NULL), *rule;
    *ret = (struct gate_approve){ .by = args_text(args, "by", NULL),
                                  .reason = args_text(args, "reason", NULL),
                                  .rules = rules };
    if (!ret->by || !ret->reason || !until)
        return error_set(err, STATUS_USAGE,
                         "an approval needs --by NAME, --reason TEXT and --until DATE");
    while ((rule = args_next_text(args, "rule", &cursor))) {
        if (ret->rule_count == RULES_MAX)
            return error_set(err, STATUS_USAGE, "at most %d --rule are possible", RULES_MAX);
        rules[ret->rule_count++] = rule;
    }
    return date_flag_parse(&ret->until_ms, until, clock_unix_ns() / 1000000, err);
}

static enum status tell(const struct gate_verdict *v, bool json, struct error *err)
{
    struct report r;
    report_begin(&r, json);
    if (json) {
        report_text(&r, "alias", NULL, v->alias);
        report_flag(&r, "allowed", NULL, v->allowed);
        report_int(&r, "valid_until_ms", NULL, v->valid_until_ms);
    } else {
        report_line(&r, "%s is approved; %s", v->alias,
                    v->allowed ? "it may run" : "it may not run yet: `hearth check` says why");
    }
    return report_end(&r, err);
}

static enum status run(const struct args *args, struct error *err)
{
    struct desk d = { .gate = NULL };
    struct gate_approve what;
    struct gate_verdict *v;
    const char *rules[RULES_MAX], *model = args_operand(args, 0);
    enum status st = take_flags(&what, rules, args, err);
    if (!st) st = desk_open(&d, args, err);
    if (st) return st;
    st = gate_approve(d.gate, model, &what, err);
    if (!st) st = gate_record(&v, d.gate, model, err);
    desk_close(&d);
    if (st) return st;
    st = tell(v, args_flag(args, "json"), err);
    mem_free(v);
    return st;
}

const struct command cmd_approve = {
    .name = "approve",
    .summary = "answer for a model that the gate asks about, with a name, a reason and an end",
    .operands = "MODEL",
    .operands_min = 1,
    .operands_max = 1,
    .about =
        "The approval is about the pinned bytes and the rules that `hearth check` names now: other "
        "bytes, a new rule or the end of its time ask again. It stands in hearth.lock in words and "
        "in the audit log as an entry (with keyed hashes of name and reason); one that is in the "
        "lock only does not count. Pins and digests cannot be approved away.",
    .tables = tables,
    .run = run,
};
