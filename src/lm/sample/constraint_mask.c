/* Which tokens go on from a state: walks through the vocabulary's tree, remembered by frame.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a string, number or key allows before it ends depends on its top frame alone; those masks
 * are kept, with the places in the tree where the frame ends within a token. Only from there on
 * does the stack below have a say, and only that is walked anew. */
#include <string.h>

#include "lm/sample/constraint_inner.h"

static void set_token(const struct vocab_trie *v, uint64_t *mask, int32_t token)
{
    for (; token >= 0; token = v->same[token])
        mask[(uint32_t)token / 64] |= (uint64_t)1 << ((uint32_t)token % 64);
}

/* --- walks with whole stacks --- */

/* Tokens in nodes [begin, end), whose parent has `depth` bytes, from the configurations. */
static void walk(struct constraint *c, const struct trie *t, uint32_t begin, uint32_t end,
                 uint32_t depth, const struct tops *from, uint64_t *mask)
{
    struct run *r = &c->run;
    uint32_t frames[VOCAB_TOKEN_BYTES_MAX + 1], words[VOCAB_TOKEN_BYTES_MAX + 1];
    frames[0] = r->frame_count;
    words[0] = r->word_count;
    c->levels[0].count = from->count;
    memcpy(c->levels[0].items, from->items, from->count * sizeof *from->items);
    for (uint32_t i = begin; i < end && !r->overflow;) {
        const struct trie_node *n = t->nodes + i;
        uint32_t level = n->depth - depth;
        const struct tops *before = c->levels + level - 1;
        struct tops *after = c->levels + level;
        r->frame_count = frames[level - 1];
        r->word_count = words[level - 1];
        after->count = 0;
        for (uint32_t k = 0; k < before->count; k++)
            run_step(r, before->items[k], n->byte, after);
        if (after->count == 0) {
            i = n->end;
            continue;
        }
        frames[level] = r->frame_count;
        words[level] = r->word_count;
        set_token(c->vocab, mask, n->token);
        i++;
    }
    r->frame_count = frames[0];
    r->word_count = words[0];
}

/* --- what one frame allows by itself --- */

struct local {
    struct constraint *c;
    struct frame f;
    const struct automaton *a;
    const struct automaton_facts *facts;
    uint32_t body, max; /* LENGTH */
    uint32_t min;
    struct local_slot *slot;
    bool full; /* too many places to remember */
};

struct local_state {
    uint32_t state, n;
};
enum local_result { LOCAL_DEAD, LOCAL_ON, LOCAL_POP, LOCAL_BOTH };

static enum local_result local_step(const struct local *l, struct local_state from, uint8_t byte,
                                    struct local_state *to)
{
    to->state = automaton_next(l->a, from.state, byte);
    to->n = from.n;
    if (!to->state) return LOCAL_DEAD;
    if (l->f.kind == FRAME_AUTOMATON) {
        if (!l->f.parent || l->a->before_token || !l->a->accept[to->state]) return LOCAL_ON;
        return l->facts->final[to->state] ? LOCAL_POP : LOCAL_BOTH;
    }
    if (l->a->accept[to->state]) {
        if (l->f.kind == FRAME_LENGTH && from.n < l->min) return LOCAL_DEAD;
        return LOCAL_POP;
    }
    if (l->f.kind == FRAME_LENGTH && from.state == l->body) {
        if (from.n >= l->max) return LOCAL_DEAD;
        to->n++;
    }
    return LOCAL_ON;
}

static void note_pop(struct local *l, uint32_t pop)
{
    if (l->slot->pop_count >= POPS_MAX) l->full = true;
    else l->slot->pops[l->slot->pop_count++] = pop;
}

static void local_walk(struct local *l, const struct trie *t, uint32_t tag)
{
    struct local_state path[VOCAB_TOKEN_BYTES_MAX + 1];
    bool key = l->f.kind == FRAME_KEY;
    path[0] = (struct local_state){ l->f.b, l->f.n };
    for (uint32_t i = 0; i < t->count && !l->full;) {
        const struct trie_node *n = t->nodes + i;
        enum local_result got = local_step(l, path[n->depth - 1], n->byte, path + n->depth);
        if (got != LOCAL_DEAD && n->token >= 0 && !(key && got == LOCAL_POP))
            set_token(l->c->vocab, l->slot->mask, n->token);
        if ((got == LOCAL_POP || got == LOCAL_BOTH) && (n->end > i + 1 || key))
            note_pop(l, tag | i);
        i = got == LOCAL_DEAD || got == LOCAL_POP ? n->end : i + 1;
    }
}

static void local_begin(struct local *l)
{
    struct constraint *c = l->c;
    const struct program *p = &c->program;
    uint32_t automaton = l->f.a;
    if (l->f.kind == FRAME_LENGTH) automaton = p->string_text;
    if (l->f.kind == FRAME_KEY) automaton = p->objects[l->f.a].key;
    l->a = p->automata[automaton];
    l->facts = c->facts + automaton;
    if (l->f.kind == FRAME_LENGTH) {
        l->body = l->a->start;
        l->min = p->lengths[l->f.a].min;
        l->max = p->lengths[l->f.a].max;
    }
}

/* Plain tokens that are fine whatever they are; VOCAB_PLAIN_MAX: all of them. */
static uint32_t local_room(const struct local *l)
{
    if (l->f.kind == FRAME_LENGTH) {
        uint32_t left = l->c->program.tagged ? 0 : l->max - l->f.n;
        if (l->f.b != l->body) return 0;
        return left < VOCAB_PLAIN_MAX ? left : VOCAB_PLAIN_MAX;
    }
    if (l->f.kind == FRAME_AUTOMATON && l->facts->loose && l->f.parent && !l->a->before_token)
        return 0;
    return l->facts->room[l->f.b];
}

static void local_fill(struct local *l)
{
    const struct vocab_trie *v = l->c->vocab;
    uint32_t room = local_room(l);
    size_t bytes = v->word_count * sizeof *l->slot->mask;
    memcpy(l->slot->mask, v->plain + (size_t)room * v->word_count, bytes);
    l->slot->pop_count = 0;
    /* Longer plain strings break a length for certain, other rules perhaps. */
    bool hard = room == VOCAB_PLAIN_MAX ||
                (l->f.kind == FRAME_LENGTH && l->f.b == l->body && !l->c->program.tagged);
    if (l->f.kind == FRAME_AUTOMATON && l->f.parent && l->a->accept[l->f.b] && !l->a->before_token)
        note_pop(l, POP_ROOT);
    if (hard) local_walk(l, &v->hard, POP_HARD);
    else local_walk(l, &v->all, 0);
}

/* The slot with the frame's mask, worked out if need be; NULL where it can not be kept. */
static struct local_slot *local_find(struct constraint *c, const struct frame *f)
{
    struct local l = { .c = c, .f = *f };
    uint32_t low = 0, high = 0;
    local_begin(&l);
    if (f->kind == FRAME_LENGTH) { /* what counts is what is left, up to the longest token */
        high = l.max - f->n < 2 * VOCAB_TOKEN_BYTES_MAX ? l.max - f->n : 2 * VOCAB_TOKEN_BYTES_MAX;
        low = l.min > f->n ? l.min - f->n : 0;
        if (low > 2 * VOCAB_TOKEN_BYTES_MAX) low = 2 * VOCAB_TOKEN_BYTES_MAX;
    }
    uint32_t a = f->kind == FRAME_LENGTH ? 0 : f->a;
    uint32_t kind = 1u + f->kind + (f->parent ? 8u : 0u);
    uint64_t h = ((uint64_t)a * 0x9e3779b97f4a7c15u) ^ ((uint64_t)f->b * 0xc2b2ae3d27d4eb4fu) ^
                 ((uint64_t)low * 0x165667b19e3779f9u) ^ ((uint64_t)high << 17) ^ kind;
    h ^= h >> 29;
    for (uint32_t i = 0; i < 4; i++) {
        struct local_slot *s = c->local + ((h + i) % LOCAL_SLOTS);
        if (s->kind == kind && s->a == a && s->b == f->b && s->low == low && s->high == high)
            return s;
    }
    struct local_slot *s = c->local + ((h + c->local_turn++ % 4) % LOCAL_SLOTS);
    for (uint32_t i = 0; i < 4; i++)
        if (!c->local[(h + i) % LOCAL_SLOTS].kind) s = c->local + ((h + i) % LOCAL_SLOTS);
    s->kind = 0;
    l.slot = s;
    local_fill(&l);
    if (l.full) return NULL;
    s->kind = kind;
    s->a = a;
    s->b = f->b;
    s->low = low;
    s->high = high;
    return s;
}

/* --- from the places where a frame ends --- */

/* A token below node i, for the bytes that lead there. */
static const char *path_of(const struct vocab_trie *v, const struct trie *t, uint32_t i)
{
    while (t->nodes[i].token < 0)
        i++;
    return tokenizer_piece(v->tokenizer, t->nodes[i].token).data;
}

/* Replays the bytes up to a place where a key ends. */
static void pop_key(struct constraint *c, uint32_t top, const struct trie *t, uint32_t i,
                    uint64_t *mask)
{
    struct run *r = &c->run;
    const struct trie_node *n = t->nodes + i;
    const char *bytes = path_of(c->vocab, t, i);
    uint32_t frames = r->frame_count, words = r->word_count;
    struct tops at = { { top }, 1 }, next;
    for (uint32_t k = 0; k < n->depth && at.count; k++) {
        next.count = 0;
        for (uint32_t j = 0; j < at.count; j++)
            run_step(r, at.items[j], (uint8_t)bytes[k], &next);
        at.count = next.count;
        memcpy(at.items, next.items, next.count * sizeof *next.items);
    }
    if (at.count) {
        set_token(c->vocab, mask, n->token);
        walk(c, t, i + 1, n->end, n->depth, &at, mask);
    }
    r->frame_count = frames;
    r->word_count = words;
}

static void walk_pops(struct constraint *c, const struct local_slot *s, uint32_t top,
                      uint64_t *mask)
{
    const struct vocab_trie *v = c->vocab;
    struct frame f = c->run.frames[top];
    struct tops parent = { { f.parent }, 1 };
    for (uint32_t k = 0; k < s->pop_count; k++) {
        if (s->pops[k] == POP_ROOT) {
            walk(c, &v->all, 0, v->all.count, 0, &parent, mask);
            continue;
        }
        const struct trie *t = s->pops[k] & POP_HARD ? &v->hard : &v->all;
        uint32_t i = s->pops[k] & ~POP_HARD;
        if (f.kind == FRAME_KEY) pop_key(c, top, t, i, mask);
        else walk(c, t, i + 1, t->nodes[i].end, t->nodes[i].depth, &parent, mask);
    }
}

static bool is_local(const struct constraint *c, const struct frame *f)
{
    if (f->kind == FRAME_AUTOMATON) return c->program.automata[f->a]->calls == NULL;
    if (f->kind == FRAME_KEY)
        return run_key_free(&c->run, f) && !c->facts[c->program.objects[f->a].key].bounded;
    return f->kind == FRAME_LENGTH;
}

/* Special tokens that the program names. */
static void add_specials(struct constraint *c, const struct tops *tops, uint64_t *mask)
{
    struct run *r = &c->run;
    for (size_t i = 0; i < c->special_count; i++) {
        uint32_t frames = r->frame_count, words = r->word_count, id = (uint32_t)c->specials[i];
        struct tops next = { .count = 0 };
        for (uint32_t k = 0; k < tops->count && !next.count; k++)
            run_step(r, tops->items[k], RUN_SYMBOL_TOKEN + id, &next);
        if (next.count) mask[id / 64] |= (uint64_t)1 << (id % 64);
        r->frame_count = frames;
        r->word_count = words;
    }
}

void mask_compute(struct constraint *c, const struct tops *tops, uint64_t *mask)
{
    const struct vocab_trie *v = c->vocab;
    struct tops rest = { .count = 0 };
    for (uint32_t i = 0; i < tops->count; i++) {
        const struct frame *f = c->run.frames + tops->items[i];
        const struct local_slot *s = is_local(c, f) ? local_find(c, f) : NULL;
        if (!s) {
            rest.items[rest.count++] = tops->items[i];
            continue;
        }
        for (uint32_t k = 0; k < v->word_count; k++)
            mask[k] |= s->mask[k];
        walk_pops(c, s, tops->items[i], mask);
    }
    if (rest.count) walk(c, &v->all, 0, v->all.count, 0, &rest, mask);
    if (c->special_count) add_specials(c, tops, mask);
}
