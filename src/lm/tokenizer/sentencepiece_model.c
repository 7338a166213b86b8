/* SentencePiece's tokenizer.model: a bounded reader of the protobuf fields that matter.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Source: sentencepiece_model.proto. ModelProto: 1 pieces, 2 trainer_spec, 3 normalizer_spec,
 * 5 denormalizer_spec. Piece: 1 text, 2 score, 3 type. Unknown fields are skipped, groups refused. */
#include <math.h>
#include <string.h>

#include "lm/tokenizer/tokenizer_load.h"

struct field {
    uint32_t number;
    int wire;          /* 0 varint, 1 eight bytes, 2 bytes, 5 four bytes */
    uint64_t value;    /* varint */
    struct span bytes; /* 1, 2 and 5 */
};

static bool read_varint(struct span *s, uint64_t *ret)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64 && s->len; shift += 7) {
        uint8_t b = (uint8_t)*s->data++;
        s->len--;
        v |= (uint64_t)(b & 127) << shift;
        if (b < 128) {
            *ret = v;
            return true;
        }
    }
    return false;
}

/* Next field of a message; false at its end (*ok true) or where it is malformed (*ok false). */
static bool next_field(struct span *s, struct field *ret, bool *ok)
{
    uint64_t tag, len = 0;
    *ok = true;
    if (!s->len) return false;
    *ok = false;
    if (!read_varint(s, &tag) || tag >> 3 == 0 || tag >> 3 > 0x1FFFFFFF) return false;
    struct field f = { (uint32_t)(tag >> 3), (int)(tag & 7), 0, { NULL, 0 } };
    switch (f.wire) {
    case 0:
        if (!read_varint(s, &f.value)) return false;
        break;
    case 1: len = 8; break;
    case 2:
        if (!read_varint(s, &len)) return false;
        break;
    case 5: len = 4; break;
    default: return false;
    }
    if (len > s->len) return false;
    if (f.wire) {
        f.bytes = (struct span){ s->data, (size_t)len };
        s->data += len;
        s->len -= (size_t)len;
    }
    *ret = f;
    *ok = true;
    return true;
}

struct piece {
    struct span text;
    float score;
    uint64_t type;
};

static bool read_piece(struct span s, struct piece *ret)
{
    struct field f;
    bool ok;
    *ret = (struct piece){ { NULL, 0 }, 0, 1 };
    while (next_field(&s, &f, &ok)) {
        if (f.number == 1 && f.wire == 2) ret->text = f.bytes;
        if (f.number == 2 && f.wire == 5) memcpy(&ret->score, f.bytes.data, 4);
        if (f.number == 3 && f.wire == 0) ret->type = f.value;
    }
    return ok && ret->text.data && isfinite(ret->score);
}

/* Field `number` of message s as a number, or `fallback`. */
static uint64_t number_in(struct span s, uint32_t number, uint64_t fallback)
{
    struct field f;
    bool ok;
    while (next_field(&s, &f, &ok))
        if (f.number == number && f.wire == 0) fallback = f.value;
    return fallback;
}

static struct span bytes_in(struct span s, uint32_t number)
{
    struct span found = { NULL, 0 };
    struct field f;
    bool ok;
    while (next_field(&s, &f, &ok))
        if (f.number == number && f.wire == 2) found = f.bytes;
    return found;
}

struct parts {
    struct span trainer, normalizer, denormalizer;
    size_t piece_count;
    float lowest, highest; /* scores of normal pieces */
};

static bool read_parts(struct span s, struct parts *ret)
{
    struct field f;
    struct piece p;
    bool ok;
    *ret = (struct parts){ .lowest = INFINITY, .highest = -INFINITY };
    while (next_field(&s, &f, &ok)) {
        if (f.wire != 2) continue;
        if (f.number == 2) ret->trainer = f.bytes;
        if (f.number == 3) ret->normalizer = f.bytes;
        if (f.number == 5) ret->denormalizer = f.bytes;
        if (f.number != 1) continue;
        if (!read_piece(f.bytes, &p)) return false;
        ret->piece_count++;
        if (p.type == 1 && p.score < ret->lowest) ret->lowest = p.score;
        if (p.type == 1 && p.score > ret->highest) ret->highest = p.score;
    }
    return ok && ret->piece_count;
}

bool sentencepiece_looks_like(struct span s)
{
    struct field f;
    struct piece p;
    bool ok;
    return next_field(&s, &f, &ok) && f.number == 1 && f.wire == 2 && read_piece(f.bytes, &p);
}

static enum status kind_of(uint64_t type, const struct tokenizer *t, enum token_kind *ret,
                           struct error *err)
{
    static const enum token_kind kinds[] = { TOKEN_HOLE, TOKEN_NORMAL, TOKEN_UNKNOWN, TOKEN_CONTROL,
                                             TOKEN_USER, TOKEN_UNUSED, TOKEN_BYTE };
    if (type < 1 || type >= sizeof(kinds) / sizeof(*kinds))
        return error_set(err, STATUS_BAD_INPUT, "tokenizer.model: a piece has type %llu",
                         (unsigned long long)type);
    if (type == 5 && t->model == MODEL_SP_BPE)
        return error_set(err, STATUS_UNSUPPORTED,
                         "tokenizer.model: unused pieces in a BPE model are not supported");
    *ret = kinds[type];
    return STATUS_OK;
}

static enum status load_pieces(struct tokenizer *t, struct span s, const struct parts *parts,
                               struct error *err)
{
    struct field f;
    struct piece p;
    bool ok;
    int64_t id = 0;
    while (next_field(&s, &f, &ok)) {
        if (f.number != 1 || f.wire != 2 || !read_piece(f.bytes, &p)) continue;
        enum token_kind kind = TOKEN_NORMAL;
        enum status status = kind_of(p.type, t, &kind, err);
        if (kind == TOKEN_USER && !status && looks_like_control(p.text)) kind = TOKEN_CONTROL;
        float score = p.score;
        if (kind == TOKEN_USER) score = (float)p.text.len * parts->highest - 0.1f;
        if (!status && kind == TOKEN_UNKNOWN) t->unknown_id = (int32_t)id;
        if (!status) status = load_word(t, id++, p.text, kind, score, err);
        if (status) return status;
    }
    return STATUS_OK;
}

static enum status load_normalizer(struct tokenizer *t, const struct parts *parts,
                                   struct error *err)
{
    const struct span none = { NULL, 0 };
    struct span map = bytes_in(parts->normalizer, 2), rules = bytes_in(parts->normalizer, 6);
    enum status status = STATUS_OK;
    if (rules.len)
        return error_set(err, STATUS_UNSUPPORTED,
                         "tokenizer.model: normalization_rule_tsv is not supported");
    if (bytes_in(parts->denormalizer, 2).len)
        return error_set(err, STATUS_UNSUPPORTED,
                         "tokenizer.model: a denormalizer is not supported");
    if (!number_in(parts->normalizer, 5, 1))
        return error_set(err, STATUS_UNSUPPORTED,
                         "tokenizer.model: escape_whitespaces off is not supported");
    if (number_in(parts->trainer, 24, 0))
        return error_set(err, STATUS_UNSUPPORTED,
                         "tokenizer.model: treat_whitespace_as_suffix is not supported");
    if (map.len)
        status = normalizer_add(&t->normalizer, NORM_CHARSMAP, map, none, false, false, err);
    bool squeeze = number_in(parts->normalizer, 4, 1);
    if (!status && squeeze)
        status = normalizer_add(&t->normalizer, NORM_SQUEEZE, none, none, false, false, err);
    t->prefix = number_in(parts->normalizer, 3, 1) ? PREFIX_ALWAYS : PREFIX_NONE;
    t->strip_blank = t->prefix != PREFIX_NONE || squeeze;
    t->strip_more = squeeze;
    return status;
}

enum status load_sentencepiece(struct tokenizer *t, struct span model, struct error *err)
{
    struct parts parts;
    if (!read_parts(model, &parts))
        return error_set(err, STATUS_BAD_INPUT,
                         "tokenizer.model is not a whole SentencePiece model");
    if (parts.piece_count > VOCAB_TOKENS_MAX)
        return error_set(err, STATUS_LIMIT, "tokenizer.model has more than %d pieces",
                         VOCAB_TOKENS_MAX);
    uint64_t type = number_in(parts.trainer, 3, 1);
    if (type != 1 && type != 2)
        return error_set(err, STATUS_UNSUPPORTED,
                         "tokenizer.model: model type %llu is not supported; unigram and BPE are",
                         (unsigned long long)type);
    t->model = type == 2 ? MODEL_SP_BPE : MODEL_UNIGRAM;
    t->blank_mark = t->cut_user = t->fuse_unknown = true;
    t->byte_fallback = number_in(parts.trainer, 35, 0) != 0;
    t->unknown_score = (isfinite(parts.lowest) ? parts.lowest : 0) - 10;
    enum status status = load_normalizer(t, &parts, err);
    if (!status) status = load_pieces(t, model, &parts, err);
    if (status) return status;
    int64_t bos = (int32_t)number_in(parts.trainer, 41, 1),
            eos = (int32_t)number_in(parts.trainer, 42, 2);
    t->bos =
        vocab_has(&t->vocab, bos) && t->vocab.tokens[bos].kind == TOKEN_CONTROL ? (int32_t)bos : -1;
    t->eos =
        vocab_has(&t->vocab, eos) && t->vocab.tokens[eos].kind == TOKEN_CONTROL ? (int32_t)eos : -1;
    return STATUS_OK;
}
