/* tiktoken ranks: "base64 rank" lines, and Mistral's tekken.json.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A rank is an id and a priority: of all neighbours whose bytes together are a token, the one of
 * lowest rank joins first. For every token each cut into two tokens therefore makes one merge. */
#include <string.h>

#include "lm/tokenizer/tokenizer_load.h"

#define LINE_BYTES_MAX  (VOCAB_PIECE_BYTES_MAX * 2)
#define PIECE_BYTES_MAX 4096 /* of a ranked token: cuts are tried at every byte */

static enum status bad_line(size_t line, const char *what, struct error *err)
{
    return error_set(err, STATUS_BAD_INPUT, "the rank file's line %zu %s", line, what);
}

static enum status place(struct tokenizer *t, struct span base64, int64_t id, size_t line,
                         struct buf *bytes, struct error *err)
{
    buf_clear(bytes);
    if (!base64_append(bytes, base64) || !bytes->len)
        return bad_line(line, "has no base64 text first", err);
    if (bytes->len > PIECE_BYTES_MAX) return bad_line(line, "has a token that is too long", err);
    return vocab_set(&t->vocab, id, (struct span){ bytes->data, bytes->len }, TOKEN_NORMAL,
                     TOKEN_MATCHES, 0, err);
}

static enum status load_line(struct tokenizer *t, struct span s, size_t line, struct buf *bytes,
                             struct error *err)
{
    if (s.len && s.data[s.len - 1] == '\r') s.len--;
    if (!s.len) return STATUS_OK;
    const char *blank = memchr(s.data, ' ', s.len);
    if (!blank || s.len > LINE_BYTES_MAX) return bad_line(line, "is not 'base64 rank'", err);
    size_t at = (size_t)(blank - s.data);
    int64_t rank;
    if (!text_number((struct span){ blank + 1, s.len - at - 1 }, &rank))
        return bad_line(line, "has no rank after the blank", err);
    return place(t, (struct span){ s.data, at }, rank, line, bytes, err);
}

static enum status cut_tokens(struct tokenizer *t, int64_t rank_base, struct error *err)
{
    enum status status = vocab_index(&t->vocab, err);
    for (int32_t id = 0; id < t->vocab.count && !status; id++) {
        if (t->vocab.tokens[id].kind != TOKEN_NORMAL) continue;
        struct span s = vocab_bytes(&t->vocab, id);
        for (size_t cut = 1; cut < s.len && !status; cut++) {
            int32_t a = vocab_find(&t->vocab, (struct span){ s.data, cut }, TOKEN_MATCHES);
            if (a < 0) continue;
            int32_t b =
                vocab_find(&t->vocab, (struct span){ s.data + cut, s.len - cut }, TOKEN_MATCHES);
            if (b >= 0)
                status = bpe_merges_push(
                    &t->merges, (struct bpe_merge){ a, b, id, (uint32_t)(id - rank_base) }, err);
        }
    }
    return status;
}

enum status load_tiktoken(struct tokenizer *t, struct span text, struct error *err)
{
    struct buf bytes = BUF_INIT(LINE_BYTES_MAX);
    enum status status = STATUS_OK;
    t->model = MODEL_TIKTOKEN;
    t->ignore_merges = true;
    size_t line = 1;
    for (size_t pos = 0; pos < text.len && !status; line++) {
        const char *newline = memchr(text.data + pos, '\n', text.len - pos);
        size_t end = newline ? (size_t)(newline - text.data) : text.len;
        status = load_line(t, (struct span){ text.data + pos, end - pos }, line, &bytes, err);
        pos = end + 1;
    }
    buf_release(&bytes);
    return status ? status : cut_tokens(t, 0, err);
}

static enum status load_tekken_specials(struct tokenizer *t, const struct json *list, int64_t count,
                                        struct error *err)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < json_length(list) && !status; i++) {
        const struct json *item = json_at(list, i);
        struct span text = json_string(json_get(item, "token_str"));
        int64_t rank = json_int(json_get(item, "rank"), -1);
        if (!text.data || rank < 0 || rank >= count)
            return error_set(err, STATUS_BAD_INPUT,
                             "tekken.json: a special token lacks its text or its rank");
        status = vocab_set(&t->vocab, rank, text, TOKEN_CONTROL, 0, 0, err);
        if (span_equals(text, "<s>")) t->bos = (int32_t)rank;
        if (span_equals(text, "</s>")) t->eos = (int32_t)rank;
    }
    return status;
}

static enum status load_tekken_root(struct tokenizer *t, const struct json *root, struct error *err)
{
    const struct json *config = json_get(root, "config"), *vocab = json_get(root, "vocab");
    int64_t specials = json_int(json_get(config, "default_num_special_tokens"), -1);
    int64_t size = json_int(json_get(config, "default_vocab_size"), -1);
    struct span pattern = json_string(json_get(config, "pattern"));
    struct buf bytes = BUF_INIT(LINE_BYTES_MAX);
    if (specials < 0 || size <= specials || size > VOCAB_TOKENS_MAX || !pattern.data)
        return error_set(err, STATUS_BAD_INPUT,
                         "tekken.json: config lacks its pattern or its sizes");
    if (json_length(json_get(root, "special_tokens")) == 0)
        return error_set(err, STATUS_UNSUPPORTED,
                         "tekken.json without a list of special tokens is not supported");
    enum status status = splitter_add_regex(&t->splitter, pattern, SPLIT_ISOLATED, false, err);
    if (!status) status = load_tekken_specials(t, json_get(root, "special_tokens"), specials, err);
    /* The list may hold more words than the model uses; the ranks below the size are meant. */
    for (size_t i = 0; i < json_length(vocab) && (int64_t)i < size - specials && !status; i++) {
        const struct json *item = json_at(vocab, i);
        struct span text = json_string(json_get(item, "token_bytes"));
        if (!text.data || json_int(json_get(item, "rank"), -1) != (int64_t)i)
            status = error_set(err, STATUS_BAD_INPUT,
                               "tekken.json: word %zu lacks its bytes or is out of order", i);
        if (!status) status = place(t, text, specials + (int64_t)i, i + 1, &bytes, err);
    }
    buf_release(&bytes);
    return status ? status : cut_tokens(t, specials, err);
}

enum status load_tekken(struct tokenizer *t, struct span text, struct error *err)
{
    struct json_doc *doc;
    t->model = MODEL_TIKTOKEN;
    t->ignore_merges = true;
    t->adds_bos = true;
    tokenizer_set_pre(t, "tekken");
    enum status status =
        json_parse(&doc, text.data, text.len, (size_t)256 << 20, "tekken.json", err);
    if (status) return status;
    status = load_tekken_root(t, json_root(doc), err);
    json_doc_free(doc);
    return status;
}
