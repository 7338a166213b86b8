/* The vocabulary's texts as trees of bytes, so that tokens with a common beginning are checked once.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Nodes lie in the order of a walk from the left: the children of node i begin at i + 1, and what
 * comes after its subtree at `end`. Special tokens are in no tree: text never spells them.
 * Made once for a tokenizer; immutable. */
#ifndef LM_SAMPLE_VOCAB_TRIE_H
#define LM_SAMPLE_VOCAB_TRIE_H

#include "lm/tokenizer/tokenizer.h"

#define VOCAB_TOKEN_BYTES_MAX 256 /* longer tokens are never offered */
#define VOCAB_PLAIN_MAX       64  /* characters */

struct trie_node {
    uint8_t byte;
    uint16_t depth; /* bytes up to and with this one */
    int32_t token;  /* that ends here, or -1 */
    uint32_t end;
};
struct trie {
    struct trie_node *nodes;
    uint32_t count;
};

/* A plain token is whole characters, at most VOCAB_PLAIN_MAX of them, that a JSON string takes as
 * they are: no quote, backslash, control character or line separator. */
struct vocab_trie {
    const struct tokenizer *tokenizer; /* borrowed */
    uint32_t token_count;              /* ids are below */
    uint32_t word_count;               /* of a mask: 64 ids a word */
    struct trie all, hard;             /* hard: those that are not plain */
    int32_t *same;                     /* [token_count]: the next id with the same text, or -1 */
    uint64_t *plain; /* [VOCAB_PLAIN_MAX + 1][word_count]: plain tokens of at most so many */
};

enum status vocab_trie_new(struct vocab_trie **ret, const struct tokenizer *t, struct error *err);
void vocab_trie_free(struct vocab_trie *v);

#endif
