/* What files declare about parents, with the place of each claim; and what does not fit together.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/core/mem.h"
#include "govern/lineage/lineage_claims.h"
#include "support/fixture.h"
#include "support/scratch.h"

typedef enum status add_fn(struct lineage_claims *c, struct span text, struct error *err);

/* "relation parent (file:line place); ..." then "! finding" */
static void describe(char *out, size_t bytes, const struct lineage_claims *c)
{
    size_t len = 0;
    out[0] = 0;
    for (int i = 0; i < c->count && len < bytes; i++)
        len += (size_t)snprintf(out + len, bytes - len, "%s%s %s (%s:%d %s)", i ? "; " : "",
                                c->at[i].relation, c->at[i].parent, c->at[i].file, c->at[i].line,
                                c->at[i].place);
    for (int i = 0; i < c->finding_count && len < bytes; i++)
        len += (size_t)snprintf(out + len, bytes - len, "! %s", c->findings[i]);
}

static void texts(void **state)
{
    static const struct {
        add_fn *add;
        const char *text, *want;
    } cases[] = {
        { lineage_claims_add_card,
          "---\nbase_model: Qwen/Qwen2.5-7B\nbase_model_relation: finetune\n---\n",
          "finetune Qwen/Qwen2.5-7B (README.md:2 base_model)" },
        { lineage_claims_add_card,
          "---\nlicense: mit\nbase_model:\n- a/b\n- c/d\n"
          "base_model_relation: merge\n---\n",
          "merge a/b (README.md:4 base_model); merge c/d (README.md:5 base_model)" },
        { lineage_claims_add_card,
          "---\nbase_model: a/b\ntags:\n- merge\n- base_model:quantized:a/b\n---\n",
          " a/b (README.md:2 base_model); quantized a/b (README.md:5 tags)" },
        { lineage_claims_add_card, "---\nbase_model: [a/b, c/d]\n---\n",
          " a/b (README.md:2 base_model);  c/d (README.md:2 base_model)! README.md (base_model) "
          "names a/b, "
          "README.md (base_model) names c/d, and no relation says that it is a merge" },
        { lineage_claims_add_card, "# no front matter\nbase_model: a/b\n", "" },
        { lineage_claims_add_card, "", "" },
        { lineage_claims_add_adapter, "{\"base_model_name_or_path\": \"meta-llama/Llama-3.1-8B\"}",
          "adapter meta-llama/Llama-3.1-8B (adapter_config.json:0 base_model_name_or_path)" },
        { lineage_claims_add_adapter, "{\"base_model_name_or_path\": null}", "" },
        { lineage_claims_add_adapter, "{\"base_model_name_or_path\": \"a\\u001b[31mb\"}",
          "adapter a?[31mb (adapter_config.json:0 base_model_name_or_path)" },
        { lineage_claims_add_adapter,
          "{\"base_model_name_or_path\": \"\\u901a\\u4e49\\u202e\\u009b\\u200b\"}",
          "adapter \xE9\x80\x9A\xE4\xB9\x89??? (adapter_config.json:0 base_model_name_or_path)" },
        { lineage_claims_add_config, "{\"_name_or_path\": \"./qwen-base\"}",
          "loaded from ./qwen-base (config.json:0 _name_or_path)" },
        { lineage_claims_add_merge,
          "merge_method: slerp\nbase_model: a/b\nslices:\n- sources:\n  - model: a/b\n    "
          "layer_range: "
          "[0, 32]\n  - model: c/d\n    layer_range: [0, 32]\n",
          "merge a/b (mergekit_config.yml:2 base_model); merge a/b (mergekit_config.yml:5 "
          "slices[0].sources[0].model); merge c/d (mergekit_config.yml:7 "
          "slices[0].sources[1].model)" },
        { lineage_claims_add_merge, "models:\n- model:\n    path: a/b\n",
          "merge a/b (mergekit_config.yml:3 models[0].model.path)" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lineage_claims *c = mem_zero(sizeof *c);
        struct error err = { .text = "" };
        char got[2048];
        lineage_claims_init(c);
        assert_int_equal(cases[i].add(c, span_of(cases[i].text), &err), STATUS_OK);
        assert_int_equal(lineage_claims_finish(c, &err), STATUS_OK);
        describe(got, sizeof got, c);
        assert_string_equal(got, cases[i].want);
        lineage_claims_release(c);
        mem_free(c);
    }
}

/* What cannot be read is told, and the other files still count. */
static void broken_files(void **state)
{
    char folder[SCRATCH_PATH_BYTES], got[2048];
    static const char card[] = "---\nbase_model: a/b\n---\n";
    struct lineage_claims *c = mem_zero(sizeof *c);
    struct file_set *set;
    struct error err = { .text = "" };
    (void)state;
    scratch_make(folder);
    scratch_write(folder, "README.md", card, sizeof card - 1);
    scratch_write(folder, "adapter_config.json", "{", 1);
    scratch_write(folder, "mergekit_config.yml", "a: &x 1\nb: *x\n", 14);
    scratch_write(folder, "model.gguf", "GGUF", 4);
    assert_int_equal(file_set_open(&set, folder, &err), STATUS_OK);
    assert_int_equal(lineage_claims_read(c, set, &err), STATUS_OK);
    file_set_free(set);
    assert_int_equal(c->count, 1);
    assert_int_equal(c->finding_count, 3);
    describe(got, sizeof got, c);
    assert_non_null(strstr(got, "adapter_config.json could not be read"));
    assert_non_null(strstr(got, "mergekit_config.yml could not be read"));
    assert_non_null(strstr(got, "model.gguf could not be read"));
    lineage_claims_release(c);
    scratch_remove(folder);
    mem_free(c);
}

static void contradictions(void **state)
{
    char got[2048];
    struct lineage_claims *c = mem_zero(sizeof *c);
    struct error err;
    (void)state;
    lineage_claims_init(c);
    lineage_claims_add_card(c, span_of("---\nbase_model: https://hub/Qwen/Qwen2-7B/\n---\n"), &err);
    lineage_claims_add_adapter(c, span_of("{\"base_model_name_or_path\": \"models/qwen2-7b\"}"),
                               &err);
    lineage_claims_finish(c, &err);
    assert_int_equal(c->finding_count, 0); /* one name in two spellings */
    lineage_claims_add_adapter(c, span_of("{\"base_model_name_or_path\": \"yi-6b\"}"), &err);
    lineage_claims_finish(c, &err);
    describe(got, sizeof got, c);
    assert_int_equal(c->finding_count, 1);
    assert_non_null(strstr(got, "! README.md (base_model) names https://hub/Qwen/Qwen2-7B/, "
                                "adapter_config.json (base_model_name_or_path) names yi-6b"));
    lineage_claims_release(c);
    mem_free(c);
    assert_true(lineage_same_name("A/b", "b"));
    assert_true(lineage_same_name("x/Foo//", "y\\foo"));
    assert_false(lineage_same_name("", ""));
    assert_false(lineage_same_name("a/b", "a/c"));
}

/* More claims than are kept: the first ones, and a finding. */
static void too_many(void **state)
{
    struct buf text = BUF_INIT(1 << 20);
    struct lineage_claims *c = mem_zero(sizeof *c);
    struct error err;
    (void)state;
    buf_text(&text, "models:\n");
    for (int i = 0; i < CLAIMS_MAX + 40; i++)
        buf_format(&text, "- model: m%d\n", i);
    lineage_claims_init(c);
    assert_int_equal(lineage_claims_add_merge(c, (struct span){ text.data, text.len }, &err), 0);
    assert_int_equal(c->count, CLAIMS_MAX);
    assert_true(c->finding_count >= 1);
    assert_non_null(strstr(c->findings[0], "more than"));
    lineage_claims_release(c);
    mem_free(c);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),
        cmocka_unit_test(broken_files),
        cmocka_unit_test(contradictions),
        cmocka_unit_test(too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
