/* Buffers: growth, ceilings, and failures that leave the content alone.
 * SPDX-License-Identifier: Apache-2.0 */
#include "support/fixture.h"

#include <string.h>

#include "base/core/buf.h"
#include "base/core/mem.h"

static void grows_and_stays_terminated(void **state)
{
    struct buf b = BUF_INIT(100000);
    for (int i = 0; i < 100000; i++) {
        assert_true(buf_byte(&b, (char)('a' + i % 26)));
        assert_true(b.len == (size_t)i + 1 && b.len <= b.cap && b.cap <= b.max);
        assert_int_equal(b.data[b.len], 0);
    }
    for (int i = 0; i < 100000; i++)
        assert_int_equal(b.data[i], 'a' + i % 26);
    buf_release(&b);
    assert_null(b.data);
    assert_true(b.max == 100000);
}

static void refuses_past_the_ceiling(void **state)
{
    struct error err;
    struct buf b = BUF_INIT(10);
    assert_true(buf_text(&b, "0123456789"));
    assert_int_equal(buf_check(&b, "the reply", &err), STATUS_OK);
    assert_false(buf_byte(&b, 'x'));
    assert_true(b.failed);
    assert_string_equal(b.data, "0123456789");
    assert_int_equal(buf_check(&b, "the reply", &err), STATUS_LIMIT);
    assert_string_equal(err.text, "the reply would exceed its limit of 10 bytes");
    assert_false(buf_append(&b, "y", SIZE_MAX));
    assert_false(buf_reserve(&b, SIZE_MAX - 5));
    buf_clear(&b);
    assert_false(b.failed);
    assert_true(buf_format(&b, "%d", 1234567890));
    buf_clear(&b);
    assert_false(buf_format(&b, "%d-", 1234567890));
    assert_int_equal(b.len, 0);
    buf_release(&b);

    struct buf none = BUF_INIT(0);
    assert_true(buf_append(&none, "", 0));
    assert_false(buf_byte(&none, 'x'));
    buf_release(&none);
}

static void formats_long_texts(void **state)
{
    char text[1000];
    memset(text, 'z', sizeof text - 1);
    text[sizeof text - 1] = 0;
    struct buf b = BUF_INIT(5000);
    assert_true(buf_format(&b, "<%s|%s>", text, text));
    assert_int_equal(b.len, 2 * 999 + 3);
    assert_int_equal(b.data[1000], '|');
    assert_string_equal(b.data + 1 + 999 + 1 + 998, "z>");
    buf_release(&b);
}

static void detaches(void **state)
{
    struct buf b = BUF_INIT(100);
    char *empty = buf_detach(&b);
    assert_string_equal(empty, "");
    mem_free(empty);
    buf_text(&b, "mine");
    char *mine = buf_detach(&b);
    assert_string_equal(mine, "mine");
    assert_null(b.data);
    assert_true(buf_text(&b, "new"));
    assert_string_equal(b.data, "new");
    mem_free(mine);
    buf_release(&b);
}

#ifdef HEARTH_CHECKS
static void tells_missing_memory_from_the_ceiling(void **state)
{
    struct error err;
    struct buf b = BUF_INIT(1000);
    mem_fail_nth(1);
    assert_false(buf_text(&b, "x"));
    assert_true(mem_fault_fired());
    assert_int_equal(buf_check(&b, "text", &err), STATUS_NO_MEMORY);
    assert_true(buf_text(&b, "x"));
    assert_true(b.failed); /* a chain of appends may be checked at its end */
    buf_release(&b);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_and_stays_terminated),
        cmocka_unit_test(refuses_past_the_ceiling),
        cmocka_unit_test(formats_long_texts),
        cmocka_unit_test(detaches),
#ifdef HEARTH_CHECKS
        cmocka_unit_test(tells_missing_memory_from_the_ceiling),
#endif
    };
    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
