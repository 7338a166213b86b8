/* Types, truth, equality, order, length, iteration and lists.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/chat/jinja_value.h"

#include <math.h>
#include <string.h>

#include "lm/chat/jinja_run.h"

static const char *const TYPE_NAMES[] = {
#define VALUE_TYPE(name, python_name) python_name,
#include "lm/chat/value_type_list.h"
#undef VALUE_TYPE
};

const char *value_type_name(struct value v)
{
    return TYPE_NAMES[v.type];
}

double value_number(struct value v)
{
    return v.type == VALUE_FLOAT ? v.real : (double)value_whole(v);
}

int64_t value_whole(struct value v)
{
    return v.type == VALUE_BOOL ? v.boolean : v.integer;
}

bool value_undefined(struct render *r, const char *owner, struct span name, struct value *ret)
{
    struct missing *m = take(r, 1, sizeof *m);
    if (!m) return false;
    *m = (struct missing){ .owner = owner, .name = name };
    *ret = (struct value){ .type = VALUE_UNDEFINED, .missing = m };
    return true;
}

bool value_truth(struct value v)
{
    switch ((enum value_type)v.type) {
    case VALUE_ABSENT:
    case VALUE_UNDEFINED:
    case VALUE_NONE: return false;
    case VALUE_BOOL: return v.boolean;
    case VALUE_INT: return v.integer != 0;
    case VALUE_FLOAT: return v.real != 0;
    case VALUE_STRING: return v.text->len != 0;
    case VALUE_LIST:
    case VALUE_TUPLE:
    case VALUE_RANGE:
    case VALUE_KEYS:
    case VALUE_VALUES:
    case VALUE_ITEMS: return v.list->count != 0;
    case VALUE_DICT: return v.dict->count != 0;
    default: return true; /* a generator is true even when nothing is left in it */
    }
}

/* ---- from JSON ---- */

static bool array_from_json(struct render *r, const struct json *v, bool from_data, int depth,
                            struct value *ret)
{
    size_t count = json_length(v);
    if (!list_new(r, VALUE_LIST, count, ret)) return false;
    ret->from_data = from_data;
    for (size_t i = 0; i < count; i++) {
        struct value item;
        if (!value_from_json(r, json_at(v, i), from_data, depth + 1, &item)) return false;
        if (!list_push(r, ret->list, item)) return false;
    }
    return true;
}

static bool object_from_json(struct render *r, const struct json *v, bool from_data, int depth,
                             struct value *ret)
{
    if (!dict_new(r, VALUE_DICT, ret)) return false;
    ret->from_data = from_data;
    for (struct json_member m = json_first(v); m.value; m = json_next(v, m)) {
        struct value key, item;
        if (!value_of_bytes(r, m.key.data, m.key.len, from_data, &key)) return false;
        if (!value_from_json(r, m.value, from_data, depth + 1, &item)) return false;
        if (!dict_set(r, ret->dict, key, item)) return false;
    }
    return true;
}

bool value_from_json(struct render *r, const struct json *v, bool from_data, int depth,
                     struct value *ret)
{
    if (!step(r, 1)) return false;
    if (depth > TEMPLATE_VALUE_DEPTH_MAX) {
        return fault(r, STATUS_LIMIT, "a value of the context is nested deeper than %d levels",
                     TEMPLATE_VALUE_DEPTH_MAX);
    }
    switch (json_type(v)) {
    case JSON_NULL: *ret = value_none(); break;
    case JSON_BOOL: *ret = value_bool(json_bool(v, false)); break;
    case JSON_INT: *ret = value_int(json_int(v, 0)); break;
    case JSON_REAL: *ret = value_real(json_number(v, 0)); break;
    case JSON_STRING: {
        struct span s = json_string(v);
        return value_of_bytes(r, s.data, s.len, from_data, ret);
    }
    case JSON_ARRAY: return array_from_json(r, v, from_data, depth, ret);
    case JSON_OBJECT: return object_from_json(r, v, from_data, depth, ret);
    }
    ret->from_data = from_data;
    return true;
}

/* ---- equality and order ---- */

static int compare_numbers(struct value a, struct value b)
{
    if (a.type != VALUE_FLOAT && b.type != VALUE_FLOAT) {
        int64_t x = value_whole(a), y = value_whole(b);
        return (x > y) - (x < y);
    }
    double x = value_number(a), y = value_number(b);
    return (x > y) - (x < y);
}

static bool numbers_equal(struct value a, struct value b)
{
    if (a.type != VALUE_FLOAT && b.type != VALUE_FLOAT) return value_whole(a) == value_whole(b);
    return value_number(a) == value_number(b);
}

bool value_same(struct value a, struct value b)
{
    if (a.type != b.type) return false;
    if (a.type == VALUE_UNDEFINED || a.type == VALUE_NONE) return true;
    if (value_is_number(a)) return numbers_equal(a, b);
    return a.text == b.text;
}

static bool enter(struct render *r)
{
    if (r->depth >= TEMPLATE_DEPTH_MAX) {
        return fault(r, STATUS_LIMIT, "values nested too deep, or a value that holds itself");
    }
    r->depth++;
    return step(r, 1);
}

static bool lists_equal(struct render *r, const struct value_list *a, const struct value_list *b,
                        bool *ret)
{
    *ret = a->count == b->count;
    for (size_t i = 0; *ret && i < a->count; i++)
        if (!value_equals(r, a->items[i], b->items[i], ret)) return false;
    return true;
}

static bool dicts_equal(struct render *r, const struct value_dict *a, const struct value_dict *b,
                        bool *ret)
{
    *ret = a->count == b->count;
    for (size_t i = 0; *ret && i < a->count; i++) {
        struct dict_entry *e = dict_find(r, b, a->entries[i].key);
        if (!e) {
            *ret = false;
            return !r->status;
        }
        if (!value_equals(r, a->entries[i].value, e->value, ret)) return false;
    }
    return true;
}

bool value_equals(struct render *r, struct value a, struct value b, bool *ret)
{
    if (value_is_number(a) && value_is_number(b)) {
        *ret = numbers_equal(a, b);
        return true;
    }
    *ret = false;
    if (a.type != b.type) return true;
    if (a.type == VALUE_STRING) {
        *ret = text_equals(a.text, b.text);
        return step(r, a.text->len / 64);
    }
    *ret = value_same(a, b);
    if (*ret) return true;
    bool ok = true;
    if (!enter(r)) return false;
    if (a.type == VALUE_DICT) ok = dicts_equal(r, a.dict, b.dict, ret);
    else if (value_is_list(a) && a.type != VALUE_GENERATOR && a.type != VALUE_VALUES)
        ok = lists_equal(r, a.list, b.list, ret);
    r->depth--;
    return ok;
}

static bool compare_lists(struct render *r, const struct value_list *a, const struct value_list *b,
                          int *ret)
{
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        bool same;
        if (!value_equals(r, a->items[i], b->items[i], &same)) return false;
        if (!same) return value_compare(r, a->items[i], b->items[i], ret);
    }
    *ret = (a->count > b->count) - (a->count < b->count);
    return true;
}

bool value_compare(struct render *r, struct value a, struct value b, int *ret)
{
    if (a.type == VALUE_UNDEFINED) return fault_undefined(r, a);
    if (b.type == VALUE_UNDEFINED) return fault_undefined(r, b);
    if (value_is_number(a) && value_is_number(b)) {
        *ret = compare_numbers(a, b);
        return true;
    }
    if (a.type == VALUE_STRING && b.type == VALUE_STRING) {
        *ret = text_compare(a.text, b.text);
        return step(r, 1 + a.text->len / 64);
    }
    if (a.type == b.type && (a.type == VALUE_LIST || a.type == VALUE_TUPLE)) {
        if (!enter(r)) return false;
        bool ok = compare_lists(r, a.list, b.list, ret);
        r->depth--;
        return ok;
    }
    return fault(r, STATUS_BAD_INPUT, "'%s' and '%s' cannot be ordered", value_type_name(a),
                 value_type_name(b));
}

bool value_contains(struct render *r, struct value container, struct value item, bool *ret)
{
    *ret = false;
    if (container.type == VALUE_STRING) {
        if (item.type != VALUE_STRING) {
            return fault(r, STATUS_BAD_INPUT, "'in <string>' requires a string before it, not %s",
                         value_type_name(item));
        }
        struct span needle = { item.text->data, item.text->len };
        *ret = text_find(r, container.text, needle, 0, container.text->len) != TEXT_NOT_FOUND;
        return !r->status;
    }
    if (container.type == VALUE_DICT) {
        *ret = dict_find(r, container.dict, item) != NULL;
        return !r->status;
    }
    struct cursor c;
    struct value v;
    if (!cursor_begin(r, container, &c)) return false;
    while (!*ret && cursor_next(r, &c, &v))
        if (!value_equals(r, v, item, ret)) return false;
    return !r->status;
}

bool value_length(struct render *r, struct value v, size_t *ret)
{
    switch ((enum value_type)v.type) {
    case VALUE_UNDEFINED: *ret = 0; return true;
    case VALUE_STRING: *ret = text_chars(v.text); return step(r, v.text->len / 64);
    case VALUE_DICT: *ret = v.dict->count; return true;
    case VALUE_LIST:
    case VALUE_TUPLE:
    case VALUE_RANGE:
    case VALUE_KEYS:
    case VALUE_VALUES:
    case VALUE_ITEMS: *ret = v.list->count; return true;
    default:
        return fault(r, STATUS_BAD_INPUT, "a value of type '%s' has no length", value_type_name(v));
    }
}

/* ---- iteration ---- */

bool value_is_iterable(struct value v)
{
    return value_is_list(v) || v.type == VALUE_DICT || v.type == VALUE_STRING ||
           v.type == VALUE_UNDEFINED || v.type == VALUE_LOOP;
}

bool cursor_begin(struct render *r, struct value v, struct cursor *ret)
{
    if (!value_is_iterable(v) || v.type == VALUE_LOOP) {
        return fault(r, STATUS_BAD_INPUT, "a value of type '%s' cannot be gone through",
                     value_type_name(v));
    }
    *ret = (struct cursor){ .of = v };
    return true;
}

bool cursor_next(struct render *r, struct cursor *c, struct value *ret)
{
    if (!step(r, 1)) return false;
    if (value_is_list(c->of)) {
        struct value_list *l = c->of.list;
        size_t *at = c->of.type == VALUE_GENERATOR ? &l->taken : &c->at;
        if (*at >= l->count) return false;
        *ret = l->items[(*at)++];
        return true;
    }
    if (c->of.type == VALUE_DICT) {
        if (c->at >= c->of.dict->count) return false;
        *ret = c->of.dict->entries[c->at++].key;
        return true;
    }
    if (c->of.type != VALUE_STRING || c->at >= c->of.text->len) return false;
    const struct text *part;
    size_t next = text_next(c->of.text, c->at);
    if (!text_part(r, c->of.text, c->at, next, &part)) return false;
    c->at = next;
    *ret = value_of_text(part);
    return true;
}

/* ---- lists ---- */

bool list_new(struct render *r, enum value_type type, size_t cap, struct value *ret)
{
    struct value_list *l = take(r, 1, sizeof *l);
    if (!l) return false;
    if (cap > TEMPLATE_ITEMS_MAX) {
        return fault(r, STATUS_LIMIT, "a list of %zu items; the limit is %zu", cap,
                     TEMPLATE_ITEMS_MAX);
    }
    if (cap && !(l->items = take(r, cap, sizeof *l->items))) return false;
    l->cap = cap;
    *ret = (struct value){ .type = (uint8_t)type, .list = l };
    return true;
}

bool list_push(struct render *r, struct value_list *l, struct value v)
{
    if (l->count == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 4;
        if (l->count >= TEMPLATE_ITEMS_MAX) {
            return fault(r, STATUS_LIMIT, "a list of more than %zu items", TEMPLATE_ITEMS_MAX);
        }
        struct value *items = take(r, cap, sizeof *items);
        if (!items) return false;
        if (l->count) memcpy(items, l->items, l->count * sizeof *items);
        l->items = items;
        l->cap = cap;
    }
    l->items[l->count++] = v;
    return true;
}

bool list_copy(struct render *r, struct value v, enum value_type type, struct value *ret)
{
    struct cursor c;
    struct value item, out;
    if (!cursor_begin(r, v, &c) || !list_new(r, type, 0, &out)) return false;
    while (cursor_next(r, &c, &item))
        if (!list_push(r, out.list, item)) return false;
    out.from_data = v.from_data;
    *ret = out;
    return !r->status;
}

bool list_pair(struct render *r, struct value a, struct value b, struct value *ret)
{
    return list_new(r, VALUE_TUPLE, 2, ret) && list_push(r, ret->list, a) &&
           list_push(r, ret->list, b);
}

struct sorting {
    struct value *items, *keys, *spare_items, *spare_keys;
    bool reverse;
};

/* Merges [begin, middle) and [middle, end) through the spare arrays; ties keep their order. */
static bool merge(struct render *r, struct sorting *s, size_t begin, size_t middle, size_t end)
{
    size_t a = begin, b = middle;
    for (size_t i = begin; i < end; i++) {
        bool from_b = a == middle;
        if (!from_b && b < end) {
            int order;
            if (!value_compare(r, s->keys[b], s->keys[a], &order)) return false;
            from_b = s->reverse ? order > 0 : order < 0;
        }
        size_t from = from_b ? b++ : a++;
        s->spare_items[i] = s->items[from];
        s->spare_keys[i] = s->keys[from];
    }
    memcpy(s->items + begin, s->spare_items + begin, (end - begin) * sizeof *s->items);
    memcpy(s->keys + begin, s->spare_keys + begin, (end - begin) * sizeof *s->keys);
    return step(r, end - begin);
}

bool list_sort(struct render *r, struct value *items, struct value *keys, size_t count,
               bool reverse)
{
    if (count < 2) return true;
    struct sorting s = { items, keys, take(r, count, sizeof *items), NULL, reverse };
    if (!s.spare_items || !(s.spare_keys = take(r, count, sizeof *keys))) return false;
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t begin = 0; begin + width < count; begin += 2 * width) {
            size_t end = begin + 2 * width < count ? begin + 2 * width : count;
            if (!merge(r, &s, begin, begin + width, end)) return false;
        }
    }
    return true;
}
