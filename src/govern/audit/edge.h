/* The right edge of a tree that grows: what is needed to add a leaf and to know the root.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef GOVERN_AUDIT_EDGE_H
#define GOVERN_AUDIT_EDGE_H

#include "govern/audit/tile.h"

/* hashes[l] is the unfinished tile of level l; it holds (size >> 8 l) % 256 hashes. 64 KiB. */
struct edge {
    uint64_t size;
    struct merkle_hash hashes[TILE_LEVELS][TILE_WIDTH];
};

/* Called with each tile that a leaf completes. */
typedef enum status edge_tile_fn(void *ctx, int level, uint64_t n, const struct merkle_hash *hashes,
                                 struct error *err);

unsigned edge_width(const struct edge *e, int level);
enum status edge_push(struct edge *e, const struct merkle_hash *leaf, edge_tile_fn *full, void *ctx,
                      struct error *err);
enum status edge_root(const struct edge *e, struct merkle_hash *ret, struct error *err);

#endif
