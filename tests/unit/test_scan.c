/* A scan of model files: what it finds, and what it must not find.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/scan/scan.h"

#include <stdio.h>
#include <string.h>

#include "base/core/base64.h"
#include "base/core/json.h"
#include "govern/scan/pickle_walk.h"

#include "support/fixture.h"

static struct scan *new_scan(void)
{
    struct scan *s;
    assert_int_equal(scan_new(&s, NULL), STATUS_OK);
    return s;
}

/* The strictest finding with this rule, or NULL. */
static const struct scan_finding *finding(const struct scan *s, const char *rule)
{
    for (size_t i = 0; i < scan_count(s); i++)
        if (strcmp(scan_rule_name(scan_at(s, i)->rule), rule) == 0) return scan_at(s, i);
    return NULL;
}

struct one_case {
    const char *name, *bytes;
    size_t len;
    enum scan_answer answer;
    const char *rule, *quote; /* of one of the findings; NULL: none at all */
};
#define CASE(name, bytes, answer, rule, quote)                    \
    {                                                             \
        name, bytes, sizeof bytes - 1, SCAN_##answer, rule, quote \
    }

static void run_cases(const struct one_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct one_case *c = &cases[i];
        struct scan *s = new_scan();
        struct error err;
        if (scan_bytes(s, c->name, c->bytes, c->len, &err)) fail_msg("%zu: %s", i, err.text);
        scan_seal(s);
        for (size_t k = 0; k < scan_count(s); k++)
            if (k && scan_at(s, k)->answer > scan_at(s, k - 1)->answer) fail_msg("%zu: order", i);
        if (scan_answer_of(s) != c->answer)
            fail_msg("%zu %s: wanted %s, came %s (%s)", i, c->name, scan_answer_name(c->answer),
                     scan_answer_name(scan_answer_of(s)),
                     scan_count(s) ? scan_at(s, 0)->reason : "");
        const struct scan_finding *f = c->rule ? finding(s, c->rule) : NULL;
        if (c->rule && !f) fail_msg("%zu %s: no %s", i, c->name, c->rule);
        if (!c->rule && scan_count(s)) fail_msg("%zu %s: %s", i, c->name, scan_at(s, 0)->reason);
        if (c->quote && strcmp(f->quote, c->quote) != 0)
            fail_msg("%zu %s: wanted \"%s\", came \"%s\"", i, c->name, c->quote, f->quote);
        scan_free(s);
    }
}

static void test_pickles_by_hand(void **state)
{
    static const struct one_case cases[] = {
        CASE("a.pkl", "cos\nsystem\n(S'true'\ntR.", DENY, "scan.pickle-import", "os system"),
        CASE("notes.txt", "cos\nsystem\n(S'true'\ntR.", DENY, "scan.pickle-import", "os system"),
        CASE("a.pkl", "(S'true'\nios\nsystem\n.", DENY, "scan.pickle-import", "os system"),
        CASE("a.pkl", "\x80\x04\x8c\x02os\x94\x8c\x06system\x94\x93\x8c\x04true\x85R.", DENY,
             "scan.pickle-import", "os system"),
        CASE("a.pkl", "cos\nsystem", DENY, "scan.pickle-import", "os system"),
        CASE("a.pkl", "\x80\x02]q\0.", NOTE, "scan.pickle", ""),
        CASE("a.pkl", "\x80\x02]q\0", ASK, "scan.pickle-damaged", ""),
        CASE("a.pkl", "\x80\x02]q\0.\x80\x02]q\0.", ASK, "scan.pickle-trailing", ""),
        CASE("a.pkl", "\x80\x02\x82\x01.", ASK, "scan.pickle-call", ""),
        CASE("a.pkl", "not a pickle", ASK, "scan.unreadable", ""),
        CASE("model.bin", "\1\2\3\4\5\6", NOTE, NULL, NULL),
        CASE("README.txt", "Some notes.\nIt is a text.\n", NOTE, NULL, NULL),
    };
    (void)state;
    run_cases(cases, sizeof cases / sizeof *cases);
}

/* ---- pickles that CPython read ---- */

static void compare_imports(const char *name, const struct pickle_walk *w,
                            const struct json *wanted)
{
    if (w->import_count != json_length(wanted))
        fail_msg("%s: wanted %zu imports, came %zu", name, json_length(wanted), w->import_count);
    for (size_t i = 0; i < w->import_count; i++) {
        const struct pickle_import *p = &w->imports[i];
        const struct json *one = json_at(wanted, i);
        struct span module = json_string(json_at(one, 0)), text = json_string(json_at(one, 1));
        if (module.len != p->module.len || memcmp(module.data, p->module.data, module.len) != 0 ||
            text.len != p->name.len || memcmp(text.data, p->name.data, text.len) != 0)
            fail_msg("%s: wanted %s %s, came %.*s %.*s", name, module.data, text.data,
                     (int)p->module.len, p->module.data, (int)p->name.len, p->name.data);
        if (json_type(json_at(one, 2)) == JSON_INT)
            assert_int_equal(json_int(json_at(one, 2), -1), p->at);
    }
}

static void check_pickle(const struct json *c, const struct buf *data)
{
    const char *name = json_text(json_get(c, "name")), *answer = json_text(json_get(c, "answer"));
    bool loads = json_bool(json_get(c, "loads"), false);
    bool reads = json_bool(json_get(c, "reads"), false);
    struct pickle_walk w;
    assert_int_equal(pickle_walk(&w, (const uint8_t *)data->data, data->len, NULL, NULL, NULL),
                     STATUS_OK);
    compare_imports(name, &w, json_get(c, "imports"));
    if (loads && !w.ended) fail_msg("%s: CPython loads it, we say: %s", name, w.fault);
    if (loads && strcmp(name, "two-pickles") != 0) assert_int_equal(w.end, data->len);
    if (!loads && !reads && w.ended) fail_msg("%s: damaged, but followed to its end", name);
    if (!w.ended) assert_non_null(w.fault);
    pickle_walk_release(&w);
    if (!answer) return;
    struct scan *s = new_scan();
    assert_int_equal(scan_bytes(s, "x.pkl", data->data, data->len, NULL), STATUS_OK);
    scan_seal(s);
    if (strcmp(scan_answer_name(scan_answer_of(s)), answer) != 0)
        fail_msg("%s: wanted %s, came %s", name, answer, scan_answer_name(scan_answer_of(s)));
    scan_free(s);
}

static void test_pickles_of_python(void **state)
{
    struct buf lines = fixture_read(fixture_source("tests/data/scan/pickles.jsonl"));
    size_t count = 0;
    (void)state;
    for (const char *at = lines.data; *at;) {
        size_t len = strcspn(at, "\n");
        struct json_doc *doc;
        struct error err;
        struct buf data = BUF_INIT(1u << 20);
        if (json_parse(&doc, at, len, 1u << 22, "pickles.jsonl", &err)) fail_msg("%s", err.text);
        struct span text = json_string(json_get(json_root(doc), "pickle"));
        assert_int_equal(base64_decode(&data, text, NULL), STATUS_OK);
        check_pickle(json_root(doc), &data);
        buf_release(&data);
        json_doc_free(doc);
        at += len + (at[len] == '\n');
        count++;
    }
    assert_true(count >= 100);
    buf_release(&lines);
}

/* ---- files of PyTorch and numpy ---- */

static void test_torch(void **state)
{
    static const struct {
        const char *name;
        enum scan_answer answer;
        const char *rule;
    } cases[] = {
        { "state.pt", SCAN_NOTE, "scan.pickle" },
        { "legacy.pt", SCAN_NOTE, "scan.pickle" },
        { "module.pt", SCAN_ASK, "scan.pickle-import" },
        { "evil.pt", SCAN_DENY, "scan.pickle-import" },
        { "evil-legacy.pt", SCAN_DENY, "scan.pickle-import" },
        { "script.pt", SCAN_ASK, "scan.torchscript" },
        { "plain.npz", SCAN_NOTE, NULL },
        { "compressed.npz", SCAN_ASK, "scan.archive" },
        { "objects.npy", SCAN_NOTE, "scan.pickle" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[128];
        snprintf(path, sizeof path, "tests/data/scan/%s", cases[i].name);
        struct buf b = fixture_read(fixture_source(path));
        struct scan *s = new_scan();
        assert_int_equal(scan_bytes(s, cases[i].name, b.data, b.len, NULL), STATUS_OK);
        scan_seal(s);
        if (scan_answer_of(s) != cases[i].answer || (cases[i].rule && !finding(s, cases[i].rule)))
            fail_msg("%s: %s, %s", cases[i].name, scan_answer_name(scan_answer_of(s)),
                     scan_count(s) ? scan_at(s, 0)->reason : "nothing found");
        scan_free(s);
        buf_release(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pickles_by_hand),
        cmocka_unit_test(test_pickles_of_python),
        cmocka_unit_test(test_torch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
