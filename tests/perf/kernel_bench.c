/* Times the kernels of this machine's best level against limits measured in the same run.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   kernel_bench [THREADS [MIB [PASSES [WHAT [LEVEL]]]]]     (one per core, 256, 7, all, the best)
 *
 * WHAT: a quant type ("Q4_K"), "attention" or "all"; LEVEL as for --cpu. Decode (1 to 4 rows) runs through MIB of
 * weights, alternating with a plain read of the same pages; the share is the median of the ratios.
 * More rows run through a matrix of 2048 columns that stays in the cache; TOP/s count 2 per
 * multiply-add, and the peak is that of the multiply instruction with one operand from L2. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/clock.h"
#include "base/core/mem.h"
#include "base/core/pool.h"
#include "math/kernels/kernel_table.h"
#include "math/quants/quant.h"

#define COLS_DECODE  4096
#define COLS_PREFILL 2048
#define ROWS_PREFILL 2048 /* of weights */
#define TOKENS_MAX   512
#define PASSES_MAX   101
#define THREADS_MAX  32

struct bench {
    struct pool *pool;
    struct kernel_table table;
    int threads, passes;
    size_t block_bytes;
    uint8_t *block; /* the weights */
    void *scratch[THREADS_MAX];
    struct panel_weights w;
    struct activations x;
    float *y;
    bool q8;
    uint64_t folded[THREADS_MAX];
    int64_t used_bytes; /* of block */
    struct attention_args attention;
};

static double median(double *v, int n)
{
    for (int i = 1; i < n; i++)
        for (int j = i; j > 0 && v[j] < v[j - 1]; j--) {
            double t = v[j];
            v[j] = v[j - 1];
            v[j - 1] = t;
        }
    return v[n / 2];
}

static double seconds_of(struct bench *b, pool_fn *fn)
{
    int64_t start = clock_monotonic_ns();
    pool_run(b->pool, fn, b);
    return (double)(clock_monotonic_ns() - start) * 1e-9;
}

/* --- limits --- */

/* The same panels that the linear kernel gives this thread, in four streams. */
static void run_read(void *ctx, int idx, int count)
{
    struct bench *b = ctx;
    int64_t begin, end;
    pool_share(b->w.panel_count, idx, count, &begin, &end);
    size_t words = (size_t)(end - begin) * b->w.panel_bytes / 8 / 32 * 8;
    const uint64_t *p =
        (const uint64_t *)(const void *)(b->block + (size_t)begin * b->w.panel_bytes);
    uint64_t sums[8] = { 0 };
    for (size_t i = 0; i < words; i += 8) {
        for (size_t s = 0; s < 4; s++) {
            const uint64_t *line = p + s * words + i;
            __builtin_prefetch(line + 512);
            for (size_t j = 0; j < 8; j++)
                sums[j] ^= line[j];
        }
    }
    for (size_t j = 0; j < 8; j++)
        b->folded[idx] ^= sums[j];
}

#if defined(__x86_64__)
#define PEAK_STEPS   4096 /* 128 bytes each: 512 KiB from L2 */
#define PEAK_REPEATS 20

/* 24 chains: 12 broadcast rows x 2 vectors of the streamed operand. */
__attribute__((target("avx512f,avx512vnni"))) static void peak_int8(const uint8_t *p, const int *a)
{
    for (int i = 0; i < PEAK_REPEATS; i++) {
        const uint8_t *v = p;
        int64_t n = PEAK_STEPS;
        __asm__ volatile(
            "1: vmovdqu64 (%0), %%zmm24\n vmovdqu64 64(%0), %%zmm25\n"
#define ROW(x, y, at)                                                            \
    "vpbroadcastd " at "(%2), %%zmm26\n vpdpbusd %%zmm26, %%zmm24, %%zmm" x "\n" \
    "vpdpbusd %%zmm26, %%zmm25, %%zmm" y "\n"
            ROW("0", "1", "0") ROW("2", "3", "4") ROW("4", "5", "8") ROW("6", "7", "12")
                ROW("8", "9", "16") ROW("10", "11", "20") ROW("12", "13", "24")
                    ROW("14", "15", "28") ROW("16", "17", "32") ROW("18", "19", "36")
                        ROW("20", "21", "40") ROW("22", "23", "44")
#undef ROW
                            "add $128, %0\n dec %1\n jnz 1b\n"
            : "+r"(v), "+r"(n)
            : "r"(a)
            : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
              "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "memory", "cc");
    }
}

__attribute__((target("avx512f"))) static void peak_float(const uint8_t *p, const int *a)
{
    for (int i = 0; i < PEAK_REPEATS; i++) {
        const uint8_t *v = p;
        int64_t n = PEAK_STEPS;
        __asm__ volatile(
            "1: vmovdqu64 (%0), %%zmm24\n vmovdqu64 64(%0), %%zmm25\n"
#define ROW(x, y, at)                                                               \
    "vpbroadcastd " at "(%2), %%zmm26\n vfmadd231ps %%zmm26, %%zmm24, %%zmm" x "\n" \
    "vfmadd231ps %%zmm26, %%zmm25, %%zmm" y "\n"
            ROW("0", "1", "0") ROW("2", "3", "4") ROW("4", "5", "8") ROW("6", "7", "12")
                ROW("8", "9", "16") ROW("10", "11", "20") ROW("12", "13", "24")
                    ROW("14", "15", "28") ROW("16", "17", "32") ROW("18", "19", "36")
                        ROW("20", "21", "40") ROW("22", "23", "44")
#undef ROW
                            "add $128, %0\n dec %1\n jnz 1b\n"
            : "+r"(v), "+r"(n)
            : "r"(a)
            : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
              "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "memory", "cc");
    }
}

static void run_peak_int8(void *ctx, int idx, int count)
{
    struct bench *b = ctx;
    static const int a[12];
    peak_int8(b->block + (size_t)idx * 128 * PEAK_STEPS, a);
}

static void run_peak_float(void *ctx, int idx, int count)
{
    struct bench *b = ctx;
    static const int a[12];
    peak_float(b->block + (size_t)idx * 128 * PEAK_STEPS, a);
}

/* TOP/s of one pass; 0 where the unit is missing. */
static double peak(struct bench *b, bool int8)
{
    double macs = int8 ? 64 : 16;
    if (!(cpu_detect() >> (int8 ? CPU_X86_AVX512_VNNI : CPU_X86_AVX512) & 1)) return 0;
    double s = seconds_of(b, int8 ? run_peak_int8 : run_peak_float);
    return 2 * macs * 24 * PEAK_STEPS * PEAK_REPEATS * b->threads / s * 1e-12;
}
#else
static double peak(struct bench *b, bool int8)
{
    (void)b;
    (void)int8;
    return 0;
}
#endif

/* --- linear --- */

static void run_linear(void *ctx, int idx, int count)
{
    struct bench *b = ctx;
    int64_t begin, end;
    pool_share(b->w.panel_count, idx, count, &begin, &end);
    linear_fn *fn = b->q8 ? b->table.linear_q8[b->w.kind] : b->table.linear_f32[b->w.kind];
    fn(b->y + begin * PANEL_ROWS, (size_t)b->w.rows, &b->w, begin, end, &b->x, b->scratch[idx]);
}

/* Weights of every kind: small random bytes, sane scales; the same panel over and over. */
static void fill_weights(struct bench *b, enum panel_kind kind, enum quant_type type, int64_t cols,
                         int64_t rows)
{
    size_t bytes = panel_bytes(kind, type, cols);
    int64_t most = (int64_t)(b->block_bytes / bytes);
    b->w = (struct panel_weights){
        .kind = kind, .type = type, .cols = cols, .panel_bytes = bytes, .data = b->block
    };
    b->w.panel_count = rows / PANEL_ROWS < most ? rows / PANEL_ROWS : most;
    b->w.rows = b->w.panel_count * PANEL_ROWS;
    memset(b->block, 0x22, bytes);
    if (kind != PANEL_F32 && kind != PANEL_F16 && kind != PANEL_BF16) {
        size_t unit = panel_bytes(kind, type, quant_of(type)->block_values);
        if (kind == PANEL_BLOCKS) unit = (size_t)quant_of(type)->block_bytes;
        for (size_t at = 0; at + unit <= bytes; at += unit)
            for (size_t i = 0; i < unit; i++)
                b->block[at + i] = (uint8_t)(i < 64 ? 0x22 : i * 37 + 11);
    }
    for (int64_t p = 1; p < b->w.panel_count; p++)
        memcpy(b->block + (size_t)p * bytes, b->block, bytes);
}

static void prepare(struct bench *b, int64_t tokens)
{
    struct activations *x = &b->x;
    x->rows = tokens;
    x->cols = b->w.cols;
    x->stride = (size_t)x->cols;
    x->groups = x->cols / ACT_GROUP;
    b->table.quantize_act((int8_t *)(uintptr_t)x->q8, (float *)(uintptr_t)x->scale,
                          (int32_t *)(uintptr_t)x->sum, x->f32, x->stride, tokens, x->cols);
}

static void decode_line(struct bench *b, const char *name, int64_t tokens)
{
    double share[PASSES_MAX] = { 0 }, rate[PASSES_MAX] = { 0 },
           bytes = (double)b->w.panel_count * (double)b->w.panel_bytes;
    prepare(b, tokens);
    seconds_of(b, run_linear);
    for (int i = 0; i < b->passes; i++) {
        double read = seconds_of(b, run_read), kernel = seconds_of(b, run_linear);
        share[i] = read / kernel;
        rate[i] = bytes / kernel * 1e-9;
    }
    double mid = median(rate, b->passes), best = rate[b->passes - 1];
    printf("%-12s rows %3d  %6.1f GB/s (best %.1f), share of read %.2f\n", name, (int)tokens, mid,
           best, median(share, b->passes));
}

/* The peak is measured beside every pass: clocks change between two of them. */
static void prefill_line(struct bench *b, const char *name, int64_t tokens)
{
    double rate[PASSES_MAX] = { 0 }, share[PASSES_MAX] = { 0 };
    double ops = 2.0 * (double)b->w.rows * (double)b->w.cols * (double)tokens * 1e-12;
    int64_t repeats = 1 + 64 / tokens;
    prepare(b, tokens);
    seconds_of(b, run_linear);
    for (int i = 0; i < b->passes; i++) {
        double s = 0, limit = peak(b, b->q8);
        for (int64_t j = 0; j < repeats; j++)
            s += seconds_of(b, run_linear) / (double)repeats;
        rate[i] = ops / s;
        share[i] = limit > 0 ? rate[i] / limit : 0;
    }
    printf("%-12s rows %3d  %6.3f TOP/s", name, (int)tokens, median(rate, b->passes));
    printf(" (best %.3f), share of peak %.2f\n", rate[b->passes - 1], median(share, b->passes));
}

static void linear_lines(struct bench *b, enum panel_kind kind, enum quant_type type)
{
    static const int decode[] = { 1, 2, 4 }, prefill[] = { 4, 6, 8, 16, 32, 128, 512 };
    char name[32];
    b->q8 = b->table.linear_q8[kind] != NULL;
    snprintf(name, sizeof name, "%s%s", kind == PANEL_BLOCKS ? "B:" : "", quant_name(type));
    fill_weights(b, kind, type, COLS_DECODE, INT32_MAX);
    for (size_t i = 0; i < sizeof decode / sizeof *decode; i++)
        decode_line(b, name, decode[i]);
    fill_weights(b, kind, type, COLS_PREFILL, ROWS_PREFILL);
    for (size_t i = 0; i < sizeof prefill / sizeof *prefill; i++) {
        prefill_line(b, name, prefill[i]);
    }
}

/* --- attention: one KV head per thread, its own blocks --- */

#define HEAD_DIM    128
#define GROUP_HEADS 2

static void run_attention(void *ctx, int idx, int count)
{
    struct bench *b = ctx;
    struct attention_args a = b->attention;
    size_t blocks = (size_t)(a.position + a.query_count + KV_BLOCK_TOKENS - 1) / KV_BLOCK_TOKENS;
    a.out = b->y + (size_t)idx * (size_t)a.query_count * a.out_stride;
    a.k_blocks += (size_t)idx * blocks;
    a.v_blocks += (size_t)idx * blocks;
    b->table.attention[KV_F16](&a, b->scratch[idx]);
}

static bool attention_lines(struct bench *b)
{
    static const struct {
        int keys, queries;
    } cases[] = { { 2048, 512 }, { 8192, 256 }, { 8192, 1 }, { 32768, 1 } };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        size_t blocks = (size_t)cases[c].keys / KV_BLOCK_TOKENS, half = KV_BLOCK_TOKENS * HEAD_DIM;
        if (2 * blocks * (size_t)b->threads * half * 2 > b->block_bytes) continue;
        const void **list = mem_array(2 * blocks * (size_t)b->threads, sizeof *list);
        if (!list) return false;
        memset(b->block, 0x22, 2 * blocks * (size_t)b->threads * half * 2);
        for (size_t i = 0; i < 2 * blocks * (size_t)b->threads; i++) {
            list[i] = b->block + i * half * 2;
        }
        b->attention = (struct attention_args){
            .q = b->x.f32,
            .q_stride = GROUP_HEADS * HEAD_DIM,
            .out_stride = GROUP_HEADS * HEAD_DIM,
            .query_count = cases[c].queries,
            .head_count = GROUP_HEADS,
            .head_dim_k = HEAD_DIM,
            .head_dim_v = HEAD_DIM,
            .position = cases[c].keys - cases[c].queries,
            .scale = 0.088f,
            .k_blocks = list,
            .v_blocks = list + blocks * (size_t)b->threads,
        };
        double v[PASSES_MAX] = { 0 }, share[PASSES_MAX] = { 0 };
        double pairs =
            cases[c].queries * (cases[c].keys - cases[c].queries * 0.5) * GROUP_HEADS * b->threads;
        seconds_of(b, run_attention);
        for (int i = 0; i < b->passes; i++) {
            double limit = peak(b, false);
            v[i] = seconds_of(b, run_attention);
            if (limit > 0) share[i] = pairs * 4 * HEAD_DIM / v[i] * 1e-12 / limit;
        }
        double s = median(v, b->passes), flops = pairs * 4 * HEAD_DIM / s * 1e-12;
        printf("attention    keys %d queries %d  %.3f TFLOP/s", cases[c].keys, cases[c].queries,
               flops);
        printf(", share of peak %.2f, %.1f GB/s of keys and values\n", median(share, b->passes),
               (double)(2 * blocks * (size_t)b->threads * half * 2) / s * 1e-9);
        mem_free((void *)list);
    }
    return true;
}

/* --- all --- */

static bool setup(struct bench *b, int threads, size_t mib, cpu_set set)
{
    struct error err = { 0 };
    if (pool_new(&b->pool, threads, &err) != STATUS_OK) return false;
    b->threads = pool_thread_count(b->pool);
    b->block_bytes = mib << 20;
    b->block = mem_map(b->block_bytes);
    size_t values = (size_t)TOKENS_MAX * COLS_DECODE;
    float *x = mem_map(values * 4);
    b->x.q8 = mem_map(values);
    b->x.scale = mem_map(values / 8);
    b->x.sum = mem_map(values / 4);
    b->y = mem_map((size_t)64 << 20);
    b->x.f32 = x;
    if (!b->block || !x || !b->x.q8 || !b->x.scale || !b->x.sum || !b->y ||
        b->threads > THREADS_MAX)
        return false;
    for (size_t i = 0; i < values; i++)
        x[i] = sinf((float)i);
    for (int i = 0; i < b->threads; i++) {
        b->scratch[i] = mem_map(LINEAR_SCRATCH_BYTES);
        if (!b->scratch[i]) return false;
    }
    kernel_table_init(&b->table, set);
    return true;
}

static int number(int argc, char **argv, int i, int otherwise)
{
    long n = argc > i ? strtol(argv[i], NULL, 10) : 0;
    return n > 0 && n < 65536 ? (int)n : otherwise;
}

int main(int argc, char **argv)
{
    static struct bench b;
    char brand[128];
    const char *what = argc > 4 ? argv[4] : "all";
    b.passes = number(argc, argv, 3, 7);
    if (b.passes > PASSES_MAX) b.passes = PASSES_MAX;
    cpu_set set = cpu_detect();
    if (argc > 5 && !cpu_set_mask(set, argv[5], &set)) {
        fprintf(stderr, "kernel_bench: no CPU level %s\n", argv[5]);
        return 1;
    }
    if (!setup(&b, number(argc, argv, 1, 0), (size_t)number(argc, argv, 2, 256), set)) {
        fprintf(stderr, "kernel_bench: no threads or memory for this size\n");
        return 1;
    }
    cpu_brand(brand, sizeof brand);
    memset(b.block, 0, b.block_bytes);
    printf("%s, level %s, %d threads\n", brand, cpu_level_name(cpu_set_best(set)), b.threads);
    printf("peak fed from L2: int8 %.3f TOP/s, float %.3f TFLOP/s\n", peak(&b, true),
           peak(&b, false));
    static const struct {
        enum panel_kind kind;
        enum quant_type type;
    } all[] = {
#define PANEL(name, quant) { PANEL_##name, quant },
#include "math/kernels/panel_list.h"
#undef PANEL
        { PANEL_BLOCKS, QUANT_Q5_K },
        { PANEL_BLOCKS, QUANT_IQ4_XS },
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcmp(what, "all") != 0 && strcmp(what, quant_name(all[i].type)) != 0) continue;
        linear_lines(&b, all[i].kind, all[i].type);
    }
    if (strcmp(what, "all") == 0 || strcmp(what, "attention") == 0) {
        if (!attention_lines(&b)) return 1;
    }
    return 0;
}
