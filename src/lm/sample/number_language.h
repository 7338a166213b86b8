/* Which texts spell numbers within bounds: automata over decimal digits.
 * SPDX-License-Identifier: Apache-2.0
 *
 * All are languages inside one universe, -?(0|[1-9][0-9]*)(\.[0-9]+)?, and hold every spelling of
 * a value in it (1, 1.0, 1.00), so that intersection and complement of texts are those of values.
 * Decimal arithmetic is exact; nothing is rounded. */
#ifndef LM_SAMPLE_NUMBER_LANGUAGE_H
#define LM_SAMPLE_NUMBER_LANGUAGE_H

#include "base/core/json.h"
#include "lm/sample/automaton.h"

#define DECIMAL_DIGITS_MAX 330   /* on each side of the point */
#define MULTIPLE_OF_MAX    20000 /* with the point taken away */

struct decimal {
    bool negative;
    int whole_count, part_count;
    char whole[DECIMAL_DIGITS_MAX + 1]; /* "0" or without leading zeros */
    char part[DECIMAL_DIGITS_MAX + 1];  /* without trailing zeros */
};
/* The shortest decimal that reads back as the number; `where` is for messages. */
bool decimal_of(struct build *b, const struct json *number, const char *where, struct decimal *ret);

enum number_order { NUMBER_LESS = 1, NUMBER_EQUAL = 2, NUMBER_GREATER = 4 };
/* x in one of the `orders` to v: NUMBER_LESS | NUMBER_EQUAL is x <= v. */
struct automaton *number_compared(struct build *b, const struct decimal *v, unsigned orders);
struct automaton *number_multiple_of(struct build *b, const struct decimal *v, const char *where);
struct automaton *number_universe(struct build *b);

#endif
