/* Random models in memory, and copies of them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/lineage/lineage_synthetic.h"

#include <math.h>
#include <string.h>

#define OUTLIERS       3
#define QUANT_BLOCK    32
#define UPCYCLE_PARTS  4
#define PERMUTED_NOISE 0.1

static const struct {
    const char *name, *words;
} kinds[SYNTHETIC_COPY_COUNT] = {
#define COPY(symbol, name, words) { name, words },
#include "govern/lineage/lineage_copy_list.h"
#undef COPY
};

const char *synthetic_copy_name(enum synthetic_copy kind)
{
    return kinds[kind].name;
}

const char *synthetic_copy_words(enum synthetic_copy kind)
{
    return kinds[kind].words;
}

/* ---- layout: embedding, out norm, then per layer two norms and the blocks' up and gate ---- */

static size_t block_count(struct synthetic_shape s)
{
    return s.experts ? (size_t)s.experts : 1;
}

static size_t matrix_values(struct synthetic_shape s)
{
    return (size_t)s.units * (size_t)s.width;
}

static size_t layer_values(struct synthetic_shape s)
{
    return 2 * (size_t)s.width + 2 * block_count(s) * matrix_values(s);
}

static size_t head_values(struct synthetic_shape s)
{
    return ((size_t)s.vocab + 1) * (size_t)s.width;
}

float *synthetic_norm(const struct synthetic *s, int layer, int which)
{
    return s->weights + head_values(s->shape) + (size_t)layer * layer_values(s->shape) +
           (size_t)which * (size_t)s->shape.width;
}

float *synthetic_up(const struct synthetic *s, int layer, int expert)
{
    return synthetic_norm(s, layer, 2) + 2 * (size_t)expert * matrix_values(s->shape);
}

float *synthetic_gate(const struct synthetic *s, int layer, int expert)
{
    return synthetic_up(s, layer, expert) + matrix_values(s->shape);
}

/* ---- views ---- */

static struct tensor_view view_of_floats(const float *data, int64_t rows, int64_t cols, int dims)
{
    struct tensor_view v = { .type = QUANT_F32,
                             .dims = dims,
                             .rows = rows,
                             .cols = cols,
                             .row_bytes = (size_t)cols * sizeof *data,
                             .data = data };
    v.shape[0] = dims == 1 ? cols : rows;
    v.shape[1] = dims == 1 ? 0 : cols;
    return v;
}

static enum status add(struct synthetic *s, enum lineage_role role, int layer, int expert,
                       const float *data, int rows, struct error *err)
{
    struct tensor_view v = view_of_floats(data, rows, s->shape.width, rows == 1 ? 1 : 2);
    return lineage_model_add(&s->model, role, layer, expert, &v, err);
}

static enum status add_layer(struct synthetic *s, int layer, struct error *err)
{
    bool dense = !s->shape.experts;
    enum lineage_role up = dense ? LINEAGE_UP : LINEAGE_ONE_EXPERT_UP;
    enum lineage_role gate = dense ? LINEAGE_GATE : LINEAGE_ONE_EXPERT_GATE;
    int units = s->shape.units;
    enum status st = add(s, LINEAGE_ATTN_NORM, layer, -1, synthetic_norm(s, layer, 0), 1, err);
    if (!st) st = add(s, LINEAGE_FFN_NORM, layer, -1, synthetic_norm(s, layer, 1), 1, err);
    for (int e = 0; e < (int)block_count(s->shape) && !st; e++) {
        st = add(s, up, layer, e, synthetic_up(s, layer, e), units, err);
        if (!st) st = add(s, gate, layer, e, synthetic_gate(s, layer, e), units, err);
    }
    return st;
}

static enum status add_all(struct synthetic *s, struct error *err)
{
    int vocab = s->shape.vocab;
    enum status st = lineage_model_new(&s->model, s->shape.layers, err);
    if (!st) st = add(s, LINEAGE_EMBED, -1, -1, s->weights, vocab, err);
    if (!st)
        st = add(s, LINEAGE_OUT_NORM, -1, -1, s->weights + (size_t)vocab * (size_t)s->shape.width,
                 1, err);
    for (int i = 0; i < s->shape.layers && !st; i++)
        st = add_layer(s, i, err);
    return st ? st : lineage_model_finish(&s->model, err);
}

static enum status make_empty(struct synthetic *ret, struct synthetic_shape shape,
                              struct error *err)
{
    *ret = (struct synthetic){ .shape = shape };
    ret->count = head_values(shape) + (size_t)shape.layers * layer_values(shape);
    ret->weights = mem_array(ret->count, sizeof *ret->weights);
    if (!ret->weights)
        return error_set(err, STATUS_NO_MEMORY, "no memory for a random model of %zu weights",
                         ret->count);
    enum status st = add_all(ret, err);
    if (st) synthetic_release(ret);
    return st;
}

void synthetic_release(struct synthetic *s)
{
    lineage_model_release(&s->model);
    mem_free(s->weights);
    s->weights = NULL;
}

/* ---- random models ---- */

/* Outliers stand at the same dimensions in all norms of one model, and their size grows with depth. */
static void fill_norm(float *norm, const struct synthetic *s, const int *outliers, double depth,
                      struct pcg32 *g)
{
    for (int i = 0; i < s->shape.width; i++)
        norm[i] = (float)(1 + depth + 0.1 * random_normal(g));
    for (int i = 0; i < OUTLIERS; i++)
        norm[outliers[i]] = (float)(norm[outliers[i]] * (3 + depth));
}

static void fill_normal(float *values, size_t count, double spread, struct pcg32 *g)
{
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(spread * random_normal(g));
}

enum status synthetic_new(struct synthetic *ret, struct synthetic_shape shape, struct pcg32 *g,
                          struct error *err)
{
    int outliers[OUTLIERS];
    size_t width = (size_t)shape.width, embed = (size_t)shape.vocab * width;
    enum status st = make_empty(ret, shape, err);
    if (st) return st;
    for (int i = 0; i < OUTLIERS; i++)
        outliers[i] = (int)random_below(g, (uint32_t)shape.width);
    fill_normal(ret->weights, embed, 0.5, g);
    for (size_t v = 0; v < (size_t)shape.vocab; v++)
        for (int i = 0; i < OUTLIERS; i++)
            ret->weights[v * width + (size_t)outliers[i]] *= 2;
    fill_norm(ret->weights + embed, ret, outliers, 1, g);
    for (int i = 0; i < shape.layers; i++) {
        double depth = (i + 1.0) / shape.layers;
        size_t values = 2 * block_count(shape) * matrix_values(shape);
        fill_norm(synthetic_norm(ret, i, 0), ret, outliers, depth, g);
        fill_norm(synthetic_norm(ret, i, 1), ret, outliers, depth, g);
        fill_normal(synthetic_up(ret, i, 0), values, (0.5 + depth) / sqrt((double)shape.width), g);
    }
    return STATUS_OK;
}

/* ---- copies ---- */

static struct synthetic_shape copy_shape(struct synthetic_shape s, enum synthetic_copy kind)
{
    if (kind == SYNTHETIC_NARROWED) s.units /= 2;
    if (kind == SYNTHETIC_SHALLOWED) s.layers = (s.layers + 1) / 2;
    if (kind == SYNTHETIC_UPCYCLED) {
        s.experts = UPCYCLE_PARTS;
        s.units /= UPCYCLE_PARTS;
    }
    return s;
}

/* The unit of the source that unit u of expert e comes from. */
static int source_unit(const struct synthetic *to, enum synthetic_copy kind, const int32_t *order,
                       int e, int u)
{
    if (kind == SYNTHETIC_PERMUTED || kind == SYNTHETIC_NARROWED) return order[u];
    if (kind == SYNTHETIC_UPCYCLED) return e * to->shape.units + u;
    return u;
}

static void copy_block(struct synthetic *to, const struct synthetic *from, int layer, int source,
                       int e, enum synthetic_copy kind, const int32_t *order)
{
    size_t width = (size_t)to->shape.width, bytes = width * sizeof(float);
    for (int u = 0; u < to->shape.units; u++) {
        size_t at = (size_t)source_unit(to, kind, order, e, u) * width, here = (size_t)u * width;
        memcpy(synthetic_up(to, layer, e) + here, synthetic_up(from, source, 0) + at, bytes);
        memcpy(synthetic_gate(to, layer, e) + here, synthetic_gate(from, source, 0) + at, bytes);
    }
}

static void draw_order(int32_t *order, int32_t *scratch, int units, enum synthetic_copy kind,
                       struct pcg32 *g)
{
    if (kind == SYNTHETIC_NARROWED) {
        random_subset(order, units / 2, scratch, units, g);
        return;
    }
    random_order(order, units, g);
}

static double spread_of(const float *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)values[i] * values[i];
    return sqrt(sum / (double)(count ? count : 1));
}

/* Four bits: -7..7 times the scale of the block. */
static void quantize(float *values, size_t count)
{
    for (size_t begin = 0; begin + QUANT_BLOCK <= count; begin += QUANT_BLOCK) {
        float most = 0;
        for (size_t i = 0; i < QUANT_BLOCK; i++)
            if (fabsf(values[begin + i]) > most) most = fabsf(values[begin + i]);
        for (size_t i = 0; i < QUANT_BLOCK && most > 0; i++)
            values[begin + i] = roundf(values[begin + i] / most * 7) * most / 7;
    }
}

/* Half of normal values lie within 0.6745 of their spread. */
static void prune(float *values, size_t count)
{
    double limit = 0.6745 * spread_of(values, count);
    for (size_t i = 0; i < count; i++)
        if (fabsf(values[i]) < limit) values[i] = 0;
}

static void add_noise(float *values, size_t count, double noise, struct pcg32 *g)
{
    double by = noise * spread_of(values, count);
    for (size_t i = 0; i < count && by > 0; i++)
        values[i] += (float)(by * random_normal(g));
}

static void change_layer(struct synthetic *s, int layer, enum synthetic_copy kind, double noise,
                         struct pcg32 *g)
{
    size_t values = 2 * block_count(s->shape) * matrix_values(s->shape);
    float *first = synthetic_up(s, layer, 0);
    /* Norms change far less than weights do in training. */
    for (int which = 0; which < 2; which++)
        add_noise(synthetic_norm(s, layer, which), (size_t)s->shape.width, noise * 0.05, g);
    add_noise(first, values, noise, g);
    if (kind == SYNTHETIC_QUANTIZED) quantize(first, values);
    if (kind == SYNTHETIC_PRUNED) prune(first, values);
}

enum status synthetic_copy(struct synthetic *ret, const struct synthetic *from,
                           enum synthetic_copy kind, double noise, struct pcg32 *g,
                           struct error *err)
{
    int units = from->shape.units;
    int32_t *order = mem_array((size_t)units * 2 + 1, sizeof *order);
    enum status st = order ? make_empty(ret, copy_shape(from->shape, kind), err)
                           : error_set(err, STATUS_NO_MEMORY, "no memory for %d units", units);
    if (kind == SYNTHETIC_PERMUTED && noise < PERMUTED_NOISE) noise = PERMUTED_NOISE;
    if (!st) memcpy(ret->weights, from->weights, head_values(from->shape) * sizeof(float));
    for (int i = 0; !st && i < ret->shape.layers; i++) {
        int source = kind == SYNTHETIC_SHALLOWED ? 2 * i : i;
        size_t norms = 2 * (size_t)from->shape.width * sizeof(float);
        memcpy(synthetic_norm(ret, i, 0), synthetic_norm(from, source, 0), norms);
        draw_order(order, order + units, units, kind, g);
        for (int e = 0; e < (int)block_count(ret->shape); e++)
            copy_block(ret, from, i, source, e, kind, order);
        change_layer(ret, i, kind, noise, g);
    }
    mem_free(order);
    return st;
}
