/* What a request gets when nobody else is there: the measure of every test of the scheduler.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The next token is a function of every bit of the logits, so that one wrong bit anywhere in a request's
 * past shows as another text. */
#ifndef TESTS_SUPPORT_ALONE_H
#define TESTS_SUPPORT_ALONE_H

#include <stddef.h>
#include <stdint.h>

#include "lm/engine/engine.h"

#define ALONE_PROMPT_MAX 512
#define ALONE_ANSWER_MAX 160

uint64_t alone_hash(const float *logits, int64_t count);
/* The tokens that follow logits with this hash: at most `room`, 0 for the end. */
size_t alone_choose(uint64_t hash, int64_t vocab, int32_t *ret, size_t room);

/* A prompt and what follows it. */
struct alone {
    int32_t tokens[ALONE_PROMPT_MAX];
    size_t count;
    int32_t answer[ALONE_ANSWER_MAX];
    size_t answer_count;
    bool stops;                        /* the end came within ALONE_ANSWER_MAX tokens */
    uint64_t hashes[ALONE_PROMPT_MAX]; /* of the logits after each prompt token */
};

/* Fills the answer in, in a session of its own that takes nothing from the cache. */
void alone_run(struct alone *a, struct engine *e);

#endif
