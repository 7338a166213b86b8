/* One byte further: what each kind of frame makes of it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/sample/constraint_run.h"

#include <string.h>

static uint32_t new_frame(struct run *r, struct frame f)
{
    if (r->frame_count >= RUN_FRAMES_MAX) {
        r->overflow = true;
        return 0;
    }
    f.depth = f.parent && f.kind != FRAME_SEEN ? (uint8_t)(r->frames[f.parent].depth + 1) : 0;
    r->frames[r->frame_count] = f;
    return r->frame_count++;
}

static bool same_stack(const struct run *r, uint32_t x, uint32_t y)
{
    while (x != y) {
        if (!x || !y) return false;
        const struct frame *f = r->frames + x, *g = r->frames + y;
        if (f->kind != g->kind || f->phase != g->phase || f->blanks != g->blanks || f->a != g->a ||
            f->b != g->b || f->n != g->n || f->bits != g->bits || f->seen != g->seen ||
            f->hash != g->hash)
            return false;
        if (f->kind == FRAME_OBJECT && f->words != g->words &&
            memcmp(r->words + f->words, r->words + g->words,
                   r->program->objects[f->a].word_count * sizeof *r->words) != 0)
            return false;
        x = f->parent;
        y = g->parent;
    }
    return true;
}

static void emit(struct run *r, uint32_t top, struct tops *out)
{
    if (!top) return;
    for (uint32_t i = 0; i < out->count; i++)
        if (same_stack(r, out->items[i], top)) return;
    if (out->count >= RUN_TOPS_MAX) {
        r->overflow = true;
        return;
    }
    out->items[out->count++] = top;
}

static bool deep(const struct run *r, uint32_t parent)
{
    return parent && r->frames[parent].depth + 1 >= RUN_DEPTH_MAX;
}

/* The configuration of an automaton in `state`: its parent once there is no way on. */
static uint32_t in_state(struct run *r, uint32_t automaton, uint32_t state, uint32_t parent)
{
    if (parent && r->facts[automaton].final[state]) return parent;
    return new_frame(
        r, (struct frame){ .parent = parent, .kind = FRAME_AUTOMATON, .a = automaton, .b = state });
}

/* --- values --- */

static void enter_object(struct run *r, uint32_t object, uint32_t parent, struct tops *out)
{
    uint32_t words = r->program->objects[object].word_count;
    if (r->word_count + words > RUN_WORDS_MAX) {
        r->overflow = true;
        return;
    }
    memset(r->words + r->word_count, 0, words * sizeof *r->words);
    struct frame f = { .parent = parent,
                       .kind = FRAME_OBJECT,
                       .phase = PHASE_OPEN,
                       .a = object,
                       .words = r->word_count };
    r->word_count += words;
    emit(r, new_frame(r, f), out);
}

static void enter_node(struct run *r, uint32_t node, uint32_t parent, uint32_t symbol,
                       struct tops *out)
{
    const struct program *p = r->program;
    const struct program_node *n = p->nodes + node;
    if (deep(r, parent) || symbol >= RUN_SYMBOL_TOKEN) return;
    if (n->scalar != PROGRAM_NONE) {
        const struct automaton *a = p->automata[n->scalar];
        uint32_t state = automaton_next(a, a->start, (uint8_t)symbol);
        if (state) emit(r, in_state(r, n->scalar, state, parent), out);
    }
    if (symbol == '"')
        for (uint32_t i = 0; i < n->length_count; i++)
            emit(r,
                 new_frame(r, (struct frame){ .parent = parent,
                                              .kind = FRAME_LENGTH,
                                              .a = n->length_first + i,
                                              .b = p->automata[p->string_text]->start }),
                 out);
    if (symbol == '[')
        for (uint32_t i = 0; i < n->array_count; i++)
            emit(r,
                 new_frame(r, (struct frame){ .parent = parent,
                                              .kind = FRAME_ARRAY,
                                              .phase = PHASE_OPEN,
                                              .a = n->array_first + i }),
                 out);
    if (symbol == '{')
        for (uint32_t i = 0; i < n->object_count; i++)
            enter_object(r, n->object_first + i, parent, out);
}

static void step_frame(struct run *r, uint32_t at, uint32_t symbol, struct tops *out);

/* --- automata --- */

static void enter_automaton(struct run *r, uint32_t automaton, uint32_t parent, uint32_t symbol,
                            struct tops *out)
{
    const struct automaton *a = r->program->automata[automaton];
    if (a->calls) {
        if (deep(r, parent)) return;
        uint32_t start = new_frame(
            r, (struct frame){
                   .parent = parent, .kind = FRAME_AUTOMATON, .a = automaton, .b = a->start });
        if (start) step_frame(r, start, symbol, out);
        return;
    }
    if (symbol >= RUN_SYMBOL_TOKEN) return;
    uint32_t state = automaton_next(a, a->start, (uint8_t)symbol);
    if (state) emit(r, in_state(r, automaton, state, parent), out);
}

static void step_calls(struct run *r, struct frame f, uint32_t symbol, struct tops *out)
{
    const struct automaton *a = r->program->automata[f.a];
    for (uint32_t i = a->call_first[f.b]; i < a->call_first[f.b + 1]; i++) {
        struct call_edge edge = a->calls[i];
        uint32_t after = in_state(r, f.a, edge.target, f.parent);
        if (!after) continue;
        if (edge.callee >= CALLEE_TOKEN) {
            if (symbol == RUN_SYMBOL_TOKEN + (edge.callee - CALLEE_TOKEN)) emit(r, after, out);
        } else if (edge.callee >= CALLEE_NODE) {
            enter_node(r, edge.callee - CALLEE_NODE, after, symbol, out);
        } else {
            /* A call at the very end leaves no trace, so that nothing waits below free text. */
            bool last = r->facts[f.a].final[edge.target];
            const struct automaton *callee = r->program->automata[edge.callee];
            enter_automaton(r, edge.callee, last ? f.parent : after, symbol, out);
            if (!callee->calls && callee->accept[callee->start]) step_frame(r, after, symbol, out);
        }
    }
}

static void step_automaton(struct run *r, struct frame f, uint32_t symbol, struct tops *out)
{
    const struct automaton *a = r->program->automata[f.a];
    if (symbol < RUN_SYMBOL_TOKEN) {
        uint32_t state = automaton_next(a, f.b, (uint8_t)symbol);
        if (state) emit(r, in_state(r, f.a, state, f.parent), out);
    }
    if (a->calls) step_calls(r, f, symbol, out);
    if (f.parent && a->accept[f.b]) step_frame(r, f.parent, symbol, out);
}

static void step_length(struct run *r, struct frame f, uint32_t symbol, struct tops *out)
{
    const struct program *p = r->program;
    const struct program_length *l = p->lengths + f.a;
    const struct automaton *a = p->automata[p->string_text];
    uint32_t state = automaton_next(a, f.b, (uint8_t)symbol);
    if (!state) return;
    if (a->accept[state]) {
        if (f.n >= l->min) emit(r, f.parent, out);
        return;
    }
    if (f.b == a->start) { /* a character begins */
        if (f.n >= l->max) return;
        if (f.n < UINT32_MAX - 1) f.n++;
    }
    f.b = state;
    emit(r, new_frame(r, f), out);
}

/* --- arrays --- */

static bool is_blank(uint32_t symbol)
{
    return symbol == ' ' || symbol == '\n' || symbol == '\t' || symbol == '\r';
}

/* Whether the symbol may come behind so many. */
static bool blank_fits(enum whitespace w, uint32_t blanks, uint32_t symbol)
{
    if (w == WHITESPACE_COMPACT) return false;
    if (w == WHITESPACE_FLEXIBLE) return blanks < RUN_BLANKS_MAX;
    if (!blanks) return symbol == ' ' || symbol == '\n';
    return blanks <= RUN_INDENT_MAX && (symbol == ' ' || symbol == '\t');
}

static bool step_blank(struct run *r, struct frame f, uint32_t symbol, struct tops *out)
{
    if (!is_blank(symbol)) return false;
    if (!blank_fits(r->program->whitespace, f.blanks, symbol)) return true;
    /* Nothing comes behind the one space. */
    bool last = r->program->whitespace == WHITESPACE_NATURAL && !f.blanks && symbol == ' ';
    f.blanks = last ? RUN_BLANKS_MAX : f.blanks + 1;
    emit(r, new_frame(r, f), out);
    return true;
}

static void step_array(struct run *r, struct frame f, uint32_t symbol, struct tops *out)
{
    const struct program_array *a = r->program->arrays + f.a;
    if (step_blank(r, f, symbol, out)) return;
    f.blanks = 0;
    if (symbol == ']') {
        if (f.phase != PHASE_COMMA && a->accept[f.b]) emit(r, f.parent, out);
        return;
    }
    if (f.phase == PHASE_ITEM) {
        if (symbol != ',' || a->edge_first[f.b] == a->edge_first[f.b + 1]) return;
        f.phase = PHASE_COMMA;
        emit(r, new_frame(r, f), out);
        return;
    }
    for (uint32_t e = a->edge_first[f.b]; e < a->edge_first[f.b + 1]; e++) {
        struct frame after = f;
        after.phase = PHASE_ITEM;
        after.b = a->edges[e].target;
        uint32_t parent = new_frame(r, after), count = out->count;
        if (!parent) return;
        enter_node(r, a->edges[e].node, parent, symbol, out);
        if (out->count == count && r->frame_count == parent + 1) r->frame_count--;
    }
}

/* --- objects --- */

static uint32_t unmet(const struct program_object *o, const uint64_t *seen)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < o->word_count; i++)
        n += (uint32_t)__builtin_popcountll(o->required[i] & ~seen[i]);
    return n;
}

/* A required name still to come can show what has to exist. */
static bool covered(const struct program_object *o, const uint64_t *seen)
{
    for (uint32_t i = 0; i < o->word_count; i++)
        if (o->required[i] & ~seen[i] & o->witness[i]) return true;
    return false;
}

/* Members that have to come at least. */
static uint32_t needed(const struct program_object *o, const struct frame *f, const uint64_t *seen)
{
    return unmet(o, seen) + ((o->bits & ~f->bits) && !covered(o, seen) ? 1 : 0);
}

enum room { ROOM_NONE, ROOM_NEEDED, ROOM_ANY };
static enum room room_for(const struct run *r, const struct frame *f)
{
    const struct program_object *o = r->program->objects + f->a;
    if (o->max == PROGRAM_NONE) return ROOM_ANY;
    if (f->n >= o->max) return ROOM_NONE;
    return o->max - f->n > needed(o, f, r->words + f->words) ? ROOM_ANY : ROOM_NEEDED;
}

/* Whether a class that may come now is among those ahead of a state of the key. */
static bool key_alive(const struct run *r, const struct frame *f, uint32_t state, enum room room)
{
    const struct program_object *o = r->program->objects + f->a;
    const uint64_t *seen = r->words + f->words, *reach = o->reach + (size_t)state * o->word_count;
    bool showing = (o->bits & ~f->bits) && !covered(o, seen);
    uint64_t open = room == ROOM_ANY ? (uint64_t)1 << OBJECT_OPEN
                    : showing        ? (uint64_t)1 << OBJECT_WITNESS
                                     : 0;
    if (room == ROOM_NONE) return false;
    if (reach[0] & open) return true;
    for (uint32_t i = 0; i < o->word_count; i++) {
        uint64_t names = room == ROOM_ANY ? o->usable[i] : o->required[i];
        if (room == ROOM_NEEDED && showing) names |= o->witness[i];
        if (reach[i] & names & ~seen[i]) return true;
    }
    return false;
}

bool run_key_free(const struct run *r, const struct frame *key)
{
    const struct frame *f = r->frames + key->parent;
    return r->program->objects[f->a].open && room_for(r, f) == ROOM_ANY;
}

static bool can_close(const struct run *r, const struct frame *f)
{
    const struct program_object *o = r->program->objects + f->a;
    return f->n >= o->min && (o->bits & ~f->bits) == 0 && unmet(o, r->words + f->words) == 0;
}

static void begin_key(struct run *r, uint32_t at, struct tops *out)
{
    struct frame f = r->frames[at];
    const struct program_object *o = r->program->objects + f.a;
    const struct automaton *key = r->program->automata[o->key];
    if (key->start && key_alive(r, &f, key->start, room_for(r, &f)))
        emit(r,
             new_frame(
                 r, (struct frame){ .parent = at, .kind = FRAME_KEY, .a = f.a, .b = key->start }),
             out);
}

static void begin_value(struct run *r, struct frame f, uint32_t symbol, struct tops *out)
{
    const struct program_object *o = r->program->objects + f.a;
    const struct key_class *c = o->classes + f.b;
    for (uint32_t i = 0; i < c->option_count; i++) {
        const struct key_option *option = o->options + c->option_first + i;
        struct frame after = f;
        after.phase = PHASE_ITEM;
        after.b = 0;
        after.bits |= option->bits;
        if (o->max != PROGRAM_NONE && needed(o, &after, r->words + f.words) > o->max - f.n)
            continue;
        uint32_t parent = new_frame(r, after), count = out->count;
        if (!parent) return;
        enter_node(r, option->node, parent, symbol, out);
        if (out->count == count && r->frame_count == parent + 1) r->frame_count--;
    }
}

static void step_object(struct run *r, uint32_t at, uint32_t symbol, struct tops *out)
{
    struct frame f = r->frames[at];
    if (step_blank(r, f, symbol, out)) return;
    f.blanks = 0;
    switch ((enum frame_phase)f.phase) {
    case PHASE_OPEN:
    case PHASE_COMMA:
        if (symbol == '"') begin_key(r, at, out);
        if (symbol == '}' && f.phase == PHASE_OPEN && can_close(r, &f)) emit(r, f.parent, out);
        return;
    case PHASE_ITEM:
        if (symbol == '}' && can_close(r, &f)) emit(r, f.parent, out);
        if (symbol == ',') {
            const struct program_object *o = r->program->objects + f.a;
            uint32_t start = r->program->automata[o->key]->start;
            if (!start || !key_alive(r, &f, start, room_for(r, &f))) return;
            f.phase = PHASE_COMMA;
            emit(r, new_frame(r, f), out);
        }
        return;
    case PHASE_KEYED:
        if (symbol != ':') return;
        f.phase = PHASE_COLON;
        emit(r, new_frame(r, f), out);
        return;
    case PHASE_COLON: begin_value(r, f, symbol, out); return;
    }
}

/* The key is complete: the object goes on behind it, unless the key came before. */
static void end_key(struct run *r, struct frame key, uint32_t label, struct tops *out)
{
    struct frame f = r->frames[key.parent];
    const struct program_object *o = r->program->objects + f.a;
    uint32_t name = o->classes[label - 1].name;
    f.phase = PHASE_KEYED;
    f.blanks = 0;
    f.b = label - 1;
    f.n++;
    if (name == PROGRAM_NONE) {
        for (uint32_t i = f.seen; i; i = r->frames[i].parent)
            if (r->frames[i].hash == key.hash) return;
        f.seen =
            new_frame(r, (struct frame){ .parent = f.seen, .kind = FRAME_SEEN, .hash = key.hash });
        if (!f.seen) return;
    } else {
        uint32_t bit = OBJECT_NAME + name;
        uint64_t one = (uint64_t)1 << (bit % 64);
        if (r->words[f.words + bit / 64] & one) return;
        if (r->word_count + o->word_count > RUN_WORDS_MAX) {
            r->overflow = true;
            return;
        }
        memcpy(r->words + r->word_count, r->words + f.words, o->word_count * sizeof *r->words);
        f.words = r->word_count;
        r->word_count += o->word_count;
        r->words[f.words + bit / 64] |= one;
    }
    emit(r, new_frame(r, f), out);
}

static bool class_allowed(const struct run *r, const struct frame *f, uint32_t label,
                          enum room room)
{
    const struct program_object *o = r->program->objects + f->a;
    uint32_t name = o->classes[label - 1].name;
    const uint64_t *seen = r->words + f->words;
    if (room != ROOM_NEEDED) return room == ROOM_ANY;
    bool showing = (o->bits & ~f->bits) && !covered(o, seen);
    if (name == PROGRAM_NONE) {
        const struct key_class *c = o->classes + label - 1;
        for (uint32_t i = 0; showing && i < c->option_count; i++)
            if (o->options[c->option_first + i].bits) return true;
        return false;
    }
    uint32_t bit = OBJECT_NAME + name;
    uint64_t ok = o->required[bit / 64] | (showing ? o->witness[bit / 64] : 0);
    return ok >> (bit % 64) & 1;
}

static uint64_t hash_on(uint64_t hash, uint32_t byte)
{
    hash = (hash ^ (byte + 1)) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 31;
}

/* Whether a name that did not come yet can still be written from `state`, where only so many can.
 * Every try that fails is a name that came, so there are few. */
static bool name_left(const struct run *r, const struct frame *object, uint32_t state,
                      uint64_t hash, enum room room)
{
    const struct program_object *o = r->program->objects + object->a;
    const struct automaton *key = r->program->automata[o->key];
    for (int byte = 0; byte < 256; byte++) {
        uint32_t to = automaton_next(key, state, (uint8_t)byte), label = key->accept[to];
        if (!to) continue;
        if (!label) {
            if (name_left(r, object, to, hash_on(hash, (uint32_t)byte), room)) return true;
            continue;
        }
        if (!class_allowed(r, object, label, room)) continue;
        uint32_t name = o->classes[label - 1].name, i = object->seen;
        if (name != PROGRAM_NONE) {
            uint32_t bit = OBJECT_NAME + name;
            if (!(r->words[object->words + bit / 64] >> (bit % 64) & 1)) return true;
            continue;
        }
        while (i && r->frames[i].hash != hash)
            i = r->frames[i].parent;
        if (!i) return true;
    }
    return false;
}

static void step_key(struct run *r, struct frame f, uint32_t symbol, struct tops *out)
{
    const struct program_object *o = r->program->objects + f.a;
    const struct automaton *key = r->program->automata[o->key];
    uint32_t state = automaton_next(key, f.b, (uint8_t)symbol);
    if (!state) return;
    const struct frame *object = r->frames + f.parent;
    enum room room = room_for(r, object);
    if (key->accept[state]) {
        if (class_allowed(r, object, key->accept[state], room))
            end_key(r, f, key->accept[state], out);
        return;
    }
    if (!key_alive(r, object, state, room)) return;
    f.b = state;
    f.hash = hash_on(f.hash, symbol);
    if (object->seen && r->facts[o->key].tail[state] != TAIL_ENDLESS &&
        !name_left(r, object, state, f.hash, room))
        return;
    emit(r, new_frame(r, f), out);
}

/* --- all kinds --- */

#define STEPS_MAX 4096 /* rules entered and left within one byte */

static void step_frame(struct run *r, uint32_t at, uint32_t symbol, struct tops *out)
{
    struct frame f = r->frames[at];
    if (++r->steps > STEPS_MAX || ++r->work > RUN_WORK_MAX) {
        r->overflow = true;
        return;
    }
    if (f.kind == FRAME_AUTOMATON) {
        step_automaton(r, f, symbol, out);
        return;
    }
    if (symbol >= RUN_SYMBOL_TOKEN) return;
    if (f.kind == FRAME_LENGTH) step_length(r, f, symbol, out);
    else if (f.kind == FRAME_ARRAY) step_array(r, f, symbol, out);
    else if (f.kind == FRAME_OBJECT) step_object(r, at, symbol, out);
    else if (f.kind == FRAME_KEY) step_key(r, f, symbol, out);
}

void run_step(struct run *r, uint32_t top, uint32_t symbol, struct tops *out)
{
    r->steps = 0;
    step_frame(r, top, symbol, out);
}

void run_start(struct run *r, struct tops *out)
{
    const struct automaton *root = r->program->automata[r->program->root];
    r->frame_count = 1;
    r->word_count = 0;
    out->count = 0;
    emit(r,
         new_frame(
             r, (struct frame){ .kind = FRAME_AUTOMATON, .a = r->program->root, .b = root->start }),
         out);
}

bool run_may_end(const struct run *r, uint32_t top)
{
    while (top) {
        const struct frame *f = r->frames + top;
        if (f->kind != FRAME_AUTOMATON || !r->program->automata[f->a]->accept[f->b]) return false;
        top = f->parent;
    }
    return true;
}
