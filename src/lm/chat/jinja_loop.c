/* For loops and the variable `loop`.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A loop looks one item ahead, because `loop.last` and `loop.nextitem` ask for it. The scope of
 * the body is new in each round. */
#include "lm/chat/jinja_exec.h"

/* The next item that the condition lets through. */
static bool fetch(struct render *r, struct loop *l, struct value *ret, bool *has)
{
    const struct node *n = l->node;
    while ((*has = cursor_next(r, &l->cursor, ret)) && n->c) {
        struct scope *outer;
        struct value test;
        if (!scope_push(r, l->scope, &outer)) return false;
        bool ok = assign(r, n->a, *ret) && eval(r, n->c, &test);
        r->scope = outer;
        if (!ok) return false;
        if (value_truth(test)) break;
    }
    return !r->status;
}

static bool run_round(struct render *r, struct loop *l, enum flow *flow)
{
    struct scope *outer;
    if (!scope_push(r, l->scope, &outer)) return false;
    struct value self = { .type = VALUE_LOOP, .loop = l };
    bool ok = scope_set(r, r->scope, r->template->loop, self) &&
              assign(r, l->node->a, l->current) && exec_list(r, &l->node->list, flow);
    r->scope = outer;
    return ok;
}

/* Names set in the else part stay in it. */
static bool run_else(struct render *r, const struct node *n)
{
    struct scope *outer;
    enum flow flow;
    if (!n->other.count) return true;
    if (!scope_push(r, r->scope, &outer)) return false;
    bool ok = exec_list(r, &n->other, &flow);
    r->scope = outer;
    return ok;
}

static bool run_loop(struct render *r, const struct node *n, struct value over, struct scope *scope,
                     int64_t depth0)
{
    struct loop *l = take(r, 1, sizeof *l);
    enum flow flow = FLOW_NEXT;
    if (!l) return false;
    *l = (struct loop){ .node = n, .length = -1, .depth0 = depth0, .scope = scope };
    if (!cursor_begin(r, over, &l->cursor) || !fetch(r, l, &l->next, &l->has_next)) return false;
    if (!l->has_next) return run_else(r, n);
    while (l->has_next && flow != FLOW_BREAK) {
        l->current = l->next;
        if (!fetch(r, l, &l->next, &l->has_next) || !run_round(r, l, &flow)) return false;
        /* The body may have appended to the list that it goes through. */
        if (!l->has_next && flow != FLOW_BREAK && !fetch(r, l, &l->next, &l->has_next))
            return false;
        l->previous = l->current;
        l->has_previous = true;
        l->index0++;
    }
    return true;
}

bool exec_for(struct render *r, const struct node *n, enum flow *flow)
{
    struct value over;
    if (!eval(r, n->b, &over)) return false;
    *flow = FLOW_NEXT;
    return run_loop(r, n, over, r->scope, 0);
}

/* `loop(items)` in a recursive loop: runs it again over other items, into a string. */
bool loop_call(struct render *r, struct loop *l, const struct arguments *arguments,
               struct value *ret)
{
    if (!l->node->flag) return fault(r, STATUS_BAD_INPUT, "this loop was not marked as recursive");
    if (arguments->count != 1 || arguments->named_count)
        return fault(r, STATUS_BAD_INPUT, "loop() takes one value to go through");
    struct writer w = { .r = r }, *outer_out = r->out;
    struct scope *outer = r->scope;
    r->out = &w;
    r->scope = l->scope;
    bool ok = run_loop(r, l->node, arguments->positional[0], l->scope, l->depth0 + 1);
    r->out = outer_out;
    r->scope = outer;
    return ok && writer_value(&w, ret);
}

/* How many rounds there are: what the condition lets through has to be counted. */
static bool loop_length(struct render *r, struct loop *l)
{
    struct cursor rest = l->cursor;
    struct value v;
    bool has;
    if (l->length >= 0) return true;
    bool is_generator = rest.of.type == VALUE_GENERATOR;
    size_t taken = is_generator ? rest.of.list->taken : 0;
    int64_t n = l->index0 + 1 + l->has_next;
    do {
        if (!fetch(r, l, &v, &has)) return false;
        n += has;
    } while (has);
    l->cursor = rest;
    if (is_generator) rest.of.list->taken = taken;
    l->length = n;
    return true;
}

enum loop_word {
    WORD_INDEX,
    WORD_INDEX0,
    WORD_REVINDEX,
    WORD_REVINDEX0,
    WORD_LENGTH,
    WORD_FIRST,
    WORD_LAST,
    WORD_DEPTH,
    WORD_DEPTH0,
    WORD_PREVIOUS,
    WORD_NEXT
};

static const char *const LOOP_WORDS[] = { "index",  "index0",   "revindex", "revindex0",
                                          "length", "first",    "last",     "depth",
                                          "depth0", "previtem", "nextitem" };

static bool neighbour(struct render *r, bool there, struct value v, struct span name,
                      struct value *ret)
{
    if (!there) return value_undefined(r, "LoopContext", name, ret);
    *ret = v;
    return true;
}

static bool loop_word(struct render *r, struct loop *l, enum loop_word word, struct span name,
                      struct value *ret)
{
    bool counts = word == WORD_LENGTH || word == WORD_REVINDEX || word == WORD_REVINDEX0;
    if (counts && !loop_length(r, l)) return false;
    switch (word) {
    case WORD_INDEX: *ret = value_int(l->index0 + 1); break;
    case WORD_INDEX0: *ret = value_int(l->index0); break;
    case WORD_REVINDEX: *ret = value_int(l->length - l->index0); break;
    case WORD_REVINDEX0: *ret = value_int(l->length - l->index0 - 1); break;
    case WORD_LENGTH: *ret = value_int(l->length); break;
    case WORD_FIRST: *ret = value_bool(l->index0 == 0); break;
    case WORD_LAST: *ret = value_bool(!l->has_next); break;
    case WORD_DEPTH: *ret = value_int(l->depth0 + 1); break;
    case WORD_DEPTH0: *ret = value_int(l->depth0); break;
    case WORD_PREVIOUS: return neighbour(r, l->has_previous, l->previous, name, ret);
    case WORD_NEXT: return neighbour(r, l->has_next, l->next, name, ret);
    }
    return true;
}

bool loop_attribute(struct render *r, struct loop *l, struct span name, struct value *ret)
{
    for (size_t i = 0; i < sizeof LOOP_WORDS / sizeof *LOOP_WORDS; i++)
        if (span_equals(name, LOOP_WORDS[i])) return loop_word(r, l, (enum loop_word)i, name, ret);
    return value_undefined(r, "LoopContext", name, ret);
}
