/* Fault sweep: the n-th allocation fails, for every n; each failure is clean, told, and leaks nothing.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The leaks are the sanitizer's to find. Only builds with checks can make an allocation fail. */
#include "support/fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/core/file.h"
#include "base/core/json.h"
#include "base/core/mem.h"
#include "lm/format/source.h"

#ifdef HEARTH_CHECKS

#define SWEEP_MAX 1000000

typedef enum status attempt_fn(const char *path, struct error *err);

/* Every n while the numbers are small, then one in sixteen: a path with many allocations has
 * most of them in loops. */
static long next_fault(long n)
{
    return n < 256 ? n + 1 : n + n / 16;
}

static void sweep(attempt_fn *attempt, const char *path)
{
    struct error err;
    long n = 1;
    for (; n < SWEEP_MAX; n = next_fault(n)) {
        err = (struct error){ .text = "" };
        mem_fail_nth(n);
        enum status s = attempt(path, &err);
        bool fired = mem_fault_fired();
        mem_fail_nth(0);
        if (!fired) {
            if (s) fail_msg("%s: %s", path, err.text);
            break;
        }
        if (s != STATUS_NO_MEMORY)
            fail_msg("%s: allocation %ld failed: %s \"%s\"", path, n, status_name(s), err.text);
        if (err.status != s || !err.text[0]) fail_msg("%s: allocation %ld: no words", path, n);
    }
    assert_true(n > 1 && n < SWEEP_MAX);
}

static enum status parse_json(const char *path, struct error *err)
{
    static const char text[] = "{\"a\":[1,2,{\"b\":null}]}";
    struct json_doc *doc;
    enum status s = json_parse(&doc, text, sizeof text - 1, sizeof text, path, err);
    if (s == STATUS_OK) json_doc_free(doc);
    return s;
}

static enum status list_folder(const char *path, struct error *err)
{
    char **names;
    size_t count;
    enum status s = file_list(&names, &count, path, err);
    if (s == STATUS_OK) file_list_free(names, count);
    return s;
}

static enum status read_file(const char *path, struct error *err)
{
    struct buf b = BUF_INIT((size_t)1 << 24);
    enum status s = file_read(&b, path, err);
    buf_release(&b);
    return s;
}

static enum status write_nothing(const char *path, struct error *err)
{
    return file_write(path, "", 0, err);
}

static enum status open_source(const char *path, struct error *err)
{
    struct source *source;
    enum status s = source_open(&source, path, err);
    if (s == STATUS_OK) source_close(source);
    return s;
}

static void core_paths(void **state)
{
    sweep(parse_json, "text");
    sweep(list_folder, fixture_source("src/base/core"));
    sweep(read_file, fixture_source("src/base/core/json.c"));
    sweep(write_nothing, "/dev/null");
}

static void opening_a_folder(void **state)
{
    sweep(open_source, FIXTURE("golden/models/qwen3"));
}

static void opening_a_gguf(void **state)
{
    sweep(open_source, FIXTURE("real/models/stories260K/stories260K.gguf"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(core_paths),
        cmocka_unit_test(opening_a_folder),
        cmocka_unit_test(opening_a_gguf),
    };
    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}

#else

int main(void)
{
    puts("SKIPPED: this build cannot make an allocation fail (-Dchecks=true)");
    return 77;
}

#endif
