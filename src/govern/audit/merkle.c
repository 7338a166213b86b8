/* Roots and proofs over complete subtrees.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The leaves [begin, begin + count) of every recursion of the RFC begin at a multiple of the power of two
 * that is not below count, so each left half is one complete subtree, and the recursion is a loop. */
#include "govern/audit/merkle.h"

#include <assert.h>
#include <string.h>

static enum status digest_of(uint8_t prefix, const void *a, size_t a_len, const void *b,
                             size_t b_len, struct merkle_hash *ret, struct error *err)
{
    struct sha256 *s;
    enum status st = sha256_new(&s, err);
    if (st) return st;
    st = sha256_update(s, &prefix, 1, err);
    if (!st) st = sha256_update(s, a, a_len, err);
    if (!st) st = sha256_update(s, b, b_len, err);
    if (!st) st = sha256_final(s, ret->bytes, err);
    sha256_free(s);
    return st;
}

enum status merkle_leaf(struct span entry, struct merkle_hash *ret, struct error *err)
{
    return digest_of(0, entry.data, entry.len, NULL, 0, ret, err);
}

enum status merkle_parent(const struct merkle_hash *left, const struct merkle_hash *right,
                          struct merkle_hash *ret, struct error *err)
{
    uint8_t bytes[1 + 2 * SHA256_BYTES] = { 1 };
    memcpy(bytes + 1, left->bytes, SHA256_BYTES);
    memcpy(bytes + 1 + SHA256_BYTES, right->bytes, SHA256_BYTES);
    return sha256_of(bytes, sizeof bytes, ret->bytes, err);
}

bool merkle_equal(const struct merkle_hash *a, const struct merkle_hash *b)
{
    return memcmp(a->bytes, b->bytes, SHA256_BYTES) == 0;
}

/* The height of the largest complete left half of `count` > 1 leaves: 2^h < count <= 2^(h+1). */
static unsigned left_height(uint64_t count)
{
    return 63 - (unsigned)__builtin_clzll(count - 1);
}

/* Of the leaves [begin, begin + count), count > 0. */
static enum status range_hash(const struct merkle_source *s, uint64_t begin, uint64_t count,
                              struct merkle_hash *ret, struct error *err)
{
    struct merkle_hash lefts[64];
    size_t depth = 0;
    enum status st = STATUS_OK;
    while (!st && (count & (count - 1))) {
        unsigned h = left_height(count);
        st = s->node(s->ctx, h, begin >> h, &lefts[depth++], err);
        begin += (uint64_t)1 << h;
        count -= (uint64_t)1 << h;
    }
    unsigned h = (unsigned)__builtin_ctzll(count);
    struct merkle_hash hash;
    if (!st) st = s->node(s->ctx, h, begin >> h, &hash, err);
    while (!st && depth) {
        depth--;
        st = merkle_parent(&lefts[depth], &hash, &hash, err);
    }
    if (!st) *ret = hash;
    return st;
}

enum status merkle_root(const struct merkle_source *s, uint64_t size, struct merkle_hash *ret,
                        struct error *err)
{
    assert(size <= MERKLE_SIZE_MAX);
    if (size == 0) return sha256_of(NULL, 0, ret->bytes, err);
    return range_hash(s, 0, size, ret, err);
}

static void reverse(struct merkle_proof *p)
{
    for (size_t i = 0, j = p->count; i + 1 < j; i++) {
        struct merkle_hash swap = p->hashes[i];
        p->hashes[i] = p->hashes[--j];
        p->hashes[j] = swap;
    }
}

/* The RFC adds the sibling behind the deeper part of the proof: here they are found from the root down,
 * and turned around. */
enum status merkle_inclusion(const struct merkle_source *s, uint64_t index, uint64_t size,
                             struct merkle_proof *ret, struct error *err)
{
    assert(index < size && size <= MERKLE_SIZE_MAX);
    uint64_t begin = 0, count = size;
    enum status st = STATUS_OK;
    ret->count = 0;
    while (count > 1 && !st) {
        uint64_t left = (uint64_t)1 << left_height(count);
        struct merkle_hash *to = &ret->hashes[ret->count++];
        if (index - begin < left) {
            st = range_hash(s, begin + left, count - left, to, err);
            count = left;
        } else {
            st = range_hash(s, begin, left, to, err);
            begin += left;
            count -= left;
        }
    }
    reverse(ret);
    return st;
}

enum status merkle_consistency(const struct merkle_source *s, uint64_t old_size, uint64_t size,
                               struct merkle_proof *ret, struct error *err)
{
    assert(old_size <= size && size <= MERKLE_SIZE_MAX);
    uint64_t begin = 0, count = size;
    enum status st = STATUS_OK;
    ret->count = 0;
    if (old_size == 0 || old_size == size) return STATUS_OK;
    while (!st && old_size - begin != count) {
        uint64_t left = (uint64_t)1 << left_height(count);
        struct merkle_hash *to = &ret->hashes[ret->count++];
        if (old_size - begin <= left) {
            st = range_hash(s, begin + left, count - left, to, err);
            count = left;
        } else {
            st = range_hash(s, begin, left, to, err);
            begin += left;
            count -= left;
        }
    }
    /* The verifier knows the old root: it is left out where the old tree is this very subtree. */
    if (!st && begin > 0) st = range_hash(s, begin, count, &ret->hashes[ret->count++], err);
    reverse(ret);
    return st;
}

bool merkle_check_inclusion(const struct merkle_hash *leaf, uint64_t index, uint64_t size,
                            const struct merkle_hash *proof, size_t count,
                            const struct merkle_hash *root)
{
    if (index >= size) return false;
    uint64_t fn = index, sn = size - 1;
    struct merkle_hash r = *leaf;
    for (size_t i = 0; i < count; i++) {
        if (sn == 0) return false;
        if ((fn & 1) || fn == sn) {
            if (merkle_parent(&proof[i], &r, &r, NULL)) return false;
            while (!(fn & 1) && fn) {
                fn >>= 1;
                sn >>= 1;
            }
        } else if (merkle_parent(&r, &proof[i], &r, NULL)) return false;
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && merkle_equal(&r, root);
}

/* One hash of a consistency proof: fr grows into the old root, sr into the new one. */
static bool take_hash(const struct merkle_hash *c, uint64_t *fn, uint64_t *sn,
                      struct merkle_hash *fr, struct merkle_hash *sr)
{
    if (*sn == 0) return false;
    if ((*fn & 1) || *fn == *sn) {
        if (merkle_parent(c, fr, fr, NULL) || merkle_parent(c, sr, sr, NULL)) return false;
        while (!(*fn & 1) && *fn) {
            *fn >>= 1;
            *sn >>= 1;
        }
    } else if (merkle_parent(sr, c, sr, NULL)) return false;
    *fn >>= 1;
    *sn >>= 1;
    return true;
}

bool merkle_check_consistency(uint64_t old_size, const struct merkle_hash *old_root, uint64_t size,
                              const struct merkle_hash *root, const struct merkle_hash *proof,
                              size_t count)
{
    struct merkle_hash empty;
    if (old_size > size || sha256_of(NULL, 0, empty.bytes, NULL)) return false;
    if (old_size == 0) return count == 0 && merkle_equal(old_root, &empty);
    if (old_size == size) return count == 0 && merkle_equal(old_root, root);
    /* Where the old size is a power of two its root is the first hash. */
    bool whole = (old_size & (old_size - 1)) == 0;
    if (!whole && count == 0) return false;
    struct merkle_hash fr = whole ? *old_root : proof[0], sr = fr;
    uint64_t fn = old_size - 1, sn = size - 1;
    while (fn & 1) {
        fn >>= 1;
        sn >>= 1;
    }
    for (size_t i = whole ? 0 : 1; i < count; i++)
        if (!take_hash(&proof[i], &fn, &sn, &fr, &sr)) return false;
    return sn == 0 && merkle_equal(&fr, old_root) && merkle_equal(&sr, root);
}
