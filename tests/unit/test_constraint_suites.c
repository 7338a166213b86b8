/* Constraints against the suites of others: JSONSchemaBench's sample, the JSON Schema Test Suite.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An instance that is invalid is never accepted. One that is valid is rejected only where the
 * documentation says so: integers are written without a point. What is refused is counted by keyword; the
 * table goes to standard output, and docs/constraints.md shows it. */
#include <stdio.h>
#include <string.h>

#include "base/core/file.h"
#include "base/core/json_write.h"

#include "support/constraint_check.h"
#include "support/fixture.h"

#define TEXT_MAX ((size_t)16 << 20)

static struct constraint_check kit;
static struct buf document;

static int open_kit(void **state)
{
    constraint_check_open(&kit, fixture_source("models/ember"));
    document = fixture_read(fixture_source("docs/constraints.md"));
    return 0;
}

static int close_kit(void **state)
{
    constraint_check_close(&kit);
    buf_release(&document);
    return 0;
}

/* A row that the document has to show; false, with the row, where it does not. */
static bool is_shown(const char *row)
{
    printf("%s", row);
    if (strstr(document.data, row)) return true;
    print_error("docs/constraints.md shows another row than: %s", row);
    return false;
}

struct tally {
    size_t schemas, compiled, valid, invalid, spelled, wrong;
};

/* NULL: refused, with a reason. */
static struct constraint *compile(const struct json *schema, const char *draft, const char *name)
{
    struct buf text = BUF_INIT(TEXT_MAX);
    struct json_writer w;
    struct json_doc *doc;
    struct constraint *c = NULL;
    struct error err = { .text = "" };
    json_writer_init(&w, &text, 0);
    json_open_object(&w);
    json_key(&w, "type");
    json_put_string(&w, "json_schema");
    json_key(&w, "formats"); /* the suite's own tests of formats take them for annotations */
    json_put_string(&w, draft ? "ignore" : "enforce");
    json_key(&w, "schema");
    json_put_value(&w, schema);
    json_close_object(&w);
    if (json_parse(&doc, text.data, text.len, TEXT_MAX, name, &err)) fail_msg("%s", err.text);
    enum status st = constraint_compile(&c, json_root(doc), kit.vocab, &kit.end, 1, &err);
    if (st && st != STATUS_UNSUPPORTED && st != STATUS_LIMIT && st != STATUS_BAD_INPUT)
        fail_msg("%s: %s", name, err.text);
    assert_true(!st || strlen(err.text) > 10);
    json_doc_free(doc);
    buf_release(&text);
    return c;
}

/* The same value written with an integer where a real is whole. */
static void check_instance(struct constraint *c, const struct json *test, const char *name,
                           struct tally *t)
{
    struct buf text = BUF_INIT(TEXT_MAX);
    struct json_writer w;
    bool valid = json_bool(json_get(test, "valid"), false);
    json_writer_init(&w, &text, 0);
    json_put_value(&w, json_get(test, "data"));
    assert_false(text.failed);
    bool got = constraint_check_text(&kit, c, text.data, text.len, name);
    bool whole = strstr(text.data, ".0") != NULL;
    if (valid) t->valid++;
    else t->invalid++;
    if (valid && !got && whole) t->spelled++;
    else if (got != valid) {
        print_error("%s: %s is %s\n", name, text.data, got ? "accepted, but invalid" : "rejected");
        t->wrong++;
    }
    buf_release(&text);
}

static void check_schema(const struct json *schema, const struct json *tests, const char *draft,
                         const char *name, struct tally *t)
{
    struct constraint *c = compile(schema, draft, name);
    t->schemas++;
    if (!c) return;
    t->compiled++;
    for (size_t i = 0; i < json_length(tests); i++)
        check_instance(c, json_at(tests, i), name, t);
    constraint_free(c);
}

static void bench_sample(void **state)
{
    const char *path = FIXTURE("real/conformance/jsonschemabench/sample.jsonl");
    struct buf all = fixture_read(path);
    struct tally t = { 0 };
    for (size_t at = 0; at < all.len;) {
        const char *line = all.data + at, *end = memchr(line, '\n', all.len - at);
        size_t len = end ? (size_t)(end - line) : all.len - at;
        struct json_doc *doc;
        struct error err;
        at += len + 1;
        if (json_parse(&doc, line, len, TEXT_MAX, "the line", &err)) {
            t.schemas++; /* deeper or with larger integers than JSON is read here */
            continue;
        }
        const struct json *row = json_root(doc), *bench = json_get(row, "maskbench");
        check_schema(json_get(bench, "schema"), json_get(bench, "tests"), NULL,
                     json_text(json_get(row, "name")), &t);
        json_doc_free(doc);
    }
    char row[128];
    snprintf(row, sizeof row, "| %zu | %zu | %zu | %zu |\n", t.schemas, t.compiled, t.valid,
             t.invalid);
    assert_true(is_shown(row));
    assert_true(t.schemas > 100 && t.compiled * 100 >= t.schemas * 90);
    assert_int_equal(t.spelled, 0);
    assert_int_equal(t.wrong, 0);
    buf_release(&all);
}

/* How many instances were judged wrongly, or are shown wrongly. */
static size_t one_file(const char *path, const char *name)
{
    struct buf text = fixture_read(path);
    struct json_doc *doc;
    struct error err;
    struct tally t = { 0 };
    if (json_parse(&doc, text.data, text.len, TEXT_MAX, name, &err)) {
        printf("| %s | - | - | - | - | not read: %s |\n", name, err.text);
        buf_release(&text);
        return 0;
    }
    for (size_t i = 0; i < json_length(json_root(doc)); i++) {
        const struct json *group = json_at(json_root(doc), i);
        struct buf label = BUF_INIT(4096);
        buf_format(&label, "%s: %s", name, json_text(json_get(group, "description")));
        check_schema(json_get(group, "schema"), json_get(group, "tests"), "2020-12", label.data,
                     &t);
        buf_release(&label);
    }
    char row[256];
    snprintf(row, sizeof row, "| %.*s | %zu | %zu | %zu | %zu |\n", (int)(strlen(name) - 5), name,
             t.schemas, t.compiled, t.valid + t.invalid, t.spelled);
    json_doc_free(doc);
    buf_release(&text);
    return t.wrong + !is_shown(row);
}

static void test_suite(void **state)
{
    const char *found = FIXTURE("real/conformance/json-schema-test-suite/tests/draft2020-12");
    struct buf folder = BUF_INIT(4096), path = BUF_INIT(8192);
    struct error err;
    char **names;
    size_t count, wrong = 0;
    buf_text(&folder, found);
    if (file_list(&names, &count, folder.data, &err)) fail_msg("%s", err.text);
    assert_true(count > 40);
    printf("| keyword | schemas | compiled | instances, all as they should be | valid, but written "
           "with .0 |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(names[i]);
        if (len < 6 || strcmp(names[i] + len - 5, ".json") != 0) continue;
        buf_clear(&path);
        buf_format(&path, "%s/%s", folder.data, names[i]);
        wrong += one_file(path.data, names[i]);
    }
    file_list_free(names, count);
    assert_int_equal(wrong, 0);
    buf_release(&path);
    buf_release(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bench_sample),
        cmocka_unit_test(test_suite),
    };
    return cmocka_run_group_tests(tests, open_kit, close_kit);
}
