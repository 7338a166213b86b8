/* What masks need to know of an automaton: final states, and how freely text goes on.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lm/sample/constraint_inner.h"

/* Successors of a state by whole plain characters. Each multi-byte character is followed through
 * valid UTF-8 only (Unicode 15 table 3-7), without the line separators E2 80 A8 and A9. */
struct follower {
    struct build *b;
    const struct automaton *a;
    uint32_t *found; /* targets of the state at hand */
    size_t count, cap;
    bool dies; /* some plain character is not taken */
};

static bool note(struct follower *f, uint32_t target)
{
    if (!target) return f->dies = true;
    for (size_t i = 0; i < f->count; i++)
        if (f->found[i] == target) return true;
    if (!build_grow(f->b, &f->found, &f->cap, f->count, sizeof *f->found)) return false;
    f->found[f->count++] = target;
    return true;
}

/* `more` bytes of 80..BF, all of which must be taken; bytes of one class count once. */
static bool follow_tail(struct follower *f, uint32_t state, uint8_t lo, uint8_t hi, int more)
{
    uint64_t seen[4] = { 0 };
    for (int c = lo; c <= hi && !f->dies; c++) {
        uint8_t k = f->a->class_of[c];
        if (seen[k / 64] >> (k % 64) & 1) continue;
        seen[k / 64] |= (uint64_t)1 << (k % 64);
        uint32_t to = automaton_next(f->a, state, (uint8_t)c);
        if (!to || !more) {
            if (!note(f, to)) return false;
        } else if (!follow_tail(f, to, 0x80, 0xBF, more - 1)) return false;
    }
    return build_spend(f->b, 1);
}

/* E2 80 A8 and A9 may be missing. */
static bool follow_e2(struct follower *f, uint32_t state)
{
    uint32_t mid = automaton_next(f->a, state, 0x80);
    if (!mid) return note(f, 0);
    return follow_tail(f, mid, 0x80, 0xA7, 0) && follow_tail(f, mid, 0xAA, 0xBF, 0) &&
           follow_tail(f, state, 0x81, 0xBF, 1);
}

static bool follow_lead(struct follower *f, uint32_t state, int c)
{
    uint32_t to = automaton_next(f->a, state, (uint8_t)c);
    if (!to) return note(f, 0);
    if (c <= 0xDF) return follow_tail(f, to, 0x80, 0xBF, 0);
    if (c == 0xE2) return follow_e2(f, to);
    if (c <= 0xEF) return follow_tail(f, to, c == 0xE0 ? 0xA0 : 0x80, c == 0xED ? 0x9F : 0xBF, 1);
    return follow_tail(f, to, c == 0xF0 ? 0x90 : 0x80, c == 0xF4 ? 0x8F : 0xBF, 2);
}

static bool follow_all(struct follower *f, uint32_t state)
{
    f->count = 0;
    f->dies = false;
    for (int c = 0x20; c < 0x80 && !f->dies; c++)
        if (c != '"' && c != '\\' && !note(f, automaton_next(f->a, state, (uint8_t)c)))
            return false;
    for (int c = 0xC2; c <= 0xF4 && !f->dies; c++)
        if (!follow_lead(f, state, c)) return false;
    return true;
}

/* The room of a state is one more than that of its worst successor: rounds of lowering. */
static bool find_room(struct build *b, const struct automaton *a, uint8_t *room)
{
    struct follower f = { .b = b, .a = a };
    uint32_t *first = build_array(b, (size_t)a->states + 1, sizeof *first), *all = NULL;
    size_t count = 0, cap = 0;
    bool changed = true;
    if (!first) return false;
    for (uint32_t s = 1; s < a->states; s++) {
        if (!follow_all(&f, s)) return false;
        room[s] = f.dies ? 0 : VOCAB_PLAIN_MAX;
        for (size_t i = 0; i < f.count && !f.dies; i++) {
            if (!build_grow(b, &all, &cap, count, sizeof *all)) return false;
            all[count++] = f.found[i];
        }
        first[s + 1] = (uint32_t)count;
    }
    while (changed) {
        changed = false;
        if (!build_spend(b, count)) return false;
        for (uint32_t s = a->states - 1; s > 0; s--)
            for (uint32_t i = first[s]; room[s] && i < first[s + 1]; i++)
                if (room[all[i]] + 1 < room[s]) {
                    room[s] = (uint8_t)(room[all[i]] + 1);
                    changed = true;
                }
    }
    return true;
}

/* From the ends backwards: a state is bounded once all that follow it are. */
static bool find_tail(struct build *b, const struct automaton *a, struct automaton_facts *f)
{
    bool changed = true;
    memset(f->tail, TAIL_ENDLESS, a->states);
    f->tail[0] = 0;
    for (int round = 0; changed && round < TAIL_ENDLESS - 1; round++) {
        changed = false;
        if (!build_spend(b, (uint64_t)a->states * a->classes / 4)) return false;
        for (uint32_t s = a->states - 1; s > 0; s--) {
            unsigned longest = 0;
            if (f->tail[s] != TAIL_ENDLESS) continue;
            for (uint32_t k = 0; k < a->classes && longest < TAIL_ENDLESS; k++) {
                uint32_t to = a->next[(size_t)s * a->classes + k];
                if (to && f->tail[to] + 1u > longest) longest = f->tail[to] + 1u;
            }
            if (longest >= TAIL_ENDLESS) continue;
            f->tail[s] = (uint8_t)longest;
            changed = true;
            if (longest > 0) f->bounded = true;
        }
    }
    return true;
}

static bool find_facts(struct build *b, const struct automaton *a, struct automaton_facts *f)
{
    f->final = build_array(b, a->states, sizeof *f->final);
    f->room = build_array(b, a->states, sizeof *f->room);
    f->tail = build_array(b, a->states, sizeof *f->tail);
    if (!f->final || !f->room || !f->tail || !find_tail(b, a, f)) return false;
    for (uint32_t s = 1; s < a->states; s++) {
        bool on = a->calls && a->call_first[s] < a->call_first[s + 1];
        for (uint32_t k = 0; k < a->classes && !on; k++)
            on = a->next[(size_t)s * a->classes + k] != 0;
        f->final[s] = a->accept[s] && !on;
        if (a->accept[s] && on) f->loose = true;
    }
    return a->calls || find_room(b, a, f->room);
}

bool constraint_find_facts(struct constraint *c)
{
    struct build *b = &c->build;
    const struct program *p = &c->program;
    c->facts = build_array(b, p->automaton_count, sizeof *c->facts);
    if (!c->facts) return false;
    for (uint32_t i = 0; i < p->automaton_count; i++)
        if (!find_facts(b, p->automata[i], c->facts + i)) return false;
    return true;
}
