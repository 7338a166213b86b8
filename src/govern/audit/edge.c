/* The right edge of a tree.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/audit/edge.h"

#include <assert.h>

unsigned edge_width(const struct edge *e, int level)
{
    return (unsigned)(e->size >> (8 * level)) % TILE_WIDTH;
}

enum status edge_push(struct edge *e, const struct merkle_hash *leaf, edge_tile_fn *full, void *ctx,
                      struct error *err)
{
    struct merkle_hash hash = *leaf;
    if (e->size == MERKLE_SIZE_MAX)
        return error_set(err, STATUS_LIMIT, "the log holds as many entries as it can");
    for (int level = 0; level < TILE_LEVELS; level++) {
        unsigned at = edge_width(e, level);
        e->hashes[level][at] = hash;
        if (at + 1 < TILE_WIDTH) break;
        uint64_t n = e->size >> (8 * level) >> 8;
        enum status st = full(ctx, level, n, e->hashes[level], err);
        if (!st) st = tile_node(e->hashes[level], 8, 0, &hash, err);
        if (st) return st;
    }
    e->size++;
    return STATUS_OK;
}

/* Only the complete subtrees of the size's binary digits are asked for: they end at the edge. */
static enum status edge_node(void *ctx, unsigned height, uint64_t index, struct merkle_hash *ret,
                             struct error *err)
{
    const struct edge *e = ctx;
    unsigned level = height / 8, rest = height % 8;
    assert(level < TILE_LEVELS && index == (e->size >> height) - 1);
    return tile_node(e->hashes[level], rest, (unsigned)(index % (TILE_WIDTH >> rest)), ret, err);
}

enum status edge_root(const struct edge *e, struct merkle_hash *ret, struct error *err)
{
    struct merkle_source source = { edge_node, (void *)e };
    return merkle_root(&source, e->size, ret, err);
}
