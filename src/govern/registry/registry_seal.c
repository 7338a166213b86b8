/* Seals: what registry.db says is believed where this program, with its keys, said it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A seal is an HMAC under the audit log's key of keyed hashes, which lies in a folder of its own. Labels tell the
 * tables apart, so that no row is taken for one of another kind. */
#include <string.h>

#include "govern/registry/registry_inner.h"

/* ---- what was hashed ---- */

static enum status seal_bytes(const struct registry *r, const char *label, struct span bytes,
                              uint8_t ret[SHA256_BYTES], struct error *err)
{
    char text[AUDIT_HASH_TEXT_BYTES];
    size_t hex = SHA256_HEX_BYTES - 1;
    enum status st = audit_hash(r->audit, label, bytes, text, err);
    if (st || sha256_from_hex(text + strlen(text) - hex, hex, ret)) return st;
    return error_set(err, STATUS_FAILED, "a keyed hash has another form");
}

enum status registry_seal(const struct registry *r, enum registry_sealed what,
                          const uint8_t identity[FILE_IDENTITY_BYTES],
                          const uint8_t digest[SHA256_BYTES], uint8_t ret[SHA256_BYTES],
                          struct error *err)
{
    static const char *const labels[] = { [REGISTRY_SEAL_STORED] = "registry: stored",
                                          [REGISTRY_SEAL_PENDING] = "registry: pending",
                                          [REGISTRY_SEAL_SEEN] = "registry: seen" };
    uint8_t bytes[FILE_IDENTITY_BYTES + SHA256_BYTES];
    memcpy(bytes, identity, FILE_IDENTITY_BYTES);
    memcpy(bytes + FILE_IDENTITY_BYTES, digest, SHA256_BYTES);
    return seal_bytes(r, labels[what], (struct span){ (const char *)bytes, sizeof bytes }, ret,
                      err);
}

/* ---- notes about models ---- */

enum note_kind { NOTE_ENTERED, NOTE_OUTCOME };

static enum status seal_note(const struct registry *r, enum note_kind kind, const char *alias,
                             struct span text, uint8_t ret[SHA256_BYTES], struct error *err)
{
    struct buf bytes = BUF_INIT(REGISTRY_OUTCOME_MAX + REGISTRY_ALIAS_MAX + 1);
    buf_append(&bytes, alias, strlen(alias) + 1); /* the zero ends it */
    buf_append(&bytes, text.data, text.len);
    enum status st = buf_check(&bytes, "a note of the registry", err);
    if (!st)
        st = seal_bytes(r, kind == NOTE_ENTERED ? "registry: entered" : "registry: outcome",
                        (struct span){ bytes.data, bytes.len }, ret, err);
    buf_release(&bytes);
    return st;
}

static enum status put_note(struct registry *r, enum note_kind kind, const char *alias,
                            struct span text, struct error *err)
{
    uint8_t seal[SHA256_BYTES];
    if (!r->audit) return STATUS_OK;
    enum status st = seal_note(r, kind, alias, text, seal, err);
    return st ? st : db_put_note(r->db, alias, kind, text, seal, err);
}

static enum status find_note(struct registry *r, enum note_kind kind, const char *alias,
                             struct buf *out, bool *ret_found, struct error *err)
{
    uint8_t wanted[SHA256_BYTES], found[SHA256_BYTES];
    size_t before = out->len;
    *ret_found = false;
    if (!r->audit) return STATUS_OK;
    enum status st = db_find_note(r->db, alias, kind, out, found, ret_found, err);
    if (st || !*ret_found) return st;
    st = seal_note(r, kind, alias, (struct span){ out->data + before, out->len - before }, wanted,
                   err);
    *ret_found = !st && memcmp(wanted, found, sizeof wanted) == 0;
    return st;
}

static void write_entered(struct buf *out, const struct registry_model *m)
{
    char hex[SHA256_HEX_BYTES];
    sha256_hex(m->digest, hex);
    buf_format(out, "%s %s", hex, m->main_file ? m->main_file : "");
}

enum status registry_note_entered(struct registry *r, const struct registry_model *m,
                                  struct error *err)
{
    struct buf text = BUF_INIT(REGISTRY_NAME_BYTES_MAX + 128);
    write_entered(&text, m);
    enum status st = buf_check(&text, "a note of the registry", err);
    if (!st) st = put_note(r, NOTE_ENTERED, m->alias, (struct span){ text.data, text.len }, err);
    buf_release(&text);
    return st;
}

enum status registry_was_entered(struct registry *r, const struct registry_model *m, bool *ret,
                                 struct error *err)
{
    struct buf wanted = BUF_INIT(REGISTRY_NAME_BYTES_MAX + 128);
    struct buf found = BUF_INIT(REGISTRY_OUTCOME_MAX);
    *ret = !r->audit;
    if (*ret) return STATUS_OK;
    write_entered(&wanted, m);
    enum status st = buf_check(&wanted, "a note of the registry", err);
    if (!st) st = find_note(r, NOTE_ENTERED, m->alias, &found, ret, err);
    *ret = !st && *ret && found.len == wanted.len && !memcmp(found.data, wanted.data, found.len);
    buf_release(&wanted);
    buf_release(&found);
    return st;
}

enum status registry_keep_outcome(struct registry *r, const char *alias, struct span text,
                                  struct error *err)
{
    return put_note(r, NOTE_OUTCOME, alias, text, err);
}

enum status registry_find_outcome(struct registry *r, const char *alias, struct buf *out,
                                  bool *ret_found, struct error *err)
{
    return find_note(r, NOTE_OUTCOME, alias, out, ret_found, err);
}
