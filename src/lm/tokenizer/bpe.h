/* Byte pair merging by rank: of two neighbours, the pair of lowest rank is joined first.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Serves merge lists (the rank is the line) and tiktoken files (the rank is the token's): for the
 * latter every way to cut a token into two tokens is a pair. Of equal ranks the leftmost wins. */
#ifndef LM_TOKENIZER_BPE_H
#define LM_TOKENIZER_BPE_H

#include <stddef.h>
#include <stdint.h>

#include "base/core/status.h"

#define BPE_MERGES_MAX ((size_t)1 << 26)

struct bpe_merge {
    int32_t left, right, id;
    uint32_t rank;
};

struct bpe_slot {
    uint64_t key; /* left << 32 | right */
    uint32_t rank;
    int32_t id;
};

struct bpe {
    struct bpe_slot *slots; /* NULL: no merges */
    int shift;
    size_t mask;
};

/* Working memory for long pieces, kept between calls by one thread. */
struct bpe_scratch {
    void *block;
    size_t bytes;
};

enum status bpe_init(struct bpe *ret, const struct bpe_merge *merges, size_t count,
                     struct error *err);
void bpe_release(struct bpe *b);
/* Merges ids[0..*count) in place and sets the new count. */
enum status bpe_join(const struct bpe *b, int32_t *ids, size_t *count, struct bpe_scratch *s,
                     struct error *err);
void bpe_scratch_release(struct bpe_scratch *s);

/* Growing list of merges, for the loaders. */
struct bpe_merges {
    struct bpe_merge *items;
    size_t count, cap;
};
enum status bpe_merges_push(struct bpe_merges *m, struct bpe_merge item, struct error *err);
void bpe_merges_release(struct bpe_merges *m);

#endif
