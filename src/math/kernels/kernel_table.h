/* The function table: one slot per operation, filled level by level.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The table starts as `ref` (plain C) and each CPU level overwrites what it
 * does better; table_<arch>.c is the only place that chooses. Kernels are pure
 * functions on pointers: no allocation, no globals, no threads inside; many
 * threads may call them at once on disjoint outputs.
 *
 * Common contract. Pointers are aligned to 4 bytes unless said otherwise;
 * nothing past the stated extents is read or written; inputs and outputs do not
 * overlap unless said otherwise. Sums may be reordered, but alike for every row of a call: a row's
 * (a query's) result is the same to the last bit whatever stands beside it, so that an answer does
 * not depend on what else is in the batch. NaN and Inf propagate as
 * in the reference (a NaN may become another NaN). Tolerance of a sum of n products
 * against the reference: 2^-22 * sqrt(n) * sum |a_i b_i| for float paths; paths on
 * quantized activations are compared with the reference on the *same* quantized
 * activations and the same bound. */
#ifndef MATH_KERNELS_KERNEL_TABLE_H
#define MATH_KERNELS_KERNEL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "math/kernels/cpu.h"
#include "math/kernels/panel.h"

/* Activations of `rows` tokens, prepared once and read by many linear layers.
 * `cols` values each; integer groups are of 32 values, the last group padded with zeros. */
#define ACT_GROUP 32
struct activations {
    int64_t rows, cols;
    const float *f32; /* [rows][cols]; always there */
    size_t stride;    /* floats between rows of f32 */
    /* int8 form, NULL with --precise or where no layer wants it */
    const int8_t *q8;   /* [rows][groups * 32], values -127..127; 64-byte aligned */
    const float *scale; /* [rows][groups]: x = scale * q8 */
    const int32_t *sum; /* [rows][groups][2]: sums of q8 over the two halves of 16 */
    int64_t groups;     /* ceil(cols / 32) */
};

/* Quantizes x [rows][cols] (stride floats apart) to the int8 form: per group of 32
 * scale = max|x| / 127, q = round-half-even(x / scale); an all-zero group has scale 0. A group
 * with NaN or Inf gets scale NaN. The outputs are those of struct activations. */
typedef void quantize_act_fn(int8_t *q8, float *scale, int32_t *sum, const float *x, size_t stride,
                             int64_t rows, int64_t cols);

/* y[r][n - 16*panel_begin .. ] = W[n] . x[r] for the rows n of panels [panel_begin, panel_end) and
 * all rows r of `x`. y points at the column of panel_begin's first row; y_stride floats between
 * token rows. Columns at or past w->rows are not written. `scratch` is [LINEAR_SCRATCH_BYTES]
 * bytes, 64-byte aligned, private to the calling thread. From 1 row (decode) to thousands
 * (prefill): the kernel chooses its inner form by x->rows. */
typedef void linear_fn(float *y, size_t y_stride, const struct panel_weights *w,
                       int64_t panel_begin, int64_t panel_end, const struct activations *x,
                       void *scratch);
#define LINEAR_SCRATCH_BYTES (512 * 1024)

/* y[i] = x[i] / sqrt(mean(x^2) + eps) * weight[i], i < n; the squares may be summed in double,
 * all else is float32; y may be x. */
typedef void rms_norm_fn(float *y, const float *x, const float *weight, int64_t n, float eps);

/* Rotates pairs of x [rot] in place by the angles whose cosines and sines are given, [rot / 2]
 * each. half: pairs (i, i + rot/2); adjacent: pairs (2i, 2i+1). */
typedef void rope_fn(float *x, const float *cos, const float *sin, int64_t rot);

/* y[i] = silu(gate[i]) * up[i], silu(g) = g / (1 + exp(-g)); y may be gate or up. */
typedef void swiglu_fn(float *y, const float *gate, const float *up, int64_t n);

/* y[i] += x[i] */
typedef void add_fn(float *y, const float *x, int64_t n);

/* out[n] floats from f16. */
typedef void f16_to_f32_fn(float *out, const uint16_t *in, int64_t n);

/* --- attention over a paged cache ---
 * A block holds KV_BLOCK_TOKENS positions of one KV head of one layer, in f16 or f32:
 *   K  [head_dim_k][KV_BLOCK_TOKENS]   (a vector holds the same d of many keys)
 *   V  [KV_BLOCK_TOKENS][head_dim_v]
 * Slots that were never written hold finite numbers (zeros at first). Each kernel comes in one form
 * per cache type; the forms differ in nothing but how a stored value is read and written. */
#define KV_BLOCK_TOKENS 64
enum kv_type { KV_F16, KV_F32, KV_TYPE_COUNT };

/* Writes position `slot` (0..63) of a block: k [head_dim_k], v [head_dim_v] floats; f16 rounds to
 * nearest even. */
typedef void kv_append_fn(void *k_block, void *v_block, int slot, const float *k, const float *v,
                          int64_t head_dim_k, int64_t head_dim_v);

struct attention_args {
    const float *q;                 /* query i of head h at q[i * q_stride + h * head_dim_k] */
    float *out;                     /* the same at out[i * out_stride + h * head_dim_v] */
    size_t q_stride, out_stride;    /* floats */
    int64_t query_count;            /* consecutive positions of one sequence */
    int64_t head_count;             /* query heads that share this KV head (the GQA group) */
    int64_t head_dim_k, head_dim_v; /* each a multiple of 1; fast paths want multiples of 16 */
    int64_t position;               /* of query 0; query i stands at position + i */
    int64_t window;                 /* 0: all keys j <= p; else p - window < j <= p */
    float scale;                    /* multiplies q . k before the softmax */
    const void *const *k_blocks;    /* block b holds positions 64b .. 64b+63 of this sequence */
    const void *const *v_blocks;
};
/* out = softmax(scale * q K^T + mask) V per head, causal by position; the softmax subtracts the
 * running maximum. Keys outside the window are never read beyond their block.
 * scratch as for linear_fn. */
typedef void attention_fn(const struct attention_args *args, void *scratch);
#define ATTENTION_HEADS_MAX 64 /* per KV head */
#define ATTENTION_DIM_MAX   1024

struct kernel_table {
    linear_fn *linear_q8[PANEL_KIND_COUNT];  /* reads x->q8; NULL for F32, F16, BF16 */
    linear_fn *linear_f32[PANEL_KIND_COUNT]; /* reads x->f32; weights expanded to float */
    quantize_act_fn *quantize_act;
    rms_norm_fn *rms_norm;
    rope_fn *rope_half, *rope_adjacent;
    swiglu_fn *swiglu;
    add_fn *add;
    f16_to_f32_fn *f16_to_f32;
    kv_append_fn *kv_append[KV_TYPE_COUNT];
    attention_fn *attention[KV_TYPE_COUNT];
};

/* Fills every slot with the best kernel of the levels in `set`. */
void kernel_table_init(struct kernel_table *t, cpu_set set);
void kernel_table_init_ref(struct kernel_table *t);
void kernel_table_init_x86(struct kernel_table *t, cpu_set set); /* on x86-64 builds */
void kernel_table_init_arm(struct kernel_table *t, cpu_set set); /* on AArch64 builds */

#endif
