/* Qwen1.5, Qwen2, Qwen2.5 dense: a Llama with biases on q, k and v.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rotation pairs halves in both containers. sliding_window counts only when
 * use_sliding_window is true, and then from layer max_window_layers on.  */
#include "lm/model/decoder.h"

static enum status qwen2_read(struct decoder *d, const struct config *c, struct error *err)
{
    enum status s = decoder_read(d, c, err);
    if (!s) s = decoder_read_qwen_windows(d, c, err);
    return s;
}

static enum status qwen2_record(struct plan *p, const struct config *config, const struct log *log,
                                struct model_shape *ret_shape, struct value *ret_logits,
                                struct error *err)
{
    return decoder_family_record(qwen2_read, p, config, log, ret_shape, ret_logits, err);
}

static const char *const hf_names[] = { "Qwen2ForCausalLM", NULL };
static const char *const gguf_names[] = { "qwen2", NULL };

const struct model_family family_qwen2 = {
    .name = "qwen2",
    .hf_architectures = hf_names,
    .gguf_archs = gguf_names,
    .record = qwen2_record,
    .ignored = decoder_ignored,
};
