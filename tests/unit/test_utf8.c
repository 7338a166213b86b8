/* UTF-8 at its edges: the rows of table 3-7 and what lies just outside them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "support/fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/core/utf8.h"

struct edge {
    const char *bytes;
    int length; /* 0: refused */
    uint32_t code_point;
    int tail; /* utf8_incomplete_tail of exactly these bytes */
};

static const struct edge edges[] = {
    { "\x01", 1, 0x01, 0 },
    { "\x7F", 1, 0x7F, 0 },
    { "\x80", 0, 0, 0 },
    { "\xBF", 0, 0, 0 },
    { "\xC0\x80", 0, 0, 0 },
    { "\xC1\xBF", 0, 0, 0 },
    { "\xC2", 0, 0, 1 },
    { "\xC2\x7F", 0, 0, 0 },
    { "\xC2\x80", 2, 0x80, 0 },
    { "\xC2\xC0", 0, 0, 0 },
    { "\xDF\xBF", 2, 0x7FF, 0 },
    { "\xE0", 0, 0, 1 },
    { "\xE0\x80", 0, 0, 0 },
    { "\xE0\x9F\xBF", 0, 0, 0 },
    { "\xE0\xA0", 0, 0, 2 },
    { "\xE0\xA0\x80", 3, 0x800, 0 },
    { "\xEC\xBF\xBF", 3, 0xCFFF, 0 },
    { "\xED\x9F\xBF", 3, 0xD7FF, 0 },
    { "\xED\xA0", 0, 0, 0 },
    { "\xED\xA0\x80", 0, 0, 0 },
    { "\xED\xBF\xBF", 0, 0, 0 },
    { "\xEE\x80\x80", 3, 0xE000, 0 },
    { "\xEF\xBF\xBF", 3, 0xFFFF, 0 },
    { "\xEF\xBF", 0, 0, 2 },
    { "\xEF\xBF\x41", 0, 0, 0 },
    { "\xF0", 0, 0, 1 },
    { "\xF0\x8F\xBF\xBF", 0, 0, 0 },
    { "\xF0\x90", 0, 0, 2 },
    { "\xF0\x90\x80", 0, 0, 3 },
    { "\xF0\x90\x80\x80", 4, 0x10000, 0 },
    { "\xF0\x9F\x98\x80", 4, 0x1F600, 0 },
    { "\xF4\x8F\xBF\xBF", 4, 0x10FFFF, 0 },
    { "\xF4\x90\x80\x80", 0, 0, 0 },
    { "\xF4\x90", 0, 0, 0 },
    { "\xF5", 0, 0, 0 },
    { "\xF5\x80\x80\x80", 0, 0, 0 },
    { "\xF8\x88\x80\x80\x80", 0, 0, 0 },
    { "\xFE", 0, 0, 0 },
    { "\xFF", 0, 0, 0 },
};

static void table_of_edges(void **state)
{
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        const struct edge *e = &edges[i];
        size_t len = strlen(e->bytes);
        uint32_t c;
        int n = utf8_decode(e->bytes, len, &c);
        if (n != e->length || c != (n ? e->code_point : 0xFFFD))
            fail_msg("row %zu: wanted %d U+%04X, got %d U+%04X", i, e->length, e->code_point, n, c);
        int tail = (int)utf8_incomplete_tail(e->bytes, len);
        if (tail != e->tail) fail_msg("row %zu: wanted tail %d, got %d", i, e->tail, tail);
        assert_true(utf8_valid(e->bytes, len) == (e->length == (int)len));
    }
    uint32_t c;
    assert_int_equal(utf8_decode("", 0, &c), 0);
    assert_int_equal(utf8_incomplete_tail("", 0), 0);
    assert_int_equal(utf8_decode("\0", 1, &c), 1);
    assert_int_equal(c, 0);
}

static void every_code_point_round_trips(void **state)
{
    for (uint32_t c = 0; c < 0x110800; c++) {
        char bytes[4];
        uint32_t back;
        int n = utf8_encode(c, bytes);
        bool possible = c <= 0x10FFFF && !(c >= 0xD800 && c <= 0xDFFF);
        if ((n > 0) != possible) fail_msg("U+%04X: %d bytes", c, n);
        if (n && (utf8_decode(bytes, (size_t)n, &back) != n || back != c))
            fail_msg("U+%04X came back as U+%04X", c, back);
        for (int cut = 1; cut < n; cut++) {
            if (utf8_decode(bytes, (size_t)cut, &back) != 0 ||
                utf8_incomplete_tail(bytes, (size_t)cut) != (size_t)cut)
                fail_msg("U+%04X cut to %d bytes was not seen as unfinished", c, cut);
        }
    }
}

static void valid_prefix_at_every_alignment(void **state)
{
    char text[64];
    for (size_t at = 0; at < sizeof text; at++) {
        memset(text, 'a', sizeof text);
        text[at] = '\x80';
        assert_int_equal(utf8_valid_prefix(text, sizeof text), at);
        assert_int_equal(utf8_valid_prefix(text, at), at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_of_edges),
        cmocka_unit_test(every_code_point_round_trips),
        cmocka_unit_test(valid_prefix_at_every_alignment),
    };
    return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
