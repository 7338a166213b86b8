/* Text to ids: special tokens are cut out, the rest is normalised, split and encoded.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/core/checked.h"
#include "base/core/mem.h"
#include "base/core/utf8.h"
#include "lm/tokenizer/char_class.h"
#include "lm/tokenizer/tokenizer_parts.h"

void token_list_release(struct token_list *l)
{
    mem_free(l->ids);
    *l = (struct token_list){ .count_max = l->count_max };
}

static enum status token_list_reserve(struct token_list *l, size_t more, struct error *err)
{
    size_t max = l->count_max ? l->count_max : TOKEN_LIST_MAX, cap = l->cap ? l->cap : 64;
    if (more > max || l->count > max - more)
        return error_set(err, STATUS_LIMIT, "more than %zu tokens", max);
    if (l->count + more <= l->cap) return STATUS_OK;
    while (cap < l->count + more)
        cap *= 2;
    int32_t *ids = mem_resize(l->ids, cap, sizeof(*ids));
    if (!ids) return error_set(err, STATUS_NO_MEMORY, "no memory for %zu tokens", cap);
    l->ids = ids;
    l->cap = cap;
    return STATUS_OK;
}

enum status token_list_push(struct token_list *l, int32_t id, struct error *err)
{
    enum status status = token_list_reserve(l, 1, err);
    if (!status) l->ids[l->count++] = id;
    return status;
}

void *encode_scratch_block(struct encode_scratch *s, size_t count, size_t item_bytes,
                           struct error *err)
{
    size_t bytes;
    if (!size_mul(count, item_bytes, &bytes)) {
        error_set(err, STATUS_LIMIT, "a text of %zu symbols is too long", count);
        return NULL;
    }
    if (bytes > s->block_bytes) {
        mem_free(s->block);
        s->block_bytes = 0;
        s->block = mem_alloc(bytes);
        if (!s->block) {
            error_set(err, STATUS_NO_MEMORY, "no memory to encode %zu symbols", count);
            return NULL;
        }
        s->block_bytes = bytes;
    }
    return s->block;
}

static void scratch_release(struct encode_scratch *s)
{
    buf_release(&s->one);
    buf_release(&s->two);
    buf_release(&s->three);
    split_list_release(&s->pieces);
    split_list_release(&s->spare);
    bpe_scratch_release(&s->bpe);
    token_list_release(&s->symbols);
    mem_free(s->block);
}

enum status encode_unknown(const struct tokenizer *t, struct span text, bool after_unknown,
                           struct token_list *out, struct error *err)
{
    bool spelled = t->byte_fallback;
    for (size_t i = 0; i < text.len && spelled; i++)
        spelled = t->vocab.byte_ids[(uint8_t)text.data[i]] >= 0;
    if (spelled) {
        enum status status = STATUS_OK;
        for (size_t i = 0; i < text.len && !status; i++)
            status = token_list_push(out, t->vocab.byte_ids[(uint8_t)text.data[i]], err);
        return status;
    }
    if (t->unknown_id < 0)
        return error_set(err, STATUS_BAD_INPUT,
                         "the vocabulary has no token for byte 0x%02X, and none for the unknown",
                         text.len ? (uint8_t)text.data[0] : 0);
    if (after_unknown && t->fuse_unknown) return STATUS_OK;
    return token_list_push(out, t->unknown_id, err);
}

/* Symbols of a piece for merging: one per byte. A byte without a token is an error unless the
 * escape of missing bytes can spell it, see tokenizer.h. */
static enum status bytes_to_symbols(const struct tokenizer *t, struct span piece,
                                    struct token_list *symbols, struct error *err)
{
    enum status status = token_list_reserve(symbols, piece.len, err);
    if (status) return status;
    for (size_t i = 0; i < piece.len; i++) {
        uint8_t byte = (uint8_t)piece.data[i];
        int32_t id = t->vocab.byte_ids[byte];
        if (id < 0 && t->byte_alias[byte] >= 0) {
            char name[4];
            byte_alphabet_char(byte, name);
            id = t->vocab.byte_ids[(uint8_t)name[0]];
            if (id >= 0) { /* a lone lead byte and the alias */
                status = token_list_push(symbols, id, err);
                if (!status) status = token_list_push(symbols, t->byte_alias[byte], err);
                if (status) return status;
                continue;
            }
        }
        if (id < 0)
            return error_set(err, STATUS_BAD_INPUT,
                             "the vocabulary has no token for byte 0x%02X (byte %zu of the piece)",
                             byte, i);
        status = token_list_push(symbols, id, err);
        if (status) return status;
    }
    return STATUS_OK;
}

/* One per character; those without a token are byte tokens or unknown. */
static enum status chars_to_symbols(const struct tokenizer *t, struct span piece,
                                    struct token_list *symbols, struct error *err)
{
    bool after_unknown = false;
    for (size_t i = 0; i < piece.len;) {
        uint32_t cp;
        int bytes = utf8_decode(piece.data + i, piece.len - i, &cp);
        struct span one = { piece.data + i, bytes ? (size_t)bytes : 1 };
        int32_t id = bytes ? vocab_find(&t->vocab, one, TOKEN_MATCHES) : -1;
        size_t count = symbols->count;
        enum status status = id >= 0 ? token_list_push(symbols, id, err)
                                     : encode_unknown(t, one, after_unknown, symbols, err);
        if (status) return status;
        after_unknown = id < 0 && (symbols->count == count ||
                                   symbols->ids[symbols->count - 1] == t->unknown_id);
        i += one.len;
    }
    return STATUS_OK;
}

static enum status merge_piece(const struct tokenizer *t, struct span piece,
                               struct encode_scratch *s, struct token_list *out, struct error *err)
{
    s->symbols.count = 0;
    enum status status = t->model == MODEL_CHAR_BPE ? chars_to_symbols(t, piece, &s->symbols, err)
                                                    : bytes_to_symbols(t, piece, &s->symbols, err);
    size_t count = s->symbols.count;
    if (!status) status = bpe_join(&t->bpe, s->symbols.ids, &count, &s->bpe, err);
    if (!status) status = token_list_reserve(out, count, err);
    if (status) return status;
    if (count) memcpy(out->ids + out->count, s->symbols.ids, count * sizeof(*out->ids));
    out->count += count;
    return STATUS_OK;
}

static int32_t find_whole(const struct tokenizer *t, struct span piece, int flag)
{
    return piece.len <= VOCAB_PIECE_BYTES_MAX ? vocab_find(&t->vocab, piece, flag) : -1;
}

enum status encode_bpe_piece(const struct tokenizer *t, struct span piece, struct encode_scratch *s,
                             struct token_list *out, struct error *err)
{
    int32_t whole = find_whole(t, piece, t->ignore_merges ? TOKEN_MATCHES : TOKEN_WHOLE);
    if (whole >= 0) return token_list_push(out, whole, err);
    size_t end = seams_next(&t->seams, piece, 0);
    if (end == piece.len) return merge_piece(t, piece, s, out, err);
    enum status status = STATUS_OK;
    for (size_t from = 0; from < piece.len && !status; from = end) {
        end = seams_next(&t->seams, piece, from);
        struct span part = { piece.data + from, end - from };
        whole = find_whole(t, part, TOKEN_WHOLE);
        status = whole >= 0 ? token_list_push(out, whole, err) : merge_piece(t, part, s, out, err);
    }
    return status;
}

static enum status encode_piece(const struct tokenizer *t, struct span piece,
                                struct encode_scratch *s, struct token_list *out, struct error *err)
{
    switch (t->model) {
    case MODEL_SP_BPE: return encode_sp_bpe(t, piece, s, out, err);
    case MODEL_UNIGRAM: return encode_unigram(t, piece, s, out, err);
    default: return encode_bpe_piece(t, piece, s, out, err);
    }
}

static bool starts_blank(struct span text)
{
    return text.len &&
           (text.data[0] == ' ' || (text.len >= 3 && !memcmp(text.data, "\xE2\x96\x81", 3)));
}

static enum status mark_blanks(const struct tokenizer *t, struct span *text, bool first,
                               struct encode_scratch *s, struct error *err)
{
    bool prefix = t->prefix == PREFIX_ALWAYS || (t->prefix != PREFIX_NONE && !starts_blank(*text));
    if (t->prefix == PREFIX_FIRST_IF_NONE && !first) prefix = false;
    if (!text->len) prefix = false;
    bool literal, marks = t->blank_mark && text->len >= 3 && memchr(text->data, 0xE2, text->len);
    if (!prefix && !marks) return STATUS_OK;
    buf_clear(&s->three);
    if (prefix) buf_byte(&s->three, ' ');
    if (marks) blank_mark_append(&s->three, *text, &literal);
    else buf_append(&s->three, text->data, text->len);
    *text = (struct span){ s->three.data, s->three.len };
    return buf_check(&s->three, "the text", err);
}

/* A run of text without special tokens. */
static enum status encode_text(const struct tokenizer *t, struct span text, bool first,
                               struct encode_scratch *s, struct token_list *out, struct error *err)
{
    enum status status = normalizer_run(&t->normalizer, text, &s->one, &s->two, &text, err);
    if (!status) status = mark_blanks(t, &text, first, s, err);
    if (status || !text.len) return status;
    if (t->splitter.count == 0) return encode_piece(t, text, s, out, err);
    if (t->splitter.count == 1 && t->splitter.stages[0].fn) {
        split_fn *fn = t->splitter.stages[0].fn;
        for (size_t pos = 0, end; pos < text.len && !status; pos = end) {
            end = fn(text.data, pos, text.len);
            status = encode_piece(t, (struct span){ text.data + pos, end - pos }, s, out, err);
        }
        return status;
    }
    status = splitter_run(&t->splitter, text.data, text.len, &s->pieces, &s->spare, err);
    for (size_t i = 0; i < s->pieces.count && !status; i++) {
        struct split_range r = s->pieces.items[i];
        status =
            encode_piece(t, (struct span){ text.data + r.begin, r.end - r.begin }, s, out, err);
    }
    return status;
}

/* Class of the character that ends at text[pos], and where it begins. */
static unsigned class_before(const char *text, size_t pos, size_t *ret_begin)
{
    size_t begin = pos - 1, bytes;
    while (begin > 0 && pos - begin < 4 && ((uint8_t)text[begin] & 0xC0) == 0x80)
        begin--;
    unsigned c = char_class(text + begin, pos - begin, &bytes);
    if (begin + bytes != pos) begin = pos - 1;
    *ret_begin = begin;
    return c;
}

static bool is_word(unsigned c)
{
    return c & (CHAR_LETTER | CHAR_MARK | CHAR_DECIMAL | CHAR_CONNECTOR);
}

/* Whether the token found at [begin, end) stands; moves the ends over white space that it takes along. */
static bool accept(const struct tokenizer *t, int32_t id, struct span text, size_t from,
                   size_t *begin, size_t *end)
{
    int flags = t->vocab.tokens[id].flags;
    size_t at;
    /* After its own lead byte an alias would be read as the escape of a byte. */
    if (*begin && text.data[*begin - 1] == text.data[*begin] && tokenizer_alias(t, id) >= 0)
        return false;
    if (flags & TOKEN_SINGLE_WORD) {
        if (*begin && is_word(class_before(text.data, *begin, &at))) return false;
        if (*end < text.len && is_word(char_class(text.data + *end, text.len - *end, &at)))
            return false;
    }
    while ((flags & TOKEN_STRIP_LEFT) && *begin > from &&
           (class_before(text.data, *begin, &at) & CHAR_SPACE) && at >= from)
        *begin = at;
    while ((flags & TOKEN_STRIP_RIGHT) && *end < text.len &&
           (char_class(text.data + *end, text.len - *end, &at) & CHAR_SPACE))
        *end += at;
    return true;
}

/* Which bytes were written by somebody who may not spell special tokens. */
struct origins {
    const struct byte_range *data; /* ascending, disjoint */
    size_t count, at;              /* data[at] is the first that ends behind the place looked at */
};

static int32_t find_in(const struct tokenizer *t, const struct prefix_set *set, struct span text,
                       size_t pos, size_t end, size_t *bytes)
{
    uint8_t c = (uint8_t)text.data[pos];
    if (!set->count || set->first[c] == set->first[c + 1]) return -1;
    return prefix_set_longest(set, &t->vocab, text.data + pos, end - pos, bytes);
}

/* The longest token at `pos`: trusted ones end where the data begins. */
static int32_t find_token(const struct tokenizer *t, struct origins *o, struct span text,
                          size_t pos, size_t *bytes)
{
    while (o->at < o->count && o->data[o->at].end <= pos)
        o->at++;
    size_t end = o->at < o->count ? o->data[o->at].begin : text.len;
    int32_t id = pos < end ? find_in(t, &t->trusted, text, pos, end, bytes) : -1;
    return id >= 0 || end == text.len ? id : find_in(t, &t->plain, text, pos, text.len, bytes);
}

static enum status encode_all(const struct tokenizer *t, struct span text, struct origins *o,
                              struct encode_scratch *s, struct token_list *out, struct error *err)
{
    enum status status = STATUS_OK;
    size_t from = 0, pos = 0, bytes = 0;
    while (pos < text.len && !status && (t->trusted.count || t->plain.count)) {
        int32_t id = find_token(t, o, text, pos, &bytes);
        size_t begin = pos, end = pos + bytes;
        if (id < 0 || !accept(t, id, text, from, &begin, &end)) {
            pos++;
            continue;
        }
        if (begin > from)
            status = encode_text(t, (struct span){ text.data + from, begin - from }, from == 0, s,
                                 out, err);
        if (!status) status = token_list_push(out, id, err);
        from = pos = end;
    }
    if (!status && from < text.len)
        status = encode_text(t, (struct span){ text.data + from, text.len - from }, from == 0, s,
                             out, err);
    return status;
}

enum status tokenizer_encode(const struct tokenizer *t, const char *text, size_t len,
                             bool parse_special, struct token_list *out, struct error *err)
{
    struct byte_range all = { 0, len };
    return tokenizer_encode_mixed(t, text, len, &all, !parse_special, out, err);
}

enum status tokenizer_encode_mixed(const struct tokenizer *t, const char *text, size_t len,
                                   const struct byte_range *data, size_t data_count,
                                   struct token_list *out, struct error *err)
{
    struct origins o = { .data = data, .count = data_count };
    struct encode_scratch s = { .one = BUF_INIT(NORM_OUTPUT_BYTES_MAX),
                                .two = BUF_INIT(NORM_OUTPUT_BYTES_MAX),
                                .three = BUF_INIT(NORM_OUTPUT_BYTES_MAX) };
    size_t count = out->count;
    enum status status = encode_all(t, (struct span){ text, len }, &o, &s, out, err);
    if (status) out->count = count;
    scratch_release(&s);
    return status;
}
