/* The store of keys: what is written, what is read back, what a broken file does.
 * SPDX-License-Identifier: Apache-2.0 */
#include "support/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/core/file.h"
#include "serve/server/ident.h"
#include "serve/server/keys.h"

static char home[64];
static char *all[] = { "*", NULL };

static int make_home(void **state)
{
    snprintf(home, sizeof home, "/tmp/hearth-keys-XXXXXX");
    return mkdtemp(home) ? 0 : -1;
}

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", home, name);
    return path;
}

static int remove_home(void **state)
{
    unlink(path_of("keys.json"));
    unlink(path_of("keys-usage.json"));
    unlink(path_of("keys.lock"));
    return rmdir(home);
}

static struct key_store *store_open(void)
{
    struct key_store *s;
    struct error err = { 0 };
    if (key_store_open(&s, home, &err)) fail_msg("%s", err.text);
    return s;
}

static void test_add_find_revoke(void **state)
{
    char *chat[] = { "chat", "models", NULL };
    struct key_grant grant = { .name = "alice",
                               .tenant = "lab",
                               .models = all,
                               .capabilities = chat,
                               .priority = KEY_PRIORITY_LOW };
    char key[KEY_CHARS + 1], id[KEY_ID_CHARS + 1], other[KEY_CHARS + 1], other_id[KEY_ID_CHARS + 1];
    struct error err = { 0 };
    struct stat st;
    struct key_store *cli = store_open(), *server = store_open();
    assert_int_equal(key_store_add(cli, &grant, key, id, &err), STATUS_OK);
    assert_int_equal(key_store_add(cli, &grant, other, other_id, &err), STATUS_OK);
    assert_int_equal(strlen(key), KEY_CHARS);
    assert_string_not_equal(key, other);
    assert_int_equal(stat(path_of("keys.json"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    struct buf text = fixture_read(path_of("keys.json"));
    assert_null(strstr(text.data, key + 3)); /* its digest is kept, never the key */
    buf_release(&text);

    bool changed = false;
    assert_null(key_find(server, key, KEY_CHARS));
    assert_int_equal(key_store_refresh(server, &changed, &err), STATUS_OK);
    assert_true(changed);
    struct key *k = key_find(server, key, KEY_CHARS);
    assert_non_null(k);
    assert_string_equal(key_id(k), id);
    assert_string_equal(key_tenant(k), "lab");
    assert_int_equal(key_priority(k), KEY_PRIORITY_LOW);
    assert_true(key_may(k, "chat"));
    assert_false(key_may(k, "metrics"));
    assert_true(key_may_model(k, "anything"));
    assert_null(key_find(server, key, KEY_CHARS - 1));
    key[5] = key[5] == 'x' ? 'y' : 'x';
    assert_null(key_find(server, key, KEY_CHARS));

    assert_int_equal(key_store_revoke(cli, "alice", &err), STATUS_NOT_FOUND); /* there are two */
    assert_non_null(strstr(err.text, "several"));
    assert_int_equal(key_store_revoke(cli, id, &err), STATUS_OK);
    assert_int_equal(key_store_revoke(cli, id, &err), STATUS_NOT_FOUND);
    assert_int_equal(key_store_revoke(cli, "nobody", &err), STATUS_NOT_FOUND);
    assert_false(key_is_revoked(k));
    assert_int_equal(key_store_refresh(server, &changed, &err), STATUS_OK);
    assert_true(key_is_revoked(k));
    assert_int_equal(key_store_count(server), 1);
    key_store_close(server);
    key_store_close(cli);
    assert_string_equal(key_tenant(k), "lab"); /* whoever holds one may still read it */
    key_unref(k);
}

static void test_limits(void **state)
{
    struct key_grant grant = { .name = "a",
                               .models = all,
                               .capabilities = all,
                               .requests_per_minute = 60,
                               .tokens_per_minute = 600,
                               .concurrency = 2,
                               .budget_tokens = 10000 };
    char text[KEY_CHARS + 1], id[KEY_ID_CHARS + 1];
    struct error err = { 0 };
    struct key_store *s = store_open();
    double wait = 0;
    int64_t now = 1000000000000, second = 1000000000;
    assert_int_equal(key_store_add(s, &grant, text, id, &err), STATUS_OK);
    struct key *k = key_find(s, text, KEY_CHARS);
    assert_int_equal(key_enter(k, now, &wait), KEY_LIMIT_NONE);
    assert_int_equal(key_enter(k, now, &wait), KEY_LIMIT_NONE);
    assert_int_equal(key_enter(k, now, &wait), KEY_LIMIT_CONCURRENCY);
    key_leave(k, 500, 200);
    assert_int_equal(key_enter(k, now, &wait), KEY_LIMIT_TOKENS); /* 600 - 700, 10 come a second */
    assert_true(wait > 10 && wait < 10.2);
    assert_int_equal(key_enter(k, now + 11 * second, &wait), KEY_LIMIT_NONE);
    key_leave(k, 0, 0);
    now += 100 * second; /* the bucket is full again, not fuller */
    for (int i = 0; i < 60; i++) {
        assert_int_equal(key_enter(k, now, &wait), KEY_LIMIT_NONE);
        key_leave(k, 1, 0);
    }
    assert_int_equal(key_enter(k, now, &wait), KEY_LIMIT_REQUESTS);
    assert_true(wait > 0.9 && wait < 1.1);
    now += 100 * second;
    assert_int_equal(key_enter(k, now, &wait), KEY_LIMIT_NONE);
    key_leave(k, 9999, 1);
    assert_int_equal(key_enter(k, now + 1000 * second, &wait), KEY_LIMIT_BUDGET);
    /* What was used outlives the process. */
    assert_int_equal(key_store_save_usage(s, &err), STATUS_OK);
    key_unref(k);
    key_store_close(s);
    s = store_open();
    struct key_info info;
    assert_true(key_store_at(s, 0, &info));
    assert_int_equal(info.usage.prompt_tokens, 500 + 60 + 9999);
    assert_int_equal(info.usage.completion_tokens, 201);
    k = key_find(s, text, KEY_CHARS);
    assert_int_equal(key_enter(k, now, &wait), KEY_LIMIT_BUDGET);
    key_unref(k);
    key_store_close(s);
}

/* A file that cannot be understood changes nothing, and says why. */
static void test_broken_file(void **state)
{
    static const char *const broken[] = {
        "{",
        "[]",
        "{\"version\":2,\"keys\":[]}",
        "{\"version\":1}",
        "{\"version\":1,\"keys\":[{\"id\":\"k_00000000\"}]}",
        "{\"version\":1,\"keys\":[{\"id\":\"k_00000000\",\"name\":\"x\",\"sha256\":\"00\","
        "\"models\":[\"*\"],"
        "\"capabilities\":[\"*\"]}]}",
    };
    struct key_grant grant = { .name = "a", .models = all, .capabilities = all };
    char text[KEY_CHARS + 1], id[KEY_ID_CHARS + 1];
    struct error err = { 0 };
    struct key_store *s = store_open(), *other;
    assert_int_equal(key_store_add(s, &grant, text, id, &err), STATUS_OK);
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        assert_int_equal(file_write(path_of("keys.json"), broken[i], strlen(broken[i]), &err),
                         STATUS_OK);
        err.text[0] = 0;
        assert_int_equal(key_store_refresh(s, NULL, &err), STATUS_BAD_INPUT);
        assert_non_null(strstr(err.text, "keys.json"));
        struct key *k = key_find(s, text, KEY_CHARS);
        assert_non_null(k);
        key_unref(k);
        assert_int_equal(key_store_open(&other, home, &err), STATUS_BAD_INPUT);
    }
    /* Without the file nobody has a key. */
    unlink(path_of("keys.json"));
    assert_int_equal(key_store_refresh(s, NULL, &err), STATUS_OK);
    assert_null(key_find(s, text, KEY_CHARS));
    key_store_close(s);
}

static void test_names(void **state)
{
    static const struct {
        const char *text;
        int count; /* 0: refused */
    } cases[] = { { "a", 1 }, { "a,b,c", 3 }, { "", 0 }, { ",", 0 }, { "a,", 0 }, { "a,,b", 0 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct key_grant g = { .models = key_names(cases[i].text) };
        int count = 0;
        while (g.models && g.models[count])
            count++;
        assert_int_equal(count, cases[i].count);
        key_grant_release(&g);
    }
}

/* W3C Trace Context, section 3.2: what goes on, and what begins anew. */
static void test_traceparent(void **state)
{
    static const struct {
        const char *text;
        bool known;
    } cases[] = {
        { "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true },
        { "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", true },
        { "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", false },
        { "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false },
        { "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false },
        { "00-00000000000000000000000000000000-b7ad6b7169203331-01", false },
        { "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false },
        { "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331", false },
        { "", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[TRACEPARENT_BYTES];
        assert_int_equal(ident_traceparent(out, cases[i].text, NULL), STATUS_OK);
        assert_int_equal(strlen(out), TRACEPARENT_BYTES - 1);
        assert_int_equal(strncmp(out, "00-", 3), 0);
        assert_int_equal(strstr(out, "0af7651916cd43dd8448eb211c80319c") != NULL, cases[i].known);
        assert_null(strstr(out, "b7ad6b7169203331")); /* the parent is another one */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_add_find_revoke, make_home, remove_home),
        cmocka_unit_test_setup_teardown(test_limits, make_home, remove_home),
        cmocka_unit_test_setup_teardown(test_broken_file, make_home, remove_home),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_traceparent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
