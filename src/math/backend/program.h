/* What a backend executes: a flat list of coarse operations over values and weights.
 * SPDX-License-Identifier: Apache-2.0
 *
 * lm/plan records a program once at load; a backend lowers it into its own form. The
 * vocabulary stands here, below lm, because backends may not look up. Rows (tokens in this
 * step) are the only dynamic size: every value is [rows, cols] float32, where rows is either
 * the step's row count or the number of rows whose logits are wanted.
 *
 * Values are named by index into program.values, weights by index into program.weights;
 * NO_VALUE and NO_WEIGHT mean absent. All indices in a program are valid: the recorder sees to it. */
#ifndef MATH_BACKEND_PROGRAM_H
#define MATH_BACKEND_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "math/tensor/tensor.h"

#define NO_VALUE  (-1)
#define NO_WEIGHT (-1)

enum op_kind {
#define OP(name, member) OP_##name,
#include "math/backend/op_list.h"
#undef OP
    OP_KIND_COUNT
};

/* What a weight is used for decides how a backend wants it laid out. */
enum weight_role {
    WEIGHT_VECTOR, /* norm weights and biases: float32 [cols] */
    WEIGHT_TABLE,  /* rows are looked up: stays as it lies in the file */
    WEIGHT_MATRIX, /* y = W x, W [rows, cols]: packed */
};

struct weight {
    struct tensor_view view; /* borrowed from the model's source */
    enum weight_role role;
};

enum value_rows { ROWS_STEP, ROWS_LOGITS };

struct value_info {
    int64_t cols;
    enum value_rows rows;
    size_t offset_bytes;   /* in the backend's arena, a multiple of 64 */
    int first_op, last_op; /* lifetime, both inclusive */
};

/* out = rows `tokens` of a table */
struct op_embed {
    int out, table;
};

/* cos, sin [rows, rot / 2] of position * inv_freq, times `scale`. Dynamic NTK (dynamic_factor not 0)
 * computes inv_freq anew for sequences longer than original_context (transformers modeling_rope_utils.py). */
struct op_rope_table {
    int cos, sin;
    int64_t rot;           /* rotated dims of a head, even */
    const float *inv_freq; /* [rot / 2], owned by the program */
    float scale;           /* 1, or YaRN's attention factor */
    double dynamic_factor; /* 0: not dynamic */
    double theta;          /* base, for dynamic */
    int64_t original_context;
};

struct op_rms_norm {
    int out, in, weight;
    float eps;
};

/* out[i] = W[i] in + bias[i]: one to three matrices that read the same input. add: out[0] += instead of =. */
#define LINEAR_PARTS_MAX 3
struct op_linear {
    int in;
    int part_count;
    int out[LINEAR_PARTS_MAX], weight[LINEAR_PARTS_MAX], bias[LINEAR_PARTS_MAX];
    bool add;
    int work; /* scratch like out[0] when add, else NO_VALUE */
};

/* In place on q [heads * head_dim] and k [kv_heads * head_dim]: optional RMS norm per head (weights
 * [head_dim]), then rotation of the first rot dims of each head; no rotation when cos is NO_VALUE. */
struct op_rope {
    int q, k;
    int64_t heads, kv_heads, head_dim;
    int q_norm, k_norm;
    float eps;
    int cos, sin;
    int64_t rot;
    bool adjacent; /* pairs (2i, 2i+1); else (i, i + rot/2) */
};

/* Appends k and v of every row to the cache of a layer. */
struct op_cache {
    int k, v;
    int layer; /* index into program.caches */
};

/* out [heads * head_dim_v] = attention of q over the layer's cache, causal by position. */
struct op_attention {
    int out, q;
    int layer;
    int64_t heads;
    int64_t window; /* 0: none; else keys j with p - window < j <= p */
    float scale;
};

/* out = silu(W_gate in) * (W_up in), biases optional */
struct op_glu {
    int in, out;
    int gate, up, gate_bias, up_bias; /* weights */
    int work;                         /* scratch like out */
};

/* The rows whose logits are wanted. */
struct op_gather {
    int out, in;
};

struct op {
    enum op_kind kind;
    union {
#define OP(name, member) struct op_##member member;
#include "math/backend/op_list.h"
#undef OP
    };
};

/* Attention state of one layer. */
struct cache_info {
    int64_t kv_heads, head_dim_k, head_dim_v;
};

struct program {
    struct op *ops;
    int op_count;
    struct value_info *values;
    int value_count;
    struct weight *weights;
    int weight_count;
    struct cache_info *caches;
    int cache_count;
    int logits; /* value [rows, vocab] of ROWS_LOGITS */
    int hidden; /* value [rows, hidden] of ROWS_LOGITS: what the head reads; NO_VALUE: not kept */
    int64_t row_max, logit_row_max;
    size_t arena_bytes; /* for all values at their greatest row counts */
};

static inline int64_t program_rows_max(const struct program *p, int value)
{
    return p->values[value].rows == ROWS_STEP ? p->row_max : p->logit_row_max;
}

#endif
