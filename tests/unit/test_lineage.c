/* Lineage: independent models are told apart, copies are found, odd inputs get an answer in words.
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/core/mem.h"
#include "govern/lineage/lineage.h"
#include "govern/lineage/lineage_inner.h"
#include "govern/lineage/lineage_match.h"
#include "govern/lineage/lineage_selftest.h"
#include "govern/lineage/lineage_synthetic.h"
#include "support/fixture.h"
#include "support/scratch.h"

static const struct synthetic_shape small = { 4, 96, 128, 0, 64 };

/* ---- synthetic models ---- */

static struct lineage_tests tests_of(const struct lineage_model *a, const struct lineage_model *b,
                                     struct pool *pool)
{
    struct lineage_tests t;
    struct lineage_test_options o = { .permutations = 4999, .seed = 5, .pool = pool };
    struct error err = { .text = "" };
    if (lineage_test_run(&t, a, b, &o, &err)) fail_msg("%s", err.text);
    return t;
}

static bool finds(const struct lineage_tests *t, enum lineage_test test)
{
    return t->at[test].ran && !t->at[test].withdrawn &&
           t->at[test].log_p_adjusted <= log(LINEAGE_LEVEL);
}

static struct synthetic made(struct synthetic_shape shape, uint64_t seed)
{
    struct synthetic s;
    struct pcg32 g;
    struct error err;
    random_stream(&g, seed, 0);
    assert_int_equal(synthetic_new(&s, shape, &g, &err), STATUS_OK);
    return s;
}

static struct synthetic copied(const struct synthetic *from, enum synthetic_copy kind, double noise)
{
    struct synthetic s;
    struct pcg32 g;
    struct error err;
    random_stream(&g, 99, kind);
    assert_int_equal(synthetic_copy(&s, from, kind, noise, &g, &err), STATUS_OK);
    return s;
}

static void copies_are_found(void **state)
{
    static const struct {
        enum synthetic_copy kind;
        double noise;
        bool t1, t2, t3;
    } cases[] = {
        { SYNTHETIC_NOISED, 1, true, true, true },
        { SYNTHETIC_PERMUTED, 0, true, false, true }, /* T2 is blind to it, as its header says */
        { SYNTHETIC_QUANTIZED, 0, true, true, true },
        { SYNTHETIC_PRUNED, 0, true, true, true },
        { SYNTHETIC_NARROWED, 0, true, true, true },
        { SYNTHETIC_SHALLOWED, 0, true, true, true },
        { SYNTHETIC_UPCYCLED, 0.25, true, true, true },
    };
    struct synthetic a = made(small, 1);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct synthetic b = copied(&a, cases[i].kind, cases[i].noise);
        /* The order of the models must not matter for what is found. */
        for (int swap = 0; swap < 2; swap++) {
            struct lineage_tests t =
                swap ? tests_of(&b.model, &a.model, NULL) : tests_of(&a.model, &b.model, NULL);
            if (finds(&t, LINEAGE_TEST_RESIDUAL) != cases[i].t1 ||
                finds(&t, LINEAGE_TEST_UNITS) != cases[i].t2 ||
                finds(&t, LINEAGE_TEST_GATE_UP) != cases[i].t3)
                fail_msg("%s: log p %g %g %g", synthetic_copy_name(cases[i].kind),
                         t.at[0].log_p_adjusted, t.at[1].log_p_adjusted, t.at[2].log_p_adjusted);
            lineage_tests_release(&t);
        }
        synthetic_release(&b);
    }
    synthetic_release(&a);
}

static void independent_ones_are_not(void **state)
{
    static const struct synthetic_shape shapes[] = {
        { 4, 96, 128, 0, 64 }, { 3, 96, 96, 0, 64 }, { 4, 96, 32, 4, 64 }, { 4, 96, 16, 8, 64 }
    };
    struct synthetic a = made(small, 1);
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct synthetic b = made(shapes[i], 50 + i);
        struct lineage_tests t = tests_of(&a.model, &b.model, NULL);
        assert_int_equal(t.ran, 3);
        if (t.log_p <= log(LINEAGE_LEVEL)) fail_msg("shape %zu: log p %g", i, t.log_p);
        lineage_tests_release(&t);
        synthetic_release(&b);
    }
    synthetic_release(&a);
}

/* Few pairs, fixed seed: the exact interval of every rate must reach its level. The long form is the command. */
static void rates_keep_to_their_level(void **state)
{
    struct lineage_selftest *t = mem_zero(sizeof *t);
    struct selftest_options o = { .pairs = 60, .seed = 3 };
    struct error err = { .text = "" };
    (void)state;
    assert_non_null(t);
    if (lineage_selftest_run(t, &o, &err)) fail_msg("%s", err.text);
    assert_true(t->calibrated);
    assert_true(t->found);
    for (int f = 0; f < SELFTEST_FAMILIES; f++)
        assert_int_equal(t->families[f].pairs, 60);
    mem_free(t);
}

/* Each permutation and each row is one thread's alone, so the numbers are the same to the last bit. */
static void threads_change_nothing(void **state)
{
    struct synthetic a = made(small, 8), b = copied(&a, SYNTHETIC_NOISED, 5);
    struct pool *pool;
    struct error err;
    (void)state;
    assert_int_equal(pool_new(&pool, 3, &err), STATUS_OK);
    struct lineage_tests one = tests_of(&a.model, &b.model, NULL);
    struct lineage_tests three = tests_of(&a.model, &b.model, pool);
    for (int i = 0; i < LINEAGE_TEST_COUNT; i++)
        assert_true(one.at[i].log_p == three.at[i].log_p &&
                    one.at[i].control_log_p == three.at[i].control_log_p);
    assert_memory_equal(one.null, three.null, sizeof(float) * (size_t)one.null_count);
    lineage_tests_release(&one);
    lineage_tests_release(&three);
    pool_free(pool);
    synthetic_release(&a);
    synthetic_release(&b);
}

/* Units sorted by the sign of their mean, in both models: T2 would reject though nothing is shared. The control
 * must see it, because any order of the residual dimensions keeps a mean. */
static void sorted_units_are_withdrawn(void **state)
{
    struct synthetic a = made(small, 11), b = made(small, 12);
    (void)state;
    for (int model = 0; model < 2; model++)
        for (int layer = 0; layer < small.layers; layer++)
            for (int i = 0; i < small.units * small.width; i++)
                synthetic_up(model ? &b : &a, layer, 0)[i] +=
                    i < small.units * small.width / 2 ? 0.1f : -0.1f;
    struct lineage_tests t = tests_of(&a.model, &b.model, NULL);
    assert_true(t.at[LINEAGE_TEST_UNITS].log_p < log(0.001));
    assert_true(t.at[LINEAGE_TEST_UNITS].withdrawn);
    assert_non_null(strstr(t.at[LINEAGE_TEST_UNITS].why_not, "control"));
    assert_true(t.log_p > log(LINEAGE_LEVEL));
    assert_false(t.at[LINEAGE_TEST_GATE_UP].withdrawn);
    assert_int_equal(t.ran, 2);
    lineage_tests_release(&t);
    synthetic_release(&a);
    synthetic_release(&b);
}

static void rows_that_are_not_numbers(void **state)
{
    struct synthetic a = made(small, 21), b = copied(&a, SYNTHETIC_NOISED, 0.5);
    (void)state;
    synthetic_up(&b, 0, 0)[5 * small.width] = NAN;
    synthetic_up(&b, 1, 0)[6 * small.width + 3] = INFINITY;
    synthetic_norm(&b, 2, 0)[1] = NAN;
    memset(synthetic_up(&b, 2, 0), 0, sizeof(float) * (size_t)small.width * 40); /* pruned units */
    struct lineage_tests t = tests_of(&a.model, &b.model, NULL);
    assert_int_equal(t.bad_rows, 2);
    assert_int_equal(t.bad_vectors, 1);
    assert_true(finds(&t, LINEAGE_TEST_RESIDUAL) && finds(&t, LINEAGE_TEST_UNITS) &&
                finds(&t, LINEAGE_TEST_GATE_UP));
    assert_true(t.pairs[2].units.matches <= small.units - 40);
    lineage_tests_release(&t);
    for (size_t i = 0; i < b.count; i++)
        b.weights[i] = NAN;
    t = tests_of(&a.model, &b.model, NULL);
    assert_int_equal(t.ran, 0);
    for (int i = 0; i < LINEAGE_TEST_COUNT; i++)
        assert_true(t.at[i].why_not[0]);
    lineage_tests_release(&t);
    synthetic_release(&a);
    synthetic_release(&b);
}

static _Bool stop_at_once(void *ctx, const char *stage, unsigned long long done,
                          unsigned long long total)
{
    (void)stage;
    (void)done;
    (void)total;
    return --*(int *)ctx > 0;
}

static void cancelled(void **state)
{
    struct synthetic a = made(small, 31), b = made(small, 32);
    struct lineage_tests t;
    struct error err;
    (void)state;
    for (int calls = 1; calls < 4; calls++) {
        int left = calls;
        struct lineage_test_options o = { .permutations = 100,
                                          .progress = { stop_at_once, &left } };
        assert_int_equal(lineage_test_run(&t, &a.model, &b.model, &o, &err), STATUS_CANCELLED);
    }
    synthetic_release(&a);
    synthetic_release(&b);
}

/* Layers of a copy without every second one are found where they came from. */
static void layer_map(void **state)
{
    struct synthetic a = made(small, 41), b = copied(&a, SYNTHETIC_SHALLOWED, 0);
    (void)state;
    struct lineage_tests t = tests_of(&a.model, &b.model, NULL);
    assert_false(t.by_layer);
    for (int i = 0; i < small.layers; i++)
        assert_int_equal(lineage_layer_match(&t, i, log(LINEAGE_LEVEL)), i % 2 ? -1 : i / 2);
    lineage_tests_release(&t);
    synthetic_release(&a);
    synthetic_release(&b);
}

static struct tensor_view matrix(const float *data, int rows, int cols)
{
    return (struct tensor_view){ .type = QUANT_F32,
                                 .dims = 2,
                                 .shape = { rows, cols },
                                 .rows = rows,
                                 .cols = cols,
                                 .row_bytes = (size_t)cols * sizeof *data,
                                 .data = data };
}

/* A change of rank 2 lies in 16 directions; one of full rank does not; none, or a small matrix, is not told. */
static void changes_of_low_rank(void **state)
{
    enum { ROWS = 128, COLS = 96 };
    float *a = mem_array(ROWS * COLS, sizeof *a), *b = mem_array(ROWS * COLS, sizeof *b);
    float u[2][ROWS], v[2][COLS];
    struct tensor_view view_a = matrix(a, ROWS, COLS), view_b = matrix(b, ROWS, COLS);
    struct pcg32 g;
    struct error err;
    double share;
    (void)state;
    random_stream(&g, 3, 0);
    for (int i = 0; i < ROWS * COLS; i++)
        a[i] = b[i] = (float)random_normal(&g);
    assert_int_equal(lineage_low_rank(&share, &view_a, &view_b, &err), STATUS_OK);
    assert_true(isnan(share));
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < ROWS; i++)
            u[k][i] = (float)random_normal(&g);
        for (int i = 0; i < COLS; i++)
            v[k][i] = (float)random_normal(&g);
    }
    for (int i = 0; i < ROWS * COLS; i++)
        b[i] += 0.01f * (u[0][i / COLS] * v[0][i % COLS] + u[1][i / COLS] * v[1][i % COLS]);
    lineage_low_rank(&share, &view_a, &view_b, &err);
    assert_true(share > 0.999 && share < 1.001);
    for (int i = 0; i < ROWS * COLS; i++)
        b[i] += 0.1f * (float)random_normal(&g);
    lineage_low_rank(&share, &view_a, &view_b, &err);
    assert_true(share > 0.1 && share < 0.6);
    view_a = matrix(a, 20, COLS);
    view_b = matrix(b, 20, COLS);
    lineage_low_rank(&share, &view_a, &view_b, &err);
    assert_true(isnan(share));
    mem_free(a);
    mem_free(b);
}

#ifdef HEARTH_CHECKS
/* The n-th allocation fails, for every n: an error each time, and nothing is left behind. */
static void memory_runs_out(void **state)
{
    static const struct synthetic_shape tiny = { 2, 16, 24, 0, 8 };
    (void)state;
    for (long n = 1;; n++) {
        struct synthetic a, b = { .weights = NULL };
        struct lineage_tests t;
        struct lineage_test_options o = { .permutations = 9 };
        struct error err = { .text = "" };
        struct pcg32 g;
        random_stream(&g, 1, 1);
        mem_fail_nth(n);
        enum status st = synthetic_new(&a, tiny, &g, &err);
        if (!st) {
            st = synthetic_copy(&b, &a, SYNTHETIC_UPCYCLED, 0.1, &g, &err);
            if (!st) st = lineage_test_run(&t, &a.model, &b.model, &o, &err);
            bool fired = mem_fault_fired();
            mem_fail_nth(0);
            if (!st) lineage_tests_release(&t);
            if (!st || b.weights) synthetic_release(&b);
            synthetic_release(&a);
            if (!fired) {
                assert_int_equal(st, STATUS_OK);
                break;
            }
        }
        mem_fail_nth(0);
        assert_int_equal(st, STATUS_NO_MEMORY);
        assert_true(err.text[0]);
    }
}
#endif

/* ---- names ---- */

static void names_and_roles(void **state)
{
    static const struct {
        const char *name;
        int role, layer, expert; /* role -1: none */
    } cases[] = {
        { "model.layers.3.mlp.up_proj.weight", LINEAGE_UP, 3, -1 },
        { "model.language_model.layers.12.mlp.gate_proj.weight", LINEAGE_GATE, 12, -1 },
        { "blk.0.ffn_up_exps.weight", LINEAGE_EXPERT_UP, 0, -1 },
        { "model.layers.7.mlp.experts.63.up_proj.weight", LINEAGE_ONE_EXPERT_UP, 7, 63 },
        { "model.layers.7.block_sparse_moe.experts.2.w1.weight", LINEAGE_ONE_EXPERT_GATE, 7, 2 },
        { "transformer.h.9.ln_1.weight", LINEAGE_ATTN_NORM, 9, -1 },
        { "token_embd.weight", LINEAGE_EMBED, -1, -1 },
        { "norm.weight", LINEAGE_OUT_NORM, -1, -1 },
        { "model.vision_tower.layers.3.mlp.up_proj.weight", -1, 0, 0 },
        { "model.layers.3.mlp.up_proj.weight_scale_inv", -1, 0, 0 },
        { "model.layers.x.mlp.up_proj.weight", -1, 0, 0 },
        { "model.layers.99999999999.mlp.up_proj.weight", -1, 0, 0 },
        { "layers.", -1, 0, 0 },
        { "", -1, 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum lineage_role role;
        int layer, expert;
        bool found = lineage_role_of(span_of(cases[i].name), &role, &layer, &expert);
        if (found != (cases[i].role >= 0)) fail_msg("%s", cases[i].name);
        if (!found) continue;
        assert_int_equal(role, cases[i].role);
        assert_int_equal(layer, cases[i].layer);
        assert_int_equal(expert, cases[i].expert);
    }
}

/* ---- files ---- */

struct compared {
    struct lineage *l;
    struct source *a, *b;
};

static struct compared compare(const char *a, const char *b)
{
    struct compared c = { .l = mem_zero(sizeof *c.l) };
    struct lineage_test_options o = { .seed = 1 };
    struct error err = { .text = "" };
    assert_non_null(c.l);
    if (source_open(&c.a, a, &err) || source_open(&c.b, b, &err) ||
        lineage_compare(c.l, c.a, c.b, &o, &err))
        fail_msg("%s", err.text);
    return c;
}

static void compared_release(struct compared *c)
{
    lineage_release(c->l);
    mem_free(c->l);
    source_close(c->a);
    source_close(c->b);
}

static void expect(const char *a, const char *b, enum lineage_answer answer, const char *words)
{
    struct compared c = compare(a, b);
    if (c.l->answer != answer || !strstr(c.l->verdict, words))
        fail_msg("%s and %s: %s: %s", a, b, lineage_answer_name(c.l->answer), c.l->verdict);
    compared_release(&c);
}

/* The same weights in both containers, plain, fused, with experts apart and stacked, and with other norms. */
static void both_containers(void **state)
{
    static const char *const names[] = { "llama3", "phi3",      "qwen2-moe",  "gemma2",
                                         "olmo2",  "internlm2", "deepseek-v2" };
    (void)state;
    FIXTURE("golden/models/llama3");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char a[64], b[64];
        snprintf(a, sizeof a, "golden/models/%s", names[i]);
        snprintf(b, sizeof b, "golden/gguf/%s.gguf", names[i]);
        struct compared c = compare(fixture_shared(a), fixture_shared(b));
        const struct lineage_tests *t = &c.l->tests;
        if (c.l->answer != LINEAGE_NOT_INDEPENDENT || !finds(t, LINEAGE_TEST_RESIDUAL) ||
            !finds(t, LINEAGE_TEST_UNITS) || !finds(t, LINEAGE_TEST_GATE_UP))
            fail_msg("%s: %s", names[i], c.l->verdict);
        /* Index for index, not only more than by chance. */
        assert_true(t->at[LINEAGE_TEST_UNITS].statistic > 0.999999);
        assert_true(t->at[LINEAGE_TEST_GATE_UP].statistic > 0.999999);
        assert_true(t->at[LINEAGE_TEST_RESIDUAL].statistic > 0.999);
        compared_release(&c);
    }
}

static void quantized_copies(void **state)
{
    static const char *const types[] = { "Q8_0-pure", "Q4_K_M",  "Q4_0-pure", "IQ3_S-pure",
                                         "Q2_K-pure", "IQ2_XXS", "IQ1_S",     "TQ1_0-pure" };
    (void)state;
    const char *best = FIXTURE("golden/gguf/quantized/qwen3-256-Q8_0-pure.gguf");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char path[128];
        snprintf(path, sizeof path, "golden/gguf/quantized/qwen3-256-%s.gguf", types[i]);
        expect(best, fixture_shared(path), LINEAGE_NOT_INDEPENDENT,
               i ? "quantization" : "the same weights");
    }
}

static void unrelated_files(void **state)
{
    (void)state;
    const char *a = FIXTURE("golden/models/llama3");
    static const char *const others[] = {
        "llama2", "qwen3", "mixtral", "gemma2", "qwen1", "gpt-oss"
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        char path[64];
        snprintf(path, sizeof path, "golden/models/%s", others[i]);
        expect(a, fixture_shared(path), LINEAGE_NO_EVIDENCE, "trained from scratch");
    }
}

static void answers_in_words(void **state)
{
    (void)state;
    const char *a = FIXTURE("golden/models/llama3");
    expect(a, fixture_shared("golden/models/baichuan-13b"), LINEAGE_NOT_TESTABLE,
           "the residual streams are 64 and");
    expect(a, a, LINEAGE_NOT_INDEPENDENT, "the same weights");
    /* Number formats that this build cannot decode: the norms are read, the matrices are not. */
    struct compared c = compare(fixture_shared("golden/models/deepseek-v3-fp8"), a);
    assert_true(c.l->a.model.unread_count > 0 && c.l->a.model.unread_type[0]);
    compared_release(&c);
}

static void folder_without_weights(void **state)
{
    char folder[SCRATCH_PATH_BYTES];
    static const char config[] =
        "{\"architectures\":[\"LlamaForCausalLM\"],\"model_type\":\"llama\"}";
    (void)state;
    const char *a = FIXTURE("golden/models/llama3");
    struct source *s;
    struct error err;
    scratch_make(folder);
    scratch_write(folder, "config.json", config, sizeof config - 1);
    scratch_write(folder, "vocab.json", "{\"a\":0}", 7);
    scratch_write(folder, "merges.txt", "", 0);
    if (!source_open(&s, folder, &err)) {
        source_close(s);
        expect(a, folder, LINEAGE_NOT_TESTABLE, "no weights that are known by name");
    } else {
        assert_true(err.text[0]);
    }
    scratch_remove(folder);
}

/* ---- trained models: tests/vectors/make_lineage_pairs.py ---- */

static const char *trained(const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "tests/data/lineage/%s", name);
    return fixture_source(path);
}

/* One fine-tuned from the other, and one of the same data and another seed. */
static void trained_models(void **state)
{
    (void)state;
    expect(trained("base"), trained("finetuned"), LINEAGE_NOT_INDEPENDENT, "fine-tune");
    expect(trained("base"), trained("other"), LINEAGE_NO_EVIDENCE, "no evidence found");
    expect(trained("finetuned"), trained("other"), LINEAGE_NO_EVIDENCE, "no evidence found");
}

static void take(float *out, const struct tensor_view *v)
{
    for (int64_t r = 0; r < v->rows; r++)
        lineage_row(out + r * v->cols, v, r);
}

/* A trained model's weights in memory, to be copied in all the ways that random ones are. */
static struct synthetic of_trained(const struct lineage_model *m)
{
    struct synthetic_shape shape = { m->layer_count, (int)m->width, (int)lineage_model_units(m), 0,
                                     (int)m->embed.rows };
    struct synthetic s = made(shape, 1);
    take(s.weights, &m->embed);
    take(s.weights + m->embed.rows * m->embed.cols, &m->out_norm);
    for (int i = 0; i < m->layer_count; i++) {
        take(synthetic_norm(&s, i, 0), &m->layers[i].parts[LINEAGE_ATTN_NORM]);
        take(synthetic_norm(&s, i, 1), &m->layers[i].parts[LINEAGE_FFN_NORM]);
        take(synthetic_up(&s, i, 0), &m->layers[i].blocks[0].up);
        take(synthetic_gate(&s, i, 0), &m->layers[i].blocks[0].gate);
    }
    return s;
}

static void copies_of_trained_models(void **state)
{
    struct source *sources[2];
    struct lineage_model base, other;
    struct error err = { .text = "" };
    (void)state;
    if (source_open(&sources[0], trained("base"), &err) ||
        source_open(&sources[1], trained("other"), &err))
        fail_msg("%s", err.text);
    assert_int_equal(lineage_model_read(&base, sources[0], &err), STATUS_OK);
    assert_int_equal(lineage_model_read(&other, sources[1], &err), STATUS_OK);
    struct synthetic a = of_trained(&base);
    for (int kind = 0; kind < SYNTHETIC_COPY_COUNT; kind++) {
        double noise = kind == SYNTHETIC_NOISED ? 1 : kind == SYNTHETIC_UPCYCLED ? 0.25 : 0;
        struct synthetic b = copied(&a, (enum synthetic_copy)kind, noise);
        struct lineage_tests t = tests_of(&a.model, &b.model, NULL);
        struct lineage_tests unrelated = tests_of(&other, &b.model, NULL);
        if (t.log_p > log(LINEAGE_LEVEL) || unrelated.log_p <= log(LINEAGE_LEVEL))
            fail_msg("%s: log p %g, and %g with another model", synthetic_copy_name(kind), t.log_p,
                     unrelated.log_p);
        /* Each by units, not by norms alone; permuted ones by T3. */
        assert_true(
            finds(&t, kind == SYNTHETIC_PERMUTED ? LINEAGE_TEST_GATE_UP : LINEAGE_TEST_UNITS));
        lineage_tests_release(&t);
        lineage_tests_release(&unrelated);
        synthetic_release(&b);
    }
    synthetic_release(&a);
    lineage_model_release(&base);
    lineage_model_release(&other);
    source_close(sources[0]);
    source_close(sources[1]);
}

/* The record and the page are whole: the record parses, the page loads nothing and closes what it opens. */
static void record_and_page(void **state)
{
    (void)state;
    struct compared c =
        compare(FIXTURE("golden/models/llama3"), fixture_shared("golden/gguf/llama3.gguf"));
    struct buf out = BUF_INIT(1 << 24), page = BUF_INIT(1 << 24);
    struct json_writer w;
    struct json_doc *doc;
    struct error err;
    json_writer_init(&w, &out, 0);
    lineage_write(&w, c.l);
    assert_int_equal(json_parse(&doc, out.data, out.len, 1 << 24, "record", &err), STATUS_OK);
    const struct json *root = json_root(doc);
    assert_string_equal(json_text(json_get(root, "answer")), "not_independent");
    assert_int_equal(json_length(json_get(root, "tests")), 3);
    assert_int_equal(json_length(json_get(root, "pairs")), 3);
    const struct json *tensor = json_at(json_path(root, "a.tensors"), 0);
    assert_int_equal(strlen(json_text(json_get(tensor, "sha256"))), 64);
    json_doc_free(doc);
    lineage_page(&page, c.l);
    assert_false(page.failed);
    assert_null(strstr(page.data, "http:"));
    assert_null(strstr(page.data, "https:"));
    assert_null(strstr(page.data, "<script"));
    assert_non_null(strstr(page.data, "</html>"));
    size_t opened = 0, closed = 0;
    for (const char *p = page.data; (p = strstr(p, "<svg")); p++)
        opened++;
    for (const char *p = page.data; (p = strstr(p, "</svg>")); p++)
        closed++;
    assert_int_equal(opened, closed);
    assert_true(opened >= 5);
    buf_release(&out);
    buf_release(&page);
    compared_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_roles),
        cmocka_unit_test(copies_are_found),
        cmocka_unit_test(independent_ones_are_not),
        cmocka_unit_test(rates_keep_to_their_level),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(sorted_units_are_withdrawn),
        cmocka_unit_test(rows_that_are_not_numbers),
        cmocka_unit_test(cancelled),
#ifdef HEARTH_CHECKS
        cmocka_unit_test(memory_runs_out),
#endif
        cmocka_unit_test(layer_map),
        cmocka_unit_test(changes_of_low_rank),
        cmocka_unit_test(trained_models),
        cmocka_unit_test(copies_of_trained_models),
        cmocka_unit_test(both_containers),
        cmocka_unit_test(quantized_copies),
        cmocka_unit_test(unrelated_files),
        cmocka_unit_test(answers_in_words),
        cmocka_unit_test(folder_without_weights),
        cmocka_unit_test(record_and_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
