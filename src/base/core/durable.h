/* Folders and files that are on the disk when a call returns, and locks between processes.
 * SPDX-License-Identifier: Apache-2.0
 *
 * For stores that promise to lose nothing: contents are synced before a name points at them, and the
 * folder that holds the name after that. Everything made is for its owner only unless a mode says more. */
#ifndef BASE_CORE_DURABLE_H
#define BASE_CORE_DURABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/core/status.h"

/* Makes the folder and what is missing above it (mode 0700), each synced into its parent. */
enum status durable_folder(const char *path, struct error *err);
/* The entries of the folder: names that were made, replaced or removed. */
enum status durable_sync_folder(const char *path, struct error *err);
/* Writes `temporary` (in the same file system, replaced if it is there), syncs it, renames it to `path` and
 * syncs the folder of `path`. `mode` such as 0600. */
enum status durable_write(const char *path, const char *temporary, const void *bytes, size_t len,
                          unsigned mode, struct error *err);
/* Renames within one file system and syncs the folder of `to`. */
enum status durable_rename(const char *from, const char *to, struct error *err);

/* Takes the lock of a file, which is made if missing; one holder at a time, in whatever process. Waits at
 * most `wait_ms`, then STATUS_FAILED. The kernel lets go of it when the holder dies. */
enum status durable_lock(int *ret_fd, const char *path, int wait_ms, struct error *err);
void durable_unlock(int fd); /* a negative one is fine */

#endif
