/* The null, booleans, numbers and strings that schemas allow, as languages.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each schema gives one exact set of scalars; allOf, anyOf, oneOf, not and if are the set operations
 * they stand for. Arrays and objects play no part here. */
#include <string.h>

#include "lm/sample/json_schema_inner.h"
#include "lm/sample/regex.h"

static bool scalars_of_code(struct schema_build *s, uint32_t code, struct scalar_set *ret);

static struct scalar_set nothing(struct schema_build *s)
{
    return (struct scalar_set){ 0, automaton_of_words(s->b, NULL, 0, false), { NULL, 0, 0 } };
}

/* --- strings --- */

static bool piece_add(struct schema_build *s, struct string_set *x, struct string_piece piece)
{
    if (piece.min > piece.max || (piece.language && automaton_empty(piece.language))) return true;
    for (size_t i = 0; i < x->count; i++)
        if (x->pieces[i].language == piece.language && x->pieces[i].min <= piece.min &&
            x->pieces[i].max >= piece.max)
            return true;
    if (x->count >= STRING_PIECES_MAX)
        return build_fail(s->b, STATUS_LIMIT, "%s: strings are combined in more than %d ways",
                          s->base, STRING_PIECES_MAX);
    if (!build_grow(s->b, &x->pieces, &x->cap, x->count, sizeof *x->pieces)) return false;
    x->pieces[x->count++] = piece;
    return true;
}

static bool strings_all(struct schema_build *s, struct string_set *ret)
{
    *ret = (struct string_set){ 0 };
    return piece_add(s, ret, (struct string_piece){ NULL, 0, PROGRAM_NONE });
}

static const struct automaton *both(struct schema_build *s, const struct automaton *x,
                                    const struct automaton *y)
{
    if (!x || x == y) return y;
    return y ? automaton_product(s->b, x, y, AUTOMATON_AND) : x;
}

static bool strings_and(struct schema_build *s, const struct string_set *x,
                        const struct string_set *y, struct string_set *ret)
{
    struct string_set r = { 0 };
    for (size_t i = 0; i < x->count; i++)
        for (size_t j = 0; j < y->count; j++) {
            struct string_piece p = x->pieces[i], q = y->pieces[j];
            if (q.min > p.min) p.min = q.min;
            if (q.max < p.max) p.max = q.max;
            if (p.min > p.max) continue;
            p.language = both(s, p.language, q.language);
            if (s->b->status || !piece_add(s, &r, p)) return false;
        }
    *ret = r;
    return true;
}

static bool strings_or(struct schema_build *s, const struct string_set *x,
                       const struct string_set *y, struct string_set *ret)
{
    struct string_set r = { 0 };
    for (size_t i = 0; i < x->count; i++)
        if (!piece_add(s, &r, x->pieces[i])) return false;
    for (size_t i = 0; i < y->count; i++)
        if (!piece_add(s, &r, y->pieces[i])) return false;
    *ret = r;
    return true;
}

static bool strings_not(struct schema_build *s, const struct string_set *x, struct string_set *ret)
{
    struct string_set r;
    if (!strings_all(s, &r)) return false;
    for (size_t i = 0; i < x->count; i++) {
        struct string_piece p = x->pieces[i];
        struct string_set one = { 0 };
        if (p.language) {
            struct automaton *rest =
                automaton_product(s->b, s->strings, p.language, AUTOMATON_MINUS);
            if (!rest || !piece_add(s, &one, (struct string_piece){ rest, 0, PROGRAM_NONE }))
                return false;
        }
        if (p.min > 0 && !piece_add(s, &one, (struct string_piece){ NULL, 0, p.min - 1 }))
            return false;
        if (p.max != PROGRAM_NONE &&
            !piece_add(s, &one, (struct string_piece){ NULL, p.max + 1, PROGRAM_NONE }))
            return false;
        if (!strings_and(s, &r, &one, &r)) return false;
    }
    *ret = r;
    return true;
}

/* A language cut to a length: {state, characters}. */
struct measured {
    const struct automaton *a;
    uint32_t min, max;
};

static bool measured_step(const void *ctx, const uint32_t *from, size_t n, uint8_t byte,
                          uint32_t *to, size_t *ret_n)
{
    const struct measured *m = ctx;
    *ret_n = 2;
    to[0] = automaton_next(m->a, from[0], byte);
    to[1] = from[1];
    if ((byte & 0xC0) == 0x80) return to[0];
    if (from[1] >= m->max) return false;
    if (m->max != PROGRAM_NONE || from[1] < m->min) to[1]++;
    return to[0];
}

static uint32_t measured_accept(const void *ctx, const uint32_t *state, size_t n)
{
    const struct measured *m = ctx;
    return state[1] >= m->min ? m->a->accept[state[0]] : 0;
}

static struct automaton *measure(struct build *b, const struct automaton *a, uint32_t min,
                                 uint32_t max)
{
    struct measured m = { a, min, max };
    struct explorer e = { &m, measured_step, measured_accept };
    bool cuts[256] = { 0 };
    cuts[0x80] = cuts[0xC0] = true;
    for (int i = 1; i < 256; i++)
        if (a->class_of[i] != a->class_of[i - 1]) cuts[i] = true;
    return automaton_explore(b, &e, (uint32_t[]){ a->start, 0 }, 2, cuts);
}

/* Folds the lengths of pieces that have a language into it. */
static bool strings_settle(struct schema_build *s, struct string_set *x)
{
    struct string_set r = { 0 };
    for (size_t i = 0; i < x->count; i++) {
        struct string_piece p = x->pieces[i];
        if (p.language && (p.min > 0 || p.max != PROGRAM_NONE)) {
            p.language = measure(s->b, p.language, p.min, p.max);
            if (!p.language) return false;
            p.min = 0;
            p.max = PROGRAM_NONE;
        }
        if (!piece_add(s, &r, p)) return false;
    }
    *x = r;
    return true;
}

struct automaton *strings_automaton(struct schema_build *s, const struct string_set *x,
                                    const char *where)
{
    struct automaton *r = automaton_of_words(s->b, NULL, 0, false);
    for (size_t i = 0; r && i < x->count; i++) {
        struct string_piece p = x->pieces[i];
        struct automaton *one = measure(s->b, p.language ? p.language : s->strings, p.min, p.max);
        r = automaton_product(s->b, r, one, AUTOMATON_OR);
    }
    return r;
}

/* --- sets of scalars --- */

static const struct automaton *numbers(struct schema_build *s, const struct scalar_set *x)
{
    return x->number ? x->number : s->numbers;
}

static bool scalars_and(struct schema_build *s, const struct scalar_set *x,
                        const struct scalar_set *y, struct scalar_set *ret)
{
    struct scalar_set r = { .simple = x->simple & y->simple };
    r.number = both(s, x->number, y->number);
    if (s->b->status || !strings_and(s, &x->strings, &y->strings, &r.strings)) return false;
    *ret = r;
    return true;
}

static bool scalars_or(struct schema_build *s, const struct scalar_set *x,
                       const struct scalar_set *y, struct scalar_set *ret)
{
    struct scalar_set r = { .simple = x->simple | y->simple };
    if (x->number && y->number) {
        if (automaton_empty(x->number)) r.number = y->number;
        else if (automaton_empty(y->number)) r.number = x->number;
        else r.number = automaton_product(s->b, x->number, y->number, AUTOMATON_OR);
    }
    if (s->b->status || !strings_or(s, &x->strings, &y->strings, &r.strings)) return false;
    *ret = r;
    return true;
}

static bool scalars_not(struct schema_build *s, const struct scalar_set *x, struct scalar_set *ret)
{
    struct scalar_set r = { .simple = SIMPLE_ALL & ~x->simple };
    if (!x->number || !automaton_empty(x->number)) {
        r.number = automaton_product(s->b, s->numbers, numbers(s, x), AUTOMATON_MINUS);
        if (!r.number) return false;
    }
    if (!strings_not(s, &x->strings, &r.strings)) return false;
    *ret = r;
    return true;
}

static bool scalars_all(struct schema_build *s, struct scalar_set *ret)
{
    *ret = (struct scalar_set){ .simple = SIMPLE_ALL };
    return strings_all(s, &ret->strings);
}

bool scalars_empty(const struct scalar_set *x)
{
    return !x->simple && x->number && automaton_empty(x->number) && x->strings.count == 0;
}

/* --- keywords --- */

static bool keep_types(struct schema_build *s, const struct json *type, struct scalar_set *x)
{
    if (!type) return true;
    if (!type_allows(type, "null")) x->simple &= ~(unsigned)SIMPLE_NULL;
    if (!type_allows(type, "boolean")) x->simple &= SIMPLE_NULL;
    if (!type_allows(type, "string")) x->strings.count = 0;
    if (type_allows(type, "number")) return true;
    x->number = type_allows(type, "integer") ? both(s, x->number, s->integers)
                                             : automaton_of_words(s->b, NULL, 0, false);
    return x->number;
}

static struct regex_node *number_tree(struct schema_build *s, const struct json *v,
                                      const char *where)
{
    struct decimal d;
    char text[2 * DECIMAL_DIGITS_MAX + 64];
    size_t n = 0;
    if (!decimal_of(s->b, v, where, &d)) return NULL;
    bool zero = d.whole[0] == '0' && d.whole_count == 1 && d.part_count == 0;
    if (zero || d.negative) text[n++] = '-';
    if (zero) text[n++] = '?';
    memcpy(text + n, d.whole, (size_t)d.whole_count);
    n += (size_t)d.whole_count;
    const char *tail = d.part_count ? "0*" : "(?:\\.0+)?";
    if (d.part_count) {
        memcpy(text + n, "\\.", 2);
        memcpy(text + n + 2, d.part, (size_t)d.part_count);
        n += 2 + (size_t)d.part_count;
    }
    memcpy(text + n, tail, strlen(tail));
    n += strlen(tail);
    const char *kept = build_text(s->b, text, n);
    return kept ? regex_parse(s->b, (struct span){ kept, n }, where) : NULL;
}

/* The scalars among count values. */
static bool of_values(struct schema_build *s, const struct json *const *values, size_t count,
                      const char *where, struct scalar_set *ret)
{
    struct scalar_set r = nothing(s);
    struct span *texts = build_array(s->b, count, sizeof *texts);
    struct regex_node *any = regex_new(s->b, REGEX_ANY), **last = any ? &any->child : NULL;
    size_t text_count = 0;
    if (!texts || !any) return false;
    for (size_t i = 0; i < count; i++) {
        enum json_type t = json_type(values[i]);
        if (t == JSON_NULL) r.simple |= SIMPLE_NULL;
        else if (t == JSON_BOOL)
            r.simple |= json_bool(values[i], false) ? SIMPLE_TRUE : SIMPLE_FALSE;
        else if (t == JSON_STRING) texts[text_count++] = json_string(values[i]);
        else if (t == JSON_INT || t == JSON_REAL) {
            if (!(*last = number_tree(s, values[i], where))) return false;
            struct regex_node *held = regex_new(s->b, REGEX_ALL);
            if (!held) return false;
            held->child = *last;
            *last = held;
            last = &held->next;
        }
    }
    if (any->child) r.number = regex_automaton(s->b, any, false, where);
    if (text_count) {
        struct automaton *a = automaton_of_words(s->b, texts, text_count, false);
        if (!a || !piece_add(s, &r.strings, (struct string_piece){ a, 0, PROGRAM_NONE }))
            return false;
    }
    *ret = r;
    return !s->b->status;
}

static bool keep_values(struct schema_build *s, const struct literal *l, struct scalar_set *x)
{
    const struct json *list = json_get(l->value, "enum"), *one = json_get(l->value, "const");
    struct scalar_set some;
    if (list) {
        size_t n = json_length(list);
        const struct json **values = build_array(s->b, n, sizeof *values);
        if (!values) return false;
        for (size_t i = 0; i < n; i++)
            values[i] = json_at(list, i);
        if (!of_values(s, values, n, l->pointer, &some) || !scalars_and(s, x, &some, x))
            return false;
    }
    if (!one) return true;
    return of_values(s, &one, 1, l->pointer, &some) && scalars_and(s, x, &some, x);
}

static bool keep_compared(struct schema_build *s, const struct literal *l, const char *key,
                          unsigned orders, struct scalar_set *x)
{
    const struct json *v = json_get(l->value, key);
    struct decimal d;
    if (!v || json_type(v) == JSON_BOOL) return true;
    if (!decimal_of(s->b, v, l->pointer, &d)) return false;
    x->number = both(s, x->number, number_compared(s->b, &d, orders));
    return x->number;
}

static bool keep_numbers(struct schema_build *s, const struct literal *l, struct scalar_set *x)
{
    const struct json *step = json_get(l->value, "multipleOf");
    struct decimal d;
    if (x->number && automaton_empty(x->number)) return true;
    /* Draft 4: true beside the bound. */
    unsigned below = json_bool(json_get(l->value, "exclusiveMaximum"), false) ? 0 : NUMBER_EQUAL;
    unsigned above = json_bool(json_get(l->value, "exclusiveMinimum"), false) ? 0 : NUMBER_EQUAL;
    if (!keep_compared(s, l, "minimum", NUMBER_GREATER | above, x) ||
        !keep_compared(s, l, "maximum", NUMBER_LESS | below, x) ||
        !keep_compared(s, l, "exclusiveMinimum", NUMBER_GREATER, x) ||
        !keep_compared(s, l, "exclusiveMaximum", NUMBER_LESS, x))
        return false;
    if (!step) return true;
    if (!decimal_of(s->b, step, l->pointer, &d)) return false;
    x->number = both(s, x->number, number_multiple_of(s->b, &d, l->pointer));
    return x->number;
}

static uint32_t count_of(const struct json *v, uint32_t fallback)
{
    int64_t n = json_int(v, -1);
    if (!v || n < 0) return fallback;
    return n < (int64_t)PROGRAM_NONE - 1 ? (uint32_t)n : PROGRAM_NONE - 2;
}

static const struct {
    const char *name, *pattern;
    uint32_t max;
} formats[] = {
#define FORMAT(name, pattern, max) { name, pattern, max },
#define FORMAT_REFUSED(name)       { name, NULL, 0 },
#include "lm/sample/schema_format_list.h"
#undef FORMAT
#undef FORMAT_REFUSED
};

static bool keep_format(struct schema_build *s, const struct literal *l, struct string_set *x)
{
    struct span name = json_string(json_get(l->value, "format"));
    for (size_t i = 0; name.data && i < sizeof formats / sizeof *formats; i++) {
        if (!span_equals(name, formats[i].name)) continue;
        if (!formats[i].pattern)
            return build_fail(s->b, STATUS_UNSUPPORTED,
                              "%s%s/format: the format \"%s\" is not supported", s->base,
                              l->pointer, formats[i].name);
        size_t len = strlen(formats[i].pattern);
        char *whole = build_array(s->b, len + 7, 1);
        if (!whole) return false;
        memcpy(whole, "^(?:", 4);
        memcpy(whole + 4, formats[i].pattern, len);
        memcpy(whole + 4 + len, ")$", 2);
        struct automaton *a = pattern_find(s, (struct span){ whole, len + 6 }, l->pointer);
        struct string_set one = { 0 };
        uint32_t max = formats[i].max ? formats[i].max : PROGRAM_NONE;
        return a && piece_add(s, &one, (struct string_piece){ a, 0, max }) &&
               strings_and(s, x, &one, x);
    }
    return true;
}

static bool keep_strings(struct schema_build *s, const struct literal *l, struct scalar_set *x)
{
    struct string_set one = { 0 };
    struct span pattern = json_string(json_get(l->value, "pattern"));
    uint32_t min = count_of(json_get(l->value, "minLength"), 0);
    uint32_t max = count_of(json_get(l->value, "maxLength"), PROGRAM_NONE);
    if (x->strings.count == 0) return true;
    if (min > 0 || max != PROGRAM_NONE) {
        if (!piece_add(s, &one, (struct string_piece){ NULL, min, max }) ||
            !strings_and(s, &x->strings, &one, &x->strings))
            return false;
    }
    if (pattern.data) {
        const char *where = pointer_join(s->b, l->pointer, span_of("pattern"));
        struct automaton *a = pattern_find(s, pattern, where);
        one = (struct string_set){ 0 };
        if (!a || !piece_add(s, &one, (struct string_piece){ a, 0, PROGRAM_NONE }) ||
            !strings_and(s, &x->strings, &one, &x->strings))
            return false;
    }
    return s->options->formats_ignored || keep_format(s, l, &x->strings);
}

/* --- combinations --- */

static bool keep_all_of(struct schema_build *s, uint32_t entry, struct scalar_set *x)
{
    size_t n = json_length(json_get(s->literals[entry].value, "allOf"));
    for (size_t i = 0; i < n; i++) {
        struct scalar_set one;
        if (!scalars_of_code(s, literal_child(s, entry, "allOf", (int64_t)i), &one) ||
            !scalars_and(s, x, &one, x))
            return false;
    }
    return true;
}

static bool keep_any_of(struct schema_build *s, uint32_t entry, struct scalar_set *x)
{
    size_t n = json_length(json_get(s->literals[entry].value, "anyOf"));
    struct scalar_set any = nothing(s);
    for (size_t i = 0; i < n; i++) {
        struct scalar_set one;
        if (!scalars_of_code(s, literal_child(s, entry, "anyOf", (int64_t)i), &one) ||
            !scalars_or(s, &any, &one, &any))
            return false;
    }
    return !n || scalars_and(s, x, &any, x);
}

static bool keep_one_of(struct schema_build *s, uint32_t entry, struct scalar_set *x)
{
    size_t n = json_length(json_get(s->literals[entry].value, "oneOf"));
    struct scalar_set one = nothing(s), none, taken, other, next;
    if (!scalars_all(s, &none)) return false;
    for (size_t i = 0; i < n; i++) {
        if (!scalars_of_code(s, literal_child(s, entry, "oneOf", (int64_t)i), &taken) ||
            !scalars_not(s, &taken, &other) || !scalars_and(s, &one, &other, &one) ||
            !scalars_and(s, &none, &taken, &next) || !scalars_or(s, &one, &next, &one) ||
            !scalars_and(s, &none, &other, &none))
            return false;
    }
    return !n || scalars_and(s, x, &one, x);
}

static bool keep_if(struct schema_build *s, uint32_t entry, struct scalar_set *x)
{
    const struct json *v = s->literals[entry].value;
    struct scalar_set when, unless, then, otherwise;
    if (!json_get(v, "if") || (!json_get(v, "then") && !json_get(v, "else"))) return true;
    uint32_t code = literal_child(s, entry, "if", -1);
    if (!scalars_of_code(s, code, &when) || !scalars_not(s, &when, &unless)) return false;
    uint32_t a = json_get(v, "then") ? literal_child(s, entry, "then", -1) : CODE_TRUE;
    uint32_t b = json_get(v, "else") ? literal_child(s, entry, "else", -1) : CODE_TRUE;
    return scalars_of_code(s, a, &then) && scalars_of_code(s, b, &otherwise) &&
           scalars_and(s, &when, &then, &when) && scalars_and(s, &unless, &otherwise, &unless) &&
           scalars_or(s, &when, &unless, &when) && scalars_and(s, x, &when, x);
}

static bool keep_not(struct schema_build *s, uint32_t entry, struct scalar_set *x)
{
    struct scalar_set one;
    if (!json_get(s->literals[entry].value, "not")) return true;
    return scalars_of_code(s, literal_child(s, entry, "not", -1), &one) &&
           scalars_not(s, &one, &one) && scalars_and(s, x, &one, x);
}

static bool of_schema(struct schema_build *s, uint32_t entry, struct scalar_set *x)
{
    struct literal l = s->literals[entry];
    const char *ref = reference_key(s, l.value);
    if (!literal_check(s, entry) || !scalars_all(s, x)) return false;
    if (ref) {
        struct scalar_set one;
        if (!scalars_of_code(s, literal_reference(s, entry, ref), &one) ||
            !scalars_and(s, x, &one, x))
            return false;
        if (s->draft < DRAFT_2019) return true;
    }
    return keep_types(s, json_get(l.value, "type"), x) && keep_values(s, &l, x) &&
           keep_numbers(s, &l, x) && keep_strings(s, &l, x) && keep_all_of(s, entry, x) &&
           keep_any_of(s, entry, x) && keep_one_of(s, entry, x) && keep_if(s, entry, x) &&
           keep_not(s, entry, x);
}

static bool scalars_of_code(struct schema_build *s, uint32_t code, struct scalar_set *ret)
{
    if (code == CODE_FAILED) return false;
    if (code <= CODE_FALSE) {
        if (code == CODE_TRUE) return scalars_all(s, ret);
        *ret = nothing(s);
        return !s->b->status;
    }
    uint32_t entry = code / 2;
    struct literal *l = s->literals + entry;
    if (l->busy)
        return build_fail(s->b, STATUS_BAD_INPUT, "%s%s: the schema refers to itself for ever",
                          s->base, l->pointer);
    if (!l->has_scalars) {
        struct scalar_set x;
        if (++s->nesting > SCHEMA_NESTING_MAX)
            return build_fail(s->b, STATUS_LIMIT, "%s%s: combinations nest deeper than %d", s->base,
                              l->pointer, SCHEMA_NESTING_MAX);
        l->busy = true;
        bool ok = l->constant ? of_values(s, &l->value, 1, l->pointer, &x)
                              : of_schema(s, entry, &x) && strings_settle(s, &x.strings);
        l = s->literals + entry; /* may have moved */
        l->busy = false;
        s->nesting--;
        if (!ok) return false;
        l->scalars = x;
        l->has_scalars = true;
    }
    *ret = l->scalars;
    return code & 1 ? scalars_not(s, ret, ret) : true;
}

bool scalars_of_set(struct schema_build *s, const uint32_t *codes, size_t n, struct scalar_set *ret)
{
    struct scalar_set x;
    if (!scalars_all(s, &x)) return false;
    for (size_t i = 0; i < n; i++) {
        struct scalar_set one;
        if (!scalars_of_code(s, codes[i], &one) || !scalars_and(s, &x, &one, &x)) return false;
    }
    if (!strings_settle(s, &x.strings)) return false;
    *ret = x;
    return true;
}

bool scalar_prepare(struct schema_build *s)
{
    s->numbers = number_universe(s->b);
    s->integers = regex_of(s->b, "-?(?:0|[1-9][0-9]*)");
    s->strings = regex_of(s->b, "[^]*");
    return s->numbers && s->integers && s->strings;
}

/* --- into the program --- */

static struct automaton *simple_text(struct schema_build *s, unsigned simple)
{
    struct span words[3];
    size_t n = 0;
    if (simple & SIMPLE_NULL) words[n++] = span_of("null");
    if (simple & SIMPLE_TRUE) words[n++] = span_of("true");
    if (simple & SIMPLE_FALSE) words[n++] = span_of("false");
    return automaton_of_words(s->b, words, n, false);
}

static bool any_texts(struct schema_build *s)
{
    if (!s->number_text)
        s->number_text =
            regex_of(s->b, "-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?");
    if (!s->string_text) s->string_text = any_string_text(s->b, true);
    return s->number_text && s->string_text;
}

static bool is_any(const struct string_piece *p)
{
    return !p->language && p->min == 0 && p->max == PROGRAM_NONE;
}

/* All scalars but strings by length, as one automaton. */
static struct automaton *scalar_text(struct schema_build *s, const struct scalar_set *x)
{
    struct build *b = s->b;
    struct automaton *a = simple_text(s, x->simple);
    if (!any_texts(s)) return NULL;
    if (!x->number || !automaton_empty(x->number))
        a = automaton_product(b, a, x->number ? x->number : s->number_text, AUTOMATON_OR);
    for (size_t i = 0; i < x->strings.count; i++) {
        const struct string_piece *piece = x->strings.pieces + i;
        if (piece->language)
            a = automaton_product(b, a, string_text(b, piece->language, true), AUTOMATON_OR);
        else if (is_any(piece)) a = automaton_product(b, a, s->string_text, AUTOMATON_OR);
    }
    return a;
}

static void put_pointer(uint32_t *words, size_t *n, const void *p)
{
    uint64_t address = (uintptr_t)p;
    words[(*n)++] = (uint32_t)address;
    words[(*n)++] = (uint32_t)(address >> 32);
}

/* Equal sets, by the automata that they were made of, share one. */
static uint32_t scalar_automaton(struct schema_build *s, const struct scalar_set *x)
{
    uint32_t words[3 + 2 * (STRING_PIECES_MAX + 1)];
    size_t n = 0;
    bool is_new;
    words[n++] = x->simple;
    put_pointer(words, &n, x->number);
    for (size_t i = 0; i < x->strings.count; i++)
        if (x->strings.pieces[i].language || is_any(x->strings.pieces + i))
            put_pointer(words, &n, x->strings.pieces[i].language);
    uint32_t i = word_set_add(s->b, &s->scalar_keys, words, n, &is_new);
    if (i == UINT32_MAX) return PROGRAM_NONE;
    if (!is_new) return s->scalar_made[i];
    struct automaton *a = scalar_text(s, x);
    if (!a || !build_grow(s->b, &s->scalar_made, &s->scalar_made_cap, i, sizeof *s->scalar_made))
        return PROGRAM_NONE;
    s->scalar_made[i] = automaton_empty(a) ? PROGRAM_NONE : program_add(s->b, s->p, a);
    return s->scalar_made[i];
}

bool scalars_emit(struct schema_build *s, const struct scalar_set *x, struct program_node *node)
{
    struct program *p = s->p;
    node->scalar = scalar_automaton(s, x);
    node->length_first = p->length_count;
    for (size_t i = 0; i < x->strings.count; i++) {
        struct string_piece piece = x->strings.pieces[i];
        if (piece.language || is_any(&piece)) continue;
        if (!build_grow(s->b, &p->lengths, &p->lengths_cap, p->length_count, sizeof *p->lengths))
            return false;
        p->lengths[p->length_count++] = (struct program_length){ piece.min, piece.max };
    }
    node->length_count = p->length_count - node->length_first;
    return !s->b->status;
}
