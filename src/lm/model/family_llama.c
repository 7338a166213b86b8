/* Llama 1 to 3.3 and the models built alike: Yi, DeepSeek-LLM, InternLM3, SmolLM.
 * SPDX-License-Identifier: Apache-2.0
 *
 * GGUF converters permute the rows of q and k so that the rotation pairs neighbours; Hugging
 * Face files pair halves. The container decides. GGUF files of Mistral say "llama" too.  */
#include "lm/model/decoder.h"

static enum status llama_read(struct decoder *d, const struct config *c, struct error *err)
{
    static const struct config_key window_key = { NULL, "attention.sliding_window" };
    int64_t window;
    enum status s = decoder_read(d, c, err);
    if (!s) s = config_int_or(c, window_key, 0, DECODER_CONTEXT_MAX, 0, &window, err);
    if (!s) s = decoder_read_windows(d, c, window, 0, err);
    if (s) return s;
    d->rope_adjacent = source_container(c->source) == CONTAINER_GGUF;
    return STATUS_OK;
}

static enum status llama_record(struct plan *p, const struct config *config, const struct log *log,
                                struct model_shape *ret_shape, struct value *ret_logits,
                                struct error *err)
{
    return decoder_family_record(llama_read, p, config, log, ret_shape, ret_logits, err);
}

static const char *const hf_names[] = { "LlamaForCausalLM", "YiForCausalLM", "InternLM3ForCausalLM",
                                        NULL };
static const char *const gguf_names[] = { "llama", NULL };

const struct model_family family_llama = {
    .name = "llama",
    .hf_architectures = hf_names,
    .gguf_archs = gguf_names,
    .record = llama_record,
    .ignored = decoder_ignored,
};
