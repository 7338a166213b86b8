/* Conversations that go on after a restart: pages saved, restored, and every fault without a trace in the text.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/core/mem.h"
#include "lm/sched/sched.h"
#include "support/alone.h"
#include "support/fixture.h"
#include "support/golden.h"
#include "support/memory_file.h"

#define ANSWER 20

struct world {
    struct memory_file file;
    struct engine *engine;
    struct sched *sched;
    const char *cpu_level, *cache_type;
    int64_t vocab;
    int32_t got[ANSWER];
    size_t got_count;
    struct sched_end end;
};

static const struct kv_salt SALT = { { 3, 4 } }, OTHER = { { 3, 5 } };

static void start(struct world *w)
{
    struct error err;
    const struct engine_store store = { .io = memory_file_io(&w->file),
                                        .bytes_max = MEMORY_FILE_BYTES,
                                        .identity = { 5 } };
    const struct engine_options options = { .thread_count = 1,
                                            .cache_tokens = 512,
                                            .cpu_level = w->cpu_level,
                                            .cache_type = w->cache_type,
                                            .store = &store,
                                            .log = memory_file_log(&w->file) };
    w->engine = golden_engine(fixture_source("models/ember"), &options);
    w->vocab = engine_info(w->engine)->vocab_size;
    if (sched_new(&w->sched, w->engine, NULL, &err)) fail_msg("%s", err.text);
}

static void stop(struct world *w)
{
    while (engine_save(w->engine, 3) > 0) {}
    sched_free(w->sched);
    engine_close(w->engine);
}

static void restart(struct world *w)
{
    stop(w);
    start(w);
}

static void setup_world(struct world *w)
{
    memset(w, 0, sizeof *w);
    memory_file_init(&w->file);
    start(w);
}

static void teardown_world(struct world *w)
{
    stop(w);
    memory_file_release(&w->file);
}

static size_t next(void *ctx, const float *logits, int32_t *ret, size_t room)
{
    struct world *w = ctx;
    size_t n = alone_choose(alone_hash(logits, w->vocab) | 2, w->vocab, ret, room);
    for (size_t i = 0; i < n; i++)
        w->got[w->got_count++] = ret[i];
    return n;
}

static void ended(void *ctx, const struct sched_end *end)
{
    ((struct world *)ctx)->end = *end;
}

static void ask(struct world *w, const struct alone *a, const struct kv_salt *salt)
{
    struct error err;
    uint64_t id;
    const struct sched_request q = { .tokens = a->tokens,
                                     .count = a->count,
                                     .new_max = ANSWER,
                                     .salt = *salt,
                                     .next = next,
                                     .ended = ended,
                                     .ctx = w };
    w->got_count = 0;
    if (sched_submit(w->sched, &id, &q, 1, NULL, &err)) fail_msg("%s", err.text);
    mem_freeze("steps of the scheduler");
    while (sched_step(w->sched, 1, NULL)) {}
    mem_thaw();
    assert_true(sched_idle(w->sched));
    assert_int_equal(w->end.reason, SCHED_LENGTH);
    assert_null(sched_check(w->sched));
}

static struct alone make_prompt(int seed, size_t count)
{
    struct alone a = { .count = count };
    for (size_t i = 0; i < count; i++)
        a.tokens[i] = (int32_t)((i * 7919 + (size_t)seed * 104729 + 17) % 3000);
    return a;
}

static void check_same(const struct world *w, const int32_t *want)
{
    assert_int_equal(w->got_count, ANSWER);
    assert_memory_equal(w->got, want, sizeof w->got);
}

/* The next turn after a restart evaluates what is new, no more, and the text is the same. */
static void test_a_conversation_goes_on_after_a_restart(void **state)
{
    (void)state;
    struct world w;
    struct alone a = make_prompt(1, 300), turn;
    int32_t first[ANSWER], second[ANSWER];
    setup_world(&w);
    ask(&w, &a, &SALT);
    assert_int_equal(w.end.cached_tokens, 0);
    memcpy(first, w.got, sizeof first);
    turn = a;
    memcpy(turn.tokens + turn.count, first, sizeof first);
    turn.count += ANSWER;
    struct alone more = make_prompt(2, 25);
    memcpy(turn.tokens + turn.count, more.tokens, 25 * sizeof *more.tokens);
    turn.count += 25;
    ask(&w, &turn, &OTHER); /* the measure: with nothing to begin from */
    assert_int_equal(w.end.cached_tokens, 0);
    memcpy(second, w.got, sizeof second);
    restart(&w);
    ask(&w, &turn, &SALT);
    assert_int_equal(w.end.cached_tokens, 319);
    assert_int_equal(sched_stats(w.sched).restored_tokens, 319);
    check_same(&w, second);
    ask(&w, &a, &SALT); /* all but the last token, partly from pages that are in memory now */
    assert_int_equal(w.end.cached_tokens, 299);
    check_same(&w, first);
    restart(&w);
    ask(&w, &turn, &(struct kv_salt){ { 1, 1 } }); /* nobody else gets any of it */
    assert_int_equal(w.end.cached_tokens, 0);
    assert_int_equal(w.file.log_lines, 0);
    teardown_world(&w);
}

/* What memory had no room for is still in the file. */
static void test_the_file_holds_more_than_memory(void **state)
{
    (void)state;
    struct world w;
    struct alone a[6];
    int32_t want[6][ANSWER];
    setup_world(&w); /* eight pages of memory */
    for (int i = 0; i < 6; i++) {
        a[i] = make_prompt(i, 200);
        ask(&w, &a[i], &SALT);
        memcpy(want[i], w.got, sizeof want[i]);
        while (engine_save(w.engine, 1) > 0) {}
    }
    for (int i = 0; i < 6; i++) {
        ask(&w, &a[i], &SALT);
        assert_int_equal(w.end.cached_tokens, 199);
        check_same(&w, want[i]);
    }
    assert_true(sched_stats(w.sched).restored_tokens > 0);
    teardown_world(&w);
}

static void test_faults_leave_no_trace_in_the_text(void **state)
{
    (void)state;
    struct world w;
    struct alone a = make_prompt(1, 300), b = make_prompt(2, 200);
    int32_t first[ANSWER], other[ANSWER];
    setup_world(&w);
    ask(&w, &a, &SALT);
    memcpy(first, w.got, sizeof first);
    ask(&w, &b, &OTHER);
    memcpy(other, w.got, sizeof other);
    stop(&w);
    size_t page = w.file.len / 2;
    memset(w.file.bytes + page, 0x77, 64); /* somewhere in the middle */
    start(&w);
    ask(&w, &a, &SALT);
    check_same(&w, first);
    ask(&w, &b, &OTHER);
    check_same(&w, other);
    assert_true(w.file.log_lines > 0);
    w.file.full = true; /* the disk fills up */
    int lines = w.file.log_lines;
    struct alone c = make_prompt(3, 200);
    ask(&w, &c, &SALT);
    while (engine_save(w.engine, 3) > 0) {}
    assert_int_equal(w.file.log_lines, lines + 1);
    ask(&w, &a, &SALT);
    check_same(&w, first);
    w.file.unreadable = true; /* and dies */
    restart(&w);
    ask(&w, &a, &SALT);
    check_same(&w, first);
    w.file.full = w.file.unreadable = false;
    teardown_world(&w);
}

/* Numbers of other kernels or of another precision are not these. */
static void test_another_engine_begins_anew(void **state)
{
    (void)state;
    struct world w;
    struct alone a = make_prompt(1, 200);
    setup_world(&w);
    ask(&w, &a, &SALT);
    stop(&w);
    w.cache_type = "f16";
    start(&w);
    ask(&w, &a, &SALT);
    assert_int_equal(w.end.cached_tokens, 0);
    assert_int_equal(w.file.log_lines, 1);
    teardown_world(&w);
}

/* A store that cannot be used is said, and nothing else. */
static void test_a_store_without_room(void **state)
{
    (void)state;
    struct world w = { 0 };
    struct alone a = make_prompt(1, 200);
    struct error err;
    memory_file_init(&w.file);
    const struct engine_store store = { .io = memory_file_io(&w.file), .bytes_max = 100 };
    w.engine =
        golden_engine(fixture_source("models/ember"),
                      &(struct engine_options){
                          .thread_count = 1, .store = &store, .log = memory_file_log(&w.file) });
    w.vocab = engine_info(w.engine)->vocab_size;
    assert_int_equal(w.file.log_lines, 1);
    assert_non_null(strstr(w.file.log_last, "not kept"));
    assert_false(engine_has_store(w.engine));
    assert_int_equal(sched_new(&w.sched, w.engine, NULL, &err), STATUS_OK);
    ask(&w, &a, &SALT);
    teardown_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_conversation_goes_on_after_a_restart),
        cmocka_unit_test(test_the_file_holds_more_than_memory),
        cmocka_unit_test(test_faults_leave_no_trace_in_the_text),
        cmocka_unit_test(test_another_engine_begins_anew),
        cmocka_unit_test(test_a_store_without_room),
    };
    return cmocka_run_group_tests_name("sched_store", tests, NULL, NULL);
}
