/* The CPU backend at work: each thread walks the program and does its share of every operation.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Threads meet at a barrier after each operation, never fork. Work is split so that a thread
 * always reads the same panels of a matrix: its cache and its pages. */
#include <math.h>
#include <string.h>

#include "math/backend/cpu/cpu_inner.h"
#include "math/quants/quant.h"

#define QUERY_BLOCK 32 /* rows of one attention unit */

static float *value_at(const struct cpu *c, int value)
{
    return (float *)(void *)(c->arena + c->base.program->values[value].offset_bytes);
}

static int64_t value_rows(const struct cpu *c, int value)
{
    return c->base.program->values[value].rows == ROWS_STEP ? c->step->row_count
                                                            : c->step->logit_row_count;
}

static int64_t value_cols(const struct cpu *c, int value)
{
    return c->base.program->values[value].cols;
}

/* --- rows --- */

static void run_embed(const struct cpu_thread *t, const struct op_embed *o)
{
    const struct cpu *c = t->cpu;
    const struct tensor_view *table = &c->base.program->weights[o->table].view;
    const struct quant *quant = quant_of(table->type);
    for (int64_t i = t->idx; i < c->step->row_count; i += t->count) {
        quant->decode(value_at(c, o->out) + i * table->cols, tensor_row(table, c->step->tokens[i]),
                      (size_t)table->cols);
    }
}

static void rope_row(const struct op_rope_table *o, float position, const float *inv_freq,
                     float *cos, float *sin)
{
    for (int64_t i = 0; i < o->rot / 2; i++) {
        cos[i] = cosf(position * inv_freq[i]) * o->scale;
        sin[i] = sinf(position * inv_freq[i]) * o->scale;
    }
}

/* Dynamic NTK: base * (f L/C - (f - 1))^(d / (d - 2)), L the sequence's length, C the model's. */
static void stretched_freq(const struct op_rope_table *o, int64_t length, float *inv_freq)
{
    double d = (double)o->rot, ratio = (double)length / (double)o->original_context;
    double stretch = o->dynamic_factor * ratio - (o->dynamic_factor - 1.0);
    double base = o->theta * pow(stretch, d / (d - 2.0));
    for (int64_t i = 0; i < o->rot / 2; i++)
        inv_freq[i] = (float)(1.0 / pow(base, 2.0 * (double)i / d));
}

static void run_rope_table(const struct cpu_thread *t, const struct op_rope_table *o)
{
    const struct cpu *c = t->cpu;
    int64_t half = o->rot / 2;
    float *own = t->scratch;
    for (int64_t s = 0; s < c->step->sequence_count; s++) {
        const struct step_sequence *q = &c->step->sequences[s];
        const float *inv_freq = o->inv_freq;
        if (o->dynamic_factor != 0 && q->rope_length > o->original_context) {
            stretched_freq(o, q->rope_length, own);
            inv_freq = own;
        }
        for (int64_t i = 0; i < q->row_count; i++) {
            int64_t row = q->row_begin + i;
            if (row % t->count != t->idx) continue;
            rope_row(o, (float)(q->position + i), inv_freq, value_at(c, o->cos) + row * half,
                     value_at(c, o->sin) + row * half);
        }
    }
}

static void run_rms_norm(const struct cpu_thread *t, const struct op_rms_norm *o)
{
    const struct cpu *c = t->cpu;
    int64_t n = value_cols(c, o->in);
    for (int64_t row = t->idx; row < value_rows(c, o->in); row += t->count) {
        c->kernels.rms_norm(value_at(c, o->out) + row * n, value_at(c, o->in) + row * n,
                            c->vectors[o->weight], n, o->eps);
    }
}

static void run_gather(const struct cpu_thread *t, const struct op_gather *o)
{
    const struct cpu *c = t->cpu;
    int64_t n = value_cols(c, o->in);
    for (int64_t i = t->idx; i < c->step->logit_row_count; i += t->count) {
        memcpy(value_at(c, o->out) + i * n, value_at(c, o->in) + c->step->logit_rows[i] * n,
               (size_t)n * sizeof(float));
    }
}

/* --- linear layers --- */

/* All threads fill the int8 form of `in` together and meet. One row is split by groups, more by rows. */
static void quantize_input(const struct cpu_thread *t, int in)
{
    const struct cpu *c = t->cpu;
    int64_t rows = value_rows(c, in), cols = value_cols(c, in), begin, end;
    int64_t groups = (cols + ACT_GROUP - 1) / ACT_GROUP;
    const float *x = value_at(c, in);
    if (rows == 1) {
        pool_share(groups, t->idx, t->count, &begin, &end);
        int64_t from = begin * ACT_GROUP, to = end * ACT_GROUP < cols ? end * ACT_GROUP : cols;
        if (from < to) {
            c->kernels.quantize_act(c->act_q8 + from, c->act_scale + begin, c->act_sum + 2 * begin,
                                    x + from, (size_t)cols, 1, to - from);
        }
    } else {
        pool_share(rows, t->idx, t->count, &begin, &end);
        if (begin < end) {
            c->kernels.quantize_act(c->act_q8 + begin * groups * ACT_GROUP,
                                    c->act_scale + begin * groups, c->act_sum + 2 * begin * groups,
                                    x + begin * cols, (size_t)cols, end - begin, cols);
        }
    }
    pool_barrier(c->pool);
}

/* The int8 form belongs to this input only when its operation quantizes; the kernels chosen then read it. */
static struct activations input_of(const struct cpu *c, int in)
{
    int64_t cols = value_cols(c, in);
    struct activations a = {
        .rows = value_rows(c, in),
        .cols = cols,
        .f32 = value_at(c, in),
        .stride = (size_t)cols,
        .q8 = c->act_q8,
        .scale = c->act_scale,
        .sum = c->act_sum,
        .groups = (cols + ACT_GROUP - 1) / ACT_GROUP,
    };
    return a;
}

/* Panels [begin, end) of W times all rows of the input, into out [rows, W.rows], bias added. */
static void matrix_share(const struct cpu_thread *t, int out, int weight, int bias,
                         const struct activations *x, int64_t begin, int64_t end)
{
    const struct cpu *c = t->cpu;
    const struct panel_weights *w = &c->matrices[weight];
    int64_t first = begin * PANEL_ROWS,
            last = end * PANEL_ROWS < w->rows ? end * PANEL_ROWS : w->rows;
    if (begin >= end) return;
    float *y = value_at(c, out) + first;
    linear_fn *fn =
        cpu_uses_q8(c, weight) ? c->kernels.linear_q8[w->kind] : c->kernels.linear_f32[w->kind];
    fn(y, (size_t)w->rows, w, begin, end, x, t->scratch);
    if (bias == NO_WEIGHT) return;
    for (int64_t r = 0; r < x->rows; r++)
        c->kernels.add(y + r * w->rows, c->vectors[bias] + first, last - first);
}

static void add_columns(const struct cpu *c, int to, int from, int64_t rows, int64_t begin,
                        int64_t end)
{
    int64_t n = value_cols(c, to);
    int64_t first = begin * PANEL_ROWS, last = end * PANEL_ROWS < n ? end * PANEL_ROWS : n;
    if (first >= last) return;
    for (int64_t r = 0; r < rows; r++) {
        c->kernels.add(value_at(c, to) + r * n + first, value_at(c, from) + r * n + first,
                       last - first);
    }
}

/* First panel of part `part` whose bytes, counted over all parts, lie past `share` of the total. */
static int64_t panel_cut(const struct cpu *c, const struct op_linear *o, int part, int idx,
                         int count)
{
    uint64_t total = 0, before = 0;
    for (int i = 0; i < o->part_count; i++) {
        const struct panel_weights *w = &c->matrices[o->weight[i]];
        if (i == part) before = total;
        total += (uint64_t)w->panel_count * w->panel_bytes;
    }
    const struct panel_weights *w = &c->matrices[o->weight[part]];
    uint64_t cut = total * (uint64_t)idx / (uint64_t)count;
    if (cut <= before) return 0;
    uint64_t panels = (cut - before + w->panel_bytes / 2) / w->panel_bytes;
    return panels < (uint64_t)w->panel_count ? (int64_t)panels : w->panel_count;
}

static void run_linear(const struct cpu_thread *t, const struct op_linear *o)
{
    const struct cpu *c = t->cpu;
    struct activations x = input_of(c, o->in);
    for (int i = 0; i < o->part_count; i++) {
        int64_t begin = panel_cut(c, o, i, t->idx, t->count);
        int64_t end = panel_cut(c, o, i, t->idx + 1, t->count);
        matrix_share(t, o->add ? o->work : o->out[i], o->weight[i], o->bias[i], &x, begin, end);
        if (o->add) add_columns(c, o->out[i], o->work, x.rows, begin, end);
    }
}

static void run_glu(const struct cpu_thread *t, const struct op_glu *o)
{
    const struct cpu *c = t->cpu;
    struct activations x = input_of(c, o->in);
    int64_t begin, end, n = value_cols(c, o->out);
    pool_share(c->matrices[o->gate].panel_count, t->idx, t->count, &begin, &end);
    int64_t first = begin * PANEL_ROWS, last = end * PANEL_ROWS < n ? end * PANEL_ROWS : n;
    matrix_share(t, o->out, o->gate, o->gate_bias, &x, begin, end);
    matrix_share(t, o->work, o->up, o->up_bias, &x, begin, end);
    for (int64_t r = 0; r < x.rows && first < last; r++) {
        float *y = value_at(c, o->out) + r * n + first;
        c->kernels.swiglu(y, y, value_at(c, o->work) + r * n + first, last - first);
    }
}

/* --- attention --- */

static void rope_heads(const struct cpu *c, const struct op_rope *o, int norm, float *x,
                       int64_t heads, int64_t row)
{
    rope_fn *rotate = o->adjacent ? c->kernels.rope_adjacent : c->kernels.rope_half;
    for (int64_t h = 0; h < heads; h++, x += o->head_dim) {
        if (norm != NO_WEIGHT) c->kernels.rms_norm(x, x, c->vectors[norm], o->head_dim, o->eps);
        if (o->cos == NO_VALUE) continue;
        int64_t at = row * (o->rot / 2);
        rotate(x, value_at(c, o->cos) + at, value_at(c, o->sin) + at, o->rot);
    }
}

/* Units are (row, KV head with its query heads), here and in run_cache: the same thread does both. */
static void run_rope(const struct cpu_thread *t, const struct op_rope *o)
{
    const struct cpu *c = t->cpu;
    int64_t begin, end, group = o->heads / o->kv_heads;
    pool_share(c->step->row_count * o->kv_heads, t->idx, t->count, &begin, &end);
    for (int64_t u = begin; u < end; u++) {
        int64_t row = u / o->kv_heads, head = u % o->kv_heads;
        float *q = value_at(c, o->q) + (row * o->heads + head * group) * o->head_dim;
        float *k = value_at(c, o->k) + (row * o->kv_heads + head) * o->head_dim;
        rope_heads(c, o, o->q_norm, q, group, row);
        rope_heads(c, o, o->k_norm, k, 1, row);
    }
}

static void *k_block(const struct cpu *c, int layer, int32_t page, int64_t head)
{
    const struct cpu_layer *l = &c->layers[layer];
    return c->cache + (size_t)page * c->page_bytes + l->k_at + (size_t)head * l->k_block;
}

static void *v_block(const struct cpu *c, int layer, int32_t page, int64_t head)
{
    const struct cpu_layer *l = &c->layers[layer];
    return c->cache + (size_t)page * c->page_bytes + l->v_at + (size_t)head * l->v_block;
}

static const struct step_sequence *sequence_of(const struct step *s, int64_t row)
{
    int64_t lo = 0, hi = s->sequence_count - 1;
    while (lo < hi) {
        int64_t mid = (lo + hi + 1) / 2;
        if (s->sequences[mid].row_begin <= row) lo = mid;
        else hi = mid - 1;
    }
    return &s->sequences[lo];
}

static void run_cache(const struct cpu_thread *t, const struct op_cache *o)
{
    const struct cpu *c = t->cpu;
    const struct cache_info *info = &c->base.program->caches[o->layer];
    int64_t begin, end;
    pool_share(c->step->row_count * info->kv_heads, t->idx, t->count, &begin, &end);
    for (int64_t u = begin; u < end; u++) {
        int64_t row = u / info->kv_heads, head = u % info->kv_heads;
        const struct step_sequence *s = sequence_of(c->step, row);
        int64_t position = s->position + row - s->row_begin;
        int32_t page = s->pages[position / CACHE_PAGE_TOKENS];
        c->kernels.kv_append[c->kv_type](
            k_block(c, o->layer, page, head), v_block(c, o->layer, page, head),
            (int)(position % CACHE_PAGE_TOKENS), value_at(c, o->k) + u * info->head_dim_k,
            value_at(c, o->v) + u * info->head_dim_v, info->head_dim_k, info->head_dim_v);
    }
}

static void attend(const struct cpu_thread *t, const struct op_attention *o,
                   const struct step_sequence *s, int64_t first, int64_t count, int64_t head)
{
    const struct cpu *c = t->cpu;
    const struct cache_info *info = &c->base.program->caches[o->layer];
    int64_t group = o->heads / info->kv_heads, row = s->row_begin + first;
    int64_t position = s->position + first, last_block = (position + count - 1) / KV_BLOCK_TOKENS;
    int64_t begin =
        o->window && position >= o->window ? (position - o->window + 1) / KV_BLOCK_TOKENS : 0;
    for (int64_t b = begin; b <= last_block; b++) {
        t->k_blocks[b] = k_block(c, o->layer, s->pages[b], head);
        t->v_blocks[b] = v_block(c, o->layer, s->pages[b], head);
    }
    struct attention_args args = {
        .q = value_at(c, o->q) + (row * o->heads + head * group) * info->head_dim_k,
        .out = value_at(c, o->out) + (row * o->heads + head * group) * info->head_dim_v,
        .q_stride = (size_t)(o->heads * info->head_dim_k),
        .out_stride = (size_t)(o->heads * info->head_dim_v),
        .query_count = count,
        .head_count = group,
        .head_dim_k = info->head_dim_k,
        .head_dim_v = info->head_dim_v,
        .position = position,
        .window = o->window,
        .scale = o->scale,
        .k_blocks = t->k_blocks,
        .v_blocks = t->v_blocks,
    };
    c->kernels.attention[c->kv_type](&args, t->scratch);
}

/* Units are (sequence, block of queries, KV head), dealt out in turn: later blocks see more keys. */
static void run_attention(const struct cpu_thread *t, const struct op_attention *o)
{
    const struct cpu *c = t->cpu;
    const struct cache_info *info = &c->base.program->caches[o->layer];
    int64_t unit = 0;
    for (int64_t i = 0; i < c->step->sequence_count; i++) {
        const struct step_sequence *s = &c->step->sequences[i];
        for (int64_t first = 0; first < s->row_count; first += QUERY_BLOCK) {
            int64_t count = s->row_count - first < QUERY_BLOCK ? s->row_count - first : QUERY_BLOCK;
            for (int64_t head = 0; head < info->kv_heads; head++) {
                if (unit++ % t->count == t->idx) attend(t, o, s, first, count, head);
            }
        }
    }
}

/* --- the walk --- */

static void run_op(const struct cpu_thread *t, const struct op *op)
{
    switch (op->kind) {
#define OP(name, member)              \
    case OP_##name:                   \
        run_##member(t, &op->member); \
        break;
#include "math/backend/op_list.h"
#undef OP
    case OP_KIND_COUNT: break;
    }
}

void cpu_walk(void *ctx, int thread_idx, int thread_count)
{
    struct cpu *c = ctx;
    const struct program *g = c->base.program;
    uint8_t *own = c->scratch + (size_t)thread_idx * c->scratch_bytes;
    const void **blocks = (const void **)(void *)(own + LINEAR_SCRATCH_BYTES);
    struct cpu_thread t = {
        .cpu = c,
        .idx = thread_idx,
        .count = thread_count,
        .scratch = own,
        .k_blocks = blocks,
        .v_blocks = blocks + c->page_count,
    };
    for (int i = 0; i < g->op_count; i++) {
        const struct op *op = &g->ops[i];
        if (c->ops[i].quantize) quantize_input(&t, op->kind == OP_GLU ? op->glu.in : op->linear.in);
        run_op(&t, op);
        if (!c->ops[i].no_barrier) pool_barrier(c->pool);
    }
}
