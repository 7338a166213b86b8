/* A set of tokens in byte order: which of them begin at a place in a text?
 * SPDX-License-Identifier: Apache-2.0
 *
 * The range of tokens that share the bytes read so far is narrowed by binary search, so that a
 * walk costs log(count) per byte and ends with the first byte that no token has. */
#ifndef LM_TOKENIZER_PREFIX_SET_H
#define LM_TOKENIZER_PREFIX_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/status.h"
#include "lm/tokenizer/vocab.h"

struct prefix_set {
    int32_t *ids; /* sorted by bytes, without empty tokens */
    size_t count;
    uint32_t first[257]; /* ids whose first byte is c: [first[c], first[c + 1]) */
};

/* Takes the tokens whose kind is in `kinds` (bit per enum token_kind). */
enum status prefix_set_init(struct prefix_set *ret, const struct vocab *v, unsigned kinds,
                            struct error *err);
void prefix_set_release(struct prefix_set *p);

/* Calls for each token that text begins with, shortest first: start zeroed; false at the end. */
struct prefix_walk {
    size_t depth, low, high;
    bool started;
};
bool prefix_walk_next(const struct prefix_set *p, const struct vocab *v, struct prefix_walk *w,
                      const char *text, size_t len, int32_t *ret_id, size_t *ret_len);
/* Longest token that text begins with; -1 when none. */
int32_t prefix_set_longest(const struct prefix_set *p, const struct vocab *v, const char *text,
                           size_t len, size_t *ret_len);

#endif
