/* Methods of lists, tuples, dictionaries and loops.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Lists can be changed, although the vendors' newer sandbox forbids it: templates were written
 * that append and pop. */
#include <string.h>

#include "lm/chat/jinja_entries.h"

/* ---- lists ---- */

bool method_append(struct render *r, const struct call *c, struct value *ret)
{
    *ret = value_none();
    return list_push(r, c->subject.list, c->argument[0]);
}

bool method_extend(struct render *r, const struct call *c, struct value *ret)
{
    struct value items;
    *ret = value_none();
    if (!list_copy(r, c->argument[0], VALUE_LIST, &items)) return false;
    for (size_t i = 0; i < items.list->count; i++)
        if (!list_push(r, c->subject.list, items.list->items[i])) return false;
    return true;
}

bool method_insert(struct render *r, const struct call *c, struct value *ret)
{
    struct value_list *l = c->subject.list;
    int64_t at, count = (int64_t)l->count;
    *ret = value_none();
    if (!argument_int(r, &c->argument[0], "index", 0, &at) || !list_push(r, l, value_none()))
        return false;
    if (at < 0) at = at + count < 0 ? 0 : at + count;
    if (at > count) at = count;
    memmove(l->items + at + 1, l->items + at, (size_t)(count - at) * sizeof *l->items);
    l->items[at] = c->argument[1];
    return step(r, 1 + (size_t)(count - at) / 8);
}

static bool take_out(struct render *r, struct value_list *l, size_t at)
{
    memmove(l->items + at, l->items + at + 1, (l->count - at - 1) * sizeof *l->items);
    l->count--;
    return step(r, 1 + (l->count - at) / 8);
}

bool method_pop_item(struct render *r, const struct call *c, struct value *ret)
{
    struct value_list *l = c->subject.list;
    int64_t at;
    if (!argument_int(r, &c->argument[0], "index", -1, &at)) return false;
    if (at < 0) at += (int64_t)l->count;
    if (at < 0 || at >= (int64_t)l->count)
        return fault(r, STATUS_BAD_INPUT, "pop from an empty list, or past its end");
    *ret = l->items[at];
    return take_out(r, l, (size_t)at);
}

/* Place of an equal item; count when there is none. */
static bool place_of(struct render *r, const struct value_list *l, struct value v, size_t *ret)
{
    bool same = false;
    for (*ret = 0; *ret < l->count; ++*ret) {
        if (!step(r, 1) || !value_equals(r, l->items[*ret], v, &same)) return false;
        if (same) break;
    }
    return true;
}

bool method_index_item(struct render *r, const struct call *c, struct value *ret)
{
    size_t at;
    if (!place_of(r, c->subject.list, c->argument[0], &at)) return false;
    if (at == c->subject.list->count)
        return fault(r, STATUS_BAD_INPUT, "the value is not in the list");
    *ret = value_int((int64_t)at);
    return true;
}

bool method_remove(struct render *r, const struct call *c, struct value *ret)
{
    size_t at;
    *ret = value_none();
    if (!place_of(r, c->subject.list, c->argument[0], &at)) return false;
    if (at == c->subject.list->count)
        return fault(r, STATUS_BAD_INPUT, "the value is not in the list");
    return take_out(r, c->subject.list, at);
}

bool method_count_item(struct render *r, const struct call *c, struct value *ret)
{
    int64_t n = 0;
    bool same;
    for (size_t i = 0; i < c->subject.list->count; i++) {
        if (!step(r, 1) || !value_equals(r, c->subject.list->items[i], c->argument[0], &same))
            return false;
        n += same;
    }
    *ret = value_int(n);
    return true;
}

bool method_clear_list(struct render *r, const struct call *c, struct value *ret)
{
    c->subject.list->count = 0;
    *ret = value_none();
    return true;
}

bool method_reverse(struct render *r, const struct call *c, struct value *ret)
{
    struct value_list *l = c->subject.list;
    *ret = value_none();
    for (size_t i = 0; i < l->count / 2; i++) {
        struct value v = l->items[i];
        l->items[i] = l->items[l->count - 1 - i];
        l->items[l->count - 1 - i] = v;
    }
    return step(r, 1 + l->count / 8);
}

/* ---- dictionaries; items() and update() are beside their filter and function ---- */

bool method_get(struct render *r, const struct call *c, struct value *ret)
{
    struct dict_entry *e = dict_find(r, c->subject.dict, c->argument[0]);
    *ret = e ? e->value : c->argument[1].type == VALUE_ABSENT ? value_none() : c->argument[1];
    return !r->status;
}

static bool one_side(struct render *r, struct value d, enum value_type type, struct value *ret)
{
    if (!list_new(r, type, d.dict->count, ret)) return false;
    ret->from_data = d.from_data;
    for (size_t i = 0; i < d.dict->count; i++) {
        const struct dict_entry *e = &d.dict->entries[i];
        if (!list_push(r, ret->list, type == VALUE_KEYS ? e->key : e->value)) return false;
    }
    return step(r, d.dict->count);
}

bool method_keys(struct render *r, const struct call *c, struct value *ret)
{
    return one_side(r, c->subject, VALUE_KEYS, ret);
}

bool method_values(struct render *r, const struct call *c, struct value *ret)
{
    return one_side(r, c->subject, VALUE_VALUES, ret);
}

bool method_copy_dict(struct render *r, const struct call *c, struct value *ret)
{
    const struct value_dict *d = c->subject.dict;
    if (!dict_new(r, VALUE_DICT, ret)) return false;
    ret->from_data = c->subject.from_data;
    for (size_t i = 0; i < d->count; i++)
        if (!dict_set(r, ret->dict, d->entries[i].key, d->entries[i].value)) return false;
    return true;
}

bool method_pop_key(struct render *r, const struct call *c, struct value *ret)
{
    struct value_dict *d = c->subject.dict;
    struct dict_entry *e = dict_find(r, d, c->argument[0]);
    if (r->status) return false;
    *ret = e ? e->value : c->argument[1];
    if (!e && ret->type == VALUE_ABSENT)
        return fault(r, STATUS_BAD_INPUT, "pop: there is no such key");
    if (e) dict_remove(d, e);
    return step(r, 1 + d->count);
}

bool method_setdefault(struct render *r, const struct call *c, struct value *ret)
{
    struct dict_entry *e = dict_find(r, c->subject.dict, c->argument[0]);
    if (r->status) return false;
    *ret = e ? e->value : c->argument[1].type == VALUE_ABSENT ? value_none() : c->argument[1];
    return e || dict_set(r, c->subject.dict, c->argument[0], *ret);
}

bool method_clear_dict(struct render *r, const struct call *c, struct value *ret)
{
    *c->subject.dict = (struct value_dict){ 0 };
    *ret = value_none();
    return true;
}

/* ---- loops ---- */

bool method_cycle(struct render *r, const struct call *c, struct value *ret)
{
    if (!c->all->count) return fault(r, STATUS_BAD_INPUT, "cycle wants something to go through");
    *ret = c->all->positional[(size_t)c->subject.loop->index0 % c->all->count];
    return true;
}

bool method_changed(struct render *r, const struct call *c, struct value *ret)
{
    struct loop *l = c->subject.loop;
    struct value now;
    bool same = false;
    if (!list_new(r, VALUE_TUPLE, c->all->count, &now)) return false;
    for (size_t i = 0; i < c->all->count; i++)
        if (!list_push(r, now.list, c->all->positional[i])) return false;
    if (l->was_compared && !value_equals(r, l->compared, now, &same)) return false;
    l->was_compared = true;
    l->compared = now;
    *ret = value_bool(!same);
    return true;
}
