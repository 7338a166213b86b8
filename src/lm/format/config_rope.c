/* RoPE parameters from every spelling that config.json and GGUF have had.
 * SPDX-License-Identifier: Apache-2.0
 *
 * config.json, newer: rope_parameters = { rope_type, rope_theta, factor ... }, or one such set
 * for each layer type. Older: rope_theta beside rope_scaling = { type or rope_type, factor ... }.
 * GGUF: rope.freq_base and rope.scaling.*. The arithmetic of defaults is that of transformers
 * (modeling_rope_utils.py) and, for GGUF, of llama.cpp. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lm/format/config_value.h"

#define THETA_DEFAULT        10000.0
#define THETA_MAX            1e15
#define FACTOR_MAX           1e6
#define CONTEXT_MAX          ((int64_t)1 << 40)
#define SETS_MAX             64
#define PREFIX_BYTES         128
#define FIELD_BYTES          192
#define LAYER_TYPE_BYTES_MAX 60

/* Where the parameters stand: the path before each field's name, "" when there is no such set. */
struct rope_set {
    const struct config *c;
    char prefix[PREFIX_BYTES];
    struct error *err;
};

/* A field in the set, and its GGUF key; `out` holds the path while the key is in use. */
static struct config_key field(const struct rope_set *set, const char *hf, const char *gguf,
                               char out[FIELD_BYTES])
{
    if (!set->prefix[0] || !hf) return (struct config_key){ NULL, gguf };
    snprintf(out, FIELD_BYTES, "%s.%s", set->prefix, hf);
    return (struct config_key){ out, gguf };
}

static bool has(const struct rope_set *set, const char *hf, const char *gguf)
{
    char path[FIELD_BYTES];
    return config_has(set->c, field(set, hf, gguf, path));
}

static enum status real(const struct rope_set *set, const char *hf, const char *gguf, double min,
                        double max, double fallback, double *ret)
{
    char path[FIELD_BYTES];
    return config_real_or(set->c, field(set, hf, gguf, path), min, max, fallback, ret, set->err);
}

static enum status needed(const struct rope_set *set, const char *hf, const char *gguf, double min,
                          double max, double *ret)
{
    char path[FIELD_BYTES], name[CONFIG_KEY_NAME_BYTES];
    struct config_key key = field(set, hf, gguf, path);
    if (config_has(set->c, key)) return config_real_or(set->c, key, min, max, 0, ret, set->err);
    if (!key.hf) key.hf = hf;
    config_key_name(set->c, key, name);
    return error_set(set->err, STATUS_BAD_INPUT,
                     "%s is missing, which this kind of RoPE scaling needs", name);
}

static enum status context(const struct rope_set *set, const char *hf, const char *gguf,
                           int64_t fallback, int64_t *ret)
{
    char path[FIELD_BYTES];
    return config_int_or(set->c, field(set, hf, gguf, path), 1, CONTEXT_MAX, fallback, ret,
                         set->err);
}

static bool is_gguf(const struct rope_set *set)
{
    return source_gguf(set->c->source) != NULL;
}

/* ---- the kinds ---- */

static enum status read_factor(const struct rope_set *set, struct rope_config *r)
{
    return needed(set, "factor", "rope.scaling.factor", 1, FACTOR_MAX, &r->factor);
}

static enum status model_context(const struct rope_set *set, int64_t *ret)
{
    struct config_key key = { "max_position_embeddings", "context_length" };
    return config_int_or(set->c, key, 1, CONTEXT_MAX, 0, ret, set->err);
}

/* Inside the set, beside it (Phi 3), or the model's own. */
static enum status read_original(const struct rope_set *set, struct rope_config *r)
{
    struct config_key beside = { "original_max_position_embeddings", NULL };
    int64_t n = 0;
    enum status st = model_context(set, &n);
    if (!st) st = config_int_or(set->c, beside, 1, CONTEXT_MAX, n, &n, set->err);
    if (!st)
        st = context(set, "original_max_position_embeddings",
                     "rope.scaling.original_context_length", n, &n);
    if (!st && n == 0)
        st = error_set(
            set->err, STATUS_BAD_INPUT,
            "the RoPE scaling needs original_max_position_embeddings or max_position_embeddings");
    r->original_context = n;
    return st;
}

static enum status read_default(const struct rope_set *set, struct rope_config *r)
{
    return model_context(set, &r->original_context);
}

static enum status read_linear(const struct rope_set *set, struct rope_config *r)
{
    enum status st = read_factor(set, r);
    return st ? st : model_context(set, &r->original_context);
}

/* The base grows with the length past max_position_embeddings. HunYuan's variant with a fixed
 * `alpha` is another computation. */
static enum status read_dynamic(const struct rope_set *set, struct rope_config *r)
{
    enum status st;
    if (has(set, "alpha", NULL))
        return error_set(
            set->err, STATUS_UNSUPPORTED,
            "config.json: %s.alpha: dynamic RoPE scaling with a fixed alpha is not supported",
            set->prefix);
    if ((st = read_factor(set, r)) || (st = model_context(set, &r->original_context))) return st;
    if (r->original_context == 0)
        return error_set(set->err, STATUS_BAD_INPUT,
                         "dynamic RoPE scaling needs max_position_embeddings");
    return STATUS_OK;
}

static enum status read_llama3(const struct rope_set *set, struct rope_config *r)
{
    enum status st;
    if ((st = read_factor(set, r)) ||
        (st = needed(set, "low_freq_factor", NULL, 1e-6, FACTOR_MAX, &r->low_freq_factor)) ||
        (st = needed(set, "high_freq_factor", NULL, 1e-6, FACTOR_MAX, &r->high_freq_factor)) ||
        (st = read_original(set, r)))
        return st;
    if (r->high_freq_factor <= r->low_freq_factor)
        return error_set(
            set->err, STATUS_BAD_INPUT,
            "config.json: %s: high_freq_factor (%g) must be above low_freq_factor (%g)",
            set->prefix, r->high_freq_factor, r->low_freq_factor);
    return STATUS_OK;
}

static double yarn_scale(double factor, double mscale)
{
    return factor <= 1 ? 1.0 : 0.1 * mscale * log(factor) + 1.0;
}

/* Given, or from the factor; DeepSeek divides two of these (both keys must be there, not zero). */
static enum status yarn_attention_hf(const struct rope_set *set, struct rope_config *r)
{
    double mscale = 0, mscale_all_dim = 0;
    enum status st;
    if (has(set, "attention_factor", NULL))
        return real(set, "attention_factor", NULL, 1e-6, FACTOR_MAX, 1, &r->attention_factor);
    if ((st = real(set, "mscale", NULL, 0, FACTOR_MAX, 0, &mscale)) ||
        (st = real(set, "mscale_all_dim", NULL, 0, FACTOR_MAX, 0, &mscale_all_dim)))
        return st;
    if (mscale != 0 && mscale_all_dim != 0)
        r->attention_factor = yarn_scale(r->factor, mscale) / yarn_scale(r->factor, mscale_all_dim);
    else r->attention_factor = yarn_scale(r->factor, 1);
    return STATUS_OK;
}

/* llama.cpp computes the scale itself: attn_factor multiplies it, a logarithm multiplier divides
 * it (arch deepseek2 takes mscale to equal mscale_all_dim, so that nothing is left). The other
 * two keys are written with the value that changes nothing. */
static enum status yarn_attention_gguf(const struct rope_set *set, struct rope_config *r)
{
    double attention, multiplier, neutral, extrapolation;
    enum status st;
    if ((st = real(set, NULL, "rope.scaling.attn_factor", 1e-6, FACTOR_MAX, 1, &attention)) ||
        (st = real(set, NULL, "rope.scaling.yarn_log_multiplier", 0, FACTOR_MAX, 0, &multiplier)) ||
        (st = real(set, NULL, "rope.scaling.yarn_attn_factor", 0, FACTOR_MAX, 1, &neutral)) ||
        (st = real(set, NULL, "rope.scaling.yarn_ext_factor", -1, FACTOR_MAX, 1, &extrapolation)))
        return st;
    if (neutral != 1 || (extrapolation != 1 && extrapolation != -1))
        return error_set(set->err, STATUS_UNSUPPORTED,
                         "%s.rope.scaling.yarn_attn_factor and yarn_ext_factor are %g and %g; only "
                         "1 is supported",
                         set->c->arch, neutral, extrapolation);
    if (strcmp(set->c->arch, "deepseek2") == 0 && multiplier != 0) multiplier = 1;
    r->attention_factor = attention * yarn_scale(r->factor, 1);
    if (multiplier != 0) r->attention_factor /= yarn_scale(r->factor, multiplier);
    return STATUS_OK;
}

/* Without `factor`, transformers takes the ratio of the two context lengths. */
static enum status yarn_factor(const struct rope_set *set, struct rope_config *r)
{
    int64_t model = 0;
    enum status st = read_original(set, r);
    if (st) return st;
    if (has(set, "factor", "rope.scaling.factor")) return read_factor(set, r);
    if ((st = model_context(set, &model))) return st;
    if (model <= r->original_context) return read_factor(set, r);
    r->factor = (double)model / (double)r->original_context;
    return STATUS_OK;
}

static enum status read_yarn(const struct rope_set *set, struct rope_config *r)
{
    char path[FIELD_BYTES];
    enum status st;
    if ((st = yarn_factor(set, r)) ||
        (st = real(set, "beta_fast", "rope.scaling.yarn_beta_fast", 0, FACTOR_MAX, 32,
                   &r->beta_fast)) ||
        (st = real(set, "beta_slow", "rope.scaling.yarn_beta_slow", 0, FACTOR_MAX, 1,
                   &r->beta_slow)) ||
        (st = config_bool_or(set->c, field(set, "truncate", NULL, path), true, &r->truncate,
                             set->err)))
        return st;
    if (r->beta_fast == 0) r->beta_fast = 32; /* transformers: "or 32" */
    if (r->beta_slow == 0) r->beta_slow = 1;
    if (r->beta_fast < r->beta_slow)
        return error_set(set->err, STATUS_BAD_INPUT, "YaRN: beta_fast (%g) is below beta_slow (%g)",
                         r->beta_fast, r->beta_slow);
    return is_gguf(set) ? yarn_attention_gguf(set, r) : yarn_attention_hf(set, r);
}

static const struct {
    const char *name;
    enum rope_scaling scaling;
    enum status (*read)(const struct rope_set *set, struct rope_config *r);
    bool in_hf, in_gguf; /* where the name is known */
} kinds[] = {
    { "default", ROPE_DEFAULT, read_default, true, false },
    { "none", ROPE_DEFAULT, read_default, false, true },
    { "linear", ROPE_LINEAR, read_linear, true, true },
    { "dynamic", ROPE_DYNAMIC, read_dynamic, true, false },
    { "llama3", ROPE_LLAMA3, read_llama3, true, false },
    { "yarn", ROPE_YARN, read_yarn, true, true },
};

static enum status read_kind(const struct rope_set *set, const char *name, struct rope_config *r)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        bool known = is_gguf(set) ? kinds[i].in_gguf : kinds[i].in_hf;
        if (!known || strcmp(kinds[i].name, name) != 0) continue;
        r->scaling = kinds[i].scaling;
        return kinds[i].read(set, r);
    }
    return error_set(
        set->err, STATUS_UNSUPPORTED, "RoPE scaling \"%.60s\" is not supported; supported are %s",
        name, is_gguf(set) ? "none, linear and yarn" : "default, linear, dynamic, llama3 and yarn");
}

/* ---- config.json: finding the set and its kind ---- */

static const struct json *find_object(const struct config *c, const char *name,
                                      char prefix[PREFIX_BYTES])
{
    const struct json *root = source_config_json(c->source);
    const struct json *inner = json_get(json_get(root, "text_config"), name);
    const struct json *v = inner ? inner : json_get(root, name);
    snprintf(prefix, PREFIX_BYTES, inner ? "text_config.%s" : "%s", name);
    return v;
}

/* rope_parameters holds one set, or objects only: one set for each layer type. */
static bool is_nested(const struct json *sets)
{
    size_t objects = 0;
    for (struct json_member m = json_first(sets); m.value; m = json_next(sets, m))
        objects += json_type(m.value) == JSON_OBJECT;
    return objects > 0 && objects == json_length(sets);
}

static enum status pick_set(struct rope_set *set, const struct json *sets, const char *layer_type)
{
    size_t len = strlen(set->prefix);
    if (!is_nested(sets)) return STATUS_OK;
    if (!layer_type)
        return error_set(
            set->err, STATUS_UNSUPPORTED,
            "config.json: %s has a set for each layer type, where this architecture has one",
            set->prefix);
    if (strlen(layer_type) > LAYER_TYPE_BYTES_MAX || strchr(layer_type, '.') ||
        json_type(json_get(sets, layer_type)) != JSON_OBJECT)
        return error_set(set->err, STATUS_BAD_INPUT,
                         "config.json: %s has no set for layers of type %.80s", set->prefix,
                         layer_type);
    snprintf(set->prefix + len, sizeof set->prefix - len, ".%s", layer_type);
    return STATUS_OK;
}

static enum status find_set(struct rope_set *set, const char *layer_type)
{
    static const char *const names[] = { "rope_parameters", "rope_scaling" };
    for (size_t i = 0; i < 2; i++) {
        const struct json *v = find_object(set->c, names[i], set->prefix);
        if (json_type(v) == JSON_NULL) continue;
        if (json_type(v) != JSON_OBJECT || json_length(v) > SETS_MAX)
            return error_set(set->err, STATUS_BAD_INPUT,
                             "config.json: %s is not an object of at most %d members", set->prefix,
                             SETS_MAX);
        return pick_set(set, v, layer_type);
    }
    set->prefix[0] = 0;
    return STATUS_OK;
}

static enum status kind_hf(const struct rope_set *set, const char **ret)
{
    char path[FIELD_BYTES];
    const char *type = NULL, *rope_type = NULL;
    enum status st;
    if ((st = config_text_or_null(set->c, field(set, "type", NULL, path), &type, set->err)) ||
        (st = config_text_or_null(set->c, field(set, "rope_type", NULL, path), &rope_type,
                                  set->err)))
        return st;
    if (type && rope_type && strcmp(type, rope_type) != 0)
        return error_set(
            set->err, STATUS_UNSUPPORTED,
            "config.json: %s says type \"%.60s\" and rope_type \"%.60s\": which holds is not known",
            set->prefix, type, rope_type);
    if (!type && !rope_type && has(set, "factor", NULL))
        return error_set(set->err, STATUS_BAD_INPUT,
                         "config.json: %s has a factor, but no rope_type", set->prefix);
    *ret = rope_type ? rope_type : type ? type : "default";
    return STATUS_OK;
}

/* Old Gemma 3 files keep the base of the sliding-window layers beside the set, which is then
 * not theirs. */
static bool is_old_local(const struct rope_set *set, const char *layer_type)
{
    struct config_key local = { "rope_local_base_freq", NULL };
    return layer_type && strcmp(layer_type, "sliding_attention") == 0 &&
           strncmp(set->prefix, "rope_parameters", 15) != 0 && config_has(set->c, local);
}

static enum status rope_hf(struct rope_set *set, const char *layer_type, struct rope_config *r)
{
    struct config_key theta = { "rope_theta", NULL }, share = { "partial_rotary_factor", NULL };
    const char *kind = "default";
    enum status st = find_set(set, layer_type);
    if (st) return st;
    if (is_old_local(set, layer_type)) {
        theta.hf = "rope_local_base_freq";
        set->prefix[0] = 0;
    }
    if ((st = config_real_or(set->c, theta, 1, THETA_MAX, THETA_DEFAULT, &r->theta, set->err)) ||
        (st = real(set, "rope_theta", NULL, 1, THETA_MAX, r->theta, &r->theta)) ||
        (st = config_real_or(set->c, share, 0, 1, 1, &r->partial_rotary_factor, set->err)) ||
        (st = real(set, "partial_rotary_factor", NULL, 0, 1, r->partial_rotary_factor,
                   &r->partial_rotary_factor)) ||
        (st = kind_hf(set, &kind)))
        return st;
    return read_kind(set, kind, r);
}

/* ---- GGUF ---- */

/* Which share of a head rotates: rope.dimension_count over the head's size, where that is known. */
static enum status share_gguf(const struct rope_set *set, double *ret)
{
    struct config_key rotary = { NULL, "rope.dimension_count" },
                      length = { NULL, "attention.key_length" };
    struct config_key width = { NULL, "embedding_length" },
                      heads = { NULL, "attention.head_count" };
    int64_t turning = 0, head = 0, hidden = 0, count = 0;
    enum status st;
    if ((st = config_int_or(set->c, rotary, 0, INT32_MAX, 0, &turning, set->err)) ||
        (st = config_int_or(set->c, length, 1, INT32_MAX, 0, &head, set->err)))
        return st;
    *ret = 1;
    if (turning == 0) return STATUS_OK;
    if (head == 0) {
        if ((st = config_int_or(set->c, width, 1, INT32_MAX, 0, &hidden, set->err)) ||
            (st = config_int_or(set->c, heads, 1, INT32_MAX, 0, &count, set->err)))
            return st;
        head = count ? hidden / count : 0;
    }
    if (head > turning) *ret = (double)turning / (double)head;
    return STATUS_OK;
}

/* Without rope.scaling.type a factor means linear; rope.scale_linear is its older name. */
static enum status kind_gguf(const struct rope_set *set, const char **ret, double *ret_linear)
{
    double factor = 0;
    const char *kind = NULL;
    struct config_key type = { NULL, "rope.scaling.type" };
    enum status st;
    if ((st = config_text_or_null(set->c, type, &kind, set->err)) ||
        (st = real(set, NULL, "rope.scale_linear", 0, FACTOR_MAX, 0, &factor)) ||
        (st = real(set, NULL, "rope.scaling.factor", 0, FACTOR_MAX, factor, &factor)))
        return st;
    if (!kind) kind = factor == 0 || factor == 1 ? "none" : "linear";
    if (strcmp(kind, "linear") == 0 && factor == 0) kind = "none";
    *ret = kind;
    *ret_linear = factor;
    return STATUS_OK;
}

static enum status rope_gguf(struct rope_set *set, const char *layer_type, struct rope_config *r)
{
    const char *kind = "none";
    double factor = 0;
    enum status st;
    bool is_local = layer_type && strcmp(layer_type, "sliding_attention") == 0 &&
                    has(set, NULL, "rope.freq_base_swa");
    const char *base = is_local ? "rope.freq_base_swa" : "rope.freq_base";
    if ((st = real(set, NULL, base, 1, THETA_MAX, THETA_DEFAULT, &r->theta)) ||
        (st = share_gguf(set, &r->partial_rotary_factor)))
        return st;
    if (source_has_tensor(set->c->source, "rope_factors_long.weight")) kind = "longrope";
    else if (!is_local && (st = kind_gguf(set, &kind, &factor))) return st;
    if (strcmp(kind, "linear") == 0 && factor >= 1) { /* either of its two keys */
        r->scaling = ROPE_LINEAR;
        r->factor = factor;
        return model_context(set, &r->original_context);
    }
    return read_kind(set, kind, r);
}

enum status config_rope(const struct config *c, const char *layer_type, struct rope_config *ret,
                        struct error *err)
{
    struct rope_set set = { .c = c, .err = err };
    struct rope_config r = { .partial_rotary_factor = 1 };
    enum status st =
        is_gguf(&set) ? rope_gguf(&set, layer_type, &r) : rope_hf(&set, layer_type, &r);
    if (!st) *ret = r;
    return st;
}
