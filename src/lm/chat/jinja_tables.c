/* Looking up filters, tests, functions and methods by name.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/chat/jinja_entries.h"

#define CALLABLE(name, function, parameters, required) { name, function, parameters, required },

static const struct callable FILTERS[] = {
#include "lm/chat/filter_list.h"
};

static const struct callable TESTS[] = {
#include "lm/chat/test_list.h"
};

static const struct callable FUNCTIONS[] = {
#include "lm/chat/function_list.h"
};

#undef CALLABLE

static const struct {
    enum value_type type;
    struct callable callable;
} METHODS[] = {
#define METHOD(type, name, function, parameters, required) \
    { VALUE_##type, { name, function, parameters, required } },
#include "lm/chat/method_list.h"
#undef METHOD
};

static const struct callable *find(const struct callable *table, size_t count, struct span name)
{
    for (size_t i = 0; i < count; i++)
        if (span_equals(name, table[i].name)) return &table[i];
    return NULL;
}

const struct callable *filter_find(struct span name)
{
    return find(FILTERS, sizeof FILTERS / sizeof *FILTERS, name);
}

const struct callable *test_find(struct span name)
{
    return find(TESTS, sizeof TESTS / sizeof *TESTS, name);
}

const struct callable *function_find(struct span name)
{
    return find(FUNCTIONS, sizeof FUNCTIONS / sizeof *FUNCTIONS, name);
}

const struct callable *method_find(struct value of, struct span name)
{
    for (size_t i = 0; i < sizeof METHODS / sizeof *METHODS; i++)
        if (METHODS[i].type == (enum value_type)of.type &&
            span_equals(name, METHODS[i].callable.name))
            return &METHODS[i].callable;
    return NULL;
}
