/* What a model's files say about embedding and reranking, and what of it is refused.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/format/config_retrieval.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/core/file.h"
#include "lm/tokenizer/tokenizer.h"
#include "support/fixture.h"

#define FILES_MAX 5
#define QWEN3     "{\"architectures\":[\"Qwen3ForCausalLM\"]}"
#define LLAMA     "{\"architectures\":[\"LlamaForCausalLM\"]}"
#define ST        "\"type\":\"sentence_transformers.models."
#define POOL      "{\"path\":\"1_Pooling\"," ST "Pooling\"}"
#define SELF      "{\"path\":\"\"," ST "Transformer\"}"
#define UNIT      "{\"path\":\"2_Normalize\"," ST "Normalize\"}"
#define SCORE                                                                \
    "[" SELF ",{\"path\":\"1_LogitScore\",\"type\":\"sentence_transformers." \
    "cross_encoder.modules.logit_score.LogitScore\"}]"
#define LAST     "{\"pooling_mode_cls_token\":false,\"pooling_mode_lasttoken\":true}"
#define QUESTION "x Judge whether the Document meets the requirements based on the Query"

struct file {
    const char *name, *text;
};

static char folder[64];

static void put(const char *base, const struct file *f)
{
    char path[512], *slash;
    struct error err;
    snprintf(path, sizeof path, "%s/%s", base, f->name);
    slash = strrchr(path, '/');
    *slash = 0;
    mkdir(path, 0700);
    *slash = '/';
    if (file_write(path, f->text, strlen(f->text), &err)) fail_msg("%s", err.text);
}

/* A folder named `name` with these files, and config.json. */
static enum status read_folder(const char *name, const char *config, const struct file *files,
                               struct retrieval_config *ret, struct error *err)
{
    char base[256], command[300];
    struct source *source;
    snprintf(base, sizeof base, "%s/%s", folder, name);
    mkdir(base, 0700);
    put(base, &(struct file){ "config.json", config });
    for (int i = 0; i < FILES_MAX && files[i].name; i++)
        put(base, &files[i]);
    if (source_open(&source, base, err)) fail_msg("%s", err->text);
    enum status st = config_retrieval(source, ret, err);
    source_close(source);
    snprintf(command, sizeof command, "rm -r %s", base);
    assert_int_equal(system(command), 0);
    return st;
}

static const struct {
    const char *folder, *config;
    struct file files[FILES_MAX];
    struct retrieval_config want;
} known[] = {
    { "m", QWEN3, { { 0 } }, { POOLING_NONE, false, false, false, -1, -1 } },
    { "m",
      QWEN3,
      { { "modules.json", "[" SELF "," POOL "," UNIT "]" }, { "1_Pooling/config.json", LAST } },
      { POOLING_LAST, true, false, false, -1, -1 } },
    /* an embedder is no reranker, whatever it is called */
    { "Qwen3-Reranker",
      QWEN3,
      { { "modules.json", "[" SELF "," POOL "]" }, { "1_Pooling/config.json", LAST } },
      { POOLING_LAST, false, false, false, -1, -1 } },
    { "m",
      LLAMA,
      { { "1_Pooling/config.json", "{\"pooling_mode\":\"mean\"}" } },
      { POOLING_MEAN, false, false, false, -1, -1 } },
    { "m",
      LLAMA,
      { { "1_Pooling/config.json", "{\"pooling_mode_mean_sqrt_len_tokens\":true}" } },
      { POOLING_MEAN_SQRT, false, false, false, -1, -1 } },
    { "m",
      LLAMA,
      { { "1_Pooling/config.json", "{\"pooling_mode_weightedmean_tokens\":true}" } },
      { POOLING_WEIGHTED_MEAN, false, false, false, -1, -1 } },
    /* prompts that are only offered are the caller's to write */
    { "m",
      QWEN3,
      { { "1_Pooling/config.json", LAST },
        { "config_sentence_transformers.json",
          "{\"prompts\":{\"query\":\"Q: \",\"none\":\"\"},\"default_prompt_name\":\"none\"}" } },
      { POOLING_LAST, false, false, false, -1, -1 } },
    { "Qwen3-Reranker-0.6B", QWEN3, { { 0 } }, { POOLING_NONE, false, true, false, -1, -1 } },
    { "my_RERANKER", QWEN3, { { 0 } }, { POOLING_NONE, false, true, false, -1, -1 } },
    { "bge-reranker", LLAMA, { { 0 } }, { POOLING_NONE, false, false, false, -1, -1 } },
    { "m",
      QWEN3,
      { { "chat_template.jinja", QUESTION } },
      { POOLING_NONE, false, true, false, -1, -1 } },
    { "m",
      QWEN3,
      { { "tokenizer_config.json", "{\"chat_template\":\"" QUESTION "\"}" },
        { "modules.json", SCORE },
        { "1_LogitScore/config.json", "{\"true_token_id\":9693,\"false_token_id\":2152}" } },
      { POOLING_NONE, false, true, false, 9693, 2152 } },
};

static void test_what_files_say(void **state)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct retrieval_config got;
        struct error err = { 0 };
        if (read_folder(known[i].folder, known[i].config, known[i].files, &got, &err))
            fail_msg("case %zu: %s", i, err.text);
        const struct retrieval_config *want = &known[i].want;
        if (got.pooling != want->pooling || got.normalize != want->normalize ||
            got.rerank != want->rerank || got.rerank_head != want->rerank_head ||
            got.true_id != want->true_id || got.false_id != want->false_id)
            fail_msg("case %zu: pooling %s, normalize %d, rerank %d, ids %d %d", i,
                     pooling_name(got.pooling), got.normalize, got.rerank, (int)got.true_id,
                     (int)got.false_id);
    }
}

static const struct {
    const char *config;
    struct file files[FILES_MAX];
    enum status status;
    const char *words;
} refused[] = {
    { LLAMA, { { "modules.json", "{}" } }, STATUS_BAD_INPUT, "not a list" },
    { LLAMA, { { "modules.json", "[1" } }, STATUS_BAD_INPUT, "modules.json" },
    { LLAMA, { { "modules.json", "[{\"path\":\"\"}]" } }, STATUS_BAD_INPUT, "no type" },
    { LLAMA,
      { { "modules.json", "[" SELF ",{\"path\":\"2_Dense\"," ST "Dense\"}]" } },
      STATUS_UNSUPPORTED,
      "Dense" },
    { LLAMA,
      { { "modules.json", "[{\"path\":\"7_Pooling\"," ST "Pooling\"}]" } },
      STATUS_UNSUPPORTED,
      "7_Pooling" },
    { QWEN3,
      { { "1_Pooling/config.json", LAST },
        { "config_sentence_transformers.json",
          "{\"prompts\":{\"query\":\"Q: \"},\"default_prompt_name\":\"query\"}" } },
      STATUS_UNSUPPORTED,
      "default prompt \"query\"" },
    { LLAMA, { { "1_Pooling/config.json", "{}" } }, STATUS_UNSUPPORTED, "names no pooling" },
    { LLAMA, { { "1_Pooling/config.json", "[]" } }, STATUS_BAD_INPUT, "not an object" },
    { LLAMA,
      { { "1_Pooling/config.json", "{\"pooling_mode\":[\"cls\",\"mean\"]}" } },
      STATUS_UNSUPPORTED,
      "one word" },
    { LLAMA,
      { { "1_Pooling/config.json", "{\"pooling_mode\":\"best\"}" } },
      STATUS_UNSUPPORTED,
      "not known" },
    { LLAMA,
      { { "1_Pooling/config.json", "{\"pooling_mode_best\":true}" } },
      STATUS_UNSUPPORTED,
      "not known" },
    { LLAMA,
      { { "1_Pooling/config.json",
          "{\"pooling_mode_cls_token\":true,\"pooling_mode_max_tokens\":true}" } },
      STATUS_UNSUPPORTED,
      "several" },
    { QWEN3,
      { { "chat_template.jinja", QUESTION },
        { "1_LogitScore/config.json", "{\"true_token_id\":1,\"false_token_id\":null}" } },
      STATUS_UNSUPPORTED,
      "two tokens" },
    { LLAMA,
      { { "1_LogitScore/config.json", "{\"true_token_id\":1,\"false_token_id\":2}" } },
      STATUS_UNSUPPORTED,
      "Qwen3-Reranker" },
};

static void test_what_is_refused(void **state)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct retrieval_config got;
        struct error err = { 0 };
        enum status st = read_folder("m", refused[i].config, refused[i].files, &got, &err);
        if (st != refused[i].status || !strstr(err.text, refused[i].words))
            fail_msg("case %zu: %s: %s", i, status_name(st), err.text);
    }
}

static void test_the_golden_embedder(void **state)
{
    struct source *source;
    struct retrieval_config got;
    struct error err;
    const char *path = FIXTURE("golden/models/embed-qwen3-last");
    assert_int_equal(source_open(&source, path, &err), STATUS_OK);
    assert_int_equal(config_retrieval(source, &got, &err), STATUS_OK);
    assert_int_equal(got.pooling, POOLING_LAST);
    assert_true(got.normalize && !got.rerank);
    source_close(source);
}

/* Qwen3-Embedding: a post-processor puts one token behind every text, while eos_token is another. */
static void test_the_token_behind_a_text(void **state)
{
    static const struct file files[] = {
        { "tokenizer.json",
          "{\"added_tokens\":[{\"id\":3,\"content\":\"<end>\",\"special\":true},"
          "{\"id\":4,\"content\":\"<stop>\",\"special\":true}],"
          "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,"
          "\"use_regex\":false},\"decoder\":{\"type\":\"ByteLevel\"},"
          "\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":["
          "{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},{\"SpecialToken\":{\"id\":\"<end>\","
          "\"type_id\":0}}],\"special_tokens\":{\"<end>\":{\"id\":\"<end>\",\"ids\":[3],"
          "\"tokens\":[\"<end>\"]}}},"
          "\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1,\"ab\":2},\"merges\":[\"a "
          "b\"]}}" },
        { "tokenizer_config.json", "{\"eos_token\":\"<stop>\"}" },
        { 0 },
    };
    struct source *source;
    struct tokenizer *t;
    struct error err = { 0 };
    for (const struct file *f = files; f->name; f++)
        put(folder, f);
    if (source_open(&source, folder, &err)) fail_msg("%s", err.text);
    if (tokenizer_open(&t, source, NULL, &err)) fail_msg("%s", err.text);
    assert_int_equal(tokenizer_eos(t), 4);
    assert_int_equal(tokenizer_ending(t), 3);
    tokenizer_free(t);
    source_close(source);
}

static int make_folder(void **state)
{
    snprintf(folder, sizeof folder, "/tmp/hearth-retrieval-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int drop_folder(void **state)
{
    char command[100];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_files_say),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_the_golden_embedder),
        cmocka_unit_test(test_the_token_behind_a_text),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
