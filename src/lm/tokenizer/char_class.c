/* Classes of characters: the ASCII table, and Unicode categories by utf8proc.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/tokenizer/char_class.h"

#include <utf8proc.h>

#include "base/core/utf8.h"

/* Sums of the CHAR_ flags, rows of 16. */
const uint16_t char_class_ascii[128] = {
    0,   0,   0,  0,   0,   0,   0,  0,  0,  4,  1028, 4,   4,   1028, 0,   0,   0,   0,   0,
    0,   0,   0,  0,   0,   0,   0,  0,  0,  0,  0,    0,   0,   4,    64,  64,  64,  128, 64,
    64,  64,  64, 64,  64,  128, 64, 64, 64, 64, 258,  258, 258, 258,  258, 258, 258, 258, 258,
    258, 64,  64, 128, 128, 128, 64, 64, 17, 17, 17,   17,  17,  17,   17,  17,  17,  17,  17,
    17,  17,  17, 17,  17,  17,  17, 17, 17, 17, 17,   17,  17,  17,   17,  64,  64,  64,  128,
    576, 128, 33, 33,  33,  33,  33, 33, 33, 33, 33,   33,  33,  33,   33,  33,  33,  33,  33,
    33,  33,  33, 33,  33,  33,  33, 33, 33, 64, 128,  64,  128, 0,
};

unsigned char_class_of(uint32_t cp)
{
    if (cp < 128) return char_class_ascii[cp];
    switch (utf8proc_category((utf8proc_int32_t)cp)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LT: return CHAR_LETTER | CHAR_UPPER;
    case UTF8PROC_CATEGORY_LL: return CHAR_LETTER | CHAR_LOWER;
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO: return CHAR_LETTER;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME: return CHAR_MARK;
    case UTF8PROC_CATEGORY_ND: return CHAR_NUMBER | CHAR_DECIMAL;
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO: return CHAR_NUMBER;
    case UTF8PROC_CATEGORY_PC: return CHAR_PUNCT | CHAR_CONNECTOR;
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO: return CHAR_PUNCT;
    case UTF8PROC_CATEGORY_SM:
    case UTF8PROC_CATEGORY_SC:
    case UTF8PROC_CATEGORY_SK:
    case UTF8PROC_CATEGORY_SO: return CHAR_SYMBOL;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return CHAR_SPACE;
    default: return cp == 0x85 ? CHAR_SPACE : 0; /* NEL is a control with White_Space */
    }
}

unsigned char_class_slow(const char *s, size_t len, size_t *ret_bytes)
{
    uint32_t cp;
    int bytes = utf8_decode(s, len, &cp);
    *ret_bytes = bytes ? (size_t)bytes : 1;
    return bytes ? char_class_of(cp) : 0;
}
