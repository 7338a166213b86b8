/* UTF-8: decoding one code point, validation, encoding.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Strict per Unicode 15 table 3-7: no overlong forms, surrogates or values past U+10FFFF. */
#ifndef BASE_CORE_UTF8_H
#define BASE_CORE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decodes the code point at s[0..len). Returns its length 1..4 and sets *ret;
 * 0 when len is 0 or the bytes there are not valid (then *ret is 0xFFFD). */
int utf8_decode(const char *s, size_t len, uint32_t *ret);
/* Writes 1..4 bytes, returns how many; 0 for a surrogate or a value past U+10FFFF. */
int utf8_encode(uint32_t code_point, char out[4]);
/* Bytes of the longest valid prefix; equal to len when all is valid. */
size_t utf8_valid_prefix(const char *s, size_t len);
bool utf8_valid(const char *s, size_t len);
/* How many bytes at the end begin, but do not finish, a valid sequence (0..3). */
size_t utf8_incomplete_tail(const char *s, size_t len);

#endif
