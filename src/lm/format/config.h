/* A model's configuration, read with one vocabulary from config.json or GGUF keys.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A key is named twice: as in config.json (dotted for nesting, looked up in text_config
 * first where there is one) and as in GGUF (without the architecture prefix:
 * "attention.head_count"; a leading '.' means no prefix is added: ".general.alignment").
 * A value of the wrong kind or outside [min, max] is an error that names key, value and
 * range; never a default. Old and new spellings of config.json (torch_dtype/dtype,
 * rope_theta + rope_scaling / rope_parameters) are read by config_rope() and
 * config_dtype(), so that families never see them. */
#ifndef LM_FORMAT_CONFIG_H
#define LM_FORMAT_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/core/status.h"
#include "lm/format/source.h"

struct config_key {
    const char *hf;   /* NULL: not in config.json */
    const char *gguf; /* NULL: not in GGUF */
};

struct config {
    const struct source *source; /* borrowed */
    const char *arch;            /* architectures[0] or general.architecture; owned */
    const char *model_type;      /* model_type, or again the GGUF architecture; owned */
    struct config_texts *texts; /* terminated copies of GGUF strings; owned; NULL for config.json */
};

/* STATUS_BAD_INPUT when the source has no configuration or names no architecture. */
enum status config_init(struct config *ret, const struct source *source, struct error *err);
void config_release(struct config *c);

bool config_has(const struct config *c, struct config_key key); /* present and not null */

/* Required (STATUS_BAD_INPUT when missing) and optional (fallback when missing or null) forms.
 * A list where one number is due is accepted if all its items are equal. */
enum status config_int(const struct config *c, struct config_key key, int64_t min, int64_t max,
                       int64_t *ret, struct error *err);
enum status config_int_or(const struct config *c, struct config_key key, int64_t min, int64_t max,
                          int64_t fallback, int64_t *ret, struct error *err);
enum status config_real_or(const struct config *c, struct config_key key, double min, double max,
                           double fallback, double *ret, struct error *err);
enum status config_bool_or(const struct config *c, struct config_key key, bool fallback, bool *ret,
                           struct error *err);
/* NULL when missing; a terminated string owned by the source (HF) or valid until
 * config_release (GGUF). */
enum status config_text_or_null(const struct config *c, struct config_key key, const char **ret,
                                struct error *err);
/* Item i of a list of numbers, or the number itself where the value is a scalar; fallback when
 * missing. */
enum status config_int_at(const struct config *c, struct config_key key, int64_t i, int64_t min,
                          int64_t max, int64_t fallback, int64_t *ret, struct error *err);
/* Item i of a list of strings (layer_types); NULL when missing. */
enum status config_text_at(const struct config *c, struct config_key key, int64_t i,
                           const char **ret, struct error *err);

enum rope_scaling { ROPE_DEFAULT, ROPE_LINEAR, ROPE_DYNAMIC, ROPE_LLAMA3, ROPE_YARN };

/* RoPE parameters in one spelling. Sources: transformers modeling_rope_utils.py; YaRN
 * (arXiv 2309.00071). Fields that a kind does not use are zero. */
struct rope_config {
    enum rope_scaling scaling;
    double theta;                             /* base, default 10000 */
    double factor;                            /* linear, dynamic, llama3, yarn; >= 1 */
    double low_freq_factor, high_freq_factor; /* llama3 */
    double beta_fast, beta_slow;              /* yarn, defaults 32 and 1 */
    double attention_factor;                  /* yarn: multiplies cos and sin; already resolved */
    bool truncate;                            /* yarn: round the correction range, default true */
    int64_t original_context;     /* original_max_position_embeddings, or max_position_embeddings */
    double partial_rotary_factor; /* share of head_dim that rotates, default 1 */
};
/* `layer_type` picks a nested set of rope_parameters ("full_attention"), NULL where there is one
 * set. An unknown rope_type is STATUS_UNSUPPORTED and lists what is supported; so are GGUF files
 * with rope_factors_long.weight, which says longrope. rope_freqs.weight is the family's to read. */
enum status config_rope(const struct config *c, const char *layer_type, struct rope_config *ret,
                        struct error *err);

/* "bfloat16" ...; NULL when not said. */
const char *config_dtype(const struct config *c);

/* Sampling defaults and end tokens: generation_config.json wins over config.json for eos, and
 * the list is the union of both; GGUF: tokenizer.ggml.{bos,eos,eot,eom}_token_id. */
#define CONFIG_EOS_MAX 16
#define CONFIG_VOCAB_MAX \
    4000000 /* token ids are below it, and below vocab_size where that is known */
struct generation_config {
    int64_t bos_id; /* -1: none */
    int64_t eos_ids[CONFIG_EOS_MAX];
    int eos_count;
    bool has_sampling; /* do_sample or any of the fields below was given */
    double temperature, top_p, min_p, repetition_penalty; /* defaults 1, 1, 0, 1 */
    int64_t top_k;                                        /* 0: off */
};
enum status config_generation(const struct config *c, struct generation_config *ret,
                              struct error *err);

#endif
