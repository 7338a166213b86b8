/* Every number format: bit-exact decode against golden blocks, integer form, dot, names, half precision.
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/mem.h"
#include "math/quants/quant.h"
#include "support/fixture.h"

static uint32_t float_bits(float f)
{
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}

static float bits_float(uint32_t u)
{
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

/* What the golden folder covers: type, ggml id, values and bytes of a block. */
static const struct golden {
    enum quant_type type;
    int id, values, bytes;
} goldens[] = {
    { QUANT_F16, 1, 1, 2 },         { QUANT_Q4_0, 2, 32, 18 },      { QUANT_Q4_1, 3, 32, 20 },
    { QUANT_Q5_0, 6, 32, 22 },      { QUANT_Q5_1, 7, 32, 24 },      { QUANT_Q8_0, 8, 32, 34 },
    { QUANT_Q8_1, 9, 32, 36 },      { QUANT_Q2_K, 10, 256, 84 },    { QUANT_Q3_K, 11, 256, 110 },
    { QUANT_Q4_K, 12, 256, 144 },   { QUANT_Q5_K, 13, 256, 176 },   { QUANT_Q6_K, 14, 256, 210 },
    { QUANT_Q8_K, 15, 256, 292 },   { QUANT_IQ2_XXS, 16, 256, 66 }, { QUANT_IQ2_XS, 17, 256, 74 },
    { QUANT_IQ3_XXS, 18, 256, 98 }, { QUANT_IQ1_S, 19, 256, 50 },   { QUANT_IQ4_NL, 20, 32, 18 },
    { QUANT_IQ3_S, 21, 256, 110 },  { QUANT_IQ2_S, 22, 256, 82 },   { QUANT_IQ4_XS, 23, 256, 136 },
    { QUANT_IQ1_M, 29, 256, 56 },   { QUANT_BF16, 30, 1, 2 },       { QUANT_TQ1_0, 34, 256, 54 },
    { QUANT_TQ2_0, 35, 256, 66 },   { QUANT_MXFP4, 39, 32, 17 },    { QUANT_NVFP4, 40, 64, 36 },
    { QUANT_Q1_0, 41, 128, 18 },    { QUANT_Q2_0, 42, 64, 18 },
};
#define GOLDEN_COUNT (sizeof goldens / sizeof *goldens)

struct golden_data {
    struct buf blocks, values;
    size_t count; /* of values */
};

static struct golden_data golden_read(enum quant_type type)
{
    char name[64];
    struct golden_data d;
    snprintf(name, sizeof name, "golden/quants/%s.bin", quant_name(type));
    d.blocks = fixture_read(FIXTURE(name));
    snprintf(name, sizeof name, "golden/quants/%s.f32", quant_name(type));
    d.values = fixture_read(FIXTURE(name));
    d.count = d.values.len / sizeof(float);
    assert_true(d.count >= 2048);
    const struct quant *q = quant_of(type);
    assert_int_equal(d.blocks.len, d.count / (size_t)q->block_values * (size_t)q->block_bytes);
    return d;
}

static void golden_release(struct golden_data *d)
{
    buf_release(&d->blocks);
    buf_release(&d->values);
}

static void decode_is_bit_exact(void **state)
{
    for (size_t t = 0; t < GOLDEN_COUNT; t++) {
        const struct quant *q = quant_of(goldens[t].type);
        struct golden_data d = golden_read(goldens[t].type);
        /* once more from an odd address: blocks may stand anywhere in a file */
        uint8_t *odd = mem_alloc(d.blocks.len + 1);
        float *out = mem_alloc(d.values.len);
        memcpy(odd + 1, d.blocks.data, d.blocks.len);
        for (int from_odd = 0; from_odd < 2; from_odd++) {
            q->decode(out, from_odd ? (const void *)(odd + 1) : d.blocks.data, d.count);
            for (size_t i = 0; i < d.count; i++) {
                float want;
                memcpy(&want, d.values.data + i * sizeof want, sizeof want);
                if (float_bits(out[i]) != float_bits(want))
                    fail_msg("%s value %zu (block %zu): wanted %a, got %a", q->name, i,
                             i / (size_t)q->block_values, (double)want, (double)out[i]);
            }
        }
        mem_free(odd);
        mem_free(out);
        golden_release(&d);
    }
}

static void unpack_agrees_with_decode(void **state)
{
    for (size_t t = 0; t < GOLDEN_COUNT; t++) {
        const struct quant *q = quant_of(goldens[t].type);
        if (!q->unpack) continue;
        struct golden_data d = golden_read(goldens[t].type);
        size_t chunk_bytes = QUANT_UNPACK_VALUES / (size_t)q->block_values * (size_t)q->block_bytes;
        for (size_t at = 0; at < d.count; at += QUANT_UNPACK_VALUES) {
            struct quant_unpacked u;
            q->unpack(&u, d.blocks.data + at / QUANT_UNPACK_VALUES * chunk_bytes,
                      QUANT_UNPACK_VALUES);
            for (size_t i = 0; i < QUANT_UNPACK_VALUES; i++) {
                float want, got = u.scale[i / 16] * (float)u.q[i] + u.min[i / 16];
                memcpy(&want, d.values.data + (at + i) * sizeof want, sizeof want);
                if (got != want)
                    fail_msg("%s value %zu: wanted %a, got %a", q->name, at + i, (double)want,
                             (double)got);
            }
        }
        golden_release(&d);
    }
}

static void unpack_clears_what_is_past_the_end(void **state)
{
    for (int t = 0; t < QUANT_COUNT; t++) {
        const struct quant *q = quant_of((enum quant_type)t);
        if (!q->unpack || q->block_values == QUANT_UNPACK_VALUES) continue;
        uint8_t block[512];
        struct quant_unpacked u;
        memset(block, 0x11, sizeof block);
        memset(&u, 0x55, sizeof u);
        q->unpack(&u, block, (size_t)q->block_values);
        for (int i = q->block_values; i < QUANT_UNPACK_VALUES; i++) {
            assert_int_equal(u.q[i], 0);
            assert_true(u.scale[i / 16] == 0 && u.min[i / 16] == 0);
        }
    }
}

static void integer_forms_are_there(void **state)
{
    static const enum quant_type must[] = { QUANT_Q8_0, QUANT_Q4_0, QUANT_Q4_1,   QUANT_Q5_0,
                                            QUANT_Q5_1, QUANT_Q2_K, QUANT_Q3_K,   QUANT_Q4_K,
                                            QUANT_Q5_K, QUANT_Q6_K, QUANT_IQ4_NL, QUANT_IQ4_XS,
                                            QUANT_MXFP4 };
    for (size_t i = 0; i < sizeof must / sizeof *must; i++)
        assert_non_null(quant_of(must[i])->unpack);
}

/* Decoded values are right (above), so the dot has an independent sum here. */
static void dot_is_the_sum_in_double(void **state)
{
    for (size_t t = 0; t < GOLDEN_COUNT; t++) {
        const struct quant *q = quant_of(goldens[t].type);
        struct golden_data d = golden_read(goldens[t].type);
        float *x = mem_alloc(d.values.len);
        double want = 0;
        size_t n = 0;
        for (size_t i = 0; i < d.count; i++) {
            float w;
            memcpy(&w, d.values.data + i * sizeof w, sizeof w);
            if (!isfinite(w)) break;
            x[i] = (float)((int)(i * 7919 % 2001) - 1000) * 0.001f;
            want += (double)w * (double)x[i];
            n = i + 1;
        }
        n -= n % (size_t)q->block_values;
        want = 0;
        for (size_t i = 0; i < n; i++) {
            float w;
            memcpy(&w, d.values.data + i * sizeof w, sizeof w);
            want += (double)w * (double)x[i];
        }
        assert_true(n > 0);
        assert_true(q->dot(d.blocks.data, x, n) == (float)want);
        assert_true(q->dot(d.blocks.data, x, 0) == 0);
        mem_free(x);
        golden_release(&d);
    }
}

static void descriptors_agree_with_the_format(void **state)
{
    for (size_t t = 0; t < GOLDEN_COUNT; t++) {
        const struct quant *q = quant_of(goldens[t].type);
        assert_int_equal(q->gguf_id, goldens[t].id);
        assert_int_equal(q->block_values, goldens[t].values);
        assert_int_equal(q->block_bytes, goldens[t].bytes);
        assert_int_equal(q->in_files,
                         goldens[t].type != QUANT_Q8_1 && goldens[t].type != QUANT_Q8_K);
        enum quant_type back = QUANT_COUNT;
        assert_true(quant_from_gguf((uint32_t)q->gguf_id, &back));
        assert_int_equal(back, goldens[t].type);
    }
    for (int t = 0; t < QUANT_COUNT; t++) {
        const struct quant *q = quant_of((enum quant_type)t);
        assert_non_null(q->name);
        assert_true(q->block_values > 0 && q->block_bytes > 0);
        assert_true((q->decode == NULL) == (q->dot == NULL));
    }
}

static void names_are_found_or_refused(void **state)
{
    static const struct {
        const char *name;
        enum quant_type type;
    } known[] = { { "F32", QUANT_F32 }, { "F16", QUANT_F16 }, { "BF16", QUANT_BF16 },
                  { "F64", QUANT_F64 }, { "I8", QUANT_I8 },   { "I16", QUANT_I16 },
                  { "I32", QUANT_I32 }, { "I64", QUANT_I64 } };
    enum quant_type got;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        assert_true(quant_from_safetensors(known[i].name, &got));
        assert_int_equal(got, known[i].type);
    }
    got = QUANT_COUNT;
    assert_false(quant_from_safetensors("Q4_K", &got));
    assert_false(quant_from_safetensors("", &got));
    assert_false(quant_from_gguf(4, &got)); /* removed from ggml long ago */
    assert_false(quant_from_gguf(UINT32_MAX, &got));
    assert_int_equal(got, QUANT_COUNT);
}

static void row_bytes_refuses_parts_and_overflow(void **state)
{
    size_t bytes = 7;
    assert_true(quant_row_bytes(QUANT_Q4_K, 512, &bytes));
    assert_int_equal(bytes, 288);
    assert_true(quant_row_bytes(QUANT_F32, 0, &bytes));
    assert_int_equal(bytes, 0);
    bytes = 7;
    assert_false(quant_row_bytes(QUANT_Q4_K, 128, &bytes));
    assert_false(quant_row_bytes(QUANT_Q8_0, -32, &bytes));
    assert_false(quant_row_bytes(QUANT_F64, INT64_MAX, &bytes));
    assert_int_equal(bytes, 7);
}

static void fp16_is_exact_both_ways(void **state)
{
    for (uint32_t h = 0; h < 0x10000; h++) {
        float f = fp16_to_f32((uint16_t)h);
        if ((h & 0x7c00) == 0x7c00 && (h & 0x3ff)) {
            assert_true(isnan(f) && isnan(fp16_to_f32(f32_to_fp16(f))));
            continue;
        }
        double m = (h & 0x3ff) / 1024.0, e = (double)(h >> 10 & 31);
        double want = e == 31  ? (double)INFINITY
                      : e == 0 ? ldexp(m, -14)
                               : ldexp(1 + m, (int)e - 15);
        assert_true(fabs((double)f) == want && !!signbit(f) == !!(h & 0x8000));
        assert_int_equal(f32_to_fp16(f), h);
    }
}

/* Between two neighbours: below the middle goes down, above up, the middle to the even one. */
static void fp16_rounds_to_nearest_even(void **state)
{
    for (uint32_t h = 0; h < 0x7c00; h++) {
        double low = (double)fp16_to_f32((uint16_t)h);
        double high = h == 0x7bff ? 65536.0 : (double)fp16_to_f32((uint16_t)(h + 1));
        float middle = (float)((low + high) / 2);
        assert_int_equal(f32_to_fp16(middle), (h & 1) ? h + 1 : h);
        assert_int_equal(f32_to_fp16(nextafterf(middle, 0)), h);
        assert_int_equal(f32_to_fp16(-nextafterf(middle, INFINITY)), (h + 1) | 0x8000);
    }
    assert_int_equal(f32_to_fp16(1e30f), 0x7c00);
    assert_int_equal(f32_to_fp16(-INFINITY), 0xfc00);
    assert_int_equal(f32_to_fp16(bits_float(1)), 0);
    assert_true(isnan(fp16_to_f32(f32_to_fp16(bits_float(0x7f800001)))));
}

static void bf16_rounds_to_nearest_even(void **state)
{
    static const struct {
        uint32_t from;
        uint16_t to;
    } cases[] = { { 0x3f800000, 0x3f80 }, { 0x3f808000, 0x3f80 }, { 0x3f808001, 0x3f81 },
                  { 0x3f818000, 0x3f82 }, { 0x7f7fffff, 0x7f80 }, { 0x80000001, 0x8000 },
                  { 0x7f800000, 0x7f80 }, { 0x00018000, 0x0002 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(f32_to_bf16(bits_float(cases[i].from)), cases[i].to);
    assert_true(isnan(bf16_to_f32(f32_to_bf16(bits_float(0x7f800001)))));
    assert_true(isnan(bf16_to_f32(f32_to_bf16(bits_float(0xffffffff)))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decode_is_bit_exact),
        cmocka_unit_test(unpack_agrees_with_decode),
        cmocka_unit_test(unpack_clears_what_is_past_the_end),
        cmocka_unit_test(integer_forms_are_there),
        cmocka_unit_test(dot_is_the_sum_in_double),
        cmocka_unit_test(descriptors_agree_with_the_format),
        cmocka_unit_test(names_are_found_or_refused),
        cmocka_unit_test(row_bytes_refuses_parts_and_overflow),
        cmocka_unit_test(fp16_is_exact_both_ways),
        cmocka_unit_test(fp16_rounds_to_nearest_even),
        cmocka_unit_test(bf16_rounds_to_nearest_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
