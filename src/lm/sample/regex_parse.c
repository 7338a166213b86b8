/* Reading ECMA-262 expressions into trees.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/sample/regex.h"

#include <stdlib.h>
#include <string.h>

#include "base/core/utf8.h"
#include "lm/tokenizer/char_class.h"

#define CODE_POINT_MAX 0x10FFFFu

struct regex_node *regex_new(struct build *b, enum regex_kind kind)
{
    struct regex_node *n = build_array(b, 1, sizeof *n);
    if (n) n->kind = kind;
    return n;
}

void regex_add(struct regex_node *parent, struct regex_node *child)
{
    struct regex_node **at = &parent->child;
    while (*at)
        at = &(*at)->next;
    *at = child;
}

struct regex_node *regex_repeat(struct build *b, struct regex_node *child, uint32_t min,
                                uint32_t max)
{
    struct regex_node *n = regex_new(b, REGEX_REPEAT);
    if (!n || !child) return NULL;
    n->min = min;
    n->max = max;
    n->child = child;
    return n;
}

/* --- sets of characters --- */

bool char_set_add(struct build *b, struct char_set *s, uint32_t lo, uint32_t hi)
{
    if (!build_grow(b, &s->ranges, &s->cap, s->count, sizeof *s->ranges)) return false;
    s->ranges[s->count++] = (struct char_range){ lo, hi };
    return true;
}

static int compare_ranges(const void *x, const void *y)
{
    const struct char_range *a = x, *b = y;
    return a->lo < b->lo ? -1 : a->lo > b->lo;
}

/* Ascending and disjoint. */
static void char_set_settle(struct char_set *s)
{
    size_t n = 0;
    if (s->count) qsort(s->ranges, s->count, sizeof *s->ranges, compare_ranges);
    for (size_t i = 0; i < s->count; i++) {
        if (n && s->ranges[i].lo <= s->ranges[n - 1].hi + 1) {
            if (s->ranges[i].hi > s->ranges[n - 1].hi) s->ranges[n - 1].hi = s->ranges[i].hi;
        } else s->ranges[n++] = s->ranges[i];
    }
    s->count = n;
}

static bool char_set_negate(struct build *b, struct char_set *s)
{
    struct char_set r = { 0 };
    uint32_t from = 0;
    char_set_settle(s);
    for (size_t i = 0; i < s->count; i++) {
        if (s->ranges[i].lo > from && !char_set_add(b, &r, from, s->ranges[i].lo - 1)) return false;
        from = s->ranges[i].hi + 1;
    }
    if (from <= CODE_POINT_MAX && !char_set_add(b, &r, from, CODE_POINT_MAX)) return false;
    *s = r;
    return true;
}

struct regex_node *regex_class(struct build *b, struct char_set *s, bool negated)
{
    struct regex_node *n = regex_new(b, REGEX_CLASS);
    if (!n) return NULL;
    char_set_settle(s);
    if (negated && !char_set_negate(b, s)) return NULL;
    n->ranges = s->ranges;
    n->range_count = s->count;
    return n;
}

/* ECMA-262, CharacterClassEscape: white space and line terminators. */
static const struct char_range digits[] = { { '0', '9' } };
static const struct char_range word[] = { { '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' } };
static const struct char_range space[] = {
    { 9, 13 },          { 32, 32 },         { 0xA0, 0xA0 },     { 0x1680, 0x1680 },
    { 0x2000, 0x200A }, { 0x2028, 0x2029 }, { 0x202F, 0x202F }, { 0x205F, 0x205F },
    { 0x3000, 0x3000 }, { 0xFEFF, 0xFEFF },
};

bool char_set_escape(struct build *b, struct char_set *s, char letter)
{
    const struct char_range *r;
    size_t n;
    char lower = (char)(letter | 0x20);
    if (lower == 'd') r = digits, n = 1;
    else if (lower == 'w') r = word, n = sizeof word / sizeof *word;
    else if (lower == 's') r = space, n = sizeof space / sizeof *space;
    else return false;
    struct char_set one = { 0 };
    for (size_t i = 0; i < n; i++)
        if (!char_set_add(b, &one, r[i].lo, r[i].hi)) return false;
    if (letter != lower && !char_set_negate(b, &one)) return false;
    for (size_t i = 0; i < one.count; i++)
        if (!char_set_add(b, s, one.ranges[i].lo, one.ranges[i].hi)) return false;
    return true;
}

static const struct {
    const char *name;
    unsigned mask;
} properties[] = {
    { "L", CHAR_LETTER },      { "Letter", CHAR_LETTER },     { "N", CHAR_NUMBER },
    { "M", CHAR_MARK },        { "Nd", CHAR_DECIMAL },        { "Ll", CHAR_LOWER },
    { "P", CHAR_PUNCT },       { "Punctuation", CHAR_PUNCT }, { "S", CHAR_SYMBOL },
    { "Number", CHAR_NUMBER }, { "Mark", CHAR_MARK },
};

static bool add_property(struct build *b, struct char_set *s, struct span name, bool negated,
                         const char *where)
{
    unsigned mask = 0;
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
        if (span_equals(name, properties[i].name)) mask = properties[i].mask;
    if (!mask)
        return build_fail(b, STATUS_UNSUPPORTED, "%s: the property \\p{%.*s} is not supported",
                          where, (int)(name.len < 40 ? name.len : 40), name.data);
    if (!build_spend(b, CODE_POINT_MAX / 4)) return false;
    uint32_t from = 0;
    bool in = false;
    for (uint32_t c = 0; c <= CODE_POINT_MAX + 1; c++) {
        bool has = c <= CODE_POINT_MAX && ((char_class_of(c) & mask) != 0) != negated;
        if (in && !has && !char_set_add(b, s, from, c - 1)) return false;
        if (has && !in) from = c;
        in = has;
    }
    return true;
}

/* --- the parser --- */

struct parser {
    struct build *b;
    struct span text;
    size_t at;
    int depth;
    const char *where;
};

static bool refuse(struct parser *p, enum status s, const char *words)
{
    return build_fail(p->b, s, "%s: %s, at byte %zu of \"%.*s\"", p->where, words, p->at,
                      (int)(p->text.len < 80 ? p->text.len : 80), p->text.data);
}

static bool more(const struct parser *p)
{
    return p->at < p->text.len;
}

static bool peek(const struct parser *p, const char *what)
{
    size_t n = strlen(what);
    return p->text.len - p->at >= n && memcmp(p->text.data + p->at, what, n) == 0;
}

static bool take(struct parser *p, const char *what)
{
    if (!peek(p, what)) return false;
    p->at += strlen(what);
    return true;
}

static bool take_char(struct parser *p, uint32_t *ret)
{
    int n = utf8_decode(p->text.data + p->at, p->text.len - p->at, ret);
    if (!n) return refuse(p, STATUS_BAD_INPUT, "the expression is not valid UTF-8");
    p->at += (size_t)n;
    return true;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static bool take_hex(struct parser *p, size_t n, uint32_t *ret)
{
    uint32_t v = 0;
    if (p->text.len - p->at < n) return refuse(p, STATUS_BAD_INPUT, "hex digits are missing");
    for (size_t i = 0; i < n; i++) {
        int d = hex_value(p->text.data[p->at + i]);
        if (d < 0) return refuse(p, STATUS_BAD_INPUT, "a hex digit was expected");
        v = v * 16 + (uint32_t)d;
    }
    p->at += n;
    *ret = v;
    return true;
}

static bool take_unicode(struct parser *p, uint32_t *ret)
{
    if (take(p, "{")) {
        const char *end = memchr(p->text.data + p->at, '}', p->text.len - p->at);
        size_t n = end ? (size_t)(end - p->text.data) - p->at : 0;
        if (n < 1 || n > 6) return refuse(p, STATUS_BAD_INPUT, "\\u{...} needs 1 to 6 hex digits");
        if (!take_hex(p, n, ret)) return false;
        p->at++;
        if (*ret > CODE_POINT_MAX) return refuse(p, STATUS_BAD_INPUT, "no such code point");
        return true;
    }
    uint32_t low;
    if (!take_hex(p, 4, ret)) return false;
    if (*ret >= 0xD800 && *ret < 0xDC00 && take(p, "\\u")) {
        if (!take_hex(p, 4, &low)) return false;
        if (low < 0xDC00 || low > 0xDFFF)
            return refuse(p, STATUS_BAD_INPUT, "half a surrogate pair");
        *ret = 0x10000 + ((*ret - 0xD800) << 10) + (low - 0xDC00);
    }
    return true;
}

static bool take_property(struct parser *p, bool negated, struct char_set *s)
{
    const char *end = take(p, "{") ? memchr(p->text.data + p->at, '}', p->text.len - p->at) : NULL;
    if (!end) return refuse(p, STATUS_BAD_INPUT, "\\p needs {Property}");
    struct span name = { p->text.data + p->at, (size_t)(end - p->text.data) - p->at };
    p->at += name.len + 1;
    return add_property(p->b, s, name, negated, p->where);
}

/* After a backslash: a class (then *ret_class) or one character. */
static bool take_escape(struct parser *p, bool in_class, struct char_set *s, uint32_t *ret,
                        bool *ret_class)
{
    static const char letters[] = "tnrfv", values[] = "\t\n\r\f\v";
    *ret_class = false;
    if (!more(p)) return refuse(p, STATUS_BAD_INPUT, "a backslash ends the expression");
    char c = p->text.data[p->at];
    if (c && strchr("dDwWsS", c)) {
        p->at++;
        *ret_class = true;
        return char_set_escape(p->b, s, c);
    }
    if (c == 'p' || c == 'P') {
        p->at++;
        *ret_class = true;
        return take_property(p, c == 'P', s);
    }
    const char *known = c ? strchr(letters, c) : NULL;
    if (known) {
        p->at++;
        *ret = (uint8_t)values[known - letters];
        return true;
    }
    if (c == 'x' || c == 'u') {
        p->at++;
        return c == 'x' ? take_hex(p, 2, ret) : take_unicode(p, ret);
    }
    if (c == '0' || (c == 'b' && in_class)) {
        p->at++;
        *ret = c == '0' ? 0 : 8;
        return true;
    }
    if (c == 'c' && p->text.len - p->at > 1) {
        *ret = (uint8_t)p->text.data[p->at + 1] & 31u;
        p->at += 2;
        return true;
    }
    if (c == 'b' || c == 'B')
        return refuse(p, STATUS_UNSUPPORTED, "word boundaries (\\b) are not supported");
    if ((c >= '1' && c <= '9') || c == 'k')
        return refuse(p, STATUS_UNSUPPORTED, "backreferences are not supported");
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
        return refuse(p, STATUS_BAD_INPUT, "unknown escape");
    return take_char(p, ret);
}

/* One member of a class; *ret_class when it is a whole class by itself. */
static bool take_member(struct parser *p, struct char_set *s, uint32_t *ret, bool *ret_class)
{
    *ret_class = false;
    if (take(p, "\\")) return take_escape(p, true, s, ret, ret_class);
    return take_char(p, ret);
}

static struct regex_node *parse_class(struct parser *p)
{
    struct char_set s = { 0 };
    bool negated = take(p, "^");
    while (more(p) && !peek(p, "]")) {
        uint32_t lo, hi;
        bool is_class, hi_class = false;
        if (!take_member(p, &s, &lo, &is_class)) return NULL;
        if (peek(p, "-") && p->text.len - p->at > 1 && p->text.data[p->at + 1] != ']') {
            size_t dash = p->at++;
            size_t members = s.count;
            if (!take_member(p, &s, &hi, &hi_class)) return NULL;
            if (is_class || hi_class) { /* [\w-.]: the dash is a dash */
                s.count = members;
                p->at = dash;
            } else {
                if (hi < lo) {
                    refuse(p, STATUS_BAD_INPUT, "a range of characters runs backwards");
                    return NULL;
                }
                if (!char_set_add(p->b, &s, lo, hi)) return NULL;
                continue;
            }
        }
        if (!is_class && !char_set_add(p->b, &s, lo, lo)) return NULL;
    }
    if (!take(p, "]")) {
        refuse(p, STATUS_BAD_INPUT, "a class has no closing ]");
        return NULL;
    }
    return regex_class(p->b, &s, negated);
}

static struct regex_node *parse_any(struct parser *p);

static struct regex_node *parse_group(struct parser *p)
{
    if (peek(p, "?=") || peek(p, "?!") || peek(p, "?<=") || peek(p, "?<!")) {
        refuse(p, STATUS_UNSUPPORTED, "look-around (?= ?! ?<= ?<!) is not supported");
        return NULL;
    }
    if (take(p, "?<") || take(p, "?P<")) {
        while (more(p) && !take(p, ">"))
            p->at++;
    } else if (!take(p, "?:") && peek(p, "?")) {
        refuse(p, STATUS_UNSUPPORTED, "flags in a group are not supported");
        return NULL;
    }
    if (++p->depth > REGEX_DEPTH_MAX) {
        build_fail(p->b, STATUS_LIMIT, "%s: groups nest deeper than %d", p->where, REGEX_DEPTH_MAX);
        return NULL;
    }
    struct regex_node *n = parse_any(p);
    p->depth--;
    if (n && !take(p, ")")) {
        refuse(p, STATUS_BAD_INPUT, "a group has no closing )");
        return NULL;
    }
    return n;
}

static struct regex_node *one_char(struct parser *p, uint32_t c)
{
    struct char_set s = { 0 };
    return char_set_add(p->b, &s, c, c) ? regex_class(p->b, &s, false) : NULL;
}

static struct regex_node *parse_atom(struct parser *p)
{
    struct char_set s = { 0 };
    uint32_t c;
    bool is_class;
    if (take(p, "(")) return parse_group(p);
    if (take(p, "[")) return parse_class(p);
    if (take(p, "^")) return regex_new(p->b, REGEX_BEGIN);
    if (take(p, "$")) return regex_new(p->b, REGEX_END);
    if (take(p, ".")) { /* all but the line terminators */
        if (!char_set_add(p->b, &s, 10, 10) || !char_set_add(p->b, &s, 13, 13) ||
            !char_set_add(p->b, &s, 0x2028, 0x2029))
            return NULL;
        return regex_class(p->b, &s, true);
    }
    if (take(p, "\\")) {
        if (!take_escape(p, false, &s, &c, &is_class)) return NULL;
        return is_class ? regex_class(p->b, &s, false) : one_char(p, c);
    }
    if (peek(p, "*") || peek(p, "+") || peek(p, "?")) {
        refuse(p, STATUS_BAD_INPUT, "nothing to repeat");
        return NULL;
    }
    return take_char(p, &c) ? one_char(p, c) : NULL;
}

static bool take_number(struct parser *p, uint32_t *ret)
{
    size_t from = p->at;
    uint32_t v = 0;
    while (more(p) && p->text.data[p->at] >= '0' && p->text.data[p->at] <= '9') {
        if (v <= REGEX_REPEAT_MAX) v = v * 10 + (uint32_t)(p->text.data[p->at] - '0');
        p->at++;
    }
    *ret = v;
    return p->at > from;
}

/* {n} {n,} {n,m}; anything else in braces is plain text, as browsers have it. */
static bool take_braces(struct parser *p, uint32_t *min, uint32_t *max)
{
    size_t from = p->at;
    if (take(p, "{") && take_number(p, min)) {
        *max = *min;
        if (take(p, ",") && !take_number(p, max)) *max = REGEX_FOREVER;
        if (take(p, "}")) return true;
    }
    p->at = from;
    return false;
}

static struct regex_node *parse_piece(struct parser *p)
{
    struct regex_node *n = parse_atom(p);
    uint32_t min = 0, max = 0;
    for (int times = 0; n && times < REGEX_DEPTH_MAX; times++) {
        if (take(p, "*")) min = 0, max = REGEX_FOREVER;
        else if (take(p, "+")) min = 1, max = REGEX_FOREVER;
        else if (take(p, "?")) min = 0, max = 1;
        else if (!take_braces(p, &min, &max)) return n;
        take(p, "?"); /* lazy: the same texts */
        if (min > REGEX_REPEAT_MAX || (max != REGEX_FOREVER && max > REGEX_REPEAT_MAX)) {
            build_fail(p->b, STATUS_LIMIT, "%s: a repetition past %d", p->where, REGEX_REPEAT_MAX);
            return NULL;
        }
        if (max < min) {
            refuse(p, STATUS_BAD_INPUT, "a repetition runs backwards");
            return NULL;
        }
        n = regex_repeat(p->b, n, min, max);
    }
    return n;
}

static struct regex_node *parse_all(struct parser *p)
{
    struct regex_node *all = regex_new(p->b, REGEX_ALL), **last = all ? &all->child : NULL;
    while (all && more(p) && !peek(p, "|") && !peek(p, ")")) {
        struct regex_node *n = parse_piece(p);
        if (!n) return NULL;
        struct regex_node *held = regex_new(p->b, REGEX_ALL);
        if (!held) return NULL;
        held->child = n;
        *last = held;
        last = &held->next;
    }
    return all;
}

static struct regex_node *parse_any(struct parser *p)
{
    struct regex_node *first = parse_all(p);
    if (!first || !peek(p, "|")) return first;
    struct regex_node *any = regex_new(p->b, REGEX_ANY), **last = &first->next;
    if (!any) return NULL;
    any->child = first;
    while (take(p, "|")) {
        if (!(*last = parse_all(p))) return NULL;
        last = &(*last)->next;
    }
    return any;
}

struct regex_node *regex_parse(struct build *b, struct span text, const char *where)
{
    struct parser p = { b, text, 0, 0, where };
    if (text.len > REGEX_BYTES_MAX) {
        build_fail(b, STATUS_LIMIT, "%s: the expression is longer than %zu bytes", where,
                   REGEX_BYTES_MAX);
        return NULL;
    }
    struct regex_node *n = parse_any(&p);
    if (n && more(&p)) {
        refuse(&p, STATUS_BAD_INPUT, "an unmatched )");
        return NULL;
    }
    return n;
}
