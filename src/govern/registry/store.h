/* Bytes named by their digest.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A stored file is written under another name, and renamed when its digest is known, so that what lies under a
 * digest was hashed on its way there. Large files are on the disk when store_put returns; small ones when
 * store_flush does: a model can have thousands. */
#ifndef GOVERN_REGISTRY_STORE_H
#define GOVERN_REGISTRY_STORE_H

#include "base/core/digest.h"
#include "base/core/log.h"
#include "govern/registry/registry.h"

#define STORE_LARGE_BYTES ((uint64_t)1 << 20)

struct store {
    char home[REGISTRY_PATH_BYTES];
};

/* How far a long piece of work is: counts bytes over several files. */
struct store_meter {
    const struct progress *progress; /* NULL: nobody listens */
    const char *stage;
    uint64_t done, total;
};

enum status store_init(struct store *s, const char *home, struct error *err);
/* Copies the file behind `fd` (as a clone where the file system can) and hashes the copy. *ret_new: it was not
 * there before. STATUS_BAD_INPUT when the file is not `bytes` long. */
enum status store_put(const struct store *s, int fd, const char *name, uint64_t bytes,
                      struct store_meter *meter, uint8_t ret[SHA256_BYTES], bool *ret_new,
                      struct error *err);
/* The same for a file in the home's own file system, which is moved: nothing is left at `path`. */
enum status store_take(const struct store *s, const char *path, const char *name, uint64_t bytes,
                       struct store_meter *meter, uint8_t ret[SHA256_BYTES], bool *ret_new,
                       struct error *err);
enum status store_flush(const struct store *s, struct error *err);
/* Removes what writers left behind; only with the writers' lock. */
void store_sweep(const struct store *s);

/* A folder of our own with all that is in it; links are removed, never followed. */
void store_remove_tree(const char *path);

/* STATUS_NOT_FOUND when there is none. */
enum status store_open(const struct store *s, const uint8_t digest[SHA256_BYTES], int *ret_fd,
                       struct error *err);
/* Pages that somebody has mapped and changed go to the disk: after that another change shows in the file's times,
 * which the kernel sets only when a page that is clean is written to. Before a file is hashed. */
enum status store_settle(int fd, const char *name, struct error *err);
/* From the beginning to the end; the position of `fd` does not matter and is not moved. */
enum status store_hash(int fd, const char *name, struct store_meter *meter,
                       uint8_t ret[SHA256_BYTES], struct error *err);
/* Copies stored bytes to a new file. */
enum status store_copy_out(const struct store *s, const uint8_t digest[SHA256_BYTES],
                           const char *path, struct store_meter *meter, struct error *err);
enum status store_remove(const struct store *s, const uint8_t digest[SHA256_BYTES],
                         struct error *err);
/* Calls for each stored file; a status other than OK ends the walk. */
typedef enum status store_each_fn(void *ctx, const uint8_t digest[SHA256_BYTES], uint64_t bytes,
                                  struct error *err);
enum status store_each(const struct store *s, store_each_fn *each, void *ctx, struct error *err);

#endif
