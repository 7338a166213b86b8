/* The files of a log: where they lie, and reading them.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef GOVERN_AUDIT_LOG_FOLDER_H
#define GOVERN_AUDIT_LOG_FOLDER_H

#include "base/core/buf.h"
#include "govern/audit/tile.h"

#define LOG_CHECKPOINT "checkpoint"
#define LOG_KEY        "key" /* the verifier's key, as note.h writes one */
#define LOG_LOCK       "lock"
#define LOG_TEMPORARY  "temporary"

/* Both want a tree in which the tile has `width` hashes: read is the partial tile, or the full one that came
 * after it. STATUS_NOT_FOUND, or STATUS_BAD_INPUT for a file that is too short. */
enum status log_read_tile(const char *folder, int level, uint64_t n, unsigned width,
                          struct merkle_hash ret[TILE_WIDTH], struct error *err);
/* Replaces the content of `out`, from which the entries borrow; its ceiling is TILE_BUNDLE_BYTES_MAX. */
enum status log_read_entries(const char *folder, uint64_t n, unsigned width, struct buf *out,
                             struct span ret[TILE_WIDTH], struct error *err);

#endif
