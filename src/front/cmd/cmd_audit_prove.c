/* `hearth audit prove`: proofs that others can check.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "base/core/base64.h"
#include "front/cmd/audit_folder.h"
#include "front/cmd/command.h"

#define PROOF_BYTES_MAX ((size_t)1 << 20)

static const struct option_spec specs[] = {
    { "since", 0, OPTION_INT, "SIZE", .min = 0, .max = 4e18,
      .help = "prove that the log continues what it was with SIZE entries" },
    { "entry", 0, OPTION_FLAG, .help = "print the entry's own bytes, which the proof is about" },
    { 0 },
};
static const struct option_table own_table = { "Options", specs };
static const struct option_table *const tables[] = { &own_table, &audit_table, NULL };

/* Old size, hashes of RFC 9162 2.1.4, and the checkpoint: in the manner of an inclusion proof. */
static enum status prove_since(struct audit_view *v, uint64_t old_size, struct buf *out,
                               struct error *err)
{
    struct merkle_proof proof;
    enum status st = audit_view_consistency(v, old_size, &proof, err);
    if (st) return st;
    buf_format(out, "old %" PRIu64 "\n", old_size);
    for (size_t i = 0; i < proof.count; i++) {
        base64_encode(out, proof.hashes[i].bytes, SHA256_BYTES);
        buf_byte(out, '\n');
    }
    struct span note = audit_view_note(v);
    buf_byte(out, '\n');
    buf_append(out, note.data, note.len);
    return buf_check(out, "a proof", err);
}

static enum status prove(struct audit_view *v, const struct args *args, struct buf *out,
                         struct error *err)
{
    const char *text = args_operand(args, 0);
    int64_t index = 0;
    struct span entry;
    if (args_given(args, "since"))
        return prove_since(v, (uint64_t)args_int(args, "since", 0), out, err);
    if (!text)
        return error_set(err, STATUS_USAGE,
                         "say which entry: `hearth audit prove INDEX`, or --since");
    if (!parse_int(text, &index) || index < 0)
        return error_set(err, STATUS_USAGE, "\"%s\" is not the number of an entry", text);
    if (!args_flag(args, "entry")) return audit_view_proof(v, (uint64_t)index, out, err);
    enum status st = audit_view_entry(v, (uint64_t)index, &entry, err);
    if (!st) buf_append(out, entry.data, entry.len);
    return st ? st : buf_check(out, "an entry", err);
}

static enum status run(const struct args *args, struct error *err)
{
    struct audit_view *v;
    struct buf out = BUF_INIT(PROOF_BYTES_MAX);
    enum status st = audit_folder_view(&v, args, err);
    if (st) return st;
    st = prove(v, args, &out, err);
    if (!st && out.len) fwrite(out.data, 1, out.len, stdout);
    buf_release(&out);
    audit_view_close(v);
    return st;
}

const struct command cmd_audit_prove = {
    .name = "audit prove",
    .summary = "prove that an entry is in the audit log, or that the log continues an older one",
    .operands = "[INDEX]",
    .operands_max = 1,
    .about = "Prints a proof in the form of C2SP tlog-proof: the number of the entry, hashes, and "
             "the signed "
             "checkpoint. With --entry the bytes that it is about. `hearth audit verify --proof` "
             "checks one, "
             "and so can any program that knows the format.",
    .tables = tables,
    .run = run,
};
