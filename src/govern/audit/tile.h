/* Tiles and bundles: how a log lies in a folder (C2SP tlog-tiles).
 * SPDX-License-Identifier: Apache-2.0
 *
 *   tile/<level>/<n>[.p/<width>]     up to 256 hashes; level l holds roots of 256^l leaves
 *   tile/entries/<n>[.p/<width>]     up to 256 entries, each behind its length (uint16, big-endian)
 *
 * n is written in groups of three digits, all but the last behind an 'x': 1234067 is x001/x234/067. */
#ifndef GOVERN_AUDIT_TILE_H
#define GOVERN_AUDIT_TILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/span.h"
#include "base/core/status.h"
#include "govern/audit/merkle.h"

#define TILE_WIDTH            256
#define TILE_BYTES            (TILE_WIDTH * SHA256_BYTES)
#define TILE_LEVELS           8    /* 256^8 leaves are more than MERKLE_SIZE_MAX */
#define TILE_ENTRIES          (-1) /* as a level: the bundles */
#define TILE_PATH_BYTES       80
#define TILE_ENTRY_BYTES_MAX  65535
#define TILE_BUNDLE_BYTES_MAX ((size_t)TILE_WIDTH * (2 + TILE_ENTRY_BYTES_MAX))

/* The path below the log's folder; `width` from 1 to 256. */
void tile_path(char ret[TILE_PATH_BYTES], int level, uint64_t n, unsigned width);
/* "tile/0/000.p": where partial tiles of n lie. */
void tile_partial_folder(char ret[TILE_PATH_BYTES], int level, uint64_t n);
/* How many hashes the tile n of a level has in a tree of `size` leaves: 0 to 256. */
unsigned tile_width(int level, uint64_t n, uint64_t size);

/* Cuts a bundle into at least `width` entries, which borrow from it; there may be more. */
enum status tile_entries(struct span bundle, unsigned width, struct span ret[TILE_WIDTH],
                         struct error *err);
/* The hash of node (height, index) below one tile: `height` from 0 to 8 above the tile's own hashes. */
enum status tile_node(const struct merkle_hash *hashes, unsigned height, unsigned index,
                      struct merkle_hash *ret, struct error *err);

#endif
