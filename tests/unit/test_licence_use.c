/* The declared use: every key, every fault, and where a territory reaches.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "support/fixture.h"
#include "support/licence_desk.h"

static void every_key_is_read(void **state)
{
    struct licence_use u =
        desk_use("commercial: true\nterritory: [EU, US, UK]\nmonthly_active_users: 100_000\n"
                 "daily_active_users: 0\nannual_revenue_usd: 9000000000\nmonthly_revenue_usd: 7\n"
                 "cloud_provider: false\nredistribute: true\nmodify: [finetune, distill]\n"
                 "outputs_train_models: false\nmodalities: [text, image]\nentity: person\n");
    assert_int_equal(u.commercial, DECLARED_YES);
    assert_int_equal(u.territory_count, 3);
    assert_string_equal(u.territory[2], "GB");
    assert_int_equal(u.users_month, 100000);
    assert_int_equal(u.users_day, 0);
    assert_true(u.revenue_year_usd == 9000000000);
    assert_int_equal(u.revenue_month_usd, 7);
    assert_int_equal(u.cloud_provider, DECLARED_NO);
    assert_int_equal(u.redistribute, DECLARED_YES);
    assert_int_equal(u.modify, MODIFY_FINETUNE | MODIFY_DISTILL);
    assert_int_equal(u.outputs_train_models, DECLARED_NO);
    assert_int_equal(u.multimodal, DECLARED_YES);
    assert_int_equal(u.entity, ENTITY_PERSON);
    u = desk_use(
        "use:\n  commercial: false\n  modify: none\n  modalities: text\n  territory: NO\n");
    assert_int_equal(u.commercial, DECLARED_NO);
    assert_int_equal(u.modify, MODIFY_NONE);
    assert_int_equal(u.multimodal, DECLARED_NO);
    assert_string_equal(u.territory[0], "NO");
    u = desk_use("");
    assert_int_equal(u.users_month, -1);
    assert_int_equal(u.commercial, UNDECLARED);
}

static void faults_are_named(void **state)
{
    static const struct {
        const char *yaml, *words;
    } cases[] = {
        { "comercial: true\n", "line 1: unknown key \"comercial\"" },
        { "commercial: true\nmau: 5\n", "line 2: unknown key \"mau\"" },
        { "commercial: maybe\n", "true or false, found \"maybe\"" },
        { "commercial: \"true\"\n", "true or false" },
        { "commercial:\n", "true or false" },
        { "commercial: [true]\n", "true or false" },
        { "monthly_active_users: -5\n", "whole number" },
        { "monthly_active_users: 1e9\n", "whole number" },
        { "monthly_active_users: 99999999999999999999\n", "whole number" },
        { "monthly_active_users: \"\"\n", "whole number" },
        { "territory: [Germany]\n", "found \"Germany\"" },
        { "territory: [de]\n", "found \"de\"" },
        { "territory: []\n", "ISO 3166" },
        { "modify: [train]\n", "found \"train\"" },
        { "modify: [none, merge]\n", "none alone" },
        { "modalities: [Text]\n", "found \"Text\"" },
        { "entity: ngo\n", "company or person" },
        { "territory: [XX]\n", "ISO 3166" },
        { "territory: [UE]\n", "ISO 3166" },
        { "commercial: on\n", "true or false" },
        { "commercial: true\ncommercial: false\n", "commercial" },
        { "- commercial\n", "keys and values" },
        { "commercial: true\nuse:\n  commercial: true\n", "unknown key \"use\"" },
        { "use: {commercial: *a}\n", "use" },
        { "{", "use" },
    };
    struct licence_use u;
    struct error err;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum status st = licence_use_parse(&u, span_of(cases[i].yaml), "use.yaml", &err);
        if (!st) fail_msg("\"%s\" is taken", cases[i].yaml);
        if (!strstr(err.text, cases[i].words))
            fail_msg("\"%s\": \"%s\" lacks \"%s\"", cases[i].yaml, err.text, cases[i].words);
    }
}

static void territories_reach(void **state)
{
    static const struct {
        const char *yaml, *codes;
        enum declared reaches;
    } cases[] = {
        { "territory: [DE]\n", "EU", DECLARED_YES },
        { "territory: [EU]\n", "EU", DECLARED_YES },
        { "territory: [CH]\n", "EU", DECLARED_NO },
        { "territory: [EL]\n", "EU", DECLARED_YES },
        { "territory: [RE]\n", "EU", DECLARED_YES },
        { "territory: [NO]\n", "EU", DECLARED_NO },
        { "territory: [GB]\n", "EU", DECLARED_NO },
        { "territory: [UK]\n", "EU GB KR", DECLARED_YES },
        { "territory: [US, KR]\n", "EU GB KR", DECLARED_YES },
        { "territory: [EU]\n", "FR", DECLARED_YES },
        { "territory: [EU]\n", "GB", DECLARED_NO },
        { "territory: [CN]\n", "EU GB KR", DECLARED_NO },
        { "commercial: true\n", "EU", UNDECLARED },
    };
    char code[3];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct licence_use u = desk_use(cases[i].yaml);
        if (licence_use_reaches(&u, cases[i].codes, code) != cases[i].reaches)
            fail_msg("%s against %s", cases[i].yaml, cases[i].codes);
    }
}

/* Nothing that depends on the use is allowed while it is not declared. */
static void what_is_not_declared_is_asked(void **state)
{
    static const char *const ids[] = { "llama2",        "qwen-2024",
                                       "kimi-k2",       "hunyuan-large-2024",
                                       "CC-BY-NC-4.0",  "yi-2.1",
                                       "openpangu-1.0", "chatglm2-6b" };
    static const char *const plain[] = { "Apache-2.0", "MIT", "BSD-3-Clause", "OpenMDW-1.0" };
    static struct licence_verdict v;
    struct licence_use none = desk_use("");
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        licence_judge_facts(&v, licence_facts_of(ids[i]), &none);
        if (v.answer != LICENCE_ASK) fail_msg("%s: %s", ids[i], licence_answer_name(v.answer));
        for (int k = 0; k < v.count; k++)
            if (v.rules[k].answer == LICENCE_ASK) assert_true(v.rules[k].next[0]);
    }
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        licence_judge_facts(&v, licence_facts_of(plain[i]), &none);
        if (v.answer != LICENCE_ALLOW) fail_msg("%s: %s", plain[i], licence_answer_name(v.answer));
    }
}

/* Kimi K3, Qwen and GLM-5.3: providers of models as a service, some above a revenue. Llama, DeepSeek: a
 * service passes the model on. */
#define KEPT "redistribute: false\noutputs_train_models: false\n"
static void services_need_an_agreement(void **state)
{
    static const struct {
        const char *id, *use;
        enum licence_answer answer;
    } cases[] = {
        { "kimi-k3", "cloud_provider: true\nannual_revenue_usd: 20000001\n", LICENCE_DENY },
        { "kimi-k3", "cloud_provider: true\nannual_revenue_usd: 20000000\n", LICENCE_ALLOW },
        { "kimi-k3", "cloud_provider: true\n", LICENCE_ASK },
        { "kimi-k3", "cloud_provider: false\nannual_revenue_usd: 20000001\n", LICENCE_ALLOW },
        { "kimi-k3", "annual_revenue_usd: 20000001\n", LICENCE_ASK },
        { "kimi-k3", "annual_revenue_usd: 1\n", LICENCE_ALLOW },
        { "qwen-community-1.0", "cloud_provider: true\nannual_revenue_usd: 0\n", LICENCE_DENY },
        { "qwen-community-1.0", "cloud_provider: false\n", LICENCE_ALLOW },
        { "qwen3.8-max", "cloud_provider: true\nannual_revenue_usd: 50000001\n", LICENCE_DENY },
        { "glm-5.3", "cloud_provider: true\nannual_revenue_usd: 10000000001\n", LICENCE_DENY },
        { "llama3.1", "cloud_provider: true\n" KEPT, LICENCE_ASK },
        { "llama3.1", "cloud_provider: false\n" KEPT, LICENCE_ALLOW },
        { "llama3.1", KEPT, LICENCE_ASK },
        { "deepseek-model-1.0", "cloud_provider: true\n" KEPT, LICENCE_ASK },
        { "deepseek-model-1.0", "cloud_provider: false\n" KEPT, LICENCE_ALLOW },
        { "qwen-2024", "cloud_provider: true\n" KEPT, LICENCE_ALLOW },
        { "glm-5.3", "cloud_provider: true\nannual_revenue_usd: 10000000000\n", LICENCE_ALLOW },
    };
    static struct licence_verdict v;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "commercial: true\nmonthly_active_users: 10\nmonthly_revenue_usd: 10\n%s",
                 cases[i].use);
        struct licence_use use = desk_use(text);
        licence_judge_facts(&v, licence_facts_of(cases[i].id), &use);
        if (v.answer != cases[i].answer)
            fail_msg("%s, %s: wanted %s, found %s", cases[i].id, cases[i].use,
                     licence_answer_name(cases[i].answer), licence_answer_name(v.answer));
    }
}

/* Plain terms before duties, duties before limits. */
static void preference_follows_the_terms(void **state)
{
    static const char *const order[] = {
        "Apache-2.0",         "kimi-k2",      "yi-2.1",  "gemma-tou-2025-03-24",
        "hunyuan-large-2024", "CC-BY-NC-4.0", "glm-4-9b"
    };
    for (size_t i = 1; i < sizeof order / sizeof *order; i++) {
        int before = licence_preference(licence_facts_of(order[i - 1]));
        int after = licence_preference(licence_facts_of(order[i]));
        if (before >= after) fail_msg("%s is not preferred to %s", order[i - 1], order[i]);
    }
    assert_int_equal(licence_preference(licence_facts_of("MIT")),
                     licence_preference(licence_facts_of("OpenMDW-1.0")));
    assert_int_equal(licence_preference(NULL), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_is_read),
        cmocka_unit_test(faults_are_named),
        cmocka_unit_test(territories_reach),
        cmocka_unit_test(what_is_not_declared_is_asked),
        cmocka_unit_test(services_need_an_agreement),
        cmocka_unit_test(preference_follows_the_terms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
