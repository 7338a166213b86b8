/* A worker with many requests under way: together as alone, each its own end, shares, caches.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What an answer is, the same request alone has said before: greedy, or drawn with a seed. */
#define _GNU_SOURCE
#include "lm/worker/worker_start.h"

#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/core/json_write.h"
#include "support/fixture.h"
#include "support/peer.h"

#define CONTEXT  256
#define STREAMS  20
#define TEXT_MAX 4096
#define WAIT_MS  60000
#define LONG_TEXT                                                                                \
    "The king sat in his garden and looked at the river, which was high that year, and thought " \
    "of his brother, who had gone over the hills with the army and had not come back, though "   \
    "the summer was over and the leaves of the old trees were falling on the water one by one."

struct world {
    struct peer_model model;
    struct worker *w;
};

static void open_world(struct world *x, int64_t cache_tokens)
{
    peer_model_open(&x->model, fixture_source("models/ember"));
    x->model.options.engine.context_max = CONTEXT;
    x->model.options.engine.cache_tokens = cache_tokens;
    x->w = peer_start(&x->model);
}

static void close_world(struct world *x)
{
    worker_stop(x->w);
    peer_model_close(&x->model);
    peer_no_children();
}

struct stream {
    uint64_t id;
    char text[TEXT_MAX];
    size_t len;
    int deltas, ends, order; /* order: of the end among all */
    char finish[16], cache[16];
    int64_t prompt, cached, completion;
    struct error error;
};

struct crowd {
    struct stream streams[64];
    int count, ended;
    int together; /* most streams that had said something and were not over */
};

static struct stream *submit(struct world *x, struct crowd *c, const char *request)
{
    struct error err;
    struct stream *s = &c->streams[c->count++];
    memset(s, 0, sizeof *s);
    if (worker_submit(x->w, &s->id, request, strlen(request), &err)) fail_msg("%s", err.text);
    return s;
}

static void take_done(struct stream *s, const struct json *body)
{
    const char *finish = json_text(json_get(body, "finish"));
    const char *cache = json_text(json_get(body, "cache"));
    snprintf(s->finish, sizeof s->finish, "%s", finish ? finish : "?");
    snprintf(s->cache, sizeof s->cache, "%s", cache ? cache : "?");
    s->prompt = json_int(json_get(body, "prompt_tokens"), -1);
    s->cached = json_int(json_get(body, "cached_tokens"), -1);
    s->completion = json_int(json_get(body, "completion_tokens"), -1);
    assert_true(json_number(json_get(body, "queue_seconds"), -1) >= 0);
}

static void take(struct crowd *c, const struct worker_event *e)
{
    struct stream *s = NULL;
    int open = 0;
    for (int i = 0; i < c->count; i++)
        if (c->streams[i].id == e->request) s = &c->streams[i];
    assert_non_null(s);
    assert_int_equal(s->ends, 0); /* an end is the end */
    if (e->kind == WORKER_DELTA) {
        struct span text = json_string(json_get(e->body, "content"));
        assert_true(s->len + text.len < TEXT_MAX);
        if (text.len) memcpy(s->text + s->len, text.data, text.len);
        s->len += text.len;
        s->deltas++;
    }
    if (e->kind == WORKER_DONE || e->kind == WORKER_ERROR) {
        s->ends++;
        s->order = ++c->ended;
        if (e->kind == WORKER_DONE) take_done(s, e->body);
        else s->error = *e->error;
    }
    for (int i = 0; i < c->count; i++)
        open += c->streams[i].deltas > 0 && !c->streams[i].ends;
    if (open > c->together) c->together = open;
}

static bool hear(struct world *x, struct crowd *c)
{
    struct worker_event e;
    struct error err;
    bool got;
    if (worker_next(x->w, &e, &got, WAIT_MS, &err)) fail_msg("%s", err.text);
    if (!got) fail_msg("nothing came for %d ms", WAIT_MS);
    take(c, &e);
    return c->ended < c->count;
}

static void hear_all(struct world *x, struct crowd *c)
{
    while (c->ended < c->count)
        hear(x, c);
}

static void request_of(char out[512], int i)
{
    static const char *const beginnings[] = { "To be", "Once upon a time", "The sea", "What is",
                                              "One two three" };
    if (i % 3 == 0)
        snprintf(out, 512,
                 "{\"text\":\"%s %d\",\"max_tokens\":%d,\"ignore_eos\":true,"
                 "\"sampling\":{\"temperature\":0}}",
                 beginnings[i % 5], i, 20 + i);
    else
        snprintf(out, 512,
                 "{\"text\":\"%s %d\",\"max_tokens\":%d,\"ignore_eos\":true,"
                 "\"sampling\":{\"temperature\":1.2,\"top_p\":0.9,\"seed\":%d}}",
                 beginnings[i % 5], i, 20 + i, i);
}

static void expect_same(const struct stream *a, const struct stream *b)
{
    assert_string_equal(a->finish, b->finish);
    assert_int_equal(a->completion, b->completion);
    assert_int_equal(a->len, b->len);
    assert_memory_equal(a->text, b->text, a->len);
}

/* In a cache that holds all, and in one where they have to give way to each other. */
static void together_as_alone(int64_t cache_tokens)
{
    struct world x;
    struct crowd alone = { .count = 0 }, all = { .count = 0 };
    char request[512];
    open_world(&x, cache_tokens);
    for (int i = 0; i < STREAMS; i++) {
        request_of(request, i);
        submit(&x, &alone, request);
        hear_all(&x, &alone);
    }
    for (int i = 0; i < STREAMS; i++) {
        request_of(request, i);
        submit(&x, &all, request);
    }
    hear_all(&x, &all);
    for (int i = 0; i < STREAMS; i++)
        expect_same(&all.streams[i], &alone.streams[i]);
    assert_int_equal(alone.together, 1);
    assert_true(all.together >= 3);
    close_world(&x);
}

static void many_with_room(void **state)
{
    together_as_alone(8192);
}

static void many_without_room(void **state)
{
    together_as_alone(CONTEXT);
}

static void one_is_cancelled(void **state)
{
    struct world x;
    struct crowd alone = { .count = 0 }, c = { .count = 0 };
    struct error err;
    static const char request[] = "{\"text\":\"To be\",\"max_tokens\":60,\"ignore_eos\":true,"
                                  "\"sampling\":{\"temperature\":0}}";
    open_world(&x, 4096);
    submit(&x, &alone, request);
    hear_all(&x, &alone);
    for (int i = 0; i < 6; i++)
        submit(&x, &c, request);
    struct stream *gone = &c.streams[2];
    while (!gone->deltas)
        hear(&x, &c);
    assert_int_equal(worker_cancel(x.w, gone->id, &err), STATUS_OK);
    hear_all(&x, &c);
    assert_string_equal(gone->finish, "cancelled");
    assert_true(gone->completion < 60);
    for (int i = 0; i < 6; i++)
        if (i != 2) expect_same(&c.streams[i], &alone.streams[0]);
    close_world(&x);
}

/* Choices of one request: the first evaluates the prompt, the others find it. */
static void a_prompt_is_shared(void **state)
{
    struct world x;
    struct crowd c = { .count = 0 };
    char request[1024];
    open_world(&x, 4096);
    for (int i = 0; i < 4; i++) {
        snprintf(
            request, sizeof request,
            "{\"text\":\"%s\",\"max_tokens\":4,\"ignore_eos\":true,\"sampling\":{\"seed\":%d}}",
            LONG_TEXT, i);
        submit(&x, &c, request);
    }
    hear_all(&x, &c);
    assert_string_equal(c.streams[0].cache, "none");
    for (int i = 1; i < 4; i++) {
        assert_true(c.streams[i].cached >= KV_PAGE_TOKENS);
        assert_true(c.streams[i].cached < c.streams[i].prompt);
        assert_string_equal(c.streams[i].cache, "memory");
    }
    close_world(&x);
}

static void tenants_share_nothing(void **state)
{
    static const char *const owners[] = { "\"tenant\":\"a\",", "\"tenant\":\"b\",", "",
                                          "\"tenant\":\"a\"," };
    struct world x;
    struct crowd c = { .count = 0 };
    char request[1024];
    open_world(&x, 4096);
    for (int i = 0; i < 4; i++) {
        snprintf(request, sizeof request, "{%s\"text\":\"%s\",\"max_tokens\":1}", owners[i],
                 LONG_TEXT);
        submit(&x, &c, request);
        hear_all(&x, &c);
        assert_int_equal(c.streams[i].cached > 0, i == 3);
        assert_string_equal(c.streams[i].cache, i == 3 ? "memory" : "none");
    }
    close_world(&x);
}

/* Somebody who asks once does not wait behind another's forty. */
static void nobody_waits_behind_a_crowd(void **state)
{
    struct world x;
    struct crowd c = { .count = 0 };
    open_world(&x, 8192);
    for (int i = 0; i < 40; i++)
        submit(&x, &c,
               "{\"tenant\":\"crowd\",\"text\":\"To be\",\"max_tokens\":100,\"ignore_eos\":true}");
    struct stream *one = submit(
        &x, &c, "{\"tenant\":\"one\",\"text\":\"To be\",\"max_tokens\":10,\"ignore_eos\":true}");
    hear_all(&x, &c);
    assert_true(one->order <= 17); /* at worst behind those who ran already */
    close_world(&x);
}

static void the_high_come_first(void **state)
{
    struct world x;
    struct crowd c = { .count = 0 };
    open_world(&x, 8192);
    for (int i = 0; i < 48; i++)
        submit(
            &x, &c,
            i % 2
                ? "{\"priority\":\"high\",\"text\":\"To be\",\"max_tokens\":30,\"ignore_eos\":true}"
                : "{\"priority\":\"low\",\"text\":\"To "
                  "be\",\"max_tokens\":30,\"ignore_eos\":true}");
    hear_all(&x, &c);
    int high = 0, low = 0;
    for (int i = 0; i < 48; i++)
        *(i % 2 ? &high : &low) += c.streams[i].order;
    assert_true(high < low);
    close_world(&x);
}

static bool matches(const char *pattern, const char *text)
{
    regex_t re;
    assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
    bool yes = regexec(&re, text, 0, NULL, 0) == 0;
    regfree(&re);
    return yes;
}

static void refusals(void **state)
{
    static const struct {
        const char *request, *pattern;
        enum status status;
    } cases[] = {
        { "{\"text\":\"a\",\"priority\":\"urgent\"}", "\"priority\" is \"high\"",
          STATUS_BAD_INPUT },
        { "{\"text\":\"a\",\"priority\":1}", "\"priority\".*a text", STATUS_BAD_INPUT },
        { "{\"text\":\"a\",\"tenant\":7}", "\"tenant\".*a text", STATUS_BAD_INPUT },
        { "{\"text\":\"a\",\"deadline_ms\":0}", "\"deadline_ms\".*from 1", STATUS_BAD_INPUT },
        { "{\"text\":\"a\",\"deadline_ms\":1,\"ignore_eos\":true}", "1 ms.*have passed",
          STATUS_CANCELLED },
    };
    struct world x;
    struct crowd c = { .count = 0 };
    open_world(&x, 4096);
    struct stream *good = submit(&x, &c, "{\"text\":\"a\",\"max_tokens\":50,\"ignore_eos\":true}");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        submit(&x, &c, cases[i].request);
    hear_all(&x, &c);
    assert_string_equal(good->finish, "length"); /* nothing of it troubles others */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct error *e = &c.streams[1 + i].error;
        if (e->status != cases[i].status || !matches(cases[i].pattern, e->text))
            fail_msg("%s: %s", cases[i].request, e->text);
    }
    close_world(&x);
}

static void all_are_told_of_a_crash(void **state)
{
    struct world x;
    struct crowd c = { .count = 0 };
    struct error err;
    uint64_t id;
    open_world(&x, 4096);
    for (int i = 0; i < 24; i++)
        submit(&x, &c, "{\"text\":\"To be\",\"ignore_eos\":true}");
    while (c.together < 3)
        hear(&x, &c);
    assert_int_equal(kill((pid_t)worker_process(x.w), SIGKILL), 0);
    hear_all(&x, &c);
    for (int i = 0; i < 24; i++) {
        assert_int_equal(c.streams[i].ends, 1);
        if (*c.streams[i].finish) continue; /* it was over before */
        assert_int_equal(c.streams[i].error.status, STATUS_CRASHED);
    }
    assert_int_equal(worker_submit(x.w, &id, "{}", 2, &err), STATUS_CRASHED);
    close_world(&x);
}

/* A score is prompts for the scheduler: answers go on beside it, and it is the same beside them. */
static double score(struct world *x, struct crowd *beside)
{
    struct worker_event e;
    struct error err;
    uint64_t id;
    bool got;
    double sum = 1;
    static const char request[] = "{\"text\":\"" LONG_TEXT LONG_TEXT LONG_TEXT LONG_TEXT "\"}";
    if (worker_score(x->w, &id, request, strlen(request), &err)) fail_msg("%s", err.text);
    while (sum > 0) {
        assert_int_equal(worker_next(x->w, &e, &got, WAIT_MS, &err), STATUS_OK);
        assert_true(got);
        if (e.request != id) take(beside, &e);
        else if (e.kind == WORKER_DONE) {
            sum = json_number(json_get(e.body, "logprob_sum"), 1);
            assert_true(json_int(json_get(e.body, "windows"), 0) > 1);
        } else assert_true(e.kind != WORKER_ERROR);
    }
    return sum;
}

static void a_score_beside_answers(void **state)
{
    struct world x;
    struct crowd c = { .count = 0 };
    open_world(&x, 4096);
    double alone = score(&x, &c);
    for (int i = 0; i < 4; i++)
        submit(&x, &c, "{\"text\":\"To be\",\"max_tokens\":80,\"ignore_eos\":true}");
    double beside = score(&x, &c);
    assert_true(beside == alone);
    assert_true(c.together > 0 || c.ended > 0);
    hear_all(&x, &c);
    close_world(&x);
}

/* Without a seed, at any temperature; whoever is beside it, at any time, with any number of threads. */
static void deterministic(void **state)
{
    static const char request[] = "{\"text\":\"Once upon a time\",\"max_tokens\":40,"
                                  "\"ignore_eos\":true,\"sampling\":{\"temperature\":1.5}}";
    static const char second[] = "{\"choice\":1,\"text\":\"Once upon a time\",\"max_tokens\":40,"
                                 "\"ignore_eos\":true,\"sampling\":{\"temperature\":1.5}}";
    static char first_text[TEXT_MAX];
    char other[512];
    size_t first_len = 0;
    for (int run = 0; run < 3; run++) {
        struct world x;
        struct crowd alone = { .count = 0 }, c = { .count = 0 };
        peer_model_open(&x.model, fixture_source("models/ember"));
        x.model.options.engine.context_max = CONTEXT;
        x.model.options.engine.cache_tokens = 8192;
        x.model.options.engine.deterministic = true;
        x.model.options.engine.thread_count = 1 + run % 2;
        x.w = peer_start(&x.model);
        assert_true(json_bool(json_get(worker_ready(x.w), "deterministic"), false));
        submit(&x, &alone, request);
        hear_all(&x, &alone);
        for (int i = 0; i < 16; i++) {
            request_of(other, i);
            submit(&x, &c, i == 7 ? request : i == 8 ? second : other);
        }
        hear_all(&x, &c);
        if (run == 0) {
            first_len = alone.streams[0].len;
            memcpy(first_text, alone.streams[0].text, first_len);
        }
        expect_same(&c.streams[7], &alone.streams[0]);
        assert_int_equal(alone.streams[0].len, first_len);
        assert_memory_equal(alone.streams[0].text, first_text, first_len);
        assert_true(c.streams[8].len != first_len ||
                    memcmp(c.streams[8].text, first_text, first_len) != 0);
        close_world(&x);
    }
}

static int64_t stat_of(const struct json *body, const char *group, const char *name)
{
    return json_int(json_get(group ? json_get(body, group) : body, name), -1);
}

static void stats_add_up(void **state)
{
    struct world x;
    struct crowd c = { .count = 0 };
    struct worker_event e;
    struct error err;
    uint64_t id;
    bool got, over = false;
    open_world(&x, 4096);
    for (int i = 0; i < 20; i++)
        submit(&x, &c, "{\"text\":\"To be\",\"max_tokens\":40,\"ignore_eos\":true}");
    while (c.together < 16)
        hear(&x, &c);
    assert_int_equal(worker_stats(x.w, &id, &err), STATUS_OK);
    while (!over) {
        assert_int_equal(worker_next(x.w, &e, &got, WAIT_MS, &err), STATUS_OK);
        assert_true(got);
        over = e.request == id;
        if (!over) take(&c, &e);
    }
    assert_int_equal(e.kind, WORKER_DONE);
    int64_t running = stat_of(e.body, NULL, "running"), waiting = stat_of(e.body, NULL, "waiting");
    assert_true(running > 0 && running <= 16 && waiting >= 0);
    assert_true(running + waiting <= 20 - stat_of(e.body, NULL, "requests"));
    assert_int_equal(stat_of(e.body, NULL, "slots"), 16);
    assert_int_equal(stat_of(e.body, "kv", "pages"), 4096 / KV_PAGE_TOKENS);
    assert_int_equal(stat_of(e.body, "kv", "held") + stat_of(e.body, "kv", "cached") +
                         stat_of(e.body, "kv", "free"),
                     stat_of(e.body, "kv", "pages"));
    assert_true(stat_of(e.body, "kv", "held") > 0);
    assert_int_equal(json_type(json_get(e.body, "store")), JSON_NULL);
    hear_all(&x, &c);
    close_world(&x);
}

int main(int argc, char **argv)
{
    if (peer_is_worker(argc, argv)) return peer_run();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_with_room),          cmocka_unit_test(many_without_room),
        cmocka_unit_test(one_is_cancelled),        cmocka_unit_test(a_prompt_is_shared),
        cmocka_unit_test(tenants_share_nothing),   cmocka_unit_test(nobody_waits_behind_a_crowd),
        cmocka_unit_test(the_high_come_first),     cmocka_unit_test(refusals),
        cmocka_unit_test(all_are_told_of_a_crash), cmocka_unit_test(a_score_beside_answers),
        cmocka_unit_test(deterministic),           cmocka_unit_test(stats_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
