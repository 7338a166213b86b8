/* The shared decoder: its configuration.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "lm/model/decoder.h"

static const struct config_key key_layers = { "num_hidden_layers", "block_count" };
static const struct config_key key_hidden = { "hidden_size", "embedding_length" };
static const struct config_key key_ff = { "intermediate_size", "feed_forward_length" };
static const struct config_key key_heads = { "num_attention_heads", "attention.head_count" };
static const struct config_key key_kv_heads = { "num_key_value_heads", "attention.head_count_kv" };
static const struct config_key key_head_dim = { "head_dim", "attention.key_length" };
static const struct config_key key_value_dim = { NULL, "attention.value_length" };
static const struct config_key key_eps = { "rms_norm_eps", "attention.layer_norm_rms_epsilon" };
static const struct config_key key_context = { "max_position_embeddings", "context_length" };
static const struct config_key key_vocab = { "vocab_size", NULL };
static const struct config_key key_tied = { "tie_word_embeddings", NULL };
static const struct config_key key_act = { "hidden_act", NULL };
static const struct config_key key_layer_types = { "layer_types", NULL };
static const struct config_key key_experts = { "num_local_experts", "expert_count" };

static enum status read_heads(struct decoder *d, const struct config *c, struct error *err)
{
    int64_t value_dim, fallback;
    enum status s = config_int(c, key_heads, 1, DECODER_HEADS_MAX, &d->heads, err);
    if (!s) s = config_int_or(c, key_kv_heads, 1, DECODER_HEADS_MAX, d->heads, &d->kv_heads, err);
    if (s) return s;
    if (d->heads % d->kv_heads) {
        return error_set(err, STATUS_BAD_INPUT,
                         "%lld attention heads cannot share %lld key/value heads evenly",
                         (long long)d->heads, (long long)d->kv_heads);
    }
    fallback = d->shape.hidden / d->heads;
    s = config_int_or(c, key_head_dim, 1, ROPE_DIM_MAX, fallback, &d->head_dim, err);
    if (!s) s = config_int_or(c, key_value_dim, 1, ROPE_DIM_MAX, d->head_dim, &value_dim, err);
    if (s) return s;
    if (d->head_dim < 1 || d->head_dim > ROPE_DIM_MAX || value_dim != d->head_dim) {
        return error_set(err, STATUS_UNSUPPORTED,
                         "heads of %lld key and %lld value dimensions are not supported",
                         (long long)d->head_dim, (long long)value_dim);
    }
    return STATUS_OK;
}

/* Rows of the embedding: GGUF does not state them but by its token list or the tensor itself. */
static enum status read_vocab(struct decoder *d, const struct config *c, struct error *err)
{
    struct tensor_view embed;
    if (source_container(c->source) == CONTAINER_HF) {
        return config_int(c, key_vocab, 1, DECODER_VOCAB_MAX, &d->shape.vocab_size, err);
    }
    enum status s = source_tensor(c->source, "token_embd.weight", &embed, err);
    if (s) return s;
    struct gguf_value tokens;
    d->shape.vocab_size = embed.rows;
    if (gguf_find(source_gguf(c->source), "tokenizer.ggml.tokens", &tokens) &&
        tokens.count != (uint64_t)embed.rows) {
        return error_set(
            err, STATUS_BAD_INPUT,
            "the vocabulary has %llu tokens, but the embedding has %lld rows; the file is damaged",
            (unsigned long long)tokens.count, (long long)embed.rows);
    }
    return STATUS_OK;
}

static enum status read_activation(const struct config *c, struct error *err)
{
    const char *act;
    enum status s = config_text_or_null(c, key_act, &act, err);
    if (s) return s;
    if (act && strcmp(act, "silu") != 0 && strcmp(act, "swish") != 0) {
        return error_set(err, STATUS_UNSUPPORTED,
                         "the activation '%s' is not supported for this family, only silu", act);
    }
    return STATUS_OK;
}

static enum status refuse_experts(const struct config *c, struct error *err)
{
    int64_t experts;
    enum status s = config_int_or(c, key_experts, 0, 1 << 20, 0, &experts, err);
    if (s) return s;
    if (experts > 0) {
        return error_set(
            err, STATUS_UNSUPPORTED,
            "this is a mixture of %lld experts; of '%s' only dense models are supported",
            (long long)experts, c->arch);
    }
    return STATUS_OK;
}

static enum status read_sizes(struct decoder *d, const struct config *c, struct error *err)
{
    double eps;
    enum status s = config_int(c, key_layers, 1, DECODER_LAYERS_MAX, &d->shape.layers, err);
    if (!s) s = config_int(c, key_hidden, 1, DECODER_HIDDEN_MAX, &d->shape.hidden, err);
    if (!s) s = config_int(c, key_ff, 1, 8 * (int64_t)DECODER_HIDDEN_MAX, &d->ff, err);
    if (!s) s = config_int(c, key_context, 1, DECODER_CONTEXT_MAX, &d->shape.context, err);
    if (!s) s = config_real_or(c, key_eps, 0.0, 1.0, 1e-6, &eps, err);
    if (!s) s = config_bool_or(c, key_tied, false, &d->tied_said, err);
    if (s) return s;
    d->eps = (float)eps;
    return read_vocab(d, c, err);
}

enum status decoder_read(struct decoder *ret, const struct config *c, struct error *err)
{
    memset(ret, 0, sizeof *ret);
    enum status s = refuse_experts(c, err);
    if (!s) s = read_sizes(ret, c, err);
    if (!s) s = read_heads(ret, c, err);
    if (!s) s = read_activation(c, err);
    if (!s) s = config_rope(c, NULL, &ret->rope, err);
    if (s) return s;
    /* Dynamic NTK stretches with the sequence and states no end. */
    if (ret->rope.scaling == ROPE_DYNAMIC) ret->shape.context = DECODER_CONTEXT_MAX;
    for (int64_t i = 0; i < ret->shape.layers; i++)
        ret->layers[i].rope = true;
    return STATUS_OK;
}

enum status decoder_read_windows(struct decoder *d, const struct config *c, int64_t window,
                                 int64_t first, struct error *err)
{
    for (int64_t i = 0; i < d->shape.layers; i++) {
        const char *type;
        enum status s = config_text_at(c, key_layer_types, i, &type, err);
        if (s) return s;
        bool slides = type ? strcmp(type, "sliding_attention") == 0 : i >= first;
        if (type && !slides && strcmp(type, "full_attention") != 0) {
            return error_set(err, STATUS_UNSUPPORTED,
                             "layer_types[%lld] is '%s'; only full_attention and "
                             "sliding_attention are supported",
                             (long long)i, type);
        }
        d->layers[i].window = slides ? window : 0;
    }
    return STATUS_OK;
}

/* The class default of transformers' Qwen2Config and Qwen3Config. */
#define WINDOW_FIRST_UNSAID 28

enum status decoder_read_qwen_windows(struct decoder *d, const struct config *c, struct error *err)
{
    static const struct config_key use_key = { "use_sliding_window", NULL };
    static const struct config_key window_key = { "sliding_window", NULL };
    static const struct config_key first_key = { "max_window_layers", NULL };
    bool use;
    int64_t window, first;
    enum status s = config_bool_or(c, use_key, false, &use, err);
    if (!s) s = config_int_or(c, window_key, 1, DECODER_CONTEXT_MAX, 0, &window, err);
    if (!s)
        s = config_int_or(c, first_key, 0, DECODER_LAYERS_MAX, WINDOW_FIRST_UNSAID, &first, err);
    if (s) return s;
    return decoder_read_windows(d, c, use ? window : 0, first, err);
}
