/* The CPU backend: lowering a program, packing weights, the memory it needs.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/core/checked.h"
#include "base/core/mem.h"
#include "math/backend/cpu/cpu_inner.h"
#include "math/quants/quant.h"

#define ALIGN 64

bool cpu_uses_q8(const struct cpu *c, int weight)
{
    return !c->precise && c->kernels.linear_q8[c->matrices[weight].kind];
}

static size_t aligned(size_t bytes)
{
    return (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

/* --- sizes --- */

static struct panel_weights panel_of(const struct tensor_view *v)
{
    struct panel_weights w = {
        .kind = panel_kind_for(v->type, v->cols),
        .type = v->type,
        .rows = v->rows,
        .cols = v->cols,
        .panel_count = (v->rows + PANEL_ROWS - 1) / PANEL_ROWS,
    };
    w.panel_bytes =
        w.kind == PANEL_BLOCKS ? PANEL_ROWS * v->row_bytes : panel_bytes(w.kind, v->type, v->cols);
    return w;
}

/* Bytes of a weight in the packed block; 0 when it is used where it lies in the file. */
static size_t packed_bytes_of(const struct weight *w)
{
    if (w->role == WEIGHT_VECTOR) return aligned((size_t)w->view.cols * sizeof(float));
    if (w->role == WEIGHT_TABLE) return 0;
    struct panel_weights p = panel_of(&w->view);
    return p.kind == PANEL_BLOCKS ? 0 : aligned((size_t)p.panel_count * p.panel_bytes);
}

static size_t kv_bytes(enum kv_type type)
{
    return type == KV_F32 ? sizeof(float) : sizeof(uint16_t);
}

static enum kv_type kv_type_of(const struct backend_options *o)
{
    return o->cache_f32 ? KV_F32 : KV_F16;
}

static size_t page_values_of(const struct program *g)
{
    size_t sum = 0;
    for (int i = 0; i < g->cache_count; i++) {
        const struct cache_info *c = &g->caches[i];
        sum += (size_t)(c->kv_heads * KV_BLOCK_TOKENS * (c->head_dim_k + c->head_dim_v));
    }
    return sum;
}

/* Widest input of any matrix: what the shared int8 form must hold. */
static size_t act_cols_max(const struct program *g)
{
    size_t max = 0;
    for (int i = 0; i < g->weight_count; i++) {
        const struct weight *w = &g->weights[i];
        if (w->role == WEIGHT_MATRIX && (size_t)w->view.cols > max) max = (size_t)w->view.cols;
    }
    return (max + ACT_GROUP - 1) / ACT_GROUP * ACT_GROUP;
}

static size_t act_bytes(const struct program *g)
{
    size_t values = (size_t)g->row_max * act_cols_max(g), groups = values / ACT_GROUP;
    return aligned(values) + aligned(groups * sizeof(float)) +
           aligned(2 * groups * sizeof(int32_t));
}

static size_t scratch_bytes(const struct backend_options *o)
{
    return LINEAR_SCRATCH_BYTES + aligned(2 * (size_t)o->page_count * sizeof(void *));
}

static enum status cpu_sizes(struct backend_sizes *ret, const struct program *g,
                             const struct backend_options *o, struct error *err)
{
    struct backend_sizes s = { 0 };
    for (int i = 0; i < g->weight_count; i++) {
        const struct weight *w = &g->weights[i];
        size_t packed = packed_bytes_of(w), file = (size_t)w->view.rows * w->view.row_bytes;
        if (packed) s.weight_bytes += packed;
        else s.mapped_bytes += file;
        if (w->role != WEIGHT_TABLE) s.step_weight_bytes += packed ? packed : file;
    }
    s.page_bytes = page_values_of(g) * kv_bytes(kv_type_of(o));
    s.work_bytes = g->arena_bytes + act_bytes(g) + (uint64_t)o->thread_count * scratch_bytes(o);
    *ret = s;
    return STATUS_OK;
}

/* --- packing --- */

struct pack_job {
    struct cpu *cpu;
    int weight;
};

static void pack_share(void *ctx, int idx, int count)
{
    const struct pack_job *job = ctx;
    const struct cpu *c = job->cpu;
    const struct panel_weights *w = &c->matrices[job->weight];
    int64_t begin, end;
    pool_share(w->panel_count, idx, count, &begin, &end);
    panel_pack((uint8_t *)w->data, w->kind, &c->base.program->weights[job->weight].view, begin,
               end);
}

/* Places weight i at `at` of the packed block and fills it there. */
static void weight_pack(struct cpu *c, int i, uint8_t *at)
{
    const struct weight *w = &c->base.program->weights[i];
    if (w->role == WEIGHT_VECTOR) {
        float *vector = (float *)(void *)at;
        quant_of(w->view.type)->decode(vector, w->view.data, (size_t)w->view.cols);
        c->vectors[i] = vector;
    } else if (w->role == WEIGHT_MATRIX) {
        c->matrices[i] = panel_of(&w->view);
        c->matrices[i].data = c->matrices[i].kind == PANEL_BLOCKS ? w->view.data : at;
        if (c->matrices[i].kind == PANEL_BLOCKS) return;
        struct pack_job job = { c, i };
        pool_run(c->pool, pack_share, &job);
    }
}

static enum status pack_all(struct cpu *c, const struct backend_options *o, struct error *err)
{
    const struct program *g = c->base.program;
    size_t at = 0;
    for (int i = 0; i < g->weight_count; i++) {
        const struct weight *w = &g->weights[i];
        size_t bytes = packed_bytes_of(w);
        weight_pack(c, i, c->packed + at);
        at += bytes;
        if (bytes && w->role == WEIGHT_MATRIX && o->weight_done)
            o->weight_done(o->weight_done_ctx, &w->view);
        if (!progress_report(&o->progress, "pack", at, c->packed_bytes)) {
            return error_set(err, STATUS_CANCELLED, "loading was cancelled");
        }
    }
    return STATUS_OK;
}

/* --- lowering --- */

static bool op_reads_q8(const struct cpu *c, const struct op *op)
{
    if (op->kind == OP_GLU) return cpu_uses_q8(c, op->glu.gate) || cpu_uses_q8(c, op->glu.up);
    if (op->kind != OP_LINEAR) return false;
    for (int i = 0; i < op->linear.part_count; i++) {
        if (cpu_uses_q8(c, op->linear.weight[i])) return true;
    }
    return false;
}

static void lower(struct cpu *c)
{
    const struct program *g = c->base.program;
    for (int i = 0; i < g->op_count; i++) {
        const struct op *op = &g->ops[i], *next = i + 1 < g->op_count ? op + 1 : NULL;
        c->ops[i].quantize = op_reads_q8(c, op);
        c->ops[i].no_barrier =
            op->kind == OP_ROPE && next && next->kind == OP_CACHE && next->cache.k == op->rope.k;
    }
}

static void lay_out_pages(struct cpu *c)
{
    const struct program *g = c->base.program;
    size_t at = 0, block = KV_BLOCK_TOKENS * kv_bytes(c->kv_type);
    for (int i = 0; i < g->cache_count; i++) {
        const struct cache_info *info = &g->caches[i];
        struct cpu_layer *l = &c->layers[i];
        l->k_block = (size_t)info->head_dim_k * block;
        l->v_block = (size_t)info->head_dim_v * block;
        l->k_at = at;
        l->v_at = at + (size_t)info->kv_heads * l->k_block;
        at = l->v_at + (size_t)info->kv_heads * l->v_block;
    }
    c->page_bytes = at;
}

/* --- opening --- */

static void cpu_close(struct backend *b)
{
    struct cpu *c = (struct cpu *)b;
    if (!c) return;
    int threads = c->pool ? pool_thread_count(c->pool) : 0;
    pool_free(c->pool);
    if (c->packed) mem_unmap(c->packed, c->packed_bytes);
    if (c->arena) mem_unmap(c->arena, c->arena_bytes);
    if (c->cache) mem_unmap(c->cache, (size_t)c->page_count * c->page_bytes);
    if (c->scratch) mem_unmap(c->scratch, (size_t)threads * c->scratch_bytes);
    mem_free(c->matrices);
    mem_free(c->vectors);
    mem_free(c->ops);
    mem_free(c->layers);
    mem_free(c);
}

static bool reserve_tables(struct cpu *c, const struct program *g)
{
    c->matrices = mem_array((size_t)g->weight_count + 1, sizeof *c->matrices);
    c->vectors = mem_array((size_t)g->weight_count + 1, sizeof *c->vectors);
    c->ops = mem_array((size_t)g->op_count + 1, sizeof *c->ops);
    c->layers = mem_array((size_t)g->cache_count + 1, sizeof *c->layers);
    return c->matrices && c->vectors && c->ops && c->layers;
}

/* The int8 form lies behind the values, in the same mapping. */
static bool reserve_arena(struct cpu *c, const struct program *g)
{
    size_t values = aligned(g->arena_bytes);
    size_t q8 = (size_t)g->row_max * act_cols_max(g), groups = q8 / ACT_GROUP;
    c->arena_bytes = values + act_bytes(g);
    c->arena = mem_map(c->arena_bytes);
    if (!c->arena) return false;
    c->act_q8 = (int8_t *)(c->arena + values);
    c->act_scale = (float *)(void *)(c->arena + values + aligned(q8));
    c->act_sum =
        (int32_t *)(void *)(c->arena + values + aligned(q8) + aligned(groups * sizeof(float)));
    return true;
}

static bool reserve_cache(struct cpu *c, const struct backend_options *o)
{
    size_t bytes;
    c->kv_type = kv_type_of(o);
    lay_out_pages(c);
    c->page_count = o->page_count;
    if (!size_mul((size_t)o->page_count, c->page_bytes, &bytes)) return false;
    c->cache = mem_map(bytes);
    c->scratch_bytes = scratch_bytes(o);
    c->scratch = mem_map((size_t)c->thread_count * c->scratch_bytes);
    return c->cache && c->scratch;
}

static enum status reserve(struct cpu *c, const struct backend_options *o, struct error *err)
{
    const struct program *g = c->base.program;
    for (int i = 0; i < g->weight_count; i++)
        c->packed_bytes += packed_bytes_of(&g->weights[i]);
    if (!c->packed_bytes) c->packed_bytes = ALIGN;
    c->packed = mem_map(c->packed_bytes);
    if (!c->packed || !reserve_tables(c, g) || !reserve_arena(c, g)) {
        return error_set(err, STATUS_NO_MEMORY,
                         "not enough memory: weights take %.1f GB and work space %.1f GB; "
                         "`hearth plan` shows the sum",
                         (double)c->packed_bytes / 1e9, (double)c->base.sizes.work_bytes / 1e9);
    }
    if (!reserve_cache(c, o)) {
        return error_set(err, STATUS_NO_MEMORY,
                         "not enough memory for a cache of %lld positions; lower --ctx",
                         (long long)o->page_count * CACHE_PAGE_TOKENS);
    }
    return STATUS_OK;
}

static enum status cpu_open(struct backend **ret, const struct program *g,
                            const struct backend_options *o, struct error *err)
{
    extern const struct backend_type backend_cpu;
    struct cpu *c = mem_zero(sizeof *c);
    if (!c) return error_set(err, STATUS_NO_MEMORY, "no memory for the backend");
    c->base.type = &backend_cpu;
    c->base.program = g;
    c->precise = o->precise;
    kernel_table_init(&c->kernels, o->cpu);
    enum status s = pool_new(&c->pool, o->thread_count, err);
    if (s) goto fail;
    c->thread_count = pool_thread_count(c->pool);
    s = cpu_sizes(&c->base.sizes, g, o, err);
    if (!s) s = reserve(c, o, err);
    if (!s) s = pack_all(c, o, err);
    if (s) goto fail;
    lower(c);
    snprintf(c->base.words, sizeof c->base.words, "cpu %s%s, %d thread%s",
             cpu_level_name(cpu_set_used(o->cpu)), o->precise ? " precise" : "", c->thread_count,
             c->thread_count == 1 ? "" : "s");
    *ret = &c->base;
    return STATUS_OK;
fail:
    cpu_close(&c->base);
    return s;
}

static void cpu_run(struct backend *b, const struct step *step)
{
    struct cpu *c = (struct cpu *)b;
    c->step = step;
    pool_run(c->pool, cpu_walk, c);
}

static const float *value_at(const struct backend *b, int value)
{
    const struct cpu *c = (const struct cpu *)b;
    return (const float *)(const void *)(c->arena + b->program->values[value].offset_bytes);
}

static const float *cpu_logits(const struct backend *b)
{
    return value_at(b, b->program->logits);
}

static const float *cpu_hidden(const struct backend *b)
{
    return b->program->hidden == NO_VALUE ? NULL : value_at(b, b->program->hidden);
}

static void cpu_copy_page(struct backend *b, int32_t to, int32_t from)
{
    struct cpu *c = (struct cpu *)b;
    memcpy(c->cache + (size_t)to * c->page_bytes, c->cache + (size_t)from * c->page_bytes,
           c->page_bytes);
}

static void *cpu_page_data(struct backend *b, int32_t page)
{
    struct cpu *c = (struct cpu *)b;
    return c->cache + (size_t)page * c->page_bytes;
}

const struct backend_type backend_cpu = {
    .name = "cpu",
    .about = "vector kernels for the levels of this machine",
    .sizes = cpu_sizes,
    .open = cpu_open,
    .close = cpu_close,
    .run = cpu_run,
    .logits = cpu_logits,
    .hidden = cpu_hidden,
    .copy_page = cpu_copy_page,
    .page_data = cpu_page_data,
};
