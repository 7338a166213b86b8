/* Classes of the character at a place in a text: a table for ASCII, utf8proc for the rest.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A byte that begins no valid UTF-8 sequence is a character of one byte and of no class. */
#ifndef LM_TOKENIZER_CHAR_CLASS_H
#define LM_TOKENIZER_CHAR_CLASS_H

#include <stddef.h>
#include <stdint.h>

enum {
    CHAR_LETTER = 1,     /* \p{L} */
    CHAR_NUMBER = 2,     /* \p{N} */
    CHAR_SPACE = 4,      /* White_Space */
    CHAR_MARK = 8,       /* \p{M} */
    CHAR_UPPER = 16,     /* \p{Lu} \p{Lt} */
    CHAR_LOWER = 32,     /* \p{Ll} */
    CHAR_PUNCT = 64,     /* \p{P} */
    CHAR_SYMBOL = 128,   /* \p{S} */
    CHAR_DECIMAL = 256,  /* \p{Nd} */
    CHAR_CONNECTOR = 512 /* \p{Pc} */
};

#define CHAR_NEWLINE 1024 /* CR or LF */

extern const uint16_t char_class_ascii[128];
unsigned char_class_of(uint32_t code_point); /* any code point */
/* Class of the character at s[0..len), len > 0, and its bytes. */
unsigned char_class_slow(const char *s, size_t len, size_t *ret_bytes);

static inline unsigned char_class(const char *s, size_t len, size_t *ret_bytes)
{
    uint8_t c = (uint8_t)*s;
    if (c < 128) {
        *ret_bytes = 1;
        return char_class_ascii[c];
    }
    return char_class_slow(s, len, ret_bytes);
}

#endif
