/* `hearth audit anchor`: the signed checkpoint, to be kept where the log's owner cannot change it.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "base/core/file.h"
#include "front/cmd/audit_folder.h"
#include "front/cmd/command.h"

static const struct option_table *const tables[] = { &audit_table, NULL };

/* What is in the file already must be the past of this log. */
static enum status check_old(struct audit_view *v, const char *path, struct error *err)
{
    struct buf note = BUF_INIT(NOTE_BYTES_MAX);
    struct checkpoint old;
    struct merkle_hash root;
    enum status st = file_read(&note, path, err);
    if (!st)
        st = checkpoint_open(&old, (struct span){ note.data, note.len }, audit_view_key(v), err);
    buf_release(&note);
    if (st == STATUS_NOT_FOUND) return STATUS_OK;
    if (st) return error_wrap(err, st, "%s holds something else, and is left as it is", path);
    uint64_t size = audit_view_checkpoint(v)->size;
    if (old.size > size)
        return error_set(err, STATUS_FAILED,
                         "the log was cut: %s was signed for %" PRIu64
                         " entries, and the log has %" PRIu64 "; the file is left as it is",
                         path, old.size, size);
    st = audit_view_root(v, old.size, &root, err);
    if (st || merkle_equal(&root, &old.root)) return st;
    return error_set(err, STATUS_FAILED,
                     "the log was forked: it does not continue the %" PRIu64
                     " entries that %s was signed for; the file is left as it is",
                     old.size, path);
}

static enum status run(const struct args *args, struct error *err)
{
    struct audit_view *v;
    const char *path = args_operand(args, 0);
    enum status st = audit_folder_view(&v, args, err);
    if (st) return st;
    struct span note = audit_view_note(v);
    if (!path) fwrite(note.data, 1, note.len, stdout);
    if (path) st = check_old(v, path, err);
    if (path && !st) st = file_write(path, note.data, note.len, err);
    audit_view_close(v);
    return st;
}

const struct command cmd_audit_anchor = {
    .name = "audit anchor",
    .summary = "write the signed checkpoint of the audit log to a place outside",
    .operands = "[FILE]",
    .operands_max = 1,
    .about = "Prints the checkpoint, or writes it to FILE after making sure that the log continues "
             "the one that "
             "is there. Whoever holds a copy that the log's owner cannot change can tell by "
             "`hearth audit verify "
             "--anchor FILE` whether the log was cut or rewritten since.",
    .tables = tables,
    .run = run,
};
