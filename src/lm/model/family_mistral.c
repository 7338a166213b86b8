/* Mistral 7B to Small: a Llama whose first versions attend within a window.
 * SPDX-License-Identifier: Apache-2.0
 *
 * sliding_window null means full attention. Mistral's GGUF files say "llama".  */
#include "lm/model/decoder.h"

#define WINDOW_WHEN_UNSAID 4096 /* the class default of transformers' MistralConfig */

static enum status mistral_read(struct decoder *d, const struct config *c, struct error *err)
{
    static const struct config_key window_key = { "sliding_window", NULL };
    const struct json *json = source_config_json(c->source);
    bool said = json_get(json, "sliding_window") || json_path(json, "text_config.sliding_window");
    int64_t window;
    enum status s = decoder_read(d, c, err);
    if (!s)
        s = config_int_or(c, window_key, 1, DECODER_CONTEXT_MAX, said ? 0 : WINDOW_WHEN_UNSAID,
                          &window, err);
    if (!s) s = decoder_read_windows(d, c, window, 0, err);
    return s;
}

static enum status mistral_record(struct plan *p, const struct config *config,
                                  const struct log *log, struct model_shape *ret_shape,
                                  struct value *ret_logits, struct error *err)
{
    return decoder_family_record(mistral_read, p, config, log, ret_shape, ret_logits, err);
}

static const char *const hf_names[] = { "MistralForCausalLM", NULL };
static const char *const gguf_names[] = { NULL };

const struct model_family family_mistral = {
    .name = "mistral",
    .hf_architectures = hf_names,
    .gguf_archs = gguf_names,
    .record = mistral_record,
    .ignored = decoder_ignored,
};
