/* Statements, and the parser's helpers.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/chat/jinja_parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lm/chat/jinja_value.h"

/* ---- helpers ---- */

bool parse_refuse(struct parser *p, const struct token *at, enum status s, const char *format, ...)
{
    if (p->status) return false; /* the first fault is the one that counts */
    char words[384];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    p->status = error_set(p->err, s, "%s:%u:%u: %s", p->t->name, at->line, at->column, words);
    return false;
}

struct node *node_new(struct parser *p, enum node_kind kind, const struct token *at)
{
    struct node *n = arena_alloc(&p->t->arena, sizeof *n);
    if (!n) {
        parse_refuse(p, at, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    n->kind = kind;
    n->line = at->line;
    n->column = at->column;
    return n;
}

bool node_push(struct parser *p, struct node_list *l, struct node *n)
{
    if (!n) return false;
    if (l->count == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 4;
        struct node **items = arena_array(&p->t->arena, cap, sizeof *items);
        if (!items) return parse_refuse(p, p->at, STATUS_NO_MEMORY, "out of memory");
        if (l->count) memcpy(items, l->items, l->count * sizeof *items);
        l->items = items;
        l->cap = cap;
    }
    l->items[l->count++] = n;
    return true;
}

const struct symbol *parse_symbol(struct parser *p, struct span text)
{
    struct symbol **bucket = &p->t->symbols[hash_bytes(text.data, text.len) % SYMBOL_BUCKETS];
    for (struct symbol *s = *bucket; s; s = s->next)
        if (s->text.len == text.len && memcmp(s->text.data, text.data, text.len) == 0) return s;
    struct symbol *s = arena_alloc(&p->t->arena, sizeof *s);
    if (!s) {
        parse_refuse(p, p->at, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    *s = (struct symbol){ .next = *bucket, .text = text };
    *bucket = s;
    return s;
}

const char *token_words(const struct token *t)
{
    switch (t->type) {
    case TOKEN_END: return "the end of the template";
    case TOKEN_VARIABLE_END: return "\"}}\"";
    case TOKEN_BLOCK_END: return "\"%}\"";
    case TOKEN_STRING: return "a string";
    case TOKEN_INT:
    case TOKEN_FLOAT: return "a number";
    case TOKEN_NAME: return "a name";
    case TOKEN_SIGN: return "a sign";
    case TOKEN_DATA:
    case TOKEN_VARIABLE_BEGIN:
    case TOKEN_BLOCK_BEGIN: break;
    }
    return "text";
}

bool is_sign(const struct parser *p, const char *sign)
{
    return p->at->type == TOKEN_SIGN && span_equals(p->at->text, sign);
}

bool is_word(const struct parser *p, const char *word)
{
    return p->at->type == TOKEN_NAME && span_equals(p->at->text, word);
}

bool skip_sign(struct parser *p, const char *sign)
{
    bool there = is_sign(p, sign);
    p->at += there;
    return there;
}

bool skip_word(struct parser *p, const char *word)
{
    bool there = is_word(p, word);
    p->at += there;
    return there;
}

bool expect_sign(struct parser *p, const char *sign)
{
    if (skip_sign(p, sign)) return true;
    return parse_refuse(p, p->at, STATUS_BAD_INPUT, "'%s' is expected, not %s", sign,
                        token_words(p->at));
}

const struct symbol *expect_name(struct parser *p)
{
    if (p->at->type == TOKEN_NAME) return parse_symbol(p, p->at++->text);
    parse_refuse(p, p->at, STATUS_BAD_INPUT, "a name is expected, not %s", token_words(p->at));
    return NULL;
}

bool parse_deeper(struct parser *p)
{
    if (p->depth < TEMPLATE_NESTING_MAX) {
        p->depth++;
        return true;
    }
    return parse_refuse(p, p->at, STATUS_LIMIT, "nested deeper than %d levels",
                        TEMPLATE_NESTING_MAX);
}

/* ---- statements ---- */

static struct node *parse_statement(struct parser *p);

static bool expect_block_end(struct parser *p)
{
    if (p->at->type == TOKEN_BLOCK_END) {
        p->at++;
        return true;
    }
    return parse_refuse(p, p->at, STATUS_BAD_INPUT, "\"%%}\" is expected, not %s",
                        token_words(p->at));
}

/* "{% WORD": the current tag, if it begins with one of `ends` (apart by spaces). */
static bool at_end_word(const struct parser *p, const char *ends)
{
    if (p->at->type != TOKEN_BLOCK_BEGIN || p->at[1].type != TOKEN_NAME) return false;
    struct span word = p->at[1].text;
    for (const char *e = ends; e && *e;) {
        size_t len = strcspn(e, " ");
        if (word.len == len && memcmp(word.data, e, len) == 0) return true;
        e += len + (e[len] == ' ');
    }
    return false;
}

static bool parse_print(struct parser *p, struct node_list *out)
{
    struct node *n = node_new(p, NODE_OUTPUT, p->at++);
    if (!n || !(n->a = parse_tuple(p, TUPLE_FULL, NULL))) return false;
    if (p->at->type != TOKEN_VARIABLE_END) {
        return parse_refuse(p, p->at, STATUS_BAD_INPUT, "\"}}\" is expected, not %s",
                            token_words(p->at));
    }
    p->at++;
    return node_push(p, out, n);
}

static bool parse_piece(struct parser *p, struct node_list *out)
{
    if (p->at->type == TOKEN_VARIABLE_BEGIN) return parse_print(p, out);
    if (p->at->type == TOKEN_DATA) {
        struct node *n = node_new(p, NODE_DATA, p->at);
        if (!n) return false;
        n->text = p->at++->text;
        return node_push(p, out, n);
    }
    p->at++; /* TOKEN_BLOCK_BEGIN: all that a lexer gives outside of tags */
    return node_push(p, out, parse_statement(p));
}

/* Pieces up to a tag that begins with one of `ends`, which stays; NULL: up to the end. */
static bool parse_body(struct parser *p, const char *ends, struct node_list *out)
{
    if (!parse_deeper(p)) return false;
    const struct token *begin = p->at;
    while (!at_end_word(p, ends)) {
        if (p->at->type == TOKEN_END && !ends) break;
        if (p->at->type == TOKEN_END) {
            return parse_refuse(p, begin, STATUS_BAD_INPUT,
                                "this block has no end: one of {%% %s %%} is missing", ends);
        }
        if (!parse_piece(p, out)) return false;
    }
    p->depth--;
    return true;
}

/* A body with its end tag. */
static bool parse_closed(struct parser *p, const char *end, struct node_list *out)
{
    if (!parse_body(p, end, out)) return false;
    p->at += 2;
    return expect_block_end(p);
}

static struct node *parse_if(struct parser *p, const struct token *begin)
{
    struct node *n = node_new(p, NODE_IF, begin);
    if (!n || !(n->a = parse_tuple(p, TUPLE_NO_CONDITION, NULL)) || !expect_block_end(p))
        return NULL;
    if (!parse_body(p, "elif else endif", &n->list)) return NULL;
    const struct token *tag = p->at + 1;
    p->at += 2;
    if (span_equals(tag->text, "elif")) {
        if (!parse_deeper(p) || !node_push(p, &n->other, parse_if(p, tag))) return NULL;
        p->depth--;
        return n;
    }
    if (!expect_block_end(p)) return NULL;
    if (span_equals(tag->text, "else") && !parse_closed(p, "endif", &n->other)) return NULL;
    return n;
}

static bool parse_loop_body(struct parser *p, struct node *n)
{
    p->loop_depth++;
    bool ok = parse_body(p, "endfor else", &n->list);
    p->loop_depth--;
    if (!ok) return false;
    bool has_else = span_equals(p->at[1].text, "else");
    p->at += 2;
    return expect_block_end(p) && (!has_else || parse_closed(p, "endfor", &n->other));
}

static struct node *parse_for(struct parser *p, const struct token *begin)
{
    struct node *n = node_new(p, NODE_FOR, begin);
    if (!n) return NULL;
    p->loop_depth++;
    n->a = parse_target(p, "in", false);
    p->loop_depth--;
    if (!n->a) return NULL;
    if (!skip_word(p, "in")) {
        parse_refuse(p, p->at, STATUS_BAD_INPUT, "'in' is expected, not %s", token_words(p->at));
        return NULL;
    }
    n->b = parse_tuple(p, TUPLE_NO_CONDITION, "recursive");
    if (!n->b) return NULL;
    if (skip_word(p, "if") && !(n->c = parse_expression(p))) return NULL;
    n->flag = skip_word(p, "recursive");
    return expect_block_end(p) && parse_loop_body(p, n) ? n : NULL;
}

/* A block whose text is taken as a whole: break cannot leave it. */
static bool parse_apart(struct parser *p, const char *end, struct node_list *out)
{
    int loops = p->loop_depth;
    p->loop_depth = 0;
    bool ok = expect_block_end(p) && parse_closed(p, end, out);
    p->loop_depth = loops;
    return ok;
}

static struct node *parse_set(struct parser *p, const struct token *begin)
{
    struct node *n = node_new(p, NODE_SET, begin);
    if (!n || !(n->a = parse_target(p, NULL, true))) return NULL;
    if (skip_sign(p, "=")) {
        n->b = parse_tuple(p, TUPLE_FULL, NULL);
        return n->b && expect_block_end(p) ? n : NULL;
    }
    n->kind = NODE_SET_BLOCK;
    if (is_sign(p, "|") && !(n->b = parse_filters(p, NULL, false))) return NULL;
    return parse_apart(p, "endset", &n->list) ? n : NULL;
}

/* (a, b=1): names into positional, defaults of the last ones into keywords. */
static bool parse_signature(struct parser *p, struct node_call *call)
{
    if (!expect_sign(p, "(")) return false;
    while (!is_sign(p, ")")) {
        if (call->positional.count && !expect_sign(p, ",")) return false;
        struct node *n = node_new(p, NODE_NAME, p->at), *k;
        if (!n || !(n->name = expect_name(p)) || !node_push(p, &call->positional, n)) return false;
        if (skip_sign(p, "=")) {
            if (!(k = node_new(p, NODE_KEYWORD, p->at)) || !(k->a = parse_expression(p)))
                return false;
            k->name = n->name;
            if (!node_push(p, &call->keywords, k)) return false;
        } else if (call->keywords.count) {
            return parse_refuse(p, p->at, STATUS_BAD_INPUT,
                                "a parameter without default stands behind one with");
        }
    }
    return expect_sign(p, ")");
}

static bool parse_macro_body(struct parser *p, struct node *n, const char *end)
{
    int loops = p->loop_depth;
    if (p->macro_count == TEMPLATE_NESTING_MAX) {
        return parse_refuse(p, p->at, STATUS_LIMIT, "more than %d nested macros",
                            TEMPLATE_NESTING_MAX);
    }
    p->loop_depth = 0;
    p->macros[p->macro_count++] = n;
    bool ok = expect_block_end(p) && parse_closed(p, end, &n->list);
    p->macro_count--;
    p->loop_depth = loops;
    return ok;
}

static struct node *signature_new(struct parser *p, enum node_kind kind, const struct token *begin)
{
    struct node *n = node_new(p, kind, begin);
    if (!n) return NULL;
    n->call = arena_alloc(&p->t->arena, sizeof *n->call);
    if (n->call) return n;
    parse_refuse(p, begin, STATUS_NO_MEMORY, "out of memory");
    return NULL;
}

static struct node *parse_macro(struct parser *p, const struct token *begin)
{
    struct node *n = signature_new(p, NODE_MACRO, begin);
    if (!n || !(n->name = expect_name(p)) || !parse_signature(p, n->call)) return NULL;
    return parse_macro_body(p, n, "endmacro") ? n : NULL;
}

static struct node *parse_call_block(struct parser *p, const struct token *begin)
{
    struct node *n = signature_new(p, NODE_CALL_BLOCK, begin);
    if (!n || (is_sign(p, "(") && !parse_signature(p, n->call))) return NULL;
    n->name = p->t->caller;
    n->a = parse_expression(p);
    if (!n->a) return NULL;
    if (n->a->kind != NODE_CALL) {
        parse_refuse(p, begin, STATUS_BAD_INPUT, "a call is expected behind {%% call");
        return NULL;
    }
    return parse_macro_body(p, n, "endcall") ? n : NULL;
}

static struct node *parse_filter_block(struct parser *p, const struct token *begin)
{
    struct node *n = node_new(p, NODE_FILTER_BLOCK, begin);
    if (!n || !(n->b = parse_filters(p, NULL, true))) return NULL;
    return parse_apart(p, "endfilter", &n->list) ? n : NULL;
}

static struct node *parse_generation(struct parser *p, const struct token *begin)
{
    struct node *n = node_new(p, NODE_SCOPE, begin);
    return n && parse_apart(p, "endgeneration", &n->list) ? n : NULL;
}

static struct node *parse_with(struct parser *p, const struct token *begin)
{
    struct node *n = node_new(p, NODE_WITH, begin);
    if (!n) return NULL;
    while (p->at->type != TOKEN_BLOCK_END) {
        if (n->other.count && !expect_sign(p, ",")) return NULL;
        struct node *s = node_new(p, NODE_SET, p->at);
        if (!s || !node_push(p, &n->other, s) || !(s->a = parse_target(p, "=", false))) return NULL;
        if (!expect_sign(p, "=") || !(s->b = parse_expression(p))) return NULL;
    }
    return expect_block_end(p) && parse_closed(p, "endwith", &n->list) ? n : NULL;
}

static struct node *parse_leave(struct parser *p, const struct token *begin)
{
    bool is_break = span_equals(begin->text, "break");
    if (!p->loop_depth) {
        parse_refuse(p, begin, STATUS_BAD_INPUT, "%s outside of a loop",
                     is_break ? "break" : "continue");
        return NULL;
    }
    struct node *n = node_new(p, is_break ? NODE_BREAK : NODE_CONTINUE, begin);
    return n && expect_block_end(p) ? n : NULL;
}

static struct node *parse_print_tag(struct parser *p, const struct token *begin)
{
    struct node *n = node_new(p, NODE_OUTPUT, begin);
    if (!n) return NULL;
    while (p->at->type != TOKEN_BLOCK_END) {
        if (n->list.count && !expect_sign(p, ",")) return NULL;
        if (!node_push(p, &n->list, parse_expression(p))) return NULL;
    }
    return expect_block_end(p) ? n : NULL;
}

static struct node *refuse_foreign(struct parser *p, const struct token *begin)
{
    parse_refuse(p, begin, STATUS_UNSUPPORTED,
                 "{%% %.*s %%} needs another template, and a chat template "
                 "stands alone",
                 (int)begin->text.len, begin->text.data);
    return NULL;
}

static const struct {
    const char *word;
    struct node *(*parse)(struct parser *p, const struct token *begin);
} STATEMENTS[] = {
    { "if", parse_if },
    { "for", parse_for },
    { "set", parse_set },
    { "macro", parse_macro },
    { "call", parse_call_block },
    { "filter", parse_filter_block },
    { "with", parse_with },
    { "generation", parse_generation },
    { "break", parse_leave },
    { "continue", parse_leave },
    { "print", parse_print_tag },
    { "include", refuse_foreign },
    { "import", refuse_foreign },
    { "from", refuse_foreign },
    { "extends", refuse_foreign },
    { "block", refuse_foreign },
};

static struct node *parse_statement(struct parser *p)
{
    const struct token *begin = p->at;
    for (size_t i = 0; i < sizeof STATEMENTS / sizeof *STATEMENTS; i++)
        if (skip_word(p, STATEMENTS[i].word)) return STATEMENTS[i].parse(p, begin);
    if (begin->type == TOKEN_NAME) {
        parse_refuse(p, begin, STATUS_BAD_INPUT, "unknown tag '%.*s'", (int)begin->text.len,
                     begin->text.data);
    } else {
        parse_refuse(p, begin, STATUS_BAD_INPUT, "the name of a tag is expected, not %s",
                     token_words(begin));
    }
    return NULL;
}

static bool add_names(struct parser *p)
{
    struct template *t = p->t;
    return (t->loop = parse_symbol(p, span_of("loop"))) &&
           (t->caller = parse_symbol(p, span_of("caller"))) &&
           (t->varargs = parse_symbol(p, span_of("varargs"))) &&
           (t->kwargs = parse_symbol(p, span_of("kwargs")));
}

enum status jinja_parse(struct template *t, struct error *err)
{
    struct token_stream tokens = { 0 };
    /* Undone escapes are kept by the tree, so the tokens share its arena. */
    enum status s = jinja_lex(&t->arena, t->name, t->source, &tokens, err);
    if (!s) {
        struct parser p = { .t = t, .at = tokens.items, .err = err };
        if (add_names(&p)) parse_body(&p, NULL, &t->body);
        s = p.status;
    }
    return s;
}
