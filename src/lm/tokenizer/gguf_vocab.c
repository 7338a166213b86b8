/* Tokenizers in GGUF metadata (tokenizer.ggml.*).
 * SPDX-License-Identifier: Apache-2.0
 *
 * Models: gpt2 (byte-level BPE with a named pre-tokenizer), llama (SentencePiece BPE by scores),
 * t5 (unigram). Token types: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte. */
#include <math.h>
#include <string.h>

#include "lm/tokenizer/tokenizer_load.h"

static enum status bad(struct error *err, const char *key, const char *what)
{
    return error_set(err, STATUS_BAD_INPUT, "GGUF key tokenizer.ggml.%s %s", key, what);
}

static bool find(const struct gguf *g, const char *name, struct gguf_value *ret)
{
    char key[96] = "tokenizer.ggml.";
    size_t len = strlen(name);
    if (len >= sizeof(key) - 16) return false;
    memcpy(key + 15, name, len + 1);
    return gguf_find(g, key, ret);
}

/* Optional keys; a value of the wrong kind is an error, never a default. */
static enum status read_bool(const struct gguf *g, const char *name, bool *ret, struct error *err)
{
    struct gguf_value v;
    if (!find(g, name, &v)) return STATUS_OK;
    return gguf_bool(&v, ret) ? STATUS_OK : bad(err, name, "is not a bool");
}

static enum status read_id(const struct gguf *g, const char *name, int64_t count, int32_t *ret,
                           struct error *err)
{
    struct gguf_value v;
    int64_t id;
    if (!find(g, name, &v)) return STATUS_OK;
    if (!gguf_int(&v, &id)) return bad(err, name, "is not a whole number");
    if (id == 0xFFFFFFFF || id == -1) return STATUS_OK; /* written for "none" */
    if (id < 0 || id >= count) return bad(err, name, "is outside the vocabulary");
    *ret = (int32_t)id;
    return STATUS_OK;
}

static enum status read_name(const struct gguf *g, const char *name, struct span *ret,
                             struct error *err)
{
    struct gguf_value v;
    *ret = (struct span){ NULL, 0 };
    if (!find(g, name, &v)) return STATUS_OK;
    return gguf_string(&v, ret) ? STATUS_OK : bad(err, name, "is not a string");
}

struct lists {
    struct gguf_value tokens, scores, types, merges;
    bool has_scores, has_types, has_merges;
};

static enum status find_lists(const struct gguf *g, struct lists *ret, struct error *err)
{
    *ret = (struct lists){ .has_scores = false };
    if (!find(g, "tokens", &ret->tokens)) return bad(err, "tokens", "is missing");
    if (ret->tokens.type != GGUF_ARRAY || ret->tokens.item_type != GGUF_STRING)
        return bad(err, "tokens", "is not a list of strings");
    if (ret->tokens.count > VOCAB_TOKENS_MAX) return bad(err, "tokens", "has too many items");
    ret->has_scores = find(g, "scores", &ret->scores);
    ret->has_types = find(g, "token_type", &ret->types);
    ret->has_merges = find(g, "merges", &ret->merges);
    if (ret->has_scores &&
        (ret->scores.type != GGUF_ARRAY || ret->scores.count != ret->tokens.count))
        return bad(err, "scores", "is not a list as long as the tokens");
    if (ret->has_types && (ret->types.type != GGUF_ARRAY || ret->types.count != ret->tokens.count))
        return bad(err, "token_type", "is not a list as long as the tokens");
    if (ret->has_merges &&
        (ret->merges.type != GGUF_ARRAY || ret->merges.item_type != GGUF_STRING ||
         ret->merges.count > BPE_MERGES_MAX / 2))
        return bad(err, "merges", "is not a list of strings");
    return STATUS_OK;
}

/* Type of token i, told apart as the vendors' own files do where GGUF is coarser. */
static enum status kind_of(const struct tokenizer *t, const struct lists *l, uint64_t i,
                           struct span text, enum token_kind *ret, struct error *err)
{
    static const enum token_kind kinds[] = { TOKEN_NORMAL,  TOKEN_NORMAL, TOKEN_UNKNOWN,
                                             TOKEN_CONTROL, TOKEN_USER,   TOKEN_UNUSED,
                                             TOKEN_BYTE };
    int64_t type = 1;
    if (l->has_types && (!gguf_int_at(&l->types, i, &type) || type < 0 || type > 6))
        return bad(err, "token_type", "has an item outside 0..6");
    *ret = kinds[type];
    if (*ret == TOKEN_USER && t->cut_user && looks_like_control(text)) *ret = TOKEN_CONTROL;
    if (*ret == TOKEN_USER && !t->cut_user && looks_like_markup(text)) *ret = TOKEN_ADDED;
    return STATUS_OK;
}

static enum status load_token(struct tokenizer *t, const struct lists *l, uint64_t i,
                              struct span text, struct error *err)
{
    enum token_kind kind = TOKEN_NORMAL;
    double score = 0;
    enum status status = kind_of(t, l, i, text, &kind, err);
    if (status) return status;
    if (l->has_scores && (!gguf_number_at(&l->scores, i, &score) || !isfinite(score)))
        return bad(err, "scores", "has an item that is not a finite number");
    if (kind == TOKEN_UNKNOWN && t->unknown_id < 0) t->unknown_id = (int32_t)i;
    /* The text of added tokens is literal in byte-level vocabularies. */
    if (kind == TOKEN_USER && !t->cut_user)
        return vocab_set(&t->vocab, (int64_t)i, text, kind, 0, 0, err);
    if (t->model == MODEL_UNIGRAM && kind == TOKEN_NORMAL && (float)score - 10 < t->unknown_score)
        t->unknown_score = (float)score - 10;
    return load_word(t, (int64_t)i, text, kind, (float)score, err);
}

static enum status load_tokens(struct tokenizer *t, const struct lists *l, struct error *err)
{
    struct gguf_strings walk = { .array = l->tokens };
    struct span text;
    enum status status = STATUS_OK;
    uint64_t i = 0;
    for (; !status && gguf_strings_next(&walk, &text); i++)
        status = load_token(t, l, i, text, err);
    if (!status && i != l->tokens.count) return bad(err, "tokens", "ends early");
    return status;
}

static enum status load_merges(struct tokenizer *t, const struct lists *l, struct error *err)
{
    struct gguf_strings walk = { .array = l->merges };
    struct span line;
    enum status status = vocab_index(&t->vocab, err);
    if (!status && !l->has_merges) return bad(err, "merges", "is missing");
    for (size_t i = 0; !status && gguf_strings_next(&walk, &line); i++)
        status = load_merge_line(t, line, i, err);
    return status ? error_wrap(err, status, "tokenizer.ggml.merges") : STATUS_OK;
}

static enum status load_bpe(struct tokenizer *t, const struct gguf *g, const struct lists *l,
                            struct error *err)
{
    struct span pre;
    char name[TOKENIZER_NAME_BYTES] = "";
    enum status status = read_name(g, "pre", &pre, err);
    if (status) return status;
    if (!pre.len)
        return error_set(
            err, STATUS_UNSUPPORTED,
            "the GGUF names no pre-tokenizer (tokenizer.ggml.pre), so its text "
            "cannot be split as the model expects; convert the model again with a newer tool");
    if (pre.len < sizeof(name)) memcpy(name, pre.data, pre.len);
    status = splitter_add_named(&t->splitter, name, err);
    if (status) return error_wrap(err, status, "tokenizer.ggml.pre");
    struct split_facts facts = { false, false };
    splitter_facts(name, &facts);
    tokenizer_set_pre(t, name);
    t->model = MODEL_BYTE_BPE;
    t->ignore_merges = facts.ignore_merges;
    t->adds_bos = facts.adds_bos;
    status = load_tokens(t, l, err);
    return status ? status : load_merges(t, l, err);
}

static enum status load_sp(struct tokenizer *t, const struct gguf *g, const struct lists *l,
                           bool unigram, struct error *err)
{
    const struct span none = { NULL, 0 };
    struct gguf_value map;
    bool prefix = true, squeeze = unigram;
    t->model = unigram ? MODEL_UNIGRAM : MODEL_SP_BPE;
    t->blank_mark = t->cut_user = t->fuse_unknown = t->byte_fallback = true;
    t->adds_bos = !unigram;
    t->adds_eos = unigram;
    if (!l->has_scores) return bad(err, "scores", "is missing");
    enum status status = read_bool(g, "add_space_prefix", &prefix, err);
    if (!status) status = read_bool(g, "remove_extra_whitespaces", &squeeze, err);
    if (!status && find(g, "precompiled_charsmap", &map)) {
        if (map.type != GGUF_ARRAY || (map.item_type != GGUF_U8 && map.item_type != GGUF_I8))
            return bad(err, "precompiled_charsmap", "is not a list of bytes");
        struct span bytes = { (const char *)map.data, map.bytes };
        if (bytes.len)
            status = normalizer_add(&t->normalizer, NORM_CHARSMAP, bytes, none, false, false, err);
    }
    if (!status && squeeze)
        status = normalizer_add(&t->normalizer, NORM_SQUEEZE, none, none, false, false, err);
    t->prefix = prefix ? PREFIX_ALWAYS : PREFIX_NONE;
    t->strip_blank = prefix;
    return status ? status : load_tokens(t, l, err);
}

static enum status load_template(struct tokenizer *t, const struct gguf *g, struct error *err)
{
    struct gguf_value v;
    struct span text;
    if (!gguf_find(g, "tokenizer.chat_template", &v)) return STATUS_OK;
    if (!gguf_string(&v, &text))
        return error_set(err, STATUS_BAD_INPUT, "GGUF key tokenizer.chat_template is not a string");
    buf_append(&t->chat_template, text.data, text.len);
    t->has_chat_template = true;
    return buf_check(&t->chat_template, "the chat template", err);
}

enum status load_gguf_vocab(struct tokenizer *t, const struct gguf *g, struct error *err)
{
    struct span model;
    struct lists l;
    enum status status = read_name(g, "model", &model, err);
    if (status) return status;
    if (!model.data)
        return error_set(err, STATUS_NOT_FOUND, "the GGUF has no tokenizer (tokenizer.ggml.model)");
    status = find_lists(g, &l, err);
    if (status) return status;
    if (span_equals(model, "gpt2")) status = load_bpe(t, g, &l, err);
    else if (span_equals(model, "llama") || span_equals(model, "t5"))
        status = load_sp(t, g, &l, span_equals(model, "t5"), err);
    else
        return error_set(err, STATUS_UNSUPPORTED,
                         "tokenizer.ggml.model '%.*s' is not supported; gpt2, llama and t5 are",
                         (int)(model.len < 40 ? model.len : 40), model.data);
    int64_t count = t->vocab.count;
    if (!status) status = read_id(g, "bos_token_id", count, &t->bos, err);
    if (!status) status = read_id(g, "eos_token_id", count, &t->eos, err);
    if (!status) status = read_id(g, "unknown_token_id", count, &t->unknown_id, err);
    if (!status) status = read_bool(g, "add_bos_token", &t->adds_bos, err);
    if (!status) status = read_bool(g, "add_eos_token", &t->adds_eos, err);
    return status ? status : load_template(t, g, err);
}
