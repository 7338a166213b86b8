/* Recording what a model computes: operations and their operands.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/plan/plan.h"

#include <stdarg.h>
#include <string.h>

#include "base/core/mem.h"
#include "lm/plan/plan_inner.h"

#define PLAN_OPS_MAX     (1 << 20)
#define PLAN_CONST_BYTES ((size_t)64 << 20)

enum status plan_new(struct plan **ret, const struct source *source, struct error *err)
{
    struct plan *p = mem_zero(sizeof *p);
    if (!p) return error_set(err, STATUS_NO_MEMORY, "no memory for the plan");
    p->source = source;
    p->program.logits = p->program.hidden = NO_VALUE;
    arena_init(&p->constants, PLAN_CONST_BYTES);
    *ret = p;
    return STATUS_OK;
}

void plan_free(struct plan *p)
{
    if (!p) return;
    mem_free(p->program.ops);
    mem_free(p->program.values);
    mem_free(p->program.weights);
    mem_free(p->program.caches);
    mem_free(p->names);
    arena_release(&p->constants);
    mem_free(p);
}

enum status plan_fail(struct plan *p, enum status s, const char *format, ...)
{
    va_list args;
    if (p->fault.status) return p->fault.status;
    va_start(args, format);
    error_set_v(&p->fault, s, format, args);
    va_end(args);
    return p->fault.status = s;
}

bool plan_failed(const struct plan *p)
{
    return p->fault.status != STATUS_OK;
}

void *plan_grow(struct plan *p, void *items, int count, size_t item_bytes)
{
    /* Doubling at powers of two: the capacity follows from the count. */
    if (plan_failed(p)) return NULL;
    if (count >= PLAN_OPS_MAX) {
        plan_fail(p, STATUS_LIMIT, "the model has more than %d parts", PLAN_OPS_MAX);
        return NULL;
    }
    if (count > 0 && (count & (count - 1))) return items;
    void *grown = mem_resize(items, count ? 2 * (size_t)count : 1, item_bytes);
    if (!grown) plan_fail(p, STATUS_NO_MEMORY, "no memory for the plan");
    return grown;
}

static struct op *op_add(struct plan *p, enum op_kind kind)
{
    struct program *g = &p->program;
    struct op *ops = plan_grow(p, g->ops, g->op_count, sizeof *ops);
    if (!ops) return NULL;
    g->ops = ops;
    struct op *op = &ops[g->op_count++];
    memset(op, 0, sizeof *op);
    op->kind = kind;
    return op;
}

static struct value value_add(struct plan *p, int64_t cols, enum value_rows rows)
{
    struct program *g = &p->program;
    struct value none = { NO_VALUE, cols };
    struct value_info *values = plan_grow(p, g->values, g->value_count, sizeof *values);
    if (!values) return none;
    g->values = values;
    values[g->value_count] = (struct value_info){ .cols = cols, .rows = rows, .first_op = -1 };
    return (struct value){ g->value_count++, cols };
}

/* Notes that the operation recorded last uses `v`. */
static int use(struct plan *p, struct value v)
{
    if (plan_failed(p) || v.id == NO_VALUE) return NO_VALUE;
    struct value_info *info = &p->program.values[v.id];
    int at = p->program.op_count - 1;
    if (info->first_op < 0) info->first_op = at;
    info->last_op = at;
    return v.id;
}

static enum value_rows rows_of(const struct plan *p, struct value v)
{
    return plan_failed(p) || v.id == NO_VALUE ? ROWS_STEP : p->program.values[v.id].rows;
}

struct value plan_embed(struct plan *p, int table, int64_t hidden)
{
    struct value out = value_add(p, hidden, ROWS_STEP);
    struct op *op = op_add(p, OP_EMBED);
    if (op) op->embed = (struct op_embed){ .out = use(p, out), .table = table };
    return out;
}

struct rope_table plan_rope_table(struct plan *p, const struct rope_params *params)
{
    int64_t half = params->rot / 2;
    struct rope_table t = { .rot = params->rot, .adjacent = params->adjacent };
    t.cos = value_add(p, half, ROWS_STEP);
    t.sin = value_add(p, half, ROWS_STEP);
    float *inv_freq = arena_array(&p->constants, (size_t)half, sizeof *inv_freq);
    struct op *op = op_add(p, OP_ROPE_TABLE);
    if (!op) return t;
    if (!inv_freq) {
        plan_fail(p, STATUS_NO_MEMORY, "no memory for RoPE frequencies");
        return t;
    }
    memcpy(inv_freq, params->inv_freq, (size_t)half * sizeof *inv_freq);
    op->rope_table = (struct op_rope_table){
        .cos = use(p, t.cos),
        .sin = use(p, t.sin),
        .rot = params->rot,
        .inv_freq = inv_freq,
        .scale = params->scale,
        .dynamic_factor = params->dynamic_factor,
        .theta = params->theta,
        .original_context = params->original_context,
    };
    return t;
}

struct value plan_rms_norm(struct plan *p, struct value in, int weight, float eps)
{
    struct value out = value_add(p, in.cols, rows_of(p, in));
    struct op *op = op_add(p, OP_RMS_NORM);
    if (op) {
        op->rms_norm = (struct op_rms_norm){
            .out = use(p, out),
            .in = use(p, in),
            .weight = weight,
            .eps = eps,
        };
    }
    return out;
}

void plan_linear_parts(struct plan *p, struct value in, int part_count, const struct linear *w,
                       struct value *ret_out)
{
    for (int i = 0; i < part_count; i++)
        ret_out[i] = value_add(p, w[i].rows, rows_of(p, in));
    struct op *op = op_add(p, OP_LINEAR);
    if (!op) return;
    struct op_linear *l = &op->linear;
    l->in = use(p, in);
    l->part_count = part_count;
    l->work = NO_VALUE;
    for (int i = 0; i < part_count; i++) {
        l->out[i] = use(p, ret_out[i]);
        l->weight[i] = w[i].weight;
        l->bias[i] = w[i].bias;
    }
}

struct value plan_linear(struct plan *p, struct value in, struct linear w)
{
    struct value out;
    plan_linear_parts(p, in, 1, &w, &out);
    return out;
}

void plan_add_linear(struct plan *p, struct value residual, struct value in, struct linear w)
{
    struct value work = value_add(p, w.rows, rows_of(p, in));
    struct op *op = op_add(p, OP_LINEAR);
    if (!op) return;
    op->linear = (struct op_linear){
        .in = use(p, in),
        .part_count = 1,
        .out = { use(p, residual) },
        .weight = { w.weight },
        .bias = { w.bias },
        .add = true,
        .work = use(p, work),
    };
}

void plan_head_norm_rope(struct plan *p, struct value q, struct value k, struct head_shape shape,
                         int q_norm, int k_norm, float eps, struct rope_table rope)
{
    struct op *op = op_add(p, OP_ROPE);
    if (!op) return;
    op->rope = (struct op_rope){
        .q = use(p, q),
        .k = use(p, k),
        .heads = shape.heads,
        .kv_heads = shape.kv_heads,
        .head_dim = shape.head_dim,
        .q_norm = q_norm,
        .k_norm = k_norm,
        .eps = eps,
        .cos = use(p, rope.cos),
        .sin = use(p, rope.sin),
        .rot = rope.rot,
        .adjacent = rope.adjacent,
    };
}

static int cache_add(struct plan *p, struct cache_info info)
{
    struct program *g = &p->program;
    struct cache_info *caches = plan_grow(p, g->caches, g->cache_count, sizeof *caches);
    if (!caches) return 0;
    g->caches = caches;
    caches[g->cache_count] = info;
    return g->cache_count++;
}

struct value plan_attention(struct plan *p, struct value q, struct value k, struct value v,
                            struct head_shape shape, int64_t window, float scale)
{
    int64_t dim_v = v.cols / shape.kv_heads;
    int layer = cache_add(p, (struct cache_info){ shape.kv_heads, shape.head_dim, dim_v });
    struct op *op = op_add(p, OP_CACHE);
    if (op) op->cache = (struct op_cache){ .k = use(p, k), .v = use(p, v), .layer = layer };

    struct value out = value_add(p, shape.heads * dim_v, ROWS_STEP);
    op = op_add(p, OP_ATTENTION);
    if (op) {
        op->attention = (struct op_attention){
            .out = use(p, out),
            .q = use(p, q),
            .layer = layer,
            .heads = shape.heads,
            .window = window,
            .scale = scale,
        };
    }
    return out;
}

struct value plan_glu(struct plan *p, struct value in, struct linear gate, struct linear up)
{
    struct value out = value_add(p, gate.rows, rows_of(p, in));
    struct value work = value_add(p, up.rows, rows_of(p, in));
    struct op *op = op_add(p, OP_GLU);
    if (op) {
        op->glu = (struct op_glu){
            .in = use(p, in),
            .out = use(p, out),
            .gate = gate.weight,
            .up = up.weight,
            .gate_bias = gate.bias,
            .up_bias = up.bias,
            .work = use(p, work),
        };
    }
    return out;
}

struct value plan_gather(struct plan *p, struct value in)
{
    struct value out = value_add(p, in.cols, ROWS_LOGITS);
    struct op *op = op_add(p, OP_GATHER);
    if (op) op->gather = (struct op_gather){ .out = use(p, out), .in = use(p, in) };
    return out;
}

void plan_keep_hidden(struct plan *p, struct value hidden)
{
    if (!plan_failed(p)) p->program.hidden = hidden.id;
}
