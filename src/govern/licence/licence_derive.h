/* The licence of a model that was made from others: the union over its graph.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Whatever carries weights over (fine-tuning, adapters, quantization, merging, pruning, upcycling) inherits
 * everything from every parent. A model trained on outputs inherits what the teacher's licence says about
 * outputs. What a model claims beyond that is a finding, not a resolution: an "Apache-2.0" merge of a
 * Llama and a research model keeps both. Nodes are borrowed; no state. */
#ifndef GOVERN_LICENCE_LICENCE_DERIVE_H
#define GOVERN_LICENCE_LICENCE_DERIVE_H

#include "govern/licence/licence.h"

enum derivation {
    DERIVED_FINETUNE,
    DERIVED_ADAPTER,
    DERIVED_QUANTIZED,
    DERIVED_MERGE,
    DERIVED_PRUNED,
    DERIVED_UPCYCLED,
    DERIVED_DISTILLED
};
const char *derivation_name(enum derivation d);
/* From a card's base_model_relation; a word that is not known is a fine-tune, the strictest reading. */
enum derivation derivation_of(struct span word);

#define DERIVE_NODES_MAX   64
#define DERIVE_PARENTS_MAX 16

struct licence_node {
    const char *name;                  /* for messages */
    const struct licence_facts *facts; /* of its own licence; NULL: it has none, or none is known */
    bool claims;                       /* it claims some licence, known or not */
    int parents[DERIVE_PARENTS_MAX];   /* indices of nodes */
    enum derivation kinds[DERIVE_PARENTS_MAX];
    int parent_count;
};

/* Judges nodes[of] with all its ancestors for the use. STATUS_BAD_INPUT where an index leads nowhere; a
 * graph with a circle is walked once round. */
enum status licence_derive(struct licence_verdict *ret, const struct licence_node *nodes, int count,
                           int of, const struct licence_use *use, struct error *err);

/* In what `a` gives more than `b`: few words, or NULL where it gives no more. */
const char *licence_more_permissive(const struct licence_facts *a, const struct licence_facts *b);

#endif
