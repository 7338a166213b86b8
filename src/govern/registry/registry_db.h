/* The tables of the registry, over SQLite: the only file that sees it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is read from the file is checked like anything from outside: names, sizes and digests must have their
 * form. A change is whole or not at all: db_begin, then db_commit or db_rollback. */
#ifndef GOVERN_REGISTRY_REGISTRY_DB_H
#define GOVERN_REGISTRY_REGISTRY_DB_H

#include "base/core/file.h"
#include "govern/registry/registry.h"

struct registry_db;

/* Makes the file and its tables, or brings older ones up to date. STATUS_UNSUPPORTED for a newer one. */
enum status db_open(struct registry_db **ret, const char *path, struct error *err);
void db_close(struct registry_db *db); /* NULL is fine */

enum status db_begin(struct registry_db *db, struct error *err);
enum status db_commit(struct registry_db *db, struct error *err);
void db_rollback(struct registry_db *db);

enum status db_put_model(struct registry_db *db, const struct registry_model *m, struct error *err);
/* STATUS_NOT_FOUND without words that suggest others. */
enum status db_find_model(struct registry_db *db, const char *alias, struct registry_model *ret,
                          struct error *err);
enum status db_remove_model(struct registry_db *db, const char *alias, struct error *err);
enum status db_aliases(struct registry_db *db, char ***ret, struct error *err);

/* Other revisions of a model: what it was before (the ones replaced last come first), and what stands ready to take
 * its place, of which there is one at most. */
enum db_revision { DB_FORMER, DB_STAGED };
enum status db_put_revision(struct registry_db *db, const struct registry_model *m,
                            enum db_revision state, int64_t replaced_ms, struct error *err);
/* The one behind `skip` others; STATUS_NOT_FOUND. */
enum status db_find_revision(struct registry_db *db, const char *alias, enum db_revision state,
                             size_t skip, struct registry_model *ret, struct error *err);
/* Without their files; up to REGISTRY_FORMERS_MAX. */
enum status db_formers(struct registry_db *db, const char *alias, struct registry_formers *ret,
                       struct error *err);
/* Forgets them; `alias` NULL: of all models. */
enum status db_forget_revisions(struct registry_db *db, const char *alias, enum db_revision state,
                                struct error *err);
/* Of both states. */
enum status db_forget_revision(struct registry_db *db, const char *alias,
                               const uint8_t digest[SHA256_BYTES], struct error *err);

/* A decision of the registry that a lock file may not hold yet, and the entry of the audit log that says so. */
struct db_unsettled {
    char alias[REGISTRY_ALIAS_MAX + 1], lock_path[REGISTRY_PATH_BYTES];
    uint64_t entry;
};
enum status db_put_unsettled(struct registry_db *db, const struct db_unsettled *u,
                             struct error *err);
enum status db_find_unsettled(struct registry_db *db, struct db_unsettled *ret, bool *ret_found,
                              struct error *err);
enum status db_forget_unsettled(struct registry_db *db, const struct db_unsettled *u,
                                struct error *err);

/* Whether some model, or another revision of one, has a file with this digest. */
enum status db_is_used(struct registry_db *db, const uint8_t digest[SHA256_BYTES], bool *ret,
                       struct error *err);

/* A digest that was found by hashing, and the seal (registry_seal) that says that this registry found it. The
 * tables hold what anybody may have written there: whoever reads one of these looks at the seal. */
struct db_sealed {
    uint8_t sha256[SHA256_BYTES], seal[SHA256_BYTES];
};

/* The seal of the identity (file.h) that a stored file had when it was hashed. */
enum status db_put_blob(struct registry_db *db, const uint8_t digest[SHA256_BYTES],
                        const uint8_t seal[SHA256_BYTES], struct error *err);
enum status db_find_blob(struct registry_db *db, const uint8_t digest[SHA256_BYTES],
                         uint8_t ret[SHA256_BYTES], bool *ret_found, struct error *err);
enum status db_forget_blob(struct registry_db *db, const uint8_t digest[SHA256_BYTES],
                           struct error *err);

/* The digest of a file outside the store, by the identity that it had when it was hashed. */
enum status db_put_seen(struct registry_db *db, const uint8_t identity[FILE_IDENTITY_BYTES],
                        const struct db_sealed *what, struct error *err);
enum status db_find_seen(struct registry_db *db, const uint8_t identity[FILE_IDENTITY_BYTES],
                         struct db_sealed *ret, bool *ret_found, struct error *err);
enum status db_clear_seen(struct registry_db *db, struct error *err);

/* What of an unfinished `add` is stored already: the identity of the file that was copied. */
enum status db_put_pending(struct registry_db *db, const uint8_t identity[FILE_IDENTITY_BYTES],
                           const struct db_sealed *what, struct error *err);
enum status db_find_pending(struct registry_db *db, const uint8_t identity[FILE_IDENTITY_BYTES],
                            struct db_sealed *ret, bool *ret_found, struct error *err);
enum status db_clear_pending(struct registry_db *db, struct error *err);

/* A text about a model, and its seal; one of each kind. */
enum status db_put_note(struct registry_db *db, const char *alias, int kind, struct span text,
                        const uint8_t seal[SHA256_BYTES], struct error *err);
enum status db_find_note(struct registry_db *db, const char *alias, int kind, struct buf *out,
                         uint8_t ret_seal[SHA256_BYTES], bool *ret_found, struct error *err);
enum status db_forget_notes(struct registry_db *db, const char *alias, struct error *err);

/* SQLite's own check of the file's structure. */
enum status db_check(struct registry_db *db, struct error *err);

#endif
