/* The desk: opening and closing it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/desk.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "front/cmd/audit_folder.h"

static const struct option_spec desk_specs[] = {
    { "config", 0, OPTION_TEXT, "FILE",
      .help =
          "mode and declared use; by default ./hearth.yaml, else ~/.config/hearth/hearth.yaml" },
    { "lock", 0, OPTION_TEXT, "FILE",
      .help =
          "the lock; by default ./hearth.lock where that or ./hearth.yaml is, else the home's" },
    { 0 },
};
const struct option_table desk_table = { "Policy", desk_specs };

static enum status open_gate(struct desk *d, struct error *err)
{
    const struct gate_setup setup = { .policy = &d->policy,
                                      .registry = d->store.registry,
                                      .audit = d->store.audit,
                                      .audit_folder = d->audit_folder,
                                      .log = d->log };
    return gate_new(&d->gate, &setup, err);
}

enum status desk_open(struct desk *ret, const struct args *args, struct error *err)
{
    struct desk d = { .log = ret->log };
    char home[HOME_PATH_BYTES];
    enum status st = policy_read(&d.policy, args_text(args, "config", NULL), err);
    if (!st && home_folder(home)) {
        st = model_store_open(&d.store, args, true, err);
        if (!st) st = audit_folder_home(d.audit_folder, err);
    }
    if (!st) st = open_gate(&d, err);
    if (st) desk_close(&d);
    else *ret = d;
    return st;
}

void desk_close(struct desk *d)
{
    gate_free(d->gate);
    model_store_close(&d->store);
    d->gate = NULL;
}

/* ---- telling ---- */

static void report_finding(struct buf *out, const struct gate_finding *f)
{
    buf_format(out, "  %-5s %-26s %s%s\n", f->approved ? "ok" : licence_answer_name(f->answer),
               f->id, f->approved ? "(approved) " : "", f->reason);
    if (f->file[0] && !strstr(f->reason, f->file)) buf_format(out, "        in %s\n", f->file);
    if (f->quote[0]) buf_format(out, "        \"%s\"\n", f->quote);
    if (f->next[0] && !f->approved) buf_format(out, "        next: %s\n", f->next);
}

static void report_approval(struct buf *out, const struct gate_approval *a)
{
    char until[32] = "";
    time_t seconds = (time_t)(a->until_ms / 1000);
    struct tm tm;
    if (gmtime_r(&seconds, &tm))
        until[strftime(until, sizeof until, "%Y-%m-%d %H:%M UTC", &tm)] = 0;
    buf_format(out, "  approved by %s until %s: %s%s\n", a->by, until, a->reason,
               a->counts ? "" : " (does not count)");
}

void desk_report_verdict(struct buf *out, const struct gate_verdict *v)
{
    char hex[SHA256_HEX_BYTES];
    sha256_hex(v->digest, hex);
    buf_format(out, "%s: %s%s\n", v->model, v->allowed ? "may run" : "refused",
               !v->allowed && v->mode == GATE_AUDIT ? ", but runs: the mode is audit" : "");
    if (v->origin != GATE_UNPINNED)
        buf_format(out, "  %s as %s, sha256:%s\n",
                   v->origin == GATE_BUILTIN ? "the model in the box, known to this program"
                                             : "pinned",
                   v->alias, hex);
    buf_format(out, "  licence: %s (%s)\n", v->licence[0] ? v->licence : "none known",
               licence_answer_name(v->licence_answer));
    for (int i = 0; i < v->count; i++)
        report_finding(out, &v->findings[i]);
    for (int i = 0; i < v->approval_count; i++)
        report_approval(out, &v->approvals[i]);
}
