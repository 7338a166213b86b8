/* Filters over single values, and the functions that every template sees.
 * SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/clock.h"
#include "lm/chat/jinja_entries.h"

#define NUMBER_BYTES_MAX 400
#define RANGE_MAX        100000 /* as Jinja's sandbox */

bool filter_abs(struct render *r, const struct call *c, struct value *ret)
{
    struct value v = c->subject;
    if (v.type == VALUE_UNDEFINED) return fault_undefined(r, v);
    if (!value_is_number(v))
        return fault(r, STATUS_BAD_INPUT, "abs wants a number, not %s", value_type_name(v));
    if (v.type == VALUE_BOOL) v = value_int(v.boolean);
    if (v.type == VALUE_FLOAT) v.real = fabs(v.real);
    else if (v.integer == INT64_MIN)
        return fault(r, STATUS_LIMIT, "abs: the result does not fit into 64 bits");
    else v.integer = v.integer < 0 ? -v.integer : v.integer;
    *ret = v;
    return true;
}

bool filter_attr(struct render *r, const struct call *c, struct value *ret)
{
    const struct text *name;
    if (!value_text(r, c->argument[0], &name)) return false;
    struct span text = { name->data, name->len };
    if (c->subject.type == VALUE_DICT && !method_find(c->subject, text))
        return value_undefined(r, "dict", text, ret);
    return value_attribute(r, c->subject, text, ret);
}

bool filter_default(struct render *r, const struct call *c, struct value *ret)
{
    bool use = c->subject.type == VALUE_UNDEFINED ||
               (argument_bool(&c->argument[1], false) && !value_truth(c->subject));
    if (!use) *ret = c->subject;
    else if (c->argument[0].type == VALUE_ABSENT) return value_of_bytes(r, "", 0, false, ret);
    else *ret = c->argument[0];
    return true;
}

/* The bytes of a number as text: stripped, underscores between digits gone. */
static bool number_bytes(const struct text *t, char out[NUMBER_BYTES_MAX])
{
    size_t begin = 0, end = t->len, n = 0;
    while (begin < end && isspace((unsigned char)t->data[begin]))
        begin++;
    while (end > begin && isspace((unsigned char)t->data[end - 1]))
        end--;
    for (size_t i = begin; i < end; i++) {
        unsigned char b = (unsigned char)t->data[i];
        bool between = b == '_' && i > begin && i + 1 < end &&
                       isalnum((unsigned char)t->data[i - 1]) &&
                       isalnum((unsigned char)t->data[i + 1]);
        if (between) continue;
        if (!isalnum(b) && b != '.' && b != '+' && b != '-') return false;
        if (n + 1 >= NUMBER_BYTES_MAX) return false;
        out[n++] = (char)b;
    }
    out[n] = 0;
    return n > 0;
}

static bool text_to_real(const struct text *t, double *ret)
{
    char text[NUMBER_BYTES_MAX], *end;
    if (!number_bytes(t, text) || strpbrk(text, "xX(")) return false;
    *ret = strtod(text, &end);
    return *end == 0;
}

/* *over: it is an integer, but of more than 64 bits. */
static bool text_to_int(const struct text *t, int64_t base, int64_t *ret, bool *over)
{
    char text[NUMBER_BYTES_MAX], *at = text;
    if (!number_bytes(t, text)) return false;
    bool negative = *at == '-';
    at += *at == '-' || *at == '+';
    const char *mark = base == 2 ? "bB" : base == 8 ? "oO" : base == 16 ? "xX" : "";
    if (at[0] == '0' && at[1] && *mark && strchr(mark, at[1])) at += 2;
    if (!*at) return false;
    int64_t n = 0;
    for (; *at; at++) {
        int digit = isdigit((unsigned char)*at)   ? *at - '0'
                    : isalpha((unsigned char)*at) ? (*at | 32) - 'a' + 10
                                                  : 99;
        if (digit >= base) return false;
        if (*over || __builtin_mul_overflow(n, base, &n) ||
            __builtin_sub_overflow(n, (int64_t)digit, &n))
            *over = true;
    }
    if (!negative && n == INT64_MIN) *over = true;
    if (!*over) *ret = negative ? n : -n;
    return true;
}

static bool fallback_of(const struct value *given, struct value zero, struct value *ret)
{
    *ret = given->type == VALUE_ABSENT ? zero : *given;
    return true;
}

static bool real_to_int(struct render *r, double d, const struct value *given, struct value *ret)
{
    if (isnan(d) || isinf(d)) return fallback_of(given, value_int(0), ret);
    if (!(d > -0x1p63 && d < 0x1p63))
        return fault(r, STATUS_LIMIT, "int: the number does not fit into 64 bits");
    *ret = value_int((int64_t)d);
    return true;
}

bool filter_int(struct render *r, const struct call *c, struct value *ret)
{
    struct value v = c->subject;
    int64_t base, n = 0;
    double d;
    bool over = false, ok = true;
    if (v.type == VALUE_UNDEFINED) return fault_undefined(r, v);
    if (!argument_int(r, &c->argument[1], "base", 10, &base)) return false;
    if (base < 2 || base > 36) return fault(r, STATUS_BAD_INPUT, "int: a base from 2 to 36");
    if (v.type == VALUE_STRING && text_to_int(v.text, base, &n, &over)) {
        if (over) return fault(r, STATUS_LIMIT, "int: the number does not fit into 64 bits");
        *ret = value_int(n);
    } else if (v.type == VALUE_STRING && text_to_real(v.text, &d)) {
        ok = real_to_int(r, d, &c->argument[0], ret);
    } else if (v.type == VALUE_FLOAT) {
        ok = real_to_int(r, v.real, &c->argument[0], ret);
    } else if (value_is_number(v)) {
        *ret = value_int(value_whole(v));
    } else {
        return fallback_of(&c->argument[0], value_int(0), ret);
    }
    if (ok) ret->from_data |= v.type == VALUE_STRING ? text_has_data(v.text) : v.from_data;
    return ok;
}

bool filter_float(struct render *r, const struct call *c, struct value *ret)
{
    struct value v = c->subject;
    double d;
    if (v.type == VALUE_UNDEFINED) return fault_undefined(r, v);
    if (value_is_number(v)) {
        *ret = value_real(value_number(v));
        ret->from_data = v.from_data;
        return true;
    }
    if (v.type != VALUE_STRING || !text_to_real(v.text, &d))
        return fallback_of(&c->argument[0], value_real(0), ret);
    *ret = value_real(d);
    ret->from_data = text_has_data(v.text);
    return true;
}

/* Python rounds the exact decimal value, ties to even, as printf does. */
static double round_common(double d, int64_t precision)
{
    char text[NUMBER_BYTES_MAX];
    if (precision > 300 || isnan(d) || isinf(d)) return d;
    if (precision < 0) {
        double scale = pow(10, (double)-precision);
        return isinf(scale) ? 0 : rint(d / scale) * scale;
    }
    int len = snprintf(text, sizeof text, "%.*f", (int)precision, d);
    return len > 0 && (size_t)len < sizeof text ? strtod(text, NULL) : d;
}

bool filter_round(struct render *r, const struct call *c, struct value *ret)
{
    struct value v = c->subject;
    int64_t precision;
    struct span method = span_of("common");
    if (v.type == VALUE_UNDEFINED) return fault_undefined(r, v);
    if (!value_is_number(v))
        return fault(r, STATUS_BAD_INPUT, "round wants a number, not %s", value_type_name(v));
    if (!argument_int(r, &c->argument[0], "precision", 0, &precision)) return false;
    if (c->argument[1].type == VALUE_STRING)
        method = (struct span){ c->argument[1].text->data, c->argument[1].text->len };
    if (span_equals(method, "common")) {
        if (v.type == VALUE_FLOAT) *ret = value_real(round_common(v.real, precision));
        else
            *ret = precision < 0 ? value_int((int64_t)round_common(value_number(v), precision))
                                 : value_int(value_whole(v));
    } else {
        double scale = pow(10, (double)precision), scaled = value_number(v) * scale;
        if (span_equals(method, "ceil")) scaled = ceil(scaled);
        else if (span_equals(method, "floor")) scaled = floor(scaled);
        else
            return fault(r, STATUS_BAD_INPUT,
                         "round: the method is \"common\", \"ceil\" or \"floor\"");
        *ret = value_real(scaled / scale);
    }
    ret->from_data = v.from_data;
    return true;
}

static bool parse_json(struct render *r, struct value v, struct value *ret)
{
    const struct text *t;
    struct json_doc *doc;
    struct error err;
    if (!argument_text(r, &v, "from_json: the text", &t)) return false;
    if (json_parse(&doc, t->data, t->len, TEMPLATE_OUTPUT_BYTES_MAX, "from_json", &err))
        return fault(r, err.status, "%s", err.text);
    /* Values are views: the document lives as long as the rendering. */
    struct held_json *held = take(r, 1, sizeof *held);
    if (!held) {
        json_doc_free(doc);
        return false;
    }
    *held = (struct held_json){ .next = r->held, .doc = doc };
    r->held = held;
    return step(r, 1 + t->len / 16) && value_from_json(r, json_root(doc), text_has_data(t), 0, ret);
}

bool filter_from_json(struct render *r, const struct call *c, struct value *ret)
{
    return parse_json(r, c->subject, ret);
}

/* ---- functions ---- */

bool function_from_json(struct render *r, const struct call *c, struct value *ret)
{
    return parse_json(r, c->argument[0], ret);
}

static bool fill_dict(struct render *r, const struct arguments *a, struct value *d)
{
    struct cursor c;
    struct value item, of = a->count ? a->positional[0] : value_none();
    if (a->count > 1) return fault(r, STATUS_BAD_INPUT, "at most one positional argument");
    if (of.type == VALUE_DICT || of.type == VALUE_NAMESPACE) {
        for (size_t i = 0; i < of.dict->count; i++)
            if (!dict_set(r, d->dict, of.dict->entries[i].key, of.dict->entries[i].value))
                return false;
    } else if (a->count) {
        if (!cursor_begin(r, of, &c)) return false;
        while (cursor_next(r, &c, &item)) {
            if (!value_is_list(item) || item.list->count != 2)
                return fault(r, STATUS_BAD_INPUT, "pairs are expected");
            if (!dict_set(r, d->dict, item.list->items[0], item.list->items[1])) return false;
        }
    }
    for (size_t i = 0; i < a->named_count && !r->status; i++) {
        struct value key;
        if (!value_of_bytes(r, a->names[i].data, a->names[i].len, false, &key)) return false;
        if (!dict_set(r, d->dict, key, a->named[i])) return false;
    }
    return !r->status;
}

bool function_dict(struct render *r, const struct call *c, struct value *ret)
{
    return dict_new(r, VALUE_DICT, ret) && fill_dict(r, c->all, ret);
}

bool function_namespace(struct render *r, const struct call *c, struct value *ret)
{
    return dict_new(r, VALUE_NAMESPACE, ret) && fill_dict(r, c->all, ret);
}

bool method_update(struct render *r, const struct call *c, struct value *ret)
{
    struct value d = c->subject;
    *ret = value_none();
    return fill_dict(r, c->all, &d);
}

bool function_joiner(struct render *r, const struct call *c, struct value *ret)
{
    struct joiner *j = take(r, 1, sizeof *j);
    if (!j) return false;
    j->separator = c->argument[0];
    if (j->separator.type == VALUE_ABSENT && !value_of_bytes(r, ", ", 2, false, &j->separator))
        return false;
    *ret = (struct value){ .type = VALUE_JOINER, .joiner = j };
    return true;
}

bool function_raise_exception(struct render *r, const struct call *c, struct value *ret)
{
    const struct text *t;
    if (!value_text(r, c->argument[0], &t)) return false;
    return fault(r, STATUS_BAD_INPUT, "%.*s",
                 t->len < ERROR_TEXT_BYTES ? (int)t->len : ERROR_TEXT_BYTES, t->data);
}

bool function_range(struct render *r, const struct call *c, struct value *ret)
{
    int64_t start, stop, by;
    if (!argument_int(r, &c->argument[0], "start", 0, &start) ||
        !argument_int(r, &c->argument[1], "stop", 0, &stop) ||
        !argument_int(r, &c->argument[2], "step", 1, &by))
        return false;
    if (c->argument[1].type == VALUE_ABSENT) {
        stop = start;
        start = 0;
    }
    if (by == 0) return fault(r, STATUS_BAD_INPUT, "range: the step is zero");
    uint64_t span = by > 0 ? (uint64_t)stop - (uint64_t)start : (uint64_t)start - (uint64_t)stop;
    uint64_t each = by > 0 ? (uint64_t)by : -(uint64_t)by, count = 0;
    if (by > 0 ? start < stop : start > stop) count = (span - 1) / each + 1;
    if (count > RANGE_MAX) return fault(r, STATUS_LIMIT, "range: more than %d items", RANGE_MAX);
    if (!list_new(r, VALUE_RANGE, count, ret) || !step(r, count)) return false;
    for (uint64_t i = 0; i < count; i++)
        if (!list_push(r, ret->list, value_int(start + (int64_t)i * by))) return false;
    ret->list->start = start;
    ret->list->stop = stop;
    ret->list->step = by;
    return true;
}

bool function_strftime_now(struct render *r, const struct call *c, struct value *ret)
{
    const struct text *t;
    struct tm local;
    const struct tm *now = r->settings->now;
    if (!argument_text(r, &c->argument[0], "strftime_now: the format", &t)) return false;
    if (!now) {
        time_t seconds = (time_t)(clock_unix_ns() / 1000000000);
        if (!localtime_r(&seconds, &local))
            return fault(r, STATUS_FAILED, "the local time is not known");
        now = &local;
    }
    return time_format(r, now, (struct span){ t->data, t->len }, ret);
}
