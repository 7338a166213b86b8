/* Mode and declared use of hearth.yaml.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/gate/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CHECK(name) cmocka_unit_test(name)

static enum status parse(struct gate_policy *p, const char *text, struct error *err)
{
    return policy_parse(p, span_of(text), "hearth.yaml", err);
}

static void modes(void **state)
{
    struct gate_policy p;
    struct error err;
    (void)state;
    policy_init(&p);
    assert_int_equal(p.mode, GATE_ENFORCE);
    assert_int_equal(parse(&p, "", &err), STATUS_OK);
    assert_int_equal(p.mode, GATE_ENFORCE);
    assert_int_equal(parse(&p, "mode: audit\n", &err), STATUS_OK);
    assert_int_equal(p.mode, GATE_AUDIT);
    assert_int_equal(parse(&p, "mode: enforce\n", &err), STATUS_OK);
    assert_int_equal(p.mode, GATE_ENFORCE);
    assert_int_equal(parse(&p, "limits:\n  connections: 3\nmode: \"audit\"\n", &err), STATUS_OK);
    assert_int_equal(p.mode, GATE_AUDIT);
}

static void refusals(void **state)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        { "mode: Audit\n", "hearth.yaml:1: mode is enforce or audit, not \"Audit\"" },
        { "use:\n  commercial: true\nmode: off\n", "hearth.yaml:3:" },
        { "mode:\n", "mode is enforce or audit" },
        { "mode: [audit]\n", "not \"a list\"" },
        { "mode: {a: b}\n", "mode is enforce or audit" },
        { "modes: audit\n", "hearth.yaml:1: \"modes\" is not known here; known are mode, use, " },
        { "mode: audit\nmode: audit\n", "mode" },
        { "- mode\n", "keys are expected at the top" },
        { "use: yes\n", "use" },
        { "use:\n  comercial: true\n", "comercial" },
        { "mode: audit\n---\nmode: enforce\n", "document" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gate_policy p;
        struct error err = { .text = "" };
        assert_int_equal(parse(&p, cases[i].text, &err), STATUS_BAD_INPUT);
        if (!strstr(err.text, cases[i].words)) fail_msg("%s: %s", cases[i].text, err.text);
    }
}

/* The digest tells whether something else is declared, not how it is written. */
static void use_digest(void **state)
{
    struct gate_policy none, a, b, c;
    struct error err;
    (void)state;
    policy_init(&none);
    assert_int_equal(parse(&a, "use:\n  commercial: true\n  territory: [DE, FR]\n", &err),
                     STATUS_OK);
    assert_int_equal(parse(&b, "mode: audit\nuse: {territory: [DE, FR], commercial: yes}\n", &err),
                     STATUS_OK);
    assert_int_equal(parse(&c, "use:\n  commercial: true\n  territory: [DE]\n", &err), STATUS_OK);
    assert_memory_equal(a.use_digest, b.use_digest, sizeof a.use_digest);
    assert_memory_not_equal(a.use_digest, c.use_digest, sizeof a.use_digest);
    assert_memory_not_equal(a.use_digest, none.use_digest, sizeof a.use_digest);
    assert_memory_not_equal(a.digest, b.digest, sizeof a.digest);
}

/* Whatever the server reads at the top, the gate lets stand there; and what the gate owns the server skips. */
static void keys_of_the_server(void **state)
{
    static const char *const keys[] = {
#define SETTING(owner, section, key, type, field, min, max) section[0] ? "limits" : key,
#include "serve/server/config_list.h"
#undef SETTING
        "models"
    };
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct gate_policy p;
        struct error err = { .text = "" };
        char text[128];
        snprintf(text, sizeof text, "%s: 1\n", keys[i]);
        if (parse(&p, text, &err)) fail_msg("%s", err.text);
        assert_false(policy_owns_key(keys[i]));
    }
    assert_true(policy_owns_key("mode") && policy_owns_key("use"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK(modes),
        CHECK(refusals),
        CHECK(use_digest),
        CHECK(keys_of_the_server),
    };
    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
