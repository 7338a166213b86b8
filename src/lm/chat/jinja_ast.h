/* The tree that the parser makes of a template.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Nodes live in the template's arena and never change after parsing. What `a`, `b`, `c` and the
 * lists mean is said beside each kind. */
#ifndef LM_CHAT_JINJA_AST_H
#define LM_CHAT_JINJA_AST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/mem.h"
#include "base/core/span.h"

enum node_kind {
#define NODE(kind, function) NODE_##kind,
#include "lm/chat/expression_list.h"
#include "lm/chat/statement_list.h"
#undef NODE
    NODE_COUNT
};

enum operator{
    OP_NONE,
    OP_ADD,
    OP_SUB,
    OP_MUL,
    OP_DIV,
    OP_FLOOR_DIV,
    OP_MOD,
    OP_POW,
    OP_EQ,
    OP_NE,
    OP_LT,
    OP_LE,
    OP_GT,
    OP_GE,
    OP_IN,
    OP_NOT_IN,
};

#define SYMBOL_BUCKETS 4096

/* A name of the template, stored once: equal names are equal pointers. */
struct symbol {
    struct symbol *next;
    struct span text;
};

struct node_list {
    struct node **items;
    size_t count, cap;
};

/* Arguments of a call, or the parts of a signature. */
struct node_call {
    struct node_list positional;
    struct node_list keywords; /* NODE_KEYWORD: name, a */
    struct node *star;         /* *expression, or NULL */
    struct node *star_star;    /* **expression, or NULL */
};

struct node {
    enum node_kind kind;
    enum operator op;
    uint32_t line, column;
    struct node *a, *b, *c;
    struct node_list list, other; /* other: the else part */
    struct node_call *call;
    const struct symbol *name;
    struct span text;                            /* NODE_DATA, NODE_STRING */
    int64_t integer;                             /* NODE_INT, NODE_BOOL */
    double real;                                 /* NODE_FLOAT */
    const void *entry;                           /* NODE_FILTER, NODE_TEST: the line of its table */
    bool flag;                                   /* NODE_FOR: recursive; NODE_TEST: negated */
    bool uses_caller, uses_varargs, uses_kwargs; /* NODE_MACRO, NODE_CALL_BLOCK */
};

struct template
{
    struct arena arena;
    const char *name;
    struct span source; /* newlines normalised */
    struct symbol *symbols[SYMBOL_BUCKETS];
    const struct symbol *loop, *caller, *varargs, *kwargs;
    struct node_list body;
};

#endif
