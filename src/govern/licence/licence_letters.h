/* One code point at a time out of text in any of the encodings that licences come in.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef GOVERN_LICENCE_LICENCE_LETTERS_H
#define GOVERN_LICENCE_LICENCE_LETTERS_H

#include "govern/licence/licence_words.h"

/* Looks at marks and zero bytes. STATUS_BAD_INPUT: no text in any of them. */
enum status licence_encoding_of(enum licence_encoding *ret, struct span text, struct error *err);
/* The code point at `at` and its bytes (at least 1); 0xFFFD where there is none. */
uint32_t licence_letter(enum licence_encoding e, struct span text, size_t at, uint32_t *ret_bytes);
/* An HTML entity at `at` ("&nbsp;" "&#8220;"): its bytes in the text, 0 where there is none. */
uint32_t licence_entity(enum licence_encoding e, struct span text, size_t at, uint32_t *ret_letter);
/* Lower case, full width and accents to what they stand for; 0: invisible, not even a gap. */
uint32_t licence_fold(uint32_t letter);
bool licence_is_cjk(uint32_t letter);
bool licence_is_word_letter(uint32_t folded); /* letters and digits, not CJK */
/* What is read by no eye but may be read by a machine, or is shown in another order than it stands: Unicode
 * tags, direction overrides. */
bool licence_is_ghost(uint32_t letter);
/* The letters of a ligature (U+FB00..): how many and, borrowed, which; 0 where it is none. */
uint32_t licence_ligature(uint32_t letter, const char **ret);

#endif
