/* The JSON writer: shape, escapes, numbers that read back equal, and a full buffer.
 * SPDX-License-Identifier: Apache-2.0 */
#include "support/fixture.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/json_write.h"

static void write_sample(struct json_writer *w)
{
    json_open_object(w);
    json_key(w, "a");
    json_put_int(w, INT64_MIN);
    json_key(w, "list");
    json_open_array(w);
    json_put_bool(w, true);
    json_put_null(w);
    json_open_object(w);
    json_close_object(w);
    json_open_array(w);
    json_close_array(w);
    json_put_string(w, NULL);
    json_close_array(w);
    json_key(w, "end");
    json_put_string(w, "x");
    json_close_object(w);
}

static void shape(void **state)
{
    struct buf b = BUF_INIT(1000);
    struct json_writer w;
    json_writer_init(&w, &b, 0);
    write_sample(&w);
    assert_string_equal(
        b.data, "{\"a\":-9223372036854775808,\"list\":[true,null,{},[],null],\"end\":\"x\"}");
    assert_int_equal(w.depth, 0);
    buf_clear(&b);
    json_writer_init(&w, &b, 2);
    write_sample(&w);
    assert_string_equal(b.data, "{\n  \"a\": -9223372036854775808,\n  \"list\": [\n    true,\n"
                                "    null,\n    {},\n    [],\n    null\n  ],\n  \"end\": \"x\"\n}");
    buf_release(&b);
}

static void strings(void **state)
{
    static const struct {
        struct span in;
        const char *want;
    } cases[] = {
        { { "", 0 }, "\"\"" },
        { { "a\"b\\c/", 6 }, "\"a\\\"b\\\\c/\"" },
        { { "\b\f\n\r\t", 5 }, "\"\\b\\f\\n\\r\\t\"" },
        { { "\0\x01\x1f\x7f", 4 }, "\"\\u0000\\u0001\\u001f\x7f\"" },
        { { "\xE4\xBD\xA0\xF0\x9F\x98\x80", 7 }, "\"\xE4\xBD\xA0\xF0\x9F\x98\x80\"" },
        { { "a\xff\xC0\xAF", 4 }, "\"a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"" },
        { { "cut \xE4\xBD", 6 }, "\"cut \xEF\xBF\xBD\xEF\xBF\xBD\"" },
        { { "\xED\xA0\x80", 3 }, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"" },
    };
    struct buf b = BUF_INIT(1000);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_writer w;
        buf_clear(&b);
        json_writer_init(&w, &b, 0);
        json_put_span(&w, cases[i].in);
        assert_string_equal(b.data, cases[i].want);
    }
    buf_release(&b);
}

static const char *real_text(struct buf *b, double v)
{
    struct json_writer w;
    buf_clear(b);
    json_writer_init(&w, b, 0);
    json_put_real(&w, v);
    return b->data;
}

static const char *float_text(struct buf *b, float v)
{
    struct json_writer w;
    buf_clear(b);
    json_writer_init(&w, b, 0);
    json_put_float(&w, v);
    return b->data;
}

static void numbers_are_short(void **state)
{
    struct buf b = BUF_INIT(100);
    assert_string_equal(real_text(&b, 0.1), "0.1");
    assert_string_equal(real_text(&b, 3), "3.0");
    assert_string_equal(real_text(&b, -0.0), "-0.0");
    assert_string_equal(real_text(&b, 1e300), "1e+300");
    assert_string_equal(real_text(&b, 1.0 / 3), "0.3333333333333333");
    assert_string_equal(real_text(&b, NAN), "null");
    assert_string_equal(real_text(&b, -INFINITY), "null");
    assert_string_equal(float_text(&b, 0.1f), "0.1");
    assert_string_equal(float_text(&b, 16777216.0f), "16777216.0");
    assert_string_equal(float_text(&b, NAN), "null");
    buf_release(&b);
}

static uint64_t next_random(uint64_t *seed) /* splitmix64 */
{
    uint64_t z = *seed += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static void numbers_read_back_equal(void **state)
{
    struct buf b = BUF_INIT(100);
    uint64_t seed = 1;
    static const double edges[] = {
        DBL_MIN,    DBL_MAX, DBL_TRUE_MIN,        0x1p53,
        0x1p53 + 2, 5e-324,  123456789012345678., 2.2250738585072011e-308
    };
    for (size_t i = 0; i < 40000; i++) {
        uint64_t bits = next_random(&seed);
        double d;
        float f;
        uint32_t low = (uint32_t)bits;
        memcpy(&d, &bits, sizeof d);
        memcpy(&f, &low, sizeof f);
        if (i < sizeof edges / sizeof *edges) d = edges[i];
        if (isfinite(d) && strtod(real_text(&b, d), NULL) != d) fail_msg("%a: %s", d, b.data);
        if (isfinite(f) && strtof(float_text(&b, f), NULL) != f)
            fail_msg("%a: %s", (double)f, b.data);
    }
    buf_release(&b);
}

static void a_full_buffer_shows(void **state)
{
    for (size_t max = 0; max < 60; max++) {
        struct buf b = BUF_INIT(max);
        struct json_writer w;
        json_writer_init(&w, &b, 0);
        write_sample(&w);
        assert_true(b.failed);
        assert_true(b.len <= max);
        buf_release(&b);
    }
}

static void deep_nesting(void **state)
{
    struct buf b = BUF_INIT(1000);
    struct json_writer w;
    json_writer_init(&w, &b, 0);
    for (int i = 0; i < 64; i++) {
        json_open_array(&w);
        json_open_object(&w);
        json_key(&w, "k");
    }
    json_put_int(&w, 1);
    for (int i = 0; i < 64; i++) {
        json_close_object(&w);
        json_close_array(&w);
    }
    assert_int_equal(w.depth, 0);
    assert_false(b.failed);
    assert_int_equal(b.len, 64 * 2 * 2 + 64 * 4 + 1);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shape),
        cmocka_unit_test(strings),
        cmocka_unit_test(numbers_are_short),
        cmocka_unit_test(numbers_read_back_equal),
        cmocka_unit_test(a_full_buffer_shows),
        cmocka_unit_test(deep_nesting),
    };
    return cmocka_run_group_tests_name("json_write", tests, NULL, NULL);
}
