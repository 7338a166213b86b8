/* The GGUF reader against files of other writers, good and bad.
 * SPDX-License-Identifier: Apache-2.0 */
#include "support/damage.h"
#include "support/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/file.h"
#include "base/core/mem.h"
#include "lm/format/config.h"
#include "lm/format/gguf.h"
#include "lm/format/safetensors.h"

static struct gguf *open_or_fail(const char *path)
{
    struct gguf *g = NULL;
    struct error err;
    if (gguf_open(&g, path, &err)) fail_msg("%s: %s", path, err.text);
    return g;
}

/* ---- golden/gguf/bad: one defect each, and the words that name it ---- */

enum room { FORMAT, CONFIG, MODEL };

/* CONFIG: seen when the configuration is read, test_config. MODEL: seen when lm/model, which knows
 * what an architecture needs, looks at keys and tensors; its own test drives those. */
static const struct {
    const char *name, *words;
    enum room room;
} bad[] = {
    { "empty", "empty", FORMAT },
    { "magic-only", "ends inside the header", FORMAT },
    { "bad-magic", "not \"GGUF\"", FORMAT },
    { "version-1", "version 1", FORMAT },
    { "version-99", "version 99", FORMAT },
    { "big-endian", "big-endian", FORMAT },
    { "truncated-header", "do not fit", FORMAT },
    { "truncated-tensor-info", "not downloaded completely", FORMAT },
    { "truncated-data", "not downloaded completely", FORMAT },
    { "tensor-count-too-large", "tensor 11 of 16", FORMAT },
    { "tensor-count-huge", "2305843009213693952 tensors", FORMAT },
    { "kv-count-too-large", "tensor 0 of 11", FORMAT },
    { "kv-count-too-small", "tokenizer.ggml.add_bos_token has 7 dimensions", FORMAT },
    { "kv-count-huge", "4611686018427387904 keys", FORMAT },
    { "key-length-huge", "name of key 26", FORMAT },
    { "string-length-huge", "x.note: a string of 18446744073709551615 bytes", FORMAT },
    { "array-count-huge", "x.list: 4611686018427387904 items", FORMAT },
    { "array-of-strings-short", "x.list: a string of", FORMAT },
    { "nested-array", "array of arrays", FORMAT },
    { "nested-array-deep", "array of arrays", FORMAT },
    { "unknown-value-type", "value type 99", FORMAT },
    { "bool-two", "x.flag: a bool has the value 2", FORMAT },
    { "duplicate-key", "llama.block_count is there twice", FORMAT },
    { "empty-key", "empty name", FORMAT },
    { "alignment-zero", "general.alignment is 0", FORMAT },
    { "alignment-33", "general.alignment is 33", FORMAT },
    { "alignment-huge", "general.alignment is 2147483648", FORMAT },
    { "alignment-string", "general.alignment is of type string", FORMAT },
    { "duplicate-tensor", "there twice", FORMAT },
    { "tensor-name-empty", "empty name", FORMAT },
    { "tensor-name-long", "200 bytes", FORMAT },
    { "dims-product-overflow", "overflows", FORMAT },
    { "dims-bytes-overflow", "needs 9223372036854775808 bytes", FORMAT },
    { "dims-negative", "dimension 0 is 9223372036854775808", FORMAT },
    { "dims-zero", "dimension 0 is 0", FORMAT },
    { "dims-larger-than-data", "needs 134217728 bytes", FORMAT },
    { "n-dims-zero", "0 dimensions", FORMAT },
    { "n-dims-five", "5 dimensions", FORMAT },
    { "n-dims-huge", "4294967295 dimensions", FORMAT },
    { "unknown-tensor-type", "type 200", FORMAT },
    { "removed-tensor-type", "Q4_2", FORMAT },
    { "row-not-whole-blocks", "whole blocks of Q4_K", FORMAT },
    { "offset-outside", "offset 1099511627776", FORMAT },
    { "offset-wraps", "offset 18446744073709551584", FORMAT },
    { "offset-misaligned", "offset 7", FORMAT },
    { "tensors-overlap", "offset 0, it must be", FORMAT },
    { "no-architecture", "general.architecture is missing", CONFIG },
    { "token-id-outside", "eos_token_id is 1000000", CONFIG },
    { "unknown-architecture", "", MODEL },
    { "block-count-huge", "", MODEL },
    { "block-count-string", "", MODEL },
    { "head-count-zero", "", MODEL },
    { "missing-tensor", "", MODEL },
    { "shape-mismatch", "", MODEL },
    { "vocab-mismatch", "", MODEL },
};

static enum status read_config(const char *path, struct error *err)
{
    struct source *s;
    struct config c;
    struct generation_config generation;
    enum status st = source_open(&s, path, err);
    if (st) return st;
    if (!(st = config_init(&c, s, err))) {
        st = config_generation(&c, &generation, err);
        config_release(&c);
    }
    source_close(s);
    return st;
}

static bool check_bad(const char *path, const char *words, enum room room)
{
    struct gguf *g = NULL;
    struct error err = { 0 };
    enum status st = gguf_open(&g, path, &err);
    if (!st) gguf_close(g);
    if ((room == FORMAT) != (st != STATUS_OK)) return false;
    if (room == CONFIG) st = read_config(path, &err);
    return room == MODEL || (st && strstr(err.text, words));
}

static void bad_files(void **state)
{
    size_t wrong = 0, listed = 0, count;
    char **names;
    struct error err;
    const char *folder = FIXTURE("golden/gguf/bad");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s.gguf", folder, bad[i].name);
        if (check_bad(path, bad[i].words, bad[i].room)) continue;
        print_error("%s: not refused with \"%s\"\n", bad[i].name, bad[i].words);
        wrong++;
    }
    assert_int_equal(file_list(&names, &count, folder, &err), STATUS_OK);
    for (size_t i = 0; i < count; i++)
        listed += strstr(names[i], ".gguf") != NULL;
    file_list_free(names, count);
    assert_int_equal(wrong, 0);
    assert_int_equal(listed, sizeof bad / sizeof *bad); /* a new file needs a line here */
}

/* ---- golden/gguf/forms ---- */

static void assert_same_tensors(const struct gguf *a, const struct gguf *b)
{
    assert_int_equal(gguf_tensor_count(a), gguf_tensor_count(b));
    for (size_t i = 0; i < gguf_tensor_count(a); i++) {
        const struct tensor_view *v = &gguf_tensor(a, i)->view;
        char name[64] = { 0 };
        memcpy(name, gguf_tensor(a, i)->name.data, gguf_tensor(a, i)->name.len);
        const struct gguf_tensor *other = gguf_find_tensor(b, name);
        assert_non_null(other);
        assert_int_equal(v->type, other->view.type);
        assert_int_equal(v->rows, other->view.rows);
        assert_int_equal(v->cols, other->view.cols);
        assert_memory_equal(v->data, other->view.data, (size_t)v->rows * v->row_bytes);
    }
}

static void other_forms(void **state)
{
    static const struct {
        const char *form, *plain;
        uint32_t version;
        size_t parts;
    } forms[] = {
        { "forms/tiny-v2.gguf", "forms/tiny.gguf", 2, 1 },
        { "forms/tiny-align8.gguf", "forms/tiny.gguf", 3, 1 },
        { "forms/tiny-align64.gguf", "forms/tiny.gguf", 3, 1 },
        { "forms/tiny-unknown-keys.gguf", "forms/tiny.gguf", 3, 1 },
        { "forms/llama3-bf16-split-00001-of-00003.gguf", "llama3-bf16.gguf", 3, 3 },
        { "forms/llama3-bf16-split-00002-of-00003.gguf", "llama3-bf16.gguf", 3, 3 },
        { "forms/llama3-bf16-split-00003-of-00003.gguf", "llama3-bf16.gguf", 3, 3 },
        { "forms/qwen3-bf16-split-empty-first-00001-of-00003.gguf", "qwen3-bf16.gguf", 3, 3 },
        { "forms/qwen3-bf16-split-empty-first-00003-of-00003.gguf", "qwen3-bf16.gguf", 3, 3 },
    };
    char path[128];
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        snprintf(path, sizeof path, "golden/gguf/%s", forms[i].form);
        struct gguf *g = open_or_fail(FIXTURE(path));
        snprintf(path, sizeof path, "golden/gguf/%s", forms[i].plain);
        struct gguf *plain = open_or_fail(FIXTURE(path));
        assert_int_equal(gguf_version(g), forms[i].version);
        assert_int_equal(gguf_part_count(g), forms[i].parts);
        assert_same_tensors(g, plain);
        gguf_close(g);
        gguf_close(plain);
    }
}

static struct gguf_value value_of(const struct gguf *g, const char *key)
{
    struct gguf_value v = { 0 };
    if (!gguf_find(g, key, &v)) fail_msg("key %s is missing", key);
    return v;
}

/* Values as the gguf package of the file's writer prints them. */
static void values_of_every_type(void **state)
{
    static const struct {
        const char *key;
        int64_t value;
    } ints[] = {
        { "x.u8", 255 },
        { "x.i8", -128 },
        { "x.u16", 65535 },
        { "x.i16", -32768 },
        { "x.i32", INT32_MIN },
        { "x.i64", INT64_MIN },
        { "llama.block_count", 1 },
    };
    struct gguf *g = open_or_fail(FIXTURE("golden/gguf/forms/tiny-unknown-keys.gguf"));
    struct gguf_value v;
    struct span text;
    int64_t n = 7;
    double x = 0;
    bool flag = false;
    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++) {
        v = value_of(g, ints[i].key);
        assert_true(gguf_int(&v, &n));
        assert_true(n == ints[i].value);
        assert_true(gguf_number(&v, &x));
        assert_true(x == (double)ints[i].value);
        assert_false(gguf_bool(&v, &flag));
        assert_false(gguf_string(&v, &text));
    }
    v = value_of(g, "x.u64"); /* 2^64-1 does not fit */
    assert_false(gguf_int(&v, &n));
    v = value_of(g, "x.f64");
    assert_true(gguf_number(&v, &x) && x == 0.1);
    assert_false(gguf_int(&v, &n));
    v = value_of(g, "x.bool");
    assert_true(gguf_bool(&v, &flag) && flag);
    assert_false(gguf_int(&v, &n));
    v = value_of(g, "x.empty");
    assert_true(gguf_string(&v, &text) && text.len == 0);
    gguf_close(g);
}

static void arrays_of_every_kind(void **state)
{
    struct gguf *g = open_or_fail(FIXTURE("golden/gguf/forms/tiny-unknown-keys.gguf"));
    static const char *const texts[] = { "a", "", "\xc3\xbc\xe4\xb8\xad" };
    struct gguf_strings walk = { .array = value_of(g, "x.strings") };
    struct span text;
    int64_t n = 0;
    double x = 0;
    for (size_t i = 0; i < 3; i++) {
        assert_true(gguf_strings_next(&walk, &text));
        assert_true(span_equals(text, texts[i]));
    }
    assert_false(gguf_strings_next(&walk, &text));
    struct gguf_value v = value_of(g, "x.none");
    assert_int_equal(v.count, 0);
    assert_false(gguf_number_at(&v, 0, &x));
    v = value_of(g, "x.bools");
    assert_true(gguf_int_at(&v, 1, &n) && n == 1);
    assert_false(gguf_int_at(&v, 2, &n));
    v = value_of(g, "x.f32s");
    assert_true(gguf_number_at(&v, 1, &x) && x == -2.25);
    walk = (struct gguf_strings){ .array = v };
    assert_false(gguf_strings_next(&walk, &text));
    gguf_close(g);
}

/* ---- against the safetensors the converter read ---- */

static void same_bytes_as_safetensors(void **state)
{
    static const struct {
        const char *gguf, *hf;
    } pairs[] = {
        { "token_embd.weight", "model.embed_tokens.weight" },
        { "output_norm.weight", "model.norm.weight" },
        { "blk.0.ffn_up.weight", "model.layers.0.mlp.up_proj.weight" },
        { "blk.1.ffn_down.weight", "model.layers.1.mlp.down_proj.weight" },
    };
    struct gguf *g = open_or_fail(FIXTURE("golden/gguf/qwen3-bf16.gguf"));
    struct safetensors *s;
    struct error err;
    size_t compared = 0;
    if (safetensors_open(&s, FIXTURE("golden/models/qwen3-bf16/model.safetensors"), &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < 4; i++) {
        const struct gguf_tensor *a = gguf_find_tensor(g, pairs[i].gguf);
        const struct safetensors_tensor *b = safetensors_find(s, pairs[i].hf);
        assert_non_null(a);
        assert_non_null(b);
        assert_int_equal(a->view.cols, b->view.cols);
        assert_int_equal(a->view.rows, b->view.rows);
        if (a->view.type != b->view.type) continue; /* norms are stored as F32 */
        assert_memory_equal(a->view.data, b->view.data, b->bytes);
        compared++;
    }
    assert_int_equal(compared, 3);
    assert_null(gguf_find_tensor(g, "blk.0"));
    assert_null(gguf_find_tensor(g, ""));
    safetensors_close(s);
    gguf_close(g);
}

/* ---- damage ---- */

static enum status open_bytes(const char *bytes, size_t len)
{
    struct gguf *g;
    enum status st = gguf_open_bytes(&g, bytes, len, "copy", NULL);
    if (!st) gguf_close(g);
    return st;
}

static void every_truncation_is_refused(void **state)
{
    struct buf whole = fixture_read(fixture_source("tests/golden/gguf/ok-plain.gguf"));
    damage_cut(&whole, 20, open_bytes); /* the last 20 bytes are padding */
    buf_release(&whole);
}

static void every_changed_byte_is_survived(void **state)
{
    struct buf whole = fixture_read(fixture_source("tests/golden/gguf/ok-plain.gguf"));
    damage_change(&whole, 100, open_bytes);
    buf_release(&whole);
}

/* ---- many names ---- */

static void put(struct buf *b, uint64_t v, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        buf_byte(b, (char)(v >> (8 * i)));
}

/* A quadratic search would take minutes. */
static void many_tensors_are_fast(void **state)
{
    enum { COUNT = 300000 };
    struct buf b = BUF_INIT((size_t)1 << 26);
    struct gguf *g;
    struct error err;
    char name[32];
    buf_text(&b, "GGUF");
    put(&b, 3, 4);
    put(&b, COUNT, 8);
    put(&b, 0, 8);
    for (uint64_t i = 0; i < COUNT; i++) {
        int len = snprintf(name, sizeof name, "t.%u", (unsigned)i);
        put(&b, (uint64_t)len, 8);
        buf_text(&b, name);
        put(&b, 1, 4);
        put(&b, 32, 8);
        put(&b, 24, 4); /* I8 */
        put(&b, 32 * i, 8);
    }
    while (b.len % 32)
        buf_byte(&b, 0);
    size_t data = b.len;
    assert_true(buf_reserve(&b, (size_t)COUNT * 32));
    memset(b.data + b.len, 0, (size_t)COUNT * 32);
    b.len += (size_t)COUNT * 32;
    if (gguf_open_bytes(&g, b.data, b.len, "many", &err)) fail_msg("%s", err.text);
    for (unsigned i = 0; i < COUNT; i += 7) {
        snprintf(name, sizeof name, "t.%u", i);
        const struct gguf_tensor *t = gguf_find_tensor(g, name);
        assert_non_null(t);
        assert_ptr_equal(t->view.data, b.data + data + (size_t)i * 32);
    }
    gguf_close(g);
    buf_release(&b);
}

static void split_names(void **state)
{
    size_t stem = 0;
    int64_t part = 0, count = 0;
    assert_true(gguf_split_name("a/b-00002-of-00030.gguf", &stem, &part, &count));
    assert_int_equal(stem, 3);
    assert_int_equal(part, 2);
    assert_int_equal(count, 30);
    assert_false(gguf_split_name("b-0002-of-00030.gguf", &stem, &part, &count));
    assert_false(gguf_split_name("-00002-of-0003x.gguf", &stem, &part, &count));
    assert_false(gguf_split_name("x.gguf", &stem, &part, &count));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_files),
        cmocka_unit_test(other_forms),
        cmocka_unit_test(values_of_every_type),
        cmocka_unit_test(arrays_of_every_kind),
        cmocka_unit_test(same_bytes_as_safetensors),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_changed_byte_is_survived),
        cmocka_unit_test(many_tensors_are_fast),
        cmocka_unit_test(split_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
