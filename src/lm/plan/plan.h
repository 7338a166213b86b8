/* Recording what a model computes: weights by name, values by handle, one call per operation.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A family file calls these once at load; nothing runs here. The first fault (a missing
 * tensor, a wrong shape) sticks: later calls record nothing, and plan_finish() returns it. So
 * a family reads like the paper, without a check on every line. plan_finish() lays all values
 * into one arena by lifetime; the result is a struct program for a backend.
 *
 * The plan borrows the source's mappings, which must outlive it, and owns the program. */
#ifndef LM_PLAN_PLAN_H
#define LM_PLAN_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/core/status.h"
#include "lm/format/source.h"
#include "math/backend/program.h"

struct plan;

/* Handle of a value [rows, cols] float32. */
struct value {
    int id;
    int64_t cols;
};

enum status plan_new(struct plan **ret, const struct source *source, struct error *err);
void plan_free(struct plan *p);

/* Weights by the container's name. The shape is checked; a missing one is an error. */
int plan_matrix(struct plan *p, const char *name, int64_t rows, int64_t cols);
int plan_table(struct plan *p, const char *name, int64_t rows, int64_t cols);
int plan_vector(struct plan *p, const char *name, int64_t count);
/* NO_WEIGHT when the source has no such tensor. */
int plan_vector_if_there(struct plan *p, const char *name, int64_t count);

/* Operations; each returns its output. */
struct value plan_embed(struct plan *p, int table, int64_t hidden);

/* Cosines and sines of this step's positions, shared by all layers that rotate alike. */
struct rope_table {
    struct value cos, sin; /* [rows, rot / 2]; id NO_VALUE: no rotation */
    int64_t rot;
    bool adjacent;
};
struct rope_params {
    int64_t rot;           /* even */
    const float *inv_freq; /* [rot / 2], copied */
    float scale;
    double dynamic_factor; /* 0: not dynamic */
    double theta;
    int64_t original_context;
    bool adjacent; /* pairs (2i, 2i+1), as GGUF converters lay out q and k of some families */
};
struct rope_table plan_rope_table(struct plan *p, const struct rope_params *params);

struct value plan_rms_norm(struct plan *p, struct value in, int weight, float eps);

struct linear {
    int weight;
    int bias; /* or NO_WEIGHT */
    int64_t rows;
};
struct value plan_linear(struct plan *p, struct value in, struct linear w);
/* Up to LINEAR_PARTS_MAX matrices that read the same input, in one operation. */
void plan_linear_parts(struct plan *p, struct value in, int part_count, const struct linear *w,
                       struct value *ret_out);
/* residual += W in + b */
void plan_add_linear(struct plan *p, struct value residual, struct value in, struct linear w);

struct head_shape {
    int64_t heads, kv_heads, head_dim;
};
/* In place: RMS norm per head where the weights are given, then rotation. */
void plan_head_norm_rope(struct plan *p, struct value q, struct value k, struct head_shape shape,
                         int q_norm, int k_norm, float eps, struct rope_table rope);

/* Appends k and v to a new layer of the cache and attends with q; window 0 is none. */
struct value plan_attention(struct plan *p, struct value q, struct value k, struct value v,
                            struct head_shape shape, int64_t window, float scale);

/* silu(W_gate in) * (W_up in) */
struct value plan_glu(struct plan *p, struct value in, struct linear gate, struct linear up);

/* From here on only the rows whose logits are wanted. */
struct value plan_gather(struct plan *p, struct value in);

/* Keeps a gathered value up to the end of a step: the state that the head reads. */
void plan_keep_hidden(struct plan *p, struct value hidden);

/* For faults that the family itself finds. Keeps the first. */
enum status plan_fail(struct plan *p, enum status s, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool plan_failed(const struct plan *p);

/* Ends recording. row_max: most rows of a step; logit_row_max: most rows with logits. */
enum status plan_finish(struct plan *p, struct value logits, int64_t row_max, int64_t logit_row_max,
                        struct error *err);
const struct program *plan_program(const struct plan *p); /* after plan_finish */

/* Tensors of the source that no weight names and `ignored` (may be NULL) does not excuse: how many, and
 * the first one's name in *ret_first. A model that leaves weights unread is probably another model. */
size_t plan_unread_tensors(const struct plan *p, bool (*ignored)(struct span name),
                           struct span *ret_first);
/* Parameters of all weights, each tensor counted once. */
uint64_t plan_parameter_count(const struct plan *p);

#endif
