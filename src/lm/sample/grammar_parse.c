/* Reading grammars.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/core/utf8.h"
#include "lm/sample/grammar.h"

struct reader {
    struct grammar *g;
    struct span text;
    size_t at;
    int depth;
    const char *where;
};

static bool refuse(struct reader *r, const char *words)
{
    size_t line = 1;
    for (size_t i = 0; i < r->at && i < r->text.len; i++)
        line += r->text.data[i] == '\n';
    return build_fail(r->g->b, STATUS_BAD_INPUT, "%s: line %zu: %s", r->where, line, words);
}

static bool more(const struct reader *r)
{
    return r->at < r->text.len;
}

static char now(const struct reader *r)
{
    return more(r) ? r->text.data[r->at] : '\0';
}

static void skip_blanks(struct reader *r)
{
    while (more(r)) {
        if (strchr(" \t\r\n", now(r)) && now(r)) r->at++;
        else if (now(r) == '#')
            while (more(r) && now(r) != '\n')
                r->at++;
        else return;
    }
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

static struct span take_name(struct reader *r)
{
    size_t from = r->at;
    while (more(r) && is_name(now(r)))
        r->at++;
    return (struct span){ r->text.data + from, r->at - from };
}

static bool take(struct reader *r, const char *what)
{
    size_t n = strlen(what);
    if (r->text.len - r->at < n || memcmp(r->text.data + r->at, what, n) != 0) return false;
    r->at += n;
    return true;
}

/* Whether what comes is the head of the next rule: a name and "::=". */
static bool at_head(struct reader *r)
{
    size_t from = r->at;
    struct span name = take_name(r);
    skip_blanks(r);
    bool head = name.len && r->text.len - r->at >= 3 && memcmp(r->text.data + r->at, "::=", 3) == 0;
    r->at = from;
    return head;
}

static uint32_t rule_index(struct reader *r, struct span name)
{
    struct grammar *g = r->g;
    for (size_t i = 0; i < g->count; i++)
        if (g->rules[i].name.len == name.len &&
            memcmp(g->rules[i].name.data, name.data, name.len) == 0)
            return (uint32_t)i;
    if (g->count >= GRAMMAR_RULES_MAX) {
        build_fail(g->b, STATUS_LIMIT, "%s: more than %d rules", r->where, GRAMMAR_RULES_MAX);
        return UINT32_MAX;
    }
    if (!build_grow(g->b, &g->rules, &g->cap, g->count, sizeof *g->rules)) return UINT32_MAX;
    g->rules[g->count] = (struct grammar_rule){ name, NULL };
    return (uint32_t)g->count++;
}

/* --- characters --- */

static bool take_hex(struct reader *r, int digits, uint32_t *ret)
{
    uint32_t v = 0;
    for (int i = 0; i < digits; i++, r->at++) {
        char c = now(r);
        int d = c >= '0' && c <= '9'                     ? c - '0'
                : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                         : -1;
        if (d < 0) return refuse(r, "a hex digit was expected");
        v = v * 16 + (uint32_t)d;
    }
    *ret = v;
    char utf8[4];
    return utf8_encode(v, utf8) > 0 || refuse(r, "no such character");
}

static bool take_char(struct reader *r, uint32_t *ret)
{
    static const char letters[] = "nrt0\\\"'[]-^/.(){}|*+?$",
                      values[] = "\n\r\t\0\\\"'[]-^/.(){}|*+?$";
    if (now(r) == '\\') {
        r->at++;
        char c = now(r);
        if (c == 'x' || c == 'u' || c == 'U') {
            r->at++;
            return take_hex(r, c == 'x' ? 2 : c == 'u' ? 4 : 8, ret);
        }
        const char *p = c ? strchr(letters, c) : NULL;
        if (!p) return refuse(r, "unknown escape");
        r->at++;
        *ret = (uint8_t)values[p - letters];
        return true;
    }
    int n = utf8_decode(r->text.data + r->at, r->text.len - r->at, ret);
    if (!n) return refuse(r, more(r) ? "not valid UTF-8" : "the text ends too early");
    r->at += (size_t)n;
    return true;
}

static struct regex_node *take_literal(struct reader *r)
{
    struct build *b = r->g->b;
    char quote = now(r);
    size_t len = 0;
    r->at++;
    char *text = build_array(b, (r->text.len - r->at) > 4096 ? 4096 : r->text.len - r->at + 4, 1);
    struct regex_node *n = regex_new(b, REGEX_BYTES);
    if (!text || !n) return NULL;
    while (now(r) != quote) {
        uint32_t c;
        if (!take_char(r, &c)) return NULL;
        if (len + 8 > 4096) {
            refuse(r, "a literal of more than 4088 bytes");
            return NULL;
        }
        len += (size_t)utf8_encode(c, text + len);
    }
    r->at++;
    n->bytes = (struct span){ text, len };
    return n;
}

static struct regex_node *take_class(struct reader *r)
{
    struct char_set s = { 0 };
    r->at++;
    bool negated = take(r, "^");
    while (more(r) && now(r) != ']') {
        uint32_t lo, hi;
        char escaped = now(r) == '\\' && r->at + 1 < r->text.len ? r->text.data[r->at + 1] : 0;
        if (escaped && strchr("dDwWsS", escaped)) {
            if (!char_set_escape(r->g->b, &s, escaped)) return NULL;
            r->at += 2;
            continue;
        }
        if (!take_char(r, &lo)) return NULL;
        hi = lo;
        if (now(r) == '-' && r->at + 1 < r->text.len && r->text.data[r->at + 1] != ']') {
            r->at++;
            if (!take_char(r, &hi)) return NULL;
            if (hi < lo) {
                refuse(r, "a range of characters runs backwards");
                return NULL;
            }
        }
        if (!char_set_add(r->g->b, &s, lo, hi)) return NULL;
    }
    if (!take(r, "]")) {
        refuse(r, "a class has no closing ]");
        return NULL;
    }
    return regex_class(r->g->b, &s, negated);
}

/* --- rules --- */

static struct regex_node *take_any(struct reader *r);

static struct regex_node *take_group(struct reader *r)
{
    r->at++;
    if (++r->depth > GRAMMAR_DEPTH_MAX) {
        build_fail(r->g->b, STATUS_LIMIT, "%s: groups nest deeper than %d", r->where,
                   GRAMMAR_DEPTH_MAX);
        return NULL;
    }
    struct regex_node *n = take_any(r);
    r->depth--;
    skip_blanks(r);
    if (n && !take(r, ")")) {
        refuse(r, "a group has no closing )");
        return NULL;
    }
    return n;
}

static struct regex_node *take_atom(struct reader *r)
{
    char c = now(r);
    struct char_set none = { 0 };
    if (c == '"' || c == '\'') return take_literal(r);
    if (c == '[') return take_class(r);
    if (c == '(') return take_group(r);
    if (c == '.') {
        r->at++;
        return regex_class(r->g->b, &none, true);
    }
    if (!is_name(c)) {
        refuse(r, "a literal, class, group or rule name was expected");
        return NULL;
    }
    struct regex_node *n = regex_new(r->g->b, REGEX_CALL);
    if (!n) return NULL;
    n->callee = rule_index(r, take_name(r));
    return n->callee == UINT32_MAX ? NULL : n;
}

static bool take_count(struct reader *r, uint32_t *ret)
{
    size_t from = r->at;
    uint32_t v = 0;
    while (now(r) >= '0' && now(r) <= '9') {
        if (v <= REGEX_REPEAT_MAX) v = v * 10 + (uint32_t)(now(r) - '0');
        r->at++;
    }
    *ret = v;
    return r->at > from;
}

static bool take_braces(struct reader *r, uint32_t *min, uint32_t *max)
{
    r->at++;
    skip_blanks(r);
    if (!take_count(r, min)) return refuse(r, "a repetition is {n}, {n,} or {n,m}");
    *max = *min;
    skip_blanks(r);
    if (take(r, ",")) {
        skip_blanks(r);
        if (!take_count(r, max)) *max = REGEX_FOREVER;
        skip_blanks(r);
    }
    if (!take(r, "}")) return refuse(r, "a repetition is {n}, {n,} or {n,m}");
    if (*min > REGEX_REPEAT_MAX || (*max != REGEX_FOREVER && *max > REGEX_REPEAT_MAX))
        return build_fail(r->g->b, STATUS_LIMIT, "%s: a repetition past %d", r->where,
                          REGEX_REPEAT_MAX);
    return *max >= *min || refuse(r, "a repetition runs backwards");
}

static struct regex_node *take_piece(struct reader *r)
{
    struct regex_node *n = take_atom(r);
    for (int times = 0; n && times < GRAMMAR_DEPTH_MAX; times++) {
        uint32_t min = 0, max = 0;
        if (take(r, "*")) min = 0, max = REGEX_FOREVER;
        else if (take(r, "+")) min = 1, max = REGEX_FOREVER;
        else if (take(r, "?")) min = 0, max = 1;
        else if (now(r) != '{') return n;
        else if (!take_braces(r, &min, &max)) return NULL;
        n = regex_repeat(r->g->b, n, min, max);
    }
    return n;
}

static struct regex_node *take_all(struct reader *r)
{
    struct regex_node *all = regex_new(r->g->b, REGEX_ALL), **last = all ? &all->child : NULL;
    while (all) {
        skip_blanks(r);
        if (!more(r) || now(r) == '|' || now(r) == ')' || at_head(r)) return all;
        struct regex_node *held = regex_new(r->g->b, REGEX_ALL);
        if (!held || !(held->child = take_piece(r))) return NULL;
        *last = held;
        last = &held->next;
    }
    return NULL;
}

static struct regex_node *take_any(struct reader *r)
{
    struct regex_node *any = regex_new(r->g->b, REGEX_ANY), **last = any ? &any->child : NULL;
    while (any) {
        if (!(*last = take_all(r))) return NULL;
        last = &(*last)->next;
        skip_blanks(r);
        if (!take(r, "|")) return any;
    }
    return NULL;
}

static bool take_rule(struct reader *r)
{
    struct span name = take_name(r);
    if (!name.len) return refuse(r, "the name of a rule was expected");
    skip_blanks(r);
    if (!take(r, "::=")) return refuse(r, "::= was expected behind the name of a rule");
    uint32_t i = rule_index(r, name);
    if (i == UINT32_MAX) return false;
    if (r->g->rules[i].tree)
        return build_fail(r->g->b, STATUS_BAD_INPUT, "%s: the rule \"%.*s\" is defined twice",
                          r->where, (int)(name.len < 60 ? name.len : 60), name.data);
    struct regex_node *tree = take_any(r);
    if (!tree) return false;
    r->g->rules[i].tree = tree;
    return true;
}

bool grammar_parse(struct grammar *g, struct span text, const char *where)
{
    struct reader r = { g, text, 0, 0, where };
    if (text.len > GRAMMAR_BYTES_MAX)
        return build_fail(g->b, STATUS_LIMIT, "%s: longer than %zu bytes", where,
                          GRAMMAR_BYTES_MAX);
    if (rule_index(&r, span_of("root")) == UINT32_MAX) return false;
    for (skip_blanks(&r); more(&r); skip_blanks(&r))
        if (!take_rule(&r)) return false;
    for (size_t i = 0; i < g->count; i++)
        if (!g->rules[i].tree)
            return build_fail(g->b, STATUS_BAD_INPUT, "%s: the rule \"%.*s\" is not defined", where,
                              (int)(g->rules[i].name.len < 60 ? g->rules[i].name.len : 60),
                              g->rules[i].name.data);
    return true;
}
