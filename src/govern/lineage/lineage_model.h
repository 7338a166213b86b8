/* A model as lineage tests see it: norms, embedding, attention and feed-forward units, by layer.
 * SPDX-License-Identifier: Apache-2.0
 *
 * lineage_model_read() sorts the tensors of a source by their names (lineage_role_list.h), whatever the
 * family and the container, into views; nothing is copied, so the source outlives the model. What has another
 * name is counted, not guessed. Towers for pictures and sound and layers for predicting several tokens are left
 * out. A feed-forward block is a set of units: row u of `up` and row u of `gate` belong to one unit. Fused
 * gate-and-up tensors are cut in the middle; the gate stands first in all families that fuse them so.
 *
 * A model of views over memory (for self-tests) is built by filling the struct: lineage_model_new(), then
 * lineage_model_add(). */
#ifndef GOVERN_LINEAGE_LINEAGE_MODEL_H
#define GOVERN_LINEAGE_LINEAGE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/core/mem.h"
#include "lm/format/source.h"
#include "math/tensor/tensor.h"

#define LINEAGE_LAYERS_MAX  1024
#define LINEAGE_EXPERTS_MAX 1024
#define LINEAGE_WIDTH_MAX   (1 << 17)
#define LINEAGE_UNITS_MAX   (1 << 24)
#define LINEAGE_WORDS_BYTES 256

enum lineage_role {
    LINEAGE_EMBED,
    LINEAGE_OUT_NORM,
    LINEAGE_ATTN_NORM,
    LINEAGE_POST_ATTN_NORM,
    LINEAGE_POST_SELF_NORM,
    LINEAGE_FFN_NORM,
    LINEAGE_POST_FFN_NORM,
    LINEAGE_Q,
    LINEAGE_K,
    LINEAGE_V,
    LINEAGE_QKV,
    LINEAGE_O,
    LINEAGE_GATE,
    LINEAGE_UP,
    LINEAGE_DOWN,
    LINEAGE_GATE_UP,
    LINEAGE_EXPERT_GATE,
    LINEAGE_EXPERT_UP,
    LINEAGE_EXPERT_GATE_UP,
    LINEAGE_SHARED_GATE,
    LINEAGE_SHARED_UP,
    LINEAGE_ONE_EXPERT_GATE,
    LINEAGE_ONE_EXPERT_UP,
    LINEAGE_ROLE_COUNT
};
const char *lineage_role_name(enum lineage_role role); /* "attn_norm" */

/* A view with data NULL is not there. */
struct lineage_block {
    struct tensor_view up, gate; /* [units, width]; gate missing in models without one */
    int expert;                  /* -1: the only block or the shared one */
};

struct lineage_layer {
    struct tensor_view
        parts[LINEAGE_ROLE_COUNT]; /* norms, q, k, v, qkv, o, gate, up, down as found */
    struct lineage_block *blocks;  /* [block_count], experts in order, the shared last */
    int block_count, block_cap;
};

struct lineage_model {
    struct tensor_view embed, out_norm;
    struct lineage_layer *layers; /* [layer_count] */
    int layer_count;
    int64_t width;       /* of the residual stream; 0: no layer told */
    size_t tensor_count; /* of the source */
    size_t other_count;  /* with names that no role has */
    size_t unread_count; /* of a role, in a number format that this build cannot decode */
    char unread_type[32];
    struct arena memory;
};

/* STATUS_LIMIT past the maxima above. A model without any known weight is no error: its counts say so. */
enum status lineage_model_read(struct lineage_model *ret, const struct source *source,
                               struct error *err);
enum status lineage_model_new(struct lineage_model *ret, int layer_count, struct error *err);
/* Adds the tensor `view` of that role to a layer (-1: none); `expert` of ONE_EXPERT roles, else -1. The first
 * of two with one role stays. */
enum status lineage_model_add(struct lineage_model *m, enum lineage_role role, int layer,
                              int expert, const struct tensor_view *view, struct error *err);
/* After the last tensor: cuts fused ones, orders blocks, names norms alike in both containers. */
enum status lineage_model_finish(struct lineage_model *m, struct error *err);
void lineage_model_release(struct lineage_model *m);

/* Role, layer and expert of a tensor's name; false for names without a role. */
bool lineage_role_of(struct span name, enum lineage_role *ret, int *ret_layer, int *ret_expert);
/* Units of the first layer that has any; blocks of the layer that has most. For reports. */
int64_t lineage_model_units(const struct lineage_model *m);
int lineage_model_experts(const struct lineage_model *m);

/* Decodes row `row` of a readable view into out [cols]. */
void lineage_row(float *out, const struct tensor_view *view, int64_t row);
bool lineage_readable(const struct tensor_view *view);

#endif
