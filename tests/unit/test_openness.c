/* Openness: classes, what is missing, and the two other labels.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "govern/openness/openness.h"
#include "support/fixture.h"

/* A release of weights with a card, as most are. */
static const char *const plain[] = { "README.md", "LICENSE", "config.json", "model.safetensors",
                                     "tokenizer.json" };
static const char card[] = "# A model\n## Evaluation\nSee the technical report.\n";
/* Everything that the framework asks for. */
static const char *const complete[] = {
    "README.md",
    "LICENSE",
    "config.json",
    "model.safetensors",
    "modeling_x.py",
    "DATA_CARD.md",
    "docs/tech_report.pdf",
    "eval_results.json",
    "train/train.py",
    "inference.py",
    "evaluation/run.py",
    "evaluation/set.jsonl",
    "data/part.parquet",
    "preprocess.py",
    "checkpoint-100/x.safetensors",
    "docs/paper.pdf",
};
#define COUNT(a) (sizeof(a) / sizeof *(a))

static struct openness judge(const char *const *files, size_t count, const char *text,
                             const char *id, bool certain, const enum component_state *confirmed)
{
    const struct licence_facts *f = id ? licence_facts_of(id) : NULL;
    struct openness_input in = { .files = files,
                                 .file_count = count,
                                 .card = { text, strlen(text) },
                                 .weights = f,
                                 .code = f,
                                 .documents = f,
                                 .certain = certain,
                                 .confirmed = confirmed };
    struct openness o;
    struct error err;
    assert_int_equal(openness_judge(&o, &in, &err), STATUS_OK);
    return o;
}

static bool lacks(const struct openness *o, int mof_class, enum openness_component c)
{
    enum openness_component missing[COMPONENT_COUNT];
    int count = openness_missing(o, mof_class, missing, COMPONENT_COUNT);
    for (int i = 0; i < count; i++)
        if (missing[i] == c) return true;
    return false;
}

/* An Apache-2.0 release of weights is no class at all, for lack of a data card among others. */
static void open_weights_are_not_open_source(void **state)
{
    struct openness o = judge(plain, COUNT(plain), card, "Apache-2.0", true, NULL);
    assert_int_equal(o.mof_class, 0);
    assert_true(lacks(&o, 3, COMPONENT_DATA_CARD));
    assert_false(lacks(&o, 3, COMPONENT_PARAMETERS));
    assert_int_equal(o.components[COMPONENT_RESULTS].state, COMPONENT_HINTED);
    assert_int_equal(o.osaid, OPENNESS_NO);
    assert_non_null(strstr(o.osaid_reason, "open weights"));
    assert_int_equal(o.act, OPENNESS_YES);
}

static void limits_fail_the_labels(void **state)
{
    static const struct {
        const char *id, *reason;
    } cases[] = {
        { "llama3.1", "number of users" },
        { "hunyuan-large-2024", "territories" },
        { "CC-BY-NC-4.0", "commercial use" },
        { "yi-2.1", "register" },
        { "deepseek-model-1.0", "uses are limited" },
        { "kimi-k2", "display a name" },
        { "glm-5.3", "models as a service" },
        { "CC-BY-ND-4.0", "passed on" },
        { "mistral-mrl-0.1", "commercial use" },
        { "bigscience-openrail-m", "uses are limited" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct openness o = judge(complete, COUNT(complete), card, cases[i].id, true, NULL);
        assert_int_equal(o.mof_class, 0);
        if (o.osaid != OPENNESS_NO || !strstr(o.osaid_reason, cases[i].reason))
            fail_msg("%s: %s", cases[i].id, o.osaid_reason);
        if (o.act != OPENNESS_NO) fail_msg("%s: %s", cases[i].id, o.act_reason);
    }
}

static void what_is_not_certain_is_unknown(void **state)
{
    struct openness o = judge(plain, COUNT(plain), card, NULL, false, NULL);
    assert_int_equal(o.osaid, OPENNESS_UNKNOWN);
    assert_int_equal(o.act, OPENNESS_UNKNOWN);
    assert_int_equal(o.components[COMPONENT_PARAMETERS].state, COMPONENT_UNCLEAR);
    o = judge(plain, COUNT(plain), card, "Apache-2.0", false, NULL);
    assert_int_equal(o.osaid, OPENNESS_UNKNOWN);
    assert_int_equal(o.act, OPENNESS_UNKNOWN);
    o = judge(NULL, 0, "", NULL, false, NULL);
    assert_int_equal(o.mof_class, 0);
    assert_int_equal(o.osaid, OPENNESS_UNKNOWN);
}

/* Hints count only when a person has confirmed them; then the classes build on each other. */
static void classes_build_on_each_other(void **state)
{
    enum component_state confirmed[COMPONENT_COUNT] = { 0 };
    struct openness o = judge(complete, COUNT(complete), card, "OpenMDW-1.0", true, confirmed);
    assert_int_equal(o.mof_class, 3);
    assert_true(lacks(&o, 2, COMPONENT_TRAINING_CODE));
    confirmed[COMPONENT_TRAINING_CODE] = confirmed[COMPONENT_INFERENCE_CODE] = COMPONENT_OPEN;
    confirmed[COMPONENT_EVALUATION_CODE] = confirmed[COMPONENT_EVALUATION_DATA] = COMPONENT_OPEN;
    o = judge(complete, COUNT(complete), card, "OpenMDW-1.0", true, confirmed);
    assert_int_equal(o.mof_class, 2);
    assert_int_equal(o.osaid, OPENNESS_YES);
    confirmed[COMPONENT_DATASETS] = confirmed[COMPONENT_PREPROCESSING] = COMPONENT_OPEN;
    confirmed[COMPONENT_INTERMEDIATE] = COMPONENT_OPEN;
    o = judge(complete, COUNT(complete), card, "OpenMDW-1.0", true, confirmed);
    assert_int_equal(o.mof_class, 1);
    /* A gap below undoes what is above. */
    confirmed[COMPONENT_DATA_CARD] = COMPONENT_CLOSED;
    o = judge(complete, COUNT(complete), card, "OpenMDW-1.0", true, confirmed);
    assert_int_equal(o.mof_class, 0);
}

static void the_report_is_json(void **state)
{
    struct openness o = judge(plain, COUNT(plain), card, "MIT", true, NULL);
    struct buf out = BUF_INIT(65536);
    struct json_writer w;
    struct json_doc *doc;
    struct error err;
    json_writer_init(&w, &out, 0);
    openness_write(&w, &o);
    assert_int_equal(json_parse(&doc, out.data, out.len, 65536, "openness", &err), STATUS_OK);
    assert_string_equal(json_text(json_path(json_root(doc), "mof.class")), "none");
    assert_string_equal(json_text(json_path(json_root(doc), "osaid.answer")), "no");
    assert_string_equal(json_text(json_path(json_root(doc), "ai_act_53_2.answer")), "likely");
    assert_int_equal(json_length(json_get(json_root(doc), "components")), COMPONENT_COUNT);
    assert_true(json_length(json_path(json_root(doc), "mof.missing")) >= 3);
    json_doc_free(doc);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_weights_are_not_open_source),
        cmocka_unit_test(limits_fail_the_labels),
        cmocka_unit_test(what_is_not_certain_is_unknown),
        cmocka_unit_test(classes_build_on_each_other),
        cmocka_unit_test(the_report_is_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
