/* Filters over lists and dictionaries.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lm/chat/jinja_entries.h"

/* ---- attributes by path ---- */

static bool one_member(struct render *r, struct value of, struct span part, struct value *ret)
{
    bool digits = part.len > 0 && part.len < 10;
    int64_t place = 0;
    struct value key;
    for (size_t i = 0; i < part.len && digits; i++) {
        digits = part.data[i] >= '0' && part.data[i] <= '9';
        place = place * 10 + (part.data[i] - '0');
    }
    if (digits) return value_item(r, of, value_int(place), ret);
    return value_of_bytes(r, part.data, part.len, false, &key) && value_item(r, of, key, ret);
}

bool member_of(struct render *r, struct value of, const struct value *path, struct value *ret)
{
    *ret = of;
    if (path->type <= VALUE_NONE) return true;
    if (path->type != VALUE_STRING) return value_item(r, of, *path, ret);
    const char *at = path->text->data, *end = at + path->text->len;
    for (;;) {
        const char *dot = memchr(at, '.', (size_t)(end - at));
        struct span part = { at, (size_t)((dot ? dot : end) - at) };
        if (!one_member(r, *ret, part, ret)) return false;
        if (!dot) return true;
        at = dot + 1;
    }
}

/* What an item is sorted or compared by. */
static bool key_of(struct render *r, struct value item, const struct value *path,
                   bool case_sensitive, struct value *ret)
{
    return member_of(r, item, path, ret) && (case_sensitive || fold_case(r, *ret, ret));
}

/* ---- ends, length, conversions ---- */

bool filter_length(struct render *r, const struct call *c, struct value *ret)
{
    size_t n;
    if (!value_length(r, c->subject, &n)) return false;
    *ret = value_int((int64_t)n);
    return true;
}

bool filter_first(struct render *r, const struct call *c, struct value *ret)
{
    struct cursor k;
    if (!cursor_begin(r, c->subject, &k)) return false;
    if (cursor_next(r, &k, ret)) return true;
    return !r->status &&
           value_undefined(r, NULL, span_of("the first item of an empty sequence"), ret);
}

bool filter_last(struct render *r, const struct call *c, struct value *ret)
{
    struct value items;
    if (c->subject.type == VALUE_GENERATOR)
        return fault(r, STATUS_BAD_INPUT, "a value of type 'generator' cannot be reversed");
    if (!list_copy(r, c->subject, VALUE_LIST, &items)) return false;
    if (!items.list->count)
        return value_undefined(r, NULL, span_of("the last item of an empty sequence"), ret);
    *ret = items.list->items[items.list->count - 1];
    return true;
}

bool filter_list(struct render *r, const struct call *c, struct value *ret)
{
    return list_copy(r, c->subject, VALUE_LIST, ret);
}

bool filter_reverse(struct render *r, const struct call *c, struct value *ret)
{
    struct value items;
    if (c->subject.type == VALUE_STRING) {
        struct value bound[3] = { value_none(), value_none(), value_int(-1) };
        return value_slice(r, c->subject, bound, ret);
    }
    if (!list_copy(r, c->subject, VALUE_LIST, &items) ||
        !list_new(r, VALUE_GENERATOR, items.list->count, ret))
        return false;
    for (size_t i = items.list->count; i--;)
        if (!list_push(r, ret->list, items.list->items[i])) return false;
    return true;
}

static bool pairs_of(struct render *r, struct value d, enum value_type type, struct value *ret)
{
    if (!list_new(r, type, d.dict->count, ret)) return false;
    ret->from_data = d.from_data;
    for (size_t i = 0; i < d.dict->count; i++) {
        struct value pair;
        if (!list_pair(r, d.dict->entries[i].key, d.dict->entries[i].value, &pair)) return false;
        if (!list_push(r, ret->list, pair)) return false;
    }
    return step(r, d.dict->count);
}

bool method_items(struct render *r, const struct call *c, struct value *ret)
{
    return pairs_of(r, c->subject, VALUE_ITEMS, ret);
}

bool filter_items(struct render *r, const struct call *c, struct value *ret)
{
    if (c->subject.type == VALUE_UNDEFINED) return list_new(r, VALUE_GENERATOR, 0, ret);
    if (c->subject.type != VALUE_DICT)
        return fault(r, STATUS_BAD_INPUT, "Can only get item pairs from a mapping.");
    return pairs_of(r, c->subject, VALUE_GENERATOR, ret);
}

/* ---- order ---- */

static bool sort_by(struct render *r, struct value items, const struct value *path,
                    bool case_sensitive, bool reverse)
{
    struct value *keys = take(r, items.list->count + 1, sizeof *keys);
    if (!keys) return false;
    for (size_t i = 0; i < items.list->count; i++)
        if (!key_of(r, items.list->items[i], path, case_sensitive, &keys[i])) return false;
    return list_sort(r, items.list->items, keys, items.list->count, reverse);
}

/* "a,b" sorts by several attributes: the last first, as the sort is stable. */
static bool sort_by_all(struct render *r, struct value items, const struct value *path,
                        bool case_sensitive, bool reverse)
{
    const struct text *part;
    size_t end = path->type == VALUE_STRING ? path->text->len : 0;
    if (!end || !memchr(path->text->data, ',', end))
        return sort_by(r, items, path, case_sensitive, reverse);
    for (;;) {
        size_t comma = text_find_last(r, path->text, (struct span){ ",", 1 }, 0, end);
        size_t begin = comma == TEXT_NOT_FOUND ? 0 : comma + 1;
        if (r->status || !text_part(r, path->text, begin, end, &part)) return false;
        struct value one = value_of_text(part);
        if (!sort_by(r, items, &one, case_sensitive, reverse)) return false;
        if (comma == TEXT_NOT_FOUND) return true;
        end = comma;
    }
}

bool filter_sort(struct render *r, const struct call *c, struct value *ret)
{
    return list_copy(r, c->subject, VALUE_LIST, ret) &&
           sort_by_all(r, *ret, &c->argument[2], argument_bool(&c->argument[1], false),
                       argument_bool(&c->argument[0], false));
}

bool filter_dictsort(struct render *r, const struct call *c, struct value *ret)
{
    struct value place = value_int(0);
    const struct value *by = &c->argument[1];
    if (c->subject.type != VALUE_DICT)
        return fault(r, STATUS_BAD_INPUT, "dictsort wants a dictionary, not %s",
                     value_type_name(c->subject));
    if (by->type != VALUE_ABSENT) {
        bool is_text = by->type == VALUE_STRING;
        struct span word = is_text ? (struct span){ by->text->data, by->text->len } : span_of("");
        if (span_equals(word, "value")) place = value_int(1);
        else if (!span_equals(word, "key"))
            return fault(r, STATUS_BAD_INPUT, "dictsort: by is \"key\" or \"value\"");
    }
    return pairs_of(r, c->subject, VALUE_LIST, ret) &&
           sort_by(r, *ret, &place, argument_bool(&c->argument[0], false),
                   argument_bool(&c->argument[2], false));
}

static bool extreme(struct render *r, const struct call *c, int sign, struct value *ret)
{
    struct cursor k;
    struct value item, key, best = { .type = VALUE_ABSENT };
    bool case_sensitive = argument_bool(&c->argument[0], false);
    int order;
    if (!cursor_begin(r, c->subject, &k)) return false;
    while (cursor_next(r, &k, &item)) {
        if (!key_of(r, item, &c->argument[1], case_sensitive, &key)) return false;
        if (best.type != VALUE_ABSENT) {
            if (!value_compare(r, key, best, &order)) return false;
            if (order * sign <= 0) continue;
        }
        best = key;
        *ret = item;
    }
    if (best.type != VALUE_ABSENT || r->status) return !r->status;
    return value_undefined(r, NULL, span_of("the extreme of an empty sequence"), ret);
}

bool filter_min(struct render *r, const struct call *c, struct value *ret)
{
    return extreme(r, c, -1, ret);
}

bool filter_max(struct render *r, const struct call *c, struct value *ret)
{
    return extreme(r, c, 1, ret);
}

bool filter_sum(struct render *r, const struct call *c, struct value *ret)
{
    struct cursor k;
    struct value item, sum = c->argument[1].type == VALUE_ABSENT ? value_int(0) : c->argument[1];
    if (sum.type == VALUE_STRING) return fault(r, STATUS_BAD_INPUT, "sum does not join strings");
    if (!cursor_begin(r, c->subject, &k)) return false;
    while (cursor_next(r, &k, &item))
        if (!member_of(r, item, &c->argument[0], &item) || !binary(r, OP_ADD, sum, item, &sum))
            return false;
    *ret = sum;
    return !r->status;
}

bool filter_unique(struct render *r, const struct call *c, struct value *ret)
{
    struct cursor k;
    struct value item, key, seen;
    if (!dict_new(r, VALUE_DICT, &seen) || !list_new(r, VALUE_GENERATOR, 0, ret)) return false;
    if (!cursor_begin(r, c->subject, &k)) return false;
    while (cursor_next(r, &k, &item)) {
        if (!key_of(r, item, &c->argument[1], argument_bool(&c->argument[0], false), &key))
            return false;
        if (dict_find(r, seen.dict, key)) continue;
        if (r->status || !dict_set(r, seen.dict, key, value_none()) ||
            !list_push(r, ret->list, item))
            return false;
    }
    return !r->status;
}

/* ---- groups ---- */

static bool group_add(struct render *r, struct value_list *groups, struct value label,
                      struct value *items)
{
    struct value pair;
    if (!list_new(r, VALUE_LIST, 0, items) || !list_pair(r, label, *items, &pair)) return false;
    pair.list->group = true;
    return list_push(r, groups, pair);
}

bool filter_groupby(struct render *r, const struct call *c, struct value *ret)
{
    struct value items, items_now = value_none(), key, label, last = value_none();
    const struct value *path = &c->argument[0], *fallback = &c->argument[1];
    bool case_sensitive = argument_bool(&c->argument[2], false), same = false;
    if (!list_copy(r, c->subject, VALUE_LIST, &items) || !list_new(r, VALUE_LIST, 0, ret))
        return false;
    struct value *keys = take(r, items.list->count + 1, sizeof *keys);
    for (size_t i = 0; keys && i < items.list->count; i++) {
        if (!member_of(r, items.list->items[i], path, &keys[i])) return false;
        if (keys[i].type == VALUE_UNDEFINED && fallback->type != VALUE_ABSENT) keys[i] = *fallback;
        if (!case_sensitive && !fold_case(r, keys[i], &keys[i])) return false;
    }
    if (!keys || !list_sort(r, items.list->items, keys, items.list->count, false)) return false;
    for (size_t i = 0; i < items.list->count; i++) {
        key = keys[i];
        if (i && !value_equals(r, key, last, &same)) return false;
        last = key;
        if (!i || !same) {
            if (!member_of(r, items.list->items[i], path, &label)) return false;
            if (label.type == VALUE_UNDEFINED && fallback->type != VALUE_ABSENT) label = *fallback;
            if (!group_add(r, ret->list, label, &items_now)) return false;
        }
        if (!list_push(r, items_now.list, items.list->items[i])) return false;
    }
    return true;
}

bool filter_batch(struct render *r, const struct call *c, struct value *ret)
{
    struct cursor k;
    struct value item, row = value_none();
    int64_t width;
    if (!argument_int(r, &c->argument[0], "linecount", 1, &width)) return false;
    if (width < 1) return fault(r, STATUS_BAD_INPUT, "batch: linecount must be positive");
    if (!cursor_begin(r, c->subject, &k) || !list_new(r, VALUE_GENERATOR, 0, ret)) return false;
    while (cursor_next(r, &k, &item)) {
        bool full = row.type == VALUE_NONE || row.list->count == (size_t)width;
        if (full && (!list_new(r, VALUE_LIST, 0, &row) || !list_push(r, ret->list, row)))
            return false;
        if (!list_push(r, row.list, item)) return false;
    }
    if (r->status || c->argument[1].type <= VALUE_NONE || row.type == VALUE_NONE) return !r->status;
    while (row.list->count < (size_t)width)
        if (!list_push(r, row.list, c->argument[1])) return false;
    return true;
}

bool filter_slice(struct render *r, const struct call *c, struct value *ret)
{
    struct value items, column;
    int64_t slices;
    if (!argument_int(r, &c->argument[0], "slices", 1, &slices)) return false;
    if (slices < 1) return fault(r, STATUS_BAD_INPUT, "slice: slices must be positive");
    if (!list_copy(r, c->subject, VALUE_LIST, &items) || !list_new(r, VALUE_GENERATOR, 0, ret))
        return false;
    size_t count = items.list->count, each = count / (size_t)slices, more = count % (size_t)slices,
           at = 0;
    for (size_t i = 0; i < (size_t)slices; i++) {
        size_t n = each + (i < more);
        if (!step(r, 1) || !list_new(r, VALUE_LIST, n, &column)) return false;
        for (; n; n--)
            if (!list_push(r, column.list, items.list->items[at++])) return false;
        if (c->argument[1].type > VALUE_NONE && i >= more &&
            !list_push(r, column.list, c->argument[1]))
            return false;
        if (!list_push(r, ret->list, column)) return false;
    }
    return true;
}

/* ---- map and select ---- */

static const struct value *named(const struct arguments *a, const char *name)
{
    for (size_t i = 0; i < a->named_count; i++)
        if (span_equals(a->names[i], name)) return &a->named[i];
    return NULL;
}

/* The arguments behind the first `skip` positions. */
static struct arguments behind(const struct arguments *a, size_t skip)
{
    struct arguments rest = *a;
    rest.positional += skip;
    rest.count -= skip;
    return rest;
}

static bool map_one(struct render *r, const struct callable *filter, const struct arguments *a,
                    struct value item, struct value *ret)
{
    const struct value *path = named(a, "attribute"), *fallback = named(a, "default");
    if (filter) {
        struct arguments rest = behind(a, 1);
        return callable_run(r, filter, "filter", item, &rest, ret);
    }
    if (!member_of(r, item, path, ret)) return false;
    if (ret->type == VALUE_UNDEFINED && fallback) *ret = *fallback;
    return true;
}

bool filter_map(struct render *r, const struct call *c, struct value *ret)
{
    const struct arguments *a = c->all;
    const struct callable *filter = NULL;
    struct cursor k;
    struct value item;
    if (a->count) {
        const struct text *name;
        if (!argument_text(r, &a->positional[0], "map: the filter's name", &name)) return false;
        filter = filter_find((struct span){ name->data, name->len });
        if (!filter)
            return fault(r, STATUS_BAD_INPUT, "map: there is no filter named '%.*s'",
                         (int)name->len, name->data);
    } else if (!named(a, "attribute")) {
        return fault(r, STATUS_BAD_INPUT, "map wants the name of a filter, or attribute=");
    }
    if (!list_new(r, VALUE_GENERATOR, 0, ret)) return false;
    if (!value_truth(c->subject)) return true; /* none too is nothing to go through, here */
    if (!cursor_begin(r, c->subject, &k)) return false;
    while (cursor_next(r, &k, &item))
        if (!map_one(r, filter, a, item, &item) || !list_push(r, ret->list, item)) return false;
    return !r->status;
}

struct selection {
    const struct callable *test; /* NULL: truth */
    struct arguments arguments;
    const struct value *path; /* NULL: the item itself */
    bool wanted;
};

static bool is_selected(struct render *r, const struct selection *s, struct value item, bool *ret)
{
    if (s->path && !member_of(r, item, s->path, &item)) return false;
    if (s->test && !test_run(r, s->test, item, &s->arguments, ret)) return false;
    if (!s->test) *ret = value_truth(item);
    *ret = *ret == s->wanted;
    return true;
}

static bool select_items(struct render *r, const struct call *c, bool by_attribute, bool wanted,
                         struct value *ret)
{
    const struct arguments *a = c->all;
    struct selection s = { .wanted = wanted };
    size_t skip = by_attribute ? 1 : 0;
    struct cursor k;
    struct value item;
    bool selected;
    if (a->count < skip) return fault(r, STATUS_BAD_INPUT, "the name of an attribute is missing");
    if (by_attribute) s.path = &a->positional[0];
    if (a->count > skip) {
        const struct text *name;
        if (!argument_text(r, &a->positional[skip], "the test's name", &name)) return false;
        s.test = test_find((struct span){ name->data, name->len });
        if (!s.test)
            return fault(r, STATUS_BAD_INPUT, "there is no test named '%.*s'", (int)name->len,
                         name->data);
        s.arguments = behind(a, skip + 1);
    }
    if (!list_new(r, VALUE_GENERATOR, 0, ret)) return false;
    if (!value_truth(c->subject)) return true; /* as in map */
    if (!cursor_begin(r, c->subject, &k)) return false;
    while (cursor_next(r, &k, &item)) {
        if (!is_selected(r, &s, item, &selected)) return false;
        if (selected && !list_push(r, ret->list, item)) return false;
    }
    return !r->status;
}

bool filter_select(struct render *r, const struct call *c, struct value *ret)
{
    return select_items(r, c, false, true, ret);
}

bool filter_reject(struct render *r, const struct call *c, struct value *ret)
{
    return select_items(r, c, false, false, ret);
}

bool filter_selectattr(struct render *r, const struct call *c, struct value *ret)
{
    return select_items(r, c, true, true, ret);
}

bool filter_rejectattr(struct render *r, const struct call *c, struct value *ret)
{
    return select_items(r, c, true, false, ret);
}
