/* `hearth dossier`: a folder and a page about one model, for people who audit.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/core/clock.h"
#include "base/core/file.h"
#include "front/cmd/audit_folder.h"
#include "front/cmd/command.h"
#include "front/cmd/desk_record.h"
#include "front/cmd/signature_files.h"
#include "govern/dossier/dossier.h"

static const struct option_spec specs[] = {
    { "out", 'o', OPTION_TEXT, "FOLDER", .help = "where it is written; must not exist" },
    { "lang", 0, OPTION_TEXT, "en|zh|both", .help = "of the headings; both by default" },
    { "lineage", 0, OPTION_TEXT, "FILE",
      .help = "weight tests of this model: what `hearth lineage A B --json` printed" },
    { "key", 0, OPTION_TEXT, "FILE",
      .help = "check signatures among its files with this public key (PEM)" },
    { "trust", 0, OPTION_TEXTS, "FILE",
      .help = "the same with certificates (PEM) that you trust; may be given several times" },
    { 0 },
};
static const struct option_table own_table = { "Options", specs };
static const struct option_table *const tables[] = { &own_table, &desk_table, NULL };

struct papers {
    struct desk desk;
    struct desk_record model;
    struct licence_prints prints;
    struct audit_view *log;
    struct buf lineage;
    struct ecdsa_key *key; /* of signatures; NULL: not given */
    struct certificates *anchors;
};

/* A log that cannot be read stops the dossier: it would be silent about what it was asked for. */
static enum status open_log(struct papers *p, struct error *err)
{
    struct note_key key = *audit_key(p->desk.store.audit);
    return audit_view_open(&p->log, p->desk.audit_folder, &key, err);
}

static enum status open_trust(struct papers *p, const struct args *args, struct error *err)
{
    const char *key = args_text(args, "key", NULL);
    if (key && args_given(args, "trust"))
        return error_set(err, STATUS_USAGE,
                         "give either --key or --trust: a signature is made with one of the two");
    enum status st = key ? signature_public_key(&p->key, key, err) : STATUS_OK;
    return st ? st : signature_certificates(&p->anchors, args, "trust", err);
}

static enum status open_papers(struct papers *p, const struct args *args, struct error *err)
{
    const char *lineage = args_text(args, "lineage", NULL);
    enum status st = licence_prints_builtin(&p->prints, err);
    if (!st && lineage) st = file_read(&p->lineage, lineage, err);
    if (!st) st = open_trust(p, args, err);
    if (!st) st = desk_open(&p->desk, args, err);
    if (!st) st = desk_record_open(&p->model, &p->desk, &p->prints, args_operand(args, 0), err);
    return st ? st : open_log(p, err);
}

static void close_papers(struct papers *p)
{
    audit_view_close(p->log);
    desk_record_close(&p->model);
    desk_close(&p->desk);
    buf_release(&p->lineage);
    certificates_free(p->anchors);
    ecdsa_key_free(p->key);
}

static void say_written(const struct papers *p, const struct dossier *d, const char *folder)
{
    char signatures[64] = "";
    if (d->record->signature_count)
        snprintf(signatures, sizeof signatures, ", %d of %d signatures verified",
                 dossier_signatures_verified(d), d->record->signature_count);
    printf("%s/dossier.html: %s, %zu entr%s of the audit log%s\n", folder,
           p->model.verdict->allowed ? "may run" : "refused", d->entry_count,
           d->entry_count == 1 ? "y" : "ies", signatures);
}

static enum status write_papers(struct papers *p, enum dossier_language language,
                                const char *folder, struct error *err)
{
    struct dossier d = {
        .record = p->model.record,
        .verdict = p->model.verdict,
        .policy = &p->desk.policy,
        .log = p->log,
        .lineage = { p->lineage.data, p->lineage.len },
        .language = language,
        .at_ms = clock_unix_ns() / 1000000,
    };
    const struct signature_trust trust = { p->key, p->anchors, d.at_ms / 1000 };
    enum status st = dossier_find_entries(&d, err);
    if (!st) st = dossier_check_signatures(&d, p->desk.store.registry, &trust, err);
    if (!st) st = dossier_write(&d, p->desk.store.registry, folder, err);
    if (!st) say_written(p, &d, folder);
    dossier_release(&d);
    return st;
}

static enum status run(const struct args *args, struct error *err)
{
    enum dossier_language language;
    const char *folder = args_text(args, "out", NULL);
    if (!folder) return error_set(err, STATUS_USAGE, "say where it is written: --out FOLDER");
    enum status st = dossier_language_find(&language, args_text(args, "lang", "both"), err);
    if (st) return st;
    struct papers *p = mem_zero(sizeof *p);
    if (!p) return error_set(err, STATUS_NO_MEMORY, "no memory for a dossier");
    p->lineage = BUF_INIT(LINEAGE_BYTES_MAX);
    st = open_papers(p, args, err);
    if (!st) st = write_papers(p, language, folder, err);
    close_papers(p);
    mem_free(p);
    return st;
}

const struct command cmd_dossier = {
    .name = "dossier",
    .summary = "a folder and a page about a stored model, for people who audit",
    .operands = "MODEL --out FOLDER",
    .operands_min = 1,
    .operands_max = 1,
    .about = "One self-contained page (dossier.html) with identity, verdict, licence and its "
             "clauses, openness, "
             "lineage, bill of materials, signatures, approvals and changes; with drafts for GDPR "
             "Articles 30 and "
             "35, the roles and the compute of the EU AI Act, and a bank's model inventory. Beside "
             "it: the "
             "verdict, the pin, bills of materials, the licence texts, and entries of the audit "
             "log with proofs. "
             "Drafts are drafts; every legal fact on the page has its source and date.",
    .tables = tables,
    .run = run,
};
