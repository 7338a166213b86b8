/* Qwen3 dense: RMS norm per head on q and k before the rotation, no biases.
 * SPDX-License-Identifier: Apache-2.0
 *
 * head_dim is stated and need not be hidden / heads.  */
#include "lm/model/decoder.h"

static enum status qwen3_read(struct decoder *d, const struct config *c, struct error *err)
{
    enum status s = decoder_read(d, c, err);
    if (!s) s = decoder_read_qwen_windows(d, c, err);
    d->qk_norm = true;
    return s;
}

static enum status qwen3_record(struct plan *p, const struct config *config, const struct log *log,
                                struct model_shape *ret_shape, struct value *ret_logits,
                                struct error *err)
{
    return decoder_family_record(qwen3_read, p, config, log, ret_shape, ret_logits, err);
}

static const char *const hf_names[] = { "Qwen3ForCausalLM", NULL };
static const char *const gguf_names[] = { "qwen3", NULL };

const struct model_family family_qwen3 = {
    .name = "qwen3",
    .hf_architectures = hf_names,
    .gguf_archs = gguf_names,
    .record = qwen3_record,
    .ignored = decoder_ignored,
};
