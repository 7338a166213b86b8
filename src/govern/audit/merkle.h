/* The Merkle tree of a log: roots, and proofs of inclusion and of consistency.
 * SPDX-License-Identifier: Apache-2.0
 *
 * RFC 9162, section 2.1 (the tree of RFC 6962) with SHA-256. A leaf is SHA256(0x00 || entry), a node
 * SHA256(0x01 || left || right), the empty tree SHA256 of nothing. A subtree is named by its height and
 * its place: node (h, i) covers the leaves from i << h to (i + 1) << h. Whoever asks for a root or a
 * proof says where the hashes of complete subtrees come from; checking needs nothing but the proof. */
#ifndef GOVERN_AUDIT_MERKLE_H
#define GOVERN_AUDIT_MERKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/digest.h"
#include "base/core/span.h"

#define MERKLE_PROOF_MAX 65           /* hashes */
#define MERKLE_SIZE_MAX  (1ull << 62) /* leaves */

struct merkle_hash {
    uint8_t bytes[SHA256_BYTES];
};

struct merkle_source {
    /* The hash of node (height, index), all of whose leaves are in the tree. */
    enum status (*node)(void *ctx, unsigned height, uint64_t index, struct merkle_hash *ret,
                        struct error *err);
    void *ctx;
};

struct merkle_proof {
    struct merkle_hash hashes[MERKLE_PROOF_MAX]; /* in the order of the RFC */
    size_t count;
};

enum status merkle_leaf(struct span entry, struct merkle_hash *ret, struct error *err);
enum status merkle_parent(const struct merkle_hash *left, const struct merkle_hash *right,
                          struct merkle_hash *ret, struct error *err);
bool merkle_equal(const struct merkle_hash *a, const struct merkle_hash *b);

/* Of the first `size` leaves. */
enum status merkle_root(const struct merkle_source *s, uint64_t size, struct merkle_hash *ret,
                        struct error *err);
/* That leaf `index` is in the tree of `size` leaves; index < size. */
enum status merkle_inclusion(const struct merkle_source *s, uint64_t index, uint64_t size,
                             struct merkle_proof *ret, struct error *err);
/* That the tree of `size` leaves begins with the one of `old_size`; old_size <= size. Empty where they are
 * equal or the old one is empty. */
enum status merkle_consistency(const struct merkle_source *s, uint64_t old_size, uint64_t size,
                               struct merkle_proof *ret, struct error *err);

/* RFC 9162, 2.1.3.2 and 2.1.4.2. A proof from outside may hold any count of hashes. */
bool merkle_check_inclusion(const struct merkle_hash *leaf, uint64_t index, uint64_t size,
                            const struct merkle_hash *proof, size_t count,
                            const struct merkle_hash *root);
bool merkle_check_consistency(uint64_t old_size, const struct merkle_hash *old_root, uint64_t size,
                              const struct merkle_hash *root, const struct merkle_hash *proof,
                              size_t count);

#endif
