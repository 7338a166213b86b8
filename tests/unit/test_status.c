/* Outcomes and error texts: always one clean, terminated line.
 * SPDX-License-Identifier: Apache-2.0 */
#include "support/fixture.h"

#include <string.h>

#include "base/core/status.h"
#include "base/core/utf8.h"

static void names_and_codes(void **state)
{
    assert_string_equal(status_name(STATUS_NOT_FOUND), "NOT_FOUND");
    assert_int_equal(STATUS_OK, 0);
    assert_int_equal(status_exit_code(STATUS_OK), 0);
    assert_int_equal(status_exit_code(STATUS_CANCELLED), 130);
    assert_int_equal(status_http_code(STATUS_LIMIT), 413);
    assert_string_equal(status_name(STATUS_COUNT), "?");
    assert_int_equal(status_exit_code((enum status)999), 1);
    for (int s = STATUS_FAILED; s < STATUS_COUNT; s++) {
        assert_true(status_exit_code((enum status)s) > 0);
        assert_true(strlen(status_words((enum status)s)) > 3);
    }
}

static void text_is_cut_between_characters(void **state)
{
    struct error err;
    char text[2 * ERROR_TEXT_BYTES] = "";
    for (size_t shift = 0; shift < 4; shift++) {
        memset(text, 'x', shift);
        for (size_t i = shift; i + 3 < sizeof text; i += 3)
            memcpy(text + i, "\xE2\x82\xAC", 3);
        text[sizeof text - 4] = 0;
        assert_int_equal(error_set(&err, STATUS_IO, "%s", text), STATUS_IO);
        size_t len = strlen(err.text);
        assert_true(len >= ERROR_TEXT_BYTES - 4 && len < ERROR_TEXT_BYTES);
        assert_true(utf8_valid(err.text, len));
        assert_memory_equal(err.text, text, len);
    }
}

static void text_is_one_line(void **state)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        { "a\nb\tc", "a?b?c" },
        { "\x1b[31mred", "?[31mred" },
        { "bad \xff\xc0\xaf byte", "bad ??? byte" },
        { "csi \xC2\x9B stays out", "csi ?? stays out" },
        { "\xE4\xBD\xA0\xE5\xA5\xBD", "\xE4\xBD\xA0\xE5\xA5\xBD" },
        { "ends early \xE4\xBD", "ends early ??" },
    };
    struct error err;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        error_set(&err, STATUS_FAILED, "%s", cases[i].in);
        assert_string_equal(err.text, cases[i].want);
    }
}

static void context_is_prepended(void **state)
{
    struct error err;
    error_set(&err, STATUS_BAD_INPUT, "offset %d is past the end", 7);
    assert_int_equal(error_wrap(&err, STATUS_BAD_INPUT, "model %s", "x"), STATUS_BAD_INPUT);
    assert_string_equal(err.text, "model x: offset 7 is past the end");
    error_set(&err, STATUS_IO, "again: %s", err.text); /* an argument inside err */
    assert_string_equal(err.text, "again: model x: offset 7 is past the end");
    assert_int_equal(error_set(NULL, STATUS_LIMIT, "nobody reads this"), STATUS_LIMIT);
    assert_int_equal(error_wrap(NULL, STATUS_LIMIT, "nor this"), STATUS_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_codes),
        cmocka_unit_test(text_is_cut_between_characters),
        cmocka_unit_test(text_is_one_line),
        cmocka_unit_test(context_is_prepended),
    };
    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
