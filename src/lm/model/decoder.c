/* The shared decoder: recording its plan.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/model/decoder.h"

#include <math.h>
#include <string.h>

#include "base/core/mem.h"
#include "lm/model/weight_names.h"
#include "math/quants/quant.h"

/* What recording needs at hand. */
struct recorder {
    struct plan *plan;
    const struct decoder *d;
    const struct source *source;
    struct weight_naming naming;
    struct rope_table rope;
};

static int vector(const struct recorder *r, enum weight_name name, int layer, int64_t count)
{
    char text[WEIGHT_NAME_BYTES];
    weight_name(text, &r->naming, name, layer, ".weight");
    return plan_vector(r->plan, text, count);
}

/* Matrix [rows, cols] and its bias, where the file has one. */
static struct linear linear(const struct recorder *r, enum weight_name name, int layer,
                            int64_t rows, int64_t cols)
{
    char text[WEIGHT_NAME_BYTES];
    struct linear w = { .rows = rows };
    weight_name(text, &r->naming, name, layer, ".weight");
    w.weight = plan_matrix(r->plan, text, rows, cols);
    weight_name(text, &r->naming, name, layer, ".bias");
    w.bias = plan_vector_if_there(r->plan, text, rows);
    return w;
}

static struct value record_attention(const struct recorder *r, struct value h, int i)
{
    const struct decoder *d = r->d;
    int64_t q_rows = d->heads * d->head_dim, kv_rows = d->kv_heads * d->head_dim;
    struct head_shape shape = { d->heads, d->kv_heads, d->head_dim };
    struct rope_table none = { .cos = { NO_VALUE, 0 }, .sin = { NO_VALUE, 0 } };
    int q_norm = NO_WEIGHT, k_norm = NO_WEIGHT;
    struct value qkv[LINEAR_PARTS_MAX];
    struct linear parts[LINEAR_PARTS_MAX] = {
        linear(r, WEIGHT_ATTN_Q, i, q_rows, d->shape.hidden),
        linear(r, WEIGHT_ATTN_K, i, kv_rows, d->shape.hidden),
        linear(r, WEIGHT_ATTN_V, i, kv_rows, d->shape.hidden),
    };
    if (d->qk_norm) {
        q_norm = vector(r, WEIGHT_ATTN_Q_NORM, i, d->head_dim);
        k_norm = vector(r, WEIGHT_ATTN_K_NORM, i, d->head_dim);
    }
    plan_linear_parts(r->plan, h, LINEAR_PARTS_MAX, parts, qkv);
    plan_head_norm_rope(r->plan, qkv[0], qkv[1], shape, q_norm, k_norm, d->eps,
                        d->layers[i].rope ? r->rope : none);
    return plan_attention(r->plan, qkv[0], qkv[1], qkv[2], shape, d->layers[i].window,
                          1.0f / sqrtf((float)d->head_dim));
}

static void record_layer(const struct recorder *r, struct value x, int i)
{
    const struct decoder *d = r->d;
    int64_t hidden = d->shape.hidden;
    struct value h = plan_rms_norm(r->plan, x, vector(r, WEIGHT_ATTN_NORM, i, hidden), d->eps);
    struct value a = record_attention(r, h, i);
    plan_add_linear(r->plan, x, a, linear(r, WEIGHT_ATTN_OUT, i, hidden, d->heads * d->head_dim));

    h = plan_rms_norm(r->plan, x, vector(r, WEIGHT_FFN_NORM, i, hidden), d->eps);
    struct linear gate = linear(r, WEIGHT_FFN_GATE, i, d->ff, hidden);
    struct value g = plan_glu(r->plan, h, gate, linear(r, WEIGHT_FFN_UP, i, d->ff, hidden));
    plan_add_linear(r->plan, x, g, linear(r, WEIGHT_FFN_DOWN, i, hidden, d->ff));
}

/* GGUF files of Llama 3.1 and later carry the scaled frequencies as divisors, in place of parameters. */
static void divide_by_file(const struct recorder *r, struct rope_params *params, float *inv_freq)
{
    struct tensor_view view;
    float divisors[ROPE_DIM_MAX / 2];
    if (r->naming.container != CONTAINER_GGUF || !source_has_tensor(r->source, "rope_freqs.weight"))
        return;
    struct error err;
    if (source_tensor(r->source, "rope_freqs.weight", &view, &err)) {
        plan_fail(r->plan, err.status, "%s", err.text);
        return;
    }
    if (view.dims != 1 || view.cols != params->rot / 2 || view.type != QUANT_F32) {
        plan_fail(r->plan, STATUS_BAD_INPUT,
                  "rope_freqs.weight should hold %lld numbers of type F32",
                  (long long)params->rot / 2);
        return;
    }
    quant_of(view.type)->decode(divisors, view.data, (size_t)view.cols);
    rope_params_divide(params, inv_freq, divisors);
}

static void record_rope(struct recorder *r)
{
    float inv_freq[ROPE_DIM_MAX / 2];
    struct rope_params params;
    struct error err;
    if (rope_params_init(&params, inv_freq, &r->d->rope, r->d->head_dim, r->d->rope_adjacent,
                         &err)) {
        plan_fail(r->plan, err.status, "%s", err.text);
        return;
    }
    divide_by_file(r, &params, inv_freq);
    r->rope = plan_rope_table(r->plan, &params);
}

/* A head of its own where the file has one; else the embedding serves, as the reference ties them. */
static struct linear record_head(const struct recorder *r, const struct log *log)
{
    char name[WEIGHT_NAME_BYTES];
    int64_t vocab = r->d->shape.vocab_size, hidden = r->d->shape.hidden;
    weight_name(name, &r->naming, WEIGHT_HEAD, 0, ".weight");
    bool own = source_has_tensor(r->source, name);
    if (r->naming.container == CONTAINER_HF && own == r->d->tied_said) {
        log_write(log, LOG_WARN, "model",
                  "tie_word_embeddings is %s, but the file has %s '%s'; the file decides",
                  r->d->tied_said ? "true" : "false", own ? "a tensor" : "no tensor", name);
    }
    return linear(r, own ? WEIGHT_HEAD : WEIGHT_EMBED, 0, vocab, hidden);
}

/* Embedders are saved as the model under the head: by its class, or with bare names and no tensor for a
 * head that is said to be its own. Logits of another matrix would be made up. */
static bool is_headless(const struct recorder *r, const struct config *config)
{
    static const struct config_key tied_key = { "tie_word_embeddings", NULL };
    static const char base[] = "Model";
    char name[WEIGHT_NAME_BYTES];
    size_t len = strlen(config->arch), end = sizeof base - 1;
    weight_name(name, &r->naming, WEIGHT_HEAD, 0, ".weight");
    if (r->naming.container != CONTAINER_HF || source_has_tensor(r->source, name)) return false;
    return (len > end && strcmp(config->arch + len - end, base) == 0) ||
           (!*r->naming.prefix && config_has(config, tied_key) && !r->d->tied_said);
}

struct value decoder_record(struct plan *p, const struct decoder *d, const struct config *config,
                            const struct log *log, bool *ret_headless)
{
    char name[WEIGHT_NAME_BYTES];
    struct recorder r = {
        .plan = p,
        .d = d,
        .source = config->source,
        .naming = weight_naming_of(config->source),
    };
    weight_name(name, &r.naming, WEIGHT_EMBED, 0, ".weight");
    int table = plan_table(p, name, d->shape.vocab_size, d->shape.hidden);
    struct value x = plan_embed(p, table, d->shape.hidden);
    record_rope(&r);
    for (int i = 0; i < d->shape.layers && !plan_failed(p); i++)
        record_layer(&r, x, i);

    struct value last = plan_gather(p, x);
    struct value h =
        plan_rms_norm(p, last, vector(&r, WEIGHT_OUT_NORM, 0, d->shape.hidden), d->eps);
    plan_keep_hidden(p, h);
    if ((*ret_headless = is_headless(&r, config))) return h;
    return plan_linear(p, h, record_head(&r, log));
}

enum status decoder_family_record(decoder_read_fn *read, struct plan *p,
                                  const struct config *config, const struct log *log,
                                  struct model_shape *ret_shape, struct value *ret_logits,
                                  struct error *err)
{
    struct decoder *d = mem_zero(sizeof *d);
    if (!d) return error_set(err, STATUS_NO_MEMORY, "no memory for the model's description");
    enum status s = read(d, config, err);
    if (!s) {
        *ret_logits = decoder_record(p, d, config, log, &d->shape.headless);
        *ret_shape = d->shape;
    }
    mem_free(d);
    return s;
}

bool decoder_ignored(struct span name)
{
    static const char
        *const ends[] = { "rotary_emb.inv_freq", "rope_freqs.weight",
                          "cls.output.weight" /* a reranker's, read where it scores */ };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t len = strlen(ends[i]);
        if (name.len >= len && memcmp(name.data + name.len - len, ends[i], len) == 0) return true;
    }
    return false;
}
