/* What two configurations have in common: reported, never scored.
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "govern/lineage/lineage_inner.h"
#include "lm/format/config.h"

/* Sizes that families share by convention say little; odd ones (a width of 5,120 with 13,696 units) more. */
static const struct {
    const char *name;
    struct config_key key;
} keys[] = {
    { "width", { "hidden_size", "embedding_length" } },
    { "layers", { "num_hidden_layers", "block_count" } },
    { "heads", { "num_attention_heads", "attention.head_count" } },
    { "key-value heads", { "num_key_value_heads", "attention.head_count_kv" } },
    { "units", { "intermediate_size", "feed_forward_length" } },
    { "vocabulary", { "vocab_size", "vocab_size" } },
    { "norm epsilon", { "rms_norm_eps", "attention.layer_norm_rms_epsilon" } },
};
#define KEYS (sizeof keys / sizeof *keys)

static_assert(KEYS + 3 == LINEAGE_FACTS, "a fact for each key, and three of other origin");

/* NaN: not said. */
static double number_of(const struct config *c, struct config_key key)
{
    double v;
    if (!config_has(c, key) || config_real_or(c, key, -1e300, 1e300, NAN, &v, NULL)) return NAN;
    return v;
}

static double rope_base(const struct config *c)
{
    struct rope_config rope;
    return config_rope(c, NULL, &rope, NULL) ? NAN : rope.theta;
}

static bool ends_with(struct span name, const char *end)
{
    size_t len = strlen(end);
    return name.len >= len && memcmp(name.data + name.len - len, end, len) == 0;
}

/* Whether any tensor's name ends so. */
static double has_tensor(const struct lineage_side *s, const char *hf, const char *gguf)
{
    bool is_gguf = source_container(s->source) == CONTAINER_GGUF;
    if (!s->tensor_count) return NAN;
    for (size_t i = 0; i < s->tensor_count; i++)
        if (ends_with(s->tensors[i].name, is_gguf ? gguf : hf)) return 1;
    return 0;
}

static void read_side(double ret[LINEAGE_FACTS], const struct lineage_side *s)
{
    struct config c;
    bool has_config = !config_init(&c, s->source, NULL);
    for (size_t i = 0; i < KEYS; i++)
        ret[i] = has_config ? number_of(&c, keys[i].key) : NAN;
    ret[KEYS] = has_config ? rope_base(&c) : NAN;
    ret[KEYS + 1] = has_tensor(s, "q_proj.bias", "attn_q.bias");
    ret[KEYS + 2] = has_tensor(s, "lm_head.weight", "output.weight");
    if (has_config) config_release(&c);
}

void lineage_facts_compare(struct lineage *l)
{
    double a[LINEAGE_FACTS], b[LINEAGE_FACTS];
    static const char *const others[] = { "rotary base", "bias of q", "head of its own" };
    read_side(a, &l->a);
    read_side(b, &l->b);
    for (size_t i = 0; i < LINEAGE_FACTS; i++) {
        l->facts[i] =
            (struct lineage_fact){ i < KEYS ? keys[i].name : others[i - KEYS], a[i], b[i] };
        if (isnan(a[i]) || isnan(b[i])) continue;
        l->facts_told++;
        /* Files store floats of different width. */
        l->facts_equal += fabs(a[i] - b[i]) <= 1e-6 * fabs(a[i]);
    }
}
