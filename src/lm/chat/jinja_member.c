/* Attributes, items and slices.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lm/chat/jinja_run.h"

static bool macro_attribute(struct render *r, const struct node *n, struct span name,
                            struct value *ret)
{
    if (span_equals(name, "name"))
        return value_of_bytes(r, n->name->text.data, n->name->text.len, false, ret);
    if (!span_equals(name, "arguments")) return value_undefined(r, "macro", name, ret);
    if (!list_new(r, VALUE_TUPLE, n->call->positional.count, ret)) return false;
    for (size_t i = 0; i < n->call->positional.count; i++) {
        struct span text = n->call->positional.items[i]->name->text;
        struct value v;
        if (!value_of_bytes(r, text.data, text.len, false, &v) || !list_push(r, ret->list, v))
            return false;
    }
    return true;
}

static bool bind_method(struct render *r, struct value of, const struct callable *c,
                        struct value *ret)
{
    struct method *m = take(r, 1, sizeof *m);
    if (!m) return false;
    *m = (struct method){ .callable = c, .self = of };
    *ret = (struct value){ .type = VALUE_METHOD, .method = m };
    return true;
}

static bool own_attribute(struct render *r, struct value of, struct span name, struct value *ret)
{
    const struct callable *c = method_find(of, name);
    if (c) return bind_method(r, of, c, ret);
    if (of.type == VALUE_LOOP) return loop_attribute(r, of.loop, name, ret);
    if (of.type == VALUE_MACRO) return macro_attribute(r, of.macro->node, name, ret);
    if (of.type == VALUE_TUPLE && of.list->group && span_equals(name, "grouper")) {
        *ret = of.list->items[0];
        return true;
    }
    if (of.type == VALUE_TUPLE && of.list->group && span_equals(name, "list")) {
        *ret = of.list->items[1];
        return true;
    }
    struct dict_entry *e = of.type == VALUE_NAMESPACE ? dict_find_text(of.dict, name) : NULL;
    if (!e) return value_undefined(r, value_type_name(of), name, ret);
    *ret = e->value;
    return true;
}

bool value_attribute(struct render *r, struct value of, struct span name, struct value *ret)
{
    if (of.type == VALUE_UNDEFINED) return fault_undefined(r, of);
    if (of.type == VALUE_NAMESPACE && name.len && name.data[0] == '_') {
        return fault(r, STATUS_BAD_INPUT, "the attribute '%.*s' of a namespace begins with '_'",
                     (int)name.len, name.data);
    }
    struct dict_entry *e =
        of.type == VALUE_DICT && !method_find(of, name) ? dict_find_text(of.dict, name) : NULL;
    if (!e) return own_attribute(r, of, name, ret);
    *ret = e->value;
    return true;
}

static bool has_index(struct value v)
{
    return v.type == VALUE_LIST || v.type == VALUE_TUPLE || v.type == VALUE_RANGE;
}

/* Items by position; *found is false past the ends. */
static bool item_at(struct render *r, struct value of, int64_t i, bool *found, struct value *ret)
{
    int64_t count = has_index(of) ? (int64_t)of.list->count : (int64_t)text_chars(of.text);
    if (i < 0) i += count;
    *found = i >= 0 && i < count;
    if (!*found) return true;
    if (has_index(of)) {
        *ret = of.list->items[i];
        return true;
    }
    const struct text *part;
    size_t begin = text_offset(of.text, (size_t)i);
    if (!step(r, 1 + of.text->len / 16)) return false;
    if (!text_part(r, of.text, begin, text_next(of.text, begin), &part)) return false;
    *ret = value_of_text(part);
    return true;
}

static bool is_key(struct value v)
{
    return v.type <= VALUE_STRING || v.type == VALUE_TUPLE;
}

bool value_item(struct render *r, struct value of, struct value key, struct value *ret)
{
    if (of.type == VALUE_UNDEFINED) return fault_undefined(r, of);
    bool is_int = key.type == VALUE_INT || key.type == VALUE_BOOL;
    if (is_int && (has_index(of) || of.type == VALUE_STRING)) {
        bool found;
        if (!item_at(r, of, value_whole(key), &found, ret)) return false;
        return found || value_undefined(r, value_type_name(of), span_of("index"), ret);
    }
    if (of.type == VALUE_DICT && is_key(key)) {
        struct dict_entry *e = dict_find(r, of.dict, key);
        if (r->status) return false;
        if (e) {
            *ret = e->value;
            return true;
        }
    }
    const struct text *name;
    if (!value_text(r, key, &name)) return false;
    struct span text = { name->data, name->len };
    if (key.type == VALUE_STRING) return own_attribute(r, of, text, ret);
    return value_undefined(r, value_type_name(of), text, ret);
}

/* ---- slices ---- */

static int64_t clamp(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}

static bool bound_of(struct render *r, struct value v, int64_t count, int64_t low, int64_t high,
                     int64_t fallback, int64_t *ret)
{
    *ret = fallback;
    if (v.type == VALUE_NONE) return true;
    if (v.type == VALUE_UNDEFINED) return fault_undefined(r, v);
    if (v.type != VALUE_INT && v.type != VALUE_BOOL) {
        return fault(r, STATUS_BAD_INPUT, "slice indices must be integers, not %s",
                     value_type_name(v));
    }
    int64_t i = value_whole(v);
    *ret = clamp(i < 0 ? i + count : i, low, high);
    return true;
}

static bool slice_list(struct render *r, struct value of, int64_t from, int64_t to, int64_t by,
                       struct value *ret)
{
    enum value_type type = of.type == VALUE_TUPLE ? VALUE_TUPLE : VALUE_LIST;
    if (!list_new(r, type, 0, ret)) return false;
    ret->from_data = of.from_data;
    for (int64_t i = from; by > 0 ? i < to : i > to; i += by)
        if (!step(r, 1) || !list_push(r, ret->list, of.list->items[i])) return false;
    return true;
}

static bool slice_text(struct render *r, const struct text *t, int64_t from, int64_t to, int64_t by,
                       struct value *ret)
{
    const struct text *part;
    size_t at = text_offset(t, (size_t)(from < 0 ? 0 : from));
    if (!step(r, 1 + t->len / 16)) return false;
    if (by == 1) {
        size_t end = at;
        for (int64_t i = from; i < to; i++)
            end = text_next(t, end);
        if (!text_part(r, t, at, end, &part)) return false;
        *ret = value_of_text(part);
        return true;
    }
    struct writer w = { .r = r };
    for (int64_t i = from; by > 0 ? i < to : i > to; i += by) {
        if (!step(r, 1) || !writer_put_part(&w, t, at, text_next(t, at))) return false;
        for (int64_t k = 0; k < by && at < t->len; k++)
            at = text_next(t, at);
        for (int64_t k = 0; k > by && at; k--)
            at = text_prior(t, at);
    }
    return writer_value(&w, ret);
}

bool value_slice(struct render *r, struct value of, const struct value bound[3], struct value *ret)
{
    int64_t by = 1, from, to;
    if (of.type == VALUE_UNDEFINED) return fault_undefined(r, of);
    if (!has_index(of) && of.type != VALUE_STRING)
        return fault(r, STATUS_BAD_INPUT, "a value of type '%s' cannot be sliced",
                     value_type_name(of));
    int64_t count = has_index(of) ? (int64_t)of.list->count : (int64_t)text_chars(of.text);
    if (bound[2].type != VALUE_NONE && !bound_of(r, bound[2], 0, -count - 1, count + 1, 1, &by))
        return false;
    if (by == 0) return fault(r, STATUS_BAD_INPUT, "a slice whose step is zero");
    int64_t low = by < 0 ? -1 : 0, high = by < 0 ? count - 1 : count;
    if (!bound_of(r, bound[0], count, low, high, by < 0 ? high : low, &from)) return false;
    if (!bound_of(r, bound[1], count, low, high, by < 0 ? low : high, &to)) return false;
    if (by > 0 ? from >= to : from <= to) to = from; /* nothing between */
    if (has_index(of)) return slice_list(r, of, from, to, by, ret);
    return slice_text(r, of.text, from, to, by, ret);
}
