/* `hearth add`: a model into the store, pinned.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/core/mem.h"
#include "front/cmd/command.h"
#include "front/cmd/desk.h"
#include "front/cmd/interrupt.h"
#include "front/cmd/model_options.h"
#include "front/cmd/model_store.h"
#include "front/cmd/remote_add.h"
#include "govern/gate/gate.h"

static const struct option_spec specs[] = {
    { "as", 0, OPTION_TEXT, "ALIAS",
      .help = "the model's name here; by default that of its folder or file" },
    { 0 },
};
static const struct option_table own_table = { "Options", specs };
static const struct option_table *const tables[] = { &own_table, &remote_table, &desk_table,
                                                     &json_table, NULL };

/* The verdict in one line; the model is added whatever it is. */
static void report_verdict(struct report *r, const struct gate_verdict *v)
{
    const struct gate_finding *first = gate_verdict_first(v);
    report_text(r, "licence", "licence", v->licence[0] ? v->licence : NULL);
    report_flag(r, "allowed", "may run", v->allowed);
    if (!first) return;
    report_text(r, "refused_by", "refused by", first->id);
    report_text(r, "reason", "reason", first->reason);
    report_text(r, "next", "next", first->next[0] ? first->next : NULL);
    if (v->open > 1) report_line(r, "and %d more: `hearth check %s`", v->open - 1, v->alias);
}

static enum status report_added(struct model_store *s, const struct registry_model *m,
                                const struct registry_added *added, const struct gate_verdict *v,
                                const struct args *args, struct error *err)
{
    struct report r;
    report_begin(&r, args_flag(args, "json"));
    if (added->known) report_line(&r, "%s is in the store already, and whole.", m->alias);
    model_store_report(&r, m);
    if (r.json) report_flag(&r, "known", NULL, added->known);
    if (r.json) report_int(&r, "new_bytes", NULL, (int64_t)added->new_bytes);
    report_text(&r, "lock", "pinned in", registry_lock_path(s->registry));
    if (added->skipped) report_count(&r, "skipped", "folders left out", added->skipped);
    if (added->left_out) report_count(&r, "left_out", "files left out", added->left_out);
    report_verdict(&r, v);
    return report_end(&r, err);
}

static enum status run(const struct args *args, struct error *err)
{
    struct desk d = { .gate = NULL };
    struct model_store *s = &d.store;
    struct gate_verdict *v = NULL;
    struct registry_model m;
    struct registry_added added;
    struct progress_bar bar;
    struct registry_add what = { .path = args_operand(args, 0),
                                 .alias = args_text(args, "as", NULL),
                                 .inspect = gate_inspect,
                                 .progress = { progress_bar_report, &bar } };
    what.inspect_ctx = &what.progress;
    enum status st =
        remote_add_is_address(what.path) ? STATUS_OK : remote_add_refuse_options(args, err);
    if (!st) st = desk_open(&d, args, err);
    if (st) return st;
    if (!s->registry) {
        desk_close(&d);
        return model_store_homeless(err);
    }
    progress_bar_init(&bar, what.path);
    interrupt_install();
    if (remote_add_is_address(what.path))
        st = remote_add(s, &what, args, what.path, &m, &added, err);
    else st = registry_add(s->registry, &what, &m, &added, err);
    progress_bar_clear(&bar);
    if (st == STATUS_CANCELLED)
        error_set(err, st,
                  "stopped; the same command goes on where it was, and `hearth gc` removes what "
                  "is there");
    if (!st) {
        st = gate_record(&v, d.gate, m.alias, err);
        if (!st) st = report_added(s, &m, &added, v, args, err);
        mem_free(v);
        registry_model_release(&m);
    }
    desk_close(&d);
    return st;
}

const struct command cmd_add = {
    .name = "add",
    .summary = "take a model into the store and pin it",
    .operands = "PATH|hf:OWNER/NAME|https://URL|oci:NAME",
    .operands_min = 1,
    .operands_max = 1,
    .about =
        "PATH is a folder as on Hugging Face or a GGUF file (of a split one the first part). Its "
        "files are copied (as clones where the file system can) and hashed on the way; what is in "
        "them is looked at in a sandboxed process. Then the model is pinned in hearth.lock: each "
        "file with its size and SHA-256. Bytes that are there already are stored once. Stopped or "
        "killed, the same command goes on where it was.\n\n"
        "From elsewhere: hf:OWNER/NAME[/FILE.gguf][@REVISION] from the hub that HEARTH_HUB names; "
        "https://HOST/PATH/FILE.gguf from any web server, or https://HOST/FOLDER/SHA256SUMS with "
        "the files that it lists; oci:REGISTRY/NAME[:TAG][@sha256:DIGEST] from a registry of "
        "container images (ModelPack, ORAS, Docker Model Runner, Ollama). No server is asked but "
        "the one that is written down; where it sends on to another, that is refused by name "
        "unless it is listed in --also.\n\n"
        "HEARTH_ADD_TOKEN (a bearer token) or HEARTH_ADD_LOGIN (user:password) goes to the server "
        "of an https:// or oci: address alone (the login also to the server of its tokens), "
        "HEARTH_HUB_TOKEN to the hub. HEARTH_CA_FILE is a PEM file with a house's own authority. "
        "None of them is stored.",
    .tables = tables,
    .run = run,
};
