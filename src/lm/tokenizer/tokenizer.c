/* A tokenizer's life and facts, and the way back from ids to text.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/tokenizer/tokenizer.h"

#include <string.h>

#include "base/core/mem.h"
#include "base/core/utf8.h"
#include "lm/tokenizer/tokenizer_parts.h"

struct tokenizer *tokenizer_new(struct error *err)
{
    struct tokenizer *t = mem_zero(sizeof(*t));
    if (!t) {
        error_set(err, STATUS_NO_MEMORY, "no memory for a tokenizer");
        return NULL;
    }
    vocab_init(&t->vocab);
    t->unknown_id = t->bos = t->eos = t->ending = -1;
    t->chat_template = BUF_INIT(CHAT_TEMPLATE_BYTES_MAX);
    for (int i = 0; i < 256; i++)
        t->byte_alias[i] = -1;
    return t;
}

void tokenizer_free(struct tokenizer *t)
{
    if (!t) return;
    vocab_release(&t->vocab);
    bpe_merges_release(&t->merges);
    bpe_release(&t->bpe);
    normalizer_release(&t->normalizer);
    splitter_release(&t->splitter);
    buf_release(&t->chat_template);
    seams_release(&t->seams);
    prefix_set_release(&t->plain);
    prefix_set_release(&t->trusted);
    prefix_set_release(&t->pieces);
    mem_free(t);
}

void tokenizer_set_pre(struct tokenizer *t, const char *name)
{
    size_t len = strlen(name);
    if (!t->pre[0] && len < sizeof(t->pre)) memcpy(t->pre, name, len + 1);
}

static bool is_byte_level(const struct tokenizer *t)
{
    return t->model == MODEL_BYTE_BPE || t->model == MODEL_TIKTOKEN;
}

static void find_bytes(struct tokenizer *t)
{
    struct vocab *v = &t->vocab;
    for (int i = 0; i < 256; i++)
        v->byte_ids[i] = t->byte_alias[i] = -1;
    for (int32_t id = 0; id < v->count; id++) {
        const struct token *k = &v->tokens[id];
        bool spells = k->kind == TOKEN_BYTE || (is_byte_level(t) && (k->flags & TOKEN_MATCHES));
        if (k->len != 1 || !spells) continue;
        int32_t *slot = &v->byte_ids[(uint8_t)vocab_bytes(v, id).data[0]];
        if (*slot < 0) *slot = id;
    }
}

/* Needs the set of tokens that any text is searched for. */
static void find_aliases(struct tokenizer *t)
{
    for (int b = 0; b < 256 && is_byte_level(t); b++) {
        char name[4];
        size_t found, len = (size_t)byte_alphabet_char((uint8_t)b, name);
        if (t->vocab.byte_ids[b] >= 0 || len != 2) continue;
        int32_t id = prefix_set_longest(&t->plain, &t->vocab, name, len, &found);
        if (id >= 0 && found == len) t->byte_alias[b] = id;
    }
}

int tokenizer_alias(const struct tokenizer *t, int32_t id)
{
    struct span s = vocab_bytes(&t->vocab, id);
    if (s.len != 2 || t->vocab.tokens[id].kind != TOKEN_USER) return -1;
    for (int b = 0; b < 256; b++)
        if (t->byte_alias[b] == id) return b;
    return -1;
}

static enum status build_sets(struct tokenizer *t, struct error *err)
{
    const unsigned user = 1u << TOKEN_USER, trusted = 1u << TOKEN_CONTROL | 1u << TOKEN_ADDED;
    enum status status;
    if (t->cut_user) {
        unsigned pieces = t->model == MODEL_UNIGRAM ? user | 1u << TOKEN_NORMAL : user;
        status = prefix_set_init(&t->plain, &t->vocab, 0, err);
        if (!status)
            status = prefix_set_init(&t->trusted, &t->vocab, trusted | 1u << TOKEN_UNKNOWN, err);
        if (!status) status = prefix_set_init(&t->pieces, &t->vocab, pieces, err);
        return status;
    }
    status = prefix_set_init(&t->plain, &t->vocab, user, err);
    if (!status) status = prefix_set_init(&t->trusted, &t->vocab, user | trusted, err);
    if (!status && t->model == MODEL_UNIGRAM)
        status = prefix_set_init(&t->pieces, &t->vocab, 1u << TOKEN_NORMAL, err);
    return status;
}

static enum status check_id(const struct tokenizer *t, int32_t id, const char *what,
                            struct error *err)
{
    if (id == -1 || vocab_has(&t->vocab, id)) return STATUS_OK;
    return error_set(err, STATUS_BAD_INPUT,
                     "the %s token is %d, which the vocabulary does not have", what, id);
}

enum status tokenizer_finish(struct tokenizer *t, struct error *err)
{
    if (!t->vocab.count) return error_set(err, STATUS_BAD_INPUT, "the vocabulary is empty");
    enum status status = vocab_index(&t->vocab, err);
    if (!status) status = check_id(t, t->bos, "begin-of-text", err);
    if (!status) status = check_id(t, t->eos, "end-of-text", err);
    if (!status) status = check_id(t, t->ending, "last", err);
    if (!status) status = check_id(t, t->unknown_id, "unknown", err);
    if (!status) status = bpe_init(&t->bpe, t->merges.items, t->merges.count, err);
    if (status) return status;
    if (t->bos < 0) t->adds_bos = false;
    if (t->ending < 0) t->ending = t->eos;
    if (t->ending < 0) t->adds_eos = false;
    find_bytes(t);
    status = build_sets(t, err);
    if (!status && (t->model == MODEL_BYTE_BPE || t->model == MODEL_TIKTOKEN))
        status = seams_build(&t->seams, &t->vocab, err);
    if (!status) find_aliases(t);
    return status;
}

enum status tokenizer_mark_whole(struct tokenizer *t, struct error *err)
{
    if (t->model != MODEL_BYTE_BPE && t->model != MODEL_TIKTOKEN) return STATUS_OK;
    struct bpe_scratch scratch = { 0 };
    struct token_list ids = { .count = 0 };
    enum status status = STATUS_OK;
    for (int32_t id = 0; id < t->vocab.count && !status; id++) {
        struct span s = vocab_bytes(&t->vocab, id);
        if (!(t->vocab.tokens[id].flags & TOKEN_MATCHES) || !s.len) continue;
        ids.count = 0;
        bool spelled = true;
        for (size_t i = 0; i < s.len && !status && spelled; i++) {
            int32_t byte = t->vocab.byte_ids[(uint8_t)s.data[i]];
            spelled = byte >= 0;
            if (spelled) status = token_list_push(&ids, byte, err);
        }
        if (!status && spelled) status = bpe_join(&t->bpe, ids.ids, &ids.count, &scratch, err);
        if (!status && spelled && ids.count == 1 && ids.ids[0] == id)
            t->vocab.tokens[id].flags |= TOKEN_WHOLE;
    }
    bpe_scratch_release(&scratch);
    token_list_release(&ids);
    return status;
}

/* Text of one token in its place: `first` is true until a token gave text. */
static enum status piece_text(const struct tokenizer *t, int32_t id, bool first, struct span *ret,
                              struct error *err)
{
    if (id < 0 || id >= t->vocab.count)
        return error_set(err, STATUS_BAD_INPUT, "token id %d is outside the vocabulary (0..%d)", id,
                         t->vocab.count - 1);
    struct span s = vocab_bytes(&t->vocab, id);
    bool special = t->vocab.tokens[id].kind == TOKEN_CONTROL;
    if (first && t->strip_blank && !special && s.len && s.data[0] == ' ')
        s = (struct span){ s.data + 1, s.len - 1 };
    *ret = s;
    return STATUS_OK;
}

/* The lead byte of token `id`'s two bytes and the byte it stands for, when it is an alias. */
static int alias_after(const struct tokenizer *t, int32_t id, char last)
{
    struct span s = vocab_bytes(&t->vocab, id);
    return s.len == 2 && s.data[0] == last ? tokenizer_alias(t, id) : -1;
}

enum status tokenizer_decode(const struct tokenizer *t, const int32_t *ids, size_t count,
                             struct buf *out, struct error *err)
{
    size_t begin = out->len;
    bool first = true;
    for (size_t i = 0; i < count; i++) {
        struct span s = { NULL, 0 };
        enum status status = piece_text(t, ids[i], first, &s, err);
        if (status) return status;
        first = first && t->strip_more && !s.len;
        int byte = out->len > begin ? alias_after(t, ids[i], out->data[out->len - 1]) : -1;
        if (byte >= 0) out->data[out->len - 1] = (char)byte;
        else buf_append(out, s.data, s.len);
    }
    return buf_check(out, "the decoded text", err);
}

void detokenizer_init(struct detokenizer *d, const struct tokenizer *t, bool skip_special)
{
    *d = (struct detokenizer){ .tokenizer = t, .at_start = true, .skip_special = skip_special };
}

static void hold_back(struct detokenizer *d, struct span s, struct buf *out)
{
    char head[16]; /* the held bytes and the first of the new ones */
    size_t held = (size_t)d->held_bytes, extra = s.len < 8 ? s.len : 8;
    memcpy(head, d->held, held);
    if (extra) memcpy(head + held, s.data, extra);
    size_t whole = s.len <= 8 ? held + s.len : 0;
    size_t tail = whole ? utf8_incomplete_tail(head, whole) : utf8_incomplete_tail(s.data, s.len);
    if (whole) {
        buf_append(out, head, whole - tail);
        memcpy(d->held, head + whole - tail, tail);
    } else if (s.len) {
        buf_append(out, d->held, held);
        buf_append(out, s.data, s.len - tail);
        memcpy(d->held, s.data + s.len - tail, tail);
    } else {
        return;
    }
    d->held_bytes = (int)tail;
}

enum status detokenizer_feed(struct detokenizer *d, int32_t id, struct buf *out, struct error *err)
{
    struct span s = { NULL, 0 };
    enum status status = piece_text(d->tokenizer, id, d->at_start, &s, err);
    if (status) return status;
    if (d->skip_special && tokenizer_is_special(d->tokenizer, id)) return STATUS_OK;
    d->at_start = d->at_start && d->tokenizer->strip_more && !s.len;
    int byte = d->held_bytes ? alias_after(d->tokenizer, id, d->held[d->held_bytes - 1]) : -1;
    char raw = (char)byte;
    if (byte >= 0) {
        d->held_bytes--;
        s = (struct span){ &raw, 1 };
    }
    hold_back(d, s, out);
    return buf_check(out, "the decoded text", err);
}

void detokenizer_finish(struct detokenizer *d, struct buf *out)
{
    buf_append(out, d->held, (size_t)d->held_bytes);
    d->held_bytes = 0;
}

int64_t tokenizer_vocab_size(const struct tokenizer *t)
{
    return t->vocab.count;
}

const char *tokenizer_kind(const struct tokenizer *t)
{
    static const char *const names[MODEL_KIND_COUNT] = {
        [MODEL_BYTE_BPE] = "byte-level BPE",         [MODEL_TIKTOKEN] = "tiktoken BPE",
        [MODEL_CHAR_BPE] = "BPE with byte fallback", [MODEL_SP_BPE] = "SentencePiece BPE",
        [MODEL_UNIGRAM] = "SentencePiece unigram",
    };
    return names[t->model];
}

const char *tokenizer_pre(const struct tokenizer *t)
{
    return t->pre;
}

struct span tokenizer_piece(const struct tokenizer *t, int32_t id)
{
    return vocab_bytes(&t->vocab, id);
}

bool tokenizer_is_special(const struct tokenizer *t, int32_t id)
{
    if (!vocab_has(&t->vocab, id)) return false;
    int kind = t->vocab.tokens[id].kind;
    return kind == TOKEN_CONTROL || (kind == TOKEN_UNKNOWN && t->cut_user);
}

int32_t tokenizer_find(const struct tokenizer *t, const char *piece, size_t len)
{
    size_t found;
    int32_t id = prefix_set_longest(&t->trusted, &t->vocab, piece, len, &found);
    if (id >= 0 && found == len) return id;
    id = vocab_find(&t->vocab, (struct span){ piece, len }, TOKEN_MATCHES);
    return id >= 0 ? id : vocab_find(&t->vocab, (struct span){ piece, len }, 0);
}

int32_t tokenizer_bos(const struct tokenizer *t)
{
    return t->bos;
}

int32_t tokenizer_eos(const struct tokenizer *t)
{
    return t->eos;
}

int32_t tokenizer_ending(const struct tokenizer *t)
{
    return t->adds_eos ? t->ending : -1;
}

bool tokenizer_adds_bos(const struct tokenizer *t)
{
    return t->adds_bos;
}

bool tokenizer_adds_eos(const struct tokenizer *t)
{
    return t->adds_eos;
}

struct span tokenizer_chat_template(const struct tokenizer *t)
{
    if (!t->has_chat_template) return (struct span){ NULL, 0 };
    return (struct span){ t->chat_template.data ? t->chat_template.data : "",
                          t->chat_template.len };
}
