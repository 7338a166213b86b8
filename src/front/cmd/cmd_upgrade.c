/* `hearth upgrade`: a model becomes another revision of itself, or goes back.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/core/mem.h"
#include "front/cmd/command.h"
#include "front/cmd/desk.h"
#include "front/cmd/interrupt.h"
#include "front/cmd/model_options.h"
#include "front/cmd/remote_add.h"
#include "front/cmd/upgrade_plan.h"

#define ADDRESS_BYTES     4096
#define VERDICT_BYTES_MAX ((size_t)4 << 20)

static const struct option_spec specs[] = {
    { "yes", 'y', OPTION_FLAG, .help = "swap without asking" },
    { "back", 0, OPTION_FLAG, .help = "go back to the revision that was replaced last" },
    { 0 },
};
static const struct option_table own_table = { "Options", specs };
static const struct option_table *const tables[] = { &own_table, &remote_table, &desk_table,
                                                     &json_table, NULL };

struct upgrading {
    const struct args *args;
    struct desk desk;
    struct licence_prints prints;
    struct registry_model was, is;
    bool has_is, back, same;
    struct report report;
};

/* ---- the other revision ---- */

/* Of a server the newest one, whatever was pinned. */
static void default_source(char ret[ADDRESS_BYTES], const struct registry_model *m)
{
    snprintf(ret, ADDRESS_BYTES, "%s", m->source);
    remote_add_newest(ret);
}

static enum status stage(struct upgrading *u, struct error *err)
{
    char source[ADDRESS_BYTES];
    struct registry_added added;
    struct progress_bar bar;
    struct registry_add what = { .alias = u->was.alias,
                                 .stage = true,
                                 .inspect = gate_inspect,
                                 .progress = { progress_bar_report, &bar } };
    default_source(source, &u->was);
    what.path = args_operand(u->args, 1) ? args_operand(u->args, 1) : source;
    what.inspect_ctx = &what.progress;
    progress_bar_init(&bar, what.path);
    interrupt_install();
    enum status st =
        remote_add_is_address(what.path)
            ? remote_add(&u->desk.store, &what, u->args, what.path, &u->is, &added, err)
            : registry_add(u->desk.store.registry, &what, &u->is, &added, err);
    progress_bar_clear(&bar);
    if (st == STATUS_NOT_FOUND && !args_operand(u->args, 1))
        error_wrap(err, st, "%s came from there; name another source as the second word",
                   u->was.alias);
    if (st) return st;
    u->has_is = true;
    u->same = added.known;
    return STATUS_OK;
}

static enum status find_other(struct upgrading *u, struct error *err)
{
    if (!u->back) return stage(u, err);
    if (args_operand(u->args, 1))
        return error_set(err, STATUS_USAGE,
                         "--back needs no source: it goes to a revision that is "
                         "in the store");
    enum status st = remote_add_refuse_options(u->args, err);
    if (!st) st = registry_find_former(u->desk.store.registry, u->was.alias, 0, &u->is, err);
    u->has_is = !st;
    return st;
}

/* ---- what it would change ---- */

static void report_revision(struct report *r, const char *key, const char *label,
                            const struct registry_model *m)
{
    char hex[SHA256_HEX_BYTES], digest[SHA256_HEX_BYTES + 8];
    sha256_hex(m->digest, hex);
    snprintf(digest, sizeof digest, "sha256:%s", hex);
    report_line(r, "%-6s%.19s  %s%s%s", label, digest, m->source, m->revision ? " at " : "",
                m->revision ? m->revision : "");
    report_open_object(r, key);
    if (r->json) {
        report_text(r, "digest", NULL, digest);
        report_text(r, "source", NULL, m->source);
        report_text(r, "revision", NULL, m->revision);
    }
    report_close_object(r);
}

static enum status report_plan(struct upgrading *u, struct error *err)
{
    struct revision was = { 0 }, is = { 0 };
    struct registry *g = u->desk.store.registry;
    enum status st = revision_read(&was, g, &u->was, &u->prints, err);
    if (!st) st = revision_read(&is, g, &u->is, &u->prints, err);
    if (!st) st = upgrade_plan_report(&u->report, g, &was, &is, &u->desk.policy.use, err);
    revision_release(&was);
    revision_release(&is);
    return st;
}

/* What was asked for so far is shown, and the report begins anew. */
static enum status show(struct upgrading *u, struct error *err)
{
    enum status st = report_end(&u->report, err);
    fflush(stdout);
    report_begin(&u->report, false);
    return st;
}

/* ---- deciding ---- */

static bool answers_yes(void)
{
    char line[64] = "";
    printf("Swap? [y/N] ");
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin)) return false;
    return line[0] == 'y' || line[0] == 'Y';
}

static enum status decide(struct upgrading *u, bool *ret, struct error *err)
{
    *ret = args_flag(u->args, "yes");
    if (*ret || u->report.json || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) return STATUS_OK;
    enum status st = show(u, err);
    if (st) return st;
    *ret = answers_yes();
    return *ret || u->back ? STATUS_OK
                           : registry_unstage(u->desk.store.registry, u->was.alias, err);
}

static void report_verdict(struct report *r, const struct gate_verdict *v)
{
    struct buf text = BUF_INIT(VERDICT_BYTES_MAX);
    if (r->json) {
        json_key(&r->writer, "verdict");
        gate_verdict_write(&r->writer, v);
        return;
    }
    desk_report_verdict(&text, v);
    upgrade_plan_lines(r, "", (struct span){ text.data, text.len });
    buf_release(&text);
}

/* Other bytes, another judgement. */
static enum status judge(struct upgrading *u, struct error *err)
{
    struct gate_verdict *v;
    enum status st = gate_record(&v, u->desk.gate, u->was.alias, err);
    if (st) return st;
    report_verdict(&u->report, v);
    mem_free(v);
    return STATUS_OK;
}

static enum status swap(struct upgrading *u, struct error *err)
{
    enum status st =
        registry_swap(u->desk.store.registry, u->was.alias, u->is.digest, u->back, err);
    if (st) return st;
    report_flag(&u->report, "swapped", "swapped", true);
    st = judge(u, err);
    if (st) return error_wrap(err, st, "%s is the other revision now", u->was.alias);
    report_line(&u->report,
                "Approvals were for other bytes and did not come along. `hearth upgrade "
                "%s --back` goes back.",
                u->was.alias);
    return STATUS_OK;
}

static void report_waiting(struct upgrading *u)
{
    report_flag(&u->report, "swapped", "swapped", false);
    if (u->back)
        report_line(&u->report, "Nothing was changed. `hearth upgrade %s --back --yes` goes back.",
                    u->was.alias);
    else
        report_line(
            &u->report,
            "Nothing was changed. The revision is staged: the same command with --yes swaps, "
            "and `hearth gc` removes it.");
}

static enum status work(struct upgrading *u, struct error *err)
{
    bool yes = false;
    enum status st = find_other(u, err);
    if (st) return st;
    report_text(&u->report, "alias", "model", u->was.alias);
    report_revision(&u->report, "from", "from", &u->was);
    report_revision(&u->report, "to", "to", &u->is);
    if (u->report.json) report_flag(&u->report, "same", NULL, u->same);
    if (u->same) {
        report_line(&u->report, "These are the very files that %s has.", u->was.alias);
        if (u->report.json) report_flag(&u->report, "swapped", NULL, false);
        return STATUS_OK;
    }
    st = report_plan(u, err);
    if (!st) st = decide(u, &yes, err);
    if (st) return st;
    if (yes) return swap(u, err);
    report_waiting(u);
    return STATUS_OK;
}

static enum status run(const struct args *args, struct error *err)
{
    struct upgrading *u = mem_zero(sizeof *u);
    if (!u) return error_set(err, STATUS_NO_MEMORY, "no memory for the command");
    u->args = args;
    u->back = args_flag(args, "back");
    enum status st = licence_prints_builtin(&u->prints, err);
    if (!st) st = desk_open(&u->desk, args, err);
    if (!st && !u->desk.store.registry) st = model_store_open(&u->desk.store, args, true, err);
    if (!st) {
        st = model_store_find(&u->desk.store, args_operand(args, 0), &u->was, err);
        if (!st) {
            report_begin(&u->report, args_flag(args, "json"));
            st = work(u, err);
            if (!st) st = report_end(&u->report, err);
            else report_abandon(&u->report);
            registry_model_release(&u->was);
            if (u->has_is) registry_model_release(&u->is);
        }
        desk_close(&u->desk);
    }
    mem_free(u);
    return st;
}

const struct command cmd_upgrade = {
    .name = "upgrade",
    .summary = "make a model another revision of itself, after showing what changes; or go back",
    .operands = "MODEL [PATH|hf:OWNER/NAME|https://URL|oci:NAME]",
    .operands_min = 1,
    .operands_max = 2,
    .about =
        "The new revision is taken into the store beside the old one. What would change is shown: "
        "files, licence (its "
        "facts and words, and the verdict for the declared use then and now), chat template, "
        "tokenizer, configuration, declared base models. Then it is asked for, on a terminal; in "
        "scripts only --yes swaps. The swap is atomic, and one entry of the audit log. Without a "
        "source it is that of the pin, of a hub or registry its newest revision.\n\n"
        "What was replaced stays in the store: --back goes back to it, `hearth show` lists it, and "
        "`hearth gc --former` removes it. Approvals are for bytes, and do not come along.",
    .tables = tables,
    .run = run,
};
