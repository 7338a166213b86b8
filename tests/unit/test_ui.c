/* The files of the server's page: whole, and calling nobody.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "support/fixture.h"

#include <stdio.h>
#include <string.h>

#include "serve/ui/ui.h"

static const struct ui_file *page(const char *path)
{
    const struct ui_file *f = ui_file_find(path);
    assert_non_null(f);
    return f;
}

static void test_what_is_found(void **state)
{
    assert_string_equal(page("/")->type, "text/html; charset=utf-8");
    assert_memory_equal(page("/")->data, "<!doctype html>", 15);
    assert_null(ui_file_find("/ui/nothing.js"));
    assert_null(ui_file_find("/ui/"));
    assert_null(ui_file_find("/ui/../ui/page.js"));
}

static void test_names(void **state)
{
    for (size_t i = 0; i < ui_file_count; i++) {
        assert_ptr_equal(ui_file_find(ui_files[i].path), &ui_files[i]);
        assert_true(ui_files[i].len > 0);
    }
}

/* Every "/ui/..." that a file of ours names is there. */
static void check_names_in(const struct ui_file *f)
{
    static const char mark[] = "\"/ui/";
    const char *at = (const char *)f->data, *end = at + f->len;
    while ((at = memmem(at, (size_t)(end - at), mark, strlen(mark)))) {
        char path[128];
        const char *close = memchr(at + 1, '"', (size_t)(end - at - 1));
        assert_non_null(close);
        size_t len = (size_t)(close - at - 1);
        assert_true(len < sizeof path);
        memcpy(path, at + 1, len);
        path[len] = 0;
        if (!ui_file_find(path)) fail_msg("%s names %s, which is not there", f->path, path);
        at = close;
    }
}

static bool is_vendored(const struct ui_file *f)
{
    static const char *const names[] = { "preact", "marked", "purify", "uplot", "LICENSE" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strstr(f->path, names[i])) return true;
    return false;
}

static void test_names_lead_somewhere(void **state)
{
    for (size_t i = 0; i < ui_file_count; i++)
        check_names_in(&ui_files[i]);
}

/* Ours fetch from their own server only, and write HTML in one place only. */
static void test_nothing_from_outside(void **state)
{
    for (size_t i = 0; i < ui_file_count; i++) {
        const struct ui_file *f = &ui_files[i];
        if (is_vendored(f) || strcmp(f->path, "/ui/icon.svg") == 0) continue;
        if (memmem(f->data, f->len, "://", 3)) fail_msg("%s names another server", f->path);
        if (memmem(f->data, f->len, "innerHTML", 9)) fail_msg("%s writes HTML", f->path);
        if (memmem(f->data, f->len, "dangerouslySetInnerHTML", 23) &&
            strcmp(f->path, "/ui/messages.js") != 0)
            fail_msg("%s writes HTML", f->path);
        if (memmem(f->data, f->len, "<script>", 8)) fail_msg("%s holds a script in line", f->path);
    }
}

static void test_policy(void **state)
{
    assert_non_null(strstr(UI_CONTENT_POLICY, "default-src 'none'"));
    assert_null(strstr(UI_CONTENT_POLICY, "unsafe"));
    assert_null(strstr(UI_CONTENT_POLICY, "http"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_found),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_names_lead_somewhere),
        cmocka_unit_test(test_nothing_from_outside),
        cmocka_unit_test(test_policy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
