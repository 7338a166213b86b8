/* The page books: random histories against a plain model of what each sequence must see.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The "backend" here is an array of tokens per page, each marked with the salt of its writer, so that a
 * page written while somebody else reads it, a wrong match, or another's page shows as a wrong token. */
#include "lm/kv/kv.h"

#include <stdlib.h>
#include <string.h>

#include "support/fixture.h"

#define PAGES      24
#define SEQUENCES  4
#define TOKENS_MAX 512

struct world {
    struct kv_pool *pool;
    struct kv_table tables[SEQUENCES];
    int32_t tokens[SEQUENCES][TOKENS_MAX];
    int64_t counts[SEQUENCES];
    int32_t bytes[PAGES][KV_PAGE_TOKENS];
    int copies;
    uint64_t random;
};

static uint32_t next_random(struct world *w, uint32_t below)
{
    w->random = w->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(w->random >> 33) % below;
}

static void copy_page(void *ctx, int32_t to, int32_t from)
{
    struct world *w = ctx;
    memcpy(w->bytes[to], w->bytes[from], sizeof w->bytes[to]);
    w->copies++;
}

static void world_init(struct world *w, uint64_t seed)
{
    struct error err;
    memset(w, 0, sizeof *w);
    w->random = seed;
    assert_int_equal(kv_pool_new(&w->pool, PAGES, &err), STATUS_OK);
    for (int i = 0; i < SEQUENCES; i++) {
        assert_int_equal(kv_table_init(&w->tables[i], TOKENS_MAX, &err), STATUS_OK);
    }
}

static void world_release(struct world *w)
{
    for (int i = 0; i < SEQUENCES; i++)
        kv_table_release(w->pool, &w->tables[i]);
    kv_pool_free(w->pool);
}

/* What the backend holds for a token: two salts never agree. */
static int32_t mark(const struct world *w, int i, int32_t token)
{
    return token * 4 + (int32_t)w->tables[i].salt.words[0];
}

static void check(const struct world *w)
{
    const struct kv_table *tables[SEQUENCES];
    for (int i = 0; i < SEQUENCES; i++)
        tables[i] = &w->tables[i];
    const char *broken = kv_pool_check(w->pool, tables, SEQUENCES);
    if (broken) fail_msg("%s", broken);
    for (int i = 0; i < SEQUENCES; i++) {
        for (int64_t p = 0; p < w->counts[i]; p++) {
            int32_t page = w->tables[i].pages[p / KV_PAGE_TOKENS];
            assert_int_equal(w->bytes[page][p % KV_PAGE_TOKENS], mark(w, i, w->tokens[i][p]));
        }
    }
}

/* Appends `n` tokens to sequence i as the engine does; false when the pool is full. */
static bool append(struct world *w, int i, const int32_t *tokens, int64_t n)
{
    int64_t from = w->counts[i];
    int64_t wanted = kv_wanted(w->pool, &w->tables[i], from, from + n);
    bool fits = wanted <= kv_available(w->pool);
    assert_int_equal(kv_prepare(w->pool, &w->tables[i], from, from + n, copy_page, w), fits);
    if (!fits) return false;
    for (int64_t k = 0; k < n; k++) {
        int64_t p = from + k;
        w->bytes[w->tables[i].pages[p / KV_PAGE_TOKENS]][p % KV_PAGE_TOKENS] =
            mark(w, i, tokens[k]);
        w->tokens[i][p] = tokens[k];
    }
    w->counts[i] += n;
    kv_seal(w->pool, &w->tables[i], w->tokens[i], w->counts[i]);
    return true;
}

static void random_append(struct world *w, int i)
{
    int32_t more[100];
    int64_t n = 1 + next_random(w, 100);
    if (w->counts[i] + n > TOKENS_MAX) return;
    for (int64_t k = 0; k < n; k++)
        more[k] = (int32_t)next_random(w, 2) * (k % 50 == 0);
    append(w, i, more, n);
}

/* Makes sequence i begin like sequence j, as far as the cache under i's salt reaches. */
static void random_attach(struct world *w, int i, int j)
{
    int64_t n = kv_match(w->pool, &w->tables[i].salt, w->tokens[j], w->counts[j]);
    kv_attach(w->pool, &w->tables[i], w->tokens[j], n);
    memmove(w->tokens[i], w->tokens[j], (size_t)n * sizeof(int32_t));
    w->counts[i] = n;
}

/* Sequence i ends, and another begins in its place, perhaps of another tenant. */
static void restart(struct world *w, int i)
{
    kv_seal_tail(w->pool, &w->tables[i], w->tokens[i], w->counts[i]);
    kv_truncate(w->pool, &w->tables[i], 0);
    w->counts[i] = 0;
    w->tables[i].salt.words[0] = next_random(w, 3);
}

static void random_step(struct world *w)
{
    int i = (int)next_random(w, SEQUENCES);
    switch (next_random(w, 6)) {
    case 0:
    case 1:
    case 2: random_append(w, i); break;
    case 3: random_attach(w, i, (int)next_random(w, SEQUENCES)); break;
    case 4: restart(w, i); break;
    case 5:
        w->counts[i] = next_random(w, (uint32_t)w->counts[i] + 1);
        kv_truncate(w->pool, &w->tables[i], w->counts[i]);
        break;
    }
}

static void test_random_histories(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct world w;
        world_init(&w, seed);
        for (int step = 0; step < 400; step++) {
            random_step(&w);
            check(&w);
            if (next_random(&w, 3) == 0 && kv_unsaved(w.pool) != KV_NO_PAGE)
                kv_mark_saved(w.pool, kv_unsaved(w.pool));
        }
        world_release(&w);
    }
}

static void test_shared_page_is_copied_before_the_first_write(void **state)
{
    (void)state;
    struct world w;
    int32_t tokens[2 * KV_PAGE_TOKENS];
    world_init(&w, 1);
    for (int i = 0; i < 2 * KV_PAGE_TOKENS; i++)
        tokens[i] = i;
    assert_true(append(&w, 0, tokens, 2 * KV_PAGE_TOKENS));
    random_attach(&w, 1, 0);
    assert_int_equal(w.counts[1], 2 * KV_PAGE_TOKENS);
    assert_int_equal(kv_pool_stats(w.pool).shared, 2);

    w.counts[1] = KV_PAGE_TOKENS + 10; /* into the second, shared page */
    kv_truncate(w.pool, &w.tables[1], w.counts[1]);
    int32_t other = 999;
    assert_true(append(&w, 1, &other, 1));
    assert_int_equal(w.copies, 1);
    check(&w);
    assert_int_equal(w.tokens[0][KV_PAGE_TOKENS + 10], KV_PAGE_TOKENS + 10);
    world_release(&w);
}

static void test_full_pool_changes_nothing(void **state)
{
    (void)state;
    struct world w;
    int32_t tokens[TOKENS_MAX] = { 0 };
    world_init(&w, 1);
    for (int i = 0; i < 3; i++) {
        tokens[0] = i; /* different from the first token on: nothing is shared */
        assert_true(append(&w, i, tokens, TOKENS_MAX));
    }
    assert_false(append(&w, 3, tokens, 1));
    check(&w);
    assert_int_equal(w.tables[3].page_count, 0);

    w.counts[0] = 0; /* what is let go makes room, oldest first */
    kv_truncate(w.pool, &w.tables[0], 0);
    tokens[0] = 77;
    assert_true(append(&w, 3, tokens, 65));
    check(&w);
    world_release(&w);
}

static void count_up(int32_t *tokens, int n)
{
    for (int i = 0; i < n; i++)
        tokens[i] = i % 7;
}

static const struct kv_salt NO_SALT;

static void test_rewriting_keeps_what_the_cache_knows(void **state)
{
    (void)state;
    struct world w;
    int32_t tokens[3 * KV_PAGE_TOKENS], other = 5000;
    world_init(&w, 1);
    count_up(tokens, 3 * KV_PAGE_TOKENS);
    assert_true(append(&w, 0, tokens, 3 * KV_PAGE_TOKENS));
    w.counts[0] = 10; /* an answer is asked for again, from here */
    kv_truncate(w.pool, &w.tables[0], 10);
    assert_true(append(&w, 0, &other, 1));
    assert_int_equal(kv_match(w.pool, &NO_SALT, tokens, 3 * KV_PAGE_TOKENS), 3 * KV_PAGE_TOKENS);
    check(&w);
    world_release(&w);
}

static void test_salts_share_nothing(void **state)
{
    (void)state;
    struct world w;
    int32_t tokens[2 * KV_PAGE_TOKENS + 20];
    const struct kv_salt other = { { 1, 0 } }, third = { { 0, 1 } };
    world_init(&w, 1);
    count_up(tokens, 2 * KV_PAGE_TOKENS + 20);
    w.tables[0].salt = other;
    assert_true(append(&w, 0, tokens, 2 * KV_PAGE_TOKENS + 20));
    restart(&w, 0);
    assert_int_equal(kv_match(w.pool, &other, tokens, 2 * KV_PAGE_TOKENS + 20),
                     2 * KV_PAGE_TOKENS + 20);
    assert_int_equal(kv_match(w.pool, &NO_SALT, tokens, 2 * KV_PAGE_TOKENS + 20), 0);
    assert_int_equal(kv_match(w.pool, &third, tokens, 2 * KV_PAGE_TOKENS + 20), 0);
    world_release(&w);
}

/* A conversation's next turn goes on in the page that the last one left partly filled. */
static void test_a_tail_is_taken_up(void **state)
{
    (void)state;
    struct world w;
    int32_t tokens[KV_PAGE_TOKENS + 50], count = KV_PAGE_TOKENS + 20;
    world_init(&w, 1);
    count_up(tokens, KV_PAGE_TOKENS + 50);
    assert_true(append(&w, 0, tokens, count));
    restart(&w, 0);
    assert_int_equal(kv_match(w.pool, &NO_SALT, tokens, count + 30), count);
    assert_int_equal(kv_match(w.pool, &NO_SALT, tokens, count - 3), count - 3);
    w.tables[0].salt = w.tables[1].salt = NO_SALT;
    kv_attach(w.pool, &w.tables[0], tokens, count);
    memcpy(w.tokens[0], tokens, sizeof tokens);
    w.counts[0] = count;
    check(&w);
    assert_true(append(&w, 0, tokens + count, 10)); /* alone: no copy */
    assert_int_equal(w.copies, 0);
    restart(&w, 0);
    for (int i = 0; i < 2; i++) { /* two at once: the first to write copies */
        w.tables[i].salt = NO_SALT;
        kv_attach(w.pool, &w.tables[i], tokens, count + 10);
        memcpy(w.tokens[i], tokens, sizeof tokens);
        w.counts[i] = count + 10;
    }
    assert_true(append(&w, 0, tokens, 5));
    assert_int_equal(w.copies, 1);
    check(&w);
    world_release(&w);
}

/* Two sequences that computed the same at the same time end up on the same pages. */
/* The same where no full page stands before it: a short conversation. */
static void test_a_first_tail_is_taken_up(void **state)
{
    struct world w;
    int32_t tokens[50], other[50];
    const struct kv_salt another = { { 1, 0 } };
    world_init(&w, 1);
    count_up(tokens, 50);
    count_up(other, 50);
    other[12] = 999;
    w.tables[0].salt = w.tables[1].salt = NO_SALT;
    assert_true(append(&w, 0, tokens, 20));
    assert_true(append(&w, 1, other, 30));
    restart(&w, 0);
    restart(&w, 1);
    assert_int_equal(kv_match(w.pool, &NO_SALT, tokens, 50), 20);
    assert_int_equal(kv_match(w.pool, &NO_SALT, other, 50), 30);
    assert_int_equal(kv_match(w.pool, &NO_SALT, tokens, 7), 7);
    assert_int_equal(kv_match(w.pool, &another, tokens, 50), 0);
    assert_int_equal(kv_match(w.pool, &NO_SALT, tokens + 1, 49), 0);
    w.tables[0].salt = NO_SALT;
    kv_attach(w.pool, &w.tables[0], tokens, 15);
    memcpy(w.tokens[0], tokens, sizeof tokens);
    w.counts[0] = 15;
    check(&w);
    assert_true(append(&w, 0, tokens + 15, 5)); /* others may want its rest: a copy */
    assert_int_equal(w.copies, 1);
    check(&w);
    world_release(&w);
}

static void test_equal_pages_become_one(void **state)
{
    (void)state;
    struct world w;
    int32_t tokens[2 * KV_PAGE_TOKENS];
    world_init(&w, 1);
    count_up(tokens, 2 * KV_PAGE_TOKENS);
    for (int i = 0; i < 3; i++)
        assert_true(append(&w, i, tokens, 2 * KV_PAGE_TOKENS));
    assert_int_equal(kv_pool_stats(w.pool).held, 2);
    assert_int_equal(kv_pool_stats(w.pool).shared, 2);
    check(&w);
    world_release(&w);
}

static void test_the_least_recently_used_goes_first(void **state)
{
    (void)state;
    struct world w;
    int32_t tokens[TOKENS_MAX] = { 0 };
    world_init(&w, 1);
    for (int i = 0; i < 3; i++) { /* three conversations of eight pages fill the pool */
        tokens[0] = i;
        assert_true(append(&w, 0, tokens, TOKENS_MAX));
        w.tables[0].salt = NO_SALT;
        kv_truncate(w.pool, &w.tables[0], 0);
        w.counts[0] = 0;
    }
    tokens[0] = 0; /* the first is used again */
    kv_attach(w.pool, &w.tables[0], tokens, TOKENS_MAX);
    kv_truncate(w.pool, &w.tables[0], 0);
    tokens[0] = 9;
    assert_true(append(&w, 1, tokens, 3 * KV_PAGE_TOKENS));
    assert_int_equal(kv_pool_stats(w.pool).evicted, 3);
    const int64_t left[3] = { TOKENS_MAX, TOKENS_MAX - 3 * KV_PAGE_TOKENS, TOKENS_MAX };
    for (int i = 0; i < 3; i++) { /* the second lost its end */
        tokens[0] = i;
        assert_int_equal(kv_match(w.pool, &NO_SALT, tokens, TOKENS_MAX), left[i]);
    }
    check(&w);
    world_release(&w);
}

/* A slower tier hears of every sealed page once, parents first, and not of those that were lost. */
static void test_unsaved_pages_come_in_order(void **state)
{
    (void)state;
    struct world w;
    int32_t tokens[2 * KV_PAGE_TOKENS + 9];
    world_init(&w, 1);
    count_up(tokens, 2 * KV_PAGE_TOKENS + 9);
    assert_true(append(&w, 0, tokens, 2 * KV_PAGE_TOKENS + 9));
    restart(&w, 0);
    const int counts[3] = { KV_PAGE_TOKENS, KV_PAGE_TOKENS, 9 };
    int32_t before = KV_NO_PAGE;
    for (int i = 0; i < 3; i++) {
        int32_t page = kv_unsaved(w.pool);
        struct kv_page_facts f = kv_page_facts(w.pool, page);
        assert_int_equal(f.parent, before);
        assert_int_equal(f.token_count, counts[i]);
        assert_memory_equal(f.tokens, tokens + i * KV_PAGE_TOKENS, (size_t)counts[i] * 4);
        kv_mark_saved(w.pool, page);
        before = page;
    }
    assert_int_equal(kv_unsaved(w.pool), KV_NO_PAGE);
    world_release(&w);
}

/* A prompt goes on from the last page border with a snapshot; the least recently used is taken away. */
static void test_snapshots(void **state)
{
    (void)state;
    struct world w;
    struct error err;
    int32_t tokens[3 * KV_PAGE_TOKENS], slot;
    world_init(&w, 1);
    count_up(tokens, 3 * KV_PAGE_TOKENS);
    assert_int_equal(kv_snapshots_new(w.pool, 2, &err), STATUS_OK);
    assert_true(append(&w, 0, tokens, 3 * KV_PAGE_TOKENS));
    const int32_t *pages = w.tables[0].pages;
    assert_int_equal(kv_match_snapshot(w.pool, &NO_SALT, tokens, 3 * KV_PAGE_TOKENS, &slot), 0);
    assert_int_equal(slot, KV_NO_SNAPSHOT);
    int32_t first = kv_snapshot_take(w.pool, pages[0]), second = kv_snapshot_take(w.pool, pages[1]);
    assert_true(first >= 0 && second >= 0 && first != second);
    assert_int_equal(kv_snapshot_take(w.pool, pages[0]), KV_NO_SNAPSHOT);
    assert_int_equal(kv_match_snapshot(w.pool, &NO_SALT, tokens, 3 * KV_PAGE_TOKENS, &slot),
                     2 * KV_PAGE_TOKENS);
    assert_int_equal(slot, second);
    assert_int_equal(kv_match_snapshot(w.pool, &NO_SALT, tokens, 100, &slot), KV_PAGE_TOKENS);
    assert_int_equal(slot, first);
    assert_int_equal(kv_snapshot_take(w.pool, pages[2]), second); /* the first was used later */
    assert_int_equal(kv_match_snapshot(w.pool, &NO_SALT, tokens, 130, &slot), KV_PAGE_TOKENS);
    const struct kv_salt other = { { 1, 0 } };
    assert_int_equal(kv_match_snapshot(w.pool, &other, tokens, 3 * KV_PAGE_TOKENS, &slot), 0);
    check(&w);
    kv_truncate(w.pool, &w.tables[0], 0); /* evicted pages lose theirs */
    w.counts[0] = 0;
    for (int i = 1; i < SEQUENCES; i++) {
        tokens[0] = 100 + i;
        assert_true(append(&w, i, tokens, KV_PAGE_TOKENS));
        int32_t all[TOKENS_MAX] = { 200 + i };
        assert_true(append(&w, i, all, TOKENS_MAX - KV_PAGE_TOKENS));
    }
    check(&w);
    tokens[0] = 0;
    assert_int_equal(kv_match_snapshot(w.pool, &NO_SALT, tokens, 3 * KV_PAGE_TOKENS, &slot), 0);
    world_release(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_histories),
        cmocka_unit_test(test_shared_page_is_copied_before_the_first_write),
        cmocka_unit_test(test_full_pool_changes_nothing),
        cmocka_unit_test(test_rewriting_keeps_what_the_cache_knows),
        cmocka_unit_test(test_salts_share_nothing),
        cmocka_unit_test(test_a_tail_is_taken_up),
        cmocka_unit_test(test_a_first_tail_is_taken_up),
        cmocka_unit_test(test_equal_pages_become_one),
        cmocka_unit_test(test_the_least_recently_used_goes_first),
        cmocka_unit_test(test_unsaved_pages_come_in_order),
        cmocka_unit_test(test_snapshots),
    };
    return cmocka_run_group_tests_name("kv", tests, NULL, NULL);
}
