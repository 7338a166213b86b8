/* Random histories of the scheduler against each request alone.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Requests with common beginnings, of several tenants and classes, come, go, are cancelled and grow late, on
 * a cache that is too small for them. After every operation the books are recounted; every text that comes
 * out is the one that the request gets alone, to the last bit of its logits. HEARTH_SEED varies a run,
 * HEARTH_ROUNDS lengthens it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/mem.h"
#include "lm/sched/sched.h"
#include "support/alone.h"
#include "support/fixture.h"
#include "support/golden.h"

#define PROMPTS        24
#define LIVE_MAX       64
#define OPERATIONS_MAX 40
#define STEPS_MAX      5000
#define CONTEXT        256

struct live {
    struct history *history;
    const struct alone *alone;
    bool used;
    uint64_t id;
    size_t got_count, told, new_max;
    int64_t deadline_ns;
    bool was_cancelled, wants_prompt;
};

struct history {
    struct engine *engine;
    struct alone *prompts;
    struct sched *sched;
    struct live live[LIVE_MAX];
    struct sched_options options;
    uint64_t random;
    int64_t now_ns, submitted, ended, new_tokens;
    int64_t reasons[SCHED_REASON_COUNT];
};

static uint32_t below(struct history *h, uint32_t n)
{
    h->random = h->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(h->random >> 33) % n;
}

static int64_t number_of(const char *name, int64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoll(text, NULL, 10) : otherwise;
}

/* --- what the requests do --- */

static size_t next(void *ctx, const float *logits, int32_t *ret, size_t room)
{
    struct live *l = ctx;
    const struct alone *a = l->alone;
    int64_t vocab = engine_info(l->history->engine)->vocab_size;
    size_t n = alone_choose(alone_hash(logits, vocab), vocab, ret, room);
    if (n == 0) {
        if (!a->stops || l->got_count != a->answer_count)
            fail_msg("request %llu stops after %zu tokens, alone after %zu",
                     (unsigned long long)l->id, l->got_count, a->answer_count);
        return 0;
    }
    for (size_t i = 0; i < n && l->got_count + i < a->answer_count; i++) {
        if (ret[i] != a->answer[l->got_count + i])
            fail_msg("request %llu: token %zu of the answer is %d, alone %d",
                     (unsigned long long)l->id, l->got_count + i, (int)ret[i],
                     (int)a->answer[l->got_count + i]);
    }
    l->got_count += n;
    return n;
}

static void tell(void *ctx, size_t i, const float *logits)
{
    struct live *l = ctx;
    assert_int_equal(i, l->told);
    l->told++;
    uint64_t hash = alone_hash(logits, engine_info(l->history->engine)->vocab_size);
    assert_true(hash == l->alone->hashes[i]);
}

static void check_end(const struct live *l, const struct sched_end *end)
{
    switch (end->reason) {
    case SCHED_STOPPED: assert_int_equal(l->got_count, l->alone->answer_count); break;
    case SCHED_LENGTH: assert_int_equal(l->got_count, l->new_max); break;
    case SCHED_CONTEXT: assert_int_equal(l->alone->count + l->got_count, CONTEXT + 1); break;
    case SCHED_CANCELLED: assert_true(l->was_cancelled); break;
    case SCHED_DEADLINE: assert_in_range(l->deadline_ns, 1, l->history->now_ns); break;
    default: fail_msg("a request failed: %s", end->error->text);
    }
    bool whole = end->reason == SCHED_STOPPED || end->reason == SCHED_LENGTH;
    if (whole && l->wants_prompt) assert_int_equal(l->told, l->alone->count);
}

static void ended(void *ctx, const struct sched_end *end)
{
    struct live *l = ctx;
    struct history *h = l->history;
    assert_true(l->used && l->id == end->request);
    assert_int_equal(end->new_tokens, l->got_count);
    assert_int_equal(end->prompt_tokens, l->alone->count);
    check_end(l, end);
    l->used = false;
    h->ended++;
    h->reasons[end->reason]++;
    h->new_tokens += end->new_tokens;
}

/* --- operations --- */

static void check(struct history *h)
{
    const char *broken = sched_check(h->sched);
    if (broken) fail_msg("%s", broken);
    struct sched_stats s = sched_stats(h->sched);
    assert_int_equal(s.submitted, h->submitted);
    assert_int_equal(s.submitted, h->ended + s.waiting + s.running);
    assert_true(s.waiting <= h->options.queue_max + h->options.slots_max);
    assert_true(s.prompt_rows + s.cached_tokens >= 0);
}

static struct live *free_live(struct history *h)
{
    for (int i = 0; i < LIVE_MAX; i++) {
        if (!h->live[i].used) return &h->live[i];
    }
    return NULL;
}

static void op_submit(struct history *h)
{
    struct live *l = free_live(h);
    struct error err;
    int retry = 0;
    if (!l) return;
    *l = (struct live){ .history = h, .alone = &h->prompts[below(h, PROMPTS)], .used = true };
    l->new_max = below(h, 8) == 0 ? 0 : 1 + below(h, below(h, 2) ? 20 : ALONE_ANSWER_MAX - 4);
    l->wants_prompt = l->new_max == 0 || below(h, 10) == 0;
    l->deadline_ns = below(h, 5) ? 0 : h->now_ns + 1 + below(h, 30);
    const struct sched_request q = {
        .tokens = l->alone->tokens,
        .count = l->alone->count,
        .new_max = l->new_max,
        .tenant = below(h, 3),
        .salt = { { below(h, 2), 0 } },
        .priority = (enum sched_class)below(h, SCHED_CLASS_COUNT),
        .deadline_ns = l->deadline_ns,
        .next = next,
        .prompt = l->wants_prompt ? tell : NULL,
        .ended = ended,
        .ctx = l,
    };
    bool full = sched_stats(h->sched).waiting >= h->options.queue_max;
    enum status st = sched_submit(h->sched, &l->id, &q, h->now_ns, &retry, &err);
    if (st) {
        assert_int_equal(st, STATUS_LIMIT);
        assert_true(full && retry > 0);
        l->used = false;
    } else {
        assert_false(full);
        h->submitted++;
    }
}

static void op_cancel(struct history *h)
{
    struct live *l = &h->live[below(h, LIVE_MAX)];
    if (!l->used) return;
    l->was_cancelled = true;
    sched_cancel(h->sched, l->id, h->now_ns);
    assert_false(l->used);
}

static bool op_step(struct history *h)
{
    struct sched_happened did;
    int64_t budget = (int64_t)engine_batch_max(h->engine);
    h->now_ns += 1 + below(h, 3);
    mem_freeze("a step of the scheduler");
    bool any = sched_step(h->sched, h->now_ns, &did);
    mem_thaw();
    assert_in_range(did.decode_rows + did.prompt_rows, 0, budget);
    return any;
}

static void run_history(struct engine *e, struct alone *prompts, uint64_t seed,
                        struct sched_stats *sum)
{
    static struct history h;
    struct error err;
    h = (struct history){ .engine = e, .prompts = prompts, .random = seed, .now_ns = 1 };
    h.options = (struct sched_options){ .slots_max = 1 + (int)below(&h, 6),
                                        .queue_max = 1 + (int)below(&h, 8),
                                        .step_tokens = 8 + below(&h, 56),
                                        .patience_ns = 1 + below(&h, 10),
                                        .reserve = below(&h, 3) == 0 };
    if (sched_new(&h.sched, e, &h.options, &err)) fail_msg("%s", err.text);
    int operations = 5 + (int)below(&h, OPERATIONS_MAX);
    for (int i = 0; i < operations; i++) {
        uint32_t kind = below(&h, 10);
        if (kind < 4) op_submit(&h);
        else if (kind < 5) op_cancel(&h);
        else op_step(&h);
        check(&h);
    }
    int steps = 0;
    for (; steps < STEPS_MAX && !sched_idle(h.sched); steps++) {
        op_step(&h);
        if (steps % 8 == 0) check(&h);
    }
    assert_true(sched_idle(h.sched));
    check(&h);
    struct sched_stats s = sched_stats(h.sched);
    assert_int_equal(s.new_tokens, h.new_tokens);
    for (int i = 0; i < SCHED_REASON_COUNT; i++) {
        assert_int_equal(s.ended[i], h.reasons[i]);
        sum->ended[i] += s.ended[i];
    }
    sum->displaced += s.displaced;
    sum->cached_tokens += s.cached_tokens;
    sum->steps += s.steps;
    sched_free(h.sched);
}

/* Three beginnings; a prompt is so much of one of them and an end of its own. */
static void make_prompts(struct alone *prompts, struct engine *e)
{
    struct history h = { .random = 77 };
    int32_t begin[3][CONTEXT];
    int64_t vocab = engine_info(e)->valid_vocab;
    for (int f = 0; f < 3; f++) {
        for (int i = 0; i < CONTEXT; i++)
            begin[f][i] = (int32_t)below(&h, (uint32_t)vocab);
    }
    for (int p = 0; p < PROMPTS; p++) {
        struct alone *a = &prompts[p];
        size_t common = below(&h, 180), own = 1 + below(&h, 60);
        a->count = common + own;
        memcpy(a->tokens, begin[p % 3], common * sizeof *a->tokens);
        for (size_t i = 0; i < own; i++)
            a->tokens[common + i] = (int32_t)below(&h, (uint32_t)vocab);
        alone_run(a, e);
    }
}

static void test_random_histories(void **state)
{
    (void)state;
    const char *golden = fixture_shared("golden/models/llama3");
    const char *path = golden ? golden : fixture_source("models/ember");
    int64_t rounds = number_of("HEARTH_ROUNDS", golden ? 300 : 60);
    uint64_t seed = (uint64_t)number_of("HEARTH_SEED", 1);
    static struct alone prompts[PROMPTS];
    struct sched_stats sum = { 0 };
    /* Fourteen pages: three requests of the longest kind, and a bit. */
    const struct engine_options options = { .context_max = CONTEXT,
                                            .cache_tokens = 14 * 64,
                                            .batch_max = 64 };
    struct engine *alone =
        golden_engine(path, &(struct engine_options){ .context_max = CONTEXT, .thread_count = 1 });
    struct engine *e = golden_engine(path, &options);
    make_prompts(prompts, alone);
    for (int64_t i = 0; i < rounds; i++)
        run_history(e, prompts, seed * 1000003 + (uint64_t)i, &sum);
    printf("%lld histories, %lld steps, %lld tokens from the cache, %lld displaced\n",
           (long long)rounds, (long long)sum.steps, (long long)sum.cached_tokens,
           (long long)sum.displaced);
    for (int i = 0; i < SCHED_FAILED; i++)
        assert_true(sum.ended[i] > 0); /* every way to end was gone */
    assert_true(sum.displaced > 0 && sum.cached_tokens > 0);
    engine_close(e);
    engine_close(alone);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_random_histories) };
    return cmocka_run_group_tests_name("sched_random", tests, NULL, NULL);
}
