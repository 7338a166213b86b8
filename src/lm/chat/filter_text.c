/* Filters that give strings.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/core/utf8.h"
#include "lm/chat/jinja_entries.h"

#define WIDTH_MAX 100000

static const struct text SPACE = { .data = " ", .len = 1 };

bool argument_text(struct render *r, const struct value *v, const char *name,
                   const struct text **ret)
{
    if (v->type != VALUE_STRING)
        return fault(r, STATUS_BAD_INPUT, "%s must be a string, not %s", name, value_type_name(*v));
    *ret = v->text;
    return true;
}

bool argument_int(struct render *r, const struct value *v, const char *name, int64_t fallback,
                  int64_t *ret)
{
    *ret = fallback;
    if (v->type == VALUE_ABSENT) return true;
    if (v->type != VALUE_INT && v->type != VALUE_BOOL)
        return fault(r, STATUS_BAD_INPUT, "%s must be an integer, not %s", name,
                     value_type_name(*v));
    *ret = value_whole(*v);
    return true;
}

bool argument_bool(const struct value *v, bool fallback)
{
    return v->type == VALUE_ABSENT ? fallback : value_truth(*v);
}

static bool give(const struct text *t, struct value *ret)
{
    *ret = value_of_text(t);
    return true;
}

static bool change(struct render *r, const struct call *c, enum text_case how, struct value *ret)
{
    const struct text *t;
    return value_text(r, c->subject, &t) && text_change_case(r, t, how, &t) && give(t, ret);
}

bool filter_upper(struct render *r, const struct call *c, struct value *ret)
{
    return change(r, c, CASE_UPPER, ret);
}

bool filter_lower(struct render *r, const struct call *c, struct value *ret)
{
    return change(r, c, CASE_LOWER, ret);
}

bool filter_capitalize(struct render *r, const struct call *c, struct value *ret)
{
    return change(r, c, CASE_CAPITALIZE, ret);
}

bool filter_title(struct render *r, const struct call *c, struct value *ret)
{
    return change(r, c, CASE_WORDS, ret);
}

bool fold_case(struct render *r, struct value v, struct value *ret)
{
    const struct text *t;
    *ret = v;
    if (v.type != VALUE_STRING) return true;
    return text_change_case(r, v.text, CASE_LOWER, &t) && give(t, ret);
}

bool filter_string(struct render *r, const struct call *c, struct value *ret)
{
    const struct text *t;
    return value_text(r, c->subject, &t) && give(t, ret);
}

bool filter_trim(struct render *r, const struct call *c, struct value *ret)
{
    const struct text *t, *set = NULL;
    const struct value *chars = &c->argument[0];
    if (chars->type > VALUE_NONE && !argument_text(r, chars, "chars", &set)) return false;
    return value_text(r, c->subject, &t) && text_strip(r, t, set, true, true, &t) && give(t, ret);
}

bool filter_safe(struct render *r, const struct call *c, struct value *ret)
{
    const struct text *t;
    return value_text(r, c->subject, &t) && text_mark(r, t, &t) && give(t, ret);
}

bool filter_escape(struct render *r, const struct call *c, struct value *ret)
{
    const struct text *t;
    return value_text(r, c->subject, &t) && text_escape(r, t, &t) && give(t, ret);
}

bool filter_forceescape(struct render *r, const struct call *c, struct value *ret)
{
    const struct text *t;
    if (!value_text(r, c->subject, &t)) return false;
    struct text plain = *t;
    plain.markup = false;
    return text_escape(r, &plain, &t) && give(t, ret);
}

bool filter_replace(struct render *r, const struct call *c, struct value *ret)
{
    const struct text *t, *from, *to;
    int64_t count = -1;
    if (c->argument[2].type > VALUE_NONE && !argument_int(r, &c->argument[2], "count", -1, &count))
        return false;
    return value_text(r, c->subject, &t) && value_text(r, c->argument[0], &from) &&
           value_text(r, c->argument[1], &to) && text_replace(r, t, from, to, count, &t) &&
           give(t, ret);
}

bool filter_format(struct render *r, const struct call *c, struct value *ret)
{
    const struct text *t;
    struct value arguments;
    const struct arguments *a = c->all;
    if (a->count && a->named_count)
        return fault(r, STATUS_BAD_INPUT, "format takes positions or names, not both");
    if (!value_text(r, c->subject, &t)) return false;
    if (a->named_count) {
        if (!dict_new(r, VALUE_DICT, &arguments)) return false;
        for (size_t i = 0; i < a->named_count; i++) {
            struct value key;
            if (!value_of_bytes(r, a->names[i].data, a->names[i].len, false, &key)) return false;
            if (!dict_set(r, arguments.dict, key, a->named[i])) return false;
        }
    } else {
        if (!list_new(r, VALUE_TUPLE, a->count, &arguments)) return false;
        for (size_t i = 0; i < a->count; i++)
            if (!list_push(r, arguments.list, a->positional[i])) return false;
    }
    return text_percent(r, t, arguments, &t) && give(t, ret);
}

static bool put_spaces(struct writer *w, int64_t count)
{
    for (; count > 0; count--)
        if (!writer_put_text(w, &SPACE)) return false;
    return true;
}

bool filter_center(struct render *r, const struct call *c, struct value *ret)
{
    const struct text *t;
    int64_t width;
    if (!value_text(r, c->subject, &t) || !argument_int(r, &c->argument[0], "width", 80, &width))
        return false;
    if (width > WIDTH_MAX) return fault(r, STATUS_LIMIT, "a width past %d", WIDTH_MAX);
    int64_t pad = width - (int64_t)text_chars(t), left = pad / 2 + (pad & width & 1);
    if (pad <= 0) return give(t, ret);
    struct writer w = { .r = r };
    return put_spaces(&w, left) && writer_put_text(&w, t) && put_spaces(&w, pad - left) &&
           writer_value(&w, ret);
}

/* Lines behind the first get the indent, blank ones only when asked. */
bool filter_indent(struct render *r, const struct call *c, struct value *ret)
{
    const struct text *t, *by;
    struct value lines;
    int64_t width = 0;
    struct writer spaces = { .r = r }, w = { .r = r };
    if (!value_text(r, c->subject, &t)) return false;
    if (c->argument[0].type == VALUE_STRING) {
        by = c->argument[0].text;
    } else {
        if (!argument_int(r, &c->argument[0], "width", 4, &width)) return false;
        if (width > WIDTH_MAX) return fault(r, STATUS_LIMIT, "a width past %d", WIDTH_MAX);
        if (!put_spaces(&spaces, width) || !writer_text(&spaces, &by)) return false;
    }
    bool first = argument_bool(&c->argument[1], false),
         blank = argument_bool(&c->argument[2], false);
    static const struct text newline = { .data = "\n", .len = 1 };
    if (!text_join(r, t, &newline, &t) || !text_split_lines(r, t, false, &lines)) return false;
    for (size_t i = 0; i < lines.list->count; i++) {
        const struct text *line = lines.list->items[i].text;
        if (i && !writer_put_text(&w, &newline)) return false;
        bool wanted = i == 0 ? first : blank || line->len;
        if ((wanted && !writer_put_text(&w, by)) || !writer_put_text(&w, line)) return false;
    }
    return writer_value(&w, ret);
}

/* Up to `chars`, back to the space before the word that is cut. */
bool filter_truncate(struct render *r, const struct call *c, struct value *ret)
{
    static const struct text dots = { .data = "...", .len = 3 };
    const struct text *t, *end = &dots;
    int64_t length, leeway;
    if (!value_text(r, c->subject, &t) || !argument_int(r, &c->argument[0], "length", 255, &length))
        return false;
    if (c->argument[2].type != VALUE_ABSENT && !argument_text(r, &c->argument[2], "end", &end))
        return false;
    const struct value *room = &c->argument[3];
    struct value absent = { .type = VALUE_ABSENT };
    if (!argument_int(r, room->type == VALUE_NONE ? &absent : room, "leeway", 5, &leeway))
        return false;
    int64_t chars = (int64_t)text_chars(t), keep = length - (int64_t)text_chars(end);
    if (keep < 0 || leeway < 0)
        return fault(r, STATUS_BAD_INPUT, "truncate: the length is shorter than the end sign");
    if (length >= chars || chars - length <= leeway) return give(t, ret);
    size_t cut = text_offset(t, (size_t)keep);
    size_t space = text_find_last(r, t, (struct span){ " ", 1 }, 0, cut);
    if (r->status) return false;
    if (!argument_bool(&c->argument[1], false) && space != TEXT_NOT_FOUND) cut = space;
    struct writer w = { .r = r };
    return writer_put_part(&w, t, 0, cut) && writer_put_text(&w, end) && writer_value(&w, ret);
}

bool filter_wordcount(struct render *r, const struct call *c, struct value *ret)
{
    const struct text *t;
    int64_t words = 0;
    bool inside = false;
    if (!value_text(r, c->subject, &t) || !step(r, 1 + t->len / 16)) return false;
    for (size_t at = 0; at < t->len; at = text_next(t, at)) {
        uint32_t code;
        utf8_decode(t->data + at, t->len - at, &code);
        bool word = char_is_word(code);
        words += word && !inside;
        inside = word;
    }
    *ret = value_int(words);
    return true;
}

static bool put_quoted(struct writer *w, const struct text *t, bool with_slash)
{
    for (size_t i = 0; i < t->len; i++) {
        unsigned char b = (unsigned char)t->data[i];
        bool from_data = t->origin ? t->origin[i] : t->from_data;
        bool plain = (b >= '0' && b <= '9') || ((b | 32) >= 'a' && (b | 32) <= 'z') ||
                     (b && strchr("_.-~", b)) || (b == '/' && with_slash);
        char text[4];
        snprintf(text, sizeof text, plain ? "%c" : "%%%02X", b);
        if (!writer_put_literal(w, text, from_data)) return false;
    }
    return true;
}

static bool put_quoted_value(struct writer *w, struct value v, bool with_slash)
{
    const struct text *t;
    return value_text(w->r, v, &t) && put_quoted(w, t, with_slash);
}

bool filter_urlencode(struct render *r, const struct call *c, struct value *ret)
{
    struct writer w = { .r = r };
    bool is_dict = c->subject.type == VALUE_DICT;
    if (!is_dict && !value_is_list(c->subject))
        return put_quoted_value(&w, c->subject, true) && writer_value(&w, ret);
    size_t count = is_dict ? c->subject.dict->count : c->subject.list->count;
    for (size_t i = 0; i < count; i++) {
        struct value key = value_none(), item = value_none();
        if (is_dict) {
            key = c->subject.dict->entries[i].key;
            item = c->subject.dict->entries[i].value;
        } else {
            struct value pair = c->subject.list->items[i];
            if (!value_is_list(pair) || pair.list->count != 2)
                return fault(r, STATUS_BAD_INPUT, "urlencode wants pairs");
            key = pair.list->items[0];
            item = pair.list->items[1];
        }
        if (i && !writer_put_literal(&w, "&", false)) return false;
        if (!put_quoted_value(&w, key, false) || !writer_put_literal(&w, "=", false) ||
            !put_quoted_value(&w, item, false))
            return false;
    }
    return writer_value(&w, ret);
}

bool join_items(struct render *r, struct value items, const struct text *separator,
                const struct value *path, bool strings_only, struct value *ret)
{
    struct cursor c;
    struct value v;
    struct writer w = { .r = r };
    bool first = true;
    if (!cursor_begin(r, items, &c)) return false;
    while (cursor_next(r, &c, &v)) {
        if (path && !member_of(r, v, path, &v)) return false;
        if (strings_only && v.type != VALUE_STRING)
            return fault(r, STATUS_BAD_INPUT, "join: a value of type '%s' is not a string",
                         value_type_name(v));
        if (!first && !writer_put_text(&w, separator)) return false;
        if (!writer_put_value(&w, v)) return false;
        first = false;
    }
    return !r->status && writer_value(&w, ret);
}

bool filter_join(struct render *r, const struct call *c, struct value *ret)
{
    static const struct text nothing = { .data = "" };
    const struct text *separator = &nothing;
    if (c->argument[0].type != VALUE_ABSENT && !value_text(r, c->argument[0], &separator))
        return false;
    return join_items(r, c->subject, separator, &c->argument[1], false, ret);
}

static bool json_indent(struct render *r, const struct value *v, struct json_style *style)
{
    static const char spaces[] = "                                ";
    if (v->type <= VALUE_NONE) return true;
    style->pretty = true;
    style->item = span_of(",");
    if (v->type == VALUE_STRING) {
        style->indent = (struct span){ v->text->data, v->text->len };
        return true;
    }
    int64_t width;
    if (!argument_int(r, v, "indent", 0, &width)) return false;
    if (width > (int64_t)sizeof spaces - 1)
        return fault(r, STATUS_LIMIT, "tojson: an indent past %zu", sizeof spaces - 1);
    style->indent = (struct span){ spaces, width < 0 ? 0 : (size_t)width };
    return true;
}

static bool json_separators(struct render *r, const struct value *v, struct json_style *style)
{
    const struct text *item = NULL, *key = NULL;
    if (v->type <= VALUE_NONE) return true;
    if (!value_is_list(*v) || v->list->count != 2)
        return fault(r, STATUS_BAD_INPUT, "tojson: separators must be a pair");
    if (!argument_text(r, &v->list->items[0], "a separator", &item) ||
        !argument_text(r, &v->list->items[1], "a separator", &key))
        return false;
    style->item = (struct span){ item->data, item->len };
    style->key = (struct span){ key->data, key->len };
    return true;
}

bool filter_tojson(struct render *r, const struct call *c, struct value *ret)
{
    struct json_style style = { .ascii = argument_bool(&c->argument[0], false),
                                .sort_keys = argument_bool(&c->argument[3], false),
                                .item = span_of(", "),
                                .key = span_of(": ") };
    return json_indent(r, &c->argument[1], &style) && json_separators(r, &c->argument[2], &style) &&
           value_to_json(r, c->subject, &style, ret);
}
