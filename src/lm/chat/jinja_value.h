/* The values of the template language, and what Python says about them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A value is 16 bytes and is passed by copy; what it points to lives in the arena of one
 * rendering and is never freed before its end. Strings are immutable views with an origin per
 * byte; lists and dictionaries are shared and mutable, as in Python. Functions that can fail
 * return false after fault() has written the error. */
#ifndef LM_CHAT_JINJA_VALUE_H
#define LM_CHAT_JINJA_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/json.h"
#include "base/core/span.h"

struct render;

enum value_type {
#define VALUE_TYPE(name, python_name) VALUE_##name,
#include "lm/chat/value_type_list.h"
#undef VALUE_TYPE
    VALUE_TYPE_COUNT
};

struct value {
    uint8_t type;
    bool from_data; /* scalars and containers: came from the context */
    union {
        bool boolean;
        int64_t integer;
        double real;
        const struct text *text;
        const struct missing *missing; /* VALUE_UNDEFINED; may be NULL */
        struct value_list *list;       /* LIST TUPLE RANGE KEYS VALUES ITEMS GENERATOR */
        struct value_dict *dict;       /* DICT NAMESPACE */
        const struct macro *macro;
        const struct function *function;
        const struct method *method;
        struct loop *loop;
        struct joiner *joiner;
    };
};

/* Bytes with origins. origin NULL: all of them are as `from_data` says; else one byte each, 1 for
 * data. */
struct text {
    const char *data;
    const uint8_t *origin;
    size_t len;
    bool from_data;
    bool markup; /* marked safe: `+` escapes what it is joined with */
};

/* Why a value is undefined, for the message of whoever trips over it. */
struct missing {
    const char *owner; /* Python's name of the type that lacks it; NULL: a variable */
    struct span name;
};

struct value_list {
    struct value *items;
    size_t count, cap;
    size_t taken;              /* GENERATOR: items that were already consumed */
    bool group;                /* TUPLE of groupby: has .grouper and .list */
    int64_t start, stop, step; /* RANGE */
};

struct dict_entry {
    struct value key, value;
    uint64_t hash;
};

struct value_dict {
    struct dict_entry *entries; /* in order of insertion */
    size_t count, cap;
    uint32_t *index;  /* entry + 1 by hash, open addressing; NULL while small */
    size_t index_cap; /* a power of two */
    /* As a model wrote this object: what `tojson` makes of it. NULL: no model did, or it was changed. */
    const struct text *exact;
};

static inline struct value value_none(void)
{
    return (struct value){ .type = VALUE_NONE };
}

static inline struct value value_bool(bool b)
{
    return (struct value){ .type = VALUE_BOOL, .boolean = b };
}

static inline struct value value_int(int64_t i)
{
    return (struct value){ .type = VALUE_INT, .integer = i };
}

static inline struct value value_real(double d)
{
    return (struct value){ .type = VALUE_FLOAT, .real = d };
}

static inline bool value_is_number(struct value v)
{
    return v.type == VALUE_INT || v.type == VALUE_FLOAT || v.type == VALUE_BOOL;
}

static inline bool value_is_list(struct value v)
{
    return v.type >= VALUE_LIST && v.type <= VALUE_GENERATOR;
}

const char *value_type_name(struct value v); /* Python's: "str", "dict" */
double value_number(struct value v);         /* of a number */
int64_t value_whole(struct value v);         /* of an int or bool */
bool value_truth(struct value v);

bool value_undefined(struct render *r, const char *owner, struct span name, struct value *ret);
bool value_from_json(struct render *r, const struct json *v, bool from_data, int depth,
                     struct value *ret);

bool value_equals(struct render *r, struct value a, struct value b, bool *ret);
bool value_compare(struct render *r, struct value a, struct value b, int *ret); /* <0, 0, >0 */
bool value_same(struct value a, struct value b);                                /* Python's `is` */
bool value_contains(struct render *r, struct value container, struct value item, bool *ret);
bool value_length(struct render *r, struct value v, size_t *ret); /* len(v) */
bool value_hash(struct render *r, struct value v, uint64_t *ret);

/* Going through anything that Python would iterate. */
struct cursor {
    struct value of;
    size_t at;
};
bool cursor_begin(struct render *r, struct value v, struct cursor *ret);
/* False at the end, and on a fault: check r->status. */
bool cursor_next(struct render *r, struct cursor *c, struct value *ret);
bool value_is_iterable(struct value v);

/* Lists. */
bool list_new(struct render *r, enum value_type type, size_t cap, struct value *ret);
bool list_push(struct render *r, struct value_list *l, struct value v);
bool list_copy(struct render *r, struct value v, enum value_type type, struct value *ret);
bool list_pair(struct render *r, struct value a, struct value b, struct value *ret); /* a tuple */
/* Stable. `less` compares keys as value_compare does. */
bool list_sort(struct render *r, struct value *items, struct value *keys, size_t count,
               bool reverse);

/* Dictionaries. dict_find gives NULL when the key is absent or, with a fault, unhashable. */
bool dict_new(struct render *r, enum value_type type, struct value *ret);
struct dict_entry *dict_find(struct render *r, const struct value_dict *d, struct value key);
struct dict_entry *dict_find_text(const struct value_dict *d, struct span key);
bool dict_set(struct render *r, struct value_dict *d, struct value key, struct value v);
void dict_remove(struct value_dict *d, struct dict_entry *e);
uint64_t hash_bytes(const char *data, size_t len);

/* Members: Python's getattr-then-item (a.b) and item-then-getattr (a[b]). */
bool value_attribute(struct render *r, struct value of, struct span name, struct value *ret);
bool value_item(struct render *r, struct value of, struct value key, struct value *ret);
bool value_slice(struct render *r, struct value of, const struct value bound[3], struct value *ret);

/* How Python prints: str(v) and repr(v). */
bool value_text(struct render *r, struct value v, const struct text **ret);
bool value_repr(struct render *r, struct value v, const struct text **ret);

#endif
