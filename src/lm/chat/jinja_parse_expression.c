/* Expressions: precedence as in Jinja2, loosest first.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lm/chat/jinja_parse.h"
#include "lm/chat/jinja_run.h"

static struct node *parse_unary(struct parser *p, bool with_filters);
static struct node *parse_not(struct parser *p);

/* ---- atoms ---- */

static struct node *parse_strings(struct parser *p)
{
    struct node *n = node_new(p, NODE_STRING, p->at);
    if (!n) return NULL;
    size_t len = 0;
    const struct token *end = p->at;
    for (; end->type == TOKEN_STRING; end++)
        len += end->text.len;
    if (end == p->at + 1) {
        n->text = p->at->text;
    } else {
        char *text = arena_alloc(&p->t->arena, len + 1);
        if (!text) {
            parse_refuse(p, p->at, STATUS_NO_MEMORY, "out of memory");
            return NULL;
        }
        n->text = (struct span){ text, len };
        for (const struct token *s = p->at; s < end; s++) {
            if (s->text.len) memcpy(text, s->text.data, s->text.len);
            text += s->text.len;
        }
    }
    p->at = end;
    return n;
}

static struct node *constant(struct parser *p, enum node_kind kind, int64_t integer)
{
    struct node *n = node_new(p, kind, p->at);
    if (n) n->integer = integer;
    return n;
}

static struct node *parse_word(struct parser *p)
{
    static const struct {
        const char *word;
        enum node_kind kind;
        int64_t integer;
    } constants[] = {
        { "true", NODE_BOOL, 1 },  { "True", NODE_BOOL, 1 }, { "false", NODE_BOOL, 0 },
        { "False", NODE_BOOL, 0 }, { "none", NODE_NONE, 0 }, { "None", NODE_NONE, 0 },
    };
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        if (is_word(p, constants[i].word))
            return constant(p, constants[i].kind, constants[i].integer);
    struct node *n = node_new(p, NODE_NAME, p->at);
    if (!n || !(n->name = parse_symbol(p, p->at->text))) return NULL;
    for (int i = 0; i < p->macro_count; i++) {
        struct node *m = p->macros[i];
        m->uses_caller |= n->name == p->t->caller;
        m->uses_varargs |= n->name == p->t->varargs;
        m->uses_kwargs |= n->name == p->t->kwargs;
    }
    return n;
}

/* Items up to `close`; a comma may stand behind the last. */
static bool parse_items(struct parser *p, struct node *n, const char *close, bool pairs)
{
    while (!is_sign(p, close)) {
        if (n->list.count && !expect_sign(p, ",")) return false;
        if (is_sign(p, close)) break;
        if (!node_push(p, &n->list, parse_expression(p))) return false;
        if (pairs && (!expect_sign(p, ":") || !node_push(p, &n->list, parse_expression(p))))
            return false;
    }
    return expect_sign(p, close);
}

static struct node *parse_bracketed(struct parser *p, enum node_kind kind, const char *close)
{
    struct node *n = node_new(p, kind, p->at);
    if (!n) return NULL;
    p->at++;
    return parse_items(p, n, close, kind == NODE_DICT) ? n : NULL;
}

static struct node *parse_parenthesised(struct parser *p)
{
    const struct token *begin = p->at++;
    if (skip_sign(p, ")")) return node_new(p, NODE_TUPLE, begin);
    struct node *n = parse_tuple(p, TUPLE_FULL, NULL);
    return n && expect_sign(p, ")") ? n : NULL;
}

static struct node *parse_primary(struct parser *p)
{
    struct node *n = NULL;
    switch (p->at->type) {
    case TOKEN_STRING: return parse_strings(p);
    case TOKEN_NAME: n = parse_word(p); break;
    case TOKEN_INT: n = constant(p, NODE_INT, p->at->integer); break;
    case TOKEN_FLOAT:
        n = node_new(p, NODE_FLOAT, p->at);
        if (n) n->real = p->at->real;
        break;
    default:
        if (is_sign(p, "(")) return parse_parenthesised(p);
        if (is_sign(p, "[")) return parse_bracketed(p, NODE_LIST, "]");
        if (is_sign(p, "{")) return parse_bracketed(p, NODE_DICT, "}");
        parse_refuse(p, p->at, STATUS_BAD_INPUT, "an expression is expected, not %s",
                     token_words(p->at));
    }
    if (n) p->at++;
    return n;
}

/* ---- what stands behind an atom ---- */

static bool parse_argument(struct parser *p, struct node_call *call)
{
    const struct token *begin = p->at;
    if (skip_sign(p, "**")) return !call->star_star && (call->star_star = parse_expression(p));
    if (skip_sign(p, "*")) return !call->star && (call->star = parse_expression(p));
    if (begin->type == TOKEN_NAME && begin[1].type == TOKEN_SIGN &&
        span_equals(begin[1].text, "=")) {
        struct node *k = node_new(p, NODE_KEYWORD, begin);
        if (!k || !(k->name = parse_symbol(p, begin->text))) return false;
        p->at += 2;
        k->a = parse_expression(p);
        return k->a && node_push(p, &call->keywords, k);
    }
    if (call->keywords.count || call->star_star) {
        return parse_refuse(p, begin, STATUS_BAD_INPUT,
                            "a positional argument stands behind a named one");
    }
    return node_push(p, &call->positional, parse_expression(p));
}

static struct node_call *call_new(struct parser *p)
{
    struct node_call *call = arena_alloc(&p->t->arena, sizeof *call);
    if (!call) parse_refuse(p, p->at, STATUS_NO_MEMORY, "out of memory");
    return call;
}

/* Current token: "(". */
static struct node_call *parse_call(struct parser *p)
{
    struct node_call *call = call_new(p);
    if (!call) return NULL;
    const struct token *begin = p->at++;
    for (bool first = true; !is_sign(p, ")"); first = false) {
        if (!first && !expect_sign(p, ",")) return NULL;
        if (is_sign(p, ")")) break;
        if (!parse_argument(p, call)) {
            if (!p->status) parse_refuse(p, begin, STATUS_BAD_INPUT, "invalid arguments of a call");
            return NULL;
        }
        if (call->positional.count + call->keywords.count > ARGUMENTS_MAX) {
            parse_refuse(p, begin, STATUS_LIMIT, "more than %d arguments", ARGUMENTS_MAX);
            return NULL;
        }
    }
    return expect_sign(p, ")") ? call : NULL;
}

/* One side of a slice, or NULL in *ret where nothing stands. */
static bool parse_bound(struct parser *p, struct node **ret)
{
    *ret = NULL;
    if (is_sign(p, ":") || is_sign(p, "]") || is_sign(p, ",")) return true;
    return (*ret = parse_expression(p)) != NULL;
}

static struct node *parse_subscribed(struct parser *p)
{
    const struct token *begin = p->at;
    struct node *first;
    if (!parse_bound(p, &first)) return NULL;
    if (!is_sign(p, ":")) {
        if (first) return first;
        parse_refuse(p, begin, STATUS_BAD_INPUT, "an index is expected, not %s",
                     token_words(begin));
        return NULL;
    }
    struct node *n = node_new(p, NODE_SLICE, begin);
    if (!n) return NULL;
    p->at++;
    n->a = first;
    if (!parse_bound(p, &n->b)) return NULL;
    if (skip_sign(p, ":") && !parse_bound(p, &n->c)) return NULL;
    return n;
}

/* a[...]: one index, a slice, or a tuple when commas (or nothing) stand inside. */
static struct node *parse_index(struct parser *p, struct node *of)
{
    struct node *n = node_new(p, NODE_ITEM, p->at), *tuple = node_new(p, NODE_TUPLE, p->at);
    if (!n || !tuple) return NULL;
    p->at++;
    while (!is_sign(p, "]")) {
        if (tuple->list.count && !expect_sign(p, ",")) return NULL;
        if (!node_push(p, &tuple->list, parse_subscribed(p))) return NULL;
    }
    p->at++;
    n->a = of;
    n->b = tuple->list.count == 1 ? tuple->list.items[0] : tuple;
    for (size_t i = 0; n->b == tuple && i < tuple->list.count; i++) {
        if (tuple->list.items[i]->kind != NODE_SLICE) continue;
        parse_refuse(p, p->at, STATUS_UNSUPPORTED, "a slice inside a tuple of indices");
        return NULL;
    }
    return n;
}

static struct node *parse_member(struct parser *p, struct node *of)
{
    struct node *n = node_new(p, NODE_ATTRIBUTE, p->at++);
    if (!n) return NULL;
    n->a = of;
    if (p->at->type == TOKEN_NAME) {
        n->name = parse_symbol(p, p->at->text);
        if (!n->name) return NULL;
    } else if (p->at->type == TOKEN_INT) {
        n->kind = NODE_ITEM;
        n->b = constant(p, NODE_INT, p->at->integer);
        if (!n->b) return NULL;
    } else {
        parse_refuse(p, p->at, STATUS_BAD_INPUT, "a name or number is expected, not %s",
                     token_words(p->at));
        return NULL;
    }
    p->at++;
    return n;
}

static struct node *parse_invocation(struct parser *p, struct node *callee)
{
    struct node *n = node_new(p, NODE_CALL, p->at);
    if (!n) return NULL;
    n->a = callee;
    n->call = parse_call(p);
    return n->call ? n : NULL;
}

static struct node *parse_postfix(struct parser *p, struct node *n)
{
    int deeper = 0;
    while (n) {
        bool dot = is_sign(p, "."), bracket = is_sign(p, "["), paren = is_sign(p, "(");
        if (!dot && !bracket && !paren) break;
        if (!parse_deeper(p)) return NULL;
        deeper++;
        n = dot ? parse_member(p, n) : bracket ? parse_index(p, n) : parse_invocation(p, n);
    }
    p->depth -= deeper;
    return n;
}

/* Dotted names are one name: "a.b". */
static bool parse_entry_name(struct parser *p, struct node *n)
{
    const struct token *begin = p->at;
    if (begin->type != TOKEN_NAME) {
        return parse_refuse(p, begin, STATUS_BAD_INPUT, "a name is expected, not %s",
                            token_words(begin));
    }
    p->at++;
    n->name = parse_symbol(p, begin->text);
    return n->name != NULL;
}

static struct node *parse_filter(struct parser *p, struct node *of)
{
    struct node *n = node_new(p, NODE_FILTER, p->at);
    if (!n || !parse_entry_name(p, n)) return NULL;
    n->a = of;
    n->entry = filter_find(n->name->text);
    if (!n->entry) {
        parse_refuse(p, p->at - 1, STATUS_UNSUPPORTED, "there is no filter named '%.*s'",
                     (int)n->name->text.len, n->name->text.data);
        return NULL;
    }
    n->call = is_sign(p, "(") ? parse_call(p) : call_new(p);
    return n->call ? n : NULL;
}

struct node *parse_filters(struct parser *p, struct node *n, bool inline_start)
{
    int deeper = 0;
    bool inside = true;
    while (inside && (inline_start || is_sign(p, "|"))) {
        if (!inline_start) p->at++;
        inline_start = false;
        inside = parse_deeper(p);
        deeper += inside;
        if (inside) n = parse_filter(p, n);
        inside = inside && n;
    }
    p->depth -= deeper;
    return inside ? n : NULL;
}

/* A test's argument may stand without parentheses: `is divisibleby 3`. */
static bool starts_argument(const struct parser *p)
{
    if (p->at->type == TOKEN_NAME)
        return !is_word(p, "else") && !is_word(p, "or") && !is_word(p, "and");
    if (p->at->type == TOKEN_STRING || p->at->type == TOKEN_INT || p->at->type == TOKEN_FLOAT)
        return true;
    return is_sign(p, "(") || is_sign(p, "[") || is_sign(p, "{");
}

static bool parse_test_arguments(struct parser *p, struct node *n)
{
    if (is_sign(p, "(")) return (n->call = parse_call(p)) != NULL;
    n->call = call_new(p);
    if (!n->call) return false;
    if (!starts_argument(p) || is_word(p, "if")) return true;
    if (is_word(p, "is"))
        return parse_refuse(p, p->at, STATUS_BAD_INPUT, "tests cannot be chained with is");
    return node_push(p, &n->call->positional, parse_postfix(p, parse_primary(p)));
}

static struct node *parse_test(struct parser *p, struct node *of)
{
    struct node *n = node_new(p, NODE_TEST, p->at++);
    if (!n) return NULL;
    n->a = of;
    n->flag = skip_word(p, "not");
    if (!parse_entry_name(p, n)) return NULL;
    n->entry = test_find(n->name->text);
    if (!n->entry) {
        parse_refuse(p, p->at - 1, STATUS_UNSUPPORTED, "there is no test named '%.*s'",
                     (int)n->name->text.len, n->name->text.data);
        return NULL;
    }
    return parse_test_arguments(p, n) ? n : NULL;
}

/* Filters, tests and calls behind an operand. */
static struct node *parse_suffixes(struct parser *p, struct node *n)
{
    int deeper = 0;
    while (n) {
        bool bar = is_sign(p, "|"), test = is_word(p, "is"), call = is_sign(p, "(");
        if (!bar && !test && !call) break;
        if (!parse_deeper(p)) return NULL;
        deeper++;
        if (bar) p->at++;
        n = bar ? parse_filter(p, n) : test ? parse_test(p, n) : parse_invocation(p, n);
    }
    p->depth -= deeper;
    return n;
}

/* ---- operators ---- */

static struct node *parse_unary(struct parser *p, bool with_filters)
{
    struct node *n;
    if (!parse_deeper(p)) return NULL;
    if (is_sign(p, "-") || is_sign(p, "+")) {
        n = node_new(p, is_sign(p, "-") ? NODE_NEGATE : NODE_POSITIVE, p->at);
        p->at++;
        if (n && !(n->a = parse_unary(p, false))) n = NULL;
    } else {
        n = parse_primary(p);
    }
    n = parse_postfix(p, n);
    if (with_filters) n = parse_suffixes(p, n);
    p->depth--;
    return n;
}

struct level {
    const char *signs[5];
    enum operator ops[5];
};

static const struct level LEVELS[] = {
    { { "+", "-" }, { OP_ADD, OP_SUB } },
    { { "~" }, { OP_NONE } },
    { { "*", "/", "//", "%" }, { OP_MUL, OP_DIV, OP_FLOOR_DIV, OP_MOD } },
    { { "**" }, { OP_POW } },
};
#define LEVEL_CONCAT 1
#define LEVEL_COUNT  ((int)(sizeof LEVELS / sizeof *LEVELS))

static int level_sign(const struct parser *p, int level)
{
    for (int i = 0; i < 5 && LEVELS[level].signs[i]; i++)
        if (is_sign(p, LEVELS[level].signs[i])) return i;
    return -1;
}

static struct node *parse_level(struct parser *p, int level);

static struct node *parse_concat(struct parser *p)
{
    struct node *first = parse_level(p, LEVEL_CONCAT + 1);
    if (!first || !is_sign(p, "~")) return first;
    struct node *n = node_new(p, NODE_CONCAT, p->at);
    if (!n || !node_push(p, &n->list, first)) return NULL;
    while (skip_sign(p, "~"))
        if (!node_push(p, &n->list, parse_level(p, LEVEL_CONCAT + 1))) return NULL;
    return n;
}

/* Left-associative chains; each operator makes the tree one deeper. */
static struct node *parse_level(struct parser *p, int level)
{
    if (level == LEVEL_COUNT) return parse_unary(p, true);
    if (level == LEVEL_CONCAT) return parse_concat(p);
    struct node *n = parse_level(p, level + 1);
    int which;
    while (n && (which = level_sign(p, level)) >= 0) {
        struct node *whole = node_new(p, NODE_BINARY, p->at++);
        if (!whole) return NULL;
        whole->op = LEVELS[level].ops[which];
        whole->a = n;
        whole->b = parse_level(p, level + 1);
        n = whole->b ? whole : NULL;
    }
    return n;
}

static enum operator comparison(struct parser *p)
{
    static const struct {
        const char *sign;
        enum operator op;
    } signs[] = { { "==", OP_EQ }, { "!=", OP_NE }, { "<", OP_LT },
                  { "<=", OP_LE }, { ">", OP_GT },  { ">=", OP_GE } };
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (skip_sign(p, signs[i].sign)) return signs[i].op;
    if (skip_word(p, "in")) return OP_IN;
    if (is_word(p, "not") && p->at[1].type == TOKEN_NAME && span_equals(p->at[1].text, "in")) {
        p->at += 2;
        return OP_NOT_IN;
    }
    return OP_NONE;
}

static struct node *parse_compare(struct parser *p)
{
    const struct token *begin = p->at;
    struct node *first = parse_level(p, 0), *n = NULL;
    if (!first) return NULL;
    for (;;) {
        const struct token *at = p->at;
        enum operator op = comparison(p);
        if (!op) return n ? n : first;
        if (!n && !(n = node_new(p, NODE_COMPARE, begin))) return NULL;
        n->a = first;
        struct node *operand = node_new(p, NODE_OPERAND, at);
        if (!operand || !node_push(p, &n->list, operand)) return NULL;
        operand->op = op;
        operand->a = parse_level(p, 0);
        if (!operand->a) return NULL;
    }
}

static struct node *parse_not(struct parser *p)
{
    if (!is_word(p, "not")) return parse_compare(p);
    if (!parse_deeper(p)) return NULL;
    struct node *n = node_new(p, NODE_NOT, p->at++);
    if (n && !(n->a = parse_not(p))) n = NULL;
    p->depth--;
    return n;
}

static struct node *parse_logic(struct parser *p, bool is_or)
{
    struct node *n = is_or ? parse_logic(p, false) : parse_not(p);
    while (n && is_word(p, is_or ? "or" : "and")) {
        struct node *whole = node_new(p, is_or ? NODE_OR : NODE_AND, p->at++);
        if (!whole) return NULL;
        whole->a = n;
        whole->b = is_or ? parse_logic(p, false) : parse_not(p);
        n = whole->b ? whole : NULL;
    }
    return n;
}

struct node *parse_expression(struct parser *p)
{
    if (!parse_deeper(p)) return NULL;
    struct node *n = parse_logic(p, true);
    while (n && is_word(p, "if")) {
        struct node *whole = node_new(p, NODE_CONDITION, p->at++);
        if (!whole || !(whole->b = parse_logic(p, true))) return NULL;
        whole->a = n;
        if (skip_word(p, "else") && !(whole->c = parse_expression(p))) return NULL;
        n = whole;
    }
    p->depth--;
    return n;
}

/* ---- tuples and targets ---- */

static bool tuple_ends(const struct parser *p, const char *end_word)
{
    if (p->at->type == TOKEN_VARIABLE_END || p->at->type == TOKEN_BLOCK_END) return true;
    return is_sign(p, ")") || (end_word && is_word(p, end_word));
}

static struct node *parse_target_part(struct parser *p)
{
    if (!is_sign(p, "(")) return parse_primary(p);
    if (!parse_deeper(p)) return NULL;
    p->at++;
    struct node *n = parse_tuple(p, TUPLE_TARGET, NULL);
    p->depth--;
    return n && expect_sign(p, ")") ? n : NULL;
}

static struct node *parse_part(struct parser *p, enum tuple_style style)
{
    if (style == TUPLE_TARGET) return parse_target_part(p);
    return style == TUPLE_FULL ? parse_expression(p) : parse_logic(p, true);
}

struct node *parse_tuple(struct parser *p, enum tuple_style style, const char *end_word)
{
    const struct token *begin = p->at;
    struct node *first = parse_part(p, style);
    if (!first || !is_sign(p, ",")) return first;
    struct node *n = node_new(p, NODE_TUPLE, begin);
    if (!n || !node_push(p, &n->list, first)) return NULL;
    while (skip_sign(p, ",") && !tuple_ends(p, end_word))
        if (!node_push(p, &n->list, parse_part(p, style))) return NULL;
    return n;
}

static bool can_assign(struct parser *p, const struct token *at, const struct node *n)
{
    for (size_t i = 0; n->kind == NODE_TUPLE && i < n->list.count; i++)
        if (!can_assign(p, at, n->list.items[i])) return false;
    if (n->kind == NODE_NAME && n->name == p->t->loop && p->loop_depth)
        return parse_refuse(p, at, STATUS_BAD_INPUT, "loop cannot be assigned to in a for loop");
    if (n->kind == NODE_NAME || n->kind == NODE_TUPLE) return true;
    return parse_refuse(p, at, STATUS_BAD_INPUT, "only names can be assigned to");
}

struct node *parse_target(struct parser *p, const char *end_word, bool with_members)
{
    const struct token *begin = p->at;
    if (with_members && begin->type == TOKEN_NAME && begin[1].type == TOKEN_SIGN &&
        span_equals(begin[1].text, ".")) {
        struct node *of = parse_primary(p);
        struct node *n = of ? parse_member(p, of) : NULL;
        if (!n || n->kind == NODE_ATTRIBUTE) return n;
        parse_refuse(p, begin, STATUS_BAD_INPUT, "only an attribute of a namespace can be set");
        return NULL;
    }
    struct node *n = parse_tuple(p, TUPLE_TARGET, end_word);
    return n && can_assign(p, begin, n) ? n : NULL;
}
