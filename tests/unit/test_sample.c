/* The sampler against an independent computation, the generators against their references.
 * SPDX-License-Identifier: Apache-2.0
 *
 * vectors/sample.json comes from vectors/make_sample.py, which sorts everything in plain Python. */
#include <math.h>
#include <string.h>

#include "support/fixture.h"
#include "base/core/json.h"
#include "base/core/mem.h"
#include "lm/sample/random.h"
#include "lm/sample/sample.h"

#define VOCAB_MAX 512

/* Steele et al.'s generator from 1234567, as printed by the authors' reference code. */
static void splitmix_reference(void **state)
{
    static const uint64_t want[] = { 6457827717110365317u, 3203168211198807973u,
                                     9817491932198370423u, 4593380528125082431u,
                                     16408922859458223821u };
    uint64_t at = 1234567;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_int_equal(splitmix64_next(&at), want[i]);
}

/* The first round that pcg32-demo prints for its fixed seed (42, 54). */
static void pcg_reference(void **state)
{
    static const uint32_t want[] = { 0xa15c02b7, 0x7b47f409, 0xba1d3330,
                                     0x83d2f293, 0xbfa4784b, 0xcbed606e };
    struct pcg32 g;
    pcg32_init(&g, 42, 54);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_int_equal(pcg32_next(&g), want[i]);
}

static double number(const struct json *object, const char *key)
{
    const struct json *v = json_get(object, key);
    assert_non_null(v);
    return json_number(v, NAN);
}

static int64_t integer(const struct json *object, const char *key)
{
    assert_non_null(json_get(object, key));
    return json_int(json_get(object, key), -1);
}

static struct sample_options case_options(const struct json *c, struct logit_bias *bias)
{
    const struct json *o = json_get(c, "options"), *list = json_get(c, "bias");
    for (size_t i = 0; i < json_length(list); i++) {
        const struct json *pair = json_at(list, i);
        bias[i].id = (int32_t)json_int(json_at(pair, 0), -1);
        bias[i].bias = (float)json_number(json_at(pair, 1), NAN);
    }
    return (struct sample_options){
        .temperature = (float)number(o, "temperature"),
        .top_k = (int32_t)integer(o, "top_k"),
        .top_p = (float)number(o, "top_p"),
        .min_p = (float)number(o, "min_p"),
        .repetition_penalty = (float)number(o, "repeat"),
        .presence_penalty = (float)number(o, "presence"),
        .frequency_penalty = (float)number(o, "frequency"),
        .penalty_window = (int32_t)integer(o, "window"),
        .seed = (uint64_t)integer(o, "seed"),
        .bias = bias,
        .bias_count = json_length(list),
    };
}

static void check_top(size_t number, const struct json *want, const struct sampled *got)
{
    assert_int_equal(got->top_count, json_length(want));
    for (int i = 0; i < got->top_count; i++) {
        const struct json *pair = json_at(want, (size_t)i);
        int32_t id = (int32_t)json_int(json_at(pair, 0), -1);
        double logprob = json_number(json_at(pair, 1), NAN);
        if (got->top[i].id != id || fabs(got->top[i].logprob - logprob) > 1e-5)
            fail_msg("case %zu, top %d: wanted id %d at %.6f, came id %d at %.6f", number, i, id,
                     logprob, got->top[i].id, got->top[i].logprob);
    }
}

static void run_case(size_t number, const struct json *c)
{
    float logits[VOCAB_MAX];
    struct logit_bias bias[8] = { { 0 } };
    size_t vocab = json_length(json_get(c, "logits"));
    assert_true(vocab <= VOCAB_MAX);
    for (size_t i = 0; i < vocab; i++)
        logits[i] = (float)json_number(json_at(json_get(c, "logits"), i), NAN);
    struct sample_options o = case_options(c, bias);
    struct sampler *s;
    struct error err;
    if (sampler_new(&s, &o, (int64_t)vocab, &err)) fail_msg("case %zu: %s", number, err.text);
    const struct json *prompt = json_get(c, "prompt"), *history = json_get(c, "history");
    const struct json *picks = json_get(c, "picks");
    for (size_t i = 0; i < json_length(prompt); i++)
        sampler_accept_prompt(s, (int32_t)json_int(json_at(prompt, i), -1));
    for (size_t i = 0; i < json_length(history); i++)
        sampler_accept(s, (int32_t)json_int(json_at(history, i), -1));
    mem_freeze("sampling");
    for (size_t i = 0; i < json_length(picks); i++) {
        struct sampled got;
        if (sampler_pick(s, logits, integer(c, "valid"), 5, &got, &err))
            fail_msg("case %zu: %s", number, err.text);
        if (got.id != json_int(json_at(picks, i), -1))
            fail_msg("case %zu, draw %zu: wanted id %d, came %d", number, i,
                     (int)json_int(json_at(picks, i), -1), got.id);
        double want = json_number(json_at(json_get(c, "logprobs"), i), NAN);
        /* float rounding of a value below 64 */
        assert_true(fabs(got.logprob - want) <= 1e-5);
        check_top(number, json_get(c, "top"), &got);
    }
    mem_thaw();
    sampler_free(s);
}

static void independent_computation(void **state)
{
    struct buf text = fixture_read(fixture_source("tests/vectors/sample.json"));
    struct json_doc *doc;
    struct error err;
    if (json_parse(&doc, text.data, text.len, text.len, "sample.json", &err))
        fail_msg("%s", err.text);
    const struct json *cases = json_root(doc);
    assert_true(json_length(cases) > 50);
    for (size_t i = 0; i < json_length(cases); i++)
        run_case(i, json_at(cases, i));
    json_doc_free(doc);
    buf_release(&text);
}

/* 40,000 draws over known probabilities; 14 degrees of freedom, and 36.1 is the 99.9 % point: with
 * the seed fixed the figure is the same every time. */
static void distribution(void **state)
{
    enum { N = 15, DRAWS = 40000 };
    float logits[N];
    double p[N], sum = 0, chi2 = 0;
    int seen[N] = { 0 };
    for (int i = 0; i < N; i++) {
        logits[i] = 0.2f * (float)((i * 7) % N);
        sum += p[i] = exp(logits[i]);
    }
    struct sample_options o = sample_options_default;
    o.seed = 7;
    struct sampler *s;
    assert_int_equal(sampler_new(&s, &o, N, NULL), STATUS_OK);
    for (int i = 0; i < DRAWS; i++) {
        struct sampled got;
        assert_int_equal(sampler_pick(s, logits, N, 0, &got, NULL), STATUS_OK);
        seen[got.id]++;
    }
    for (int i = 0; i < N; i++) {
        double want = DRAWS * p[i] / sum;
        chi2 += (seen[i] - want) * (seen[i] - want) / want;
    }
    if (chi2 > 36.1) fail_msg("chi-square is %.1f, wanted at most 36.1", chi2);
    sampler_free(s);
}

static void same_seed_same_tokens(void **state)
{
    float logits[64];
    for (int i = 0; i < 64; i++)
        logits[i] = (float)((i * 37) % 64) / 16;
    struct sample_options o = sample_options_default;
    struct sampler *a, *b, *c;
    int differs = 0;
    o.seed = 99;
    assert_int_equal(sampler_new(&a, &o, 64, NULL), STATUS_OK);
    assert_int_equal(sampler_new(&b, &o, 64, NULL), STATUS_OK);
    o.seed = 100;
    assert_int_equal(sampler_new(&c, &o, 64, NULL), STATUS_OK);
    for (int i = 0; i < 100; i++) {
        struct sampled x, y, z;
        assert_int_equal(sampler_pick(a, logits, 64, SAMPLE_NO_LOGPROBS, &x, NULL), STATUS_OK);
        assert_int_equal(sampler_pick(b, logits, 64, 0, &y, NULL), STATUS_OK);
        assert_int_equal(sampler_pick(c, logits, 64, 0, &z, NULL), STATUS_OK);
        assert_int_equal(x.id, y.id);
        differs += x.id != z.id;
    }
    assert_true(differs > 50);
    sampler_free(a);
    sampler_free(b);
    sampler_free(c);
}

static void pick_fails(const float *logits, int64_t vocab, int64_t valid,
                       const struct sample_options *o, const char *words)
{
    struct sampler *s;
    struct sampled got = { .id = -7 };
    struct error err = { 0 };
    assert_int_equal(sampler_new(&s, o, vocab, NULL), STATUS_OK);
    assert_int_equal(sampler_pick(s, logits, valid, 0, &got, &err), STATUS_FAILED);
    if (!strstr(err.text, words)) fail_msg("wanted \"%s\" in: %s", words, err.text);
    assert_int_equal(got.id, -7);
    sampler_free(s);
}

static void broken_logits(void **state)
{
    const float nan_at_2[] = { 0, 1, NAN, NAN }, infinite[] = { 0, INFINITY },
                none[] = { -INFINITY, -INFINITY };
    const float fine[] = { 1, 2, 3 };
    const struct logit_bias forbid[] = { { 0, -INFINITY }, { 1, -INFINITY } };
    struct sample_options o = sample_options_default, g = sample_options_greedy;
    pick_fails(nan_at_2, 4, 4, &o, "NaN as the logit of id 2");
    pick_fails(nan_at_2, 4, 4, &g, "NaN as the logit of id 2");
    pick_fails(infinite, 2, 2, &o, "infinity as the logit of id 1");
    pick_fails(none, 2, 2, &o, "every token is forbidden");
    pick_fails(fine, 3, 0, &o, "every token is forbidden");
    o.bias = forbid;
    o.bias_count = 2;
    pick_fails(fine, 3, 2, &o, "every token is forbidden");
    struct sampler *s; /* NaN past the valid part does no harm */
    struct sampled got;
    assert_int_equal(sampler_new(&s, &g, 4, NULL), STATUS_OK);
    assert_int_equal(sampler_pick(s, nan_at_2, 2, 3, &got, NULL), STATUS_OK);
    assert_int_equal(got.id, 1);
    assert_int_equal(got.top_count, 2);
    sampler_free(s);
}

static void options_refused(void **state)
{
    static const struct logit_bias bad_bias[] = { { 3, NAN } }, far_bias[] = { { 10, 1 } };
    const struct {
        struct sample_options o;
        const char *words;
    } table[] = {
        { { .temperature = -1, .top_p = 1, .repetition_penalty = 1 }, "temperature" },
        { { .temperature = NAN, .top_p = 1, .repetition_penalty = 1 }, "temperature" },
        { { .temperature = 101, .top_p = 1, .repetition_penalty = 1 }, "temperature" },
        { { .top_k = -1, .top_p = 1, .repetition_penalty = 1 }, "top-k" },
        { { .top_p = 0, .repetition_penalty = 1 }, "top-p" },
        { { .top_p = 1.1f, .repetition_penalty = 1 }, "top-p" },
        { { .top_p = 1, .min_p = 1, .repetition_penalty = 1 }, "min-p" },
        { { .top_p = 1, .repetition_penalty = 0 }, "repetition penalty" },
        { { .top_p = 1, .repetition_penalty = 1, .presence_penalty = 3 }, "presence penalty" },
        { { .top_p = 1, .repetition_penalty = 1, .frequency_penalty = -3 }, "frequency penalty" },
        { { .top_p = 1, .repetition_penalty = 1, .penalty_window = -1 }, "penalty window" },
        { { .top_p = 1, .repetition_penalty = 1, .bias = bad_bias, .bias_count = 1 },
          "bias of id 3" },
        { { .top_p = 1, .repetition_penalty = 1, .bias = far_bias, .bias_count = 1 },
          "bias for id 10" },
        { { .top_p = 1, .repetition_penalty = 1, .bias = far_bias, .bias_count = 1025 },
          "at most 1024" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct sampler *s = NULL;
        struct error err = { 0 };
        assert_int_not_equal(sampler_new(&s, &table[i].o, 10, &err), STATUS_OK);
        assert_null(s);
        if (!strstr(err.text, table[i].words))
            fail_msg("line %zu: wanted \"%s\" in: %s", i, table[i].words, err.text);
    }
}

static void log_probabilities(void **state)
{
    const float two[] = { 0, 0 }, far[] = { 1000, 0, -1000 }, some[] = { 1, 2, 3, 4 };
    assert_true(fabs(logprob_of(two, 2, 1) + 0.69314718055994531) < 1e-15);
    assert_true(fabs(logprob_of(far, 3, 0)) < 1e-15);
    assert_true(fabs(logprob_of(far, 3, 2) + 2000) < 1e-9);
    /* 4 - log(e + e^2 + e^3 + e^4) */
    assert_true(fabs(logprob_of(some, 4, 3) + 0.44018969856119544) < 1e-15);
    assert_true(isinf(logprob_of(two, 2, 2)));
    assert_int_equal(logits_argmax(two, 2), 0);
    assert_int_equal(logits_argmax(some, 4), 3);
}

/* Forbidding by a mask draws as a bias of minus infinity does; log probabilities stay the model's. */
static void allowed_tokens(void **state)
{
    enum { COUNT = 130 };
    float logits[COUNT];
    struct logit_bias bias[COUNT];
    uint64_t allowed[3] = { 0 };
    size_t n = 0;
    struct error err = { 0 };
    for (int i = 0; i < COUNT; i++) {
        logits[i] = (float)((i * 37) % 11) / 4;
        if (i % 7 == 3 || i == 129) allowed[i / 64] |= (uint64_t)1 << (i % 64);
        else bias[n++] = (struct logit_bias){ i, -INFINITY };
    }
    struct sample_options o = sample_options_default, biased;
    o.seed = 5;
    o.top_p = 0.9f;
    biased = o;
    biased.bias = bias;
    biased.bias_count = n;
    struct sampler *s, *want;
    assert_int_equal(sampler_new(&s, &o, COUNT, &err), STATUS_OK);
    assert_int_equal(sampler_new(&want, &biased, COUNT, &err), STATUS_OK);
    for (int round = 0; round < 200; round++) {
        struct sampled a, b;
        assert_int_equal(sampler_pick_allowed(s, logits, COUNT, allowed, 0, &a, &err), STATUS_OK);
        assert_int_equal(sampler_pick(want, logits, COUNT, 0, &b, &err), STATUS_OK);
        assert_int_equal(a.id, b.id);
        assert_true(a.logprob == b.logprob);
    }
    memset(allowed, 0, sizeof allowed);
    struct sampled none;
    assert_int_equal(sampler_pick_allowed(s, logits, COUNT, allowed, 0, &none, &err),
                     STATUS_FAILED);
    sampler_free(s);
    sampler_free(want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splitmix_reference),      cmocka_unit_test(pcg_reference),
        cmocka_unit_test(independent_computation), cmocka_unit_test(distribution),
        cmocka_unit_test(same_seed_same_tokens),   cmocka_unit_test(broken_logits),
        cmocka_unit_test(options_refused),         cmocka_unit_test(log_probabilities),
        cmocka_unit_test(allowed_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
