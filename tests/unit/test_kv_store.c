/* Pages that outlive the process: found again, never wrong, and nothing lost but hits when the disk fails.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/kv/kv_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/core/mem.h"
#include "support/fixture.h"
#include "support/memory_file.h"

#define PAGE_BYTES 5000 /* not a multiple of anything */
#define SLOTS      6
#define FILE_BYTES (4096 + SLOTS * (4096 + 8192))

static const uint8_t IDENTITY[SHA256_BYTES] = { 1, 2, 3 };
static const struct kv_salt SALT = { { 11, 12 } }, OTHER_SALT = { { 11, 13 } };

struct world {
    struct memory_file file;
    struct kv_store *store;
};

static void open_store(struct world *w, const uint8_t identity[SHA256_BYTES])
{
    struct kv_store_io io = memory_file_io(&w->file);
    struct log log = memory_file_log(&w->file);
    struct error err;
    if (kv_store_open(&w->store, &io, FILE_BYTES, PAGE_BYTES, identity, &log, &err))
        fail_msg("%s", err.text);
}

static void reopen(struct world *w)
{
    kv_store_close(w->store);
    open_store(w, IDENTITY);
}

static void setup_world(struct world *w)
{
    memory_file_init(&w->file);
    open_store(w, IDENTITY);
}

static void teardown_world(struct world *w)
{
    kv_store_close(w->store);
    memory_file_release(&w->file);
}

/* Page b of text t: tokens and content are functions of both. */
static void page_tokens(int32_t *ret, int t, int b)
{
    for (int i = 0; i < KV_PAGE_TOKENS; i++)
        ret[i] = t * 100000 + b * 1000 + i;
}

static void page_content(uint8_t *ret, int t, int b)
{
    for (int i = 0; i < PAGE_BYTES; i++)
        ret[i] = (uint8_t)(i * 31 + t * 7 + b * 13 + i / 256);
}

static struct kv_key key_of(const struct kv_salt *salt, int t, int pages)
{
    struct kv_key key, next;
    int32_t tokens[KV_PAGE_TOKENS];
    assert_int_equal(kv_key_first(&key, salt, NULL), STATUS_OK);
    for (int b = 0; b < pages; b++, key = next) {
        page_tokens(tokens, t, b);
        assert_int_equal(kv_key_next(&next, &key, tokens, KV_PAGE_TOKENS, NULL), STATUS_OK);
    }
    return key;
}

static bool save_count(struct world *w, int t, int b, int count)
{
    uint8_t content[PAGE_BYTES];
    int32_t tokens[KV_PAGE_TOKENS];
    struct kv_key before = key_of(&SALT, t, b), key;
    page_tokens(tokens, t, b);
    page_content(content, t, b);
    assert_int_equal(kv_key_next(&key, &before, tokens, count, NULL), STATUS_OK);
    return kv_store_write(w->store, &before, b == 0, &key, tokens, count, content);
}

static bool save(struct world *w, int t, int b)
{
    return save_count(w, t, b, KV_PAGE_TOKENS);
}

/* How many tokens of the page the store has; checks the content. */
static int64_t has(struct world *w, const struct kv_salt *salt, int t, int b)
{
    uint8_t content[PAGE_BYTES], want[PAGE_BYTES];
    int32_t tokens[KV_PAGE_TOKENS];
    int64_t agree;
    struct kv_key before = key_of(salt, t, b);
    page_tokens(tokens, t, b);
    int64_t slot = kv_store_find(w->store, &before, tokens, KV_PAGE_TOKENS, &agree);
    if (slot < 0) return 0;
    if (!kv_store_read(w->store, slot, content)) return 0;
    page_content(want, t, b);
    assert_memory_equal(content, want, PAGE_BYTES);
    return agree;
}

static void test_pages_come_back(void **state)
{
    (void)state;
    struct world w;
    setup_world(&w);
    for (int b = 0; b < 3; b++)
        assert_true(save(&w, 1, b));
    assert_true(save_count(&w, 1, 3, 20)); /* the last page of a text */
    for (int round = 0; round < 3; round++) {
        for (int b = 0; b < 3; b++)
            assert_int_equal(has(&w, &SALT, 1, b), KV_PAGE_TOKENS);
        assert_int_equal(has(&w, &SALT, 1, 3), 20);
        assert_int_equal(has(&w, &SALT, 2, 0), 0);
        assert_int_equal(has(&w, &OTHER_SALT, 1, 0), 0);
        reopen(&w);
    }
    assert_int_equal(kv_store_stats(w.store).used, 4);
    assert_int_equal(w.file.log_lines, 0);
    assert_true(save(&w, 1, 0)); /* again: nothing is written */
    assert_int_equal(kv_store_stats(w.store).written, 0);
    teardown_world(&w);
}

/* A prompt that leaves a kept page in its middle uses it up to there. */
static void test_parts_of_pages_are_found(void **state)
{
    (void)state;
    struct world w;
    int32_t tokens[KV_PAGE_TOKENS];
    int64_t agree;
    setup_world(&w);
    save(&w, 1, 0);
    struct kv_key before = key_of(&SALT, 1, 0);
    page_tokens(tokens, 1, 0);
    tokens[40] = -1;
    assert_true(kv_store_find(w.store, &before, tokens, KV_PAGE_TOKENS, &agree) >= 0);
    assert_int_equal(agree, 40);
    assert_true(kv_store_find(w.store, &before, tokens, 7, &agree) >= 0);
    assert_int_equal(agree, 7);
    tokens[0] = -1;
    assert_int_equal(kv_store_find(w.store, &before, tokens, 7, &agree), -1);
    teardown_world(&w);
}

/* Whatever byte of the file changes: a page is there as it was, or not at all. */
static void test_no_damage_goes_unseen(void **state)
{
    (void)state;
    struct world w;
    setup_world(&w);
    for (int b = 0; b < 3; b++)
        save(&w, 1, b);
    size_t len = w.file.len;
    uint8_t *good = mem_alloc(len);
    memcpy(good, w.file.bytes, len);
    int lost = 0;
    for (size_t at = 0; at < len; at += at % 4096 < 420 ? 1 : 97) {
        w.file.bytes[at] ^= (uint8_t)(1u << at % 8);
        reopen(&w);
        for (int b = 0; b < 3; b++)
            lost += has(&w, &SALT, 1, b) != KV_PAGE_TOKENS; /* has() compares the content */
        memcpy(w.file.bytes, good, len);
        w.file.len = len;
    }
    assert_true(lost > 1000);
    for (size_t cut = 0; cut < len; cut += 1000) {
        w.file.len = cut;
        reopen(&w);
        for (int b = 0; b < 3; b++)
            has(&w, &SALT, 1, b);
        memcpy(w.file.bytes, good, len);
        w.file.len = len;
    }
    mem_free(good);
    teardown_world(&w);
}

/* The process may die between any two writes. */
static void test_a_torn_write_leaves_no_half_page(void **state)
{
    (void)state;
    for (long writes = 0; writes < 12; writes++) {
        struct world w;
        setup_world(&w);
        save(&w, 1, 0);
        w.file.writes_left = writes;
        for (int t = 2; t < 12; t++) /* more than there are slots: old ones are overwritten */
            save(&w, t, 0);
        w.file.writes_left = -1;
        reopen(&w);
        for (int t = 1; t < 12; t++)
            has(&w, &SALT, t, 0);
        assert_true(save(&w, 1, 0));
        assert_int_equal(has(&w, &SALT, 1, 0), KV_PAGE_TOKENS);
        teardown_world(&w);
    }
}

static void test_a_foreign_file_is_begun_anew(void **state)
{
    (void)state;
    static const uint8_t other[SHA256_BYTES] = { 9 };
    struct world w;
    setup_world(&w);
    save(&w, 1, 0);
    kv_store_close(w.store);
    open_store(&w, other);
    assert_int_equal(w.file.log_lines, 1);
    assert_non_null(strstr(w.file.log_last, "another model"));
    assert_int_equal(has(&w, &SALT, 1, 0), 0);
    assert_true(save(&w, 1, 1) && save(&w, 2, 0));
    reopen(&w); /* the first again: what the other wrote is not ours either */
    assert_int_equal(w.file.log_lines, 2);
    assert_int_equal(has(&w, &SALT, 1, 0) + has(&w, &SALT, 2, 0), 0);
    memset(w.file.bytes, 0x5a, MEMORY_FILE_BYTES); /* no file of ours at all */
    reopen(&w);
    assert_int_equal(w.file.log_lines, 3);
    assert_true(save(&w, 3, 0));
    reopen(&w);
    assert_int_equal(has(&w, &SALT, 3, 0), KV_PAGE_TOKENS);
    teardown_world(&w);
}

static void test_a_full_disk_stops_writing_only(void **state)
{
    (void)state;
    struct world w;
    setup_world(&w);
    save(&w, 1, 0);
    w.file.full = true;
    assert_false(save(&w, 1, 1));
    assert_false(save(&w, 2, 0));
    assert_int_equal(w.file.log_lines, 1); /* once */
    assert_non_null(strstr(w.file.log_last, "No space left"));
    assert_false(kv_store_stats(w.store).writable);
    assert_int_equal(has(&w, &SALT, 1, 0), KV_PAGE_TOKENS);
    teardown_world(&w);
}

static void test_an_unreadable_disk_gives_up(void **state)
{
    (void)state;
    struct world w;
    setup_world(&w);
    for (int t = 0; t < SLOTS; t++)
        save(&w, t, 0);
    w.file.unreadable = true;
    for (int t = 0; t < SLOTS; t++)
        assert_int_equal(has(&w, &SALT, t, 0), 0);
    assert_int_equal(kv_store_stats(w.store).dropped, SLOTS);
    w.file.unreadable = false;
    assert_true(save(&w, 1, 0));
    assert_int_equal(has(&w, &SALT, 1, 0), KV_PAGE_TOKENS);
    teardown_world(&w);
}

/* The least recently used gives way, and never a page with others behind it. */
static void test_eviction(void **state)
{
    (void)state;
    struct world w;
    setup_world(&w);
    for (int b = 0; b < 3; b++)
        save(&w, 1, b);
    for (int b = 0; b < 3; b++)
        save(&w, 2, b);
    assert_int_equal(has(&w, &SALT, 1, 0), KV_PAGE_TOKENS); /* used: but its last page is oldest */
    save(&w, 3, 0);
    assert_int_equal(has(&w, &SALT, 1, 2), 0);
    assert_int_equal(has(&w, &SALT, 1, 1), KV_PAGE_TOKENS);
    save(&w, 3, 1);
    save(&w, 3, 2);
    assert_int_equal(has(&w, &SALT, 2, 2), 0); /* text 1 was used later */
    assert_int_equal(has(&w, &SALT, 2, 1), 0);
    assert_int_equal(has(&w, &SALT, 2, 0), KV_PAGE_TOKENS);
    assert_int_equal(kv_store_stats(w.store).evicted, 3);
    for (int b = 0; b < SLOTS + 2; b++) /* longer than the file: its beginning stays */
        assert_true(save(&w, 4, b));
    for (int b = 0; b < SLOTS; b++)
        assert_int_equal(has(&w, &SALT, 4, b), KV_PAGE_TOKENS);
    reopen(&w);
    for (int b = 0; b < SLOTS; b++)
        assert_int_equal(has(&w, &SALT, 4, b), KV_PAGE_TOKENS);
    assert_int_equal(has(&w, &SALT, 4, SLOTS), 0);
    assert_true(save(&w, 5, 0)); /* the links survive a restart: the last gives way first */
    assert_int_equal(has(&w, &SALT, 4, SLOTS - 2), KV_PAGE_TOKENS);
    assert_int_equal(has(&w, &SALT, 4, SLOTS - 1), 0);
    teardown_world(&w);
}

static void test_a_page_without_its_predecessor_is_not_kept(void **state)
{
    (void)state;
    struct world w;
    setup_world(&w);
    assert_true(save(&w, 1, 1));
    assert_int_equal(kv_store_stats(w.store).used, 0);
    teardown_world(&w);
}

static void test_no_room_for_a_page_is_an_error(void **state)
{
    (void)state;
    struct memory_file file;
    struct kv_store *store;
    struct error err;
    memory_file_init(&file);
    struct kv_store_io io = memory_file_io(&file);
    struct log log = memory_file_log(&file);
    assert_int_equal(kv_store_open(&store, &io, 8192, PAGE_BYTES, IDENTITY, &log, &err),
                     STATUS_LIMIT);
    assert_non_null(strstr(err.text, "8192"));
    memory_file_release(&file);
}

static void test_a_real_file(void **state)
{
    (void)state;
    char path[] = "/tmp/hearth-kv-XXXXXX";
    struct world w;
    struct error err;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    struct kv_store_io io = kv_store_file(&fd);
    memory_file_init(&w.file);
    struct log log = memory_file_log(&w.file);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(kv_store_open(&w.store, &io, FILE_BYTES, PAGE_BYTES, IDENTITY, &log, &err),
                         STATUS_OK);
        assert_int_equal(has(&w, &SALT, 1, 0), round ? KV_PAGE_TOKENS : 0);
        assert_true(save(&w, 1, 0));
        kv_store_close(w.store);
    }
    assert_int_equal(w.file.log_lines, 0);
    close(fd);
    unlink(path);
    memory_file_release(&w.file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages_come_back),
        cmocka_unit_test(test_parts_of_pages_are_found),
        cmocka_unit_test(test_no_damage_goes_unseen),
        cmocka_unit_test(test_a_torn_write_leaves_no_half_page),
        cmocka_unit_test(test_a_foreign_file_is_begun_anew),
        cmocka_unit_test(test_a_full_disk_stops_writing_only),
        cmocka_unit_test(test_an_unreadable_disk_gives_up),
        cmocka_unit_test(test_eviction),
        cmocka_unit_test(test_a_page_without_its_predecessor_is_not_kept),
        cmocka_unit_test(test_no_room_for_a_page_is_an_error),
        cmocka_unit_test(test_a_real_file),
    };
    return cmocka_run_group_tests_name("kv_store", tests, NULL, NULL);
}
