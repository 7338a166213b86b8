/* Advice: the catalogue against configurations, plans by hand, and licences for declared uses.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/core/json.h"
#include "base/core/mem.h"
#include "govern/advise/advise.h"
#include "govern/licence/licence_family.h"
#include "support/fixture.h"

#define GIB ((uint64_t)1 << 30)

static const struct catalogue_entry *entry_of(const char *name)
{
    const struct catalogue_entry *e;
    for (size_t i = 0; (e = catalogue_at(i)); i++)
        if (strcmp(e->name, name) == 0) return e;
    fail_msg("%s is not in the catalogue", name);
    return NULL;
}

static struct licence_use use_of(const char *text)
{
    struct licence_use u;
    struct error err;
    licence_use_init(&u);
    if (*text && licence_use_parse(&u, span_of(text), "use.yaml", &err))
        fail_msg("%s: %s", text, err.text);
    return u;
}

static bool is_month(const char *t)
{
    return strlen(t) == 7 && t[4] == '-' && strspn(t, "0123456789-") == 7 &&
           strcmp(t, "2023") > 0 && strcmp(t, CATALOGUE_UP_TO) <= 0;
}

static void every_row_is_whole(void **state)
{
    const struct catalogue_entry *e, *other;
    for (size_t i = 0; (e = catalogue_at(i)); i++) {
        if (!e->family || !e->architecture || !e->licence || !e->source || e->params < 1)
            fail_msg("%s lacks a fact", e->name);
        if (!is_month(e->released)) fail_msg("%s: released %s", e->name, e->released);
        if (!e->jobs || e->jobs >> ADVISE_JOB_COUNT) fail_msg("%s: jobs %x", e->name, e->jobs);
        if (e->active > e->params) fail_msg("%s: more active than there are", e->name);
        if (!e->base != !e->base_licence) fail_msg("%s: half a base", e->name);
        bool plain = e->layers && e->kv_heads && e->head_dim;
        if (!plain && (e->layers || e->kv_heads || e->head_dim))
            fail_msg("%s: half a cache", e->name);
        if (!plain && !e->doubt) fail_msg("%s: nobody says why there is no cache", e->name);
        if (!licence_facts_of(e->licence) && !e->doubt)
            fail_msg("%s: nothing is known of %s, and nobody says so", e->name, e->licence);
        for (size_t k = 0; k < i; k++)
            if (other = catalogue_at(k), strcmp(other->name, e->name) == 0)
                fail_msg("%s stands twice", e->name);
    }
}

/* What the licence room knows by names is the same, where it knows the size. */
static void licences_are_those_of_the_names(void **state)
{
    const struct catalogue_entry *e;
    int compared = 0;
    for (size_t i = 0; (e = catalogue_at(i)); i++) {
        const struct licence_facts *f = licence_of_model_name(span_of(e->name));
        const char *decisive = e->base_licence && strcmp(e->base_licence, "Apache-2.0") != 0
                                   ? e->base_licence
                                   : e->licence;
        if (!f) continue;
        compared++;
        if (strcmp(f->id, decisive) != 0)
            fail_msg("%s: %s here, %s by its name", e->name, decisive, f->id);
    }
    assert_true(compared > 30);
}

/* Configurations as their vendors published them. */
static void shapes_are_those_of_configurations(void **state)
{
    static const struct {
        const char *name, *path;
    } cases[] = {
        { "Qwen/Qwen3-4B", "real/tokenizers/qwen3/config.json" },
        { "Qwen/Qwen2.5-7B-Instruct", "real/tokenizers/qwen2.5/config.json" },
        { "01-ai/Yi-1.5-6B-Chat", "real/tokenizers/yi/config.json" },
        { "meta-llama/Llama-3.2-3B-Instruct", "real/tokenizers/llama-3.2-3b-instruct/config.json" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct catalogue_entry *e = entry_of(cases[i].name);
        struct buf text = fixture_read(FIXTURE(cases[i].path));
        struct json_doc *doc;
        struct error err;
        assert_int_equal(json_parse(&doc, text.data, text.len, text.len, "config", &err),
                         STATUS_OK);
        const struct json *c = json_root(doc);
        int64_t heads = json_int(json_get(c, "num_attention_heads"), 0);
        int64_t head_dim =
            json_int(json_get(c, "head_dim"), json_int(json_get(c, "hidden_size"), 0) / heads);
        assert_int_equal(e->layers, json_int(json_get(c, "num_hidden_layers"), 0));
        assert_int_equal(e->kv_heads, json_int(json_get(c, "num_key_value_heads"), 0));
        assert_int_equal(e->head_dim, head_dim);
        assert_string_equal(e->architecture, json_text(json_at(json_get(c, "architectures"), 0)));
        json_doc_free(doc);
        buf_release(&text);
    }
}

/* What `hearth plan --ctx 8192` says of files of these shapes: never more than the advice, and not much less. */
static void plans_are_not_too_small(void **state)
{
    static const struct {
        const char *name;
        uint64_t memory, planned;
    } cases[] = {
        { "Qwen/Qwen3-0.6B", 2 * GIB - GIB / 8, 1502e6 },
        { "Qwen/Qwen3-0.6B", 2 * GIB, 1776e6 },
        { "Qwen/Qwen3-1.7B", 3 * GIB, 2354e6 },
        { "Qwen/Qwen3-1.7B", 4 * GIB, 3139e6 },
    };
    struct licence_use use = use_of("");
    struct advise_plan p;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct advise_input in = { ADVISE_CHAT, cases[i].memory, 8, 8192, &use };
        advise_plan_make(&p, entry_of(cases[i].name), &in);
        assert_int_equal(p.format, i % 2 ? QUANT_Q8_0 : QUANT_Q4_K);
        assert_true(p.total_bytes >= cases[i].planned);
        assert_true(p.total_bytes <= cases[i].planned * 5 / 4);
    }
}

static void plans_are_sums_by_hand(void **state)
{
    struct licence_use use = use_of("");
    struct advise_input in = { ADVISE_CHAT, 64 * GIB, 8, 8192, &use };
    struct advise_plan p;
    advise_plan_make(&p, entry_of("Qwen/Qwen3-4B"), &in);
    assert_int_equal(p.format, QUANT_BF16);
    assert_int_equal(p.weight_bytes, 8000000000);
    assert_int_equal(p.cache_token_bytes, 2 * 36 * 8 * 128 * 4); /* float32 beside bf16 weights */
    assert_int_equal(p.total_bytes, (8000000000 + 8192 * 294912ull) * 11 / 10 + ADVISE_TABLE_BYTES);
    assert_true(p.fits);
    in.memory_bytes = 5 * GIB;
    advise_plan_make(&p, entry_of("Qwen/Qwen3-4B"), &in);
    assert_int_equal(p.format, QUANT_Q4_K);
    assert_int_equal(p.weight_bytes, 2425000000); /* 4.85 bits: files called Q4_K_M */
    assert_int_equal(p.cache_token_bytes, 147456);
    assert_true(p.fits);
    in.memory_bytes = 1 * GIB;
    advise_plan_make(&p, entry_of("Qwen/Qwen3-4B"), &in);
    assert_false(p.fits);
    /* 2 operations a weight, 1000 tokens, 8 cores of 50 GFLOP/s. */
    assert_true(p.prompt_seconds > 19.99 && p.prompt_seconds < 20.01);
    /* No longer than the model was made for. */
    in.context = 100000;
    advise_plan_make(&p, entry_of("01-ai/Yi-1.5-6B-Chat"), &in);
    assert_int_equal(p.context, 4096);
    /* An attention without the plain formula: not known, rather than nothing. */
    advise_plan_make(&p, entry_of("Qwen/Qwen3.5-9B"), &in);
    assert_int_equal(p.cache_token_bytes, 0);
    /* Of a mixture all weights take memory, and the active ones take time. */
    in.memory_bytes = 64 * GIB;
    advise_plan_make(&p, entry_of("Qwen/Qwen3-30B-A3B"), &in);
    assert_int_equal(p.format, QUANT_Q8_0);
    assert_true(p.prompt_seconds < 17);
}

static void licences_decide_for_the_use(void **state)
{
    static const char company[] = "commercial: true\nterritory: [DE]\nentity: company\n"
                                  "monthly_active_users: 1000\ndaily_active_users: 100\n"
                                  "annual_revenue_usd: 1000000\nmonthly_revenue_usd: 80000\n"
                                  "cloud_provider: false\nredistribute: false\nmodify: none\n"
                                  "outputs_train_models: false\n";
    static const struct {
        const char *name, *more;
        enum licence_answer answer;
        enum licence_rule_id rule; /* the first; RULE_COUNT: not looked at */
    } cases[] = {
        { "Qwen/Qwen3-8B", "", LICENCE_ALLOW, RULE_COUNT },
        { "Qwen/Qwen2.5-3B-Instruct", "", LICENCE_DENY, RULE_NO_COMMERCE },
        { "mistralai/Mistral-Large-Instruct-2407", "", LICENCE_DENY, RULE_NO_COMMERCE },
        { "MiniMaxAI/MiniMax-M2.7", "", LICENCE_DENY, RULE_NO_COMMERCE },
        { "tencent/Hunyuan-A13B-Instruct", "", LICENCE_DENY, RULE_TERRITORY },
        { "openPangu-Embedded-7B", "", LICENCE_DENY, RULE_TERRITORY },
        { "baichuan-inc/Baichuan2-7B-Chat", "", LICENCE_ASK, RULE_COUNT },
        { "Qwen/Qwen3.8-Flash-Next", "", LICENCE_ALLOW, RULE_COUNT },
        { "zai-org/GLM-5.3", "", LICENCE_ALLOW, RULE_COUNT },
        /* Only the multimodal ones are barred in the Union, whatever is declared of modalities. */
        { "meta-llama/Llama-4-Scout-17B-16E-Instruct", "modalities: [text, image]\n", LICENCE_DENY,
          RULE_TERRITORY_MULTIMODAL },
        { "meta-llama/Llama-3.2-3B-Instruct", "modalities: [text, image]\n", LICENCE_ALLOW,
          RULE_COUNT },
        /* A distilled one is under its base's terms too. */
        { "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "", LICENCE_ALLOW, RULE_COUNT },
        { "deepseek-ai/DeepSeek-R1-Distill-Llama-8B", "", LICENCE_ASK, RULE_MORE_PERMISSIVE },
    };
    struct licence_verdict *v = mem_zero(sizeof *v);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024];
        struct error err;
        snprintf(text, sizeof text, "%s%s", company, cases[i].more);
        struct licence_use use = use_of(text);
        assert_int_equal(advise_licence(v, entry_of(cases[i].name), &use, &err), STATUS_OK);
        if (v->answer != cases[i].answer)
            fail_msg("%s: %s, wanted %s: %s", cases[i].name, licence_answer_name(v->answer),
                     licence_answer_name(cases[i].answer), v->count ? v->rules[0].reason : "");
        if (cases[i].rule != RULE_COUNT && v->rules[0].id != cases[i].rule)
            fail_msg("%s: %s first", cases[i].name, licence_rule_name(v->rules[0].id));
    }
    mem_free(v);
}

static struct advice *advice_for(enum advise_job job, uint64_t memory, int cores,
                                 const struct licence_use *use)
{
    struct advise_input in = { job, memory, cores, 8192, use };
    struct advice *a = mem_zero(sizeof *a);
    struct error err;
    if (advise(a, &in, &err)) fail_msg("%s", err.text);
    return a;
}

static void order_is_that_of_governance(void **state)
{
    struct licence_use use = use_of("commercial: true\nterritory: [DE]\n");
    for (int job = 0; job < ADVISE_JOB_COUNT; job++) {
        struct advice *a = advice_for((enum advise_job)job, 64 * GIB, 16, &use);
        assert_true(a->listed > 0);
        for (int i = 0; i < a->listed; i++) {
            const struct advise_item *x = &a->items[i], *y = &a->items[i + 1];
            assert_true(x->plan.fits && x->answer != LICENCE_DENY);
            assert_true(x->entry->jobs & (1u << job));
            for (int k = 0; k < i; k++)
                assert_string_not_equal(a->items[k].entry->family, x->entry->family);
            if (i + 1 == a->listed) break;
            assert_true(x->answer <= y->answer);
            if (x->answer == y->answer) assert_true(x->preference <= y->preference);
            if (x->answer == y->answer && x->preference == y->preference)
                assert_true(!(!x->runs_as && y->runs_as));
        }
        assert_non_null(advise_step_at((enum advise_job)job, 0));
        mem_free(a);
    }
    assert_non_null(advise_unknown(0));
}

static const struct advise_item *listed_of(const struct advice *a, const char *family)
{
    for (int i = 0; i < a->listed; i++)
        if (strcmp(a->items[i].entry->family, family) == 0) return &a->items[i];
    return NULL;
}

static void sizes_follow_the_machine(void **state)
{
    struct licence_use use = use_of("");
    static const struct {
        uint64_t gib;
        int cores;
        const char *name;
    } cases[] = {
        { 2, 2, "Qwen/Qwen3-0.6B" }, { 3, 2, "Qwen/Qwen3-1.7B" },  { 8, 2, "Qwen/Qwen3-1.7B" },
        { 8, 8, "Qwen/Qwen3-8B" },   { 64, 32, "Qwen/Qwen3-32B" }, { 64, 4, "Qwen/Qwen3-4B" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct advice *a = advice_for(ADVISE_CHAT, cases[i].gib * GIB, cases[i].cores, &use);
        const struct advise_item *item = listed_of(a, "Qwen3");
        assert_non_null(item);
        assert_string_equal(item->entry->name, cases[i].name);
        assert_string_equal(item->runs_as, "qwen3");
        mem_free(a);
    }
}

/* A family of whose sizes one is denied is listed with another. */
static void a_denied_size_hides_no_other(void **state)
{
    struct licence_use use = use_of("commercial: true\nterritory: [DE]\n");
    struct advice *a = advice_for(ADVISE_CODING, 5 * GIB, 2, &use);
    const struct advise_item *item = listed_of(a, "Qwen2.5-Coder");
    assert_non_null(item);
    assert_string_equal(item->entry->name, "Qwen/Qwen2.5-Coder-1.5B-Instruct");
    mem_free(a);
}

static void nonsense_is_refused(void **state)
{
    struct licence_use use = use_of("");
    struct advise_input in = { ADVISE_CHAT, 0, 8, 8192, &use };
    struct advice *a = mem_zero(sizeof *a);
    struct error err;
    enum advise_job job;
    assert_int_equal(advise(a, &in, &err), STATUS_BAD_INPUT);
    in = (struct advise_input){ ADVISE_CHAT, GIB, 0, 8192, &use };
    assert_int_equal(advise(a, &in, &err), STATUS_BAD_INPUT);
    in = (struct advise_input){ ADVISE_CHAT, GIB, 1, 0, &use };
    assert_int_equal(advise(a, &in, &err), STATUS_BAD_INPUT);
    assert_int_equal(advise_job_find(&job, "translation", &err), STATUS_USAGE);
    assert_non_null(strstr(err.text, "bilingual"));
    mem_free(a);
}

static void nothing_fits_a_tiny_machine(void **state)
{
    struct licence_use use = use_of("");
    struct advice *a = advice_for(ADVISE_CODING, 64 << 20, 1, &use);
    struct buf out = BUF_INIT(1 << 20);
    struct json_writer w;
    struct error err;
    assert_int_equal(a->listed, 0);
    json_writer_init(&w, &out, 0);
    assert_int_equal(advise_write(&w, a, 5, &err), STATUS_OK);
    assert_non_null(strstr(out.data, "\"shortlist\":[],\"left_out\":[{"));
    assert_non_null(strstr(out.data, "\"why\":\"too-big\""));
    buf_release(&out);
    mem_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_whole),
        cmocka_unit_test(licences_are_those_of_the_names),
        cmocka_unit_test(shapes_are_those_of_configurations),
        cmocka_unit_test(plans_are_not_too_small),
        cmocka_unit_test(plans_are_sums_by_hand),
        cmocka_unit_test(licences_decide_for_the_use),
        cmocka_unit_test(order_is_that_of_governance),
        cmocka_unit_test(sizes_follow_the_machine),
        cmocka_unit_test(a_denied_size_hides_no_other),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(nothing_fits_a_tiny_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
