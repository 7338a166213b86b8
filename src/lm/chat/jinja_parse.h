/* From tokens to the tree: what the expression and statement parsers share.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LM_CHAT_JINJA_PARSE_H
#define LM_CHAT_JINJA_PARSE_H

#include "base/core/status.h"
#include "lm/chat/jinja_ast.h"
#include "lm/chat/jinja_lex.h"
#include "lm/chat/template.h"

struct parser {
    struct template *t;
    const struct token *at; /* the current token; the last one is TOKEN_END and stays */
    int depth;
    int loop_depth; /* for loops around the current place, inside this macro */
    struct node *macros[TEMPLATE_NESTING_MAX]; /* macros and call blocks around the current place */
    int macro_count;
    struct error *err;
    enum status status;
};

/* Parses the whole of `t->source` into `t->body`. */
enum status jinja_parse(struct template *t, struct error *err);

/* Refusals return NULL or false after writing the error at the token's place. */
bool parse_refuse(struct parser *p, const struct token *at, enum status s, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
struct node *node_new(struct parser *p, enum node_kind kind, const struct token *at);
bool node_push(struct parser *p, struct node_list *l, struct node *n);
const struct symbol *parse_symbol(struct parser *p, struct span text);
const char *token_words(const struct token *t); /* for messages: what stands there */

bool is_sign(const struct parser *p, const char *sign);
bool is_word(const struct parser *p, const char *word);
bool skip_sign(struct parser *p, const char *sign);
bool skip_word(struct parser *p, const char *word);
bool expect_sign(struct parser *p, const char *sign);
const struct symbol *expect_name(struct parser *p);

bool parse_deeper(struct parser *p); /* false past TEMPLATE_NESTING_MAX; pair with p->depth-- */

struct node *parse_expression(struct parser *p);
/* What a tuple may hold and where it ends. */
enum tuple_style { TUPLE_FULL, TUPLE_NO_CONDITION, TUPLE_TARGET };
struct node *parse_tuple(struct parser *p, enum tuple_style style, const char *end_word);
struct node *parse_target(struct parser *p, const char *end_word, bool with_members);
/* Filters behind `n` (which may be NULL); with `inline_start` the first has no bar before it. */
struct node *parse_filters(struct parser *p, struct node *n, bool inline_start);

#endif
