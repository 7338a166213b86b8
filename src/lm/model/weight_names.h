/* Names of a decoder's weights in both containers.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LM_MODEL_WEIGHT_NAMES_H
#define LM_MODEL_WEIGHT_NAMES_H

#include <stddef.h>

#include "lm/format/source.h"

enum weight_name {
#define WEIGHT(name, hf, gguf) WEIGHT_##name,
#include "lm/model/weight_name_list.h"
#undef WEIGHT
    WEIGHT_NAME_COUNT
};

#define WEIGHT_NAME_BYTES 192

/* How this source spells names: its container and, for wrapped models, a prefix. */
struct weight_naming {
    enum container container;
    const char *prefix; /* replaces the leading "model." of Hugging Face names; "" in GGUF */
};

/* Finds the prefix ("model.", "model.language_model.", "language_model.model.", "") by the embedding's name. */
struct weight_naming weight_naming_of(const struct source *source);

/* "model.layers.3.self_attn.q_proj" + ".weight"; layer is ignored by names without one. */
void weight_name(char out[WEIGHT_NAME_BYTES], const struct weight_naming *naming,
                 enum weight_name name, int layer, const char *suffix);

#endif
