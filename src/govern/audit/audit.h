/* The audit log: what was decided and done, in a form that can be checked by someone who does not trust us.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A log is a folder of tiles (C2SP tlog-tiles) with one Merkle tree over its entries, and a checkpoint that
 * is signed after every append. An append has returned when entry, tiles and checkpoint are on the disk, in
 * this order: killed at any moment, the folder holds a log whose checkpoint covers all that was
 * acknowledged. Processes take turns to write by a lock file; readers need no lock.
 *
 * Keys lie in a folder of their own, so that the log can be given away: the seed of the signing key, the
 * key of keyed hashes, and the last checkpoint, which shows that the log was cut or replaced meanwhile. Who
 * has the keys as well can forge everything since the last anchor: a checkpoint that was brought to another
 * place (audit_verify takes any number of them).
 *
 * An entry is canonical JSON: {"body": {...}, "kind": text, "time_ms": unix time, "v": 1}. Personal data does
 * not belong into one; audit_hash() makes what stands for it. Any thread may call; calls block. */
#ifndef GOVERN_AUDIT_AUDIT_H
#define GOVERN_AUDIT_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/log.h"
#include "base/core/span.h"
#include "base/core/status.h"
#include "govern/audit/note.h"

#define AUDIT_PATH_BYTES      4096
#define AUDIT_BATCH_MAX       4096
#define AUDIT_HASH_TEXT_BYTES (12 + 64 + 1) /* "hmac-sha256:" and hex */
#define AUDIT_LOCK_WAIT_MS    10000

enum audit_kind {
#define AUDIT_KIND(symbol, name, words) AUDIT_##symbol,
#include "govern/audit/audit_kind_list.h"
#undef AUDIT_KIND
    AUDIT_KIND_COUNT
};
const char *audit_kind_name(enum audit_kind kind);
const char *audit_kind_words(enum audit_kind kind);
bool audit_kind_find(struct span name, enum audit_kind *ret);

/* ---- writing ---- */

struct audit;

struct audit_event {
    enum audit_kind kind;
    struct span body; /* a JSON object without reals; at most 60 KB */
};

/* Makes what is missing: folders, keys, and a first entry. STATUS_BAD_INPUT where the folder holds a log that
 * these keys did not sign, or one that is shorter or other than it was: such a log is not appended to. */
enum status audit_open(struct audit **ret, const char *folder, const char *secrets,
                       struct error *err);
void audit_close(struct audit *a); /* NULL is fine */
/* All of the events or none; they lie side by side from *ret_first on. ret_first may be NULL. */
enum status audit_append(struct audit *a, const struct audit_event *events, size_t count,
                         uint64_t *ret_first, struct error *err);
/* What stands for bytes that must not be in the log. The same label and bytes give the same hash in this
 * log; without the key nobody can try candidates. */
enum status audit_hash(const struct audit *a, const char *label, struct span bytes,
                       char ret[AUDIT_HASH_TEXT_BYTES], struct error *err);
const struct note_key *audit_key(const struct audit *a);
/* Appends `text`, which ends with a newline, as a note signed with the key of this log: what a program says in the
 * log's name without writing it there. STATUS_BAD_INPUT for a text that begins like a checkpoint of the log. */
enum status audit_sign(const struct audit *a, struct span text, struct buf *out, struct error *err);
uint64_t audit_size(
    const struct audit *a); /* entries, when this process last wrote or opened it; does not wait */
const char *audit_folder(const struct audit *a); /* of the log, for audit_view_open */

/* ---- reading ---- */

/* The log as its checkpoint stood when the view was opened. One thread at a time. */
struct audit_view;

/* `key`: whose signature is believed; NULL: the key that the folder itself names, which shows damage but no
 * forger. The tree is looked at only where it is asked for: audit_verify() checks it all. */
enum status audit_view_open(struct audit_view **ret, const char *folder, const struct note_key *key,
                            struct error *err);
void audit_view_close(struct audit_view *v);
const struct checkpoint *audit_view_checkpoint(const struct audit_view *v);
struct span audit_view_note(const struct audit_view *v); /* the checkpoint as it was signed */
const struct note_key *audit_view_key(const struct audit_view *v);
/* Entry `index`, borrowed until the next call. */
enum status audit_view_entry(struct audit_view *v, uint64_t index, struct span *ret,
                             struct error *err);
/* The same, and it is what the signed root covers: STATUS_BAD_INPUT where the files were changed. What is to be
 * believed, and not only shown, is read so. */
enum status audit_view_proved(struct audit_view *v, uint64_t index, struct span *ret,
                              struct error *err);
/* STATUS_NOT_FOUND past the end. */
enum status audit_view_inclusion(struct audit_view *v, uint64_t index, struct merkle_proof *ret,
                                 struct error *err);
enum status audit_view_consistency(struct audit_view *v, uint64_t old_size,
                                   struct merkle_proof *ret, struct error *err);
/* Of the first `size` entries, by the stored hashes. */
enum status audit_view_root(struct audit_view *v, uint64_t size, struct merkle_hash *ret,
                            struct error *err);
/* Appends the proof that entry `index` is in the log as a text (C2SP tlog-proof). */
enum status audit_view_proof(struct audit_view *v, uint64_t index, struct buf *out,
                             struct error *err);
/* Whether such a text proves that `entry` is in the log of `key`. */
enum status audit_proof_check(struct span proof, struct span entry, const struct note_key *key,
                              uint64_t *ret_index, struct error *err);

/* ---- verifying ---- */

enum audit_fault {
#define AUDIT_FAULT(symbol, name, words) AUDIT_##symbol,
#include "govern/audit/audit_fault_list.h"
#undef AUDIT_FAULT
    AUDIT_FAULT_COUNT
};
const char *audit_fault_name(enum audit_fault f);

#define AUDIT_FINDINGS_MAX 16

struct audit_findings {
    uint64_t entries; /* that were looked at */
    uint64_t anchors; /* that the log continues */
    size_t count;     /* of findings; 0: the log holds */
    struct {
        enum audit_fault fault;
        struct error words;
    } at[AUDIT_FINDINGS_MAX]; /* the first ones */
};

struct audit_anchor {
    const char *name; /* for messages */
    struct span note;
};

/* Reads all entries and hashes again: against the stored tiles, the signed root, and checkpoints that were
 * kept elsewhere. Fails only when memory is short or the caller cancels; what is wrong is a finding. */
enum status audit_verify(struct audit_findings *ret, const char *folder, const struct note_key *key,
                         const struct audit_anchor *anchors, size_t anchor_count,
                         const struct progress *progress, struct error *err);

#endif
