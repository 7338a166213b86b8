/* Deterministic automata over bytes, built by exploring states, and their algebra.
 * SPDX-License-Identifier: Apache-2.0
 *
 * State 0 is dead: no text is accepted from it. Bytes fall into classes, and the table has one
 * column for each. accept[] holds a label, 0 for states where the text may not end. All automata
 * here are trimmed: from every state but 0 some text is accepted. An automaton that accepts
 * nothing has start 0.
 *
 * The callee edges are those of a recursive grammar: from a state, after something else was
 * matched by the thing numbered `callee`, the state `target` is reached. */
#ifndef LM_SAMPLE_AUTOMATON_H
#define LM_SAMPLE_AUTOMATON_H

#include "base/core/span.h"
#include "lm/sample/constraint_build.h"

struct call_edge {
    uint32_t callee, target;
};

struct automaton {
    uint32_t states, classes, start;
    uint8_t class_of[256];
    uint32_t *next;   /* [states][classes] */
    uint32_t *accept; /* [states] */
    /* Only in grammars: edges of state s are calls[call_first[s] .. call_first[s + 1]). */
    uint32_t *call_first;
    struct call_edge *calls;
    bool before_token; /* what follows it begins with a special token: see constraint_mask.c */
};

static inline uint32_t automaton_next(const struct automaton *a, uint32_t state, uint8_t byte)
{
    return a->next[(size_t)state * a->classes + a->class_of[byte]];
}
static inline bool automaton_empty(const struct automaton *a)
{
    return a->start == 0;
}

/* A machine given by its moves: states are vectors of words, explored from `start`. */
struct explorer {
    const void *ctx;
    /* Whether `byte` leads on from `from`, and to which vector: at most EXPLORE_WORDS_MAX. */
    bool (*step)(const void *ctx, const uint32_t *from, size_t n, uint8_t byte, uint32_t *to,
                 size_t *ret_n);
    uint32_t (*accept)(const void *ctx, const uint32_t *state, size_t n); /* label */
};
#define EXPLORE_WORDS_MAX 1024
/* `cuts[b]`: byte b may behave unlike byte b - 1. */
struct automaton *automaton_explore(struct build *b, const struct explorer *e,
                                    const uint32_t *start, size_t n, const bool cuts[256]);

enum automaton_op { AUTOMATON_AND, AUTOMATON_OR, AUTOMATON_MINUS };
/* Labels: those of `x` where it accepts, else of `y`. */
struct automaton *automaton_product(struct build *b, const struct automaton *x,
                                    const struct automaton *y, enum automaton_op op);
/* All machines at once, their states side by side: `label` maps the labels of a state to one, 0 for
 * none. Moves as long as the first machine does. At most AUTOMATON_JOIN_MAX machines. */
#define AUTOMATON_JOIN_MAX 64
typedef uint32_t automaton_label_fn(void *ctx, const uint32_t *labels, size_t n);
struct automaton *automaton_join(struct build *b, const struct automaton *const *machines, size_t n,
                                 automaton_label_fn *label, void *ctx);
/* Exactly these texts; text i has label i + 1 when `labelled`, else all have 1. */
struct automaton *automaton_of_words(struct build *b, const struct span *words, size_t count,
                                     bool labelled);
/* Drops states from which nothing is accepted or that are not reached, and makes equal columns one. */
struct automaton *automaton_trim(struct build *b, struct automaton *a);

#endif
