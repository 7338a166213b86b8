/* Copies of what a program needs at run time, so that the build's memory can go.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lm/sample/constraint_inner.h"

/* NULL stays NULL; a failed copy is noted once and shows at the end. */
struct keeper {
    struct arena *arena;
    bool failed;
};

static void *keep(struct keeper *k, const void *items, size_t count, size_t item_bytes)
{
    if (!items || k->failed) return NULL;
    void *p = arena_array(k->arena, count ? count : 1, item_bytes);
    if (!p) k->failed = true;
    else if (count) memcpy(p, items, count * item_bytes);
    return p;
}

static struct automaton *keep_automaton(struct keeper *k, const struct automaton *a)
{
    struct automaton *r = keep(k, a, 1, sizeof *a);
    if (!r) return NULL;
    r->next = keep(k, a->next, (size_t)a->states * a->classes, sizeof *a->next);
    r->accept = keep(k, a->accept, a->states, sizeof *a->accept);
    r->call_first =
        a->calls ? keep(k, a->call_first, (size_t)a->states + 1, sizeof *a->call_first) : NULL;
    r->calls = a->calls ? keep(k, a->calls, a->call_first[a->states], sizeof *a->calls) : NULL;
    return r;
}

static void keep_object(struct keeper *k, struct program_object *o, const struct automaton *key)
{
    uint32_t classes = 0, options = 0;
    for (uint32_t s = 1; s < key->states; s++)
        if (key->accept[s] > classes) classes = key->accept[s];
    for (uint32_t i = 0; i < classes; i++)
        if (o->classes[i].option_first + o->classes[i].option_count > options)
            options = o->classes[i].option_first + o->classes[i].option_count;
    o->required = keep(k, o->required, o->word_count, sizeof *o->required);
    o->usable = keep(k, o->usable, o->word_count, sizeof *o->usable);
    o->witness = keep(k, o->witness, o->word_count, sizeof *o->witness);
    o->reach = keep(k, o->reach, (size_t)key->states * o->word_count, sizeof *o->reach);
    o->classes = keep(k, o->classes, classes, sizeof *o->classes);
    o->options = keep(k, o->options, options, sizeof *o->options);
}

static void keep_array(struct keeper *k, struct program_array *a)
{
    a->edges = keep(k, a->edges, a->edge_first[a->state_count], sizeof *a->edges);
    a->edge_first = keep(k, a->edge_first, (size_t)a->state_count + 1, sizeof *a->edge_first);
    a->accept = keep(k, a->accept, a->state_count, sizeof *a->accept);
}

bool constraint_keep(struct constraint *c)
{
    struct arena arena;
    struct keeper k = { &arena, false };
    struct program *p = &c->program;
    arena_init(&arena, BUILD_BYTES_MAX);
    struct automaton **automata = keep(&k, p->automata, p->automaton_count, sizeof *automata);
    struct automaton_facts *facts = keep(&k, c->facts, p->automaton_count, sizeof *facts);
    p->nodes = keep(&k, p->nodes, p->node_count, sizeof *p->nodes);
    p->lengths = keep(&k, p->lengths, p->length_count, sizeof *p->lengths);
    p->objects = keep(&k, p->objects, p->object_count, sizeof *p->objects);
    p->arrays = keep(&k, p->arrays, p->array_count, sizeof *p->arrays);
    for (uint32_t i = 0; i < p->object_count && !k.failed; i++)
        keep_object(&k, p->objects + i, p->automata[p->objects[i].key]);
    for (uint32_t i = 0; i < p->array_count && !k.failed; i++)
        keep_array(&k, p->arrays + i);
    for (uint32_t i = 0; i < p->automaton_count && !k.failed; i++) {
        uint32_t states = p->automata[i]->states;
        automata[i] = keep_automaton(&k, p->automata[i]);
        if (k.failed) break;
        facts[i].final = keep(&k, facts[i].final, states, sizeof *facts[i].final);
        facts[i].tail = keep(&k, facts[i].tail, states, sizeof *facts[i].tail);
        facts[i].room = keep(&k, facts[i].room, states, sizeof *facts[i].room);
    }
    p->automata = automata;
    c->facts = facts;
    arena_release(&c->build.arena);
    c->build.arena = arena;
    return !k.failed || build_fail(&c->build, STATUS_NO_MEMORY, "no memory for the constraint");
}
