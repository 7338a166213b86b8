/* SentencePiece BPE: two neighbours join where the vocabulary has the whole, best score first.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Unlike a merge list this looks at bytes, not at ids: characters without a token of their own can
 * still be halves of a longer one. User-defined pieces are cut out first and never join. */
#include "base/core/utf8.h"
#include "lm/tokenizer/tokenizer_parts.h"

struct symbol {
    uint32_t begin, len; /* len 0: joined into the one before */
    uint32_t next, prev; /* the count: none */
    int32_t id;          /* of a user-defined piece, which is frozen; -1 */
};

struct candidate {
    float score;
    uint32_t left, bytes; /* stale when the two symbols at left do not sum up to `bytes` */
};

struct work {
    const struct tokenizer *t;
    const char *text;
    struct symbol *symbols;
    struct candidate *heap;
    uint32_t count;
    size_t heap_count;
};

static bool before(const struct candidate *a, const struct candidate *b)
{
    return a->score != b->score ? a->score > b->score : a->left < b->left;
}

static void heap_push(struct work *w, struct candidate item)
{
    size_t i = w->heap_count++;
    while (i && before(&item, &w->heap[(i - 1) / 2])) {
        w->heap[i] = w->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    w->heap[i] = item;
}

static struct candidate heap_pop(struct work *w)
{
    struct candidate top = w->heap[0], last = w->heap[--w->heap_count];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < w->heap_count; i = child) {
        if (child + 1 < w->heap_count && before(&w->heap[child + 1], &w->heap[child])) child++;
        if (!before(&w->heap[child], &last)) break;
        w->heap[i] = w->heap[child];
    }
    w->heap[i] = last;
    return top;
}

static void offer(struct work *w, uint32_t left)
{
    if (left >= w->count || w->symbols[left].next >= w->count) return;
    const struct symbol *a = &w->symbols[left], *b = &w->symbols[a->next];
    if (a->id >= 0 || b->id >= 0 || a->len + b->len > VOCAB_PIECE_BYTES_MAX) return;
    struct span both = { w->text + a->begin, a->len + b->len };
    int32_t id = vocab_find(&w->t->vocab, both, TOKEN_MATCHES);
    if (id >= 0)
        heap_push(w, (struct candidate){ w->t->vocab.tokens[id].score, left, (uint32_t)both.len });
}

static void cut_symbols(struct work *w, struct span text)
{
    uint32_t n = 0;
    for (size_t i = 0; i < text.len; n++) {
        uint32_t cp;
        size_t bytes = 0;
        int32_t id = -1;
        if (w->t->pieces.count)
            id = prefix_set_longest(&w->t->pieces, &w->t->vocab, text.data + i, text.len - i,
                                    &bytes);
        if (id < 0) {
            int len = utf8_decode(text.data + i, text.len - i, &cp);
            bytes = len ? (size_t)len : 1;
        }
        w->symbols[n] = (struct symbol){ (uint32_t)i, (uint32_t)bytes, n + 1, n - 1, id };
        i += bytes;
    }
    w->count = n;
    w->symbols[0].prev = n;
}

static void join(struct work *w)
{
    for (uint32_t i = 0; i + 1 < w->count; i++)
        offer(w, i);
    while (w->heap_count) {
        struct candidate top = heap_pop(w);
        struct symbol *left = &w->symbols[top.left];
        if (!left->len || left->next >= w->count) continue;
        struct symbol *right = &w->symbols[left->next];
        if (left->len + right->len != top.bytes) continue;
        left->len = top.bytes;
        right->len = 0;
        left->next = right->next;
        if (right->next < w->count) w->symbols[right->next].prev = top.left;
        offer(w, left->prev);
        offer(w, top.left);
    }
}

enum status encode_sp_bpe(const struct tokenizer *t, struct span text, struct encode_scratch *s,
                          struct token_list *out, struct error *err)
{
    if (text.len >= UINT32_MAX / 4)
        return error_set(err, STATUS_LIMIT, "a text of %zu bytes is too long to encode at once",
                         text.len);
    struct work w = { .t = t, .text = text.data };
    w.symbols = encode_scratch_block(s, text.len,
                                     sizeof(struct symbol) + 3 * sizeof(struct candidate), err);
    if (!w.symbols) return STATUS_NO_MEMORY;
    w.heap = (struct candidate *)(w.symbols + text.len);
    cut_symbols(&w, text);
    join(&w);
    enum status status = STATUS_OK;
    bool unknown = false;
    for (uint32_t i = 0; i < w.count && !status; i = w.symbols[i].next) {
        const struct symbol *y = &w.symbols[i];
        struct span piece = { text.data + y->begin, y->len };
        int32_t id = y->id >= 0 ? y->id : vocab_find(&t->vocab, piece, TOKEN_MATCHES);
        size_t count = out->count;
        status =
            id >= 0 ? token_list_push(out, id, err) : encode_unknown(t, piece, unknown, out, err);
        unknown =
            id < 0 && !status && (out->count == count || out->ids[out->count - 1] == t->unknown_id);
    }
    return status;
}
