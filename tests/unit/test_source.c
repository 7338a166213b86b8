/* Folders and files as sources: what opens, what is found in them, what can be read.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Refusals are in test_format_golden (tests/golden/folders). */
#include "support/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/core/file.h"
#include "lm/format/config.h"
#include "lm/format/source.h"
#include "math/quants/quant.h"

static struct source *open_or_fail(const char *path)
{
    struct source *s = NULL;
    struct error err;
    if (source_open(&s, path, &err)) fail_msg("%s", err.text);
    return s;
}

static size_t tensors_of(const char *folder)
{
    char path[256];
    snprintf(path, sizeof path, "tests/golden/folders/%s", folder);
    struct source *s = open_or_fail(fixture_source(path));
    size_t count = source_tensor_count(s);
    source_close(s);
    return count;
}

static void good_folders(void **state)
{
    static const struct {
        const char *folder;
        size_t tensors;
    } cases[] = {
        { "ok-single", 1 },
        { "ok-sharded", 3 },
        { "ok-single-beside-an-index", 1 },
        { "ok-index-of-one", 1 },
        { "ok-weights-beside-a-pickle", 1 },
        { "ok-mistral-native-beside", 1 },
        { "ok-tokenizer-only", 0 },
        { "ok-config-and-tokenizer", 0 },
        { "ok-one-gguf", 2 },
        { "ok-gguf-and-projector", 2 },
        { "ok-gguf-and-lora", 2 },
        { "ok-split-gguf", 2 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(tensors_of(cases[i].folder), cases[i].tensors);
}

/* Every model of golden/models and its twin in golden/gguf opens; views lie where they may. */
static bool check_model(const char *path)
{
    struct source *s = NULL;
    struct config c;
    struct generation_config generation;
    struct error err;
    uint64_t bytes = 0;
    enum status st = source_open(&s, path, &err);
    if (!st && !(st = config_init(&c, s, &err))) {
        st = config_generation(&c, &generation, &err);
        config_release(&c);
    }
    if (st) print_error("%s: %s\n", path, err.text);
    for (size_t i = 0; s && i < source_tensor_count(s); i++) {
        struct span name;
        struct tensor_view v;
        const char *type;
        if (!source_tensor_at(s, i, &name, &v, &type)) continue;
        bytes += (uint64_t)v.rows * v.row_bytes;
        source_will_need(s, &v);
    }
    bool ok = !st && bytes > 0 && bytes <= source_tensor_bytes(s);
    source_close(s);
    return ok;
}

static void check_folder(const char *folder, const char *suffix, size_t at_least)
{
    char **names, path[4096];
    size_t count, wrong = 0, models = 0;
    struct error err;
    assert_int_equal(file_list(&names, &count, folder, &err), STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(names[i]), suffix_len = strlen(suffix);
        assert_true(file_join(path, sizeof path, folder, names[i]));
        bool wanted = suffix_len ? len > suffix_len && !strcmp(names[i] + len - suffix_len, suffix)
                                 : file_kind(path) == FILE_FOLDER;
        if (!wanted) continue;
        models++;
        wrong += !check_model(path);
    }
    file_list_free(names, count);
    assert_int_equal(wrong, 0);
    assert_true(models >= at_least);
}

static void golden_models(void **state)
{
    check_folder(FIXTURE("golden/models"), "", 80);
}

static void golden_gguf(void **state)
{
    check_folder(FIXTURE("golden/gguf"), ".gguf", 50);
    check_folder(FIXTURE("golden/gguf/quantized"), ".gguf", 25);
}

static void reading_files(void **state)
{
    struct source *s =
        open_or_fail(fixture_source("tests/golden/folders/ok-weights-beside-a-pickle"));
    struct span text, again;
    struct error err;
    assert_int_equal(source_container(s), CONTAINER_HF);
    assert_null(source_gguf(s));
    assert_int_equal(source_file_count(s), 3);
    assert_string_equal(source_file(s, 0)->name, "config.json");
    assert_int_equal(source_read(s, "config.json", &text, &err), STATUS_OK);
    assert_int_equal(text.len, source_file(s, 0)->bytes);
    assert_int_equal(text.data[0], '{');
    assert_int_equal(source_read(s, "config.json", &again, &err), STATUS_OK);
    assert_ptr_equal(text.data, again.data);
    assert_int_equal(source_read(s, "../ok-single/config.json", &text, &err), STATUS_NOT_FOUND);
    assert_int_equal(source_read(s, "no.json", &text, &err), STATUS_NOT_FOUND);
    assert_non_null(strstr(err.text, "no.json"));
    assert_non_null(json_get(source_config_json(s), "architectures"));
    assert_null(source_generation_json(s));
    source_close(s);

    s = open_or_fail(fixture_source("tests/golden/folders/ok-config-and-tokenizer"));
    assert_int_equal(source_read(s, "tokenizer.model", &text, &err), STATUS_OK); /* empty */
    assert_int_equal(text.len, 0);
    assert_non_null(text.data);
    source_close(s);
}

static void tensors_by_name(void **state)
{
    struct source *s = open_or_fail(fixture_source("tests/golden/folders/ok-sharded"));
    struct tensor_view v;
    struct error err;
    assert_int_equal(source_tensor(s, "c", &v, &err), STATUS_OK);
    assert_int_equal(v.type, QUANT_F32);
    assert_true(source_has_tensor(s, "a"));
    assert_false(source_has_tensor(s, "d"));
    assert_int_equal(source_tensor(s, "d", &v, &err), STATUS_NOT_FOUND);
    assert_non_null(strstr(err.text, "tensor d is missing"));
    assert_int_equal(source_tensor_bytes(s), 12);
    source_close(s);
}

static void unreadable_dtype(void **state)
{
    struct source *s = open_or_fail(FIXTURE("golden/models/deepseek-v3-fp8"));
    struct span name;
    struct tensor_view v;
    const char *type = NULL;
    struct error err;
    size_t unread = 0;
    for (size_t i = 0; i < source_tensor_count(s); i++) {
        if (source_tensor_at(s, i, &name, &v, &type)) continue;
        char text[512] = { 0 };
        assert_true(name.len < sizeof text);
        memcpy(text, name.data, name.len);
        assert_string_equal(type, "F8_E4M3");
        assert_int_equal(source_tensor(s, text, &v, &err), STATUS_UNSUPPORTED);
        assert_non_null(strstr(err.text, "F8_E4M3"));
        unread++;
    }
    source_close(s);
    assert_true(unread > 10);
}

static void single_files(void **state)
{
    static const struct {
        const char *path, *words;
    } cases[] = {
        { "tests/golden/nowhere", "no such file" },
        { "tests/golden/safetensors/ok-plain.safetensors", "give its folder" },
        { "tests/golden/folders/unsupported-pickle/pytorch_model.bin", "Python pickle" },
        { "tests/golden/index.json", "neither a folder nor a GGUF file" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct source *s;
        struct error err;
        assert_int_not_equal(source_open(&s, fixture_source(cases[i].path), &err), STATUS_OK);
        if (!strstr(err.text, cases[i].words)) fail_msg("%s: %s", cases[i].path, err.text);
    }
    struct source *s =
        open_or_fail(fixture_source("tests/golden/folders/ok-split-gguf/m-00002-of-00002.gguf"));
    assert_int_equal(source_container(s), CONTAINER_GGUF);
    assert_int_equal(source_file_count(s), 2);
    assert_string_equal(source_file(s, 0)->name, "m-00001-of-00002.gguf");
    struct span bytes;
    assert_int_equal(source_read(s, "m-00001-of-00002.gguf", &bytes, NULL), STATUS_OK);
    assert_memory_equal(bytes.data, "GGUF", 4);
    source_close(s);
}

/* A file that shrinks under its mapping is found before somebody reads past its end. */
static void truncated_while_open(void **state)
{
    static const char *const bases[] = { "config.json", "model.safetensors" };
    char folder[] = "/tmp/hearth-test-XXXXXX", path[2][64];
    struct error err;
    assert_non_null(mkdtemp(folder));
    for (int i = 0; i < 2; i++) {
        char from[128];
        snprintf(from, sizeof from, "tests/golden/folders/ok-single/%s", bases[i]);
        struct buf b = fixture_read(fixture_source(from));
        assert_true(file_join(path[i], sizeof path[i], folder, bases[i]));
        assert_int_equal(file_write(path[i], b.data, b.len, &err), STATUS_OK);
        buf_release(&b);
    }
    struct source *s = open_or_fail(folder);
    assert_int_equal(source_check_whole(s, &err), STATUS_OK);
    assert_int_equal(truncate(path[1], 10), 0);
    assert_int_equal(source_check_whole(s, &err), STATUS_IO);
    assert_non_null(strstr(err.text, "model.safetensors has become shorter"));
    source_close(s);
    for (int i = 0; i < 2; i++)
        unlink(path[i]);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_folders),    cmocka_unit_test(golden_models),
        cmocka_unit_test(golden_gguf),     cmocka_unit_test(reading_files),
        cmocka_unit_test(tensors_by_name), cmocka_unit_test(unreadable_dtype),
        cmocka_unit_test(single_files),    cmocka_unit_test(truncated_while_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
