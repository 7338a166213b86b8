/* The safetensors reader: views, dtypes, metadata, damage.
 * SPDX-License-Identifier: Apache-2.0 */
#include "support/damage.h"
#include "support/fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/core/mem.h"
#include "lm/format/safetensors.h"
#include "math/quants/quant.h"

static struct safetensors *open_or_fail(const char *path)
{
    struct safetensors *s = NULL;
    struct error err;
    if (safetensors_open(&s, path, &err)) fail_msg("%s: %s", path, err.text);
    return s;
}

/* make_malformed.py: bytes 0..21, a [2, 2] F32 at 0, b [3] BF16 at 16. */
static void views(void **state)
{
    struct safetensors *s =
        open_or_fail(fixture_source("tests/golden/safetensors/ok-any-order.safetensors"));
    assert_int_equal(safetensors_count(s), 2);
    const struct safetensors_tensor *a = safetensors_at(s, 0), *b = safetensors_find(s, "b");
    assert_true(span_equals(a->name, "a")); /* by data, although the header has b first */
    assert_string_equal(b->dtype, "BF16");
    assert_true(a->has_view && b->has_view);
    assert_int_equal(a->view.type, QUANT_F32);
    assert_int_equal(a->view.dims, 2);
    assert_int_equal(a->view.rows, 2);
    assert_int_equal(a->view.cols, 2);
    assert_int_equal(a->view.row_bytes, 8);
    assert_int_equal(b->view.rows, 1);
    assert_int_equal(b->view.cols, 3);
    assert_int_equal(*(const uint8_t *)tensor_row(&a->view, 1), 8);
    assert_int_equal(*(const uint8_t *)b->view.data, 16);
    assert_null(safetensors_find(s, "c"));
    assert_null(safetensors_metadata(s, "format").data);
    safetensors_close(s);
}

static void empty_scalar_and_unknown(void **state)
{
    struct safetensors *s =
        open_or_fail(fixture_source("tests/golden/safetensors/ok-empty-and-scalar.safetensors"));
    const struct safetensors_tensor *t = safetensors_find(s, "e");
    assert_true(t->has_view && t->view.rows == 0 && t->view.cols == 5 && t->bytes == 0);
    t = safetensors_find(s, "s");
    assert_true(t->has_view && t->view.rows == 1 && t->view.cols == 1 && t->view.dims == 0);
    t = safetensors_find(s, "z");
    assert_true(t->has_view && t->view.rows == 3 && t->view.cols == 0);
    safetensors_close(s);

    s = open_or_fail(fixture_source("tests/golden/safetensors/ok-f4-pairs-and-fp8.safetensors"));
    assert_int_equal(safetensors_count(s), 3);
    assert_false(safetensors_find(s, "a")->has_view); /* listed, though nobody here decodes it */
    assert_string_equal(safetensors_find(s, "b")->dtype, "F8_E4M3");
    assert_int_equal(safetensors_find(s, "c")->bytes, 3);
    safetensors_close(s);

    s = open_or_fail(fixture_source("tests/golden/safetensors/ok-metadata.safetensors"));
    assert_true(span_equals(safetensors_metadata(s, "format"), "pt"));
    assert_null(safetensors_metadata(s, "other").data);
    safetensors_close(s);
}

static double number_at(enum quant_type type, const uint8_t *at)
{
    union {
        double f64;
        float f32;
        int32_t i32;
    } v;
    memcpy(&v, at, (size_t)quant_of(type)->block_bytes);
    if (type == QUANT_F64) return v.f64;
    return type == QUANT_F32 ? (double)v.f32 : (double)v.i32;
}

/* Files of the safetensors project's own writers, with what its Python reader says of them. */
static void files_of_others(void **state)
{
    static const struct {
        const char *file, *dtype;
        int dims;
        int64_t rows, cols;
        double first, last;
    } cases[] = {
        { "tensor-1d-int32.safetensors", "I32", 1, 1, 3, 1.0, 3.0 },
        { "tensor-2d-float64.safetensors", "F64", 2, 2, 3, 1.0, 26.0 },
        { "tensor-3d-float32.safetensors", "F32", 3, 4, 3, 22.0, 3.0 },
        { "tensor-4d-float32.safetensors", "F32", 4, 6, 3, 11.0, 19.0 },
    };
    char path[128];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(path, sizeof path, "real/models/safetensors-small/%s", cases[i].file);
        struct safetensors *s = open_or_fail(FIXTURE(path));
        const struct safetensors_tensor *t = safetensors_at(s, 0);
        size_t item_bytes = (size_t)quant_of(t->view.type)->block_bytes;
        assert_string_equal(t->dtype, cases[i].dtype);
        assert_int_equal(t->view.dims, cases[i].dims);
        assert_int_equal(t->view.rows, cases[i].rows);
        assert_int_equal(t->view.cols, cases[i].cols);
        assert_true(number_at(t->view.type, t->data) == cases[i].first);
        assert_true(number_at(t->view.type, t->data + t->bytes - item_bytes) == cases[i].last);
        safetensors_close(s);
    }
}

static enum status open_bytes(const char *bytes, size_t len)
{
    struct safetensors *s;
    enum status st = safetensors_open_bytes(&s, bytes, len, "copy", NULL);
    if (!st) safetensors_close(s);
    return st;
}

static void damage(void **state)
{
    struct buf whole =
        fixture_read(fixture_source("tests/golden/safetensors/ok-plain.safetensors"));
    damage_cut(&whole, 0, open_bytes);
    damage_change(&whole, 100, open_bytes);
    buf_release(&whole);
}

/* A quadratic search would take minutes. */
static void many_tensors_are_fast(void **state)
{
    enum { COUNT = 100000 };
    struct buf b = BUF_INIT((size_t)1 << 26);
    struct safetensors *s;
    struct error err;
    char name[32];
    buf_append(&b, "\0\0\0\0\0\0\0\0{", 9);
    for (unsigned i = 0; i < COUNT; i++)
        buf_format(&b, "%s\"t.%u\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[%u,%u]}",
                   i ? "," : "", i, i, i + 1);
    buf_byte(&b, '}');
    for (size_t i = 0; i < 8; i++)
        b.data[i] = (char)((b.len - 8) >> (8 * i));
    size_t header = b.len;
    assert_true(buf_reserve(&b, COUNT));
    memset(b.data + b.len, 0, COUNT);
    if (safetensors_open_bytes(&s, b.data, header + COUNT, "many", &err)) fail_msg("%s", err.text);
    for (unsigned i = 0; i < COUNT; i += 7) {
        snprintf(name, sizeof name, "t.%u", i);
        assert_ptr_equal(safetensors_find(s, name)->data, b.data + header + i);
    }
    safetensors_close(s);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views),
        cmocka_unit_test(empty_scalar_and_unknown),
        cmocka_unit_test(files_of_others),
        cmocka_unit_test(damage),
        cmocka_unit_test(many_tensors_are_fast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
