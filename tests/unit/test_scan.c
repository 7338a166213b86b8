/* A scan of model files: what it finds, and what it must not find.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/scan/scan.h"

#include <string.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pickles_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
