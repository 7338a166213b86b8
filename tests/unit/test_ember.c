/* The model in the box computes what transformers computed: a clone alone proves the engine.
 * SPDX-License-Identifier: Apache-2.0
 *
 * tests/data/ember-expected.json was written by tests/data/make_ember_expected.py from the same
 * weights in float32. Bounds: the plain C path differs by rounding order only; the fast path keeps
 * bf16 weights exact and may keep the cache in float16. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/core/json.h"
#include "lm/engine/engine.h"

#include "support/fixture.h"
#include "support/golden.h"

#define IDS_MAX    256
#define TEXT_BYTES 65536

static struct json_doc *expected;

static int open_expected(void **state)
{
    struct error err;
    struct buf text = fixture_read(fixture_source("tests/data/ember-expected.json"));
    enum status st =
        json_parse(&expected, text.data, text.len, 1 << 20, "ember-expected.json", &err);
    buf_release(&text);
    return st != STATUS_OK;
}

static int close_expected(void **state)
{
    json_doc_free(expected);
    return 0;
}

static const struct json *prompts(void)
{
    return json_get(json_root(expected), "prompts");
}

static size_t read_ids(const struct json *list, int32_t ids[IDS_MAX])
{
    size_t count = json_length(list);
    assert_in_range(count, 1, IDS_MAX);
    for (size_t i = 0; i < count; i++)
        ids[i] = (int32_t)json_int(json_at(list, i), -1);
    return count;
}

static void check_top(const struct json *prompt, const float *logits, double tolerance)
{
    const struct json *top = json_get(prompt, "top");
    double scale = json_number(json_get(prompt, "max_abs"), 0);
    assert_in_range(json_length(top), 10, 10);
    for (size_t i = 0; i < json_length(top); i++) {
        int64_t id = json_int(json_at(json_at(top, i), 0), 0);
        double want = json_number(json_at(json_at(top, i), 1), 0);
        if (!(fabs(logits[id] - want) <= tolerance * scale))
            fail_msg("%s: logit %d is %.6f, transformers has %.6f",
                     json_text(json_get(prompt, "text")), (int)id, (double)logits[id], want);
    }
}

static void check_greedy(struct engine *e, struct session *s, const struct json *prompt)
{
    int32_t want[IDS_MAX];
    struct error err;
    size_t count = read_ids(json_get(prompt, "greedy"), want);
    for (size_t i = 0; i < count; i++) {
        int32_t got = 0;
        const float *logits = session_logits(s);
        for (int32_t id = 1; id < (int32_t)engine_info(e)->vocab_size; id++)
            if (logits[id] > logits[got]) got = id;
        if (got != want[i])
            fail_msg("%s: greedy id %zu is %d, transformers has %d",
                     json_text(json_get(prompt, "text")), i, got, want[i]);
        assert_int_equal(session_append(s, got, &err), STATUS_OK);
    }
}

static void check_engine(const struct engine_options *options, double tolerance)
{
    struct engine *e = golden_engine(fixture_source("models/ember"), options);
    struct session *s;
    struct error err;
    int32_t ids[IDS_MAX];
    assert_int_equal(session_new(&s, e, &err), STATUS_OK);
    for (size_t i = 0; i < json_length(prompts()); i++) {
        const struct json *prompt = json_at(prompts(), i);
        size_t count = read_ids(json_get(prompt, "ids"), ids);
        assert_int_equal(session_sync(s, ids, count, NULL, &err), STATUS_OK);
        check_top(prompt, session_logits(s), tolerance);
        check_greedy(e, s, prompt);
    }
    session_free(s);
    engine_close(e);
}

static void test_ref_agrees(void **state)
{
    check_engine(&(struct engine_options){ .backend = "ref" }, 1e-5);
}

static void test_fast_agrees(void **state)
{
    check_engine(&(struct engine_options){ .backend = "cpu", .thread_count = 2 }, 2e-3);
}

static void test_text_becomes_the_same_ids(void **state)
{
    struct engine *e = golden_engine(fixture_source("models/ember"), &(struct engine_options){ 0 });
    const struct tokenizer *t = engine_tokenizer(e);
    struct error err;
    int32_t want[IDS_MAX];
    for (size_t i = 0; i < json_length(prompts()); i++) {
        const struct json *prompt = json_at(prompts(), i);
        struct span text = json_string(json_get(prompt, "text"));
        struct span greedy_text = json_string(json_get(prompt, "greedy_text"));
        struct token_list got = { 0 };
        struct buf back = BUF_INIT(TEXT_BYTES);
        size_t count = read_ids(json_get(prompt, "ids"), want);
        assert_int_equal(tokenizer_encode(t, text.data, text.len, true, &got, &err), STATUS_OK);
        assert_int_equal(got.count, count);
        assert_memory_equal(got.ids, want, count * sizeof *want);
        count = read_ids(json_get(prompt, "greedy"), want);
        assert_int_equal(tokenizer_decode(t, want, count, &back, &err), STATUS_OK);
        assert_int_equal(back.len, greedy_text.len);
        assert_memory_equal(back.data, greedy_text.data, back.len);
        buf_release(&back);
        token_list_release(&got);
    }
    engine_close(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ref_agrees),
        cmocka_unit_test(test_fast_agrees),
        cmocka_unit_test(test_text_becomes_the_same_ids),
    };
    return cmocka_run_group_tests(tests, open_expected, close_expected);
}
