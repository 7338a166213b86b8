/* What a model family is: the architectures it answers to, and how it records its plan.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A family file reads the configuration, names the weights and records the plan; it runs
 * nothing. One new file and one line in family_list.h add a family; loader, engine,
 * scheduler and backends know this struct and the plan only. */
#ifndef LM_MODEL_FAMILY_H
#define LM_MODEL_FAMILY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/core/log.h"
#include "base/core/status.h"
#include "lm/format/config.h"
#include "lm/plan/plan.h"

/* What every family says about itself once its configuration was read. */
struct model_shape {
    int64_t vocab_size; /* rows of the embedding, padding included */
    int64_t context;    /* positions the model was made for */
    int64_t layers, hidden;
    bool headless; /* made for its states: what stands for logits is the state itself, [hidden] */
};

struct model_family {
    const char *name;
    const char *const *hf_architectures; /* NULL-terminated; config.json: architectures[0] */
    const char *const *gguf_archs;       /* NULL-terminated; general.architecture */
    /* Reads `config` and records everything up to and including the logits, which it returns in
     * *ret_logits. Faults of weights stick to the plan; faults of the configuration are returned. */
    enum status (*record)(struct plan *p, const struct config *config, const struct log *log,
                          struct model_shape *ret_shape, struct value *ret_logits,
                          struct error *err);
    bool (*ignored)(struct span tensor_name); /* tensors that it knows and needs not; may be NULL */
};

/* The family of a configuration; "Qwen3Model" is Qwen3ForCausalLM without its head. STATUS_UNSUPPORTED names the architecture and lists what is supported. */
enum status family_find(const struct model_family **ret, const struct config *config,
                        struct error *err);
const struct model_family *family_at(int i); /* NULL past the end */

#endif
