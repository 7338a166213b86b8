/* tokenizer.json: vocabulary, merges and added tokens; the steps are read in tokenizer_json_steps.c.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Also vocab.json with merges.txt, which hold the same vocabulary in two older files. */
#include <math.h>
#include <string.h>

#include "lm/tokenizer/tokenizer_load.h"

#define JSON_BYTES_MAX ((size_t)256 << 20)

static enum status bad(struct error *err, const char *what)
{
    return error_set(err, STATUS_BAD_INPUT, "tokenizer.json: %s", what);
}

static int strip_flags(const struct json *token)
{
    return (json_bool(json_get(token, "lstrip"), false) ? TOKEN_STRIP_LEFT : 0) |
           (json_bool(json_get(token, "rstrip"), false) ? TOKEN_STRIP_RIGHT : 0) |
           (json_bool(json_get(token, "single_word"), false) ? TOKEN_SINGLE_WORD : 0);
}

static enum status load_added_tokens(struct tokenizer *t, const struct json *list,
                                     struct error *err)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < json_length(list) && !status; i++) {
        const struct json *token = json_at(list, i);
        struct span text = json_string(json_get(token, "content"));
        if (json_type(json_get(token, "id")) != JSON_INT || !text.data)
            return bad(err, "an added token lacks its id or its content");
        int64_t id = json_int(json_get(token, "id"), -1);
        status = load_added(t, id, text, json_bool(json_get(token, "special"), false),
                            strip_flags(token), err);
    }
    return status ? error_wrap(err, status, "tokenizer.json, added_tokens") : STATUS_OK;
}

/* A word that is an added token too was placed with the added tokens. */
static enum status place_word(struct tokenizer *t, struct span word, int64_t id, float score,
                              struct error *err)
{
    if (!vocab_has(&t->vocab, id)) return load_word(t, id, word, TOKEN_NORMAL, score, err);
    struct span there = vocab_bytes(&t->vocab, (int32_t)id);
    if (there.len == word.len && !memcmp(there.data, word.data, word.len)) return STATUS_OK;
    return error_set(err, STATUS_BAD_INPUT, "id %lld is both '%.*s' and '%.*s'", (long long)id,
                     (int)(word.len < 40 ? word.len : 40), word.data,
                     (int)(there.len < 40 ? there.len : 40), there.data);
}

static enum status load_vocab_object(struct tokenizer *t, const struct json *vocab,
                                     struct error *err)
{
    if (json_type(vocab) != JSON_OBJECT) return bad(err, "model.vocab is not an object");
    if (json_length(vocab) > VOCAB_TOKENS_MAX)
        return error_set(err, STATUS_LIMIT, "the vocabulary has more than %d tokens",
                         VOCAB_TOKENS_MAX);
    enum status status = STATUS_OK;
    for (struct json_member m = json_first(vocab); m.value && !status; m = json_next(vocab, m)) {
        if (json_type(m.value) != JSON_INT)
            return bad(err, "an id in the vocabulary is not a whole number");
        status = place_word(t, m.key, json_int(m.value, -1), 0, err);
    }
    return status;
}

static enum status load_merge_list(struct tokenizer *t, const struct json *merges,
                                   struct error *err)
{
    enum status status = vocab_index(&t->vocab, err);
    size_t count = json_length(merges);
    if (json_type(merges) != JSON_ARRAY) return bad(err, "model.merges is not a list");
    for (size_t i = 0; i < count && !status; i++) {
        const struct json *m = json_at(merges, i);
        struct span line = json_string(m);
        if (line.data) {
            status = load_merge_line(t, line, i, err);
        } else {
            struct span a = json_string(json_at(m, 0)), b = json_string(json_at(m, 1));
            if (json_length(m) != 2 || !a.data || !b.data || !a.len || !b.len)
                return bad(err, "a merge is neither \"a b\" nor [\"a\", \"b\"]");
            status = load_merge(t, a, b, i, err);
        }
    }
    return status;
}

static enum status refuse_setting(const struct json *model, const char *key, struct error *err)
{
    const struct json *v = json_get(model, key);
    struct span text = json_string(v);
    if (json_type(v) == JSON_NULL || (text.data && !text.len) ||
        (json_type(v) != JSON_STRING && json_number(v, 1) == 0))
        return STATUS_OK;
    return error_set(err, STATUS_UNSUPPORTED,
                     "tokenizer.json: model.%s is set, which is not supported", key);
}

static enum status load_bpe(struct tokenizer *t, const struct json *model, struct error *err)
{
    static const char *const refused[] = { "dropout", "continuing_subword_prefix",
                                           "end_of_word_suffix" };
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        enum status status = refuse_setting(model, refused[i], err);
        if (status) return status;
    }
    t->ignore_merges = json_bool(json_get(model, "ignore_merges"), false);
    enum status status = load_vocab_object(t, json_get(model, "vocab"), err);
    if (!status) status = load_merge_list(t, json_get(model, "merges"), err);
    struct span unknown = json_string(json_get(model, "unk_token"));
    if (status || !unknown.data) return status;
    t->unknown_id = load_find(t, unknown);
    if (t->unknown_id < 0) return bad(err, "unk_token is not in the vocabulary");
    return STATUS_OK;
}

static enum status load_unigram(struct tokenizer *t, const struct json *model, struct error *err)
{
    const struct json *vocab = json_get(model, "vocab");
    double lowest = 0;
    if (json_type(vocab) != JSON_ARRAY)
        return bad(err, "model.vocab of a Unigram model is not a list");
    enum status status = STATUS_OK;
    for (size_t i = 0; i < json_length(vocab) && !status; i++) {
        const struct json *pair = json_at(vocab, i);
        struct span word = json_string(json_at(pair, 0));
        double score = json_number(json_at(pair, 1), NAN);
        if (json_length(pair) != 2 || !word.data || !isfinite(score))
            return bad(err, "an entry of model.vocab is not [\"piece\", score]");
        lowest = score < lowest ? score : lowest;
        status = place_word(t, word, (int64_t)i, (float)score, err);
    }
    if (status) return status;
    t->unknown_id = (int32_t)json_int(json_get(model, "unk_id"), -1);
    t->unknown_score = (float)(lowest - 10);
    t->fuse_unknown = true;
    return STATUS_OK;
}

/* BPE over bytes or characters is decided by the steps, before any word is read. */
static enum status load_model(struct tokenizer *t, const struct json *root, struct error *err)
{
    const struct json *model = json_get(root, "model");
    const char *type = json_text(json_get(model, "type"));
    if (json_type(model) != JSON_OBJECT) return bad(err, "there is no model");
    if (!type) /* old files leave it out */
        type = json_type(json_get(model, "merges")) == JSON_ARRAY ? "BPE"
               : json_type(json_get(model, "unk_id")) == JSON_INT ? "Unigram"
                                                                  : "";
    t->byte_fallback = json_bool(json_get(model, "byte_fallback"), false);
    t->fuse_unknown = json_bool(json_get(model, "fuse_unk"), false);
    bool bpe = !strcmp(type, "BPE");
    if (!bpe && strcmp(type, "Unigram"))
        return error_set(err, STATUS_UNSUPPORTED,
                         "tokenizer.json: model type '%.40s' is not supported; BPE and Unigram are",
                         type);
    if (!bpe && t->model == MODEL_BYTE_BPE)
        return bad(err, "a Unigram model with a ByteLevel pre-tokenizer");
    if (!bpe) t->model = MODEL_UNIGRAM;
    enum status status = load_added_tokens(t, json_get(root, "added_tokens"), err);
    if (!status) status = bpe ? load_bpe(t, model, err) : load_unigram(t, model, err);
    return status;
}

enum status load_tokenizer_json(struct tokenizer *t, struct span text, struct error *err)
{
    struct json_doc *doc;
    enum status status =
        json_parse(&doc, text.data, text.len, JSON_BYTES_MAX, "tokenizer.json", err);
    if (status) return status;
    const struct json *root = json_root(doc);
    if (json_type(root) != JSON_OBJECT) status = bad(err, "not an object");
    if (!status) status = load_json_steps(t, root, err);
    if (!status) status = load_model(t, root, err);
    json_doc_free(doc);
    return status;
}

static enum status load_merges_txt(struct tokenizer *t, struct span text, struct error *err)
{
    enum status status = vocab_index(&t->vocab, err);
    size_t rank = 0;
    for (size_t pos = 0, line = 0; pos < text.len && !status; line++) {
        const char *newline = memchr(text.data + pos, '\n', text.len - pos);
        size_t end = newline ? (size_t)(newline - text.data) : text.len, len = end - pos;
        if (len && text.data[pos + len - 1] == '\r') len--;
        bool header = line == 0 && len >= 8 && !memcmp(text.data + pos, "#version", 8);
        if (len && !header)
            status = load_merge_line(t, (struct span){ text.data + pos, len }, rank++, err);
        pos = end + 1;
    }
    return status ? error_wrap(err, status, "merges.txt") : STATUS_OK;
}

enum status load_vocab_merges(struct tokenizer *t, struct span vocab_json, struct span merges_txt,
                              struct error *err)
{
    struct json_doc *doc;
    t->model = MODEL_BYTE_BPE;
    enum status status =
        json_parse(&doc, vocab_json.data, vocab_json.len, JSON_BYTES_MAX, "vocab.json", err);
    if (status) return status;
    status = load_vocab_object(t, json_root(doc), err);
    if (status) error_wrap(err, status, "vocab.json");
    json_doc_free(doc);
    return status ? status : load_merges_txt(t, merges_txt, err);
}
