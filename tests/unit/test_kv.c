/* The page books: random histories against a plain model of what each sequence must see.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The "backend" here is an array of tokens per page, so that a page written while somebody else
 * reads it, or a wrong match, shows as a wrong token. */
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

static void check(const struct world *w)
{
    const struct kv_table *tables[SEQUENCES];
    for (int i = 0; i < SEQUENCES; i++)
        tables[i] = &w->tables[i];
    assert_true(kv_pool_check(w->pool, tables, SEQUENCES));
    for (int i = 0; i < SEQUENCES; i++) {
        for (int64_t p = 0; p < w->counts[i]; p++) {
            int32_t page = w->tables[i].pages[p / KV_PAGE_TOKENS];
            assert_int_equal(w->bytes[page][p % KV_PAGE_TOKENS], w->tokens[i][p]);
        }
    }
}

/* Appends `n` tokens to sequence i as the engine does; false when the pool is full. */
static bool append(struct world *w, int i, const int32_t *tokens, int64_t n)
{
    int64_t from = w->counts[i];
    if (!kv_prepare(w->pool, &w->tables[i], from, from + n, copy_page, w)) return false;
    for (int64_t k = 0; k < n; k++) {
        int64_t p = from + k;
        w->bytes[w->tables[i].pages[p / KV_PAGE_TOKENS]][p % KV_PAGE_TOKENS] = tokens[k];
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

/* Makes sequence i begin like sequence j, as far as sealed pages reach. */
static void random_attach(struct world *w, int i, int j)
{
    int64_t n = kv_match(w->pool, w->tokens[j], w->counts[j]);
    kv_attach(w->pool, &w->tables[i], w->tokens[j], n);
    memmove(w->tokens[i], w->tokens[j], (size_t)n * sizeof(int32_t));
    w->counts[i] = n;
}

static void test_random_histories(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct world w;
        world_init(&w, seed);
        for (int step = 0; step < 300; step++) {
            int i = (int)next_random(&w, SEQUENCES);
            switch (next_random(&w, 4)) {
            case 0:
            case 1: random_append(&w, i); break;
            case 2: random_attach(&w, i, (int)next_random(&w, SEQUENCES)); break;
            case 3:
                w.counts[i] = next_random(&w, (uint32_t)w.counts[i] + 1);
                kv_truncate(w.pool, &w.tables[i], w.counts[i]);
                break;
            }
            check(&w);
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

static void test_evicted_parent_orphans_its_children(void **state)
{
    (void)state;
    struct world w;
    int32_t tokens[3 * KV_PAGE_TOKENS];
    world_init(&w, 1);
    for (int i = 0; i < 3 * KV_PAGE_TOKENS; i++)
        tokens[i] = i % 7;
    assert_true(append(&w, 0, tokens, 3 * KV_PAGE_TOKENS));
    assert_int_equal(kv_match(w.pool, tokens, 3 * KV_PAGE_TOKENS), 3 * KV_PAGE_TOKENS);
    w.counts[0] = 10; /* the first page is private again and gets other content */
    kv_truncate(w.pool, &w.tables[0], 10);
    int32_t other = 5000;
    assert_true(append(&w, 0, &other, 1));
    assert_int_equal(kv_match(w.pool, tokens, 3 * KV_PAGE_TOKENS), 0);
    check(&w);
    world_release(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_histories),
        cmocka_unit_test(test_shared_page_is_copied_before_the_first_write),
        cmocka_unit_test(test_full_pool_changes_nothing),
        cmocka_unit_test(test_evicted_parent_orphans_its_children),
    };
    return cmocka_run_group_tests_name("kv", tests, NULL, NULL);
}
