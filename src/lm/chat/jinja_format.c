/* Python's str.format: fields by position and by name, with attributes, items and conversions.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Format specifications ("{:>8.2f}") are refused by name: no known template has one, and to print
 * something else would be worse. */
#include <string.h>

#include "lm/chat/jinja_entries.h"

struct formatter {
    struct writer out;
    const struct arguments *arguments;
    const struct text *format;
    int64_t next;           /* of the fields that count by themselves */
    bool counted, numbered; /* which kind was met */
};

static bool is_number(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] < '0' || s.data[i] > '9') return false;
    return s.len > 0;
}

static bool positional(struct formatter *f, uint64_t i, struct value *ret)
{
    if (i >= f->arguments->count)
        return fault(f->out.r, STATUS_BAD_INPUT,
                     "Replacement index %llu out of range for positional args tuple",
                     (unsigned long long)i);
    *ret = f->arguments->positional[i];
    return true;
}

/* The value that a field begins with: "", "0" or "name". */
static bool first_value(struct formatter *f, struct span name, struct value *ret)
{
    struct render *r = f->out.r;
    f->counted |= !name.len;
    f->numbered |= is_number(name);
    if (f->counted && f->numbered)
        return fault(r, STATUS_BAD_INPUT, "format mixes {} and {0}: number all fields or none");
    if (!name.len) return positional(f, (uint64_t)f->next++, ret);
    if (is_number(name)) {
        uint64_t i = 0;
        for (size_t k = 0; k < name.len && i < ARGUMENTS_MAX; k++)
            i = i * 10 + (uint64_t)(name.data[k] - '0');
        return positional(f, i, ret);
    }
    for (size_t i = 0; i < f->arguments->named_count; i++)
        if (f->arguments->names[i].len == name.len &&
            memcmp(f->arguments->names[i].data, name.data, name.len) == 0) {
            *ret = f->arguments->named[i];
            return true;
        }
    return fault(r, STATUS_BAD_INPUT, "format has no argument '%.*s'",
                 (int)(name.len < 60 ? name.len : 60), name.data);
}

/* ".name" or "[key]" at `at`; moves behind it. */
static bool step_into(struct formatter *f, struct span field, size_t *at, struct value *v)
{
    struct render *r = f->out.r;
    bool is_item = field.data[*at] == '[';
    size_t begin = ++*at;
    while (*at < field.len &&
           (is_item ? field.data[*at] != ']' : field.data[*at] != '.' && field.data[*at] != '['))
        ++*at;
    struct span name = { field.data + begin, *at - begin };
    if (!name.len || (is_item && *at == field.len))
        return fault(r, STATUS_BAD_INPUT, "format has an empty or open field");
    if (!is_item) return value_attribute(r, *v, name, v);
    struct value key = value_int(0);
    for (size_t i = 0; i < name.len && is_number(name) && key.integer < (int64_t)TEMPLATE_ITEMS_MAX;
         i++)
        key.integer = key.integer * 10 + (name.data[i] - '0');
    if (!is_number(name) && !value_of_bytes(r, name.data, name.len, false, &key)) return false;
    ++*at;
    return value_item(r, *v, key, v);
}

static bool put_field(struct formatter *f, struct span field)
{
    struct render *r = f->out.r;
    const struct text *t;
    struct value v;
    size_t at = 0, len = field.len;
    bool as_repr = false;
    const char *colon = memchr(field.data, ':', field.len);
    if (colon) len = (size_t)(colon - field.data);
    if (colon && len + 1 < field.len)
        return fault(r, STATUS_UNSUPPORTED,
                     "format specification '%.*s': only {}, {0}, {name}, !s and !r are known",
                     (int)(field.len - len - 1 < 40 ? field.len - len - 1 : 40), colon + 1);
    if (len >= 2 && field.data[len - 2] == '!') {
        as_repr = field.data[len - 1] == 'r';
        if (!as_repr && field.data[len - 1] != 's')
            return fault(r, STATUS_UNSUPPORTED, "format conversion '!%c'", field.data[len - 1]);
        len -= 2;
    }
    field.len = len;
    while (at < len && field.data[at] != '.' && field.data[at] != '[')
        at++;
    if (!first_value(f, (struct span){ field.data, at }, &v)) return false;
    while (at < len) {
        if (field.data[at] != '.' && field.data[at] != '[')
            return fault(r, STATUS_BAD_INPUT, "only '.' or '[' may follow ']' in a format field");
        if (!step_into(f, field, &at, &v)) return false;
    }
    if (v.type == VALUE_UNDEFINED && as_repr) return fault_undefined(r, v);
    return (as_repr ? value_repr(r, v, &t) : value_text(r, v, &t)) && writer_put_text(&f->out, t);
}

static bool put_all(struct formatter *f)
{
    struct render *r = f->out.r;
    const struct text *t = f->format;
    for (size_t at = 0; at < t->len;) {
        size_t from = at;
        while (at < t->len && t->data[at] != '{' && t->data[at] != '}')
            at++;
        if (!step(r, 1) || !writer_put_part(&f->out, t, from, at)) return false;
        if (at == t->len) return true;
        if (at + 1 < t->len && t->data[at + 1] == t->data[at]) { /* {{ or }} */
            if (!writer_put_part(&f->out, t, at, at + 1)) return false;
            at += 2;
            continue;
        }
        const char *end = memchr(t->data + at, '}', t->len - at);
        if (t->data[at] == '}' || !end)
            return fault(r, STATUS_BAD_INPUT, "Single '%c' encountered in format string",
                         t->data[at]);
        size_t close = (size_t)(end - t->data);
        if (!put_field(f, (struct span){ t->data + at + 1, close - at - 1 })) return false;
        at = close + 1;
    }
    return true;
}

bool method_format(struct render *r, const struct call *c, struct value *ret)
{
    struct formatter f = { .out = { .r = r }, .arguments = c->all, .format = c->subject.text };
    return put_all(&f) && writer_value(&f.out, ret);
}
