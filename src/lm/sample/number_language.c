/* Digit automata: comparison with a bound, multiples of a step.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/sample/number_language.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where in the text: BEGIN, after '-', after a leading 0, in the whole part, after the point (a digit
 * must follow), in the fraction. */
enum phase { PHASE_BEGIN, PHASE_SIGN, PHASE_ZERO, PHASE_WHOLE, PHASE_POINT, PHASE_PART };

static bool phase_step(enum phase from, uint8_t byte, enum phase *to)
{
    bool digit = byte >= '0' && byte <= '9';
    switch (from) {
    case PHASE_BEGIN:
        if (byte == '-') return *to = PHASE_SIGN, true;
        /* fall through */
    case PHASE_SIGN: *to = byte == '0' ? PHASE_ZERO : PHASE_WHOLE; return digit;
    case PHASE_ZERO:
    case PHASE_WHOLE:
        *to = byte == '.' ? PHASE_POINT : PHASE_WHOLE;
        return byte == '.' || (digit && from == PHASE_WHOLE);
    case PHASE_POINT:
    case PHASE_PART: *to = PHASE_PART; return digit;
    }
    return false;
}

static bool phase_ends(enum phase p)
{
    return p == PHASE_ZERO || p == PHASE_WHOLE || p == PHASE_PART;
}

static void digit_cuts(bool cuts[256])
{
    cuts['-'] = cuts['.'] = cuts['/'] = true;
    for (int c = '0'; c <= '9' + 1; c++)
        cuts[c] = true;
}

/* --- decimals --- */

static int shortest(char *text, size_t bytes, double v)
{
    for (int digits = 1; digits < 17; digits++) {
        snprintf(text, bytes, "%.*e", digits - 1, v);
        if (strtod(text, NULL) == v) return digits;
    }
    snprintf(text, bytes, "%.16e", v);
    return 17;
}

/* d.ddde+xx to digits before and after the point. */
static bool expand(const char *text, struct decimal *ret)
{
    char digits[32];
    int count = 0;
    const char *e = strchr(text, 'e');
    for (const char *p = text; p < e; p++)
        if (*p >= '0' && *p <= '9' && count < 31) digits[count++] = *p;
    long shift = strtol(e + 1, NULL, 10) + 1; /* digits before the point */
    if (shift > DECIMAL_DIGITS_MAX || shift < -DECIMAL_DIGITS_MAX + 20) return false;
    for (long i = 0; i < shift; i++)
        ret->whole[ret->whole_count++] = i < count ? digits[i] : '0';
    for (long i = shift; i < 0; i++)
        ret->part[ret->part_count++] = '0';
    for (long i = shift > 0 ? shift : 0; i < count; i++)
        ret->part[ret->part_count++] = digits[i];
    return true;
}

bool decimal_of(struct build *b, const struct json *number, const char *where, struct decimal *ret)
{
    char text[64];
    memset(ret, 0, sizeof *ret);
    if (json_type(number) == JSON_INT) {
        snprintf(text, sizeof text, "%" PRId64, json_int(number, 0));
        ret->negative = text[0] == '-';
        const char *digits = text + ret->negative;
        ret->whole_count = (int)strlen(digits);
        memcpy(ret->whole, digits, (size_t)ret->whole_count);
        return true;
    }
    if (json_type(number) != JSON_REAL)
        return build_fail(b, STATUS_BAD_INPUT, "%s: a number was expected", where);
    double v = json_number(number, 0);
    ret->negative = v < 0;
    if (v != 0) {
        shortest(text, sizeof text, v < 0 ? -v : v);
        if (!expand(text, ret))
            return build_fail(b, STATUS_LIMIT, "%s: the number has more than %d digits", where,
                              DECIMAL_DIGITS_MAX);
    }
    if (ret->whole_count == 0) ret->whole[ret->whole_count++] = '0';
    while (ret->part_count && ret->part[ret->part_count - 1] == '0')
        ret->part_count--;
    return true;
}

/* --- comparison --- */

/* {phase, negative, digits seen of this side, order of magnitudes so far} */
struct bound {
    const struct decimal *v;
    unsigned orders;
};

static uint32_t order_of(char x, char v)
{
    return x < v ? NUMBER_LESS : x > v ? NUMBER_GREATER : NUMBER_EQUAL;
}

/* The whole part has ended after `n` digits. */
static uint32_t settle_whole(const struct decimal *v, uint32_t n, uint32_t order)
{
    if (n < (uint32_t)v->whole_count) return NUMBER_LESS;
    return n > (uint32_t)v->whole_count ? NUMBER_GREATER : order;
}

static bool bound_step(const void *ctx, const uint32_t *from, size_t n, uint8_t byte, uint32_t *to,
                       size_t *ret_n)
{
    const struct decimal *v = ((const struct bound *)ctx)->v;
    enum phase phase;
    if (!phase_step((enum phase)from[0], byte, &phase)) return false;
    memcpy(to, from, 4 * sizeof *to);
    *ret_n = 4;
    to[0] = phase;
    if (byte == '-') {
        to[1] = 1;
    } else if (byte == '.') {
        to[3] = settle_whole(v, from[2], from[3]);
        to[2] = 0;
    } else if (phase == PHASE_PART) {
        if (from[3] == NUMBER_EQUAL)
            to[3] =
                order_of((char)byte, from[2] < (uint32_t)v->part_count ? v->part[from[2]] : '0');
        if (to[3] != NUMBER_EQUAL) to[2] = 0;
        else if (from[2] < (uint32_t)v->part_count) to[2]++;
    } else {
        if (from[3] == NUMBER_EQUAL && from[2] < (uint32_t)v->whole_count)
            to[3] = order_of((char)byte, v->whole[from[2]]);
        if (from[2] <= (uint32_t)v->whole_count) to[2]++;
    }
    return true;
}

static uint32_t bound_accept(const void *ctx, const uint32_t *s, size_t n)
{
    const struct bound *bound = ctx;
    const struct decimal *v = bound->v;
    if (!phase_ends((enum phase)s[0])) return 0;
    uint32_t order = s[3];
    if (s[0] != PHASE_PART) order = settle_whole(v, s[2], order);
    if (order == NUMBER_EQUAL && (s[0] != PHASE_PART || s[2] < (uint32_t)v->part_count))
        if (v->part_count > (s[0] == PHASE_PART ? (int)s[2] : 0)) order = NUMBER_LESS;
    bool zero = v->whole_count == 1 && v->whole[0] == '0' && v->part_count == 0;
    bool v_negative = v->negative && !zero;
    if (s[1] && v_negative)
        order = order == NUMBER_LESS      ? NUMBER_GREATER
                : order == NUMBER_GREATER ? NUMBER_LESS
                                          : order;
    else if (s[1] && !zero) order = NUMBER_LESS;
    else if (s[1]) order = order == NUMBER_EQUAL ? NUMBER_EQUAL : NUMBER_LESS;
    else if (v_negative) order = NUMBER_GREATER;
    return (order & bound->orders) != 0;
}

struct automaton *number_compared(struct build *b, const struct decimal *v, unsigned orders)
{
    struct bound bound = { v, orders };
    struct explorer e = { &bound, bound_step, bound_accept };
    bool cuts[256] = { 0 };
    digit_cuts(cuts);
    return automaton_explore(b, &e, (uint32_t[]){ PHASE_BEGIN, 0, 0, NUMBER_EQUAL }, 4, cuts);
}

struct automaton *number_universe(struct build *b)
{
    struct decimal zero = { .whole_count = 1, .whole = "0" };
    return number_compared(b, &zero, NUMBER_LESS | NUMBER_EQUAL | NUMBER_GREATER);
}

/* --- multiples --- */

/* {phase, remainder, digits of the fraction seen}: the step is `step` / 10^places. */
struct multiple {
    uint32_t step, places;
};

static bool multiple_step(const void *ctx, const uint32_t *from, size_t n, uint8_t byte,
                          uint32_t *to, size_t *ret_n)
{
    const struct multiple *m = ctx;
    enum phase phase;
    if (!phase_step((enum phase)from[0], byte, &phase)) return false;
    memcpy(to, from, 3 * sizeof *to);
    *ret_n = 3;
    to[0] = phase;
    if (byte == '-' || byte == '.') return true;
    if (phase == PHASE_PART && from[2] >= m->places) return byte == '0';
    to[1] = (from[1] * 10 + (uint32_t)(byte - '0')) % m->step;
    if (phase == PHASE_PART) to[2]++;
    return true;
}

static uint32_t multiple_accept(const void *ctx, const uint32_t *s, size_t n)
{
    const struct multiple *m = ctx;
    uint64_t r = s[1];
    for (uint32_t i = s[2]; i < m->places; i++)
        r = r * 10 % m->step;
    return phase_ends((enum phase)s[0]) && r == 0;
}

struct automaton *number_multiple_of(struct build *b, const struct decimal *v, const char *where)
{
    struct multiple m = { 0, (uint32_t)v->part_count };
    uint64_t step = 0;
    for (int i = 0; i < v->whole_count + v->part_count; i++) {
        char c = i < v->whole_count ? v->whole[i] : v->part[i - v->whole_count];
        step = step * 10 + (uint64_t)(c - '0');
        if (step > MULTIPLE_OF_MAX) {
            build_fail(b, STATUS_LIMIT,
                       "%s: multipleOf is supported up to %d, the decimal point left out", where,
                       MULTIPLE_OF_MAX);
            return NULL;
        }
    }
    if (step == 0 || v->negative) {
        build_fail(b, STATUS_BAD_INPUT, "%s: multipleOf has to be greater than zero", where);
        return NULL;
    }
    m.step = (uint32_t)step;
    struct explorer e = { &m, multiple_step, multiple_accept };
    bool cuts[256] = { 0 };
    digit_cuts(cuts);
    return automaton_explore(b, &e, (uint32_t[]){ PHASE_BEGIN, 0, 0 }, 3, cuts);
}
