/* Grammars to automata that call one another.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/sample/grammar.h"

#include <string.h>

#include "lm/sample/constraint_inner.h"

/* --- which rules come back to themselves --- */

struct graph {
    struct grammar *g;
    uint8_t *state; /* 0: not seen, 1: on the way, 2: done */
    bool *loops;    /* the rule reaches a cycle */
    int depth;
};

static bool visit(struct graph *x, uint32_t rule, bool *ret_loops);

static bool visit_tree(struct graph *x, const struct regex_node *n, bool *ret_loops)
{
    for (; n; n = n->next) {
        if (n->kind == REGEX_CALL && !visit(x, n->callee, ret_loops)) return false;
        if (n->child && !visit_tree(x, n->child, ret_loops)) return false;
    }
    return true;
}

static bool visit(struct graph *x, uint32_t rule, bool *ret_loops)
{
    if (x->state[rule] == 1) return *ret_loops = true;
    if (x->state[rule] == 0) {
        bool loops = false;
        if (++x->depth > GRAMMAR_RULES_MAX) return false;
        x->state[rule] = 1;
        if (!visit_tree(x, x->g->rules[rule].tree, &loops)) return false;
        x->depth--;
        x->state[rule] = 2;
        x->loops[rule] = loops;
    }
    if (x->loops[rule]) *ret_loops = true;
    return true;
}

/* Calls of rules without loops become their trees; trees are shared, which is fine: building an
 * automaton only reads them. */
static void put_in_place(const struct grammar *g, struct regex_node *n)
{
    for (; n; n = n->next) {
        if (n->kind == REGEX_CALL && n->callee < CALLEE_NODE) {
            n->kind = REGEX_ALL;
            struct regex_node *tree = g->rules[n->callee].tree;
            n->child = tree;
        } else if (n->child) {
            put_in_place(g, n->child);
        }
    }
}

static void number_calls(struct regex_node *n, uint32_t base)
{
    for (; n; n = n->next) {
        if (n->kind == REGEX_CALL) n->callee += base;
        number_calls(n->child, base);
    }
}

/* --- calls --- */

/* Accepting is also where only calls of the empty text are left. */
static void close_accept(struct program *p, uint32_t first)
{
    bool changed = true;
    while (changed) {
        changed = false;
        for (uint32_t i = first; i < p->automaton_count; i++) {
            struct automaton *a = p->automata[i];
            for (uint32_t s = 1; a->calls && s < a->states; s++)
                for (uint32_t k = a->call_first[s]; k < a->call_first[s + 1] && !a->accept[s];
                     k++) {
                    uint32_t callee = a->calls[k].callee;
                    if (callee >= CALLEE_NODE || !a->accept[a->calls[k].target]) continue;
                    const struct automaton *c = p->automata[callee];
                    if (!c->start || !c->accept[c->start]) continue;
                    a->accept[s] = 1;
                    changed = true;
                }
        }
    }
}

static bool ends(struct build *b, const struct program *p, const struct automaton *a,
                 const bool *good, uint32_t first, bool *ret)
{
    bool *live = build_array(b, a->states, sizeof *live), changed = true;
    if (!live) return false;
    *ret = false;
    if (!a->start) return true;
    for (uint32_t s = 1; s < a->states; s++)
        live[s] = a->accept[s];
    while (changed) {
        changed = false;
        if (!build_spend(b, (uint64_t)a->states * a->classes)) return false;
        for (uint32_t s = a->states - 1; s > 0; s--) {
            for (uint32_t k = 0; k < a->classes && !live[s]; k++)
                if (live[a->next[(size_t)s * a->classes + k]]) changed = live[s] = true;
            for (uint32_t k = a->calls ? a->call_first[s] : 0;
                 a->calls && k < a->call_first[s + 1] && !live[s]; k++) {
                uint32_t callee = a->calls[k].callee;
                bool ok = callee >= CALLEE_NODE || callee < first || good[callee - first];
                if (ok && live[a->calls[k].target]) changed = live[s] = true;
            }
        }
    }
    *ret = live[a->start];
    return true;
}

/* Calls of what never ends lead nowhere. */
static bool drop_endless(struct build *b, struct program *p, uint32_t first)
{
    uint32_t n = p->automaton_count - first;
    bool *good = build_array(b, n, sizeof *good), changed = true;
    if (!good) return false;
    while (changed) {
        changed = false;
        for (uint32_t i = 0; i < n; i++) {
            if (good[i]) continue;
            if (!ends(b, p, p->automata[first + i], good, first, &good[i])) return false;
            changed = changed || good[i];
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        struct automaton *a = p->automata[first + i];
        for (uint32_t k = 0; a->calls && k < a->call_first[a->states]; k++) {
            uint32_t callee = a->calls[k].callee;
            if (callee < CALLEE_NODE && callee >= first && !good[callee - first])
                a->calls[k].target = 0;
        }
        if (!(p->automata[first + i] = automaton_trim(b, a))) return false;
    }
    return true;
}

/* Rules met before the first byte, depth first: one that is met again begins with itself. */
struct left {
    struct build *b;
    struct program *p;
    uint32_t first;
    uint8_t *state;
    const struct span *names;
    const char *where;
    int depth;
};

static bool left_visit(struct left *l, uint32_t rule)
{
    const struct automaton *a = l->p->automata[rule];
    if (l->state[rule - l->first] == 2) return true;
    if (l->state[rule - l->first] == 1) {
        struct span name = l->names ? l->names[rule - l->first] : span_of("");
        return build_fail(l->b, STATUS_UNSUPPORTED,
                          "%s: the rule \"%.*s\" begins with itself; write left recursion as a "
                          "repetition",
                          l->where, (int)(name.len < 60 ? name.len : 60), name.data);
    }
    if (++l->depth > GRAMMAR_RULES_MAX)
        return build_fail(l->b, STATUS_LIMIT, "%s: rules nest too deep", l->where);
    l->state[rule - l->first] = 1;
    bool *met = build_array(l->b, a->states, sizeof *met);
    uint32_t *queue = build_array(l->b, a->states, sizeof *queue), n = 0;
    if (!met || !queue) return false;
    if (a->start && a->calls) queue[n++] = a->start, met[a->start] = true;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = a->call_first[queue[i]]; k < a->call_first[queue[i] + 1]; k++) {
            uint32_t callee = a->calls[k].callee, target = a->calls[k].target;
            if (callee >= CALLEE_NODE || callee < l->first) continue;
            if (!left_visit(l, callee)) return false;
            const struct automaton *c = l->p->automata[callee];
            if (c->start && c->accept[c->start] && !met[target]) {
                met[target] = true;
                queue[n++] = target;
            }
        }
    l->state[rule - l->first] = 2;
    l->depth--;
    return true;
}

bool program_settle_calls(struct build *b, struct program *p, uint32_t first,
                          const struct span *names, const char *where)
{
    struct left l = { b, p, first, NULL, names, where, 0 };
    if (!drop_endless(b, p, first)) return false;
    close_accept(p, first);
    l.state = build_array(b, p->automaton_count - first, sizeof *l.state);
    if (!l.state) return false;
    for (uint32_t i = first; i < p->automaton_count; i++)
        if (!left_visit(&l, i)) return false;
    return true;
}

/* --- all of it --- */

static bool compile_rules(struct grammar *g, struct program *p, const bool *loops,
                          const char *where, uint32_t *ret_root)
{
    struct build *b = g->b;
    uint32_t base = p->automaton_count;
    struct span *names = build_array(b, g->count, sizeof *names);
    if (!names) return false;
    for (size_t i = 0; i < g->count; i++)
        if (!loops[i]) put_in_place(g, g->rules[i].tree);
    for (size_t i = 0; i < g->count; i++)
        if (loops[i]) number_calls(g->rules[i].tree, base);
    for (size_t i = 0; i < g->count; i++) {
        names[i] = g->rules[i].name;
        if (program_add(b, p, regex_automaton(b, g->rules[i].tree, false, where)) == PROGRAM_NONE)
            return false;
    }
    *ret_root = base;
    return program_settle_calls(b, p, base, names, where);
}

bool grammar_compile(struct build *b, struct program *p, struct span text, const char *where,
                     uint32_t *ret_root)
{
    struct grammar g = { .b = b };
    struct graph x = { .g = &g };
    bool loops = false;
    if (!grammar_parse(&g, text, where)) return false;
    x.state = build_array(b, g.count, sizeof *x.state);
    x.loops = build_array(b, g.count, sizeof *x.loops);
    if (!x.state || !x.loops) return false;
    for (uint32_t i = 0; i < g.count; i++)
        if (!visit(&x, i, &loops))
            return build_fail(b, STATUS_LIMIT, "%s: rules nest too deep", where);
    return compile_rules(&g, p, x.loops, where, ret_root);
}
