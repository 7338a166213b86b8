/* Embeddings and reranking on the engine: the state behind the last norm, against the reference.
 * SPDX-License-Identifier: Apache-2.0
 *
 * golden/README.md: `pooled_raw` is the last token's state, `score` the softmax of two logits. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/core/mem.h"
#include "lm/engine/engine.h"
#include "support/fixture.h"
#include "support/golden.h"
#include "support/golden_texts.h"

#define TOLERANCE 1e-5 /* what the routes promise; the reference is within 3e-7 of float64 */

struct world {
    struct golden_texts golden;
    struct engine *engine;
    struct session *sessions[GOLDEN_TEXTS_MAX];
};

static void open_world(struct world *w, const char *path, const char *backend)
{
    struct error err = { 0 };
    memset(w, 0, sizeof *w);
    golden_texts_open(&w->golden, path);
    w->engine = golden_engine(path, &(struct engine_options){ .backend = backend });
    for (size_t i = 0; i < w->golden.count; i++)
        if (session_new(&w->sessions[i], w->engine, &err)) fail_msg("%s", err.text);
}

static void close_world(struct world *w)
{
    for (size_t i = 0; i < w->golden.count; i++)
        session_free(w->sessions[i]);
    engine_close(w->engine);
    golden_texts_release(&w->golden);
}

/* All inputs in one step. */
static void step_all(struct world *w)
{
    struct session_feed feeds[GOLDEN_TEXTS_MAX];
    struct error err = { 0 };
    for (size_t i = 0; i < w->golden.count; i++)
        feeds[i] = (struct session_feed){ w->sessions[i], w->golden.ids[i], w->golden.counts[i],
                                          i % 2 ? FEED_LOGITS_ALL : FEED_LOGITS_LAST };
    if (engine_step(w->engine, feeds, w->golden.count, &err)) fail_msg("%s", err.text);
}

static void check_pooled(const struct world *w)
{
    size_t n = golden_texts_cols(&w->golden, "pooled_raw");
    assert_int_equal(engine_info(w->engine)->hidden_size, n);
    for (size_t r = 0; r < w->golden.count; r++) {
        const float *got = session_hidden(w->sessions[r]);
        assert_non_null(got);
        assert_ptr_equal(got, engine_hidden(w->engine, session_logits(w->sessions[r])));
        for (size_t i = 0; i < n; i++) {
            float want = golden_texts_float(&w->golden, "pooled_raw", r * n + i);
            if (!(fabsf(got[i] - want) <= (float)TOLERANCE))
                fail_msg("input %zu, value %zu: %g, wanted %g", r, i, (double)got[i], (double)want);
        }
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
    float kept[GOLDEN_TEXTS_MAX][256];
    open_world(&w, path, "cpu");
    size_t bytes = (size_t)engine_info(w.engine)->hidden_size * sizeof(float);
    step_all(&w);
    for (size_t r = 0; r < w.golden.count; r++)
        memcpy(kept[r], session_hidden(w.sessions[r]), bytes);
    for (size_t r = 0; r < w.golden.count; r++) {
        session_truncate(w.sessions[r], 0);
        for (size_t i = 0; i < w.golden.counts[r]; i++)
            assert_int_equal(session_append(w.sessions[r], w.golden.ids[r][i], &err), STATUS_OK);
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
    struct session_feed feed = { w.sessions[0], w.golden.ids[0], w.golden.counts[0],
                                 FEED_LOGITS_NONE };
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
        int64_t yes = golden_texts_int(&w.golden, "yes_token_id", 0),
                no = golden_texts_int(&w.golden, "no_token_id", 0);
        step_all(&w);
        for (size_t r = 0; r < w.golden.count; r++) {
            const float *logits = session_logits(w.sessions[r]);
            double margin = (double)logits[yes] - (double)logits[no];
            double got = 1 / (1 + exp(-margin));
            assert_true(fabs(got - (double)golden_texts_float(&w.golden, "score", r)) <= TOLERANCE);
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
