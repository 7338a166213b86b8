/* Embeddings and reranking on the engine: the state behind the last norm, against the reference.
 * SPDX-License-Identifier: Apache-2.0
 *
 * golden/README.md: rows of input_ids are padded on the right, attention_mask says where they end;
 * `pooled_raw` is the last token's state, `score` the softmax of two logits. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/core/mem.h"
#include "lm/engine/engine.h"
#include "support/fixture.h"
#include "support/golden.h"

#define TOLERANCE  1e-5 /* what the routes promise; the reference is within 3e-7 of float64 */
#define INPUTS_MAX 8

struct world {
    struct safetensors *file;
    struct engine *engine;
    struct session *sessions[INPUTS_MAX];
    int32_t ids[INPUTS_MAX][64];
    size_t counts[INPUTS_MAX], input_count;
};

static struct tensor_view tensor(const struct world *w, const char *name)
{
    const struct safetensors_tensor *t = safetensors_find(w->file, name);
    if (!t || !t->has_view) fail_msg("no %s", name);
    return t->view;
}

static int64_t int_at(const struct tensor_view *v, size_t i)
{
    int64_t n;
    memcpy(&n, (const char *)v->data + i * sizeof n, sizeof n);
    return n;
}

static float float_at(const struct tensor_view *v, size_t i)
{
    float x;
    memcpy(&x, (const char *)v->data + i * sizeof x, sizeof x);
    return x;
}

static void read_inputs(struct world *w)
{
    struct tensor_view ids = tensor(w, "input_ids"), mask = tensor(w, "attention_mask");
    w->input_count = (size_t)ids.rows;
    assert_true(w->input_count <= INPUTS_MAX && ids.cols <= 64);
    for (size_t r = 0; r < w->input_count; r++)
        for (size_t i = 0; i < (size_t)ids.cols; i++)
            if (int_at(&mask, r * (size_t)ids.cols + i))
                w->ids[r][w->counts[r]++] = (int32_t)int_at(&ids, r * (size_t)ids.cols + i);
}

static void open_world(struct world *w, const char *path, const char *backend)
{
    char expected[4096];
    struct error err = { 0 };
    memset(w, 0, sizeof *w);
    snprintf(expected, sizeof expected, "%s/expected.safetensors", path);
    if (safetensors_open(&w->file, expected, &err)) fail_msg("%s", err.text);
    w->engine = golden_engine(path, &(struct engine_options){ .backend = backend });
    read_inputs(w);
    for (size_t i = 0; i < w->input_count; i++)
        if (session_new(&w->sessions[i], w->engine, &err)) fail_msg("%s", err.text);
}

static void close_world(struct world *w)
{
    for (size_t i = 0; i < w->input_count; i++)
        session_free(w->sessions[i]);
    engine_close(w->engine);
    safetensors_close(w->file);
}

/* All inputs in one step. */
static void step_all(struct world *w)
{
    struct session_feed feeds[INPUTS_MAX];
    struct error err = { 0 };
    for (size_t i = 0; i < w->input_count; i++)
        feeds[i] = (struct session_feed){ w->sessions[i], w->ids[i], w->counts[i],
                                          i % 2 ? FEED_LOGITS_ALL : FEED_LOGITS_LAST };
    if (engine_step(w->engine, feeds, w->input_count, &err)) fail_msg("%s", err.text);
}

static void check_pooled(const struct world *w)
{
    struct tensor_view want = tensor(w, "pooled_raw");
    size_t n = (size_t)want.cols;
    assert_int_equal(engine_info(w->engine)->hidden_size, want.cols);
    for (size_t r = 0; r < w->input_count; r++) {
        const float *got = session_hidden(w->sessions[r]);
        assert_non_null(got);
        for (size_t i = 0; i < n; i++)
            if (!(fabsf(got[i] - float_at(&want, r * n + i)) <= TOLERANCE))
                fail_msg("input %zu, value %zu: %g, wanted %g", r, i, (double)got[i],
                         (double)float_at(&want, r * n + i));
    }
}

static const char *const backends[] = { "ref", "cpu" };

static void test_the_last_state_is_the_references(void **state)
{
    const char *path = FIXTURE("golden/models/embed-qwen3-last");
    for (size_t b = 0; b < sizeof backends / sizeof *backends; b++) {
        struct world w;
        open_world(&w, path, backends[b]);
        step_all(&w);
        check_pooled(&w);
        close_world(&w);
    }
}

static void test_token_by_token_is_the_same(void **state)
{
    const char *path = FIXTURE("golden/models/embed-qwen3-last");
    struct world w;
    struct error err = { 0 };
    float kept[INPUTS_MAX][256];
    open_world(&w, path, "cpu");
    size_t bytes = (size_t)engine_info(w.engine)->hidden_size * sizeof(float);
    step_all(&w);
    for (size_t r = 0; r < w.input_count; r++)
        memcpy(kept[r], session_hidden(w.sessions[r]), bytes);
    for (size_t r = 0; r < w.input_count; r++) {
        session_truncate(w.sessions[r], 0);
        for (size_t i = 0; i < w.counts[r]; i++)
            assert_int_equal(session_append(w.sessions[r], w.ids[r][i], &err), STATUS_OK);
        assert_memory_equal(session_hidden(w.sessions[r]), kept[r], bytes);
    }
    close_world(&w);
}

static void test_there_is_none_without_logits(void **state)
{
    const char *path = FIXTURE("golden/models/embed-qwen3-last");
    struct world w;
    struct error err = { 0 };
    open_world(&w, path, "cpu");
    assert_null(session_hidden(w.sessions[0]));
    struct session_feed feed = { w.sessions[0], w.ids[0], w.counts[0], FEED_LOGITS_NONE };
    assert_int_equal(engine_step(w.engine, &feed, 1, &err), STATUS_OK);
    assert_null(session_hidden(w.sessions[0]));
    assert_int_equal(session_append(w.sessions[1], 3, &err), STATUS_OK);
    assert_non_null(session_hidden(w.sessions[1]));
    assert_int_equal(session_append(w.sessions[2], 3, &err), STATUS_OK);
    assert_null(session_hidden(w.sessions[1]));
    close_world(&w);
}

static void test_two_logits_make_the_references_score(void **state)
{
    const char *path = FIXTURE("golden/models/rerank-qwen3");
    for (size_t b = 0; b < sizeof backends / sizeof *backends; b++) {
        struct world w;
        open_world(&w, path, backends[b]);
        struct tensor_view yes = tensor(&w, "yes_token_id"), no = tensor(&w, "no_token_id"),
                           want = tensor(&w, "score");
        step_all(&w);
        for (size_t r = 0; r < w.input_count; r++) {
            const float *logits = session_logits(w.sessions[r]);
            double margin = (double)logits[int_at(&yes, 0)] - (double)logits[int_at(&no, 0)];
            double got = 1 / (1 + exp(-margin));
            assert_true(fabs(got - (double)float_at(&want, r)) <= TOLERANCE);
        }
        close_world(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_last_state_is_the_references),
        cmocka_unit_test(test_token_by_token_is_the_same),
        cmocka_unit_test(test_there_is_none_without_logits),
        cmocka_unit_test(test_two_logits_make_the_references_score),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
