/* Sessions: reuse, batching, limits and cancelling, on a golden model.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every path to a text must give the logits of the reference implementation: at once, token by
 * token, after a reused prefix, beside other sessions. */
#include "lm/engine/engine.h"

#include <stdio.h>
#include <string.h>

#include "support/fixture.h"
#include "support/golden.h"

#define MODEL     "golden/models/llama3"
#define TOLERANCE 1e-4 /* float32 path; the table of models holds the tight bounds */

struct world {
    struct golden golden;
    struct engine *engine;
};

static int setup_world(struct world *w, const struct engine_options *options)
{
    char expected[4096];
    const char *path = FIXTURE(MODEL);
    snprintf(expected, sizeof expected, "%s/expected.safetensors", path);
    golden_open(&w->golden, expected);
    w->engine = golden_engine(path, options);
    return 0;
}

static void teardown_world(struct world *w)
{
    engine_close(w->engine);
    golden_release(&w->golden);
}

static struct session *new_session(struct world *w)
{
    struct session *s;
    struct error err;
    assert_int_equal(session_new(&s, w->engine, &err), STATUS_OK);
    return s;
}

static void sync(struct session *s, const int32_t *ids, size_t count)
{
    struct error err = { 0 };
    if (session_sync(s, ids, count, NULL, &err)) fail_msg("%s", err.text);
}

/* The session's logits are those that the reference gives after `position`. */
static void check_at(const struct world *w, const struct session *s, size_t position)
{
    const float *want = w->golden.logits + position * w->golden.vocab;
    assert_non_null(session_logits(s));
    assert_true(golden_distance(session_logits(s), want, w->golden.vocab) < TOLERANCE);
}

static void check_long(const struct world *w, const struct session *s)
{
    const float *want = w->golden.long_logits + 3 * w->golden.vocab;
    assert_true(golden_distance(session_logits(s), want, w->golden.vocab) < TOLERANCE);
}

static void test_token_by_token_equals_at_once(void **state)
{
    (void)state;
    struct world w;
    struct error err;
    setup_world(&w, &(struct engine_options){ 0 });
    struct session *s = new_session(&w);
    for (size_t i = 0; i < w.golden.id_count; i++) {
        assert_int_equal(session_append(s, w.golden.ids[i], &err), STATUS_OK);
        check_at(&w, s, i);
    }
    session_truncate(s, 0);
    sync(s, w.golden.ids, w.golden.id_count);
    check_at(&w, s, w.golden.id_count - 1);
    session_free(s);
    teardown_world(&w);
}

static void test_small_steps_equal_one(void **state)
{
    (void)state;
    struct world w;
    setup_world(&w, &(struct engine_options){ .batch_max = 7 });
    struct session *s = new_session(&w);
    sync(s, w.golden.long_ids, w.golden.long_count);
    check_long(&w, s);
    session_free(s);
    teardown_world(&w);
}

static void test_own_prefix_is_reused(void **state)
{
    (void)state;
    struct world w;
    setup_world(&w, &(struct engine_options){ 0 });
    struct session *s = new_session(&w);
    int32_t other[48];
    memcpy(other, w.golden.ids, sizeof other);
    other[30] = (other[30] + 1) % 320;
    sync(s, other, 48);
    sync(s, w.golden.ids, 48);
    assert_int_equal(session_reused(s), 30);
    check_at(&w, s, 47);
    sync(s, w.golden.ids, 48);
    assert_int_equal(session_reused(s), 48);
    check_at(&w, s, 47);
    sync(s, w.golden.ids, 20); /* shorter: the last token must be evaluated again */
    assert_int_equal(session_reused(s), 19);
    check_at(&w, s, 19);
    session_free(s);
    teardown_world(&w);
}

static void test_prefix_of_another_session_is_shared(void **state)
{
    (void)state;
    struct world w;
    setup_world(&w, &(struct engine_options){ .cache_tokens = 1024, .context_max = 512 });
    struct session *a = new_session(&w), *b = new_session(&w);
    sync(a, w.golden.long_ids, w.golden.long_count);
    sync(b, w.golden.long_ids, w.golden.long_count);
    assert_int_equal(session_reused(b), 256);
    check_long(&w, b);
    session_free(a);
    session_free(b);
    struct session *c = new_session(&w); /* nobody holds the pages now, but they are still there */
    sync(c, w.golden.long_ids, w.golden.long_count);
    assert_int_equal(session_reused(c), w.golden.long_count - 1); /* the last page too */
    check_long(&w, c);
    session_free(c);
    teardown_world(&w);
}

static void test_salts_share_nothing(void **state)
{
    (void)state;
    struct world w;
    const struct kv_salt one = { { 1, 0 } }, other = { { 2, 0 } };
    setup_world(&w, &(struct engine_options){ .cache_tokens = 1024, .context_max = 512 });
    struct session *a = new_session(&w), *b = new_session(&w);
    session_reset(a, &one);
    session_reset(b, &other);
    sync(a, w.golden.long_ids, w.golden.long_count);
    sync(b, w.golden.long_ids, w.golden.long_count);
    assert_int_equal(session_reused(b), 0);
    check_long(&w, b);
    session_reset(b, &one);
    assert_int_equal(session_count(b), 0);
    sync(b, w.golden.long_ids, w.golden.long_count);
    assert_int_equal(session_reused(b), 256);
    check_long(&w, b);
    session_free(a);
    session_free(b);
    teardown_world(&w);
}

/* Logits only where asked for: of none, the last or all rows of a feed, in one step. */
static void test_logits_where_asked_for(void **state)
{
    (void)state;
    struct world w;
    struct error err;
    setup_world(&w, &(struct engine_options){ .cache_tokens = 1024, .context_max = 256 });
    struct session *s[3] = { new_session(&w), new_session(&w), new_session(&w) };
    const struct session_feed feeds[3] = { { s[0], w.golden.ids, 9, FEED_LOGITS_NONE },
                                           { s[1], w.golden.ids, 12, FEED_LOGITS_ALL },
                                           { s[2], w.golden.ids, 5, FEED_LOGITS_LAST } };
    if (engine_step(w.engine, feeds, 3, &err)) fail_msg("%s", err.text);
    assert_null(session_logits(s[0]));
    check_at(&w, s[1], 11);
    check_at(&w, s[2], 4);
    for (size_t i = 0; i < 12; i++) {
        const float *want = w.golden.logits + i * w.golden.vocab;
        assert_true(golden_distance(session_logits_at(s[1], i), want, w.golden.vocab) < TOLERANCE);
    }
    assert_int_equal(session_append(s[0], w.golden.ids[9], &err), STATUS_OK);
    check_at(&w, s[0], 9);
    for (int i = 0; i < 3; i++)
        session_free(s[i]);
    teardown_world(&w);
}

/* A scheduler's way: begin, evaluate in pieces, look again for what another has computed meanwhile. */
static void test_begin_and_advance(void **state)
{
    (void)state;
    struct world w;
    struct error err;
    setup_world(&w, &(struct engine_options){ .cache_tokens = 1024, .context_max = 512 });
    struct session *a = new_session(&w), *b = new_session(&w);
    const int32_t *ids = w.golden.long_ids;
    size_t count = w.golden.long_count;
    assert_int_equal(session_begin(a, ids, 0, true, &err), STATUS_BAD_INPUT);
    assert_int_equal(session_begin(a, ids, count, true, &err), STATUS_OK);
    assert_int_equal(session_begin(b, ids, count, true, &err), STATUS_OK);
    assert_int_equal(session_count(b), 0);
    assert_int_equal(session_pages_wanted(a, 150), 3);
    const struct session_feed first = { a, ids, 150, FEED_LOGITS_NONE };
    assert_int_equal(engine_step(w.engine, &first, 1, &err), STATUS_OK);
    session_advance(b, ids, count);
    assert_int_equal(session_count(b), 128);
    assert_int_equal(session_reused(b), 128);
    sync(b, ids, count);
    check_long(&w, b);
    const struct session *const all[2] = { a, b };
    assert_null(engine_kv_check(w.engine, all, 2));
    session_free(a);
    session_free(b);
    teardown_world(&w);
}

static void test_sessions_in_one_step_do_not_touch(void **state)
{
    (void)state;
    struct world w;
    struct error err;
    setup_world(&w, &(struct engine_options){ .cache_tokens = 1024, .context_max = 256 });
    struct session *s[3] = { new_session(&w), new_session(&w), new_session(&w) };
    const size_t ahead[3] = { 0, 5, 17 };
    for (int i = 1; i < 3; i++)
        sync(s[i], w.golden.ids, ahead[i]);
    for (size_t step = 0; step < 20; step++) {
        struct session_feed feeds[3];
        for (int i = 0; i < 3; i++) {
            size_t at = session_count(s[i]);
            feeds[i] =
                (struct session_feed){ s[i], w.golden.ids + at, i == 1 && step == 3 ? 4 : 1 };
        }
        if (engine_step(w.engine, feeds, 3, &err)) fail_msg("%s", err.text);
        for (int i = 0; i < 3; i++)
            check_at(&w, s[i], session_count(s[i]) - 1);
    }
    struct session_feed twice[2] = { { s[0], w.golden.ids, 1 }, { s[0], w.golden.ids, 1 } };
    assert_int_equal(engine_step(w.engine, twice, 2, &err), STATUS_USAGE);
    for (int i = 0; i < 3; i++)
        session_free(s[i]);
    teardown_world(&w);
}

static void test_context_limit_names_both_numbers(void **state)
{
    (void)state;
    struct world w;
    struct error err;
    setup_world(&w, &(struct engine_options){ .context_max = 47 });
    struct session *s = new_session(&w);
    sync(s, w.golden.ids, 10);
    assert_int_equal(session_sync(s, w.golden.ids, 48, NULL, &err), STATUS_CONTEXT);
    assert_non_null(strstr(err.text, "48"));
    assert_non_null(strstr(err.text, "47"));
    assert_int_equal(session_count(s), 10);
    sync(s, w.golden.ids, 47);
    check_at(&w, s, 46);
    assert_int_equal(session_append(s, 1, &err), STATUS_CONTEXT);
    assert_int_equal(session_count(s), 47);
    session_free(s);
    teardown_world(&w);
}

static void test_ids_outside_the_vocabulary_are_refused(void **state)
{
    (void)state;
    struct world w;
    struct error err;
    setup_world(&w, &(struct engine_options){ 0 });
    struct session *s = new_session(&w);
    sync(s, w.golden.ids, 4);
    const int32_t bad[2][5] = { { 1, 2, 3, 4, 320 }, { 1, 2, -1, 4, 5 } };
    for (int i = 0; i < 2; i++) {
        assert_int_equal(session_sync(s, bad[i], 5, NULL, &err), STATUS_BAD_INPUT);
        assert_int_equal(session_count(s), 4);
    }
    assert_int_equal(session_append(s, 320, &err), STATUS_BAD_INPUT);
    session_free(s);
    teardown_world(&w);
}

static bool cancel_at_once(void *ctx, const char *stage, unsigned long long done,
                           unsigned long long total)
{
    (void)ctx, (void)stage, (void)done, (void)total;
    return false;
}

static void test_cancel_keeps_what_was_evaluated(void **state)
{
    (void)state;
    struct world w;
    struct error err;
    struct progress progress = { cancel_at_once, NULL };
    setup_world(&w, &(struct engine_options){ .batch_max = 16 });
    struct session *s = new_session(&w);
    assert_int_equal(session_sync(s, w.golden.ids, 48, &progress, &err), STATUS_CANCELLED);
    assert_int_equal(session_count(s), 16);
    sync(s, w.golden.ids, 48);
    assert_int_equal(session_reused(s), 16);
    check_at(&w, s, 47);
    session_free(s);
    teardown_world(&w);
}

static void test_full_cache_hurts_only_the_asker(void **state)
{
    (void)state;
    struct world w;
    struct error err;
    setup_world(&w, &(struct engine_options){ .cache_tokens = 320, .context_max = 320 });
    struct session *a = new_session(&w), *b = new_session(&w);
    int32_t other[64] = { 7, 7, 7 };
    sync(a, w.golden.long_ids, w.golden.long_count);
    assert_int_equal(session_sync(b, other, 64, NULL, &err), STATUS_LIMIT);
    assert_int_equal(session_count(b), 0);
    check_long(&w, a);
    session_truncate(a, 100);
    sync(b, other, 64);
    sync(a, w.golden.long_ids, 150);
    session_free(a);
    session_free(b);
    teardown_world(&w);
}

struct seen {
    const struct world *world;
    size_t count;
};

static enum status see(void *ctx, size_t position, const float *logits, struct error *err)
{
    struct seen *seen = ctx;
    const struct golden *g = &seen->world->golden;
    assert_int_equal(position, seen->count++);
    assert_true(golden_distance(logits, g->logits + position * g->vocab, g->vocab) < TOLERANCE);
    return position == 40 ? error_set(err, STATUS_FAILED, "enough") : STATUS_OK;
}

static void test_scoring_gives_every_position_and_stops_when_told(void **state)
{
    (void)state;
    struct world w;
    struct error err;
    setup_world(&w, &(struct engine_options){ .batch_max = 9 });
    struct session *s = new_session(&w);
    struct seen seen = { .world = &w };
    assert_int_equal(session_score(s, w.golden.ids, 48, see, &seen, &err), STATUS_FAILED);
    assert_int_equal(seen.count, 41);
    assert_string_equal(err.text, "enough");
    session_free(s);
    teardown_world(&w);
}

static void test_plan_says_what_open_takes(void **state)
{
    (void)state;
    struct world w;
    struct engine_options options = { .context_max = 1000, .thread_count = 1 };
    struct engine_plan plan;
    struct source *source;
    struct error err;
    const char *path = FIXTURE(MODEL);
    assert_int_equal(source_open(&source, path, &err), STATUS_OK);
    assert_int_equal(engine_plan(&plan, source, &options, &err), STATUS_OK);
    options.context_max = 1 << 20;
    assert_int_equal(engine_plan(&plan, source, &options, &err), STATUS_CONTEXT);
    source_close(source);

    options.context_max = 1000;
    setup_world(&w, &options);
    const struct engine_info *info = engine_info(w.engine);
    assert_int_equal(plan.weight_bytes + plan.mapped_bytes, info->weight_bytes);
    assert_int_equal(plan.cache_bytes, info->cache_bytes);
    assert_int_equal(plan.work_bytes, info->work_bytes);
    assert_int_equal(plan.context_max, 1000);
    assert_int_equal(info->parameter_count, 133568);
    teardown_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_token_by_token_equals_at_once),
        cmocka_unit_test(test_small_steps_equal_one),
        cmocka_unit_test(test_own_prefix_is_reused),
        cmocka_unit_test(test_prefix_of_another_session_is_shared),
        cmocka_unit_test(test_salts_share_nothing),
        cmocka_unit_test(test_logits_where_asked_for),
        cmocka_unit_test(test_begin_and_advance),
        cmocka_unit_test(test_sessions_in_one_step_do_not_touch),
        cmocka_unit_test(test_context_limit_names_both_numbers),
        cmocka_unit_test(test_ids_outside_the_vocabulary_are_refused),
        cmocka_unit_test(test_cancel_keeps_what_was_evaluated),
        cmocka_unit_test(test_full_cache_hurts_only_the_asker),
        cmocka_unit_test(test_scoring_gives_every_position_and_stops_when_told),
        cmocka_unit_test(test_plan_says_what_open_takes),
    };
    return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
