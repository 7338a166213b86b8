/* RoPE: rotation frequencies of a configuration.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/model/rope.h"

#include <math.h>

#define TWO_PI 6.283185307179586

static double plain_freq(double theta, int64_t i, int64_t rot)
{
    return 1.0 / pow(theta, 2.0 * (double)i / (double)rot);
}

/* Llama 3.1: long wavelengths are stretched by `factor`, short ones kept, blended between. */
static double llama3_freq(const struct rope_config *c, double freq)
{
    double context = (double)c->original_context, wavelength = TWO_PI / freq;
    if (wavelength < context / c->high_freq_factor) return freq;
    if (wavelength > context / c->low_freq_factor) return freq / c->factor;
    double smooth =
        (context / wavelength - c->low_freq_factor) / (c->high_freq_factor - c->low_freq_factor);
    return (1.0 - smooth) * freq / c->factor + smooth * freq;
}

/* YaRN, formula for the dimension that turns `rotations` times over the original context. */
static double yarn_dim(const struct rope_config *c, double rotations, int64_t rot)
{
    return (double)rot * log((double)c->original_context / (rotations * TWO_PI)) /
           (2.0 * log(c->theta));
}

/* Share of the plain (extrapolated) frequency at pair i: 1 below the range, 0 above it. */
static double yarn_keep(const struct rope_config *c, int64_t i, int64_t rot)
{
    double low = yarn_dim(c, c->beta_fast, rot), high = yarn_dim(c, c->beta_slow, rot);
    if (c->truncate) {
        low = floor(low);
        high = ceil(high);
    }
    low = low < 0 ? 0 : low;
    high = high > (double)(rot - 1) ? (double)(rot - 1) : high;
    if (low == high) high += 0.001;
    double ramp = ((double)i - low) / (high - low);
    return 1.0 - (ramp < 0 ? 0 : ramp > 1 ? 1 : ramp);
}

static double scaled_freq(const struct rope_config *c, int64_t i, int64_t rot)
{
    double freq = plain_freq(c->theta, i, rot);
    switch (c->scaling) {
    case ROPE_LINEAR: return freq / c->factor;
    case ROPE_LLAMA3: return llama3_freq(c, freq);
    case ROPE_YARN: {
        double keep = yarn_keep(c, i, rot);
        return freq / c->factor * (1.0 - keep) + freq * keep;
    }
    case ROPE_DEFAULT:
    case ROPE_DYNAMIC: break;
    }
    return freq;
}

enum status rope_params_init(struct rope_params *params, float *inv_freq,
                             const struct rope_config *config, int64_t head_dim, bool adjacent,
                             struct error *err)
{
    int64_t rot = (int64_t)((double)head_dim * config->partial_rotary_factor);
    if (rot < 2 || rot % 2 || rot > head_dim || rot > ROPE_DIM_MAX) {
        return error_set(err, STATUS_BAD_INPUT,
                         "RoPE would rotate %lld of %lld dimensions of a head; it must be even, at "
                         "least 2 and at "
                         "most %d",
                         (long long)rot, (long long)head_dim, ROPE_DIM_MAX);
    }
    for (int64_t i = 0; i < rot / 2; i++)
        inv_freq[i] = (float)scaled_freq(config, i, rot);
    *params = (struct rope_params){
        .rot = rot,
        .inv_freq = inv_freq,
        .scale = 1.0f,
        .theta = config->theta,
        .original_context = config->original_context,
        .adjacent = adjacent,
    };
    if (config->scaling == ROPE_YARN) params->scale = (float)config->attention_factor;
    if (config->scaling == ROPE_DYNAMIC) params->dynamic_factor = config->factor;
    return STATUS_OK;
}

void rope_params_divide(struct rope_params *params, float *inv_freq, const float *divisors)
{
    for (int64_t i = 0; i < params->rot / 2; i++)
        inv_freq[i] /= divisors[i];
}
