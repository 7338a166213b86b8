/* Trees of expressions to automata: Thompson's construction, then subsets.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sources: Thompson, "Regular Expression Search Algorithm" (1968); the split of a range of
 * characters into ranges of UTF-8 bytes follows Unicode 15 table 3-7. */
#include "lm/sample/regex.h"

#include <stdlib.h>
#include <string.h>

#include "base/core/utf8.h"

#define NFA_STATES_MAX ((uint32_t)1 << 20)
#define SET_MAX        ((size_t)16384) /* machine states held at once */

enum nfa_kind { NFA_BYTES, NFA_SPLIT, NFA_BEGIN, NFA_END, NFA_CALL, NFA_MATCH };
struct nfa_state {
    uint8_t kind;
    uint32_t out, out2; /* out2: of SPLIT; the callee of CALL. BYTES: edges [out, out2) */
};
struct nfa_edge {
    uint8_t lo, hi;
    uint32_t out;
};
struct nfa {
    struct build *b;
    struct nfa_state *states;
    struct nfa_edge *edges;
    uint32_t count, edge_count;
    size_t cap, edges_cap;
    const char *where;
};

/* Built from the end: a fragment is made knowing where it leads. UINT32_MAX: failed. */
#define NO_STATE UINT32_MAX

static uint32_t add(struct nfa *n, struct nfa_state s)
{
    if (s.out == NO_STATE) return NO_STATE;
    if (n->count >= NFA_STATES_MAX) {
        build_fail(n->b, STATUS_LIMIT, "%s: the expression is too large; repeat less", n->where);
        return NO_STATE;
    }
    if (!build_spend(n->b, 1) ||
        !build_grow(n->b, &n->states, &n->cap, n->count, sizeof *n->states))
        return NO_STATE;
    n->states[n->count] = s;
    return n->count++;
}

static uint32_t split(struct nfa *n, uint32_t a, uint32_t b)
{
    if (b == NO_STATE) return NO_STATE;
    return add(n, (struct nfa_state){ .kind = NFA_SPLIT, .out = a, .out2 = b });
}

/* A state with `count` edges, ascending and disjoint; none: nothing matches. */
static uint32_t add_edges(struct nfa *n, const struct nfa_edge *edges, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!build_grow(n->b, &n->edges, &n->edges_cap, n->edge_count + i, sizeof *n->edges))
            return NO_STATE;
        n->edges[n->edge_count + i] = edges[i];
    }
    n->edge_count += count;
    return add(n, (struct nfa_state){
                      .kind = NFA_BYTES, .out = n->edge_count - count, .out2 = n->edge_count });
}

static uint32_t add_byte(struct nfa *n, uint8_t byte, uint32_t out)
{
    if (out == NO_STATE) return NO_STATE;
    return add_edges(n, &(struct nfa_edge){ byte, byte, out }, 1);
}

/* --- ranges of characters as ranges of bytes --- */

struct sequence {
    uint8_t len, lo[4], hi[4];
};
struct sequences {
    struct sequence *items;
    size_t count, cap;
};

/* Cuts lo..hi into pieces whose ranges of bytes are independent of each other. */
static bool add_range(struct build *b, struct sequences *s, uint32_t lo, uint32_t hi)
{
    static const uint32_t edges[] = { 0x7F, 0x7FF, 0xD7FF, 0xDFFF, 0xFFFF };
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
        if (lo <= edges[i] && hi > edges[i])
            return add_range(b, s, lo, edges[i]) && add_range(b, s, edges[i] + 1, hi);
    if (lo >= 0xD800 && hi <= 0xDFFF) return true;
    for (int i = 1; lo > 0x7F && i < 4; i++) {
        uint32_t m = (1u << (6 * i)) - 1;
        if ((lo & ~m) == (hi & ~m)) continue;
        if (lo & m) return add_range(b, s, lo, lo | m) && add_range(b, s, (lo | m) + 1, hi);
        if ((hi & m) != m)
            return add_range(b, s, lo, (hi & ~m) - 1) && add_range(b, s, hi & ~m, hi);
    }
    struct sequence q;
    char first[4], last[4];
    q.len = (uint8_t)utf8_encode(lo, first);
    utf8_encode(hi, last);
    memcpy(q.lo, first, sizeof first);
    memcpy(q.hi, last, sizeof last);
    if (!build_grow(b, &s->items, &s->cap, s->count, sizeof *s->items)) return false;
    s->items[s->count++] = q;
    return true;
}

/* The tree of sequences [from, to), which agree on their first `depth` bytes. */
static uint32_t add_tree(struct nfa *n, const struct sequences *s, size_t from, size_t to,
                         int depth, uint32_t out)
{
    struct nfa_edge edges[256];
    uint32_t count = 0;
    while (from < to) {
        const struct sequence *q = s->items + from;
        size_t end = from + 1;
        while (end < to && s->items[end].lo[depth] == q->lo[depth] &&
               s->items[end].hi[depth] == q->hi[depth])
            end++;
        uint32_t next =
            depth == 3 || depth + 1 == q->len ? out : add_tree(n, s, from, end, depth + 1, out);
        if (next == NO_STATE) return NO_STATE;
        edges[count++] = (struct nfa_edge){ q->lo[depth], q->hi[depth], next };
        from = end;
    }
    return add_edges(n, edges, count);
}

static uint32_t add_class(struct nfa *n, const struct regex_node *r, uint32_t out)
{
    struct sequences s = { 0 };
    for (size_t i = 0; i < r->range_count; i++)
        if (!add_range(n->b, &s, r->ranges[i].lo, r->ranges[i].hi)) return NO_STATE;
    return add_tree(n, &s, 0, s.count, 0, out);
}

#define NO_REST (NO_STATE - 1)

static uint32_t add_node(struct nfa *n, const struct regex_node *r, uint32_t out);

static uint32_t add_children(struct nfa *n, const struct regex_node *child, uint32_t out)
{
    size_t count = 0, i = 0;
    for (const struct regex_node *c = child; c; c = c->next)
        count++;
    const struct regex_node **all = build_array(n->b, count, sizeof *all);
    if (!all) return NO_STATE;
    for (const struct regex_node *c = child; c; c = c->next)
        all[i++] = c;
    while (i > 0 && out != NO_STATE)
        out = add_node(n, all[--i], out);
    return out;
}

static uint32_t add_any(struct nfa *n, const struct regex_node *r, uint32_t out)
{
    uint32_t s = NO_REST;
    for (const struct regex_node *c = r->child; c; c = c->next) {
        uint32_t one = add_node(n, c, out);
        if (one == NO_STATE) return NO_STATE;
        s = s == NO_REST ? one : split(n, one, s);
    }
    return s == NO_REST ? add_edges(n, NULL, 0) : s;
}

static uint32_t add_repeat(struct nfa *n, const struct regex_node *r, uint32_t out)
{
    uint32_t s = out;
    if (r->max == REGEX_FOREVER) {
        uint32_t loop = split(n, out, out); /* its first way is set once the body is known */
        if (loop == NO_STATE) return NO_STATE;
        uint32_t body = add_node(n, r->child, loop);
        if (body == NO_STATE) return NO_STATE;
        n->states[loop].out = body;
        s = loop;
    } else {
        for (uint32_t i = r->min; i < r->max && s != NO_STATE; i++) {
            uint32_t body = add_node(n, r->child, s);
            s = body == NO_STATE ? NO_STATE : split(n, body, out);
        }
    }
    for (uint32_t i = 0; i < r->min && s != NO_STATE; i++)
        s = add_node(n, r->child, s);
    return s;
}

static uint32_t add_node(struct nfa *n, const struct regex_node *r, uint32_t out)
{
    if (out == NO_STATE || !build_spend(n->b, 1)) return NO_STATE;
    switch (r->kind) {
    case REGEX_EMPTY: return out;
    case REGEX_CLASS: return add_class(n, r, out);
    case REGEX_BYTES:
        for (size_t i = r->bytes.len; i > 0; i--)
            out = add_byte(n, (uint8_t)r->bytes.data[i - 1], out);
        return out;
    case REGEX_ALL: return add_children(n, r->child, out);
    case REGEX_ANY: return add_any(n, r, out);
    case REGEX_REPEAT: return add_repeat(n, r, out);
    case REGEX_BEGIN: return add(n, (struct nfa_state){ .kind = NFA_BEGIN, .out = out });
    case REGEX_END: return add(n, (struct nfa_state){ .kind = NFA_END, .out = out });
    case REGEX_CALL:
        return add(n, (struct nfa_state){ .kind = NFA_CALL, .out = out, .out2 = r->callee });
    }
    return NO_STATE;
}

/* --- subsets --- */

struct subsets {
    const struct nfa *n;
    uint32_t *stamp; /* [states]: the round in which it was met */
    uint32_t round;
    uint32_t *stack, *set;
    size_t count;
};

/* Adds `s` and all that is reached without reading; at_begin, at_end: where in the text this is. */
static void close_over(struct subsets *u, uint32_t s, bool at_begin, bool at_end)
{
    size_t depth = 0;
    u->stack[depth++] = s;
    while (depth) {
        s = u->stack[--depth];
        if (u->stamp[s] == u->round) continue;
        u->stamp[s] = u->round;
        const struct nfa_state *x = u->n->states + s;
        if (x->kind == NFA_SPLIT) {
            u->stack[depth++] = x->out;
            u->stack[depth++] = x->out2;
        } else if (x->kind == NFA_BEGIN) {
            if (at_begin) u->stack[depth++] = x->out;
        } else {
            u->set[u->count++] = s;
            if (x->kind == NFA_END && at_end) u->stack[depth++] = x->out;
        }
    }
}

static int compare_words(const void *x, const void *y)
{
    uint32_t a, b;
    memcpy(&a, x, sizeof a);
    memcpy(&b, y, sizeof b);
    return a < b ? -1 : a > b;
}

static void begin_set(struct subsets *u)
{
    u->round++;
    u->count = 0;
}

static uint32_t intern(struct subsets *u, struct word_set *sets)
{
    bool is_new;
    if (u->count == 0) return 0;
    if (u->count > SET_MAX) {
        build_fail(u->n->b, STATUS_LIMIT, "%s: the expression is too ambiguous", u->n->where);
        return UINT32_MAX;
    }
    qsort(u->set, u->count, sizeof *u->set, compare_words);
    uint32_t id = word_set_add(u->n->b, sets, u->set, u->count, &is_new);
    return id == UINT32_MAX ? id : id + 1;
}

static bool accepts(struct subsets *u, const uint32_t *set, size_t n, bool at_begin)
{
    begin_set(u);
    for (size_t i = 0; i < n; i++)
        close_over(u, set[i], at_begin, false);
    bool ends = false;
    for (size_t i = 0; i < u->count && !ends; i++)
        ends = u->n->states[u->set[i]].kind == NFA_MATCH;
    if (ends) return true;
    begin_set(u);
    for (size_t i = 0; i < n; i++)
        close_over(u, set[i], at_begin, true);
    for (size_t i = 0; i < u->count; i++)
        if (u->n->states[u->set[i]].kind == NFA_MATCH) return true;
    return false;
}

struct subset_table {
    uint32_t *next, *accept, *call_first;
    struct call_edge *calls;
    size_t next_cap, accept_cap, call_first_cap, calls_cap;
    uint32_t call_count;
};

/* Where the byte leads from a state with edges, NO_STATE for nowhere. */
static uint32_t edge_of(const struct nfa *n, const struct nfa_state *x, uint8_t byte)
{
    uint32_t lo = x->out, hi = x->out2;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (n->edges[mid].hi < byte) lo = mid + 1;
        else hi = mid;
    }
    return lo < x->out2 && n->edges[lo].lo <= byte ? n->edges[lo].out : NO_STATE;
}

static bool byte_edges(struct subsets *u, struct word_set *sets, uint32_t s, struct automaton *a,
                       const uint8_t first[256], struct subset_table *t)
{
    for (uint32_t k = 0; k < a->classes; k++) {
        size_t n;
        const uint32_t *set = word_set_at(sets, s, &n);
        if (!build_spend(u->n->b, 1 + n / 4)) return false;
        begin_set(u);
        for (size_t i = 0; i < n; i++) {
            const struct nfa_state *x = u->n->states + set[i];
            uint32_t out = x->kind == NFA_BYTES ? edge_of(u->n, x, first[k]) : NO_STATE;
            if (out != NO_STATE) close_over(u, out, false, false);
        }
        uint32_t to = intern(u, sets);
        if (to == UINT32_MAX) return false;
        t->next[((size_t)s + 1) * a->classes + k] = to;
    }
    return true;
}

static bool call_edges(struct subsets *u, struct word_set *sets, uint32_t s, struct subset_table *t)
{
    struct build *b = u->n->b;
    size_t n;
    const uint32_t *set = word_set_at(sets, s, &n);
    for (size_t i = 0; i < n; i++) {
        const struct nfa_state *x = u->n->states + set[i];
        bool seen = x->kind != NFA_CALL;
        for (size_t j = 0; j < i && !seen; j++)
            seen = u->n->states[set[j]].kind == NFA_CALL && u->n->states[set[j]].out2 == x->out2;
        if (seen) continue;
        begin_set(u);
        for (size_t j = i; j < n; j++) {
            const struct nfa_state *y = u->n->states + set[j];
            if (y->kind == NFA_CALL && y->out2 == x->out2) close_over(u, y->out, false, false);
        }
        uint32_t to = intern(u, sets);
        if (to == UINT32_MAX ||
            !build_grow(b, &t->calls, &t->calls_cap, t->call_count, sizeof *t->calls))
            return false;
        t->calls[t->call_count++] = (struct call_edge){ x->out2, to };
    }
    return true;
}

static void find_cuts(const struct nfa *n, bool cuts[256])
{
    for (uint32_t i = 0; i < n->edge_count; i++) {
        cuts[n->edges[i].lo] = true;
        if (n->edges[i].hi < 255) cuts[n->edges[i].hi + 1] = true;
    }
}

static struct automaton *determine(struct nfa *n, uint32_t start)
{
    struct build *b = n->b;
    struct subsets u = { .n = n };
    struct word_set sets = { 0 };
    struct subset_table t = { 0 };
    struct automaton *a = build_array(b, 1, sizeof *a);
    bool cuts[256] = { 0 };
    uint8_t first[256];
    u.stamp = build_array(b, n->count, sizeof *u.stamp);
    u.stack = build_array(b, (size_t)n->count * 2 + 2, sizeof *u.stack);
    u.set = build_array(b, n->count, sizeof *u.set);
    if (!a || !u.stamp || !u.stack || !u.set) return NULL;
    find_cuts(n, cuts);
    for (int i = 0; i < 256; i++) {
        if (i == 0 || cuts[i]) first[a->classes++] = (uint8_t)i;
        a->class_of[i] = (uint8_t)(a->classes - 1);
    }
    begin_set(&u);
    close_over(&u, start, true, false);
    if (intern(&u, &sets) != 1) return b->status ? NULL : automaton_of_words(b, NULL, 0, false);
    for (uint32_t s = 0; s < sets.count; s++) {
        if (s >= BUILD_STATES_MAX) {
            build_fail(b, STATUS_LIMIT, "%s: the expression needs more than %u states", n->where,
                       BUILD_STATES_MAX);
            return NULL;
        }
        if (!build_grow(b, &t.next, &t.next_cap, ((size_t)s + 2) * a->classes, sizeof *t.next) ||
            !build_grow(b, &t.accept, &t.accept_cap, (size_t)s + 2, sizeof *t.accept) ||
            !build_grow(b, &t.call_first, &t.call_first_cap, (size_t)s + 3, sizeof *t.call_first) ||
            !byte_edges(&u, &sets, s, a, first, &t))
            return NULL;
        t.call_first[s + 1] = t.call_count;
        if (!call_edges(&u, &sets, s, &t)) return NULL;
        t.call_first[s + 2] = t.call_count;
        size_t len;
        const uint32_t *set = word_set_at(&sets, s, &len);
        t.accept[s + 1] = accepts(&u, set, len, s == 0);
    }
    a->states = sets.count + 1;
    a->start = 1;
    a->next = t.next;
    a->accept = t.accept;
    if (t.call_count) {
        a->call_first = t.call_first;
        a->calls = t.calls;
    }
    return automaton_trim(b, a);
}

/* The expression with any text before and after it. */
static struct regex_node *anywhere(struct build *b, struct regex_node *node)
{
    struct char_set none = { 0 }, none_too = { 0 };
    struct regex_node *all = regex_new(b, REGEX_ALL);
    struct regex_node *before = regex_repeat(b, regex_class(b, &none, true), 0, REGEX_FOREVER);
    struct regex_node *middle = regex_new(b, REGEX_ALL);
    struct regex_node *after = regex_repeat(b, regex_class(b, &none_too, true), 0, REGEX_FOREVER);
    if (!all || !before || !middle || !after) return NULL;
    middle->child = node;
    all->child = before;
    before->next = middle;
    middle->next = after;
    return all;
}

struct automaton *regex_automaton(struct build *b, struct regex_node *node, bool search,
                                  const char *where)
{
    struct nfa n = { .b = b, .where = where };
    if (node && search) node = anywhere(b, node);
    if (!node) return NULL;
    uint32_t match = add(&n, (struct nfa_state){ .kind = NFA_MATCH });
    uint32_t start = match == NO_STATE ? NO_STATE : add_node(&n, node, match);
    return start == NO_STATE ? NULL : determine(&n, start);
}

struct automaton *regex_of(struct build *b, const char *pattern)
{
    struct span text = { pattern, strlen(pattern) };
    return regex_automaton(b, regex_parse(b, text, pattern), false, pattern);
}
