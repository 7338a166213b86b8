/* Any bytes as a configuration, and then every question that lm asks.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The bytes are config.json, with generation_config.json behind a zero byte, or a GGUF file. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lm/format/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum status open_json(struct source **ret, const char *text, size_t size, struct error *err)
{
    const char *zero = memchr(text, 0, size);
    size_t len = zero ? (size_t)(zero - text) : size;
    struct span generation = { 0 };
    if (zero) generation = (struct span){ zero + 1, size - len - 1 };
    return source_open_texts(ret, (struct span){ text, len }, generation, err);
}

static enum status open_any(struct source **ret, const uint8_t *data, size_t size,
                            struct error *err)
{
    struct gguf *g;
    if (size < 4 || memcmp(data, "GGUF", 4) != 0)
        return open_json(ret, (const char *)data, size, err);
    enum status st = gguf_open_bytes(&g, data, size, "fuzz", err);
    if (!st && (st = source_open_gguf(ret, g, "fuzz", err))) gguf_close(g);
    return st;
}

static void ask(const struct config *c, struct config_key key)
{
    struct error err;
    int64_t n;
    double x;
    bool flag;
    const char *text;
    config_int(c, key, 1, 1000, &n, &err);
    config_int_or(c, key, -5, 5, 0, &n, &err);
    config_real_or(c, key, 0, 1, 0.5, &x, &err);
    config_bool_or(c, key, false, &flag, &err);
    if (!config_text_or_null(c, key, &text, &err) && text && strlen(text) > 4096 &&
        source_gguf(c->source))
        abort();
    for (int64_t i = -1; i < 3; i++) {
        config_int_at(c, key, i, 0, 10, 0, &n, &err);
        config_text_at(c, key, i, &text, &err);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct config_key keys[] = {
        { "num_hidden_layers", "block_count" },
        { "num_key_value_heads", "attention.head_count_kv" },
        { "rms_norm_eps", "attention.layer_norm_rms_epsilon" },
        { "tie_word_embeddings", ".x.flag" },
        { "layer_types", "layer_types" },
        { "rope_scaling.factor", ".tokenizer.ggml.tokens" },
        { "hidden_act", ".general.name" },
        { NULL, NULL },
    };
    static const char *const layers[] = { NULL, "full_attention", "sliding_attention" };
    struct source *s;
    struct config c;
    struct error err;
    struct rope_config rope;
    struct generation_config generation;
    if (open_any(&s, data, size, &err)) return 0;
    if (!config_init(&c, s, &err)) {
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
            ask(&c, keys[i]);
        for (size_t i = 0; i < 3; i++) {
            if (!config_rope(&c, layers[i], &rope, &err) && !(rope.theta >= 1)) abort();
        }
        if (!config_generation(&c, &generation, &err) && generation.eos_count > CONFIG_EOS_MAX)
            abort();
        config_dtype(&c);
        config_release(&c);
    }
    source_close(s);
    return 0;
}
