/* RoPE: rotation frequencies of a configuration.
 * SPDX-License-Identifier: Apache-2.0
 *
 * RoFormer (arXiv 2104.09864); scaling as transformers modeling_rope_utils.py computes it, in float32
 * where it does. */
#ifndef LM_MODEL_ROPE_H
#define LM_MODEL_ROPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/core/status.h"
#include "lm/format/config.h"
#include "lm/plan/plan.h"

#define ROPE_DIM_MAX 1024

/* Fills `params` for heads of head_dim; inv_freq is the caller's [ROPE_DIM_MAX / 2] and is pointed to by params. */
enum status rope_params_init(struct rope_params *params, float *inv_freq,
                             const struct rope_config *config, int64_t head_dim, bool adjacent,
                             struct error *err);
/* Divides each frequency, as GGUF's rope_freqs.weight [rot / 2] asks for. */
void rope_params_divide(struct rope_params *params, float *inv_freq, const float *divisors);

#endif
