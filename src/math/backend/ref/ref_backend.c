/* The reference backend: the program in plain C and float32, weights as they lie in the file.
 * SPDX-License-Identifier: Apache-2.0
 *
 * This is the oracle for every other backend, so it shares nothing with them: no packing, no
 * quantized activations, no half-precision cache, no kernel table. Threads split the outputs of
 * one operation and never change a sum's order. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/core/checked.h"
#include "base/core/mem.h"
#include "base/core/pool.h"
#include "math/backend/backend.h"
#include "math/quants/quant.h"

struct ref {
    struct backend base;
    struct pool *pool;
    uint8_t *arena;
    float **vectors; /* per weight: decoded norm weights and biases, NULL for others */
    float *cache;    /* pages; layout in cache_at() */
    size_t page_floats;
    size_t *layer_floats; /* offset of each layer within a page */
    int64_t page_count;
    float *scores; /* [threads][score_count]: attention weights of one query */
    size_t score_count;
    const struct step *step;
};

static float *value_at(const struct ref *r, int value)
{
    return (float *)(void *)(r->arena + r->base.program->values[value].offset_bytes);
}

static int64_t value_rows(const struct ref *r, int value)
{
    return r->base.program->values[value].rows == ROWS_STEP ? r->step->row_count
                                                            : r->step->logit_row_count;
}

static int64_t value_cols(const struct ref *r, int value)
{
    return r->base.program->values[value].cols;
}

/* A page holds, for each layer, K [64][kv_heads][head_dim_k] and then V [64][kv_heads][head_dim_v]. */
static float *cache_at(const struct ref *r, int layer, int32_t page, int64_t slot, int64_t head,
                       bool v)
{
    const struct cache_info *c = &r->base.program->caches[layer];
    float *base = r->cache + (size_t)page * r->page_floats + r->layer_floats[layer];
    if (!v) return base + (size_t)((slot * c->kv_heads + head) * c->head_dim_k);
    base += (size_t)(CACHE_PAGE_TOKENS * c->kv_heads * c->head_dim_k);
    return base + (size_t)((slot * c->kv_heads + head) * c->head_dim_v);
}

static const struct step_sequence *sequence_of(const struct step *s, int64_t row)
{
    int64_t i = 0;
    while (row >= s->sequences[i].row_begin + s->sequences[i].row_count)
        i++;
    return &s->sequences[i];
}

/* --- operations: each thread does its share --- */

struct share {
    int idx, count;
};

static void run_embed(struct ref *r, const struct op_embed *o, struct share t)
{
    const struct tensor_view *table = &r->base.program->weights[o->table].view;
    const struct quant *quant = quant_of(table->type);
    for (int64_t i = t.idx; i < r->step->row_count; i += t.count) {
        quant->decode(value_at(r, o->out) + i * table->cols, tensor_row(table, r->step->tokens[i]),
                      (size_t)table->cols);
    }
}

/* Base for a sequence longer than the model was made for: theta * (f L/C - (f - 1))^(d / (d - 2)). */
static float dynamic_inv_freq(const struct op_rope_table *o, int64_t length, int64_t i)
{
    double d = (double)o->rot, ratio = (double)length / (double)o->original_context;
    double stretch = o->dynamic_factor * ratio - (o->dynamic_factor - 1.0);
    double base = o->theta * pow(stretch, d / (d - 2.0));
    return (float)(1.0 / pow(base, 2.0 * (double)i / d));
}

static void run_rope_table(struct ref *r, const struct op_rope_table *o, struct share t)
{
    int64_t half = o->rot / 2;
    for (int64_t row = t.idx; row < r->step->row_count; row += t.count) {
        const struct step_sequence *s = sequence_of(r->step, row);
        bool stretched = o->dynamic_factor != 0 && s->rope_length > o->original_context;
        float position = (float)(s->position + row - s->row_begin);
        for (int64_t i = 0; i < half; i++) {
            float f = stretched ? dynamic_inv_freq(o, s->rope_length, i) : o->inv_freq[i];
            value_at(r, o->cos)[row * half + i] = cosf(position * f) * o->scale;
            value_at(r, o->sin)[row * half + i] = sinf(position * f) * o->scale;
        }
    }
}

static void norm_row(float *y, const float *x, const float *w, int64_t n, float eps)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (double)x[i] * x[i];
    float inv = 1.0f / sqrtf((float)(sum / (double)n) + eps);
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] * inv * w[i];
}

static void run_rms_norm(struct ref *r, const struct op_rms_norm *o, struct share t)
{
    int64_t n = value_cols(r, o->in);
    for (int64_t row = t.idx; row < value_rows(r, o->in); row += t.count) {
        norm_row(value_at(r, o->out) + row * n, value_at(r, o->in) + row * n, r->vectors[o->weight],
                 n, o->eps);
    }
}

/* out[row, n] (=, +=) W[n] . in[row] + bias[n] for this thread's share of the rows n of W. */
static void linear_part(struct ref *r, int out, int in, int weight, int bias, bool add,
                        struct share t)
{
    const struct tensor_view *w = &r->base.program->weights[weight].view;
    const struct quant *quant = quant_of(w->type);
    int64_t begin, end, rows = value_rows(r, in);
    pool_share(w->rows, t.idx, t.count, &begin, &end);
    for (int64_t n = begin; n < end; n++) {
        float b = bias == NO_WEIGHT ? 0.0f : r->vectors[bias][n];
        for (int64_t row = 0; row < rows; row++) {
            const float *x = value_at(r, in) + row * w->cols;
            float *y = value_at(r, out) + row * w->rows + n;
            float sum = quant->dot(tensor_row(w, n), x, (size_t)w->cols) + b;
            *y = add ? *y + sum : sum;
        }
    }
}

static void run_linear(struct ref *r, const struct op_linear *o, struct share t)
{
    for (int i = 0; i < o->part_count; i++) {
        linear_part(r, o->out[i], o->in, o->weight[i], o->bias[i], o->add, t);
    }
}

static void rotate(float *x, const float *cos, const float *sin, int64_t rot, bool adjacent)
{
    int64_t half = rot / 2, step = adjacent ? 2 : 1, far = adjacent ? 1 : half;
    for (int64_t i = 0; i < half; i++) {
        float a = x[i * step], b = x[i * step + far];
        x[i * step] = a * cos[i] - b * sin[i];
        x[i * step + far] = b * cos[i] + a * sin[i];
    }
}

static void rope_heads(struct ref *r, const struct op_rope *o, int value, int norm, int64_t heads,
                       int64_t row)
{
    int64_t half = o->rot / 2;
    float *x = value_at(r, value) + row * heads * o->head_dim;
    for (int64_t h = 0; h < heads; h++, x += o->head_dim) {
        if (norm != NO_WEIGHT) norm_row(x, x, r->vectors[norm], o->head_dim, o->eps);
        if (o->cos == NO_VALUE) continue;
        rotate(x, value_at(r, o->cos) + row * half, value_at(r, o->sin) + row * half, o->rot,
               o->adjacent);
    }
}

static void run_rope(struct ref *r, const struct op_rope *o, struct share t)
{
    for (int64_t row = t.idx; row < r->step->row_count; row += t.count) {
        rope_heads(r, o, o->q, o->q_norm, o->heads, row);
        rope_heads(r, o, o->k, o->k_norm, o->kv_heads, row);
    }
}

static void run_cache(struct ref *r, const struct op_cache *o, struct share t)
{
    const struct cache_info *c = &r->base.program->caches[o->layer];
    for (int64_t row = t.idx; row < r->step->row_count; row += t.count) {
        const struct step_sequence *s = sequence_of(r->step, row);
        int64_t position = s->position + row - s->row_begin;
        int32_t page = s->pages[position / CACHE_PAGE_TOKENS];
        int64_t slot = position % CACHE_PAGE_TOKENS;
        memcpy(cache_at(r, o->layer, page, slot, 0, false),
               value_at(r, o->k) + row * c->kv_heads * c->head_dim_k,
               (size_t)(c->kv_heads * c->head_dim_k) * sizeof(float));
        memcpy(cache_at(r, o->layer, page, slot, 0, true),
               value_at(r, o->v) + row * c->kv_heads * c->head_dim_v,
               (size_t)(c->kv_heads * c->head_dim_v) * sizeof(float));
    }
}

static float dot(const float *a, const float *b, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (double)a[i] * b[i];
    return (float)sum;
}

/* Turns scores[0..n) into exp(score - max) and returns their sum. */
static float soften(float *scores, int64_t n)
{
    float max = -INFINITY;
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        max = scores[i] > max ? scores[i] : max;
    for (int64_t i = 0; i < n; i++) {
        scores[i] = expf(scores[i] - max);
        sum += scores[i];
    }
    return (float)sum;
}

static void attend(struct ref *r, const struct op_attention *o, const struct step_sequence *s,
                   int64_t row, int64_t head, float *scores)
{
    const struct cache_info *c = &r->base.program->caches[o->layer];
    int64_t kv_head = head / (o->heads / c->kv_heads), position = s->position + row - s->row_begin;
    int64_t first = o->window && position >= o->window ? position - o->window + 1 : 0;
    int64_t count = position - first + 1;
    const float *q = value_at(r, o->q) + (row * o->heads + head) * c->head_dim_k;
    float *out = value_at(r, o->out) + (row * o->heads + head) * c->head_dim_v;
    for (int64_t i = 0; i < count; i++) {
        int64_t j = first + i;
        const float *k = cache_at(r, o->layer, s->pages[j / CACHE_PAGE_TOKENS],
                                  j % CACHE_PAGE_TOKENS, kv_head, false);
        scores[i] = dot(q, k, c->head_dim_k) * o->scale;
    }
    float sum = soften(scores, count);
    memset(out, 0, (size_t)c->head_dim_v * sizeof *out);
    for (int64_t i = 0; i < count; i++) {
        int64_t j = first + i;
        const float *v = cache_at(r, o->layer, s->pages[j / CACHE_PAGE_TOKENS],
                                  j % CACHE_PAGE_TOKENS, kv_head, true);
        float weight = scores[i] / sum;
        for (int64_t d = 0; d < c->head_dim_v; d++)
            out[d] += weight * v[d];
    }
}

static void run_attention(struct ref *r, const struct op_attention *o, struct share t)
{
    float *scores = r->scores + (size_t)t.idx * r->score_count;
    int64_t units = r->step->row_count * o->heads;
    for (int64_t u = t.idx; u < units; u += t.count) {
        int64_t row = u / o->heads;
        attend(r, o, sequence_of(r->step, row), row, u % o->heads, scores);
    }
}

static void run_glu(struct ref *r, const struct op_glu *o, struct share t)
{
    int64_t begin, end, n = value_cols(r, o->out);
    linear_part(r, o->out, o->in, o->gate, o->gate_bias, false, t);
    linear_part(r, o->work, o->in, o->up, o->up_bias, false, t);
    pool_share(n, t.idx, t.count, &begin, &end);
    for (int64_t row = 0; row < value_rows(r, o->in); row++) {
        float *gate = value_at(r, o->out) + row * n;
        const float *up = value_at(r, o->work) + row * n;
        for (int64_t i = begin; i < end; i++)
            gate[i] = gate[i] / (1.0f + expf(-gate[i])) * up[i];
    }
}

static void run_gather(struct ref *r, const struct op_gather *o, struct share t)
{
    int64_t n = value_cols(r, o->in);
    for (int64_t i = t.idx; i < r->step->logit_row_count; i += t.count) {
        memcpy(value_at(r, o->out) + i * n, value_at(r, o->in) + r->step->logit_rows[i] * n,
               (size_t)n * sizeof(float));
    }
}

static void ref_thread(void *ctx, int thread_idx, int thread_count)
{
    struct ref *r = ctx;
    const struct program *g = r->base.program;
    struct share t = { thread_idx, thread_count };
    for (int i = 0; i < g->op_count; i++) {
        const struct op *op = &g->ops[i];
        switch (op->kind) {
#define OP(name, member)                 \
    case OP_##name:                      \
        run_##member(r, &op->member, t); \
        break;
#include "math/backend/op_list.h"
#undef OP
        case OP_KIND_COUNT: break;
        }
        pool_barrier(r->pool);
    }
}

static void ref_run(struct backend *b, const struct step *step)
{
    struct ref *r = (struct ref *)b;
    r->step = step;
    pool_run(r->pool, ref_thread, r);
}

static const float *ref_logits(const struct backend *b)
{
    const struct ref *r = (const struct ref *)b;
    return value_at(r, b->program->logits);
}

static const float *ref_hidden(const struct backend *b)
{
    const struct ref *r = (const struct ref *)b;
    return b->program->hidden == NO_VALUE ? NULL : value_at(r, b->program->hidden);
}

static void ref_copy_page(struct backend *b, int32_t to, int32_t from)
{
    struct ref *r = (struct ref *)b;
    memcpy(r->cache + (size_t)to * r->page_floats, r->cache + (size_t)from * r->page_floats,
           r->page_floats * sizeof(float));
}

static void *ref_page_data(struct backend *b, int32_t page)
{
    struct ref *r = (struct ref *)b;
    return r->cache + (size_t)page * r->page_floats;
}

/* --- opening --- */

static size_t cache_floats(const struct cache_info *c)
{
    return (size_t)(CACHE_PAGE_TOKENS * c->kv_heads * (c->head_dim_k + c->head_dim_v));
}

static enum status ref_sizes(struct backend_sizes *ret, const struct program *g,
                             const struct backend_options *o, struct error *err)
{
    struct backend_sizes s = { 0 };
    for (int i = 0; i < g->weight_count; i++) {
        const struct weight *w = &g->weights[i];
        uint64_t bytes = (uint64_t)w->view.rows * w->view.row_bytes;
        if (w->role == WEIGHT_VECTOR) s.weight_bytes += (uint64_t)w->view.cols * sizeof(float);
        else s.mapped_bytes += bytes;
        if (w->role != WEIGHT_TABLE) s.step_weight_bytes += bytes;
    }
    for (int i = 0; i < g->cache_count; i++)
        s.page_bytes += cache_floats(&g->caches[i]) * sizeof(float);
    s.work_bytes = g->arena_bytes + (uint64_t)o->thread_count * (uint64_t)o->page_count *
                                        CACHE_PAGE_TOKENS * sizeof(float);
    *ret = s;
    return STATUS_OK;
}

static void ref_close(struct backend *b)
{
    struct ref *r = (struct ref *)b;
    if (!r) return;
    pool_free(r->pool);
    if (r->arena) mem_unmap(r->arena, b->program->arena_bytes);
    if (r->cache) mem_unmap(r->cache, (size_t)r->page_count * r->page_floats * sizeof(float));
    if (r->vectors) {
        for (int i = 0; i < b->program->weight_count; i++)
            mem_free(r->vectors[i]);
    }
    mem_free(r->vectors);
    mem_free(r->layer_floats);
    mem_free(r->scores);
    mem_free(r);
}

static bool decode_vectors(struct ref *r, const struct program *g)
{
    r->vectors = mem_array((size_t)g->weight_count + 1, sizeof *r->vectors);
    if (!r->vectors) return false;
    for (int i = 0; i < g->weight_count; i++) {
        const struct tensor_view *v = &g->weights[i].view;
        if (g->weights[i].role != WEIGHT_VECTOR) continue;
        r->vectors[i] = mem_array((size_t)v->cols, sizeof(float));
        if (!r->vectors[i]) return false;
        quant_of(v->type)->decode(r->vectors[i], v->data, (size_t)v->cols);
    }
    return true;
}

static bool reserve(struct ref *r, const struct program *g, const struct backend_options *o)
{
    size_t bytes;
    r->layer_floats = mem_array((size_t)g->cache_count + 1, sizeof *r->layer_floats);
    if (!r->layer_floats) return false;
    for (int i = 0; i < g->cache_count; i++) {
        r->layer_floats[i] = r->page_floats;
        r->page_floats += cache_floats(&g->caches[i]);
    }
    r->page_count = o->page_count;
    if (!size_mul((size_t)o->page_count, r->page_floats * sizeof(float), &bytes)) return false;
    r->cache = mem_map(bytes);
    r->arena = mem_map(g->arena_bytes);
    r->score_count = (size_t)o->page_count * CACHE_PAGE_TOKENS;
    r->scores = mem_array((size_t)pool_thread_count(r->pool) * r->score_count, sizeof *r->scores);
    return r->cache && r->arena && r->scores && decode_vectors(r, g);
}

static enum status ref_open(struct backend **ret, const struct program *g,
                            const struct backend_options *o, struct error *err)
{
    struct ref *r = mem_zero(sizeof *r);
    if (!r) return error_set(err, STATUS_NO_MEMORY, "no memory for the backend");
    extern const struct backend_type backend_ref;
    r->base.type = &backend_ref;
    r->base.program = g;
    enum status s = ref_sizes(&r->base.sizes, g, o, err);
    if (!s) s = pool_new(&r->pool, o->thread_count, err);
    if (s) goto fail;
    if (!reserve(r, g, o)) {
        s = error_set(err, STATUS_NO_MEMORY, "no memory for a cache of %lld positions; lower --ctx",
                      (long long)o->page_count * CACHE_PAGE_TOKENS);
        goto fail;
    }
    snprintf(r->base.words, sizeof r->base.words, "ref, %d threads", pool_thread_count(r->pool));
    *ret = &r->base;
    return STATUS_OK;
fail:
    ref_close(&r->base);
    return s;
}

const struct backend_type backend_ref = {
    .name = "ref",
    .about = "plain C in float32, the oracle",
    .sizes = ref_sizes,
    .open = ref_open,
    .close = ref_close,
    .run = ref_run,
    .logits = ref_logits,
    .hidden = ref_hidden,
    .copy_page = ref_copy_page,
    .page_data = ref_page_data,
};
