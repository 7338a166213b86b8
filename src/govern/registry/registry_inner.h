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

/* The writers' lock; let go with durable_unlock. What others left unfinished is swept away. */
enum status registry_begin_writing(struct registry *r, int *ret_fd, struct error *err);
/* An entry {"alias", "digest", "files", "bytes", "source"} in the audit log, if there is one. */
enum status registry_log(struct registry *r, enum audit_kind kind, const struct registry_model *m,
                         struct error *err);
/* A stored file whose identity was noted after it was hashed. */
enum status registry_note_blob(struct registry *r, const uint8_t digest[SHA256_BYTES],
                               struct error *err);

#endif
