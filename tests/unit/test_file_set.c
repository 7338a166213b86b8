/* A model's files by name: the same from a path and from descriptors, and what is refused.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memfd_create */
#include "lm/format/file_set.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lm/format/source.h"
#include "support/fixture.h"

#define FILES_MAX 64

/* The set again, as a parent hands it to a worker. */
static struct file_set *described(const struct file_set *set, const char *main_file, int *fds)
{
    struct file_set_entry entries[FILES_MAX];
    struct file_set *ret;
    struct error err;
    size_t count = file_set_count(set);
    assert_true(count <= FILES_MAX);
    for (size_t i = 0; i < count; i++) {
        entries[i] = *file_set_at(set, count - 1 - i); /* any order will do */
        fds[i] = -1;
        if (source_reads_file(entries[i].name) &&
            file_set_descriptor(set, entries[i].name, &fds[i], &err))
            fail_msg("%s", err.text);
        entries[i].fd = fds[i];
    }
    if (file_set_of_descriptors(&ret, "the model", main_file, entries, count, &err))
        fail_msg("%s", err.text);
    return ret;
}

static void same_tensors(const struct source *a, const struct source *b)
{
    assert_int_equal(source_tensor_count(a), source_tensor_count(b));
    for (size_t i = 0; i < source_tensor_count(a); i++) {
        struct span name_a, name_b;
        struct tensor_view view_a, view_b;
        const char *type;
        bool known = source_tensor_at(a, i, &name_a, &view_a, &type);
        assert_int_equal(known, source_tensor_at(b, i, &name_b, &view_b, &type));
        assert_int_equal(name_a.len, name_b.len);
        assert_memory_equal(name_a.data, name_b.data, name_a.len);
        if (!known) continue;
        assert_int_equal(view_a.row_bytes, view_b.row_bytes);
        assert_memory_equal(view_a.data, view_b.data, (size_t)view_a.rows * view_a.row_bytes);
    }
}

static void both_origins(const char *path)
{
    struct file_set *set, *handed;
    struct source *a, *b;
    struct error err;
    int fds[FILES_MAX];
    if (file_set_open(&set, path, &err)) fail_msg("%s", err.text);
    size_t count = file_set_count(set);
    handed = described(set, file_set_main_file(set), fds);
    if (source_open_files(&a, set, &err)) fail_msg("%s", err.text);
    if (source_open_files(&b, handed, &err)) fail_msg("%s", err.text);
    assert_true(source_tensor_count(a) > 0);
    same_tensors(a, b);
    source_close(a);
    source_close(b);
    for (size_t i = 0; i < count; i++)
        file_close(fds[i]);
}

static void a_folder(void **state)
{
    both_origins(fixture_source("models/ember"));
}

static void shards(void **state)
{
    both_origins(FIXTURE("golden/models/deepseek-llm"));
}

static void a_gguf_file(void **state)
{
    both_origins(FIXTURE("real/models/stories260K/stories260K.gguf"));
}

static void parts_of_a_gguf(void **state)
{
    both_origins(FIXTURE("golden/gguf/forms/llama3-bf16-split-00002-of-00003.gguf"));
    both_origins(FIXTURE("golden/gguf/forms/qwen3-bf16-split-empty-first-00001-of-00003.gguf"));
}

/* Two parts of nothing but a split's keys: which part is asked for does not matter. */
static void put_key(struct buf *b, const char *key, uint32_t type, uint64_t v, size_t bytes)
{
    uint64_t len = strlen(key);
    buf_append(b, &len, 8);
    buf_append(b, key, (size_t)len);
    buf_append(b, &type, 4);
    buf_append(b, &v, bytes);
}

static int make_part(uint16_t no)
{
    struct buf b = BUF_INIT(1 << 16);
    const uint64_t counts[2] = { 1, 2 }; /* tensors, keys */
    const uint32_t version = 3, dims = 1, f32 = 0;
    const uint64_t one[2] = { 8, 0 }; /* shape, offset */
    const float values[8] = { 1, 2, 3, 4, 5, 6, 7, (float)no };
    char name[8];
    int fd = memfd_create("part", MFD_CLOEXEC);
    buf_append(&b, "GGUF", 4);
    buf_append(&b, &version, 4);
    buf_append(&b, counts, 16);
    put_key(&b, "split.no", 2, no, 2);
    put_key(&b, "split.count", 2, 2, 2);
    snprintf(name, sizeof name, "t%d", no);
    uint64_t len = strlen(name);
    buf_append(&b, &len, 8);
    buf_append(&b, name, (size_t)len);
    buf_append(&b, &dims, 4);
    buf_append(&b, &one[0], 8);
    buf_append(&b, &f32, 4);
    buf_append(&b, &one[1], 8);
    while (b.len % 32)
        buf_byte(&b, 0);
    buf_append(&b, values, sizeof values);
    assert_int_equal(write(fd, b.data, b.len), b.len);
    buf_release(&b);
    return fd;
}

static void a_split(void **state)
{
    int first = make_part(0), second = make_part(1);
    struct file_set_entry both[2] = { { "m-00001-of-00002.gguf", 0, first },
                                      { "m-00002-of-00002.gguf", 0, second } };
    for (int i = 0; i < 2; i++) {
        struct file_set *set;
        struct source *s;
        struct error err;
        if (file_set_of_descriptors(&set, "m", both[i].name, both, 2, &err))
            fail_msg("%s", err.text);
        if (source_open_files(&s, set, &err)) fail_msg("%s", err.text);
        assert_int_equal(source_tensor_count(s), 2);
        assert_true(source_has_tensor(s, "t0") && source_has_tensor(s, "t1"));
        source_close(s);
    }
    struct file_set *set;
    struct source *s;
    struct error err;
    assert_int_equal(file_set_of_descriptors(&set, "m", both[0].name, both, 1, &err), STATUS_OK);
    assert_int_equal(source_open_files(&s, set, &err), STATUS_NOT_FOUND);
    assert_non_null(strstr(err.text, "m-00002-of-00002.gguf is missing"));
    file_set_free(set);
    close(first);
    close(second);
}

static void what_is_refused(void **state)
{
    int file = memfd_create("file", MFD_CLOEXEC), pipe_ends[2];
    assert_int_equal(pipe(pipe_ends), 0);
    const struct {
        struct file_set_entry entries[2];
        size_t count;
        const char *main_file, *words;
    } cases[] = {
        { { { "../x", 0, file } }, 1, NULL, "plain name" },
        { { { "a/b", 0, file } }, 1, NULL, "plain name" },
        { { { "", 0, file } }, 1, NULL, "plain name" },
        { { { ".", 0, file } }, 1, NULL, "plain name" },
        { { { "a", 0, file }, { "a", 0, file } }, 2, NULL, "given twice" },
        { { { "a", 0, file } }, 1, "b", "not among" },
        { { { "a", 0, pipe_ends[0] } }, 1, NULL, "not a regular file" },
        { { { "a", 0, 9999 } }, 1, NULL, "cannot look at" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct file_set *set;
        struct error err = { 0 };
        enum status st = file_set_of_descriptors(&set, "m", cases[i].main_file, cases[i].entries,
                                                 cases[i].count, &err);
        if (!st || !strstr(err.text, cases[i].words)) fail_msg("case %zu: %s", i, err.text);
    }
    close(file);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

/* A pickle is told by name, and there is no descriptor to read it by. */
static void a_name_without_a_file(void **state)
{
    const struct file_set_entry entries[] = { { "config.json", 0, -1 },
                                              { "pytorch_model.bin", 1000, -1 } };
    struct file_set *set;
    struct source *s;
    struct file_map map;
    struct error err;
    assert_false(source_reads_file("pytorch_model.bin"));
    assert_true(source_reads_file("config.json") && source_reads_file("model.safetensors"));
    assert_int_equal(file_set_of_descriptors(&set, "m", NULL, entries, 2, &err), STATUS_OK);
    assert_int_equal(file_set_map(set, "pytorch_model.bin", &map, &err), STATUS_UNSUPPORTED);
    assert_int_equal(file_set_map(set, "nothing", &map, &err), STATUS_NOT_FOUND);
    assert_int_equal(source_open_files(&s, set, &err), STATUS_UNSUPPORTED);
    file_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder),
        cmocka_unit_test(shards),
        cmocka_unit_test(a_gguf_file),
        cmocka_unit_test(parts_of_a_gguf),
        cmocka_unit_test(a_split),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(a_name_without_a_file),
    };
    return cmocka_run_group_tests_name("file set", tests, NULL, NULL);
}
