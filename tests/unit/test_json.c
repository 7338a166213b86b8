/* The JSON facade against the public conformance cases, and its own limits.
 * SPDX-License-Identifier: Apache-2.0 */
#include "support/fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/core/file.h"
#include "base/core/json.h"
#include "base/core/json_write.h"

#define TEXT_MAX ((size_t)1 << 24)

static enum status parse(struct json_doc **ret, const char *text, struct error *err)
{
    return json_parse(ret, text, strlen(text), TEXT_MAX, "text", err);
}

/* What is accepted must survive writing and reading: the second writing equals the first. */
static bool survives(const struct json_doc *doc)
{
    struct buf first = BUF_INIT(TEXT_MAX), second = BUF_INIT(TEXT_MAX);
    struct json_writer w;
    struct json_doc *again = NULL;
    struct error err;
    json_writer_init(&w, &first, 0);
    json_put_value(&w, json_root(doc));
    bool ok = !first.failed && !json_parse(&again, first.data, first.len, TEXT_MAX, "w", &err);
    if (ok) {
        json_writer_init(&w, &second, 0);
        json_put_value(&w, json_root(again));
        ok = second.len == first.len && memcmp(second.data, first.data, first.len) == 0;
    }
    json_doc_free(again);
    buf_release(&first);
    buf_release(&second);
    return ok;
}

/* y_ must be accepted, n_ refused, i_ is for the parser to decide: any clean outcome. */
static void conformance_case(const char *path, const char *name)
{
    struct buf text = fixture_read(path);
    struct json_doc *doc = NULL;
    struct error err;
    enum status s = json_parse(&doc, text.data, text.len, TEXT_MAX, name, &err);
    /* The suite accepts repeated keys and NUL in keys, this facade refuses both. */
    bool ours = strstr(name, "duplicated_key") || strstr(name, "null_in_key");
    if (name[0] == 'y' && !ours && s) fail_msg("%s refused: %s", name, err.text);
    if ((name[0] == 'n' || ours) && !s) fail_msg("%s accepted", name);
    if (s && strncmp(err.text, name, strlen(name)) != 0) fail_msg("%s: %s", name, err.text);
    if (!s && !survives(doc)) fail_msg("%s does not survive writing", name);
    json_doc_free(doc);
    buf_release(&text);
}

static void conformance(void **state)
{
    const char *folder = FIXTURE("real/conformance/json-test-suite");
    char kept[4096], path[4096];
    snprintf(kept, sizeof kept, "%s", folder);
    char **names;
    size_t count, cases = 0;
    assert_int_equal(file_list(&names, &count, kept, NULL), 0);
    for (size_t i = 0; i < count; i++) {
        if (!strchr("yni", names[i][0]) || names[i][1] != '_') continue;
        assert_true(file_join(path, sizeof path, kept, names[i]));
        conformance_case(path, names[i]);
        cases++;
    }
    file_list_free(names, count);
    assert_true(cases > 300);
}

static const struct refusal {
    const char *text;
    enum status status;
    const char *words; /* part of the message */
} refusals[] = {
    { "{\"a\":1,\n \"b\":2,\n \"a\":3}", STATUS_BAD_INPUT, "text: line 3, column 4: duplicate" },
    { "{\"a\":{\"b\":1,\"\\u0062\":2}}", STATUS_BAD_INPUT, "duplicate" },
    { "[9223372036854775808]", STATUS_BAD_INPUT, "too big integer" },
    { "[-9223372036854775809]", STATUS_BAD_INPUT, "too big" },
    { "[1e400]", STATUS_BAD_INPUT, "real number overflow" },
    { "[NaN]", STATUS_BAD_INPUT, "line 1" },
    { "[Infinity]", STATUS_BAD_INPUT, "line 1" },
    { "[1] 2", STATUS_BAD_INPUT, "end of file expected" },
    { "[\"\xC0\xAF\"]", STATUS_BAD_INPUT, "UTF-8" },
    { "[\"\\ud800\"]", STATUS_BAD_INPUT, "Unicode" },
    { "\xEF\xBB\xBF{}", STATUS_BAD_INPUT, "line 1" },
    { "", STATUS_BAD_INPUT, "end of file" },
    { "[1]\n,", STATUS_BAD_INPUT, "line 2" },
    { "[01]", STATUS_BAD_INPUT, "line 1" },
    { "[1,]", STATUS_BAD_INPUT, "line 1" },
    { "{\"a\\u0000b\":1}", STATUS_BAD_INPUT, "NUL" },
};

static void refusals_say_where(void **state)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct json_doc *doc = NULL;
        struct error err = { .text = "" };
        enum status s = parse(&doc, refusals[i].text, &err);
        if (s != refusals[i].status || !strstr(err.text, refusals[i].words))
            fail_msg("%s: %s, \"%s\", wanted \"%s\"", refusals[i].text, status_name(s), err.text,
                     refusals[i].words);
        assert_null(doc);
    }
}

static void nested(char *out, int depth, const char *open, const char *close)
{
    out[0] = 0;
    struct buf b = BUF_INIT(4096);
    for (int i = 0; i < depth; i++)
        buf_text(&b, open);
    buf_text(&b, "1");
    for (int i = 0; i < depth; i++)
        buf_text(&b, close);
    memcpy(out, b.data, b.len + 1);
    buf_release(&b);
}

static void depth_and_size_limits(void **state)
{
    char text[4096];
    struct json_doc *doc = NULL;
    struct error err;
    nested(text, JSON_DEPTH_MAX, "[", "]");
    assert_int_equal(parse(&doc, text, &err), 0);
    assert_true(survives(doc));
    json_doc_free(doc);
    doc = NULL;
    nested(text, JSON_DEPTH_MAX + 1, "[", "]");
    assert_int_equal(parse(&doc, text, &err), STATUS_LIMIT);
    assert_non_null(strstr(err.text, "line 1, column 65: nested deeper than 64"));
    nested(text, JSON_DEPTH_MAX + 1, "{\"a\":\n", "}");
    assert_int_equal(parse(&doc, text, &err), STATUS_LIMIT);
    assert_non_null(strstr(err.text, "line 65, column 1"));
    assert_int_equal(parse(&doc,
                           "[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
                           "[[[[\\\"[[[\"]",
                           &err),
                     0);
    json_doc_free(doc);
    doc = NULL;
    assert_int_equal(json_parse(&doc, "[1,2]", 5, 4, "body", &err), STATUS_LIMIT);
    assert_string_equal(err.text, "body has 5 bytes of JSON; the limit is 4");
    assert_null(doc);
}

static void a_nul_byte_is_not_the_end(void **state)
{
    struct json_doc *doc = NULL;
    struct error err;
    assert_int_equal(json_parse(&doc, "[1]\n\0[2]", 8, 100, "text", &err), STATUS_BAD_INPUT);
    assert_string_equal(err.text, "text: line 2, column 1: a NUL byte");
}

static void lookups(void **state)
{
    struct json_doc *doc;
    struct error err;
    assert_int_equal(
        parse(&doc,
              "{\"i\":7,\"whole\":3.0,\"half\":0.5,\"big\":1e19,\"t\":true,\"n\":null,"
              "\"s\":\"text\",\"z\":\"a\\u0000b\",\"a\":[1,[2]],\"o\":{\"p\":{\"q\":9}},"
              "\"o.p\":1,\"min\":-9223372036854775808}",
              &err),
        0);
    const struct json *root = json_root(doc);
    assert_int_equal(json_int(json_get(root, "i"), 0), 7);
    assert_int_equal(json_int(json_get(root, "whole"), 0), 3);
    assert_int_equal(json_int(json_get(root, "half"), -1), -1);
    assert_int_equal(json_int(json_get(root, "big"), -1), -1);
    assert_int_equal(json_int(json_get(root, "s"), -1), -1);
    assert_true(json_int(json_get(root, "min"), 0) == INT64_MIN);
    assert_true(json_number(json_get(root, "half"), 0) == 0.5);
    assert_true(json_number(json_get(root, "i"), 0) == 7);
    assert_true(json_number(json_get(root, "t"), 4) == 4);
    assert_true(json_bool(json_get(root, "t"), false));
    assert_true(json_bool(json_get(root, "missing"), true));
    assert_int_equal(json_type(json_get(root, "n")), JSON_NULL);
    assert_non_null(json_get(root, "n"));
    assert_string_equal(json_text(json_get(root, "s")), "text");
    assert_null(json_text(json_get(root, "z")));
    assert_int_equal(json_string(json_get(root, "z")).len, 3);
    assert_null(json_text(json_get(root, "i")));
    assert_int_equal(json_int(json_at(json_at(json_get(root, "a"), 1), 0), 0), 2);
    assert_null(json_at(json_get(root, "a"), 2));
    assert_null(json_at(root, 0));
    assert_int_equal(json_int(json_path(root, "o.p.q"), 0), 9);
    assert_null(json_path(root, "o.x.q"));
    assert_null(json_path(root, "i.p"));
    assert_null(json_get(NULL, "a"));
    assert_int_equal(json_length(root), 12);
    assert_int_equal(json_length(json_get(root, "s")), 0);
    json_doc_free(doc);
    json_doc_free(NULL);
    assert_null(json_root(NULL));
}

static void members_come_in_file_order(void **state)
{
    struct json_doc *doc;
    struct buf keys = BUF_INIT(100);
    assert_int_equal(parse(&doc, "{\"z\":1,\"a\":2,\"m\":null,\"b\":4}", NULL), 0);
    const struct json *root = json_root(doc);
    for (struct json_member m = json_first(root); m.value; m = json_next(root, m))
        buf_append(&keys, m.key.data, m.key.len);
    assert_string_equal(keys.data, "zamb");
    assert_null(json_first(NULL).value);
    assert_null(json_first(json_get(root, "z")).value);
    buf_release(&keys);
    json_doc_free(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conformance),
        cmocka_unit_test(refusals_say_where),
        cmocka_unit_test(depth_and_size_limits),
        cmocka_unit_test(a_nul_byte_is_not_the_end),
        cmocka_unit_test(lookups),
        cmocka_unit_test(members_come_in_file_order),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
