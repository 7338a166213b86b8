/* Tokenizer files: what is taken, what is refused and how, rules for special tokens, the cache.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/fixture.h"

#include "base/core/file.h"
#include "base/core/mem.h"
#include "lm/tokenizer/tokenizer_parts.h"

static struct tokenizer *load(const char *name, enum status want)
{
    char relative[256];
    struct error err = { 0 };
    assert_true(snprintf(relative, sizeof(relative), "tests/golden/tokenizers/%s", name) <
                (int)sizeof(relative));
    struct buf text = fixture_read(fixture_source(relative));
    struct tokenizer *t = tokenizer_new(&err);
    assert_non_null(t);
    enum status status = load_tokenizer_json(t, (struct span){ text.data, text.len }, &err);
    if (!status) status = tokenizer_finish(t, &err);
    if (!status) status = tokenizer_mark_whole(t, &err);
    if (status != want)
        fail_msg("%s: %s, wanted %s: %s", name, status_name(status), status_name(want), err.text);
    if (status) assert_true(err.text[0]);
    buf_release(&text);
    if (!status) return t;
    tokenizer_free(t);
    return NULL;
}

/* Files are named for their outcome. */
static void outcomes(void **state)
{
    char **names;
    size_t count;
    assert_int_equal(file_list(&names, &count, fixture_source("tests/golden/tokenizers"), NULL),
                     STATUS_OK);
    assert_true(count > 15);
    for (size_t i = 0; i < count; i++) {
        enum status want = !strncmp(names[i], "ok-", 3)             ? STATUS_OK
                           : !strncmp(names[i], "unsupported-", 12) ? STATUS_UNSUPPORTED
                                                                    : STATUS_BAD_INPUT;
        tokenizer_free(load(names[i], want));
    }
    file_list_free(names, count);
}

static void encodes(const struct tokenizer *t, const char *text, size_t len, bool special,
                    const char *want)
{
    struct token_list ids = { .count = 0 };
    struct error err = { 0 };
    struct buf got = BUF_INIT(1 << 20), back = BUF_INIT(1 << 20);
    if (tokenizer_encode(t, text, len, special, &ids, &err)) fail_msg("'%s': %s", text, err.text);
    for (size_t i = 0; i < ids.count; i++)
        buf_format(&got, "%s%d", i ? " " : "", ids.ids[i]);
    assert_string_equal(got.data ? got.data : "", want);
    assert_int_equal(tokenizer_decode(t, ids.ids, ids.count, &back, &err), STATUS_OK);
    buf_release(&got);
    buf_release(&back);
    token_list_release(&ids);
}

/* <s> (special, takes blanks after it) is 262; <think> (markup, takes blanks before it, single word) 263. */
static void special_tokens(void **state)
{
    struct tokenizer *t = load("ok-byte-level.json", STATUS_OK);
    encodes(t, "hello", 5, false, "259");
    encodes(t, "<s>", 3, false, "60 115 62");
    encodes(t, "<s>", 3, true, "262");
    encodes(t, "hello<s>  hello", 15, true, "259 262 259");
    encodes(t, "<think>", 7, false, "60 116 104 105 110 107 62");
    encodes(t, "hello <think>", 13, true, "259 263");
    encodes(t, "a<think>", 8, true, "97 60 116 104 105 110 107 62"); /* not a word of its own */
    encodes(t, "", 0, true, "");
    encodes(t, "\0hello", 6, false, "0 259");
    encodes(t, "\xFFhello", 6, false, "255 259");
    assert_int_equal(tokenizer_bos(t), 262);
    assert_true(tokenizer_adds_bos(t));
    assert_true(tokenizer_is_special(t, 262));
    assert_false(tokenizer_is_special(t, 263));
    assert_int_equal(tokenizer_find(t, "<s>", 3), 262);
    assert_int_equal(tokenizer_find(t, "hello", 5), 259);
    assert_int_equal(tokenizer_find(t, "nothing", 7), -1);
    assert_int_equal(tokenizer_vocab_size(t), 264);
    assert_null(tokenizer_piece(t, 264).data);
    assert_null(tokenizer_piece(t, -1).data);
    struct buf out = BUF_INIT(100);
    struct error err = { 0 };
    assert_int_equal(tokenizer_decode(t, (const int32_t[]){ 264 }, 1, &out, &err),
                     STATUS_BAD_INPUT);
    assert_int_equal(tokenizer_decode(t, (const int32_t[]){ -1 }, 1, &out, &err), STATUS_BAD_INPUT);
    buf_release(&out);
    tokenizer_free(t);
}

static void blank_marks(void **state)
{
    struct tokenizer *t = load("ok-blank-mark.json", STATUS_OK);
    encodes(t, "hello", 5, false, "266 265");                 /* ▁he llo */
    encodes(t, "<0x41>", 6, false, "258 62 50 122 54 51 64"); /* ordinary text, in byte tokens */
    encodes(t, "", 0, false, "");
    tokenizer_free(t);
    t = load("ok-unigram.json", STATUS_OK);
    encodes(t, "hello hello", 11, false, "8 8");
    encodes(t, "hello\xE2\x96\x81hello", 13, false, "8 8");
    encodes(t, "xyzhe", 5, false, "1 0 6"); /* unknown characters become one */
    tokenizer_free(t);
}

static void skip_special(void **state)
{
    struct tokenizer *t = load("ok-byte-level.json", STATUS_OK);
    struct detokenizer d;
    struct buf out = BUF_INIT(100);
    detokenizer_init(&d, t, true);
    static const int32_t ids[] = { 262, 259, 0xE4, 0xBD, 262, 0xA0 };
    for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++)
        assert_int_equal(detokenizer_feed(&d, ids[i], &out, NULL), STATUS_OK);
    detokenizer_finish(&d, &out);
    assert_string_equal(out.data, "hello\xE4\xBD\xA0");
    buf_release(&out);
    tokenizer_free(t);
}

/* One piece of a million letters: quadratic merging would not end within the test's time. */
static void long_piece(void **state)
{
    struct tokenizer *t = load("ok-byte-level.json", STATUS_OK);
    struct token_list ids = { .count = 0 };
    size_t len = 1000000;
    char *text = mem_alloc(len);
    assert_non_null(text);
    for (size_t i = 0; i < len; i++)
        text[i] = "hello"[i % 5];
    assert_int_equal(tokenizer_encode(t, text, len, false, &ids, NULL), STATUS_OK);
    assert_int_equal(ids.count, len / 5);
    for (size_t i = 0; i < ids.count; i++)
        assert_int_equal(ids.ids[i], 259);
    token_list_release(&ids);
    ids = (struct token_list){ .count_max = 10 };
    assert_int_equal(tokenizer_encode(t, text, len, false, &ids, NULL), STATUS_LIMIT);
    assert_int_equal(ids.count, 0);
    token_list_release(&ids);
    mem_free(text);
    tokenizer_free(t);
}

/* Sorting combining marks costs the square of their number: past any real text it is refused. */
static void many_marks(void **state)
{
    struct tokenizer *t = load("ok-byte-level.json", STATUS_OK);
    struct token_list ids = { .count = 0 };
    struct buf text = BUF_INIT(1 << 20);
    struct error err = { 0 };
    for (int i = 0; i < 100; i++)
        buf_text(&text, "\xCC\xA3\xCC\x81");
    assert_int_equal(tokenizer_encode(t, text.data, text.len, false, &ids, &err), STATUS_OK);
    for (int i = 0; i < 100000; i++)
        buf_text(&text, "\xCC\xA3\xCC\x81");
    assert_int_equal(tokenizer_encode(t, text.data, text.len, false, &ids, &err), STATUS_LIMIT);
    assert_non_null(strstr(err.text, "combining marks"));
    token_list_release(&ids);
    buf_release(&text);
    tokenizer_free(t);
}

/* Packed and unpacked it encodes the same; whatever byte is damaged, it is refused or still safe to use. */
static void packing(void **state)
{
    static const char *const names[] = { "ok-byte-level.json", "ok-blank-mark.json",
                                         "ok-unigram.json" };
    for (size_t k = 0; k < 3; k++) {
        struct tokenizer *t = load(names[k], STATUS_OK), *u = tokenizer_new(NULL);
        struct buf bytes = BUF_INIT(1 << 20), again = BUF_INIT(1 << 20);
        assert_true(tokenizer_pack(t, &again));
        assert_true(tokenizer_unpack(u, (struct span){ again.data, again.len }));
        assert_true(tokenizer_pack(u, &bytes)); /* by now in the order of ids */
        tokenizer_free(t);
        tokenizer_free(u);
        t = tokenizer_new(NULL);
        assert_true(tokenizer_unpack(t, (struct span){ bytes.data, bytes.len }));
        buf_clear(&again);
        assert_true(tokenizer_pack(t, &again));
        assert_int_equal(bytes.len, again.len);
        assert_memory_equal(bytes.data, again.data, bytes.len);
        if (k == 0) encodes(t, "hello<s>  hello", 15, true, "259 262 259");
        if (k == 1) encodes(t, "hello", 5, false, "266 265");
        if (k == 2) encodes(t, "xyzhe", 5, false, "1 0 6");
        for (size_t i = 0; i < bytes.len; i += 1 + i / 200) {
            struct token_list ids = { .count_max = 1000 };
            bytes.data[i] ^= (char)(1 + i % 255);
            u = tokenizer_new(NULL);
            if (tokenizer_unpack(u, (struct span){ bytes.data, bytes.len }))
                tokenizer_encode(u, "<s>hello w\xC3\xB6rld <think>", 22, true, &ids, NULL);
            bytes.data[i] ^= (char)(1 + i % 255);
            token_list_release(&ids);
            tokenizer_free(u);
        }
        for (size_t len = 0; len < bytes.len; len += 1 + len / 50) {
            u = tokenizer_new(NULL);
            assert_false(tokenizer_unpack(u, (struct span){ bytes.data, len }));
            tokenizer_free(u);
        }
        buf_release(&bytes);
        buf_release(&again);
        tokenizer_free(t);
    }
}

static struct tokenizer *open_cached(const char *model, const char *folder)
{
    struct error err = { 0 };
    struct source *source = NULL;
    struct tokenizer *t = NULL;
    if (source_open(&source, model, &err)) fail_msg("%s", err.text);
    if (tokenizer_open(&t, source, &(struct tokenizer_options){ folder }, &err))
        fail_msg("%s", err.text);
    source_close(source);
    return t;
}

static void cache_folder(void **state)
{
    const char *model = FIXTURE("real/tokenizers/qwen2");
    char folder[] = "/tmp/hearth-cache-XXXXXX", path[512];
    char **names;
    size_t count;
    assert_non_null(mkdtemp(folder));
    struct tokenizer *first = open_cached(model, folder), *second = open_cached(model, folder);
    assert_int_equal(file_list(&names, &count, folder, NULL), STATUS_OK);
    assert_int_equal(count, 1);
    assert_true(file_join(path, sizeof(path), folder, names[0]));
    struct buf a = BUF_INIT(1 << 26), b = BUF_INIT(1 << 26), file = BUF_INIT(1 << 26);
    assert_true(tokenizer_pack(first, &a) && tokenizer_pack(second, &b));
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.data, b.data, a.len);
    /* Damaged, it is as if it were not there, and is written anew. */
    assert_int_equal(file_read(&file, path, NULL), STATUS_OK);
    size_t whole = file.len;
    file.data[file.len / 2] ^= 1;
    assert_int_equal(file_write(path, file.data, file.len / 3 * 2, NULL), STATUS_OK);
    tokenizer_free(open_cached(model, folder));
    buf_clear(&file);
    assert_int_equal(file_read(&file, path, NULL), STATUS_OK);
    assert_int_equal(file.len, whole);
    encodes(second, "Hello world", 11, false, "9707 1879");
    unlink(path);
    rmdir(folder);
    file_list_free(names, count);
    buf_release(&a);
    buf_release(&b);
    buf_release(&file);
    tokenizer_free(first);
    tokenizer_free(second);
}

/* README of golden/tokenizers, "Surprises" 1: no-break spaces were turned into spaces. */
static void damaged_merges(void **state)
{
    struct error err = { 0 };
    struct source *source = NULL;
    struct tokenizer *t = NULL;
    assert_int_equal(source_open(&source, FIXTURE("real/tokenizers/llama2"), &err), STATUS_OK);
    assert_int_equal(tokenizer_open(&t, source, NULL, &err), STATUS_BAD_INPUT);
    assert_non_null(strstr(err.text, "merge"));
    source_close(source);
}

/* The class is not in the table: refused, and the message says what is known. */
static void unknown_split(void **state)
{
    char folder[] = "/tmp/hearth-ranks-XXXXXX", path[512];
    struct error err = { 0 };
    struct source *source = NULL;
    struct tokenizer *t = NULL;
    assert_non_null(mkdtemp(folder));
    assert_true(file_join(path, sizeof(path), folder, "tokenizer.model"));
    assert_int_equal(file_write(path, "YQ== 0\nYg== 1\nYWI= 2\n", 21, NULL), STATUS_OK);
    assert_int_equal(source_open(&source, folder, &err), STATUS_OK);
    assert_int_equal(tokenizer_open(&t, source, NULL, &err), STATUS_UNSUPPORTED);
    assert_non_null(strstr(err.text, "Qwen2Tokenizer"));
    source_close(source);
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outcomes),       cmocka_unit_test(special_tokens),
        cmocka_unit_test(blank_marks),    cmocka_unit_test(skip_special),
        cmocka_unit_test(long_piece),     cmocka_unit_test(many_marks),
        cmocka_unit_test(packing),        cmocka_unit_test(cache_folder),
        cmocka_unit_test(damaged_merges), cmocka_unit_test(unknown_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
