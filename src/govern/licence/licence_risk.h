/* Which words may stand in a text beside a known licence without changing what it means.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A copyright line, a title and the numbers of paragraphs may differ; anything that could be a term may
 * not. Where in doubt the answer is that it could. */
#ifndef GOVERN_LICENCE_LICENCE_RISK_H
#define GOVERN_LICENCE_LICENCE_RISK_H

#include "govern/licence/licence_words.h"

#define COPYRIGHT_LINE_WORDS_MAX 24

/* Could this word be part of a term? */
bool licence_word_is_risky(const struct licence_words *w, uint32_t i);
bool licence_words_are_risky(const struct licence_words *w, uint32_t begin, uint32_t end);
/* Could they be names, years and addresses, and nothing else? */
bool licence_words_are_names(const struct licence_words *w, uint32_t begin, uint32_t end);
/* The words of the copyright line that begins at word `i`, a line's start; 0 where none does. */
uint32_t licence_copyright_line(const struct licence_words *w, uint32_t i);
/* Only words of licences' titles: "The MIT License (MIT)". */
bool licence_words_are_title(const struct licence_words *w, uint32_t begin, uint32_t end);

#endif
