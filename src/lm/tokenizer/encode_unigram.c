/* Unigram: the segmentation whose pieces have the highest sum of scores (Viterbi).
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/core/utf8.h"
#include "lm/tokenizer/tokenizer_parts.h"

struct best {
    double score;  /* of the best way to reach this byte; -INFINITY: none yet */
    uint32_t from; /* where its last piece begins */
    int32_t id;    /* of that piece; -1: unknown */
};

static void improve(struct best *at, double score, size_t from, int32_t id)
{
    if (score <= at->score) return;
    *at = (struct best){ score, (uint32_t)from, id };
}

static void forward(const struct tokenizer *t, struct span text, struct best *best)
{
    for (size_t i = 0; i <= text.len; i++)
        best[i] = (struct best){ -INFINITY, 0, -1 };
    best[0].score = 0;
    for (size_t i = 0; i < text.len;) {
        uint32_t cp;
        int bytes = utf8_decode(text.data + i, text.len - i, &cp);
        size_t step = bytes ? (size_t)bytes : 1, len;
        struct prefix_walk w = { 0 };
        int32_t id;
        bool single = false;
        while (
            prefix_walk_next(&t->pieces, &t->vocab, &w, text.data + i, text.len - i, &id, &len)) {
            single |= len == step;
            improve(&best[i + len], best[i].score + (double)t->vocab.tokens[id].score, i, id);
        }
        if (!single) improve(&best[i + step], best[i].score + (double)t->unknown_score, i, -1);
        i += step;
    }
}

enum status encode_unigram(const struct tokenizer *t, struct span text, struct encode_scratch *s,
                           struct token_list *out, struct error *err)
{
    if (text.len >= UINT32_MAX / 4)
        return error_set(err, STATUS_LIMIT, "a text of %zu bytes is too long to encode at once",
                         text.len);
    struct best *best = encode_scratch_block(s, text.len + 1, sizeof(*best), err);
    if (!best) return STATUS_NO_MEMORY;
    forward(t, text, best);
    /* Turn the way back into a way forth: from[] becomes the end of the piece that begins there. */
    size_t end = text.len;
    int32_t id = best[end].id;
    while (end > 0) {
        size_t from = best[end].from;
        int32_t before = best[from].id;
        best[from].id = id;
        best[from].score = (double)end;
        id = before;
        end = from;
    }
    enum status status = STATUS_OK;
    bool unknown = false;
    for (size_t i = 0; i < text.len && !status;) {
        size_t to = (size_t)best[i].score, count = out->count;
        int32_t piece = best[i].id;
        struct span bytes = { text.data + i, to - i };
        status = piece >= 0 ? token_list_push(out, piece, err)
                            : encode_unknown(t, bytes, unknown, out, err);
        unknown = piece < 0 && !status &&
                  (out->count == count || out->ids[out->count - 1] == t->unknown_id);
        i = to;
    }
    return status;
}
