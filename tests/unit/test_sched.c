/* The scheduler: fair share, priorities, pieces of prompts, cancelling, deadlines, limits, page shortage.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The model is the one in the box. Time is a number that the test counts up. */
#include "lm/sched/sched.h"

#include <stdio.h>
#include <string.h>

#include "base/core/mem.h"
#include "support/alone.h"
#include "support/fixture.h"
#include "support/golden.h"

#define REQUESTS_MAX 64
#define STEPS_MAX    4000

struct world;

/* One request of a test, and what became of it. */
struct asked {
    struct world *world;
    struct alone alone;
    uint64_t id;
    int32_t got[ALONE_ANSWER_MAX * 2];
    size_t got_count;
    int started_step,
        ended_step; /* steps at which next() was first called and it ended; -1: not yet */
    struct sched_end end;
    uint64_t cancels; /* another request, from within next() */
    bool endless;     /* never says that it ends */
};

struct world {
    struct engine *engine;
    struct sched *sched;
    struct asked asked[REQUESTS_MAX];
    int count, step;
    int64_t now_ns;
    struct sched_happened happened; /* in the last step */
};

static void setup_world(struct world *w, const struct engine_options *engine,
                        const struct sched_options *options)
{
    struct error err;
    struct engine_options one_thread = *engine;
    memset(w, 0, sizeof *w);
    one_thread.thread_count = 1;
    w->engine = golden_engine(fixture_source("models/ember"), &one_thread);
    w->now_ns = 1;
    if (sched_new(&w->sched, w->engine, options, &err)) fail_msg("%s", err.text);
}

static void teardown_world(struct world *w)
{
    sched_free(w->sched);
    engine_close(w->engine);
}

static size_t next(void *ctx, const float *logits, int32_t *ret, size_t room)
{
    struct asked *a = ctx;
    int64_t vocab = engine_info(a->world->engine)->vocab_size;
    if (a->started_step < 0) a->started_step = a->world->step;
    if (a->cancels) sched_cancel(a->world->sched, a->cancels, a->world->now_ns);
    size_t n = alone_choose(alone_hash(logits, vocab), vocab, ret, a->endless ? 1 : room);
    if (n == 0 && a->endless) {
        ret[0] = 7;
        n = 1;
    }
    for (size_t i = 0; i < n && a->got_count < sizeof a->got / sizeof *a->got; i++)
        a->got[a->got_count++] = ret[i];
    return n;
}

static void ended(void *ctx, const struct sched_end *end)
{
    struct asked *a = ctx;
    assert_int_equal(a->ended_step, -1);
    a->ended_step = a->world->step;
    a->end = *end;
}

/* Tokens that differ from the first on for different seeds. */
static void fill_prompt(struct alone *a, int seed, size_t count)
{
    a->count = count;
    for (size_t i = 0; i < count; i++)
        a->tokens[i] = (int32_t)((i * 7919 + (size_t)seed * 104729 + 17) % 3000);
}

static struct asked *new_asked(struct world *w, int seed, size_t count)
{
    assert_true(w->count < REQUESTS_MAX);
    struct asked *a = &w->asked[w->count++];
    memset(a, 0, sizeof *a);
    a->world = w;
    a->started_step = a->ended_step = -1;
    fill_prompt(&a->alone, seed, count);
    return a;
}

static enum status submit(struct world *w, struct asked *a, struct sched_request q, int *ret_retry)
{
    struct error err;
    q.tokens = a->alone.tokens;
    q.count = a->alone.count;
    q.next = next;
    q.ended = ended;
    q.ctx = a;
    return sched_submit(w->sched, &a->id, &q, w->now_ns, ret_retry, &err);
}

/* A request that generates exactly `new_max` tokens. */
static struct asked *ask(struct world *w, int seed, size_t count, size_t new_max, uint64_t tenant,
                         enum sched_class priority)
{
    struct asked *a = new_asked(w, seed, count);
    struct sched_request q = { .new_max = new_max, .tenant = tenant, .priority = priority };
    a->endless = true;
    assert_int_equal(submit(w, a, q, NULL), STATUS_OK);
    return a;
}

static bool step(struct world *w)
{
    w->step++;
    w->now_ns += 1000000;
    mem_freeze("a step of the scheduler");
    bool any = sched_step(w->sched, w->now_ns, &w->happened);
    mem_thaw();
    const char *broken = sched_check(w->sched);
    if (broken) fail_msg("step %d: %s", w->step, broken);
    return any;
}

static void run_all(struct world *w)
{
    for (int i = 0; i < STEPS_MAX && !sched_idle(w->sched); i++)
        step(w);
    assert_true(sched_idle(w->sched));
    assert_false(step(w));
}

/* --- one request --- */

static void test_a_request_is_answered_as_if_alone(void **state)
{
    (void)state;
    struct world w;
    setup_world(&w, &(struct engine_options){ 0 }, NULL);
    const size_t counts[4] = { 1, 63, 64, 200 };
    for (int i = 0; i < 4; i++) {
        struct asked *a = new_asked(&w, i, counts[i]);
        alone_run(&a->alone, w.engine);
        assert_int_equal(submit(&w, a, (struct sched_request){ .new_max = 40 }, NULL), STATUS_OK);
        run_all(&w);
        size_t want = a->alone.answer_count < 40 ? a->alone.answer_count : 40;
        assert_int_equal(a->got_count, want);
        assert_memory_equal(a->got, a->alone.answer, want * sizeof *a->got);
        assert_int_equal(a->end.reason, want < 40 ? SCHED_STOPPED : SCHED_LENGTH);
        assert_int_equal(a->end.prompt_tokens, counts[i]);
        assert_int_equal(a->end.new_tokens, want);
    }
    teardown_world(&w);
}

static void test_what_can_never_be_served_is_refused(void **state)
{
    (void)state;
    struct world w;
    struct error err;
    uint64_t id;
    setup_world(&w, &(struct engine_options){ .context_max = 100 }, NULL);
    int32_t tokens[101] = { 0 };
    struct sched_request q = { .tokens = tokens, .new_max = 1, .next = next, .ended = ended };
    assert_int_equal(sched_submit(w.sched, &id, &q, 1, NULL, &err), STATUS_BAD_INPUT);
    q.count = 101;
    assert_int_equal(sched_submit(w.sched, &id, &q, 1, NULL, &err), STATUS_CONTEXT);
    assert_non_null(strstr(err.text, "101"));
    assert_non_null(strstr(err.text, "100"));
    q.count = 3;
    tokens[1] = (int32_t)engine_info(w.engine)->vocab_size;
    assert_int_equal(sched_submit(w.sched, &id, &q, 1, NULL, &err), STATUS_BAD_INPUT);
    tokens[1] = -1;
    assert_int_equal(sched_submit(w.sched, &id, &q, 1, NULL, &err), STATUS_BAD_INPUT);
    assert_true(sched_idle(w.sched));
    teardown_world(&w);
}

/* The context's last place is filled by a token that is only told. */
static void test_a_full_context_ends_the_answer(void **state)
{
    (void)state;
    struct world w;
    setup_world(&w, &(struct engine_options){ .context_max = 80 }, NULL);
    struct asked *a = ask(&w, 1, 70, 1000, 1, SCHED_NORMAL);
    struct asked *full = ask(&w, 2, 80, 5, 1, SCHED_NORMAL);
    run_all(&w);
    assert_int_equal(a->end.reason, SCHED_CONTEXT);
    assert_int_equal(a->got_count, 11);
    assert_int_equal(full->end.reason, SCHED_CONTEXT);
    assert_int_equal(full->got_count, 1);
    teardown_world(&w);
}

struct told {
    size_t count;
    uint64_t hashes[ALONE_PROMPT_MAX];
    int64_t vocab;
    int ended;
};

static void tell(void *ctx, size_t i, const float *logits)
{
    struct told *t = ctx;
    assert_int_equal(i, t->count);
    t->hashes[t->count++] = alone_hash(logits, t->vocab);
}

static void told_ended(void *ctx, const struct sched_end *end)
{
    struct told *t = ctx;
    t->ended++;
    assert_int_equal(end->reason, SCHED_LENGTH);
    assert_int_equal(end->cached_tokens, 0);
}

static void test_a_prompts_logits_are_told_where_asked_for(void **state)
{
    (void)state;
    struct world w;
    struct alone a;
    struct error err;
    uint64_t id;
    setup_world(&w, &(struct engine_options){ .cache_tokens = 2048 }, NULL);
    fill_prompt(&a, 5, 300);
    alone_run(&a, w.engine); /* its pages are in the cache now, and must not be used */
    struct told t = { .vocab = engine_info(w.engine)->vocab_size };
    const struct sched_request q = {
        .tokens = a.tokens, .count = 300, .prompt = tell, .ended = told_ended, .ctx = &t
    };
    ask(&w, 1, 30, 100, 1, SCHED_NORMAL); /* beside another */
    assert_int_equal(sched_submit(w.sched, &id, &q, w.now_ns, NULL, &err), STATUS_OK);
    run_all(&w);
    assert_int_equal(t.ended, 1);
    assert_int_equal(t.count, 300);
    assert_memory_equal(t.hashes, a.hashes, 300 * sizeof *t.hashes);
    teardown_world(&w);
}

/* --- steps --- */

/* Whoever decodes gets a token in every step, whatever comes in beside it. */
static void test_long_prompts_come_in_pieces(void **state)
{
    (void)state;
    struct world w;
    setup_world(&w, &(struct engine_options){ .cache_tokens = 4096 },
                &(struct sched_options){ .slots_max = 4, .step_tokens = 40 });
    struct asked *a = ask(&w, 1, 10, 60, 1, SCHED_NORMAL);
    step(&w);
    assert_int_equal(w.happened.prompt_rows, 10);
    struct asked *b = ask(&w, 2, 400, 4, 2, SCHED_NORMAL), *c = ask(&w, 3, 70, 4, 3, SCHED_NORMAL);
    while (b->started_step < 0) {
        size_t before = a->got_count;
        step(&w);
        assert_int_equal(a->got_count, before + 1);
        assert_in_range(w.happened.decode_rows + w.happened.prompt_rows, 1, 40);
    }
    assert_true(c->ended_step <
                b->started_step); /* a short prompt is not stuck behind a long one */
    run_all(&w);
    teardown_world(&w);
}

/* Several answers to one prompt, and a beginning that many have: evaluated once. */
struct seen {
    size_t done, total, count;
};

static void see(void *ctx, size_t done, size_t total)
{
    struct seen *s = ctx;
    assert_true(done > s->done && done < total); /* on and on, and never the end */
    *s = (struct seen){ done, total, s->count + 1 };
}

static void seen_ended(void *ctx, const struct sched_end *end)
{
    assert_int_equal(end->reason, SCHED_LENGTH);
}

static void test_a_prompts_progress_is_told(void **state)
{
    struct world w;
    struct alone a;
    struct seen seen = { 0 };
    struct error err;
    uint64_t id;
    setup_world(&w, &(struct engine_options){ .batch_max = 32, .context_max = 256 }, NULL);
    fill_prompt(&a, 1, 200);
    const struct sched_request q = {
        .tokens = a.tokens, .count = 200, .progress = see, .ended = seen_ended, .ctx = &seen
    };
    assert_int_equal(sched_submit(w.sched, &id, &q, 1, NULL, &err), STATUS_OK);
    assert_int_equal(sched_stats(w.sched).slots, 16);
    assert_true(sched_stats(w.sched).retry_s >= 1);
    run_all(&w);
    assert_int_equal(seen.total, 200);
    assert_int_equal(seen.count, 6); /* 32, 64 ... 192 */
    teardown_world(&w);
}

static void test_equal_prompts_are_evaluated_once(void **state)
{
    (void)state;
    struct world w;
    setup_world(&w, &(struct engine_options){ .cache_tokens = 8192 }, NULL);
    for (int i = 0; i < 8; i++) {
        struct asked *a = new_asked(&w, 1, 330);
        if (i >= 4) a->alone.tokens[200] = i; /* these four leave it there */
        a->endless = true;
        assert_int_equal(submit(&w, a, (struct sched_request){ .new_max = 5 }, NULL), STATUS_OK);
    }
    run_all(&w);
    struct sched_stats s = sched_stats(w.sched);
    assert_int_equal(s.prompt_tokens, 8 * 330);
    assert_int_equal(s.prompt_rows + s.cached_tokens, 8 * 330);
    assert_int_equal(s.prompt_rows, 330 + 3 * 10 + 4 * (330 - 200));
    teardown_world(&w);
}

static void test_salts_share_nothing(void **state)
{
    (void)state;
    struct world w;
    setup_world(&w, &(struct engine_options){ .cache_tokens = 4096 }, NULL);
    for (int i = 0; i < 4; i++) {
        struct asked *a = new_asked(&w, 1, 200);
        a->endless = true;
        struct sched_request q = { .new_max = 5, .salt = { { (uint64_t)(i % 2), 9 } } };
        assert_int_equal(submit(&w, a, q, NULL), STATUS_OK);
        if (i % 2) run_all(&w);
    }
    assert_int_equal(w.asked[0].end.cached_tokens, 0);
    assert_int_equal(w.asked[1].end.cached_tokens, 0);
    assert_int_equal(w.asked[2].end.cached_tokens, 199);
    assert_int_equal(w.asked[3].end.cached_tokens, 199);
    teardown_world(&w);
}

/* A conversation's next turn evaluates what is new, no more. */
static void test_the_next_turn_begins_where_the_last_ended(void **state)
{
    (void)state;
    struct world w;
    setup_world(&w, &(struct engine_options){ 0 }, NULL);
    struct asked *a = ask(&w, 1, 150, 20, 1, SCHED_NORMAL);
    run_all(&w);
    struct asked *b = ask(&w, 1, 150, 5, 1, SCHED_NORMAL);
    assert_int_equal(b->alone.count, 150);
    sched_cancel(w.sched, b->id, w.now_ns);
    struct asked *c = new_asked(&w, 1, 150);
    memcpy(c->alone.tokens + 150, a->got, 20 * sizeof *a->got);
    fill_prompt(&b->alone, 4, 30);
    memcpy(c->alone.tokens + 170, b->alone.tokens, 30 * sizeof *a->got);
    c->alone.count = 200;
    c->endless = true;
    assert_int_equal(submit(&w, c, (struct sched_request){ .new_max = 5 }, NULL), STATUS_OK);
    run_all(&w);
    assert_int_equal(c->end.cached_tokens, 169); /* the twentieth token was told, not evaluated */
    teardown_world(&w);
}

/* --- ending early --- */

static void test_cancelling_takes_at_most_a_step(void **state)
{
    (void)state;
    struct world w;
    setup_world(&w, &(struct engine_options){ .cache_tokens = 2048 },
                &(struct sched_options){ .slots_max = 2 });
    struct asked *a = ask(&w, 1, 20, 100, 1, SCHED_NORMAL),
                 *b = ask(&w, 2, 20, 100, 1, SCHED_NORMAL);
    struct asked *c = ask(&w, 3, 20, 3, 1, SCHED_NORMAL), *d = ask(&w, 4, 20, 3, 1, SCHED_NORMAL);
    step(&w);
    step(&w);
    sched_cancel(w.sched, a->id, w.now_ns); /* running */
    assert_int_equal(a->end.reason, SCHED_CANCELLED);
    assert_int_equal(a->end.new_tokens, 2);
    sched_cancel(w.sched, d->id, w.now_ns); /* waiting */
    assert_int_equal(d->end.reason, SCHED_CANCELLED);
    assert_null(sched_check(w.sched));
    sched_cancel(w.sched, a->id, w.now_ns); /* ended already: ignored */
    sched_cancel(w.sched, 12345, w.now_ns);
    step(&w);
    assert_true(c->started_step == w.step);
    c->cancels = b->id; /* from within a callback */
    step(&w);
    assert_int_equal(b->ended_step, w.step);
    assert_int_equal(b->end.reason, SCHED_CANCELLED);
    run_all(&w);
    assert_int_equal(c->end.reason, SCHED_LENGTH);
    assert_int_equal(engine_kv_stats(w.engine).held, 0);
    teardown_world(&w);
}

static void test_deadlines(void **state)
{
    (void)state;
    struct world w;
    setup_world(&w, &(struct engine_options){ .cache_tokens = 2048 },
                &(struct sched_options){ .slots_max = 1 });
    struct asked *a = new_asked(&w, 1, 20), *b = new_asked(&w, 2, 20), *c = new_asked(&w, 3, 20);
    a->endless = b->endless = c->endless = true;
    struct sched_request q = { .new_max = 100, .deadline_ns = 10000001 };
    assert_int_equal(sched_next_deadline(w.sched), 0);
    submit(&w, a, q, NULL);
    q.deadline_ns = 3000001;
    submit(&w, b, q, NULL);
    q.deadline_ns = 0;
    q.new_max = 4;
    submit(&w, c, q, NULL);
    assert_int_equal(sched_next_deadline(w.sched), 3000001);
    run_all(&w);
    assert_int_equal(b->end.reason, SCHED_DEADLINE); /* while it waited */
    assert_int_equal(b->ended_step, 3);
    assert_int_equal(a->end.reason, SCHED_DEADLINE); /* while it ran */
    assert_int_equal(a->ended_step, 10);
    assert_int_equal(a->end.new_tokens, 9);
    assert_int_equal(c->end.reason, SCHED_LENGTH);
    assert_int_equal(c->end.waited_ns, 10000000 - 1 + 1);
    teardown_world(&w);
}

/* --- limits --- */

static void test_a_full_queue_says_when_to_come_back(void **state)
{
    (void)state;
    struct world w;
    struct error err;
    uint64_t id;
    int retry = 0;
    setup_world(&w, &(struct engine_options){ 0 },
                &(struct sched_options){ .slots_max = 1, .queue_max = 4, .tenant_queue_max = 3 });
    for (int i = 0; i < 3; i++)
        ask(&w, i, 20, 10, 1, SCHED_NORMAL);
    struct asked *more = new_asked(&w, 9, 20);
    struct sched_request q = { .tokens = more->alone.tokens,
                               .count = 20,
                               .new_max = 1,
                               .tenant = 1,
                               .next = next,
                               .ended = ended,
                               .ctx = more };
    assert_int_equal(sched_submit(w.sched, &id, &q, w.now_ns, &retry, &err), STATUS_LIMIT);
    assert_non_null(strstr(err.text, "of this tenant"));
    assert_in_range(retry, 1, 60);
    ask(&w, 4, 20, 10, 2, SCHED_NORMAL); /* another tenant has room still */
    q.tenant = 3;
    assert_int_equal(sched_submit(w.sched, &id, &q, w.now_ns, &retry, &err), STATUS_LIMIT);
    assert_non_null(strstr(err.text, "4 requests wait"));
    assert_int_equal(sched_stats(w.sched).refused, 2);
    run_all(&w);
    assert_int_equal(submit(&w, more, (struct sched_request){ .new_max = 1 }, NULL), STATUS_OK);
    run_all(&w);
    for (int i = 0; i < w.count; i++)
        assert_true(w.asked[i].ended_step > 0);
    teardown_world(&w);
}

/* --- fair share --- */

/* One tenant with a heap of requests does not delay another's single one behind all of them. */
static void test_tenants_share_evenly(void **state)
{
    (void)state;
    struct world w;
    setup_world(&w, &(struct engine_options){ .cache_tokens = 8192 },
                &(struct sched_options){ .slots_max = 2 });
    for (int i = 0; i < 20; i++)
        ask(&w, i, 30, 10, 1, SCHED_NORMAL);
    for (int i = 0; i < 3; i++)
        step(&w);
    struct asked *b = ask(&w, 30, 30, 10, 2, SCHED_NORMAL);
    run_all(&w);
    int before = 0;
    for (int i = 0; i < 20; i++)
        before += w.asked[i].started_step < b->started_step;
    assert_in_range(before, 2, 4); /* those that ran already, and one turn each */
    teardown_world(&w);
}

/* Turns are by tokens: who asks for more gets fewer turns. */
static void test_shares_are_of_tokens(void **state)
{
    (void)state;
    struct world w;
    setup_world(&w, &(struct engine_options){ .cache_tokens = 16384 },
                &(struct sched_options){ .slots_max = 1 });
    for (int i = 0; i < 6; i++)
        ask(&w, i, 200, 20, 1, SCHED_NORMAL);
    for (int i = 10; i < 40; i++)
        ask(&w, i, 20, 2, 2, SCHED_NORMAL);
    run_all(&w);
    int third = w.asked[2].ended_step, small = 0;
    for (int i = 6; i < 36; i++)
        small += w.asked[i].ended_step < third;
    assert_in_range(small, 18, 24); /* two large ones had 440 tokens: twenty small ones */
    teardown_world(&w);
}

static void test_no_class_starves(void **state)
{
    (void)state;
    struct world w;
    setup_world(&w, &(struct engine_options){ .cache_tokens = 8192 },
                &(struct sched_options){ .slots_max = 1 });
    struct asked *low = ask(&w, 1, 20, 10, 1, SCHED_LOW);
    int seed = 2;
    for (int i = 0; i < 1500 && low->ended_step < 0; i++) {
        if (sched_stats(w.sched).waiting < 3 && w.count < REQUESTS_MAX)
            ask(&w, seed++, 20, 10, 2, SCHED_HIGH); /* there is always one of these */
        step(&w);
    }
    assert_true(low->ended_step > 0);
    assert_int_equal(low->end.reason, SCHED_LENGTH);
    assert_true(w.count > 10); /* though many came before it */
    assert_true(w.count < REQUESTS_MAX);
    run_all(&w);
    teardown_world(&w);
}

static void test_a_higher_class_takes_a_place(void **state)
{
    (void)state;
    struct world w;
    setup_world(&w, &(struct engine_options){ .cache_tokens = 8192 },
                &(struct sched_options){ .slots_max = 2 });
    struct asked *low[2] = { ask(&w, 1, 100, 60, 1, SCHED_LOW), ask(&w, 2, 100, 60, 1, SCHED_LOW) };
    for (int i = 0; i < 5; i++)
        step(&w);
    struct asked *high = ask(&w, 3, 20, 10, 2, SCHED_HIGH);
    step(&w);
    assert_int_equal(high->started_step, w.step);
    assert_int_equal(w.happened.displaced, 1);
    run_all(&w);
    assert_int_equal(low[1]->end.displaced, 1);
    assert_int_equal(low[1]->end.new_tokens, 60);
    assert_true(sched_stats(w.sched).again_rows <= 1); /* its pages were still there */
    teardown_world(&w);
}

static void test_a_patient_tenant_gets_a_place(void **state)
{
    (void)state;
    struct world w;
    setup_world(&w, &(struct engine_options){ .cache_tokens = 8192 },
                &(struct sched_options){ .slots_max = 2, .patience_ns = 20000000 });
    ask(&w, 1, 100, 400, 1, SCHED_NORMAL);
    ask(&w, 2, 100, 400, 1, SCHED_NORMAL);
    for (int i = 0; i < 40; i++)
        step(&w);
    struct asked *b = ask(&w, 3, 20, 10, 2, SCHED_NORMAL);
    int begin = w.step;
    run_all(&w);
    assert_in_range(b->started_step - begin, 20, 22);
    assert_int_equal(sched_stats(w.sched).displaced, 1);
    teardown_world(&w);
}

/* --- pages --- */

static void run_short(bool reserve, struct sched_stats *ret)
{
    struct world w;
    /* Ten pages; each request begins with one and may come to need four. */
    setup_world(&w, &(struct engine_options){ .cache_tokens = 640, .context_max = 256 },
                &(struct sched_options){ .slots_max = 8, .reserve = reserve });
    for (int i = 0; i < 8; i++) {
        struct asked *a = new_asked(&w, i, (size_t)(55 + i));
        alone_run(&a->alone, w.engine);
        assert_int_equal(submit(&w, a, (struct sched_request){ .new_max = ALONE_ANSWER_MAX }, NULL),
                         STATUS_OK);
    }
    run_all(&w);
    for (int i = 0; i < 8; i++) {
        const struct asked *a = &w.asked[i];
        size_t n = a->got_count < a->alone.answer_count ? a->got_count : a->alone.answer_count;
        assert_true(a->end.reason == SCHED_STOPPED || a->end.reason == SCHED_LENGTH);
        assert_memory_equal(a->got, a->alone.answer, n * sizeof *a->got);
        if (a->alone.stops) assert_int_equal(a->got_count, a->alone.answer_count);
    }
    *ret = sched_stats(w.sched);
    assert_int_equal(engine_kv_stats(w.engine).held, 0);
    teardown_world(&w);
}

static void test_page_shortage_displaces_and_changes_nothing(void **state)
{
    (void)state;
    struct sched_stats s;
    run_short(false, &s);
    assert_true(s.displaced > 0);
    run_short(true, &s);
    assert_int_equal(s.displaced, 0);
}

/* Pages held outside the scheduler may make it impossible to go on: an end, not a hang. */
static void test_pages_held_elsewhere(void **state)
{
    (void)state;
    struct world w;
    struct session *outside;
    struct error err;
    setup_world(&w, &(struct engine_options){ .cache_tokens = 512, .context_max = 448 }, NULL);
    assert_int_equal(session_new(&outside, w.engine, &err), STATUS_OK);
    struct alone a;
    fill_prompt(&a, 1, 400);
    assert_int_equal(session_sync(outside, a.tokens, 400, NULL, &err), STATUS_OK);
    struct asked *big = ask(&w, 2, 200, 5, 1, SCHED_NORMAL),
                 *grows = ask(&w, 3, 20, 300, 1, SCHED_NORMAL);
    for (int i = 0; i < 200 && !sched_idle(w.sched); i++)
        sched_step(w.sched, w.now_ns, NULL);
    assert_int_equal(big->end.reason, SCHED_FAILED);
    assert_int_equal(grows->end.reason, SCHED_FAILED);
    assert_true(grows->end.new_tokens > 10);
    session_free(outside);
    struct asked *again = ask(&w, 2, 200, 5, 1, SCHED_NORMAL);
    run_all(&w);
    assert_int_equal(again->end.reason, SCHED_LENGTH);
    teardown_world(&w);
}

static void test_freeing_ends_what_is_left(void **state)
{
    (void)state;
    struct world w;
    setup_world(&w, &(struct engine_options){ 0 }, &(struct sched_options){ .slots_max = 1 });
    ask(&w, 1, 20, 10, 1, SCHED_NORMAL);
    ask(&w, 2, 20, 10, 1, SCHED_NORMAL);
    step(&w);
    sched_free(w.sched);
    for (int i = 0; i < 2; i++)
        assert_int_equal(w.asked[i].end.reason, SCHED_CANCELLED);
    engine_close(w.engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request_is_answered_as_if_alone),
        cmocka_unit_test(test_what_can_never_be_served_is_refused),
        cmocka_unit_test(test_a_full_context_ends_the_answer),
        cmocka_unit_test(test_a_prompts_logits_are_told_where_asked_for),
        cmocka_unit_test(test_long_prompts_come_in_pieces),
        cmocka_unit_test(test_a_prompts_progress_is_told),
        cmocka_unit_test(test_equal_prompts_are_evaluated_once),
        cmocka_unit_test(test_salts_share_nothing),
        cmocka_unit_test(test_the_next_turn_begins_where_the_last_ended),
        cmocka_unit_test(test_cancelling_takes_at_most_a_step),
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_a_full_queue_says_when_to_come_back),
        cmocka_unit_test(test_tenants_share_evenly),
        cmocka_unit_test(test_shares_are_of_tokens),
        cmocka_unit_test(test_no_class_starves),
        cmocka_unit_test(test_a_higher_class_takes_a_place),
        cmocka_unit_test(test_a_patient_tenant_gets_a_place),
        cmocka_unit_test(test_page_shortage_displaces_and_changes_nothing),
        cmocka_unit_test(test_pages_held_elsewhere),
        cmocka_unit_test(test_freeing_ends_what_is_left),
    };
    return cmocka_run_group_tests_name("sched", tests, NULL, NULL);
}
