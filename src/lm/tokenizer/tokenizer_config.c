/* tokenizer_config.json: added tokens, the tokens around a text, the chat template.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lm/tokenizer/tokenizer_load.h"

const char *config_tokenizer_class(const struct json *config)
{
    return json_text(json_get(config, "tokenizer_class"));
}

/* A token is given as its text or as an object with its content. */
static struct span token_text(const struct json *v)
{
    struct span text = json_string(v);
    return text.data ? text : json_string(json_get(v, "content"));
}

static int strip_flags(const struct json *token)
{
    return (json_bool(json_get(token, "lstrip"), false) ? TOKEN_STRIP_LEFT : 0) |
           (json_bool(json_get(token, "rstrip"), false) ? TOKEN_STRIP_RIGHT : 0) |
           (json_bool(json_get(token, "single_word"), false) ? TOKEN_SINGLE_WORD : 0);
}

/* Whether the token's bytes are `text`, be it literal or in the vocabulary's spelling. */
static bool same_text(const struct tokenizer *t, int32_t id, struct span text)
{
    struct span there = vocab_bytes(&t->vocab, id);
    if (there.len == text.len && !memcmp(there.data, text.data, text.len)) return true;
    struct buf spelled = BUF_INIT(VOCAB_PIECE_BYTES_MAX * 4);
    bool literal, same = t->model != MODEL_BYTE_BPE || byte_alphabet_append(&spelled, text);
    if (t->vocab.tokens[id].kind == TOKEN_BYTE) {
        int byte = byte_token_value(text);
        if (byte >= 0) buf_byte(&spelled, (char)byte);
    } else if (t->blank_mark) {
        blank_mark_append(&spelled, text, &literal);
    }
    same = same && spelled.len == there.len && spelled.len &&
           !memcmp(spelled.data, there.data, there.len);
    buf_release(&spelled);
    return same;
}

static void make_control(struct tokenizer *t, int32_t id)
{
    struct token *k = &t->vocab.tokens[id];
    if (k->kind == TOKEN_BYTE || k->kind == TOKEN_UNKNOWN) return;
    k->kind = TOKEN_CONTROL;
    k->flags &= (uint8_t) ~(TOKEN_MATCHES | TOKEN_WHOLE);
}

static enum status load_one(struct tokenizer *t, int64_t id, const struct json *token,
                            bool keep_flags, struct error *err)
{
    struct span text = token_text(token);
    bool special = json_bool(json_get(token, "special"), false);
    if (!text.data)
        return error_set(err, STATUS_BAD_INPUT, "added token %lld has no content", (long long)id);
    if (!vocab_has(&t->vocab, id)) return load_added(t, id, text, special, strip_flags(token), err);
    if (!same_text(t, (int32_t)id, text)) {
        struct span there = vocab_bytes(&t->vocab, (int32_t)id);
        return error_set(err, STATUS_BAD_INPUT,
                         "token %lld is '%.*s' there, but '%.*s' in the vocabulary", (long long)id,
                         (int)(text.len < 60 ? text.len : 60), text.data,
                         (int)(there.len < 60 ? there.len : 60), there.data);
    }
    if (special) make_control(t, (int32_t)id);
    if (!keep_flags) t->vocab.tokens[id].flags |= (uint8_t)strip_flags(token);
    return STATUS_OK;
}

enum status load_config_tokens(struct tokenizer *t, const struct json *config, bool keep_flags,
                               struct error *err)
{
    const struct json *added = json_get(config, "added_tokens_decoder");
    const struct json *more = json_get(config, "additional_special_tokens");
    enum status status = STATUS_OK;
    for (struct json_member m = json_first(added); m.value && !status; m = json_next(added, m)) {
        int64_t id;
        if (!text_number(m.key, &id))
            return error_set(err, STATUS_BAD_INPUT, "tokenizer_config.json: '%.*s' is no token id",
                             (int)(m.key.len < 40 ? m.key.len : 40), m.key.data);
        status = load_one(t, id, m.value, keep_flags, err);
    }
    if (status) return error_wrap(err, status, "tokenizer_config.json, added_tokens_decoder");
    status = vocab_index(&t->vocab, err);
    for (size_t i = 0; i < json_length(more) && !status; i++) {
        struct span text = token_text(json_at(more, i));
        int32_t id = text.data && text.len ? load_find(t, text) : -1;
        if (id >= 0) make_control(t, id);
    }
    return status;
}

static enum status load_end(struct tokenizer *t, const struct json *v, const char *key,
                            int32_t *ret, struct error *err)
{
    struct span text = token_text(v);
    if (!text.data || !text.len) return STATUS_OK;
    int32_t id = load_find(t, text);
    if (id < 0)
        return error_set(err, STATUS_BAD_INPUT,
                         "tokenizer_config.json: %s '%.*s' is not in the vocabulary", key,
                         (int)(text.len < 60 ? text.len : 60), text.data);
    *ret = id;
    return STATUS_OK;
}

enum status load_config_ends(struct tokenizer *t, const struct json *config, struct error *err)
{
    enum status status = load_end(t, json_get(config, "bos_token"), "bos_token", &t->bos, err);
    if (!status) status = load_end(t, json_get(config, "eos_token"), "eos_token", &t->eos, err);
    t->adds_bos = json_bool(json_get(config, "add_bos_token"), t->adds_bos);
    t->adds_eos = json_bool(json_get(config, "add_eos_token"), t->adds_eos);
    return status;
}

enum status load_config_template(struct tokenizer *t, const struct json *config, struct error *err)
{
    const struct json *v = json_get(config, "chat_template");
    struct span text = json_string(v);
    for (size_t i = 0; i < json_length(v) && !text.data && json_type(v) == JSON_ARRAY; i++) {
        struct span name = json_string(json_get(json_at(v, i), "name"));
        if (name.data && span_equals(name, "default"))
            text = json_string(json_get(json_at(v, i), "template"));
    }
    if (!text.data) return STATUS_OK;
    buf_clear(&t->chat_template);
    buf_append(&t->chat_template, text.data, text.len);
    t->has_chat_template = true;
    return buf_check(&t->chat_template, "the chat template", err);
}
