/* Arithmetic as in Python, and what `+`, `*` and `%` do to strings and lists.
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "lm/chat/jinja_run.h"

static const char *const SIGNS[] = {
    [OP_ADD] = "+",        [OP_SUB] = "-", [OP_MUL] = "*",  [OP_DIV] = "/",
    [OP_FLOOR_DIV] = "//", [OP_MOD] = "%", [OP_POW] = "**",
};

static bool overflow(struct render *r, enum operator op)
{
    return fault(r, STATUS_LIMIT, "the result of %s does not fit into 64 bits", SIGNS[op]);
}

static bool divide_by_zero(struct render *r)
{
    return fault(r, STATUS_BAD_INPUT, "division by zero");
}

static bool integer_power(struct render *r, int64_t a, int64_t b, struct value *ret)
{
    if (b < 0) {
        if (!a) return divide_by_zero(r);
        *ret = value_real(pow((double)a, (double)b));
        return true;
    }
    int64_t result = 1;
    while (b) {
        if ((b & 1) && __builtin_mul_overflow(result, a, &result)) return overflow(r, OP_POW);
        b >>= 1;
        if (b && __builtin_mul_overflow(a, a, &a)) return overflow(r, OP_POW);
    }
    *ret = value_int(result);
    return true;
}

static bool integer_divide(struct render *r, enum operator op, int64_t a, int64_t b,
                           struct value *ret)
{
    if (!b) return divide_by_zero(r);
    if (b == -1) {
        if (op == OP_FLOOR_DIV && a == INT64_MIN) return overflow(r, op);
        *ret = value_int(op == OP_MOD ? 0 : -a);
        return true;
    }
    int64_t quotient = a / b, rest = a % b;
    bool down = rest && (rest < 0) != (b < 0);
    *ret = value_int(op == OP_MOD ? rest + (down ? b : 0) : quotient - down);
    return true;
}

static bool integers(struct render *r, enum operator op, int64_t a, int64_t b, struct value *ret)
{
    int64_t result = 0;
    bool over = false;
    switch (op) {
    case OP_ADD: over = __builtin_add_overflow(a, b, &result); break;
    case OP_SUB: over = __builtin_sub_overflow(a, b, &result); break;
    case OP_MUL: over = __builtin_mul_overflow(a, b, &result); break;
    case OP_DIV:
        if (!b) return divide_by_zero(r);
        *ret = value_real((double)a / (double)b);
        return true;
    case OP_POW: return integer_power(r, a, b, ret);
    default: return integer_divide(r, op, a, b, ret);
    }
    if (over) return overflow(r, op);
    *ret = value_int(result);
    return true;
}

/* Python's float % and //: the rest has the sign of the divisor. */
static double real_divide(enum operator op, double a, double b)
{
    double rest = fmod(a, b), quotient = (a - rest) / b;
    if (rest != 0 && (b < 0) != (rest < 0)) {
        rest += b;
        quotient -= 1;
    } else if (rest == 0) {
        rest = copysign(0.0, b);
    }
    if (op == OP_MOD) return rest;
    if (quotient == 0) return copysign(0.0, a / b);
    double floored = floor(quotient);
    return quotient - floored > 0.5 ? floored + 1 : floored;
}

static bool reals(struct render *r, enum operator op, double a, double b, struct value *ret)
{
    double result;
    switch (op) {
    case OP_ADD: result = a + b; break;
    case OP_SUB: result = a - b; break;
    case OP_MUL: result = a * b; break;
    case OP_POW:
        if (a == 0 && b < 0) return divide_by_zero(r);
        result = pow(a, b);
        if (isnan(result) && !isnan(a) && !isnan(b))
            return fault(r, STATUS_UNSUPPORTED, "a power that is a complex number");
        break;
    default:
        if (b == 0) return divide_by_zero(r);
        result = op == OP_DIV ? a / b : real_divide(op, a, b);
    }
    *ret = value_real(result);
    return true;
}

static bool add_texts(struct render *r, const struct text *a, const struct text *b,
                      struct value *ret)
{
    const struct text *joined;
    bool markup = a->markup || b->markup;
    if (markup && (!text_escape(r, a, &a) || !text_escape(r, b, &b))) return false;
    if (!text_join(r, a, b, &joined)) return false;
    if (markup && !text_mark(r, joined, &joined)) return false;
    *ret = value_of_text(joined);
    return true;
}

static bool add_lists(struct render *r, struct value a, struct value b, struct value *ret)
{
    struct value out;
    if (!list_new(r, (enum value_type)a.type, a.list->count + b.list->count, &out)) return false;
    for (size_t i = 0; i < a.list->count; i++)
        if (!list_push(r, out.list, a.list->items[i])) return false;
    for (size_t i = 0; i < b.list->count; i++)
        if (!list_push(r, out.list, b.list->items[i])) return false;
    out.from_data = a.from_data || b.from_data;
    *ret = out;
    return step(r, out.list->count);
}

static bool repeat(struct render *r, struct value v, int64_t times, struct value *ret)
{
    struct writer w = { .r = r };
    size_t len = v.type == VALUE_STRING ? v.text->len : v.list->count;
    if (times < 0 || !len) times = 0;
    if (v.type == VALUE_STRING) {
        for (int64_t i = 0; i < times; i++)
            if (!writer_put_text(&w, v.text)) return false;
        return writer_value(&w, ret);
    }
    if (!list_new(r, (enum value_type)v.type, 0, ret)) return false;
    ret->from_data = v.from_data;
    for (int64_t i = 0; i < times; i++)
        for (size_t k = 0; k < len; k++)
            if (!step(r, 1) || !list_push(r, ret->list, v.list->items[k])) return false;
    return true;
}

static bool is_repeatable(struct value v)
{
    return v.type == VALUE_STRING || v.type == VALUE_LIST || v.type == VALUE_TUPLE;
}

static bool is_whole(struct value v)
{
    return v.type == VALUE_INT || v.type == VALUE_BOOL;
}

static bool percent(struct render *r, const struct text *format, struct value arguments,
                    struct value *ret)
{
    const struct text *t;
    if (!text_percent(r, format, arguments, &t)) return false;
    *ret = value_of_text(t);
    return true;
}

bool binary(struct render *r, enum operator op, struct value a, struct value b, struct value *ret)
{
    if (a.type == VALUE_STRING && op == OP_MOD) return percent(r, a.text, b, ret);
    if (a.type == VALUE_UNDEFINED) return fault_undefined(r, a);
    if (b.type == VALUE_UNDEFINED) return fault_undefined(r, b);
    if (value_is_number(a) && value_is_number(b)) {
        bool real = a.type == VALUE_FLOAT || b.type == VALUE_FLOAT;
        bool ok = real ? reals(r, op, value_number(a), value_number(b), ret)
                       : integers(r, op, value_whole(a), value_whole(b), ret);
        if (ok) ret->from_data = a.from_data || b.from_data;
        return ok;
    }
    if (op == OP_ADD && a.type == VALUE_STRING && b.type == VALUE_STRING)
        return add_texts(r, a.text, b.text, ret);
    if (op == OP_ADD && a.type == b.type && (a.type == VALUE_LIST || a.type == VALUE_TUPLE))
        return add_lists(r, a, b, ret);
    if (op == OP_MUL && is_repeatable(a) && is_whole(b)) return repeat(r, a, value_whole(b), ret);
    if (op == OP_MUL && is_repeatable(b) && is_whole(a)) return repeat(r, b, value_whole(a), ret);
    return fault(r, STATUS_BAD_INPUT, "%s does not work between '%s' and '%s'", SIGNS[op],
                 value_type_name(a), value_type_name(b));
}
