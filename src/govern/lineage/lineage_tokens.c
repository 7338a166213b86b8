/* What two tokenizers have in common: supporting evidence only.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "govern/lineage/lineage_inner.h"
#include "lm/tokenizer/tokenizer.h"

static bool same_piece(struct span x, struct span y)
{
    return x.data && y.data && x.len == y.len && memcmp(x.data, y.data, x.len) == 0;
}

static int64_t pieces_of(const struct tokenizer *t, int64_t *ret_special)
{
    int64_t count = 0;
    *ret_special = 0;
    for (int64_t i = 0; i < tokenizer_vocab_size(t); i++) {
        struct span piece = tokenizer_piece(t, (int32_t)i);
        /* One piece with two ids counts once. */
        count += piece.data && tokenizer_find(t, piece.data, piece.len) == (int32_t)i;
        *ret_special += piece.data && tokenizer_is_special(t, (int32_t)i);
    }
    return count;
}

static void compare(struct lineage_tokens *r, const struct tokenizer *a, const struct tokenizer *b)
{
    int64_t size = tokenizer_vocab_size(a), other = tokenizer_vocab_size(b);
    r->compared = true;
    r->size_a = pieces_of(a, &r->special_a);
    r->size_b = pieces_of(b, &r->special_b);
    for (int64_t i = 0; i < size; i++) {
        struct span piece = tokenizer_piece(a, (int32_t)i);
        if (!piece.data || tokenizer_find(a, piece.data, piece.len) != (int32_t)i) continue;
        int32_t id = tokenizer_find(b, piece.data, piece.len);
        r->common += id >= 0;
        r->same_id += id == (int32_t)i;
        r->special_same +=
            id == (int32_t)i && tokenizer_is_special(a, id) && tokenizer_is_special(b, id);
    }
    while (
        r->prefix < size && r->prefix < other &&
        same_piece(tokenizer_piece(a, (int32_t)r->prefix), tokenizer_piece(b, (int32_t)r->prefix)))
        r->prefix++;
    int64_t all = r->size_a + r->size_b - r->common;
    r->jaccard = all > 0 ? (double)r->common / (double)all : 0;
}

enum status lineage_tokens_compare(struct lineage *l, struct error *err)
{
    struct tokenizer *a = NULL, *b = NULL;
    struct tokenizer_options options = { 0 };
    struct error why = { .text = "" };
    enum status st = tokenizer_open(&a, l->a.source, &options, &why);
    if (!st) st = tokenizer_open(&b, l->b.source, &options, &why);
    if (!st) compare(&l->tokens, a, b);
    else snprintf(l->tokens.why_not, sizeof l->tokens.why_not, "%.250s", why.text);
    if (!st) st = STATUS_OK;
    tokenizer_free(a);
    tokenizer_free(b);
    return st == STATUS_NO_MEMORY ? error_set(err, st, "%s", why.text) : STATUS_OK;
}
