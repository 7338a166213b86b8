/* `hearth audit verify`: whether the log still holds what was signed.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/core/file.h"
#include "base/core/mem.h"
#include "front/cmd/audit_folder.h"
#include "front/cmd/command.h"
#include "front/cmd/interrupt.h"
#include "front/cmd/model_options.h"
#include "front/cmd/progress_bar.h"
#include "front/cmd/report.h"

#define ANCHORS_MAX 64

static const struct option_spec specs[] = {
    { "anchor", 0, OPTION_TEXTS, "FILE",
      .help = "a checkpoint that was kept elsewhere; may be repeated" },
    { "proof", 0, OPTION_TEXT, "FILE", .help = "check this proof instead; needs --entry" },
    { "entry", 0, OPTION_TEXT, "FILE", .help = "the entry that the proof is about" },
    { 0 },
};
static const struct option_table own_table = { "Options", specs };
static const struct option_table *const tables[] = { &own_table, &audit_table, &json_table, NULL };

struct anchors {
    struct audit_anchor at[ANCHORS_MAX + 1];
    struct buf notes[ANCHORS_MAX + 1];
    size_t count;
};

static enum status add_anchor(struct anchors *a, const char *name, struct buf note,
                              struct error *err)
{
    if (a->count == ANCHORS_MAX + 1) {
        buf_release(&note);
        return error_set(err, STATUS_LIMIT, "at most %d checkpoints are compared", ANCHORS_MAX);
    }
    a->notes[a->count] = note;
    a->at[a->count++] = (struct audit_anchor){ name, { note.data, note.len } };
    return STATUS_OK;
}

static enum status read_anchors(struct anchors *a, const struct args *args, struct error *err)
{
    struct buf head = BUF_INIT(NOTE_BYTES_MAX);
    int cursor = 0;
    enum status st = audit_folder_head(&head, args, err);
    if (!st && head.len) st = add_anchor(a, "that this machine signed last", head, err);
    else buf_release(&head);
    for (const char *path; !st && (path = args_next_text(args, "anchor", &cursor));) {
        struct buf note = BUF_INIT(NOTE_BYTES_MAX);
        st = file_read(&note, path, err);
        if (st) buf_release(&note);
        else st = add_anchor(a, path, note, err);
    }
    return st;
}

static void report_findings(struct report *r, const struct audit_findings *f)
{
    report_int(r, "entries", "entries", (int64_t)f->entries);
    report_int(r, "anchors", "checkpoints met", (int64_t)f->anchors);
    report_flag(r, "whole", "whole", f->count == 0);
    report_open_array(r, "findings");
    for (size_t i = 0; i < f->count; i++) {
        report_line(r, "%-20s%s", audit_fault_name(f->at[i].fault), f->at[i].words.text);
        report_open_object(r, NULL);
        if (r->json) {
            report_text(r, "fault", NULL, audit_fault_name(f->at[i].fault));
            report_text(r, "words", NULL, f->at[i].words.text);
        }
        report_close_object(r);
    }
    report_close_array(r);
}

static enum status report_all(const struct audit_findings *f, const char *folder,
                              const struct note_key *key, bool trusted, const struct args *args,
                              struct error *err)
{
    struct report r;
    char text[NOTE_KEY_TEXT_BYTES];
    note_key_text(key, text);
    report_begin(&r, args_flag(args, "json"));
    report_text(&r, "log", "log", folder);
    report_text(&r, "key", trusted ? "key" : "key (the log's own)", text);
    report_findings(&r, f);
    enum status st = report_end(&r, err);
    if (st || f->count == 0) return st;
    return error_set(err, STATUS_FAILED, "the log does not hold what was signed: %s",
                     f->at[0].words.text);
}

static enum status verify_log(const struct args *args, struct error *err)
{
    char folder[HOME_PATH_BYTES];
    struct note_key key;
    struct audit_findings found;
    struct progress_bar bar;
    struct anchors *anchors = mem_zero(sizeof *anchors);
    bool trusted = false;
    if (!anchors) return error_set(err, STATUS_NO_MEMORY, "no memory for checkpoints");
    enum status st = audit_folder_path(folder, args, err);
    if (!st) st = audit_folder_key(&key, &trusted, args, folder, err);
    if (!st) st = read_anchors(anchors, args, err);
    progress_bar_init(&bar, "audit log");
    interrupt_install();
    const struct progress progress = { progress_bar_report, &bar };
    if (!st) st = audit_verify(&found, folder, &key, anchors->at, anchors->count, &progress, err);
    progress_bar_clear(&bar);
    for (size_t i = 0; i < anchors->count; i++)
        buf_release(&anchors->notes[i]);
    mem_free(anchors);
    return st ? st : report_all(&found, folder, &key, trusted, args, err);
}

static enum status verify_proof(const struct args *args, struct error *err)
{
    char folder[HOME_PATH_BYTES];
    struct note_key key;
    struct buf proof = BUF_INIT(2 * NOTE_BYTES_MAX), entry = BUF_INIT(65535);
    bool given;
    uint64_t index = 0;
    enum status st = STATUS_OK;
    if (!args_given(args, "proof") || !args_given(args, "entry"))
        st = error_set(err, STATUS_USAGE, "--proof FILE and --entry FILE are both needed");
    if (!st) st = audit_folder_path(folder, args, err);
    if (!st) st = audit_folder_key(&key, &given, args, folder, err);
    if (!st) st = file_read(&proof, args_text(args, "proof", NULL), err);
    if (!st) st = file_read(&entry, args_text(args, "entry", NULL), err);
    if (!st)
        st = audit_proof_check((struct span){ proof.data, proof.len },
                               (struct span){ entry.data, entry.len }, &key, &index, err);
    buf_release(&proof);
    buf_release(&entry);
    if (st) return st;
    struct report r;
    report_begin(&r, args_flag(args, "json"));
    report_text(&r, "log", "log", key.name);
    report_int(&r, "index", "proved entry", (int64_t)index);
    return report_end(&r, err);
}

static enum status run(const struct args *args, struct error *err)
{
    bool proof = args_given(args, "proof") || args_given(args, "entry");
    return proof ? verify_proof(args, err) : verify_log(args, err);
}

const struct command cmd_audit_verify = {
    .name = "audit verify",
    .summary = "check that the audit log still holds what was signed",
    .operands = "",
    .about = "Hashes every entry again and compares with the stored tree, with the signed "
             "checkpoint, with the "
             "last one that this machine signed, and with those given by --anchor. Truncated, "
             "reordered, edited "
             "and forked logs are named as such, and the exit code is 1. Without --key the key is "
             "the one "
             "that lies beside the log: that shows damage, but not a forger who signs anew.",
    .tables = tables,
    .run = run,
};
