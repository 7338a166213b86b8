/* What happened with licences of well-known models, told as cases: verdict, rule, words.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Where a licence's text is not at hand, the case rests on the claim in a card. */
#include <stdio.h>
#include <string.h>

#include "govern/licence/licence_derive.h"
#include "support/fixture.h"
#include "support/licence_desk.h"

static struct licence_verdict v;

static void wanted(enum licence_answer answer, const char *rule, const char *reason,
                   const char *quote, const char *next)
{
    if (v.answer != answer)
        fail_msg("wanted %s, found %s", licence_answer_name(answer), licence_answer_name(v.answer));
    if (!rule) return;
    const struct licence_rule *r = desk_rule(&v, rule);
    if (!r) fail_msg("the rule %s is missing", rule);
    if (reason && !strstr(r->reason, reason)) fail_msg("\"%s\" lacks \"%s\"", r->reason, reason);
    if (quote && !strstr(r->quote, quote)) fail_msg("\"%s\" lacks \"%s\"", r->quote, quote);
    if (next && !strstr(r->next, next)) fail_msg("\"%s\" lacks \"%s\"", r->next, next);
}

/* Judges a file of shared/real/licences. */
static void judge_file(const char *name, const struct licence_use *use)
{
    char path[512];
    snprintf(path, sizeof path, "real/licences/%s", name);
    struct buf text = fixture_read(FIXTURE(path));
    struct licence_reading *r = desk_read((struct span){ text.data, text.len });
    licence_judge(&v, r, use);
    licence_reading_free(r);
    buf_release(&text);
}

static void judge_card(const char *card, const struct licence_use *use)
{
    struct licence_reading *r = desk_read(span_of(card));
    licence_judge(&v, r, use);
    licence_reading_free(r);
}

/* Until 2024-05-30 the weights of Yi had a licence with registration; since then Apache-2.0. */
static void yi_before_and_after(void **state)
{
    struct licence_use use = desk_small_company("[DE]");
    judge_file("Yi-Series-Models-License-Agreement-2023-11-23.txt", &use);
    wanted(LICENCE_ASK, "registration", "only after registration", "Registration Form", "yi@01.ai");
    judge_file("Yi-Apache-2.0.txt", &use);
    wanted(LICENCE_ALLOW, NULL, NULL, NULL, NULL);
}

/* MiniMax-M2.5: the card says modified MIT, one file is MIT with a duty, one the vendor's own licence. */
static void minimax_with_three_claims(void **state)
{
    struct licence_use use = desk_small_company("[DE]");
    struct buf code = fixture_read(FIXTURE("real/licences/MiniMax-M2-LICENSE.txt"));
    struct buf model = fixture_read(FIXTURE("real/licences/MiniMax-01-LICENSE-MODEL.txt"));
    struct licence_reading *readings[] = {
        desk_read(span_of("# A model\n<a href=\"LICENSE\">License: Modified-MIT</a>\n")),
        desk_read((struct span){ code.data, code.len }),
        desk_read((struct span){ model.data, model.len }),
    };
    const char *const names[] = { "README.md", "LICENSE-CODE", "LICENSE-MODEL" };
    licence_judge_all(&v, readings, names, 3, &use);
    wanted(LICENCE_ASK, "claims-conflict", "minimax-model", NULL, "record the decision");
    for (int i = 0; i < 3; i++)
        licence_reading_free(readings[i]);
    buf_release(&code);
    buf_release(&model);
}

/* Baichuan2: the file LICENSE is for the code; the card says that the weights need an application. */
static void baichuan_code_and_weights(void **state)
{
    static const char card[] =
        "# Baichuan2\n## License\nThe code is under the Apache 2.0 license.\n"
        "Use of the weights also follows the Community License for Baichuan2 Model.\n\n"
        "For commercial use you must apply for a license by e-mail, your daily active users must "
        "be "
        "below 1 million, and you must not be a cloud service provider.\n";
    struct licence_use use = desk_small_company("[DE]");
    struct buf code = fixture_read(FIXTURE("real/licences/Baichuan2-code-Apache-2.0.txt"));
    struct licence_reading *readings[] = { desk_read((struct span){ code.data, code.len }),
                                           desk_read(span_of(card)) };
    const char *const names[] = { "LICENSE", "README.md" };
    licence_judge_all(&v, readings, names, 1, &use);
    wanted(LICENCE_ALLOW, NULL, NULL, NULL, NULL);
    licence_judge_all(&v, readings, names, 2, &use);
    wanted(LICENCE_ASK, "claims-conflict", "baichuan2-community", NULL, NULL);
    wanted(LICENCE_ASK, "registration", NULL, NULL, NULL);
    struct licence_use big = use;
    big.users_day = 2000000;
    licence_judge_all(&v, readings, names, 2, &big);
    wanted(LICENCE_DENY, "daily-users", "2000000", NULL, NULL);
    struct licence_use cloud = use;
    cloud.cloud_provider = DECLARED_YES;
    licence_judge_all(&v, readings, names, 2, &cloud);
    wanted(LICENCE_DENY, "cloud-provider", NULL, NULL, NULL);
    licence_reading_free(readings[0]);
    licence_reading_free(readings[1]);
    buf_release(&code);
}

/* A card that says nothing of terms is no question beside a known text; one that says anything is. */
static void a_card_beside_the_text(void **state)
{
    static const struct {
        const char *card;
        enum licence_answer answer;
    } cases[] = {
        { "# A model\nIt writes poems. See the paper.\n", LICENCE_ALLOW },
        { "# A model\nNicht für kommerzielle Zwecke.\n", LICENCE_ASK },
        { "# 模型\n禁止用于军事。\n", LICENCE_ASK },
        { "# A model\nUse is restricted to members.\n", LICENCE_ASK },
        { "---\nlicense: other\n---\n# A model\n", LICENCE_ASK },
    };
    struct licence_use use = desk_small_company("[DE]");
    struct buf text = fixture_read(FIXTURE("real/licences/Yi-Apache-2.0.txt"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct licence_reading *readings[] = { desk_read((struct span){ text.data, text.len }),
                                               desk_read(span_of(cases[i].card)) };
        const char *const names[] = { "LICENSE", "README.md" };
        licence_judge_all(&v, readings, names, 2, &use);
        if (v.answer != cases[i].answer)
            fail_msg("%s: %s", cases[i].card, licence_answer_name(v.answer));
        licence_judge_all(&v, &readings[1], &names[1], 1, &use);
        assert_int_equal(v.answer, LICENCE_ASK);
        licence_reading_free(readings[0]);
        licence_reading_free(readings[1]);
    }
    buf_release(&text);
}

/* Qwen2.5: three sizes, three licences. */
static void qwen_by_size(void **state)
{
    struct licence_use use = desk_small_company("[DE]"), big = use;
    big.users_month = 150000000;
    judge_file("scancode/qwen-2024.LICENSE", &use); /* 72B */
    wanted(LICENCE_ALLOW, NULL, NULL, NULL, NULL);
    judge_file("scancode/qwen-2024.LICENSE", &big);
    wanted(LICENCE_DENY, "monthly-users", "150000000", "more than 100 million monthly active users",
           "Alibaba Cloud");
    judge_card("---\nlicense: other\nlicense_name: qwen-research\n---\n# 3B\n", &use);
    wanted(LICENCE_DENY, "non-commercial", "no commercial use", "license_name: qwen-research",
           NULL);
    judge_file("Qwen-code-Apache-2.0.txt", &use); /* the others */
    wanted(LICENCE_ALLOW, NULL, NULL, NULL, NULL);
}

/* R1-Distill-Llama: the vendor's file says MIT, the base model's licence holds too. */
static void a_distil_of_llama_keeps_both(void **state)
{
    static const char card[] =
        "---\nlicense: mit\nbase_model: meta-llama/Llama-3.1-8B\n---\n# Distil\n";
    struct licence_use use = desk_small_company("[DE]"), sharing = use, big = use;
    struct buf mit = fixture_read(FIXTURE("real/licences/DeepSeek-R1-MIT.txt"));
    struct licence_reading *readings[] = { desk_read((struct span){ mit.data, mit.len }),
                                           desk_read(span_of(card)) };
    const char *const names[] = { "LICENSE", "README.md" };
    licence_judge_all(&v, readings, names, 2, &use);
    wanted(LICENCE_ASK, "claim-more-permissive", "llama3.1", "meta-llama/Llama-3.1-8B",
           "both licences");
    big.users_month = 800000000;
    licence_judge_all(&v, readings, names, 2, &big);
    wanted(LICENCE_DENY, "monthly-users", "700000000", NULL, "Meta");
    sharing.redistribute = DECLARED_YES;
    sharing.modify = MODIFY_FINETUNE;
    licence_judge_all(&v, readings, names, 2, &sharing);
    wanted(LICENCE_ASK, "redistribution", NULL, NULL, "Built with Llama");
    licence_reading_free(readings[0]);
    licence_reading_free(readings[1]);
    buf_release(&mit);
}

/* A GGUF re-upload whose key says mit, of a base that is not: the base's limits hold. */
static void a_reupload_with_a_wrong_key(void **state)
{
    static const char card[] = "---\nlicense: mit\nbase_model:\n- Llama-2-7b-chat\n---\n";
    struct licence_use use = desk_small_company("[US]"), trains = use;
    judge_card(card, &use);
    wanted(LICENCE_ASK, "claim-more-permissive", "llama2", NULL, NULL);
    trains.outputs_train_models = DECLARED_YES;
    judge_card(card, &trains);
    wanted(LICENCE_DENY, "outputs-training", "may not improve", NULL, NULL);
}

/* Llama 3.2's multimodal models are not licensed to companies in the EU. */
static void llama_vision_in_the_eu(void **state)
{
    static const char card[] = "---\nlicense: llama3.2\n---\n# Vision\n";
    struct licence_use eu = desk_small_company("[FR]"), us = desk_small_company("[US]"), text = eu;
    eu.multimodal = us.multimodal = DECLARED_YES;
    judge_card(card, &eu);
    wanted(LICENCE_DENY, "territory-multimodal", "in EU", "license: llama3.2", "another model");
    judge_card(card, &us);
    wanted(LICENCE_ASK, "claim-without-text", NULL, NULL, NULL);
    judge_card(card, &text);
    wanted(LICENCE_ASK, "claim-without-text", NULL, NULL, NULL);
    judge_file("Llama-4-USE_POLICY.md", &eu);
    wanted(LICENCE_DENY, "territory-multimodal", "in EU", "principal place of business in", NULL);
}

/* Hunyuan: the EU since 2024, the UK and South Korea since 2025. */
static void hunyuan_in_the_uk(void **state)
{
    struct licence_use uk = desk_small_company("[GB]"), fr = desk_small_company("[FR]");
    judge_file("Hunyuan-Large-LICENSE.txt", &uk);
    wanted(LICENCE_ALLOW, NULL, NULL, NULL, NULL);
    judge_file("Hunyuan-Large-LICENSE.txt", &fr);
    wanted(LICENCE_DENY, "territory", "in FR", "EUROPEAN UNION", "Tencent");
    judge_card("---\nlicense: other\nlicense_name: tencent-hunyuan-a13b\n---\n", &uk);
    wanted(LICENCE_DENY, "territory", "EU GB KR", NULL, NULL);
    struct licence_use nowhere = uk;
    nowhere.territory_count = 0;
    judge_file("Hunyuan-Large-LICENSE.txt", &nowhere);
    wanted(LICENCE_ASK, "territory", NULL, NULL, "declare use.territory");
}

/* Kimi K2: MIT up to 100 million users a month or 20 million dollars a month. */
static void kimi_above_its_limits(void **state)
{
    struct licence_use use = desk_small_company("[CN]"), users = use, money = use, at = use;
    judge_file("Kimi-K2-Modified-MIT.txt", &use);
    wanted(LICENCE_ALLOW, NULL, NULL, NULL, NULL);
    users.users_month = 100000001;
    judge_file("Kimi-K2-Modified-MIT.txt", &users);
    wanted(LICENCE_ASK, "display-duty", "100000001", "prominently display", "Kimi K2");
    money.revenue_month_usd = 20000001;
    judge_file("Kimi-K2-Modified-MIT.txt", &money);
    wanted(LICENCE_ASK, "display-duty", "20000001", NULL, "user interface");
    at.users_month = 100000000;
    judge_file("Kimi-K2-Modified-MIT.txt", &at);
    wanted(LICENCE_ALLOW, NULL, NULL, NULL, NULL);
    use.users_month = -1;
    judge_file("Kimi-K2-Modified-MIT.txt", &use);
    wanted(LICENCE_ASK, "monthly-users", NULL, NULL, "declare use.monthly_active_users");
}

static void openpangu_in_the_eu(void **state)
{
    struct licence_use eu = desk_small_company("[EU]"), cn = desk_small_company("[CN]");
    judge_file("openPangu-Model-License-1.0.txt", &eu);
    wanted(LICENCE_DENY, "territory", "in EU", "within the European Union", NULL);
    judge_file("openPangu-Model-License-1.0.txt", &cn);
    wanted(LICENCE_ALLOW, NULL, NULL, NULL, NULL);
}

/* What a licence says about outputs reaches models that were trained on them. */
static void graphs_of_models(void **state)
{
    struct licence_use use = desk_small_company("[US]");
    const struct licence_facts *apache = licence_facts_of("Apache-2.0"),
                               *llama = licence_facts_of("llama3.1"),
                               *research = licence_facts_of("qwen-research-2024"),
                               *llama2 = licence_facts_of("llama2"), *mit = licence_facts_of("MIT"),
                               *exaone = licence_facts_of("exaone-1.1-nc");
    struct error err;
    /* An "Apache-2.0" merge of a Llama and a research model keeps both. */
    const struct licence_node merge[] = {
        { .name = "merge",
          .facts = apache,
          .claims = true,
          .parents = { 1, 2 },
          .kinds = { DERIVED_MERGE, DERIVED_MERGE },
          .parent_count = 2 },
        { .name = "llama", .facts = llama, .claims = true },
        { .name = "research", .facts = research, .claims = true },
    };
    assert_int_equal(licence_derive(&v, merge, 3, 0, &use, &err), STATUS_OK);
    wanted(LICENCE_DENY, "non-commercial", "from research", NULL, NULL);
    wanted(LICENCE_DENY, "claim-more-permissive", NULL, NULL, NULL);
    /* A quantized copy without a licence file inherits its base's. */
    struct licence_node copy[] = {
        { .name = "copy", .parents = { 1 }, .kinds = { DERIVED_QUANTIZED }, .parent_count = 1 },
        { .name = "base", .facts = mit, .claims = true },
    };
    assert_int_equal(licence_derive(&v, copy, 2, 0, &use, &err), STATUS_OK);
    wanted(LICENCE_ALLOW, NULL, NULL, NULL, NULL);
    copy[1].facts = NULL;
    assert_int_equal(licence_derive(&v, copy, 2, 0, &use, &err), STATUS_OK);
    wanted(LICENCE_ASK, "parent-unknown", "base", NULL, NULL);
    /* Outputs of Llama 2 may not train others; those of an MIT model may. */
    struct licence_node taught[] = {
        { .name = "pupil",
          .facts = mit,
          .claims = true,
          .parents = { 1 },
          .kinds = { DERIVED_DISTILLED },
          .parent_count = 1 },
        { .name = "teacher", .facts = llama2, .claims = true },
    };
    assert_int_equal(licence_derive(&v, taught, 2, 0, &use, &err), STATUS_OK);
    wanted(LICENCE_DENY, "outputs-training", "teacher", NULL, NULL);
    taught[1].facts = mit;
    assert_int_equal(licence_derive(&v, taught, 2, 0, &use, &err), STATUS_OK);
    wanted(LICENCE_ALLOW, NULL, NULL, NULL, NULL);
    /* Two names at once cannot be. */
    const struct licence_node named[] = {
        { .name = "both",
          .parents = { 1, 2 },
          .kinds = { DERIVED_MERGE, DERIVED_FINETUNE },
          .parent_count = 2 },
        { .name = "llama", .facts = llama, .claims = true },
        { .name = "exaone", .facts = exaone, .claims = true },
    };
    assert_int_equal(licence_derive(&v, named, 3, 0, &use, &err), STATUS_OK);
    assert_non_null(desk_rule(&v, "names-conflict"));
    /* A circle ends, a wrong index is an error. */
    struct licence_node circle[] = {
        { .name = "a", .facts = mit, .claims = true, .parents = { 1 }, .parent_count = 1 },
        { .name = "b", .facts = mit, .claims = true, .parents = { 0 }, .parent_count = 1 },
    };
    assert_int_equal(licence_derive(&v, circle, 2, 0, &use, &err), STATUS_OK);
    circle[1].parents[0] = 7;
    assert_int_equal(licence_derive(&v, circle, 2, 0, &use, &err), STATUS_BAD_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yi_before_and_after),
        cmocka_unit_test(minimax_with_three_claims),
        cmocka_unit_test(baichuan_code_and_weights),
        cmocka_unit_test(a_card_beside_the_text),
        cmocka_unit_test(qwen_by_size),
        cmocka_unit_test(a_distil_of_llama_keeps_both),
        cmocka_unit_test(a_reupload_with_a_wrong_key),
        cmocka_unit_test(llama_vision_in_the_eu),
        cmocka_unit_test(hunyuan_in_the_uk),
        cmocka_unit_test(kimi_above_its_limits),
        cmocka_unit_test(openpangu_in_the_eu),
        cmocka_unit_test(graphs_of_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
