/* Which nodes some text satisfies, and the shapes without the rest.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A least fixed point: a node counts once one of its scalars, arrays or objects can be written with
 * nodes that count already. What does not is cut out, so that no text runs into a dead end. */
#include <string.h>

#include "lm/sample/json_schema_inner.h"

static bool option_usable(const struct schema_build *s, const struct object_work *w,
                          const struct key_class *c, uint32_t bits)
{
    for (uint32_t i = 0; i < c->option_count; i++) {
        const struct key_option *o = w->options + c->option_first + i;
        if (s->work[o->node].productive && (o->bits & bits) == bits) return true;
    }
    return false;
}

/* Members that have to come at least, from nothing. */
static bool object_productive(const struct schema_build *s, uint32_t i)
{
    const struct object_work *w = s->objects + i;
    const struct program_object *o = s->p->objects + i;
    uint32_t usable = 0, required = 0, shown = 0, shown_required = 0;
    bool open = false;
    for (uint32_t k = 0; k < w->class_count; k++) {
        const struct key_class *c = w->classes + k;
        if (!option_usable(s, w, c, 0)) continue;
        if (c->name == PROGRAM_NONE) open = true;
        else usable++;
        bool needed = c->name != PROGRAM_NONE && w->required[c->name];
        required += needed;
        for (uint32_t e = 0; o->bits >> e; e++)
            if (option_usable(s, w, c, 1u << e)) {
                shown |= 1u << e;
                if (needed) shown_required |= 1u << e;
            }
    }
    if (required < w->required_count || shown != o->bits) return false;
    uint32_t least = required + (o->bits && shown_required != o->bits ? 1 : 0);
    return least <= o->max && o->min <= o->max && (open || o->min <= usable);
}

static bool mark_items(struct schema_build *s, const struct array_work *w, bool *ends)
{
    bool changed = true;
    memcpy(ends, w->accept, w->state_count * sizeof *ends);
    while (changed) {
        changed = false;
        if (!build_spend(s->b, w->state_count)) return false;
        for (uint32_t i = w->state_count; i > 0; i--) {
            uint32_t state = i - 1;
            for (uint32_t e = w->edge_first[state]; !ends[state] && e < w->edge_first[state + 1];
                 e++)
                if (s->work[w->edges[e].node].productive && ends[w->edges[e].target])
                    changed = ends[state] = true;
        }
    }
    return true;
}

static bool array_productive(struct schema_build *s, uint32_t i, bool *ret)
{
    const struct array_work *w = s->arrays + i;
    *ret = w->accept[0];
    if (*ret) return true;
    bool *ends = build_array(s->b, w->state_count, sizeof *ends);
    if (!ends || !mark_items(s, w, ends)) return false;
    *ret = ends[0];
    return true;
}

static bool find_productive(struct schema_build *s)
{
    bool changed = true;
    while (changed) {
        changed = false;
        for (uint32_t i = 0; i < s->nodes.count; i++) {
            struct node_work *n = s->work + i;
            if (!build_spend(s->b, 4)) return false;
            for (size_t k = 0; k < n->object_count && !n->productive; k++)
                changed |= n->productive = object_productive(s, n->objects[k]);
            for (size_t k = 0; k < n->array_count && !n->productive; k++) {
                if (!array_productive(s, n->arrays[k], &n->productive)) return false;
                changed |= n->productive;
            }
        }
    }
    return true;
}

/* --- objects --- */

static void set_bit(uint64_t *words, uint32_t bit)
{
    words[bit / 64] |= (uint64_t)1 << (bit % 64);
}

/* The classes ahead of each state of the key's text. */
static bool find_reach(struct schema_build *s, const struct program_object *o,
                       const struct automaton *text, uint64_t *reach)
{
    bool changed = true;
    uint32_t words = o->word_count;
    for (uint32_t state = 1; state < text->states; state++) {
        if (!text->accept[state]) continue;
        const struct key_class *c = o->classes + text->accept[state] - 1;
        uint64_t *r = reach + (size_t)state * words;
        if (c->name != PROGRAM_NONE) {
            set_bit(r, OBJECT_NAME + c->name);
            continue;
        }
        set_bit(r, OBJECT_OPEN);
        for (uint32_t i = 0; i < c->option_count; i++)
            if (o->options[c->option_first + i].bits) set_bit(r, OBJECT_WITNESS);
    }
    while (changed) {
        changed = false;
        if (!build_spend(s->b, (uint64_t)text->states * text->classes)) return false;
        for (uint32_t state = text->states; state > 1; state--) {
            uint64_t *r = reach + (size_t)(state - 1) * words;
            for (uint32_t k = 0; k < text->classes; k++) {
                uint32_t to = text->next[(size_t)(state - 1) * text->classes + k];
                for (uint32_t i = 0; to && i < words; i++) {
                    uint64_t more = reach[(size_t)to * words + i] & ~r[i];
                    r[i] |= more;
                    changed |= more != 0;
                }
            }
        }
    }
    return true;
}

/* Keeps the options that can be satisfied; classes without any lose their label. */
static bool settle_classes(struct schema_build *s, struct object_work *w, struct program_object *o,
                           struct key_class **ret_classes, struct key_option **ret_options)
{
    struct key_class *classes = build_array(s->b, w->class_count, sizeof *classes);
    struct key_option *options = build_array(s->b, w->option_count, sizeof *options);
    uint32_t count = 0;
    if (!classes || !options) return false;
    for (uint32_t k = 0; k < w->class_count; k++) {
        const struct key_class *c = w->classes + k;
        classes[k] = (struct key_class){ c->name, count, 0 };
        for (uint32_t i = 0; i < c->option_count; i++) {
            struct key_option option = w->options[c->option_first + i];
            if (!s->work[option.node].productive) continue;
            option.node += s->node_base;
            options[count++] = option;
        }
        classes[k].option_count = count - classes[k].option_first;
        if (classes[k].option_count && c->name == PROGRAM_NONE) o->open = true;
    }
    for (uint32_t i = 1; i < w->key->states; i++)
        if (w->key->accept[i] && !classes[w->key->accept[i] - 1].option_count)
            w->key->accept[i] = 0;
    *ret_classes = classes;
    *ret_options = options;
    return true;
}

static bool settle_object(struct schema_build *s, uint32_t i)
{
    struct object_work *w = s->objects + i;
    struct program_object *o = s->p->objects + i;
    struct key_class *classes;
    struct key_option *options;
    if (!settle_classes(s, w, o, &classes, &options)) return false;
    o->word_count = (OBJECT_NAME + o->name_count + 63) / 64;
    uint64_t *required = build_array(s->b, o->word_count, sizeof *required);
    uint64_t *usable = build_array(s->b, o->word_count, sizeof *usable);
    uint64_t *witness = build_array(s->b, o->word_count, sizeof *witness);
    if (!required || !usable || !witness) return false;
    for (uint32_t k = 0; k < w->class_count; k++) {
        if (classes[k].name == PROGRAM_NONE || !classes[k].option_count) continue;
        set_bit(usable, OBJECT_NAME + classes[k].name);
        for (uint32_t j = 0; j < classes[k].option_count; j++)
            if (options[classes[k].option_first + j].bits)
                set_bit(witness, OBJECT_NAME + classes[k].name);
    }
    for (uint32_t k = 0; k < o->name_count; k++)
        if (w->required[k]) set_bit(required, OBJECT_NAME + k);
    o->classes = classes;
    o->options = options;
    o->required = required;
    o->usable = usable;
    o->witness = witness;
    struct automaton *key = automaton_trim(s->b, w->key);
    struct automaton *text = key ? string_text(s->b, key, false) : NULL;
    if (!text) return false;
    uint64_t *reach = build_array(s->b, (size_t)text->states * o->word_count, sizeof *reach);
    if (!reach || !find_reach(s, o, text, reach)) return false;
    o->reach = reach;
    o->key = program_add(s->b, s->p, text);
    return o->key != PROGRAM_NONE;
}

static bool settle_array(struct schema_build *s, uint32_t i)
{
    struct array_work *w = s->arrays + i;
    bool *ends = build_array(s->b, w->state_count, sizeof *ends);
    uint32_t *first = build_array(s->b, (size_t)w->state_count + 1, sizeof *first);
    struct item_edge *edges = build_array(s->b, w->edge_first[w->state_count], sizeof *edges);
    uint32_t count = 0;
    if (!ends || !first || !edges || !mark_items(s, w, ends)) return false;
    for (uint32_t state = 0; state < w->state_count; state++) {
        for (uint32_t e = w->edge_first[state]; e < w->edge_first[state + 1]; e++)
            if (s->work[w->edges[e].node].productive && ends[w->edges[e].target])
                edges[count++] =
                    (struct item_edge){ w->edges[e].node + s->node_base, w->edges[e].target };
        first[state + 1] = count;
    }
    s->p->arrays[i] = (struct program_array){ w->state_count, first, edges, w->accept };
    return true;
}

/* --- nodes --- */

/* Shapes of a node lie side by side in the program. */
static bool place_shapes(struct schema_build *s, uint32_t object_base, uint32_t array_base)
{
    struct program *p = s->p;
    uint32_t objects = p->object_count - object_base, arrays = p->array_count - array_base;
    struct program_object *o = build_array(s->b, objects, sizeof *o);
    struct program_array *a = build_array(s->b, arrays, sizeof *a);
    uint32_t oi = object_base, ai = array_base;
    if (!o || !a) return false;
    for (uint32_t i = 0; i < s->nodes.count; i++) {
        struct node_work *n = s->work + i;
        n->node.object_first = oi;
        n->node.array_first = ai;
        for (size_t k = 0; k < n->object_count; k++)
            if (object_productive(s, n->objects[k]))
                o[oi++ - object_base] = p->objects[n->objects[k]];
        for (size_t k = 0; k < n->array_count; k++) {
            bool usable;
            if (!array_productive(s, n->arrays[k], &usable)) return false;
            if (usable) a[ai++ - array_base] = p->arrays[n->arrays[k]];
        }
        n->node.object_count = oi - n->node.object_first;
        n->node.array_count = ai - n->node.array_first;
    }
    if (objects) memcpy(p->objects + object_base, o, objects * sizeof *o);
    if (arrays) memcpy(p->arrays + array_base, a, arrays * sizeof *a);
    p->object_count = oi;
    p->array_count = ai;
    return true;
}

bool shapes_settle(struct schema_build *s)
{
    struct program *p = s->p;
    if (!find_productive(s)) return false;
    for (uint32_t i = 0; i < s->nodes.count; i++) {
        struct node_work *n = s->work + i;
        for (size_t k = 0; k < n->object_count; k++)
            if (object_productive(s, n->objects[k]) && !settle_object(s, n->objects[k]))
                return false;
        for (size_t k = 0; k < n->array_count; k++) {
            bool usable;
            if (!array_productive(s, n->arrays[k], &usable)) return false;
            if (usable && !settle_array(s, n->arrays[k])) return false;
        }
    }
    if (!place_shapes(s, s->object_base, s->array_base)) return false;
    for (uint32_t i = 0; i < s->nodes.count; i++) {
        if (!build_grow(s->b, &p->nodes, &p->nodes_cap, p->node_count, sizeof *p->nodes))
            return false;
        p->nodes[p->node_count++] = s->work[i].node;
    }
    return true;
}
