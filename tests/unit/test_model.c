/* Models that must be refused, each by its defect's name; and RoPE's frequencies by hand.
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "lm/engine/engine_open.h"
#include "lm/model/rope.h"
#include "lm/model/weight_names.h"
#include "support/fixture.h"

struct refusal {
    const char *path; /* below shared/ */
    enum status status;
    const char *words; /* that the message must have */
};

static const struct refusal refusals[] = {
    { "golden/gguf/bad/unknown-architecture.gguf", STATUS_UNSUPPORTED, "'hearthless'" },
    { "golden/gguf/bad/unknown-architecture.gguf", STATUS_UNSUPPORTED, "llama, qwen2, qwen3" },
    { "golden/gguf/bad/missing-tensor.gguf", STATUS_NOT_FOUND, "blk.0.attn_k.weight" },
    { "golden/gguf/bad/shape-mismatch.gguf", STATUS_BAD_INPUT, "[8, 32]" },
    { "golden/gguf/bad/vocab-mismatch.gguf", STATUS_BAD_INPUT, "262" },
    { "golden/gguf/bad/token-id-outside.gguf", STATUS_BAD_INPUT, "1000000" },
    { "golden/gguf/bad/block-count-huge.gguf", STATUS_BAD_INPUT, "block_count is 4294967295" },
    { "golden/gguf/bad/block-count-string.gguf", STATUS_BAD_INPUT, "block_count" },
    { "golden/gguf/bad/head-count-zero.gguf", STATUS_BAD_INPUT, "head_count is 0" },
    { "golden/gguf/mixtral-bf16.gguf", STATUS_UNSUPPORTED, "experts" },
    { "golden/gguf/deepseek-v2.gguf", STATUS_UNSUPPORTED, "'deepseek2'" },
    { "golden/models/mixtral", STATUS_UNSUPPORTED, "MixtralForCausalLM" },
    { "golden/models/ministral3", STATUS_UNSUPPORTED, "is not supported" },
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const struct refusal *r = &refusals[i];
        struct engine_options options = { 0 };
        struct engine_plan plan;
        struct source *source;
        struct error err = { 0 };
        const char *path = FIXTURE(r->path);
        if (source_open(&source, path, &err)) fail_msg("%s: %s", path, err.text);
        enum status s = engine_plan(&plan, source, &options, &err);
        source_close(source);
        if (s != r->status || !strstr(err.text, r->words)) {
            fail_msg("%s: wanted %s and '%s', got %s: %s", r->path, status_name(r->status),
                     r->words, status_name(s), err.text);
        }
    }
}

static void test_options_are_checked(void **state)
{
    (void)state;
    const struct engine_options bad[] = {
        { .backend = "cuda" },
        { .cpu_level = "avx9" },
        { .cache_type = "q8" },
        { .batch_max = 1 << 20 },
    };
    struct source *source;
    struct error err;
    assert_int_equal(source_open(&source, FIXTURE("golden/models/qwen3"), &err), STATUS_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct engine_plan plan;
        enum status s = engine_plan(&plan, source, &bad[i], &err);
        assert_true(s == STATUS_USAGE || s == STATUS_LIMIT);
    }
    source_close(source);
}

static void test_weight_names(void **state)
{
    (void)state;
    const struct weight_naming hf = { CONTAINER_HF, "model." },
                               wrapped = { CONTAINER_HF, "model.language_model." },
                               gguf = { CONTAINER_GGUF, "" };
    char name[WEIGHT_NAME_BYTES];
    weight_name(name, &hf, WEIGHT_ATTN_Q, 31, ".weight");
    assert_string_equal(name, "model.layers.31.self_attn.q_proj.weight");
    weight_name(name, &wrapped, WEIGHT_ATTN_Q, 0, ".bias");
    assert_string_equal(name, "model.language_model.layers.0.self_attn.q_proj.bias");
    weight_name(name, &wrapped, WEIGHT_HEAD, 0, ".weight");
    assert_string_equal(name, "lm_head.weight");
    weight_name(name, &gguf, WEIGHT_FFN_DOWN, 7, ".weight");
    assert_string_equal(name, "blk.7.ffn_down.weight");
}

/* Values of transformers 5.23.0, ROPE_INIT_FUNCTIONS, head_dim 8, theta 10000. */
static void test_rope_frequencies(void **state)
{
    (void)state;
    const struct {
        struct rope_config config;
        float want[4], scale;
    } cases[] = {
        { { .scaling = ROPE_DEFAULT, .theta = 10000, .partial_rotary_factor = 1 },
          { 1.0f, 0.1f, 0.01f, 0.001f },
          1.0f },
        { { .scaling = ROPE_LINEAR, .theta = 10000, .factor = 4, .partial_rotary_factor = 1 },
          { 0.25f, 0.025f, 0.0025f, 0.00025f },
          1.0f },
        { { .scaling = ROPE_LLAMA3,
            .theta = 10000,
            .factor = 8,
            .low_freq_factor = 1,
            .high_freq_factor = 4,
            .original_context = 256,
            .partial_rotary_factor = 1 },
          { 1.0f, 0.1f, 0.00125f, 0.000125f },
          1.0f },
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        float freq[ROPE_DIM_MAX / 2];
        struct rope_params params;
        struct error err;
        assert_int_equal(rope_params_init(&params, freq, &cases[c].config, 8, false, &err),
                         STATUS_OK);
        assert_int_equal(params.rot, 8);
        assert_true(params.scale == cases[c].scale);
        for (int i = 0; i < 4; i++)
            assert_true(fabsf(freq[i] - cases[c].want[i]) <= 1e-6f * cases[c].want[i]);
    }
}

static void test_rope_wants_an_even_share(void **state)
{
    (void)state;
    struct rope_config config = { .scaling = ROPE_DEFAULT,
                                  .theta = 10000,
                                  .partial_rotary_factor = 0.375 };
    float freq[ROPE_DIM_MAX / 2];
    struct rope_params params;
    struct error err;
    assert_int_equal(rope_params_init(&params, freq, &config, 8, false, &err), STATUS_BAD_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_options_are_checked),
        cmocka_unit_test(test_weight_names),
        cmocka_unit_test(test_rope_frequencies),
        cmocka_unit_test(test_rope_wants_an_even_share),
    };
    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
