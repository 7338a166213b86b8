/* Logits to a token: penalties, bias, filters, a seeded draw, log probabilities.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Order of operations, on a copy of the logits: tokens that a constraint forbids; logit bias; repetition penalty (divides positive,
 * multiplies negative logits of tokens seen, as in CTRL, arXiv 1909.05858); presence and frequency
 * penalties (subtracted, OpenAI's formula); temperature; top-k; top-p (smallest set whose
 * probability reaches p, arXiv 1904.09751); min-p (keep p >= min_p * max p, arXiv 2407.01082); draw.
 * temperature 0 is greedy: the arg max after bias and penalties, ties to the lower id.
 *
 * The generator is PCG-XSH-RR 64/32 (O'Neill, 2014) with state from splitmix64(seed), as random.h
 * says; one draw per token is 32 bits mapped to [0,1): u = r * 2^-32, walking candidates from most
 * to least probable (ties to the lower id); greedy draws nothing. Same logits, options, seed and history give the same token on every machine.
 * A sampler belongs to one session; it allocates only in sampler_new. */
#ifndef LM_SAMPLE_SAMPLE_H
#define LM_SAMPLE_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/status.h"

struct logit_bias {
    int32_t id;
    float bias; /* added; -INFINITY forbids */
};

#define SAMPLE_BIAS_MAX         1024
#define SAMPLE_TOP_LOGPROBS_MAX 20

struct sample_options {
    float temperature;                         /* [0, 100] */
    int32_t top_k;                             /* 0: off */
    float top_p;                               /* (0, 1]; 1: off */
    float min_p;                               /* [0, 1); 0: off */
    float repetition_penalty;                  /* (0, 10]; 1: off */
    float presence_penalty, frequency_penalty; /* [-2, 2]; 0: off */
    const struct logit_bias *bias;             /* copied by sampler_new */
    size_t bias_count;
    uint64_t seed;
    int32_t penalty_window; /* last n tokens that penalties see; 0: all of the session */
};
extern const struct sample_options sample_options_greedy;  /* temperature 0, all else off */
extern const struct sample_options sample_options_default; /* temperature 1, all else off */

/* Says which option is out of range. */
enum status sample_options_check(const struct sample_options *o, struct error *err);

struct sampler;
enum status sampler_new(struct sampler **ret, const struct sample_options *o, int64_t vocab_size,
                        struct error *err);
void sampler_free(struct sampler *s);

struct token_logprob {
    int32_t id;
    float logprob;
};
struct sampled {
    int32_t id;
    float logprob; /* of id, from the unmodified logits (log softmax); NaN when not asked for */
    int top_count; /* of top[], most probable first, from the unmodified logits */
    struct token_logprob top[SAMPLE_TOP_LOGPROBS_MAX];
};

/* For top_logprobs: no probabilities at all, which saves a pass of exponentials over the vocabulary. */
#define SAMPLE_NO_LOGPROBS (-1)

/* Chooses from logits [vocab_size] (not changed). top_logprobs 0..SAMPLE_TOP_LOGPROBS_MAX, or
 * SAMPLE_NO_LOGPROBS. Entries at or past
 * `valid_count` (a padded vocabulary) are never chosen and have no probability. NaN or
 * infinity in the logits is STATUS_FAILED naming the first id; every token forbidden likewise. Does not record the choice. */
enum status sampler_pick(struct sampler *s, const float *logits, int64_t valid_count,
                         int top_logprobs, struct sampled *ret, struct error *err);
/* The same among the tokens whose bits are set in `allowed` [(valid_count + 63) / 64], bit id % 64 of
 * word id / 64 (constraint.h); NULL: all are. */
enum status sampler_pick_allowed(struct sampler *s, const float *logits, int64_t valid_count,
                                 const uint64_t *allowed, int top_logprobs, struct sampled *ret,
                                 struct error *err);
/* Tells the sampler that `id` is now part of the text. Tokens of the prompt count for the repetition
 * penalty only, as in transformers and vLLM: presence and frequency see what was generated. */
void sampler_accept(struct sampler *s, int32_t id);
void sampler_accept_prompt(struct sampler *s, int32_t id);

/* Log softmax of one entry over logits[0..count): double precision inside. */
double logprob_of(const float *logits, int64_t count, int32_t id);
int32_t logits_argmax(const float *logits, int64_t count);

#endif
