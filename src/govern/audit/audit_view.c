/* Reading a log: entries and proofs below one signed checkpoint.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/core/base64.h"
#include "base/core/file.h"
#include "base/core/mem.h"
#include "govern/audit/audit.h"
#include "govern/audit/log_folder.h"

#define NO_TILE     UINT64_MAX
#define PROOF_FIRST "c2sp.org/tlog-proof@v1\n"

struct audit_view {
    char folder[AUDIT_PATH_BYTES];
    struct note_key key;
    struct buf note;
    struct checkpoint checkpoint;
    /* The tile of each level, and the bundle, that were read last. */
    struct {
        uint64_t n;
        struct merkle_hash hashes[TILE_WIDTH];
    } tiles[TILE_LEVELS];
    uint64_t bundle_n;
    struct buf bundle;
    struct span entries[TILE_WIDTH];
};

static enum status read_key(struct audit_view *v, struct error *err)
{
    char path[AUDIT_PATH_BYTES];
    struct buf text = BUF_INIT(NOTE_KEY_TEXT_BYTES + 2);
    if (!file_join(path, sizeof path, v->folder, LOG_KEY))
        return error_set(err, STATUS_LIMIT, "the path is too long: %.200s", v->folder);
    enum status st = file_read(&text, path, err);
    if (!st) st = note_key_parse(&v->key, (struct span){ text.data, text.len }, err);
    buf_release(&text);
    return st;
}

static enum status read_checkpoint(struct audit_view *v, struct error *err)
{
    char path[AUDIT_PATH_BYTES];
    if (!file_join(path, sizeof path, v->folder, LOG_CHECKPOINT))
        return error_set(err, STATUS_LIMIT, "the path is too long: %.200s", v->folder);
    enum status st = file_read(&v->note, path, err);
    if (!st) st = checkpoint_open(&v->checkpoint, audit_view_note(v), &v->key, err);
    return st ? error_wrap(err, st, "the log in %s", v->folder) : st;
}

enum status audit_view_open(struct audit_view **ret, const char *folder, const struct note_key *key,
                            struct error *err)
{
    struct audit_view *v = mem_zero(sizeof *v);
    if (!v) return error_set(err, STATUS_NO_MEMORY, "no memory to read %s", folder);
    v->note = BUF_INIT(NOTE_BYTES_MAX);
    v->bundle = BUF_INIT(TILE_BUNDLE_BYTES_MAX);
    v->bundle_n = NO_TILE;
    for (int i = 0; i < TILE_LEVELS; i++)
        v->tiles[i].n = NO_TILE;
    enum status st = STATUS_OK;
    if (snprintf(v->folder, sizeof v->folder, "%s", folder) >= (int)sizeof v->folder)
        st = error_set(err, STATUS_LIMIT, "the path is too long: %.200s", folder);
    if (!st && key) v->key = *key;
    else if (!st) st = read_key(v, err);
    if (!st) st = read_checkpoint(v, err);
    if (st) audit_view_close(v);
    else *ret = v;
    return st;
}

void audit_view_close(struct audit_view *v)
{
    if (!v) return;
    buf_release(&v->note);
    buf_release(&v->bundle);
    mem_free(v);
}

const struct checkpoint *audit_view_checkpoint(const struct audit_view *v)
{
    return &v->checkpoint;
}

struct span audit_view_note(const struct audit_view *v)
{
    return (struct span){ v->note.data, v->note.len };
}

const struct note_key *audit_view_key(const struct audit_view *v)
{
    return &v->key;
}

static enum status past_end(const struct audit_view *v, uint64_t index, struct error *err)
{
    return error_set(err, STATUS_NOT_FOUND, "there is no entry %" PRIu64 ": the log has %" PRIu64,
                     index, v->checkpoint.size);
}

enum status audit_view_entry(struct audit_view *v, uint64_t index, struct span *ret,
                             struct error *err)
{
    if (index >= v->checkpoint.size) return past_end(v, index, err);
    uint64_t n = index / TILE_WIDTH;
    if (v->bundle_n != n) {
        v->bundle_n = NO_TILE;
        enum status st = log_read_entries(v->folder, n, tile_width(0, n, v->checkpoint.size),
                                          &v->bundle, v->entries, err);
        if (st) return st;
        v->bundle_n = n;
    }
    *ret = v->entries[index % TILE_WIDTH];
    return STATUS_OK;
}

/* ---- proofs ---- */

static enum status view_node(void *ctx, unsigned height, uint64_t index, struct merkle_hash *ret,
                             struct error *err)
{
    struct audit_view *v = ctx;
    int level = (int)height / 8;
    unsigned rest = height % 8;
    uint64_t n = index << rest >> 8;
    if (v->tiles[level].n != n) {
        v->tiles[level].n = NO_TILE;
        enum status st =
            log_read_tile(v->folder, level, n, tile_width(level, n, v->checkpoint.size),
                          v->tiles[level].hashes, err);
        if (st) return st;
        v->tiles[level].n = n;
    }
    return tile_node(v->tiles[level].hashes, rest, (unsigned)(index % (TILE_WIDTH >> rest)), ret,
                     err);
}

static struct merkle_source source_of(struct audit_view *v)
{
    return (struct merkle_source){ view_node, v };
}

enum status audit_view_root(struct audit_view *v, uint64_t size, struct merkle_hash *ret,
                            struct error *err)
{
    struct merkle_source s = source_of(v);
    if (size > v->checkpoint.size) return past_end(v, size, err);
    return merkle_root(&s, size, ret, err);
}

enum status audit_view_inclusion(struct audit_view *v, uint64_t index, struct merkle_proof *ret,
                                 struct error *err)
{
    struct merkle_source s = source_of(v);
    if (index >= v->checkpoint.size) return past_end(v, index, err);
    return merkle_inclusion(&s, index, v->checkpoint.size, ret, err);
}

enum status audit_view_consistency(struct audit_view *v, uint64_t old_size,
                                   struct merkle_proof *ret, struct error *err)
{
    struct merkle_source s = source_of(v);
    if (old_size > v->checkpoint.size)
        return error_set(err, STATUS_NOT_FOUND,
                         "the log has %" PRIu64 " entries, fewer than %" PRIu64, v->checkpoint.size,
                         old_size);
    return merkle_consistency(&s, old_size, v->checkpoint.size, ret, err);
}

/* Nothing is handed out that a verifier would throw away. */
static enum status check_own_proof(struct audit_view *v, uint64_t index,
                                   const struct merkle_proof *proof, struct error *err)
{
    struct span entry;
    struct merkle_hash leaf;
    enum status st = audit_view_entry(v, index, &entry, err);
    if (!st) st = merkle_leaf(entry, &leaf, err);
    if (st) return st;
    if (merkle_check_inclusion(&leaf, index, v->checkpoint.size, proof->hashes, proof->count,
                               &v->checkpoint.root))
        return STATUS_OK;
    return error_set(err, STATUS_BAD_INPUT,
                     "entry %" PRIu64 " cannot be proved: the log does not hold what was signed; "
                     "`hearth audit verify` says where",
                     index);
}

enum status audit_view_proved(struct audit_view *v, uint64_t index, struct span *ret,
                              struct error *err)
{
    struct merkle_proof proof;
    enum status st = audit_view_inclusion(v, index, &proof, err);
    if (!st) st = check_own_proof(v, index, &proof, err);
    return st ? st : audit_view_entry(v, index, ret, err);
}

enum status audit_view_proof(struct audit_view *v, uint64_t index, struct buf *out,
                             struct error *err)
{
    struct merkle_proof proof;
    enum status st = audit_view_inclusion(v, index, &proof, err);
    if (!st) st = check_own_proof(v, index, &proof, err);
    if (st) return st;
    buf_format(out, PROOF_FIRST "index %" PRIu64 "\n", index);
    for (size_t i = 0; i < proof.count; i++) {
        base64_encode(out, proof.hashes[i].bytes, SHA256_BYTES);
        buf_byte(out, '\n');
    }
    buf_byte(out, '\n');
    buf_append(out, v->note.data, v->note.len);
    return buf_check(out, "a proof", err);
}

/* ---- checking a proof ---- */

static enum status bad_proof(struct error *err, const char *why)
{
    return error_set(err, STATUS_BAD_INPUT, "that is no proof of a log: %s", why);
}

static bool take_line(struct span *rest, struct span *ret)
{
    const char *end = rest->len ? memchr(rest->data, '\n', rest->len) : NULL;
    if (!end) return false;
    *ret = (struct span){ rest->data, (size_t)(end - rest->data) };
    *rest = (struct span){ end + 1, rest->len - ret->len - 1 };
    return true;
}

static bool begins_with(struct span s, const char *prefix)
{
    size_t len = strlen(prefix);
    return s.len >= len && memcmp(s.data, prefix, len) == 0;
}

static bool parse_index(struct span line, uint64_t *ret)
{
    static const char word[] = "index ";
    uint64_t v = 0;
    if (!begins_with(line, word) || line.len == sizeof word - 1 || line.len > sizeof word - 1 + 19)
        return false;
    if (line.data[sizeof word - 1] == '0' && line.len > sizeof word) return false;
    for (size_t i = sizeof word - 1; i < line.len; i++) {
        if (line.data[i] < '0' || line.data[i] > '9') return false;
        v = v * 10 + (uint64_t)(line.data[i] - '0');
    }
    *ret = v;
    return true;
}

static enum status parse_hashes(struct span *rest, struct merkle_proof *ret, struct error *err)
{
    struct span line;
    for (ret->count = 0; take_line(rest, &line) && line.len; ret->count++) {
        struct buf bytes = BUF_INIT(SHA256_BYTES);
        enum status st = base64_decode(&bytes, line, err);
        bool good = ret->count < MERKLE_PROOF_MAX && !st && bytes.len == SHA256_BYTES;
        if (good) memcpy(ret->hashes[ret->count].bytes, bytes.data, SHA256_BYTES);
        buf_release(&bytes);
        if (st == STATUS_NO_MEMORY) return st;
        if (!good) return bad_proof(err, "a line is not a hash in base64, or there are too many");
    }
    return rest->len ? STATUS_OK : bad_proof(err, "its checkpoint is missing");
}

enum status audit_proof_check(struct span proof, struct span entry, const struct note_key *key,
                              uint64_t *ret_index, struct error *err)
{
    struct span rest = proof, line;
    struct merkle_proof hashes;
    struct checkpoint c;
    struct merkle_hash leaf;
    uint64_t index = 0;
    if (!begins_with(proof, PROOF_FIRST))
        return bad_proof(err, "its first line is not that of C2SP tlog-proof, version 1");
    take_line(&rest, &line);
    bool got = take_line(&rest, &line);
    if (got && begins_with(line, "extra ")) got = take_line(&rest, &line);
    if (!got || !parse_index(line, &index)) return bad_proof(err, "its index is missing");
    enum status st = parse_hashes(&rest, &hashes, err);
    if (!st) st = checkpoint_open(&c, rest, key, err);
    if (!st) st = merkle_leaf(entry, &leaf, err);
    if (st) return st;
    if (!merkle_check_inclusion(&leaf, index, c.size, hashes.hashes, hashes.count, &c.root))
        return error_set(err, STATUS_BAD_INPUT,
                         "the proof does not hold: this is not entry %" PRIu64 " of %s", index,
                         c.origin);
    *ret_index = index;
    return STATUS_OK;
}
