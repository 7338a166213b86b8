/* Two texts line by line: hunks as diff -u writes them, limits, and that the edit leads from one to the other.
 * SPDX-License-Identifier: Apache-2.0 */
#include "support/fixture.h"

#include <stdlib.h>
#include <string.h>

#include "base/core/line_diff.h"

static const struct {
    const char *was, *is, *diff; /* as GNU diff -u writes it behind the names, counts of 1 written out */
} cases[] = {
    { "", "", "" },
    { "a\n", "a\n", "" },
    { "", "a\n", "@@ -0,0 +1,1 @@\n+a\n" },
    { "a\n", "", "@@ -1,1 +0,0 @@\n-a\n" },
    { "a\nb\nc\n", "a\nB\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n" },
    { "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n5\n6\n7\n8\n9\n",
      "@@ -2,6 +2,7 @@\n 2\n 3\n 4\n+x\n 5\n 6\n 7\n" },
    { "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n", "0\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n13\n",
      "@@ -1,4 +1,4 @@\n-1\n+0\n 2\n 3\n 4\n@@ -9,4 +9,4 @@\n 9\n 10\n 11\n-12\n+13\n" },
    { "1\n2\n3\n4\n5\n6\n", "0\n2\n3\n4\n5\n7\n",
      "@@ -1,6 +1,6 @@\n-1\n+0\n 2\n 3\n 4\n 5\n-6\n+7\n" },
};

static void test_cases(void **state)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out = BUF_INIT(1 << 16);
        struct line_diff d;
        struct error err;
        assert_int_equal(
            line_diff(&out, &d, span_of(cases[i].was), span_of(cases[i].is), 1000, &err),
            STATUS_OK);
        if (strcmp(out.data ? out.data : "", cases[i].diff) != 0)
            fail_msg("case %zu: wanted\n%sgot\n%s", i, cases[i].diff, out.data ? out.data : "");
        assert_int_equal(d.same, !*cases[i].diff);
        buf_release(&out);
    }
}

/* Applies what was shown to the old text. */
static void apply(struct buf *out, struct span was, const char *diff)
{
    const char *old = was.data, *end = was.data + was.len;
    size_t line = 1;
    while (*diff) {
        const char *stop = strchr(diff, '\n') + 1;
        if (*diff == '@') {
            char *rest;
            size_t from = strtoul(diff + 4, &rest, 10), count = strtoul(rest + 1, NULL, 10);
            for (; line < from + (count == 0); line++) {
                const char *next = strchr(old, '\n') + 1;
                buf_append(out, old, (size_t)(next - old));
                old = next;
            }
        } else if (*diff == '+') buf_append(out, diff + 1, (size_t)(stop - diff - 1));
        else {
            const char *next = strchr(old, '\n') + 1;
            assert_memory_equal(old, diff + 1, (size_t)(next - old));
            if (*diff == ' ') buf_append(out, old, (size_t)(next - old));
            old = next;
            line++;
        }
        diff = stop;
    }
    buf_append(out, old, (size_t)(end - old));
}

static void test_random_texts_are_rebuilt(void **state)
{
    uint64_t random = 7;
    for (int round = 0; round < 300; round++) {
        struct buf was = BUF_INIT(1 << 16), is = BUF_INIT(1 << 16), diff = BUF_INIT(1 << 16),
                   made = BUF_INIT(1 << 16);
        struct line_diff d;
        struct error err;
        for (int i = 0; i < 40; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            unsigned r = (unsigned)(random >> 40);
            if (r % 8 != 0) buf_format(&was, "%u\n", r / 8 % 5);
            if (r % 8 != 1) buf_format(&is, "%u\n", r / 8 % 5 + (r % 8 == 2));
        }
        assert_int_equal(line_diff(&diff, &d, (struct span){ was.data, was.len },
                                   (struct span){ is.data, is.len }, 1000, &err),
                         STATUS_OK);
        apply(&made, (struct span){ was.data, was.len }, diff.data ? diff.data : "");
        assert_int_equal(made.len, is.len);
        assert_memory_equal(made.data, is.data, is.len);
        buf_release(&was);
        buf_release(&is);
        buf_release(&diff);
        buf_release(&made);
    }
}

static void test_limits(void **state)
{
    struct buf many = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);
    struct line_diff d;
    struct error err;
    for (size_t i = 0; i < LINE_DIFF_LINES_MAX + 1; i++)
        buf_format(&many, "%zu\n", i);
    assert_int_equal(
        line_diff(&out, &d, span_of("x\n"), (struct span){ many.data, many.len }, 10, &err),
        STATUS_OK);
    assert_false(d.compared);
    assert_int_equal(d.added, LINE_DIFF_LINES_MAX + 1);
    assert_non_null(strstr(out.data, "too many lines"));
    buf_clear(&out);
    many.len = (size_t)(strstr(many.data, "\n100\n") + 5 - many.data);
    assert_int_equal(
        line_diff(&out, &d, span_of("x\n"), (struct span){ many.data, many.len }, 10, &err),
        STATUS_OK);
    assert_true(d.compared && d.added == 101 && d.removed == 1);
    assert_non_null(strstr(out.data, "... and 92 more lines\n"));
    buf_release(&many);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_random_texts_are_rebuilt),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
