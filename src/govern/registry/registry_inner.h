/* The registry's own struct, shared by registry_*.c only.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef GOVERN_REGISTRY_REGISTRY_INNER_H
#define GOVERN_REGISTRY_REGISTRY_INNER_H

#include "base/core/json_write.h"
#include "govern/registry/registry_db.h"
#include "govern/registry/store.h"

struct registry {
    struct store store;
    struct registry_db *db;
    struct audit *audit; /* borrowed; NULL: nothing is logged */
    char lock_path[REGISTRY_PATH_BYTES], writers_path[REGISTRY_PATH_BYTES];
};

#define REGISTRY_WRITERS_WAIT_MS 2000

/* The writers' lock; let go with durable_unlock. What others left unfinished is swept away. */
enum status registry_begin_writing(struct registry *r, int *ret_fd, struct error *err);
/* An entry {"alias", "digest", "files", "bytes", "source"} in the audit log, if there is one. *ret_entry (may be
 * NULL): its index. */
enum status registry_log(struct registry *r, enum audit_kind kind, const struct registry_model *m,
                         uint64_t *ret_entry, struct error *err);
/* What registry.db says of hashed files is believed only with a seal under the key of keyed hashes, which lies apart
 * (govern/audit): who can write the tables, and no more, cannot say that a file was hashed. `what` tells the
 * tables apart. A registry without an audit log has no key: it remembers nothing, and hashes. */
enum registry_sealed { REGISTRY_SEAL_STORED, REGISTRY_SEAL_PENDING, REGISTRY_SEAL_SEEN };
enum status registry_seal(const struct registry *r, enum registry_sealed what,
                          const uint8_t identity[FILE_IDENTITY_BYTES],
                          const uint8_t digest[SHA256_BYTES], uint8_t ret[SHA256_BYTES],
                          struct error *err);
/* That the model with this alias is this one: said in the transaction that makes it so. */
enum status registry_note_entered(struct registry *r, const struct registry_model *m,
                                  struct error *err);
/* A stored file that had this identity when its bytes were those of the digest. */
enum status registry_note_stored(struct registry *r, const uint8_t identity[FILE_IDENTITY_BYTES],
                                 const uint8_t digest[SHA256_BYTES], struct error *err);

/* In the transaction of a decision: the lock does not hold it yet. `entry` of the audit log says it, too. */
enum status registry_put_unsettled(struct registry *r, const char *alias, uint64_t entry,
                                   struct error *err);
/* Behind it: writes the pin, or takes it out (m NULL). With the writers' lock. */
enum status registry_write_pin(struct registry *r, const char *alias,
                               const struct registry_model *m, uint64_t entry, struct error *err);
/* Writes what locks lack because a process was killed. `locked`: the caller has the writers' lock. */
void registry_settle(struct registry *r, bool locked);
/* Bytes of the model that nothing in the registry names. With the writers' lock. */
void registry_drop_unused(struct registry *r, const struct registry_model *m);

#endif
