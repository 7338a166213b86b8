/* Merkle trees against proofs that the RFC's own recursion made (tests/vectors/make_merkle.py).
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/audit/merkle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/json.h"
#include "govern/audit/edge.h"
#include "support/fixture.h"

#define LEAVES_MAX 70000

struct vectors {
    struct buf text;
    struct json_doc *doc;
    struct merkle_hash *leaves;
};

static int setup(void **state)
{
    static struct vectors v;
    struct error err;
    v.text = fixture_read(fixture_source("tests/vectors/merkle.json"));
    if (json_parse(&v.doc, v.text.data, v.text.len, v.text.len, "merkle.json", &err)) return -1;
    v.leaves = calloc(LEAVES_MAX, sizeof *v.leaves);
    for (int i = 0; i < LEAVES_MAX; i++) {
        char entry[32];
        int n = snprintf(entry, sizeof entry, "leaf %d", i);
        if (merkle_leaf((struct span){ entry, (size_t)n }, &v.leaves[i], &err)) return -1;
    }
    *state = &v;
    return 0;
}

static int teardown(void **state)
{
    struct vectors *v = *state;
    free(v->leaves);
    json_doc_free(v->doc);
    buf_release(&v->text);
    return 0;
}

/* Complete subtrees, hashed anew each time. */
static enum status node(void *ctx, unsigned height, uint64_t index, struct merkle_hash *ret,
                        struct error *err)
{
    const struct merkle_hash *leaves = ctx;
    if (height <= 8) return tile_node(leaves + (index << height), height, 0, ret, err);
    struct merkle_hash left, right;
    enum status st = node(ctx, height - 1, 2 * index, &left, err);
    if (!st) st = node(ctx, height - 1, 2 * index + 1, &right, err);
    return st ? st : merkle_parent(&left, &right, ret, err);
}

static struct merkle_hash hash_of(const struct json *hex)
{
    struct merkle_hash h;
    struct span s = json_string(hex);
    assert_true(sha256_from_hex(s.data, s.len, h.bytes));
    return h;
}

static const struct json *root_of(const struct vectors *v, int64_t size)
{
    const struct json *roots = json_get(json_root(v->doc), "roots");
    for (size_t i = 0; i < json_length(roots); i++)
        if (json_int(json_get(json_at(roots, i), "size"), -1) == size)
            return json_get(json_at(roots, i), "root");
    fail_msg("no root of size %lld", (long long)size);
    return NULL;
}

static void test_roots(void **state)
{
    struct vectors *v = *state;
    struct merkle_source source = { node, v->leaves };
    const struct json *roots = json_get(json_root(v->doc), "roots");
    assert_true(json_length(roots) > 20);
    for (size_t i = 0; i < json_length(roots); i++) {
        struct merkle_hash got, want = hash_of(json_get(json_at(roots, i), "root"));
        uint64_t size = (uint64_t)json_int(json_get(json_at(roots, i), "size"), -1);
        assert_int_equal(merkle_root(&source, size, &got, NULL), STATUS_OK);
        if (!merkle_equal(&got, &want))
            fail_msg("another root of size %llu", (unsigned long long)size);
    }
}

static enum status count_tile(void *ctx, int level, uint64_t n, const struct merkle_hash *hashes,
                              struct error *err)
{
    int *counts = ctx;
    assert_int_equal(n, counts[level]);
    counts[level]++;
    return STATUS_OK;
}

/* The edge of a growing tree knows each root on the way. */
static void test_edge(void **state)
{
    struct vectors *v = *state;
    struct edge *e = calloc(1, sizeof *e);
    const struct json *roots = json_get(json_root(v->doc), "roots");
    int counts[TILE_LEVELS] = { 0 };
    for (size_t i = 0; i < json_length(roots); i++) {
        struct merkle_hash got, want = hash_of(json_get(json_at(roots, i), "root"));
        uint64_t size = (uint64_t)json_int(json_get(json_at(roots, i), "size"), -1);
        while (e->size < size)
            assert_int_equal(edge_push(e, &v->leaves[e->size], count_tile, counts, NULL), 0);
        assert_int_equal(edge_root(e, &got, NULL), STATUS_OK);
        if (!merkle_equal(&got, &want))
            fail_msg("another root of size %llu", (unsigned long long)size);
    }
    /* C2SP tlog-tiles names the tiles of a tree of 70,000 */
    assert_int_equal(counts[0], 273);
    assert_int_equal(counts[1], 1);
    assert_int_equal(counts[2], 0);
    assert_int_equal(edge_width(e, 0), 112);
    assert_int_equal(edge_width(e, 1), 17);
    assert_int_equal(edge_width(e, 2), 1);
    free(e);
}

static size_t read_proof(const struct json *list, struct merkle_proof *ret)
{
    assert_true(json_length(list) <= MERKLE_PROOF_MAX);
    for (ret->count = 0; ret->count < json_length(list); ret->count++)
        ret->hashes[ret->count] = hash_of(json_at(list, ret->count));
    return ret->count;
}

static void assert_same_proof(const struct merkle_proof *got, const struct merkle_proof *want)
{
    assert_int_equal(got->count, want->count);
    for (size_t i = 0; i < want->count; i++)
        assert_memory_equal(&got->hashes[i], &want->hashes[i], SHA256_BYTES);
}

static void test_inclusion(void **state)
{
    struct vectors *v = *state;
    struct merkle_source source = { node, v->leaves };
    const struct json *list = json_get(json_root(v->doc), "inclusion");
    assert_true(json_length(list) > 100);
    for (size_t i = 0; i < json_length(list); i++) {
        const struct json *c = json_at(list, i);
        struct merkle_proof want, got;
        int64_t index = json_int(json_get(c, "index"), -1),
                size = json_int(json_get(c, "size"), -1);
        struct merkle_hash root = hash_of(root_of(v, size)), wrong;
        read_proof(json_get(c, "proof"), &want);
        assert_int_equal(merkle_inclusion(&source, (uint64_t)index, (uint64_t)size, &got, NULL), 0);
        assert_same_proof(&got, &want);
        const struct merkle_hash *leaf = &v->leaves[index], *p = want.hashes;
        uint64_t at = (uint64_t)index, of = (uint64_t)size;
        assert_true(merkle_check_inclusion(leaf, at, of, p, want.count, &root));
        assert_false(merkle_check_inclusion(&root, at, of, p, want.count, leaf) && of > 1);
        assert_false(merkle_check_inclusion(leaf, at, of, p, want.count + 1, &root));
        if (want.count)
            assert_false(merkle_check_inclusion(leaf, at, of, p, want.count - 1, &root));
        assert_false(merkle_check_inclusion(leaf, of, of, p, want.count, &root));
        for (size_t k = 0; k < want.count; k++) {
            wrong = want.hashes[k];
            want.hashes[k].bytes[k % SHA256_BYTES] ^= 1;
            assert_false(merkle_check_inclusion(leaf, at, of, p, want.count, &root));
            want.hashes[k] = wrong;
        }
        wrong = root;
        wrong.bytes[31] ^= 0x80;
        assert_false(merkle_check_inclusion(leaf, at, of, p, want.count, &wrong));
    }
}

static void test_consistency(void **state)
{
    struct vectors *v = *state;
    struct merkle_source source = { node, v->leaves };
    const struct json *list = json_get(json_root(v->doc), "consistency");
    assert_true(json_length(list) > 80);
    for (size_t i = 0; i < json_length(list); i++) {
        const struct json *c = json_at(list, i);
        struct merkle_proof want, got;
        uint64_t old = (uint64_t)json_int(json_get(c, "old"), -1);
        uint64_t size = (uint64_t)json_int(json_get(c, "size"), -1);
        struct merkle_hash root = hash_of(root_of(v, (int64_t)size)), wrong;
        struct merkle_hash old_root = hash_of(json_get(c, "old_root"));
        read_proof(json_get(c, "proof"), &want);
        assert_int_equal(merkle_consistency(&source, old, size, &got, NULL), STATUS_OK);
        assert_same_proof(&got, &want);
        const struct merkle_hash *p = want.hashes;
        assert_true(merkle_check_consistency(old, &old_root, size, &root, p, want.count));
        wrong = old_root;
        wrong.bytes[0] ^= 1;
        assert_false(merkle_check_consistency(old, &wrong, size, &root, p, want.count));
        assert_false(merkle_check_consistency(size + 1, &old_root, size, &root, p, want.count));
        if (old == size) continue;
        assert_false(merkle_check_consistency(old, &old_root, size, &old_root, p, want.count));
        assert_false(merkle_check_consistency(old, &old_root, size, &root, p, want.count - 1));
        for (size_t k = 0; k < want.count; k++) {
            want.hashes[k].bytes[k % SHA256_BYTES] ^= 1;
            assert_false(merkle_check_consistency(old, &old_root, size, &root, p, want.count));
            want.hashes[k].bytes[k % SHA256_BYTES] ^= 1;
        }
    }
}

static void test_empty_old_tree(void **state)
{
    struct vectors *v = *state;
    struct merkle_hash empty = hash_of(root_of(v, 0)), root = hash_of(root_of(v, 7));
    assert_true(merkle_check_consistency(0, &empty, 7, &root, NULL, 0));
    assert_false(merkle_check_consistency(0, &root, 7, &root, NULL, 0));
    assert_false(merkle_check_consistency(0, &empty, 7, &root, &root, 1));
}

static void test_tile_names(void **state)
{
    static const struct {
        int level;
        uint64_t n;
        unsigned width;
        const char *path;
    } cases[] = {
        { 0, 0, 256, "tile/0/000" },
        { 0, 0, 1, "tile/0/000.p/1" },
        { 1, 999, 255, "tile/1/999.p/255" },
        { 2, 1000, 256, "tile/2/x001/000" },
        { 0, 1234067, 256, "tile/0/x001/x234/067" },
        { TILE_ENTRIES, 1234067, 8, "tile/entries/x001/x234/067.p/8" },
        { 7, UINT64_MAX, 17, "tile/7/x018/x446/x744/x073/x709/x551/615.p/17" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[TILE_PATH_BYTES];
        tile_path(path, cases[i].level, cases[i].n, cases[i].width);
        assert_string_equal(path, cases[i].path);
    }
    assert_int_equal(tile_width(0, 273, 70000), 112);
    assert_int_equal(tile_width(TILE_ENTRIES, 272, 70000), 256);
    assert_int_equal(tile_width(1, 1, 70000), 17);
    assert_int_equal(tile_width(2, 0, 70000), 1);
    assert_int_equal(tile_width(3, 0, 70000), 0);
    assert_int_equal(tile_width(0, 274, 70000), 0);
}

static void test_bundles(void **state)
{
    struct span entries[TILE_WIDTH];
    char many[3 * 257];
    memset(many, 0, sizeof many);
    for (int i = 0; i < 257; i++)
        many[3 * i + 1] = 1;
    assert_int_equal(tile_entries((struct span){ "\0\2ab\0\0\0\1c", 9 }, 3, entries, NULL), 0);
    assert_int_equal(entries[0].len, 2);
    assert_int_equal(entries[1].len, 0);
    assert_memory_equal(entries[2].data, "c", 1);
    /* more than the checkpoint needs may be there, never less */
    assert_int_equal(tile_entries((struct span){ "\0\2ab\0\0", 6 }, 1, entries, NULL), 0);
    assert_int_equal(tile_entries((struct span){ "\0\2ab", 4 }, 2, entries, NULL),
                     STATUS_BAD_INPUT);
    assert_int_equal(tile_entries((struct span){ "\0\2a", 3 }, 1, entries, NULL), STATUS_BAD_INPUT);
    assert_int_equal(tile_entries((struct span){ "\0", 1 }, 1, entries, NULL), STATUS_BAD_INPUT);
    assert_int_equal(tile_entries((struct span){ NULL, 0 }, 0, entries, NULL), STATUS_OK);
    assert_int_equal(tile_entries((struct span){ many, 3 * 256 }, 256, entries, NULL), STATUS_OK);
    assert_int_equal(tile_entries((struct span){ many, 3 * 257 }, 256, entries, NULL),
                     STATUS_BAD_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roots),          cmocka_unit_test(test_edge),
        cmocka_unit_test(test_inclusion),      cmocka_unit_test(test_consistency),
        cmocka_unit_test(test_empty_old_tree), cmocka_unit_test(test_tile_names),
        cmocka_unit_test(test_bundles),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
