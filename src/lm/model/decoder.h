/* The pre-norm transformer decoder that most dense families share.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A family fills a struct decoder from its configuration, with one descriptor per layer where
 * layers differ, and decoder_record() writes the plan:
 *
 *   x = embed(tokens)
 *   for each layer: x += Wo attention(rope(norm(Wq n(x))), ...);  x += Wdown (silu(Wgate n(x)) * Wup n(x))
 *   logits = Whead n(x)
 */
#ifndef LM_MODEL_DECODER_H
#define LM_MODEL_DECODER_H

#include <stdbool.h>
#include <stdint.h>

#include "lm/model/family.h"
#include "lm/model/rope.h"

#define DECODER_LAYERS_MAX  1024
#define DECODER_HIDDEN_MAX  (1 << 17)
#define DECODER_HEADS_MAX   4096
#define DECODER_VOCAB_MAX   (4 << 20)
#define DECODER_CONTEXT_MAX ((int64_t)1 << 28)

struct decoder_layer {
    int64_t window; /* 0: full attention; else keys j with p - window < j <= p */
    bool rope;      /* false: no rotation in this layer */
};

struct decoder {
    struct model_shape shape;
    int64_t heads, kv_heads, head_dim, ff;
    float eps;
    bool qk_norm;   /* RMS norm per head on q and k, before the rotation */
    bool tied_said; /* tie_word_embeddings as the configuration has it */
    struct rope_config rope;
    bool
        rope_adjacent; /* pairs (2i, 2i+1): the layout of q and k in GGUF files of the llama line */
    struct decoder_layer layers[DECODER_LAYERS_MAX];
};

/* Reads what all members share: sizes, heads, eps, RoPE, context. Every layer gets full attention with rotation. */
enum status decoder_read(struct decoder *ret, const struct config *config, struct error *err);
/* Sliding windows: layer_types where given; else all layers from `first` on when `window` is set. */
enum status decoder_read_windows(struct decoder *d, const struct config *config, int64_t window,
                                 int64_t first, struct error *err);
/* As the Qwen line states them: use_sliding_window, sliding_window, max_window_layers. */
enum status decoder_read_qwen_windows(struct decoder *d, const struct config *config,
                                      struct error *err);
/* The weights' presence decides on biases and on an untied head; without any head the states are returned. */
struct value decoder_record(struct plan *p, const struct decoder *d, const struct config *config,
                            const struct log *log, bool *ret_headless);

/* record() of a family whose configuration `read` puts into a struct decoder. */
typedef enum status decoder_read_fn(struct decoder *d, const struct config *config,
                                    struct error *err);
enum status decoder_family_record(decoder_read_fn *read, struct plan *p,
                                  const struct config *config, const struct log *log,
                                  struct model_shape *ret_shape, struct value *ret_logits,
                                  struct error *err);

/* Buffers that old checkpoints carry and nobody needs: rotary_emb.inv_freq. */
bool decoder_ignored(struct span tensor_name);

#endif
