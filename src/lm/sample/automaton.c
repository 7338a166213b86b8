/* Exploring machines into tables; products, joins and trimming.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/sample/automaton.h"

#include <string.h>

/* --- exploring --- */

struct table {
    uint32_t *next, *accept;
    size_t next_cap, accept_cap;
};

static uint32_t classes_of_cuts(const bool cuts[256], uint8_t class_of[256], uint8_t first[256])
{
    uint32_t n = 0;
    for (int i = 0; i < 256; i++) {
        if (i == 0 || cuts[i]) first[n++] = (uint8_t)i;
        class_of[i] = (uint8_t)(n - 1);
    }
    return n;
}

static bool table_row(struct build *b, struct table *t, uint32_t state, uint32_t classes)
{
    return build_grow(b, &t->next, &t->next_cap, ((size_t)state + 1) * classes, sizeof *t->next) &&
           build_grow(b, &t->accept, &t->accept_cap, (size_t)state + 1, sizeof *t->accept);
}

static bool too_many(struct build *b, uint32_t states)
{
    if (states < BUILD_STATES_MAX) return false;
    build_fail(b, STATUS_LIMIT,
               "a pattern, length or number of the constraint needs more than %u states; make it "
               "simpler",
               BUILD_STATES_MAX);
    return true;
}

struct automaton *automaton_explore(struct build *b, const struct explorer *e,
                                    const uint32_t *start, size_t n, const bool cuts[256])
{
    struct automaton *a = build_array(b, 1, sizeof *a);
    struct word_set set = { 0 };
    struct table t = { 0 };
    uint8_t first[256];
    bool is_new;
    if (!a) return NULL;
    a->classes = classes_of_cuts(cuts, a->class_of, first);
    if (word_set_add(b, &set, start, n, &is_new) == UINT32_MAX) return NULL;
    uint32_t to[EXPLORE_WORDS_MAX];
    for (uint32_t s = 0; s < set.count; s++) {
        if (too_many(b, s) || !table_row(b, &t, s + 1, a->classes)) return NULL;
        for (uint32_t k = 0; k < a->classes; k++) {
            size_t from_n, to_n;
            const uint32_t *from = word_set_at(&set, s, &from_n);
            uint32_t target = 0;
            if (!build_spend(b, 1 + from_n)) return NULL;
            if (e->step(e->ctx, from, from_n, first[k], to, &to_n)) {
                target = word_set_add(b, &set, to, to_n, &is_new);
                if (target == UINT32_MAX) return NULL;
                target++;
            }
            t.next[((size_t)s + 1) * a->classes + k] = target;
        }
        size_t state_n;
        const uint32_t *state = word_set_at(&set, s, &state_n);
        t.accept[s + 1] = e->accept(e->ctx, state, state_n);
    }
    a->states = set.count + 1;
    a->start = 1;
    a->next = t.next;
    a->accept = t.accept;
    return automaton_trim(b, a);
}

/* --- trimming --- */

/* Marks states that reach an accepting one, by edges turned around. */
static bool mark_live(struct build *b, const struct automaton *a, bool *live)
{
    uint32_t *count = build_array(b, (size_t)a->states + 1, sizeof *count);
    size_t edges = (size_t)a->states * a->classes, at = 0;
    size_t call_count = a->calls ? a->call_first[a->states] : 0;
    uint32_t *back = build_array(b, edges + call_count, sizeof *back);
    uint32_t *queue = build_array(b, a->states, sizeof *queue);
    if (!count || !back || !queue || !build_spend(b, edges)) return false;
    for (size_t i = 0; i < edges; i++)
        count[a->next[i]]++;
    for (size_t i = 0; i < call_count; i++)
        count[a->calls[i].target]++;
    uint32_t sum = 0;
    for (uint32_t s = 0; s <= a->states; s++) {
        uint32_t c = s < a->states ? count[s] : 0;
        count[s] = sum;
        sum += c;
    }
    uint32_t *fill = build_array(b, (size_t)a->states, sizeof *fill);
    if (!fill) return false;
    memcpy(fill, count, a->states * sizeof *fill);
    for (size_t i = 0; i < edges; i++)
        back[fill[a->next[i]]++] = (uint32_t)(i / a->classes);
    for (uint32_t s = 0; a->calls && s < a->states; s++)
        for (uint32_t i = a->call_first[s]; i < a->call_first[s + 1]; i++)
            back[fill[a->calls[i].target]++] = s;
    size_t end = 0;
    for (uint32_t s = 1; s < a->states; s++)
        if (a->accept[s]) {
            live[s] = true;
            queue[end++] = s;
        }
    for (; at < end; at++)
        for (uint32_t i = count[queue[at]]; i < count[queue[at] + 1]; i++)
            if (back[i] && !live[back[i]]) {
                live[back[i]] = true;
                queue[end++] = back[i];
            }
    return true;
}

/* Numbers the live states in the order in which a breadth-first walk meets them. */
static uint32_t number_states(const struct automaton *a, const bool *live, uint32_t *number,
                              uint32_t *order)
{
    uint32_t n = 0;
    if (!live[a->start]) return 0;
    order[n++] = a->start;
    number[a->start] = 1;
    for (uint32_t at = 0; at < n; at++) {
        uint32_t s = order[at];
        const uint32_t *row = a->next + (size_t)s * a->classes;
        for (uint32_t k = 0; k < a->classes; k++)
            if (row[k] && live[row[k]] && !number[row[k]]) {
                order[n++] = row[k];
                number[row[k]] = n;
            }
        for (uint32_t i = a->calls ? a->call_first[s] : 0; a->calls && i < a->call_first[s + 1];
             i++) {
            uint32_t to = a->calls[i].target;
            if (live[to] && !number[to]) {
                order[n++] = to;
                number[to] = n;
            }
        }
    }
    return n;
}

/* Gives equal columns one class: the classes left, with map[old class] the new one. */
static uint32_t merge_columns(const struct automaton *a, const uint32_t *order,
                              const uint32_t *number, uint32_t n, uint32_t *map, uint32_t *kept)
{
    uint64_t hashes[256] = { 0 };
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < a->classes; k++) {
            uint64_t to = number[a->next[(size_t)order[i] * a->classes + k]];
            hashes[k] = (hashes[k] ^ to) * 0x9e3779b97f4a7c15u;
            hashes[k] ^= hashes[k] >> 29;
        }
    for (uint32_t k = 0; k < a->classes; k++) {
        uint32_t same = 0;
        for (; same < count; same++) {
            if (hashes[kept[same]] != hashes[k]) continue;
            uint32_t i = 0;
            while (i < n && number[a->next[(size_t)order[i] * a->classes + k]] ==
                                number[a->next[(size_t)order[i] * a->classes + kept[same]]])
                i++;
            if (i == n) break;
        }
        if (same == count) kept[count++] = k;
        map[k] = same;
    }
    return count;
}

static bool copy_calls(struct build *b, const struct automaton *a, const uint32_t *order,
                       const uint32_t *number, uint32_t n, struct automaton *ret)
{
    if (!a->calls) return true;
    ret->call_first = build_array(b, (size_t)n + 2, sizeof *ret->call_first);
    ret->calls = build_array(b, a->call_first[a->states], sizeof *ret->calls);
    if (!ret->call_first || !ret->calls) return false;
    uint32_t at = 0;
    for (uint32_t i = 0; i < n; i++) {
        ret->call_first[i + 1] = at;
        for (uint32_t j = a->call_first[order[i]]; j < a->call_first[order[i] + 1]; j++)
            if (number[a->calls[j].target])
                ret->calls[at++] =
                    (struct call_edge){ a->calls[j].callee, number[a->calls[j].target] };
    }
    ret->call_first[n + 1] = at;
    return true;
}

struct automaton *automaton_trim(struct build *b, struct automaton *a)
{
    bool *live = build_array(b, a->states, sizeof *live);
    uint32_t *number = build_array(b, a->states, sizeof *number);
    uint32_t *order = build_array(b, a->states, sizeof *order);
    struct automaton *r = build_array(b, 1, sizeof *r);
    uint32_t map[256], kept[256];
    if (!live || !number || !order || !r || !mark_live(b, a, live)) return NULL;
    uint32_t n = number_states(a, live, number, order);
    r->classes = merge_columns(a, order, number, n, map, kept);
    r->states = n + 1;
    r->start = n ? 1 : 0;
    r->next = build_array(b, (size_t)r->states * r->classes, sizeof *r->next);
    r->accept = build_array(b, r->states, sizeof *r->accept);
    if (!r->next || !r->accept || !copy_calls(b, a, order, number, n, r)) return NULL;
    for (int i = 0; i < 256; i++)
        r->class_of[i] = (uint8_t)map[a->class_of[i]];
    for (uint32_t i = 0; i < n; i++) {
        r->accept[i + 1] = a->accept[order[i]];
        for (uint32_t k = 0; k < r->classes; k++)
            r->next[((size_t)i + 1) * r->classes + k] =
                number[a->next[(size_t)order[i] * a->classes + kept[k]]];
    }
    return r;
}

/* --- algebra --- */

static void cuts_of(const struct automaton *a, bool cuts[256])
{
    for (int i = 1; i < 256; i++)
        if (a->class_of[i] != a->class_of[i - 1]) cuts[i] = true;
}

struct pair {
    const struct automaton *x, *y;
    enum automaton_op op;
};

static bool pair_step(const void *ctx, const uint32_t *from, size_t n, uint8_t byte, uint32_t *to,
                      size_t *ret_n)
{
    const struct pair *p = ctx;
    to[0] = automaton_next(p->x, from[0], byte);
    to[1] = automaton_next(p->y, from[1], byte);
    *ret_n = 2;
    if (p->op == AUTOMATON_AND) return to[0] && to[1];
    if (p->op == AUTOMATON_MINUS) return to[0];
    return to[0] || to[1];
}

static uint32_t pair_accept(const void *ctx, const uint32_t *state, size_t n)
{
    const struct pair *p = ctx;
    uint32_t x = p->x->accept[state[0]], y = p->y->accept[state[1]];
    if (p->op == AUTOMATON_AND) return y ? x : 0;
    if (p->op == AUTOMATON_MINUS) return y ? 0 : x;
    return x ? x : y;
}

struct automaton *automaton_product(struct build *b, const struct automaton *x,
                                    const struct automaton *y, enum automaton_op op)
{
    if (!x || !y) return NULL;
    struct pair p = { x, y, op };
    struct explorer e = { &p, pair_step, pair_accept };
    bool cuts[256] = { 0 };
    cuts_of(x, cuts);
    cuts_of(y, cuts);
    return automaton_explore(b, &e, (uint32_t[]){ x->start, y->start }, 2, cuts);
}

struct joined {
    const struct automaton *const *machines;
    automaton_label_fn *label;
    void *ctx;
};

static bool joined_step(const void *ctx, const uint32_t *from, size_t n, uint8_t byte, uint32_t *to,
                        size_t *ret_n)
{
    const struct joined *j = ctx;
    for (size_t i = 0; i < n; i++)
        to[i] = automaton_next(j->machines[i], from[i], byte);
    *ret_n = n;
    return to[0];
}

static uint32_t joined_accept(const void *ctx, const uint32_t *state, size_t n)
{
    const struct joined *j = ctx;
    uint32_t labels[AUTOMATON_JOIN_MAX];
    for (size_t i = 0; i < n; i++)
        labels[i] = j->machines[i]->accept[state[i]];
    return labels[0] ? j->label(j->ctx, labels, n) : 0;
}

struct automaton *automaton_join(struct build *b, const struct automaton *const *machines, size_t n,
                                 automaton_label_fn *label, void *ctx)
{
    struct joined j = { machines, label, ctx };
    struct explorer e = { &j, joined_step, joined_accept };
    bool cuts[256] = { 0 };
    uint32_t start[AUTOMATON_JOIN_MAX];
    if (n > AUTOMATON_JOIN_MAX) {
        build_fail(b, STATUS_LIMIT, "more than %d patterns on the names of one object",
                   AUTOMATON_JOIN_MAX - 2);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        cuts_of(machines[i], cuts);
        start[i] = machines[i]->start;
    }
    return automaton_explore(b, &e, start, n, cuts);
}

/* --- words --- */

struct tree {
    uint32_t *next, *accept;
    size_t next_cap, accept_cap;
    uint32_t states;
};

static bool tree_add(struct build *b, struct tree *t, const uint8_t *class_of, uint32_t classes,
                     struct span text, uint32_t label)
{
    uint32_t s = 1;
    for (size_t i = 0; i < text.len; i++) {
        size_t at = (size_t)s * classes + class_of[(uint8_t)text.data[i]];
        uint32_t to = t->next[at];
        if (!to) {
            to = t->states++;
            if (too_many(b, to) || !build_spend(b, classes) ||
                !build_grow(b, &t->next, &t->next_cap, ((size_t)to + 1) * classes,
                            sizeof *t->next) ||
                !build_grow(b, &t->accept, &t->accept_cap, (size_t)to + 1, sizeof *t->accept))
                return false;
            t->next[at] = to;
        }
        s = to;
    }
    if (!t->accept[s]) t->accept[s] = label;
    return true;
}

struct automaton *automaton_of_words(struct build *b, const struct span *words, size_t count,
                                     bool labelled)
{
    struct automaton *a = build_array(b, 1, sizeof *a);
    struct tree t = { .states = 2 };
    bool cuts[256] = { 0 };
    uint8_t first[256];
    if (!a) return NULL;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < words[i].len; j++) {
            uint8_t byte = (uint8_t)words[i].data[j];
            cuts[byte] = true;
            if (byte < 255) cuts[byte + 1] = true;
        }
    a->classes = classes_of_cuts(cuts, a->class_of, first);
    if (!build_grow(b, &t.next, &t.next_cap, (size_t)2 * a->classes, sizeof *t.next) ||
        !build_grow(b, &t.accept, &t.accept_cap, 2, sizeof *t.accept))
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (!tree_add(b, &t, a->class_of, a->classes, words[i], labelled ? (uint32_t)i + 1 : 1))
            return NULL;
    a->states = t.states;
    a->start = 1;
    a->next = t.next;
    a->accept = t.accept;
    return automaton_trim(b, a);
}
