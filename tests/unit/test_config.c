/* Configuration in both vocabularies: kinds and ranges, RoPE spellings, end tokens.
 * SPDX-License-Identifier: Apache-2.0 */
#include "support/fixture.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/core/json.h"
#include "lm/format/config.h"

/* A configuration of its own source; `members` stand behind the architecture. */
struct opened {
    struct source *source;
    struct config config;
};

static struct opened open_texts(const char *members, const char *generation)
{
    struct opened o = { 0 };
    struct error err;
    char text[4096];
    int len = snprintf(text, sizeof text,
                       "{\"architectures\":[\"LlamaForCausalLM\"],"
                       "\"model_type\":\"llama\"%s%s}",
                       members[0] ? "," : "", members);
    assert_true(len > 0 && (size_t)len < sizeof text);
    struct span second = generation ? span_of(generation) : (struct span){ 0 };
    if (source_open_texts(&o.source, span_of(text), second, &err) ||
        config_init(&o.config, o.source, &err))
        fail_msg("%s: %s", text, err.text);
    return o;
}

static struct opened open_path(const char *path)
{
    struct opened o = { 0 };
    struct error err;
    if (source_open(&o.source, path, &err) || config_init(&o.config, o.source, &err))
        fail_msg("%s: %s", path, err.text);
    return o;
}

static void shut(struct opened *o)
{
    config_release(&o->config);
    source_close(o->source);
}

static struct config_key key(const char *hf)
{
    return (struct config_key){ hf, NULL };
}

static void assert_words(const struct error *err, const char *words)
{
    if (!strstr(err->text, words)) fail_msg("\"%s\" lacks \"%s\"", err->text, words);
}

/* ---- values ---- */

static void whole_numbers(void **state)
{
    static const struct {
        const char *members, *words; /* words NULL: accepted, then the value */
        int64_t value;
    } cases[] = {
        { "\"n\":7", NULL, 7 },
        { "\"n\":7.0", NULL, 7 },
        { "\"n\":[7,7,7]", NULL, 7 },
        { "\"n\":1", NULL, 1 },
        { "\"n\":100", NULL, 100 },
        { "\"text_config\":{\"n\":8},\"n\":7", NULL, 8 },
        { "\"text_config\":{\"m\":8},\"n\":7", NULL, 7 },
        { "\"m\":7", "config.json: n is missing", 0 },
        { "\"n\":null", "n is missing", 0 },
        { "\"text_config\":{\"n\":null},\"n\":7", "n is missing", 0 },
        { "\"n\":0", "n is 0; it must be a whole number from 1 to 100", 0 },
        { "\"n\":101", "n is 101", 0 },
        { "\"n\":-9223372036854775808", "n is -9223372036854775808", 0 },
        { "\"n\":7.5", "n is 7.5", 0 },
        { "\"n\":1e300", "n is 1e+300", 0 },
        { "\"n\":\"7\"", "n is the string \"7\"", 0 },
        { "\"n\":true", "n is true", 0 },
        { "\"n\":{}", "n is an object", 0 },
        { "\"n\":[]", "list of 0 items", 0 },
        { "\"n\":[7,8]", "different values", 0 },
        { "\"n\":[7,\"8\"]", "n is the string \"8\"", 0 },
        { "\"n\":[[7]]", "n is a list", 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct opened o = open_texts(cases[i].members, NULL);
        struct error err = { 0 };
        int64_t n = -77;
        enum status st = config_int(&o.config, key("n"), 1, 100, &n, &err);
        if (cases[i].words) assert_words(&err, cases[i].words);
        if (st != (cases[i].words ? err.status : STATUS_OK)) fail_msg("%s", cases[i].members);
        assert_int_equal(n, cases[i].words ? -77 : cases[i].value); /* set only on success */
        shut(&o);
    }
}

static void other_kinds(void **state)
{
    struct opened o = open_texts("\"x\":0.5,\"i\":1,\"b\":true,\"s\":\"text\",\"z\":\"a\\u0000b\","
                                 "\"l\":[1,2,3],\"t\":[\"full\",\"sliding\"],\"null\":null",
                                 NULL);
    const struct config *c = &o.config;
    struct error err;
    double x = 0;
    bool flag = false;
    const char *text = "";
    int64_t n = 0;
    assert_int_equal(config_real_or(c, key("x"), 0, 1, 9, &x, &err), STATUS_OK);
    assert_true(x == 0.5);
    assert_int_equal(config_real_or(c, key("i"), 0, 1, 9, &x, &err), STATUS_OK);
    assert_true(x == 1);
    assert_int_equal(config_real_or(c, key("none"), 0, 1, 9, &x, &err), STATUS_OK);
    assert_true(x == 9); /* a fallback may lie outside */
    assert_int_equal(config_real_or(c, key("x"), 0.6, 1, 9, &x, &err), STATUS_BAD_INPUT);
    assert_words(&err, "x is 0.5; it must be a number from 0.6 to 1");
    assert_int_equal(config_real_or(c, key("s"), 0, 1, 9, &x, &err), STATUS_BAD_INPUT);
    assert_int_equal(config_bool_or(c, key("b"), false, &flag, &err), STATUS_OK);
    assert_true(flag);
    assert_int_equal(config_bool_or(c, key("i"), false, &flag, &err), STATUS_BAD_INPUT);
    assert_int_equal(config_text_or_null(c, key("s"), &text, &err), STATUS_OK);
    assert_string_equal(text, "text");
    assert_int_equal(config_text_or_null(c, key("null"), &text, &err), STATUS_OK);
    assert_null(text);
    assert_int_equal(config_text_or_null(c, key("z"), &text, &err), STATUS_BAD_INPUT);
    assert_int_equal(config_text_or_null(c, key("i"), &text, &err), STATUS_BAD_INPUT);
    assert_int_equal(config_int_at(c, key("l"), 2, 0, 5, 0, &n, &err), STATUS_OK);
    assert_int_equal(n, 3);
    assert_int_equal(config_int_at(c, key("i"), 2, 0, 5, 0, &n, &err), STATUS_OK);
    assert_int_equal(n, 1);
    assert_int_equal(config_int_at(c, key("l"), 3, 0, 5, 0, &n, &err), STATUS_BAD_INPUT);
    assert_words(&err, "has 3 items, item 3 is needed");
    assert_int_equal(config_text_at(c, key("t"), 1, &text, &err), STATUS_OK);
    assert_string_equal(text, "sliding");
    assert_int_equal(config_text_at(c, key("t"), 2, &text, &err), STATUS_BAD_INPUT);
    assert_int_equal(config_text_at(c, key("none"), 2, &text, &err), STATUS_OK);
    assert_null(text);
    assert_true(config_has(c, key("x")));
    assert_false(config_has(c, key("null")));
    shut(&o);
}

static void gguf_values(void **state)
{
    struct opened o = open_path(FIXTURE("golden/gguf/forms/tiny-unknown-keys.gguf"));
    const struct config *c = &o.config;
    struct error err;
    int64_t n = 0;
    double x = 0;
    bool flag = false;
    const char *text = NULL;
    assert_string_equal(c->arch, "llama");
    assert_string_equal(c->model_type, "llama");
    assert_int_equal(config_int(c, (struct config_key){ NULL, "block_count" }, 1, 10, &n, &err), 0);
    assert_int_equal(n, 1);
    assert_int_equal(config_int(c, (struct config_key){ NULL, ".x.u8" }, 1, 10, &n, &err),
                     STATUS_BAD_INPUT);
    assert_words(&err, "x.u8 is 255; it must be a whole number from 1 to 10");
    assert_int_equal(config_int(c, (struct config_key){ NULL, ".x.u64" }, 0, INT64_MAX, &n, &err),
                     STATUS_BAD_INPUT);
    assert_int_equal(config_real_or(c, (struct config_key){ NULL, ".x.f64" }, 0, 1, 0, &x, &err),
                     0);
    assert_true(x == 0.1);
    assert_int_equal(config_bool_or(c, (struct config_key){ NULL, ".x.bool" }, false, &flag, &err),
                     0);
    assert_true(flag);
    assert_int_equal(
        config_text_or_null(c, (struct config_key){ NULL, ".general.architecture" }, &text, &err),
        0);
    assert_string_equal(text, "llama");
    assert_int_equal(config_text_or_null(c, (struct config_key){ NULL, ".x.empty" }, &text, &err),
                     0);
    assert_string_equal(text, "");
    assert_int_equal(config_real_or(c, (struct config_key){ NULL, ".x.f32s" }, -9, 9, 0, &x, &err),
                     STATUS_UNSUPPORTED);
    assert_false(config_has(c, key("num_hidden_layers")));
    shut(&o);
}

/* The keys that golden/gguf/bad spoils are refused as a family would ask for them. */
static void gguf_bad_values(void **state)
{
    static const struct {
        const char *file, *key, *words;
    } cases[] = {
        { "block-count-huge", "block_count", "llama.block_count is 4294967295" },
        { "block-count-string", "block_count", "llama.block_count is the string" },
        { "head-count-zero", "attention.head_count", "llama.attention.head_count is 0" },
    };
    char path[128];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(path, sizeof path, "golden/gguf/bad/%s.gguf", cases[i].file);
        struct opened o = open_path(FIXTURE(path));
        struct error err;
        int64_t n;
        assert_int_equal(
            config_int(&o.config, (struct config_key){ NULL, cases[i].key }, 1, 10000, &n, &err),
            STATUS_BAD_INPUT);
        assert_words(&err, cases[i].words);
        shut(&o);
    }
}

static void architecture(void **state)
{
    static const struct {
        const char *text, *words;
    } bad[] = {
        { "{}", "names no architecture" },
        { "{\"model_type\":\"llama\"}", "only a model_type" },
        { "{\"architectures\":[]}", "names no architecture" },
        { "{\"architectures\":[5]}", "names no architecture" },
        { "{\"architectures\":\"LlamaForCausalLM\"}", "names no architecture" },
        { "{\"architectures\":[\"a\\u0000b\"]}", "names no architecture" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct source *s;
        struct config c;
        struct error err;
        assert_int_equal(source_open_texts(&s, span_of(bad[i].text), (struct span){ 0 }, &err), 0);
        assert_int_equal(config_init(&c, s, &err), STATUS_BAD_INPUT);
        assert_words(&err, bad[i].words);
        source_close(s);
    }
    struct opened o = open_texts("\"torch_dtype\":\"torch.bfloat16\"", NULL);
    assert_string_equal(config_dtype(&o.config), "bfloat16");
    shut(&o);
    o = open_texts("\"text_config\":{\"dtype\":\"float16\"},\"dtype\":\"float32\"", NULL);
    assert_string_equal(config_dtype(&o.config), "float16");
    shut(&o);
    o = open_texts("", NULL);
    assert_null(config_dtype(&o.config));
    shut(&o);
}

/* ---- RoPE ---- */

#define YARN4 1.1386294361119891 /* 0.1 ln 4 + 1 */

/* Fields in the order of struct rope_config. */
static const struct {
    const char *members, *layer;
    struct rope_config want;
} ropes[] = {
    { "", NULL, { ROPE_DEFAULT, 10000, .partial_rotary_factor = 1 } },
    { "\"rope_scaling\":null,\"rope_theta\":5e6",
      NULL,
      { ROPE_DEFAULT, 5e6, .partial_rotary_factor = 1 } },
    { "\"rope_theta\":500000,\"max_position_embeddings\":4096,\"partial_rotary_factor\":0.5",
      NULL,
      { ROPE_DEFAULT, 500000, .original_context = 4096, .partial_rotary_factor = 0.5 } },
    { "\"rope_parameters\":{\"rope_type\":\"default\",\"rope_theta\":1000000.0}",
      NULL,
      { ROPE_DEFAULT, 1e6, .partial_rotary_factor = 1 } },
    { "\"rope_parameters\":{\"rope_theta\":7,\"partial_rotary_factor\":0.25},\"rope_theta\":8",
      NULL,
      { ROPE_DEFAULT, 7, .partial_rotary_factor = 0.25 } },
    { "\"rope_scaling\":{\"type\":\"linear\",\"factor\":2}",
      NULL,
      { ROPE_LINEAR, 10000, 2, .partial_rotary_factor = 1 } },
    { "\"rope_scaling\":{\"rope_type\":\"dynamic\",\"factor\":6.0},\"max_position_embeddings\":128",
      NULL,
      { ROPE_DYNAMIC, 10000, 6, .original_context = 128, .partial_rotary_factor = 1 } },
    { "\"rope_scaling\":{\"rope_type\":\"llama3\",\"factor\":8,\"low_freq_factor\":1,"
      "\"high_freq_factor\":4,\"original_max_position_embeddings\":8192},"
      "\"max_position_embeddings\":131072",
      NULL,
      { ROPE_LLAMA3, 10000, 8, 1, 4, .original_context = 8192, .partial_rotary_factor = 1 } },
    { "\"rope_scaling\":{\"type\":\"yarn\",\"factor\":4,\"original_max_position_embeddings\":32768}"
      ","
      "\"max_position_embeddings\":40960",
      NULL, /* the given factor wins over 40960 / 32768 */
      { ROPE_YARN, 10000, 4, 0, 0, 32, 1, YARN4, true, 32768, 1 } },
    { "\"rope_scaling\":{\"type\":\"yarn\",\"factor\":4},\"max_position_embeddings\":100",
      NULL,
      { ROPE_YARN, 10000, 4, 0, 0, 32, 1, YARN4, true, 100, 1 } },
    { "\"rope_scaling\":{\"type\":\"yarn\",\"factor\":null,\"original_max_position_embeddings\":25}"
      ","
      "\"max_position_embeddings\":100",
      NULL,
      { ROPE_YARN, 10000, 4, 0, 0, 32, 1, YARN4, true, 25, 1 } },
    { "\"rope_parameters\":{\"rope_type\":\"yarn\",\"factor\":4,\"beta_fast\":8,\"beta_slow\":2,"
      "\"attention_factor\":0.75,\"truncate\":false,\"original_max_position_embeddings\":16}",
      NULL,
      { ROPE_YARN, 10000, 4, 0, 0, 8, 2, 0.75, false, 16, 1 } },
    { "\"rope_scaling\":{\"type\":\"yarn\",\"factor\":40,\"mscale\":1,\"mscale_all_dim\":1,"
      "\"original_max_position_embeddings\":4096}",
      NULL,
      { ROPE_YARN, 10000, 40, 0, 0, 32, 1, 1, true, 4096, 1 } },
    { "\"rope_scaling\":{\"type\":\"yarn\",\"factor\":4,\"mscale\":1,\"mscale_all_dim\":0,"
      "\"original_max_position_embeddings\":16}",
      NULL,
      { ROPE_YARN, 10000, 4, 0, 0, 32, 1, YARN4, true, 16, 1 } },
    { "\"rope_parameters\":{\"full_attention\":{\"rope_type\":\"linear\",\"factor\":8,\"rope_"
      "theta\":1e6},"
      "\"sliding_attention\":{\"rope_type\":\"default\",\"rope_theta\":10000}}",
      "full_attention",
      { ROPE_LINEAR, 1e6, 8, .partial_rotary_factor = 1 } },
    { "\"rope_parameters\":{\"full_attention\":{\"rope_type\":\"linear\",\"factor\":8,\"rope_"
      "theta\":1e6},"
      "\"sliding_attention\":{\"rope_type\":\"default\",\"rope_theta\":123}}",
      "sliding_attention",
      { ROPE_DEFAULT, 123, .partial_rotary_factor = 1 } },
    { "\"rope_theta\":1e6,\"rope_local_base_freq\":10000,\"rope_scaling\":{\"rope_type\":"
      "\"linear\","
      "\"factor\":8}",
      "sliding_attention",
      { ROPE_DEFAULT, 10000, .partial_rotary_factor = 1 } },
    { "\"text_config\":{\"rope_parameters\":{\"rope_type\":\"linear\",\"factor\":3,\"rope_theta\":"
      "5}}",
      NULL,
      { ROPE_LINEAR, 5, 3, .partial_rotary_factor = 1 } },
    { "\"rope_parameters\":{\"rope_type\":\"default\",\"mrope_section\":[1,2],\"rope_theta\":9}",
      NULL,
      { ROPE_DEFAULT, 9, .partial_rotary_factor = 1 } },
};

static bool same_rope(const struct rope_config *a, const struct rope_config *b)
{
    return a->scaling == b->scaling && a->theta == b->theta && a->factor == b->factor &&
           a->low_freq_factor == b->low_freq_factor && a->high_freq_factor == b->high_freq_factor &&
           a->beta_fast == b->beta_fast && a->beta_slow == b->beta_slow &&
           fabs(a->attention_factor - b->attention_factor) < 1e-12 && a->truncate == b->truncate &&
           a->original_context == b->original_context &&
           a->partial_rotary_factor == b->partial_rotary_factor;
}

static void print_rope(const char *what, const struct rope_config *r)
{
    print_error("  %s: kind %d theta %g factor %g low %g high %g fast %g slow %g attention %.17g "
                "truncate %d original %lld share %g\n",
                what, (int)r->scaling, r->theta, r->factor, r->low_freq_factor, r->high_freq_factor,
                r->beta_fast, r->beta_slow, r->attention_factor, r->truncate,
                (long long)r->original_context, r->partial_rotary_factor);
}

static void rope_spellings(void **state)
{
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof ropes / sizeof *ropes; i++) {
        struct opened o = open_texts(ropes[i].members, NULL);
        struct rope_config got;
        struct error err;
        if (config_rope(&o.config, ropes[i].layer, &got, &err)) {
            print_error("%s: %s\n", ropes[i].members, err.text);
            wrong++;
        } else if (!same_rope(&got, &ropes[i].want)) {
            print_error("%s\n", ropes[i].members);
            print_rope("wanted", &ropes[i].want);
            print_rope("got", &got);
            wrong++;
        }
        shut(&o);
    }
    assert_int_equal(wrong, 0);
}

static void rope_refusals(void **state)
{
    static const struct {
        const char *members, *words;
        enum status status;
    } cases[] = {
        { "\"rope_scaling\":{\"type\":\"longrope\"}",
          "\"longrope\" is not supported; supported are default, linear", STATUS_UNSUPPORTED },
        { "\"rope_scaling\":{\"type\":\"mrope\",\"mrope_section\":[1]}", "\"mrope\"",
          STATUS_UNSUPPORTED },
        { "\"rope_scaling\":{\"type\":\"mrope\",\"rope_type\":\"default\"}", "\"mrope\"",
          STATUS_UNSUPPORTED },
        { "\"rope_scaling\":{\"rope_type\":\"none\",\"factor\":2}", "\"none\"",
          STATUS_UNSUPPORTED },
        { "\"rope_scaling\":{\"type\":\"dynamic\",\"alpha\":1000,\"factor\":1}", "alpha",
          STATUS_UNSUPPORTED },
        { "\"rope_scaling\":{\"type\":\"dynamic\",\"factor\":2}", "max_position_embeddings",
          STATUS_BAD_INPUT },
        { "\"rope_scaling\":{\"type\":\"linear\"}", "rope_scaling.factor is missing",
          STATUS_BAD_INPUT },
        { "\"rope_scaling\":{\"type\":\"linear\",\"factor\":0}", "rope_scaling.factor is 0",
          STATUS_BAD_INPUT },
        { "\"rope_scaling\":{\"type\":\"linear\",\"factor\":\"2\"}", "the string \"2\"",
          STATUS_BAD_INPUT },
        { "\"rope_scaling\":{\"factor\":2}", "no rope_type", STATUS_BAD_INPUT },
        { "\"rope_scaling\":{\"type\":5}", "rope_scaling.type is 5", STATUS_BAD_INPUT },
        { "\"rope_scaling\":\"linear\"", "rope_scaling is not an object", STATUS_BAD_INPUT },
        { "\"rope_scaling\":{\"type\":\"llama3\",\"factor\":8,\"low_freq_factor\":1}",
          "high_freq_factor is missing", STATUS_BAD_INPUT },
        { "\"rope_scaling\":{\"type\":\"llama3\",\"factor\":8,\"low_freq_factor\":4,\"high_freq_"
          "factor\":4,"
          "\"original_max_position_embeddings\":1}",
          "must be above", STATUS_BAD_INPUT },
        { "\"rope_scaling\":{\"type\":\"yarn\",\"factor\":4}",
          "needs original_max_position_embeddings", STATUS_BAD_INPUT },
        { "\"rope_scaling\":{\"type\":\"yarn\",\"factor\":4,\"beta_fast\":1,\"beta_slow\":2,"
          "\"original_max_position_embeddings\":8}",
          "below beta_slow", STATUS_BAD_INPUT },
        { "\"rope_theta\":0", "rope_theta is 0", STATUS_BAD_INPUT },
        { "\"rope_theta\":\"1e6\"", "rope_theta is the string", STATUS_BAD_INPUT },
        { "\"rope_parameters\":{\"full_attention\":{\"rope_type\":\"default\"}}",
          "a set for each layer type", STATUS_UNSUPPORTED },
        { "\"partial_rotary_factor\":1.5", "partial_rotary_factor is 1.5", STATUS_BAD_INPUT },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct opened o = open_texts(cases[i].members, NULL);
        struct rope_config got;
        struct error err = { 0 };
        if (config_rope(&o.config, NULL, &got, &err) != cases[i].status)
            fail_msg("%s: %s", cases[i].members, err.text);
        assert_words(&err, cases[i].words);
        shut(&o);
    }
    struct opened o =
        open_texts("\"rope_parameters\":{\"full_attention\":{\"rope_type\":\"default\"}}", NULL);
    struct rope_config got;
    struct error err;
    assert_int_equal(config_rope(&o.config, "sliding_attention", &got, &err), STATUS_BAD_INPUT);
    assert_words(&err, "no set for layers of type sliding_attention");
    shut(&o);
}

/* The converter's spelling in GGUF gives what config.json gave. Llama 3 is not here: GGUF stores
 * its divisors as a tensor, which lm/model reads. */
static void rope_of_twins(void **state)
{
    static const char *const names[] = { "llama2",     "llama-linear", "llama-yarn",
                                         "qwen2-yarn", "qwen3-bf16",   "mistral-nemo-bf16",
                                         "ministral3", "qwen3-next",   "glm4-moe",
                                         "yi-f16" };
    char path[128];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct rope_config hf, gguf;
        struct error err = { 0 };
        snprintf(path, sizeof path, "golden/models/%s", names[i]);
        struct opened a = open_path(FIXTURE(path));
        snprintf(path, sizeof path, "golden/gguf/%s.gguf", names[i]);
        struct opened b = open_path(FIXTURE(path));
        if (config_rope(&a.config, NULL, &hf, &err) || config_rope(&b.config, NULL, &gguf, &err))
            fail_msg("%s: %s", names[i], err.text);
        if (!same_rope(&hf, &gguf)) {
            print_rope("config.json", &hf);
            print_rope("gguf", &gguf);
            fail_msg("%s", names[i]);
        }
        shut(&a);
        shut(&b);
    }
}

/* tests/vectors/make_rope.py: transformers' own reading of the golden models. */
static bool rope_as_transformers(const struct json *want)
{
    char path[128];
    snprintf(path, sizeof path, "golden/models/%s", json_text(json_get(want, "model")));
    struct opened o = open_path(FIXTURE(path));
    struct rope_config got;
    struct error err;
    const char *layer = json_text(json_get(want, "layer"));
    bool ok = config_rope(&o.config, layer, &got, &err) == STATUS_OK;
    shut(&o);
    if (!ok) {
        print_error("%s: %s\n", path, err.text);
        return false;
    }
    bool has_original = got.scaling == ROPE_YARN || got.scaling == ROPE_LLAMA3;
    double attention = got.scaling == ROPE_YARN ? got.attention_factor : 1;
    ok = got.scaling == (enum rope_scaling)json_int(json_get(want, "kind"), -1) &&
         got.theta == json_number(json_get(want, "theta"), 0) &&
         got.factor == json_number(json_get(want, "factor"), -1) &&
         got.partial_rotary_factor == json_number(json_get(want, "share"), -1) &&
         fabs(attention - json_number(json_get(want, "attention"), 0)) < 1e-12 &&
         (!has_original || got.original_context == json_int(json_get(want, "original"), 0));
    if (!ok) print_rope(path, &got);
    return ok;
}

static void rope_of_golden_models(void **state)
{
    const char *models = FIXTURE("golden/models"); /* skips before anything is owned */
    struct buf text = fixture_read(fixture_source("tests/vectors/rope.json"));
    struct json_doc *doc;
    struct error err;
    size_t wrong = 0;
    if (json_parse(&doc, text.data, text.len, text.len, "rope.json", &err))
        fail_msg("%s", err.text);
    size_t count = json_length(json_root(doc));
    for (size_t i = 0; i < count; i++)
        wrong += !rope_as_transformers(json_at(json_root(doc), i));
    json_doc_free(doc);
    buf_release(&text);
    assert_true(models && count > 60);
    assert_int_equal(wrong, 0);
}

static void rope_factors_are_not_ignored(void **state)
{
    struct opened o = open_path(FIXTURE("golden/gguf/phi3-longrope.gguf"));
    struct rope_config rope;
    struct error err;
    assert_int_equal(config_rope(&o.config, NULL, &rope, &err), STATUS_UNSUPPORTED);
    assert_words(&err, "longrope");
    shut(&o);
}

/* ---- generation ---- */

static void end_tokens(void **state)
{
    static const struct {
        const char *config, *generation;
        int64_t bos;
        int count;
        int64_t ids[4];
    } cases[] = {
        { "", NULL, -1, 0, { 0 } },
        { "\"bos_token_id\":1,\"eos_token_id\":2", NULL, 1, 1, { 2 } },
        { "\"bos_token_id\":1,\"eos_token_id\":2",
          "{\"bos_token_id\":3,\"eos_token_id\":[4,5]}",
          3,
          3,
          { 4, 5, 2 } },
        { "\"eos_token_id\":[2,2,3]", "{\"eos_token_id\":3}", -1, 2, { 3, 2 } },
        { "\"eos_token_id\":null,\"bos_token_id\":-1", "{\"eos_token_id\":-1}", -1, 0, { 0 } },
        { "\"text_config\":{\"eos_token_id\":9,\"bos_token_id\":8}", "{}", 8, 1, { 9 } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct opened o = open_texts(cases[i].config, cases[i].generation);
        struct generation_config g;
        struct error err;
        if (config_generation(&o.config, &g, &err)) fail_msg("%s", err.text);
        assert_int_equal(g.bos_id, cases[i].bos);
        assert_int_equal(g.eos_count, cases[i].count);
        for (int k = 0; k < g.eos_count; k++)
            assert_int_equal(g.eos_ids[k], cases[i].ids[k]);
        assert_false(g.has_sampling);
        assert_true(g.temperature == 1 && g.top_p == 1 && g.min_p == 0 && g.top_k == 0);
        shut(&o);
    }
}

static void generation_refusals(void **state)
{
    static const struct {
        const char *config, *generation, *words;
    } cases[] = {
        { "\"eos_token_id\":\"2\"", NULL, "config.json: eos_token_id is not a token id" },
        { "\"eos_token_id\":2.5", NULL, "not a token id" },
        { "\"eos_token_id\":[1,[2]]", NULL, "not a token id" },
        { "\"eos_token_id\":-2", NULL, "is -2" },
        { "\"vocab_size\":10,\"eos_token_id\":10", NULL,
          "eos_token_id is 10, but token ids go from 0 to 9" },
        { "\"vocab_size\":10", "{\"bos_token_id\":11}",
          "generation_config.json: bos_token_id is 11" },
        { "\"eos_token_id\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]", NULL,
          "more than 16 end tokens" },
        { "", "{\"temperature\":-1}", "temperature" },
        { "", "{\"top_p\":1.5}", "top_p" },
        { "", "{\"top_p\":\"0.9\"}", "top_p" },
        { "", "{\"top_k\":2.5}", "top_k is 2.5" },
        { "", "{\"top_k\":true}", "top_k" },
        { "", "{\"repetition_penalty\":0}", "repetition_penalty" },
        { "\"vocab_size\":0", NULL, "vocab_size is 0" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct opened o = open_texts(cases[i].config, cases[i].generation);
        struct generation_config g;
        struct error err = { 0 };
        if (!config_generation(&o.config, &g, &err)) fail_msg("%s: accepted", cases[i].words);
        assert_words(&err, cases[i].words);
        shut(&o);
    }
}

static void sampling_defaults(void **state)
{
    struct opened o =
        open_texts("", "{\"do_sample\":true,\"temperature\":0.6,\"top_k\":20,\"top_p\":0.95,"
                       "\"min_p\":null,\"repetition_penalty\":1.05,\"other\":[]}");
    struct generation_config g;
    struct error err;
    if (config_generation(&o.config, &g, &err)) fail_msg("%s", err.text);
    assert_true(g.has_sampling && g.temperature == 0.6 && g.top_k == 20 && g.top_p == 0.95);
    assert_true(g.min_p == 0 && g.repetition_penalty == 1.05);
    shut(&o);
    o = open_texts("", "{\"do_sample\":true,\"top_k\":-1}");
    if (config_generation(&o.config, &g, &err)) fail_msg("%s", err.text);
    assert_true(g.has_sampling && g.top_k == 0);
    shut(&o);
}

/* Ids of the golden models, as their README and files say. */
static void generation_of_golden_models(void **state)
{
    static const struct {
        const char *path;
        int64_t bos;
        int count;
    } cases[] = {
        { "golden/models/llama3", 1, 2 },    { "golden/gguf/llama3.gguf", 1, 1 },
        { "golden/models/llama2", 1, 1 },    { "golden/gguf/qwen2-yarn.gguf", 1, 1 },
        { "golden/models/chatglm3", -1, 1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct opened o = open_path(FIXTURE(cases[i].path));
        struct generation_config g;
        struct error err;
        if (config_generation(&o.config, &g, &err)) fail_msg("%s", err.text);
        assert_int_equal(g.bos_id, cases[i].bos);
        assert_int_equal(g.eos_count, cases[i].count);
        shut(&o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers),
        cmocka_unit_test(other_kinds),
        cmocka_unit_test(gguf_values),
        cmocka_unit_test(gguf_bad_values),
        cmocka_unit_test(architecture),
        cmocka_unit_test(rope_spellings),
        cmocka_unit_test(rope_refusals),
        cmocka_unit_test(rope_of_twins),
        cmocka_unit_test(rope_of_golden_models),
        cmocka_unit_test(rope_factors_are_not_ignored),
        cmocka_unit_test(end_tokens),
        cmocka_unit_test(generation_refusals),
        cmocka_unit_test(sampling_defaults),
        cmocka_unit_test(generation_of_golden_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
