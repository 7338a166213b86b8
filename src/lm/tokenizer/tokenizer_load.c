/* What the loaders share: placing tokens and merges as files spell them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/tokenizer/tokenizer_load.h"

#include <string.h>

enum status load_word(struct tokenizer *t, int64_t id, struct span spelled, enum token_kind kind,
                      float score, struct error *err)
{
    struct buf bytes = BUF_INIT(VOCAB_PIECE_BYTES_MAX * 4);
    int flags = kind == TOKEN_NORMAL || kind == TOKEN_USER ? TOKEN_MATCHES : 0;
    int byte = t->byte_fallback || kind == TOKEN_BYTE ? byte_token_value(spelled) : -1;
    enum status status;
    if (kind == TOKEN_BYTE && byte < 0)
        return error_set(err, STATUS_BAD_INPUT,
                         "token %lld is a byte token, but '%.*s' is not of the form <0xNN>",
                         (long long)id, (int)(spelled.len < 16 ? spelled.len : 16), spelled.data);
    if (byte >= 0 && (kind == TOKEN_NORMAL || kind == TOKEN_BYTE)) {
        buf_byte(&bytes, (char)byte);
        kind = TOKEN_BYTE;
        flags = 0;
    } else if (kind == TOKEN_CONTROL || kind == TOKEN_UNKNOWN || kind == TOKEN_ADDED) {
        buf_append(&bytes, spelled.data, spelled.len);
    } else if (t->model == MODEL_BYTE_BPE) {
        if (!byte_alphabet_append(
                &bytes, spelled)) { /* literal text among spelled words: never from merges */
            buf_append(&bytes, spelled.data, spelled.len);
            flags = 0;
        }
    } else if (t->blank_mark) {
        bool literal;
        blank_mark_append(&bytes, spelled, &literal);
        if (literal) {
            flags = 0;
            if (kind == TOKEN_NORMAL) kind = TOKEN_UNUSED;
        }
    } else {
        buf_append(&bytes, spelled.data, spelled.len);
    }
    status = buf_check(&bytes, "a token", err);
    if (!status)
        status = vocab_set(&t->vocab, id, (struct span){ bytes.data ? bytes.data : "", bytes.len },
                           kind, flags, score, err);
    buf_release(&bytes);
    return status;
}

enum status load_added(struct tokenizer *t, int64_t id, struct span text, bool special,
                       int strip_flags, struct error *err)
{
    enum token_kind kind = special                   ? TOKEN_CONTROL
                           : looks_like_markup(text) ? TOKEN_ADDED
                                                     : TOKEN_USER;
    if (!text.len) kind = TOKEN_CONTROL;
    return vocab_set(&t->vocab, id, text, kind, strip_flags, 0, err);
}

int32_t load_find(const struct tokenizer *t, struct span text)
{
    return vocab_find(&t->vocab, text, 0);
}

/* The token that `spelled` names in a merge. */
static int32_t half(const struct tokenizer *t, struct span spelled, struct buf *bytes)
{
    bool literal = false;
    buf_clear(bytes);
    if (t->model == MODEL_BYTE_BPE) {
        if (!byte_alphabet_append(bytes, spelled)) return -1;
    } else if (t->blank_mark) {
        blank_mark_append(bytes, spelled, &literal);
        if (literal) return -1;
    } else {
        buf_append(bytes, spelled.data, spelled.len);
    }
    struct span text = { bytes->data ? bytes->data : "", bytes->len };
    int32_t id = vocab_find(&t->vocab, text, TOKEN_MATCHES);
    return id >= 0 ? id : vocab_find(&t->vocab, text, 0);
}

static enum status bad_merge(struct span left, struct span right, size_t rank, const char *which,
                             struct error *err)
{
    int a = (int)(left.len < 60 ? left.len : 60), b = (int)(right.len < 60 ? right.len : 60);
    return error_set(err, STATUS_BAD_INPUT,
                     "merge %zu ('%.*s' with '%.*s'): %s is not in the vocabulary", rank + 1, a,
                     left.data, b, right.data, which);
}

enum status load_merge(struct tokenizer *t, struct span left, struct span right, size_t rank,
                       struct error *err)
{
    struct buf bytes = BUF_INIT(VOCAB_PIECE_BYTES_MAX * 4),
               joined = BUF_INIT(VOCAB_PIECE_BYTES_MAX * 4);
    int32_t a = half(t, left, &bytes), b = -1, c = -1;
    if (a >= 0) b = half(t, right, &bytes);
    if (b >= 0) {
        buf_append(&joined, left.data, left.len);
        buf_append(&joined, right.data, right.len);
        c = half(t, (struct span){ joined.data ? joined.data : "", joined.len }, &bytes);
    }
    bool no_room = (bytes.failed && !bytes.past_max) || (joined.failed && !joined.past_max);
    buf_release(&bytes);
    buf_release(&joined);
    if (no_room) return error_set(err, STATUS_NO_MEMORY, "no memory for a merge");
    if (c < 0)
        return bad_merge(left, right, rank,
                         a < 0   ? "the first"
                         : b < 0 ? "the second"
                                 : "the result",
                         err);
    int kind = t->vocab.tokens[c].kind;
    /* No text may grow into a special token by merging. */
    if (kind == TOKEN_CONTROL || kind == TOKEN_ADDED) return STATUS_OK;
    return bpe_merges_push(&t->merges, (struct bpe_merge){ a, b, c, (uint32_t)rank }, err);
}

enum status load_merge_line(struct tokenizer *t, struct span line, size_t rank, struct error *err)
{
    const char *blank = memchr(line.data, ' ', line.len);
    size_t at = blank ? (size_t)(blank - line.data) : line.len;
    size_t rest = line.len - at;
    if (!at || rest < 2 || memchr(line.data + at + 1, ' ', rest - 1))
        return error_set(err, STATUS_BAD_INPUT,
                         "merge %zu is not two words with one blank between them: '%.*s'", rank + 1,
                         (int)(line.len < 80 ? line.len : 80), line.data);
    return load_merge(t, (struct span){ line.data, at },
                      (struct span){ line.data + at + 1, rest - 1 }, rank, err);
}
