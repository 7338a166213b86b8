/* Words in which letters of another alphabet stand for Latin ones.
 * SPDX-License-Identifier: Apache-2.0
 *
 * "license" with a Cyrillic "e" is another word for programs and the same for people. A word counts when it has at
 * least three Latin letters, and all others of it are Cyrillic or Greek ones that look like Latin ones (the single
 * letters of Unicode's confusables.txt that do so in common fonts). "GPT" in a Russian word with other letters,
 * "\u03bcm" and "\u0394t" do not. */
#ifndef GOVERN_SCAN_SCAN_LOOKALIKE_H
#define GOVERN_SCAN_SCAN_LOOKALIKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All 0 before the first character. */
struct lookalike {
    size_t begin; /* of the word */
    size_t latin, foreign;
    bool others; /* letters that look like no Latin one */
};
/* Takes the code point that stands at `at`; true when it ends such a word, which began at *ret_begin. A text's end
 * is a space. */
bool lookalike_step(struct lookalike *w, uint32_t code_point, size_t at, size_t *ret_begin);

#endif
