/* What every step of compiling a constraint shares: memory, a work budget, the first error.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A failed step returns NULL or false and leaves its reason here; callers only pass the failure
 * up. Everything is allocated from one arena, which dies with the build: what survives is copied
 * by constraint_keep.c. */
#ifndef LM_SAMPLE_CONSTRAINT_BUILD_H
#define LM_SAMPLE_CONSTRAINT_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/mem.h"
#include "base/core/status.h"

#define BUILD_BYTES_MAX  ((size_t)384 << 20)
#define BUILD_WORK_MAX   ((uint64_t)100 << 20) /* edges looked at, about a second */
#define BUILD_STATES_MAX ((uint32_t)200000)    /* of one automaton */
#define BUILD_TIME_MS    5000

struct build {
    struct arena arena;
    uint64_t work;
    int64_t deadline_ns;
    bool tagged;        /* JSON stands in tags: its strings hold no '<' as it is */
    enum status status; /* the first failure */
    struct error err;
};

void build_init(struct build *b);
void build_release(struct build *b);
/* Records the first failure; always false, so that `return build_fail(...)` reads well. */
bool build_fail(struct build *b, enum status s, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Zeroed; NULL when the build has failed or fails now. */
void *build_array(struct build *b, size_t count, size_t item_bytes);
char *build_text(struct build *b, const char *text, size_t len);
/* Counts work; false when the budget or the time is used up. */
bool build_spend(struct build *b, uint64_t work);
/* Room for one more item in a growing array; `*items` may move. */
bool build_grow(struct build *b, void *items, size_t *cap, size_t count, size_t item_bytes);

/* Interned vectors of words: each different vector gets the next number from 0. */
struct word_set {
    uint32_t *slots; /* number + 1 */
    size_t slot_count;
    uint32_t count;
    size_t offsets_cap, words_cap;
    size_t *offsets; /* [count + 1] */
    uint32_t *words;
};
/* The number of words[0..n), UINT32_MAX on failure; *ret_new says whether it was met first. */
uint32_t word_set_add(struct build *b, struct word_set *s, const uint32_t *words, size_t n,
                      bool *ret_new);
static inline const uint32_t *word_set_at(const struct word_set *s, uint32_t i, size_t *ret_n)
{
    *ret_n = s->offsets[i + 1] - s->offsets[i];
    return s->words + s->offsets[i];
}

#endif
