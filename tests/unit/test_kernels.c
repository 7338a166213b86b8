/* The one checker of the kernels: every CPU level against the plain C, slot by slot.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Random sizes with tails and zero; every buffer ends (or begins) at an unmapped page and inputs
 * are read-only; NaN, Inf and denormals are planted; errors are judged against the sum of the
 * magnitudes that went in. A level that this machine lacks is reported as skipped. The plain C
 * itself is held against the quants' own decode, which has golden blocks.
 *
 * HEARTH_SEED=n repeats or varies a run; a result past half of its bound is shown as MARGINAL. */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/core/mem.h"
#include "math/kernels/kernel_table.h"
#include "math/quants/quant.h"
#include "support/fixture.h"

/* --- random numbers (splitmix64) --- */

static uint64_t random_state;

static uint64_t random_next(void)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static int64_t random_below(int64_t n)
{
    return (int64_t)(random_next() % (uint64_t)n);
}

static float random_float(void) /* -1 .. 1 */
{
    return (float)((double)(random_next() >> 11) * 0x1p-52 - 1.0);
}

static int64_t pick(const int64_t *from, size_t count)
{
    return from[random_below((int64_t)count)];
}
#define PICK(...) \
    pick((const int64_t[]){ __VA_ARGS__ }, sizeof((const int64_t[]){ __VA_ARGS__ }) / 8)

static uint64_t seed(void)
{
    const char *text = getenv("HEARTH_SEED");
    return text ? strtoull(text, NULL, 10) : 1;
}

/* --- buffers between unmapped pages --- */

#define PAGE       4096u
#define GUARDS_MAX 512

struct guard {
    uint8_t *map;
    size_t map_bytes;
    void *data;
    size_t bytes;
};

static struct guard guards[GUARDS_MAX];
static int guard_count;

/* `bytes` at an address aligned to `align`, as near as that allows to the unmapped page after it, or
 * before it every fourth time. Filled with 0xee; freed by guards_free(). */
static void *guard_new(size_t bytes, size_t align)
{
    assert_true(guard_count < GUARDS_MAX);
    struct guard *g = &guards[guard_count++];
    size_t middle = (bytes + PAGE - 1) / PAGE * PAGE + (bytes == 0 ? PAGE : 0);
    g->bytes = bytes;
    g->map_bytes = middle + 2 * (size_t)PAGE;
    g->map = mmap(NULL, g->map_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(g->map != MAP_FAILED);
    assert_int_equal(mprotect(g->map + PAGE, middle, PROT_READ | PROT_WRITE), 0);
    memset(g->map + PAGE, 0xee, middle);
    g->data = g->map + PAGE + (random_below(4) == 0 ? 0 : (middle - bytes) / align * align);
    return g->data;
}

static void *guard_copy(const void *from, size_t bytes, size_t align)
{
    void *p = guard_new(bytes, align);
    if (bytes) memcpy(p, from, bytes);
    return p;
}

/* From here on, the buffer may only be read. */
static void guard_seal(const void *data)
{
    for (int i = 0; i < guard_count; i++)
        if (guards[i].data == data)
            assert_int_equal(
                mprotect(guards[i].map + PAGE, guards[i].map_bytes - 2 * (size_t)PAGE, PROT_READ),
                0);
}

/* Nothing beside the buffers was written; then unmaps all of them. */
static bool guards_free(void)
{
    bool clean = true;
    for (int i = 0; i < guard_count; i++) {
        struct guard *g = &guards[i];
        for (uint8_t *p = g->map + PAGE; p < g->map + g->map_bytes - PAGE; p++)
            if ((p < (uint8_t *)g->data || p >= (uint8_t *)g->data + g->bytes) && *p != 0xee)
                clean = false;
        munmap(g->map, g->map_bytes);
    }
    guard_count = 0;
    return clean;
}

/* --- levels --- */

static struct kernel_table ref;

struct level {
    enum cpu_level level;
    struct kernel_table table,
        lower; /* lower: of the level below, whose slots were checked already */
};

typedef void check_fn(const struct level *l);

static void for_each_level(check_fn *check)
{
    cpu_set have = cpu_detect();
    struct level l;
    kernel_table_init_ref(&ref);
    l.lower = ref;
    random_state = seed();
    for (int i = 1; i < CPU_LEVEL_COUNT; i++) {
        const char *name = cpu_level_name((enum cpu_level)i);
        cpu_set set = 0;
        if (!(have >> i & 1)) {
            fprintf(stderr, "SKIPPED: this machine lacks level %s (%s)\n", name,
                    cpu_level_needs((enum cpu_level)i));
            continue;
        }
        assert_true(cpu_set_mask(have, name, &set));
        l.level = (enum cpu_level)i;
        kernel_table_init(&l.table, set);
        check(&l);
        l.lower = l.table;
    }
}

static const char *context; /* what is being checked, for messages */
static char context_text[256];

#define CONTEXT(...) \
    (snprintf(context_text, sizeof context_text, __VA_ARGS__), context = context_text)

/* `bound` is the largest error allowed; NaN must stay NaN, and Inf the same Inf. */
static void compare(float got, float want, double bound, int64_t i)
{
    static char last_marginal[256];
    if (isnan(want) && isnan(got)) return;
    if (got == want) return;
    double error = fabs((double)got - (double)want);
    if (isfinite(want) && isfinite(got) && error <= bound) {
        if (error > bound / 2 && strcmp(last_marginal, context) != 0) {
            fprintf(stderr, "MARGINAL: %s: item %lld: error %.3g of %.3g\n", context, (long long)i,
                    error, bound);
            snprintf(last_marginal, sizeof last_marginal, "%s", context);
        }
        return;
    }
    fail_msg("%s, seed %llu: item %lld: wanted %.9g, got %.9g, error %.3g > %.3g", context,
             (unsigned long long)seed(), (long long)i, (double)want, (double)got, error, bound);
}

static void check_guards(void)
{
    if (!guards_free())
        fail_msg("%s, seed %llu: bytes beside a buffer were written", context,
                 (unsigned long long)seed());
}

/* Magnitudes from tiny to large, with a NaN, an Inf or denormals now and then. */
static void fill_floats(float *x, int64_t n, bool planted)
{
    float magnitude = exp2f((float)(random_below(12) - 6));
    for (int64_t i = 0; i < n; i++)
        x[i] = random_float() * magnitude;
    if (!planted || n == 0) return;
    static const float special[] = { NAN, INFINITY, -INFINITY, 1e-41f, -1e-44f, 0.0f, -0.0f };
    for (int64_t count = 1 + random_below(3); count > 0; count--)
        x[random_below(n)] = special[random_below(sizeof special / sizeof *special)];
}

/* --- weights --- */

/* Where a block keeps its f16 scales, so that random blocks have sane ones. */
static const struct weight_type {
    enum quant_type type;
    int scale_count, scale_at[2];
} weight_types[] = {
    { QUANT_F32, 0, { 0 } },    { QUANT_F16, 1, { 0 } },     { QUANT_BF16, 0, { 0 } },
    { QUANT_Q8_0, 1, { 0 } },   { QUANT_Q4_0, 1, { 0 } },    { QUANT_Q4_K, 2, { 0, 2 } },
    { QUANT_Q6_K, 1, { 208 } }, { QUANT_F64, 0, { 0 } },     { QUANT_Q4_1, 2, { 0, 2 } },
    { QUANT_Q5_0, 1, { 0 } },   { QUANT_Q5_1, 2, { 0, 2 } }, { QUANT_Q2_K, 2, { 80, 82 } },
    { QUANT_Q3_K, 1, { 108 } }, { QUANT_Q5_K, 2, { 0, 2 } }, { QUANT_IQ4_NL, 1, { 0 } },
    { QUANT_IQ4_XS, 1, { 0 } }, { QUANT_MXFP4, 0, { 0 } },   { QUANT_IQ2_XXS, 1, { 0 } },
    { QUANT_IQ3_S, 1, { 0 } },  { QUANT_IQ1_S, 1, { 0 } },   { QUANT_TQ1_0, 1, { 52 } },
    { QUANT_TQ2_0, 1, { 64 } }, { QUANT_Q1_0, 1, { 0 } },    { QUANT_Q2_0, 1, { 0 } },
};
#define WEIGHT_TYPES ((int64_t)(sizeof weight_types / sizeof *weight_types))

static void fill_block(uint8_t *block, const struct weight_type *t, bool planted)
{
    float f = random_float();
    if (planted && random_below(200) == 0) f = random_below(2) ? NAN : 1e-40f;
    double d = (double)f;
    uint16_t half = f32_to_bf16(f);
    for (int i = 0; i < quant_of(t->type)->block_bytes; i++)
        block[i] = (uint8_t)random_next();
    if (t->type == QUANT_F32) memcpy(block, &f, sizeof f);
    if (t->type == QUANT_F64) memcpy(block, &d, sizeof d);
    if (t->type == QUANT_BF16) memcpy(block, &half, sizeof half);
    if (t->type == QUANT_MXFP4) block[0] = (uint8_t)(115 + random_below(15));
    for (int i = 0; i < t->scale_count; i++) {
        half = f32_to_fp16(random_float() * 0.1f);
        if (planted && random_below(200) == 0) half = (uint16_t)PICK(0x7e00, 0, 0x8000, 1, 0x83ff);
        memcpy(block + t->scale_at[i], &half, sizeof half);
    }
}

struct weights {
    struct tensor_view view;
    struct panel_weights panels;
};

static struct weights weights_new(const struct weight_type *t, int64_t rows, int64_t cols,
                                  bool planted)
{
    struct weights w = { .view = { .type = t->type, .rows = rows, .cols = cols } };
    const struct quant *q = quant_of(t->type);
    assert_true(quant_row_bytes(t->type, cols, &w.view.row_bytes));
    uint8_t *data = guard_new((size_t)rows * w.view.row_bytes, 1);
    for (size_t at = 0; at < (size_t)rows * w.view.row_bytes; at += (size_t)q->block_bytes)
        fill_block(data + at, t, planted);
    guard_seal(data);
    w.view.data = data;
    struct panel_weights *p = &w.panels;
    p->kind = panel_kind_for(t->type, cols);
    p->type = t->type;
    p->rows = rows;
    p->cols = cols;
    p->panel_count = (rows + PANEL_ROWS - 1) / PANEL_ROWS;
    p->panel_bytes = panel_bytes(p->kind, t->type, cols);
    p->data = data;
    if (p->kind == PANEL_BLOCKS) return w;
    uint8_t *packed = guard_new((size_t)p->panel_count * p->panel_bytes, 64);
    int64_t split = random_below(p->panel_count + 1);
    panel_pack(packed, p->kind, &w.view, split, p->panel_count);
    panel_pack(packed, p->kind, &w.view, 0, split);
    guard_seal(packed);
    p->data = packed;
    return w;
}

/* --- linear --- */

static struct activations activations_new(int64_t rows, int64_t cols, bool planted)
{
    struct activations x = { .rows = rows, .cols = cols, .groups = (cols + 31) / 32 };
    x.stride = (size_t)(cols + random_below(3) * 5);
    int64_t last = rows ? (rows - 1) * (int64_t)x.stride + cols : 0;
    float *f = guard_new((size_t)last * 4, 4);
    fill_floats(f, last, planted);
    int8_t *q8 = guard_new((size_t)(rows * x.groups * 32), 64);
    float *scale = guard_new((size_t)(rows * x.groups) * 4, 4);
    int32_t *sum = guard_new((size_t)(rows * x.groups) * 8, 4);
    ref.quantize_act(q8, scale, sum, f, x.stride, rows, cols);
    guard_seal(f);
    guard_seal(q8);
    guard_seal(scale);
    guard_seal(sum);
    x.f32 = f;
    x.q8 = q8;
    x.scale = scale;
    x.sum = sum;
    return x;
}

/* |w| of one row, where a minimum counts by itself since kernels sum it by itself. */
static void row_magnitudes(float *out, const struct weights *w, int64_t row)
{
    const struct quant *q = quant_of(w->view.type);
    const uint8_t *at = tensor_row(&w->view, row);
    if (!q->unpack) {
        q->decode(out, at, (size_t)w->view.cols);
        for (int64_t k = 0; k < w->view.cols; k++)
            out[k] = fabsf(out[k]);
        return;
    }
    for (int64_t k = 0; k < w->view.cols; k += QUANT_UNPACK_VALUES) {
        int64_t n = w->view.cols - k < QUANT_UNPACK_VALUES ? w->view.cols - k : QUANT_UNPACK_VALUES;
        struct quant_unpacked u;
        q->unpack(&u, at, (size_t)n);
        for (int64_t i = 0; i < n; i++)
            out[k + i] = fabsf(u.scale[i / 16] * (float)u.q[i]) + fabsf(u.min[i / 16]);
        at += n / q->block_values * q->block_bytes;
    }
}

static double magnitude(const float *row, const struct activations *x, int64_t token, bool q8)
{
    double sum = 0;
    for (int64_t k = 0; k < x->cols; k++) {
        int64_t group = token * x->groups + k / 32;
        float a = q8 ? x->scale[group] * (float)x->q8[group * 32 + k % 32]
                     : x->f32[(size_t)token * x->stride + (size_t)k];
        sum += (double)row[k] * fabs((double)a);
    }
    return sum;
}

#define UNTOUCHED 12345.0f

static void compare_linear(const float *got, const float *want, size_t stride,
                           const struct weights *w, const struct activations *x, int64_t begin,
                           int64_t end, bool q8)
{
    float *row = mem_alloc((size_t)(w->view.cols + 1) * sizeof *row);
    for (int64_t n = begin * 16; n < end * 16; n++) {
        if (n < w->view.rows) row_magnitudes(row, w, n);
        for (int64_t t = 0; t < x->rows; t++) {
            size_t at = (size_t)t * stride + (size_t)(n - begin * 16);
            if (n >= w->view.rows) {
                if (t + 1 < x->rows) assert_true(got[at] == UNTOUCHED);
                continue;
            }
            double bound = 0x1p-22 * sqrt((double)w->view.cols) * magnitude(row, x, t, q8);
            compare(got[at], want[at], bound + FLT_MIN * (double)w->view.cols, (int64_t)at);
        }
    }
    mem_free(row);
}

static bool same_number(float a, float b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b)) || (a == 0 && b == 0);
}

/* A row's result is the same to the last bit alone and beside others: batches do not show. */
static void check_rows_alone(linear_fn *fn, const float *got, size_t stride,
                             const struct weights *w, const struct activations *x, int64_t begin,
                             int64_t end, int64_t width, void *scratch)
{
    float *alone = mem_alloc((size_t)width * 4 + 4);
    for (int64_t t = 0; t < x->rows; t++) {
        struct activations one = *x;
        one.rows = 1;
        one.f32 += (size_t)t * x->stride;
        one.q8 += t * x->groups * ACT_GROUP;
        one.scale += t * x->groups;
        one.sum += t * x->groups * 2;
        fn(alone, (size_t)width, &w->panels, begin, end, &one, scratch);
        for (int64_t i = 0; i < width; i++) {
            if (!same_number(alone[i], got[(size_t)t * stride + (size_t)i]))
                fail_msg("%s: token %lld column %lld is %.9g alone, %.9g beside others", context,
                         (long long)t, (long long)i, (double)alone[i],
                         (double)got[(size_t)t * stride + (size_t)i]);
        }
    }
    mem_free(alone);
}

static void check_linear_once(const struct level *l, const struct weight_type *t, bool q8)
{
    const struct quant *quant = quant_of(t->type);
    bool planted = random_below(4) == 0;
    int64_t unit = quant->block_values, blocks = 1 + random_below(unit == 256 ? 4
                                                                  : unit == 1 ? 300
                                                                              : 20);
    int64_t rows = 1 + random_below(80), cols = unit * blocks;
    int64_t tokens = PICK(0, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 16, 17, 31, 33, 50, 67);
    struct weights w = weights_new(t, rows, cols, planted && random_below(2));
    linear_fn *fn = (q8 ? l->table.linear_q8 : l->table.linear_f32)[w.panels.kind];
    if (!fn || fn == (q8 ? l->lower.linear_q8 : l->lower.linear_f32)[w.panels.kind]) {
        guards_free();
        return;
    }
    struct activations x = activations_new(tokens, cols, planted);
    int64_t begin = random_below(w.panels.panel_count + 1);
    int64_t end = begin + random_below(w.panels.panel_count - begin + 1);
    if (random_below(2)) begin = 0, end = w.panels.panel_count;
    int64_t width = (end * 16 < rows ? end * 16 : rows) - begin * 16;
    if (width < 0) width = 0;
    size_t stride = (size_t)((end - begin) * 16 + random_below(2) * 7);
    size_t y_floats = tokens ? (size_t)(tokens - 1) * stride + (size_t)width : 0;
    float *got = guard_new(y_floats * 4, 4), *want = mem_alloc(y_floats * 4 + 4);
    for (size_t i = 0; i < y_floats; i++)
        got[i] = want[i] = UNTOUCHED;
    void *scratch = guard_new(LINEAR_SCRATCH_BYTES, 64);
    CONTEXT("%s linear_%s %s (%s) rows %lld cols %lld tokens %lld panels %lld..%lld%s",
            cpu_level_name(l->level), q8 ? "q8" : "f32", panel_kind_name(w.panels.kind),
            quant->name, (long long)rows, (long long)cols, (long long)tokens, (long long)begin,
            (long long)end, planted ? " planted" : "");
    (q8 ? ref.linear_q8 : ref.linear_f32)[w.panels.kind](want, stride, &w.panels, begin, end, &x,
                                                         scratch);
    fn(got, stride, &w.panels, begin, end, &x, scratch);
    compare_linear(got, want, stride, &w, &x, begin, end, q8);
    if (tokens > 1) check_rows_alone(fn, got, stride, &w, &x, begin, end, width, scratch);
    for (int64_t i = 0; i + 1 < tokens; i++)
        for (size_t c = (size_t)width; c < stride; c++)
            assert_true(got[(size_t)i * stride + c] == UNTOUCHED);
    mem_free(want);
    check_guards();
}

static void check_linear(const struct level *l)
{
    for (int64_t t = 0; t < WEIGHT_TYPES; t++) {
        for (int i = 0; i < 30; i++) {
            check_linear_once(l, &weight_types[t], true);
            check_linear_once(l, &weight_types[t], false);
        }
    }
}

static void linear_agrees(void **state)
{
    for_each_level(check_linear);
}

/* Packing and the plain C, against each format's own dot on the rows as they lie in the file. */
/* sum |w_i a_i| of row n: what a bound on the sum's error must be measured by, since the sum may cancel. */
static double magnitude_of(const struct weights *w, int64_t n, const float *a, int64_t cols)
{
    float *row = mem_alloc((size_t)cols * sizeof *row);
    double sum = 0;
    quant_of(w->view.type)->decode(row, tensor_row(&w->view, n), (size_t)cols);
    for (int64_t k = 0; k < cols; k++)
        sum += fabs((double)row[k] * (double)a[k]);
    mem_free(row);
    return sum;
}

static void reference_linear_is_the_dot(void **state)
{
    kernel_table_init_ref(&ref);
    random_state = seed();
    for (int64_t i = 0; i < 4 * WEIGHT_TYPES; i++) {
        const struct weight_type *t = &weight_types[i % WEIGHT_TYPES];
        int64_t unit = quant_of(t->type)->block_values, rows = 1 + random_below(40);
        int64_t cols = unit * (1 + random_below(unit == 256 ? 3 : unit == 1 ? 70 : 10));
        struct weights w = weights_new(t, rows, cols, false);
        struct activations x = activations_new(3, cols, false);
        float *y = guard_new((size_t)(3 * rows) * 4, 4);
        CONTEXT("ref linear %s rows %lld cols %lld", quant_name(t->type), (long long)rows,
                (long long)cols);
        assert_int_equal(panel_kind_for(t->type, cols) == PANEL_BLOCKS, i % WEIGHT_TYPES > 6);
        ref.linear_f32[w.panels.kind](y, (size_t)rows, &w.panels, 0, w.panels.panel_count, &x,
                                      NULL);
        for (int64_t r = 0; r < 3; r++) {
            const float *a = x.f32 + (size_t)r * x.stride;
            for (int64_t n = 0; n < rows; n++) {
                float want = quant_of(t->type)->dot(tensor_row(&w.view, n), a, (size_t)cols);
                compare(y[r * rows + n], want, 0x1p-21 * magnitude_of(&w, n, a, cols), n);
            }
        }
        if (ref.linear_q8[w.panels.kind]) { /* the same on the dequantized activations */
            float *deq = mem_alloc((size_t)cols * sizeof *deq);
            ref.linear_q8[w.panels.kind](y, (size_t)rows, &w.panels, 0, w.panels.panel_count, &x,
                                         NULL);
            for (int64_t r = 0; r < 3; r++) {
                for (int64_t k = 0; k < cols; k++)
                    deq[k] = x.scale[r * x.groups + k / 32] * (float)x.q8[r * x.groups * 32 + k];
                const float *a = quant_of(t->type)->unpack ? deq : x.f32 + (size_t)r * x.stride;
                for (int64_t n = 0; n < rows; n++) {
                    float want = quant_of(t->type)->dot(tensor_row(&w.view, n), a, (size_t)cols);
                    compare(y[r * rows + n], want, 0x1p-21 * magnitude_of(&w, n, a, cols), n);
                }
            }
            mem_free(deq);
        }
        check_guards();
    }
}

/* --- vectors --- */

static void check_quantize(const struct level *l)
{
    for (int i = 0; i < 60 && l->table.quantize_act != l->lower.quantize_act; i++) {
        int64_t rows = random_below(6), cols = random_below(200);
        bool planted = random_below(2);
        if (cols == 0) rows = 0;
        CONTEXT("%s quantize_act rows %lld cols %lld", cpu_level_name(l->level), (long long)rows,
                (long long)cols);
        struct activations x = activations_new(rows, cols, planted);
        size_t groups = (size_t)(rows * x.groups);
        int8_t *q8 = guard_new(groups * 32, 64);
        float *scale = guard_new(groups * 4, 4);
        int32_t *sum = guard_new(groups * 8, 4);
        l->table.quantize_act(q8, scale, sum, x.f32, x.stride, rows, cols);
        for (size_t g = 0; g < groups; g++) {
            compare(scale[g], x.scale[g], 0, (int64_t)g);
            if (isnan(scale[g])) continue;
            assert_memory_equal(q8 + 32 * g, x.q8 + 32 * g, 32);
            assert_memory_equal(sum + 2 * g, x.sum + 2 * g, 8);
        }
        check_guards();
    }
}

static int64_t vector_length(void)
{
    return random_below(3) == 0 ? random_below(3000) : random_below(70);
}

/* Relative: a chain of four or five float roundings on either side, each 2^-24. */
#define CHAIN_BOUND 0x1p-20

static void check_rms_norm(const struct level *l)
{
    for (int i = 0; i < 100 && l->table.rms_norm != l->lower.rms_norm; i++) {
        int64_t n = vector_length();
        float *x = guard_new((size_t)n * 4, 4), *weight = guard_new((size_t)n * 4, 4);
        fill_floats(x, n, random_below(4) == 0);
        fill_floats(weight, n, false);
        float *got = guard_copy(x, (size_t)n * 4, 4), *want = guard_new((size_t)n * 4, 4);
        CONTEXT("%s rms_norm n %lld", cpu_level_name(l->level), (long long)n);
        guard_seal(weight);
        ref.rms_norm(want, x, weight, n, 1e-6f);
        l->table.rms_norm(got, got, weight, n, 1e-6f); /* in place */
        for (int64_t k = 0; k < n; k++)
            compare(got[k], want[k], CHAIN_BOUND * fabs((double)want[k]) + FLT_MIN, k);
        guard_seal(x);
        l->table.rms_norm(got, x, weight, n, 1e-6f);
        for (int64_t k = 0; k < n; k++)
            compare(got[k], want[k], CHAIN_BOUND * fabs((double)want[k]) + FLT_MIN, k);
        check_guards();
    }
}

static void check_rope_slot(const char *name, const struct level *l, rope_fn *fn, rope_fn *lower,
                            rope_fn *plain, bool half)
{
    for (int i = 0; i < 60 && fn != lower; i++) {
        int64_t pairs = random_below(3) == 0 ? random_below(130) : PICK(0, 1, 4, 8, 16, 32, 48, 64),
                rot = 2 * pairs;
        float *x = guard_new((size_t)rot * 4, 4);
        float *cosine = guard_new((size_t)pairs * 4, 4), *sine = guard_new((size_t)pairs * 4, 4);
        fill_floats(x, rot, random_below(4) == 0);
        fill_floats(cosine, pairs, false);
        fill_floats(sine, pairs, false);
        float *got = guard_copy(x, (size_t)rot * 4, 4), *want = guard_copy(x, (size_t)rot * 4, 4);
        guard_seal(cosine);
        guard_seal(sine);
        CONTEXT("%s %s rot %lld", cpu_level_name(l->level), name, (long long)rot);
        plain(want, cosine, sine, rot);
        fn(got, cosine, sine, rot);
        for (int64_t k = 0; k < rot; k++) {
            int64_t p = half ? k % pairs : k / 2, a = half ? p : 2 * p,
                    b = half ? p + pairs : 2 * p + 1;
            double size = (fabs((double)x[a]) + fabs((double)x[b])) *
                          (fabs((double)cosine[p]) + fabs((double)sine[p]));
            compare(got[k], want[k], 0x1p-22 * size + FLT_MIN, k);
        }
        check_guards();
    }
}

static void check_rope(const struct level *l)
{
    check_rope_slot("rope_half", l, l->table.rope_half, l->lower.rope_half, ref.rope_half, true);
    check_rope_slot("rope_adjacent", l, l->table.rope_adjacent, l->lower.rope_adjacent,
                    ref.rope_adjacent, false);
}

static void check_swiglu(const struct level *l)
{
    for (int i = 0; i < 100 && l->table.swiglu != l->lower.swiglu; i++) {
        int64_t n = vector_length();
        float *gate = guard_new((size_t)n * 4, 4), *up = guard_new((size_t)n * 4, 4);
        fill_floats(gate, n, random_below(4) == 0);
        fill_floats(up, n, random_below(4) == 0);
        for (int64_t k = 0; k < n && i % 3 == 0; k++)
            gate[k] = random_float() * 120; /* past both ends of expf */
        float *got = guard_copy(i % 2 ? gate : up, (size_t)n * 4, 4),
              *want = guard_new((size_t)n * 4, 4);
        guard_seal(gate);
        guard_seal(up);
        CONTEXT("%s swiglu n %lld", cpu_level_name(l->level), (long long)n);
        ref.swiglu(want, gate, up, n);
        if (i % 2) l->table.swiglu(got, got, up, n);
        else l->table.swiglu(got, gate, got, n);
        /* where exp(-gate) overflows, the reference has zero and others may keep a tiny number */
        for (int64_t k = 0; k < n; k++)
            compare(got[k], want[k],
                    CHAIN_BOUND * fabs((double)want[k]) + FLT_MIN * (128 * fabs((double)up[k]) + 1),
                    k);
        check_guards();
    }
}

static void check_add(const struct level *l)
{
    for (int i = 0; i < 60 && l->table.add != l->lower.add; i++) {
        int64_t n = vector_length();
        float *x = guard_new((size_t)n * 4, 4), *got = guard_new((size_t)n * 4, 4);
        fill_floats(x, n, random_below(2));
        fill_floats(got, n, random_below(2));
        float *want = guard_copy(got, (size_t)n * 4, 4);
        guard_seal(x);
        CONTEXT("%s add n %lld", cpu_level_name(l->level), (long long)n);
        ref.add(want, x, n);
        l->table.add(got, x, n);
        for (int64_t k = 0; k < n; k++)
            compare(got[k], want[k], 0, k);
        check_guards();
    }
}

static void check_f16(const struct level *l)
{
    for (int i = 0; i < 40 && l->table.f16_to_f32 != l->lower.f16_to_f32; i++) {
        int64_t n = i == 0 ? 65536 : random_below(100);
        uint16_t *in = guard_new((size_t)n * 2, 2);
        float *got = guard_new((size_t)n * 4, 4), *want = guard_new((size_t)n * 4, 4);
        for (int64_t k = 0; k < n; k++)
            in[k] = (uint16_t)(i == 0 ? (uint64_t)k : random_next());
        guard_seal(in);
        CONTEXT("%s f16_to_f32 n %lld", cpu_level_name(l->level), (long long)n);
        ref.f16_to_f32(want, in, n);
        l->table.f16_to_f32(got, in, n);
        for (int64_t k = 0; k < n; k++)
            compare(got[k], want[k], 0, k);
        check_guards();
    }
}

static const struct kv_kind {
    enum kv_type type;
    const char *name;
    size_t bytes; /* of a stored value */
} kv_kinds[KV_TYPE_COUNT] = { { KV_F16, "f16", 2 }, { KV_F32, "f32", 4 } };

static void check_kv_append(const struct level *l, const struct kv_kind *kind)
{
    kv_append_fn *fn = l->table.kv_append[kind->type], *plain = ref.kv_append[kind->type];
    for (int i = 0; i < 40 && fn != l->lower.kv_append[kind->type]; i++) {
        int64_t dk = 1 + random_below(140), dv = 1 + random_below(140);
        size_t k_bytes = (size_t)dk * 64 * kind->bytes, v_bytes = (size_t)dv * 64 * kind->bytes;
        void *got_k = guard_new(k_bytes, kind->bytes), *got_v = guard_new(v_bytes, kind->bytes);
        void *want_k = guard_new(k_bytes, kind->bytes), *want_v = guard_new(v_bytes, kind->bytes);
        float *k = guard_new((size_t)dk * 4, 4), *v = guard_new((size_t)dv * 4, 4);
        fill_floats(k, dk, false);
        fill_floats(v, dv, false);
        k[random_below(dk)] = PICK(0, 1) ? 1e9f : 3e-8f;
        guard_seal(k);
        guard_seal(v);
        CONTEXT("%s kv_append %s dims %lld %lld", cpu_level_name(l->level), kind->name,
                (long long)dk, (long long)dv);
        for (int slot = 0; slot < KV_BLOCK_TOKENS; slot += 1 + (int)random_below(20)) {
            plain(want_k, want_v, slot, k, v, dk, dv);
            fn(got_k, got_v, slot, k, v, dk, dv);
        }
        assert_memory_equal(got_k, want_k, k_bytes);
        assert_memory_equal(got_v, want_v, v_bytes);
        check_guards();
    }
}

static void check_vectors(const struct level *l)
{
    check_quantize(l);
    check_rms_norm(l);
    check_rope(l);
    check_swiglu(l);
    check_add(l);
    check_f16(l);
    for (int i = 0; i < KV_TYPE_COUNT; i++)
        check_kv_append(l, &kv_kinds[i]);
}

static void vectors_agree(void **state)
{
    for_each_level(check_vectors);
}

/* --- attention --- */

#define BLOCKS_MAX 12

/* One sealed block of random values, stored as `kind` says. */
static const void *kv_block_new(const struct kv_kind *kind, int64_t n, float magnitude_max)
{
    uint8_t *block = guard_new((size_t)n * kind->bytes, kind->bytes);
    for (int64_t i = 0; i < n; i++) {
        float f = random_float() * magnitude_max;
        uint16_t half = f32_to_fp16(f);
        if (kind->type == KV_F16) memcpy(block + 2 * i, &half, 2);
        else memcpy(block + 4 * i, &f, 4);
    }
    guard_seal(block);
    return block;
}

static double kv_size(const struct kv_kind *kind, const void *block, int64_t i)
{
    if (kind->type == KV_F16) return fabs((double)fp16_to_f32(((const uint16_t *)block)[i]));
    return fabs((double)((const float *)block)[i]);
}

/* Bound of one output: score errors become relative errors of the softmax weights. */
static double attention_bound(const struct kv_kind *kind, const struct attention_args *a,
                              const float *q, int64_t position)
{
    double score_size = 0, v_size = 0;
    for (int64_t j = 0; j <= position; j++) {
        double sum = 0;
        for (int64_t d = 0; d < a->head_dim_k; d++)
            sum += fabs((double)q[d]) * kv_size(kind, a->k_blocks[j / 64], d * 64 + j % 64);
        score_size = fmax(score_size, sum * (double)a->scale);
        for (int64_t d = 0; d < a->head_dim_v; d++)
            v_size = fmax(v_size, kv_size(kind, a->v_blocks[j / 64], j % 64 * a->head_dim_v + d));
    }
    return (0x1p-20 + score_size * 0x1p-21) * v_size;
}

static void compare_attention(const struct kv_kind *kind, const struct attention_args *a,
                              const float *got, const float *want)
{
    for (int64_t i = 0; i < a->query_count; i++) {
        for (int64_t h = 0; h < a->head_count; h++) {
            const float *q = a->q + (size_t)i * a->q_stride + h * a->head_dim_k;
            double bound = attention_bound(kind, a, q, a->position + i);
            for (int64_t d = 0; d < a->head_dim_v; d++) {
                size_t at = (size_t)i * a->out_stride + (size_t)(h * a->head_dim_v + d);
                compare(got[at], want[at], bound, (int64_t)at);
            }
        }
    }
}

/* The same for each query of a block. */
static void check_queries_alone(const struct level *l, const struct kv_kind *kind,
                                const struct attention_args *a, void *scratch)
{
    int64_t width = a->head_count * a->head_dim_v;
    float *alone = mem_alloc((size_t)width * 4 + 4);
    for (int64_t i = 0; i < a->query_count; i++) {
        struct attention_args one = *a;
        one.query_count = 1;
        one.position += i;
        one.q += (size_t)i * a->q_stride;
        one.out = alone;
        l->table.attention[kind->type](&one, scratch);
        for (int64_t d = 0; d < width; d++) {
            if (!same_number(alone[d], a->out[(size_t)i * a->out_stride + (size_t)d]))
                fail_msg("%s: query %lld differs alone and beside others", context, (long long)i);
        }
    }
    mem_free(alone);
}

static void check_attention_once(const struct level *l, const struct kv_kind *kind)
{
    const void *k[BLOCKS_MAX], *v[BLOCKS_MAX];
    int64_t dk = PICK(16, 32, 64, 80, 96, 128, 192, 20, 7),
            dv = random_below(4) ? dk : PICK(16, 64, 128, 13);
    int64_t heads = 1 + random_below(random_below(3) ? 4 : 9),
            queries = PICK(0, 1, 1, 1, 2, 3, 5, 8, 17, 40);
    int64_t position = random_below(random_below(2) ? 20 : 400);
    int64_t window = random_below(3) ? 0 : 1 + random_below(150);
    bool planted = random_below(8) == 0;
    CONTEXT("%s attention %s dims %lld %lld heads %lld queries %lld position %lld window %lld%s",
            cpu_level_name(l->level), kind->name, (long long)dk, (long long)dv, (long long)heads,
            (long long)queries, (long long)position, (long long)window, planted ? " planted" : "");
    int64_t keys = position + queries, blocks = (keys + 63) / 64;
    for (int64_t b = 0; b < blocks; b++) {
        k[b] = kv_block_new(kind, dk * 64, 1.5f);
        v[b] = kv_block_new(kind, dv * 64, 2.0f);
    }
    size_t q_stride = (size_t)(heads * dk + random_below(2) * 11),
           out_stride = (size_t)(heads * dv + random_below(2) * 5);
    size_t q_floats = queries ? (size_t)(queries - 1) * q_stride + (size_t)(heads * dk) : 0;
    size_t out_floats = queries ? (size_t)(queries - 1) * out_stride + (size_t)(heads * dv) : 0;
    float *q = guard_new(q_floats * 4, 4), *got = guard_new(out_floats * 4, 4),
          *want = guard_new(out_floats * 4, 4);
    for (size_t i = 0; i < q_floats; i++)
        q[i] = random_float() * 3;
    if (planted && q_floats) q[random_below((int64_t)q_floats)] = NAN;
    guard_seal(q);
    for (size_t i = 0; i < out_floats; i++)
        got[i] = want[i] = UNTOUCHED;
    struct attention_args a = { .q = q,
                                .out = want,
                                .q_stride = q_stride,
                                .out_stride = out_stride,
                                .query_count = queries,
                                .head_count = heads,
                                .head_dim_k = dk,
                                .head_dim_v = dv,
                                .position = position,
                                .window = window,
                                .scale = 1.0f / sqrtf((float)dk),
                                .k_blocks = k,
                                .v_blocks = v };
    void *scratch = guard_new(LINEAR_SCRATCH_BYTES, 64);
    ref.attention[kind->type](&a, scratch);
    a.out = got;
    l->table.attention[kind->type](&a, scratch);
    compare_attention(kind, &a, got, want);
    if (queries > 1) check_queries_alone(l, kind, &a, scratch);
    for (int64_t i = 0; i + 1 < queries; i++)
        for (size_t c = (size_t)(heads * dv); c < out_stride; c++)
            assert_true(got[(size_t)i * out_stride + c] == UNTOUCHED);
    check_guards();
}

static void check_attention(const struct level *l)
{
    for (int k = 0; k < KV_TYPE_COUNT; k++) {
        for (int i = 0; i < 60 && l->table.attention[k] != l->lower.attention[k]; i++)
            check_attention_once(l, &kv_kinds[k]);
    }
}

static void attention_agrees(void **state)
{
    for_each_level(check_attention);
}

/* Attention by its definition on numbers small enough to write down. */
static void reference_attention_is_a_weighted_mean(void **state)
{
    uint16_t k[2 * 64] = { 0 }, v[64 * 1] = { 0 };
    const void *k_blocks[] = { k }, *v_blocks[] = { v };
    float q[2] = { 1, 0 }, out = 0;
    kernel_table_init_ref(&ref);
    for (int slot = 0; slot < 3; slot++) {
        float key[2] = { logf((float)(slot + 1)), 5 }, value = (float)(10 * (slot + 1));
        ref.kv_append[KV_F16](k, v, slot, key, &value, 2, 1);
    }
    struct attention_args a = { .q = q,
                                .out = &out,
                                .q_stride = 2,
                                .out_stride = 1,
                                .query_count = 1,
                                .head_count = 1,
                                .head_dim_k = 2,
                                .head_dim_v = 1,
                                .position = 2,
                                .scale = 1,
                                .k_blocks = k_blocks,
                                .v_blocks = v_blocks };
    ref.attention[KV_F16](&a, NULL);
    assert_true(fabsf(out - (10 * 1 + 20 * 2 + 30 * 3) / 6.0f) < 0.02f);
    a.window = 1;
    ref.attention[KV_F16](&a, NULL);
    assert_true(out == 30);
    a.window = 0;
    a.position = 0;
    ref.attention[KV_F16](&a, NULL);
    assert_true(out == 10);
}

static void reference_vectors_by_hand(void **state)
{
    kernel_table_init_ref(&ref);
    float x[4] = { 1, -2, 3, -4 }, weight[4] = { 1, 1, 2, 1 }, y[4];
    ref.rms_norm(y, x, weight, 4, 0);
    assert_true(fabsf(y[2] - 6 / sqrtf(7.5f)) < 1e-6f);
    float r[4] = { 1, 2, 3, 4 }, zero[2] = { 0, 0 }, one[2] = { 1, 1 };
    ref.rope_half(r, zero, one, 4); /* a quarter turn: (a, b) -> (-b, a) */
    assert_true(r[0] == -3 && r[1] == -4 && r[2] == 1 && r[3] == 2);
    ref.rope_adjacent(r, zero, one, 4);
    assert_true(r[0] == 4 && r[1] == -3 && r[2] == -2 && r[3] == 1);
    float gate[2] = { 0, 1 }, up[2] = { 7, 2 };
    ref.swiglu(y, gate, up, 2);
    assert_true(y[0] == 0 && fabsf(y[1] - 2 / (1 + expf(-1))) < 1e-6f);
    float act[33] = { 127, -63.5f, 0.5f, 1.5f, [32] = -2 };
    int8_t q8[64];
    float scale[2];
    int32_t sum[4];
    ref.quantize_act(q8, scale, sum, act, 33, 1, 33);
    assert_true(scale[0] == 1 && q8[0] == 127 && q8[1] == -64 && q8[2] == 0 && q8[3] == 2);
    assert_true(sum[0] == 65 && sum[1] == 0 && q8[32] == -127 && q8[33] == 0 && sum[2] == -127);
    act[5] = INFINITY;
    ref.quantize_act(q8, scale, sum, act, 33, 1, 33);
    assert_true(isnan(scale[0]) && !isnan(scale[1]));
}

static void levels_mask(void **state)
{
    cpu_set have = 1u << CPU_BASE | 1u << CPU_X86_AVX2 | 1u << CPU_X86_AVX512, got = 99;
    assert_true(cpu_set_mask(have, "avx2", &got));
    assert_int_equal(got, 1u << CPU_BASE | 1u << CPU_X86_AVX2);
    assert_true(cpu_set_mask(have, "base", &got));
    assert_int_equal(got, 1u << CPU_BASE);
    assert_true(cpu_set_mask(have, "amx", &got));
    assert_int_equal(got, have);
    assert_false(cpu_set_mask(have, "sse9", &got));
    assert_int_equal(got, have);
    assert_int_equal(cpu_set_best(have), CPU_X86_AVX512);
    assert_int_equal(cpu_set_best(1u << CPU_BASE), CPU_BASE);
    assert_true(cpu_detect() & 1u << CPU_BASE);
    char brand[64] = "";
    cpu_brand(brand, sizeof brand);
    assert_true(strlen(brand) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_mask),
        cmocka_unit_test(reference_vectors_by_hand),
        cmocka_unit_test(reference_attention_is_a_weighted_mean),
        cmocka_unit_test(reference_linear_is_the_dot),
        cmocka_unit_test(linear_agrees),
        cmocka_unit_test(vectors_agree),
        cmocka_unit_test(attention_agrees),
    };
    fprintf(stderr, "seed %llu (HEARTH_SEED)\n", (unsigned long long)seed());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
