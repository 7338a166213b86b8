/* Random models in memory, and copies of them: what the tests are tried on.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A random model has Gaussian weights, norms with outlier dimensions that all its layers share (as trained
 * models have), and sizes that grow with depth alike in every model: what independent models have in common.
 * All numbers come from the generator that is given, so a seed names a model. */
#ifndef GOVERN_LINEAGE_LINEAGE_SYNTHETIC_H
#define GOVERN_LINEAGE_LINEAGE_SYNTHETIC_H

#include "govern/lineage/lineage_model.h"
#include "govern/lineage/lineage_random.h"

enum synthetic_copy {
#define COPY(symbol, name, words) SYNTHETIC_##symbol,
#include "govern/lineage/lineage_copy_list.h"
#undef COPY
    SYNTHETIC_COPY_COUNT
};
const char *synthetic_copy_name(enum synthetic_copy kind);
const char *synthetic_copy_words(enum synthetic_copy kind);

struct synthetic_shape {
    int layers, width, units, experts, vocab; /* units of one block; experts 0: one dense block */
};

struct synthetic {
    struct synthetic_shape shape;
    float *weights; /* owned; the model's views point into it */
    size_t count;
    struct lineage_model model;
};

enum status synthetic_new(struct synthetic *ret, struct synthetic_shape shape, struct pcg32 *g,
                          struct error *err);
/* `noise` is relative to the weights' own spread; it is added in all kinds. */
enum status synthetic_copy(struct synthetic *ret, const struct synthetic *from,
                           enum synthetic_copy kind, double noise, struct pcg32 *g,
                           struct error *err);
void synthetic_release(struct synthetic *s);

/* [width] for norms, [units * width] row by row for up and gate. */
float *synthetic_norm(const struct synthetic *s, int layer, int which); /* 0 attention, 1 ffn */
float *synthetic_up(const struct synthetic *s, int layer, int expert);
float *synthetic_gate(const struct synthetic *s, int layer, int expert);

#endif
