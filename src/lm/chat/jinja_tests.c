/* What stands behind `is`.
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/core/utf8.h"
#include "lm/chat/jinja_entries.h"

/* Tests that only look at the type. */
#define TYPE_TEST(name, condition)                                       \
    bool name(struct render *r, const struct call *c, struct value *ret) \
    {                                                                    \
        struct value v = c->subject;                                     \
        *ret = value_bool(condition);                                    \
        return true;                                                     \
    }

TYPE_TEST(test_boolean, v.type == VALUE_BOOL)
TYPE_TEST(test_defined, v.type != VALUE_UNDEFINED)
TYPE_TEST(test_undefined, v.type == VALUE_UNDEFINED)
TYPE_TEST(test_none, v.type == VALUE_NONE)
TYPE_TEST(test_false, v.type == VALUE_BOOL && !v.boolean)
TYPE_TEST(test_true, v.type == VALUE_BOOL && v.boolean)
TYPE_TEST(test_float, v.type == VALUE_FLOAT)
TYPE_TEST(test_integer, v.type == VALUE_INT)
TYPE_TEST(test_number, value_is_number(v))
TYPE_TEST(test_string, v.type == VALUE_STRING)
TYPE_TEST(test_mapping, v.type == VALUE_DICT)
TYPE_TEST(test_iterable, value_is_iterable(v))
TYPE_TEST(test_escaped, v.type == VALUE_STRING && v.text->markup)
TYPE_TEST(test_sequence, v.type == VALUE_STRING || v.type == VALUE_LIST || v.type == VALUE_TUPLE ||
                             v.type == VALUE_RANGE || v.type == VALUE_DICT ||
                             v.type == VALUE_UNDEFINED)
TYPE_TEST(test_callable, v.type == VALUE_MACRO || v.type == VALUE_FUNCTION ||
                             v.type == VALUE_METHOD || v.type == VALUE_LOOP ||
                             v.type == VALUE_JOINER || v.type == VALUE_UNDEFINED)

static bool known(const struct call *c, const struct callable *(*find)(struct span),
                  struct value *ret)
{
    struct value v = c->subject;
    *ret = value_bool(v.type == VALUE_STRING && find((struct span){ v.text->data, v.text->len }));
    return true;
}

bool test_filter(struct render *r, const struct call *c, struct value *ret)
{
    return known(c, filter_find, ret);
}

bool test_test(struct render *r, const struct call *c, struct value *ret)
{
    return known(c, test_find, ret);
}

/* ---- comparisons ---- */

bool test_eq(struct render *r, const struct call *c, struct value *ret)
{
    bool same;
    if (!value_equals(r, c->subject, c->argument[0], &same)) return false;
    *ret = value_bool(same);
    return true;
}

bool test_ne(struct render *r, const struct call *c, struct value *ret)
{
    if (!test_eq(r, c, ret)) return false;
    ret->boolean = !ret->boolean;
    return true;
}

static bool order(struct render *r, const struct call *c, int *ret)
{
    return value_compare(r, c->subject, c->argument[0], ret);
}

#define ORDER_TEST(name, sign)                                           \
    bool name(struct render *r, const struct call *c, struct value *ret) \
    {                                                                    \
        int o;                                                           \
        if (!order(r, c, &o)) return false;                              \
        *ret = value_bool(o sign 0);                                     \
        return true;                                                     \
    }

ORDER_TEST(test_lt, <)
ORDER_TEST(test_le, <=)
ORDER_TEST(test_gt, >)
ORDER_TEST(test_ge, >=)

bool test_in(struct render *r, const struct call *c, struct value *ret)
{
    bool inside;
    if (!value_contains(r, c->argument[0], c->subject, &inside)) return false;
    *ret = value_bool(inside);
    return true;
}

bool test_sameas(struct render *r, const struct call *c, struct value *ret)
{
    *ret = value_bool(value_same(c->subject, c->argument[0]));
    return true;
}

static bool divides(struct render *r, const struct call *c, struct value by, bool wanted,
                    struct value *ret)
{
    struct value rest;
    if (!value_is_number(c->subject) || !value_is_number(by))
        return fault(r, STATUS_BAD_INPUT, "a number is wanted, not %s",
                     value_type_name(c->subject));
    if (!binary(r, OP_MOD, c->subject, by, &rest)) return false;
    *ret = value_bool((value_number(rest) == 0) == wanted);
    return true;
}

bool test_divisibleby(struct render *r, const struct call *c, struct value *ret)
{
    return divides(r, c, c->argument[0], true, ret);
}

bool test_even(struct render *r, const struct call *c, struct value *ret)
{
    return divides(r, c, value_int(2), true, ret);
}

bool test_odd(struct render *r, const struct call *c, struct value *ret)
{
    return divides(r, c, value_int(2), false, ret);
}

/* ---- classes of strings: true when all that counts belongs, and something does ---- */

static bool case_test(struct render *r, const struct call *c, bool upper, struct value *ret)
{
    const struct text *t;
    bool any = false, all = true;
    if (!value_text(r, c->subject, &t) || !step(r, 1 + t->len / 16)) return false;
    for (size_t at = 0; at < t->len && all; at = text_next(t, at)) {
        uint32_t code;
        utf8_decode(t->data + at, t->len - at, &code);
        if (!char_is_cased(code)) continue;
        any = true;
        all = upper ? char_is_upper(code) : char_is_lower(code);
    }
    *ret = value_bool(any && all);
    return true;
}

bool test_lower(struct render *r, const struct call *c, struct value *ret)
{
    return case_test(r, c, false, ret);
}

bool test_upper(struct render *r, const struct call *c, struct value *ret)
{
    return case_test(r, c, true, ret);
}

static bool is_alnum(uint32_t c)
{
    return c != '_' && char_is_word(c);
}

static bool is_ascii(uint32_t c)
{
    return c < 0x80;
}

static bool class_test(struct render *r, const struct call *c, bool (*belongs)(uint32_t),
                       bool empty, struct value *ret)
{
    const struct text *t = c->subject.text;
    bool all = true;
    if (!step(r, 1 + t->len / 16)) return false;
    for (size_t at = 0; at < t->len && all; at = text_next(t, at)) {
        uint32_t code;
        utf8_decode(t->data + at, t->len - at, &code);
        all = belongs(code);
    }
    *ret = value_bool(t->len ? all : empty);
    return true;
}

bool method_isalnum(struct render *r, const struct call *c, struct value *ret)
{
    return class_test(r, c, is_alnum, false, ret);
}

bool method_isalpha(struct render *r, const struct call *c, struct value *ret)
{
    return class_test(r, c, char_is_alpha, false, ret);
}

bool method_isascii(struct render *r, const struct call *c, struct value *ret)
{
    return class_test(r, c, is_ascii, true, ret);
}

bool method_isdecimal(struct render *r, const struct call *c, struct value *ret)
{
    return class_test(r, c, char_is_decimal, false, ret);
}

bool method_isdigit(struct render *r, const struct call *c, struct value *ret)
{
    return class_test(r, c, char_is_digit, false, ret);
}

bool method_isspace(struct render *r, const struct call *c, struct value *ret)
{
    return class_test(r, c, char_is_space, false, ret);
}
