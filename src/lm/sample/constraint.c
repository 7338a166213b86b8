/* Constraints and their states: the calls of the generation loop.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/sample/constraint.h"

#include <string.h>

#include "base/core/clock.h"
#include "lm/sample/constraint_inner.h"

/* --- the constraint --- */

static enum status no_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "no memory for the constraint");
}

static bool reserve(struct constraint *c)
{
    size_t words = c->vocab->word_count;
    c->run.frames = mem_alloc(RUN_FRAMES_MAX * sizeof *c->run.frames);
    c->run.words = mem_alloc(RUN_WORDS_MAX * sizeof *c->run.words);
    c->levels = mem_alloc((VOCAB_TOKEN_BYTES_MAX + 1) * sizeof *c->levels);
    c->mask_memory = mem_alloc((LOCAL_SLOTS + STATE_SLOTS) * words * sizeof *c->mask_memory);
    c->pop_memory = mem_alloc(LOCAL_SLOTS * POPS_MAX * sizeof *c->pop_memory);
    if (!c->run.frames || !c->run.words || !c->levels || !c->mask_memory || !c->pop_memory)
        return false;
    for (size_t i = 0; i < LOCAL_SLOTS; i++) {
        c->local[i].mask = c->mask_memory + i * words;
        c->local[i].pops = c->pop_memory + i * POPS_MAX;
    }
    for (size_t i = 0; i < STATE_SLOTS; i++)
        c->states[i].mask = c->mask_memory + (LOCAL_SLOTS + i) * words;
    c->run.program = &c->program;
    c->run.facts = c->facts;
    return true;
}

enum status constraint_compile(struct constraint **ret, const struct json *spec,
                               const struct vocab_trie *vocab, const int32_t *ends,
                               size_t end_count, struct error *err)
{
    int64_t begin = clock_monotonic_ns();
    if (end_count > CONSTRAINT_ENDS_MAX)
        return error_set(err, STATUS_LIMIT, "more than %d tokens end a turn", CONSTRAINT_ENDS_MAX);
    struct constraint *c = mem_zero(sizeof *c);
    if (!c) return no_memory(err);
    c->vocab = vocab;
    build_init(&c->build);
    for (size_t i = 0; i < end_count; i++)
        if (ends[i] >= 0 && (uint32_t)ends[i] < vocab->token_count)
            c->ends[c->end_count++] = ends[i];
    if (!constraint_build(c, spec)) {
        /* A refusal that nobody gave a status must not pass for success. */
        enum status why = c->build.status ? c->build.status : STATUS_FAILED;
        enum status st = error_set(err, why, "%s", c->build.err.text);
        constraint_free(c);
        return st;
    }
    if (!reserve(c)) {
        constraint_free(c);
        return no_memory(err);
    }
    c->compile_ns = clock_monotonic_ns() - begin;
    *ret = c;
    return STATUS_OK;
}

void constraint_free(struct constraint *c)
{
    if (!c) return;
    build_release(&c->build);
    mem_free(c->run.frames);
    mem_free(c->run.words);
    mem_free(c->levels);
    mem_free(c->mask_memory);
    mem_free(c->pop_memory);
    mem_free(c);
}

struct constraint_facts constraint_facts(const struct constraint *c)
{
    const struct program *p = &c->program;
    struct constraint_facts f = { .type = c->type,
                                  .automata = p->automaton_count,
                                  .nodes = p->node_count,
                                  .objects = p->object_count,
                                  .arrays = p->array_count,
                                  .bytes = c->build.arena.used_bytes,
                                  .compile_ns = c->compile_ns };
    for (uint32_t i = 0; i < p->automaton_count; i++)
        f.states += p->automata[i]->states;
    return f;
}

size_t constraint_mask_words(const struct constraint *c)
{
    return c->vocab->word_count;
}

/* --- states --- */

enum status constraint_state_new(struct constraint_state **ret, struct constraint *c,
                                 struct error *err)
{
    struct constraint_state *s = mem_zero(sizeof *s);
    if (!s) return no_memory(err);
    s->c = c;
    s->frames = mem_alloc(RUN_FRAMES_MAX * sizeof *s->frames);
    s->words = mem_alloc(RUN_WORDS_MAX * sizeof *s->words);
    if (!s->frames || !s->words) {
        constraint_state_free(s);
        return no_memory(err);
    }
    constraint_state_reset(s);
    *ret = s;
    return STATUS_OK;
}

void constraint_state_free(struct constraint_state *s)
{
    if (!s) return;
    mem_free(s->frames);
    mem_free(s->words);
    mem_free(s);
}

void constraint_state_reset(struct constraint_state *s)
{
    struct tops tops = { .count = 0 };
    s->ended = false;
    s->c->run.overflow = false;
    run_start(&s->c->run, &tops);
    state_store(s, &tops);
}

void constraint_state_copy(struct constraint_state *to, const struct constraint_state *from)
{
    memcpy(to->frames, from->frames, from->frame_count * sizeof *to->frames);
    if (from->word_count) memcpy(to->words, from->words, from->word_count * sizeof *to->words);
    to->frame_count = from->frame_count;
    to->word_count = from->word_count;
    to->tops.count = from->tops.count;
    memcpy(to->tops.items, from->tops.items, from->tops.count * sizeof *to->tops.items);
    to->ended = from->ended;
}

void state_load(const struct constraint_state *s)
{
    struct run *r = &s->c->run;
    memcpy(r->frames, s->frames, s->frame_count * sizeof *r->frames);
    if (s->word_count) memcpy(r->words, s->words, s->word_count * sizeof *r->words);
    r->frame_count = s->frame_count;
    r->word_count = s->word_count;
    r->overflow = false;
    r->work = 0;
}

/* What a configuration needs, marked by a depth that no frame has. */
static void mark(struct run *r, uint32_t top)
{
    while (top && r->frames[top].depth != UINT8_MAX) {
        r->frames[top].depth = UINT8_MAX;
        if (r->frames[top].kind == FRAME_OBJECT) mark(r, r->frames[top].seen);
        top = r->frames[top].parent;
    }
}

void state_store(struct constraint_state *s, const struct tops *tops)
{
    struct run *r = &s->c->run;
    const struct program *p = r->program;
    struct frame *frames = s->frames;
    for (uint32_t i = 0; i < tops->count; i++)
        mark(r, tops->items[i]);
    memset(frames, 0, sizeof *frames);
    s->frame_count = 1;
    s->word_count = 0;
    for (uint32_t i = 1; i < r->frame_count; i++) {
        struct frame f = r->frames[i];
        if (f.depth != UINT8_MAX) continue;
        /* A frame that was moved has its new place in its parent field. */
        if (f.parent) f.parent = r->frames[f.parent].parent;
        if (f.kind == FRAME_OBJECT) {
            uint32_t n = p->objects[f.a].word_count;
            memcpy(s->words + s->word_count, r->words + f.words, n * sizeof *s->words);
            f.words = s->word_count;
            s->word_count += n;
            if (f.seen) f.seen = r->frames[f.seen].parent;
        }
        f.depth = f.parent && f.kind != FRAME_SEEN ? (uint8_t)(frames[f.parent].depth + 1) : 0;
        r->frames[i].parent = s->frame_count; /* where it lies now */
        frames[s->frame_count++] = f;
    }
    s->tops.count = tops->count;
    for (uint32_t i = 0; i < tops->count; i++)
        s->tops.items[i] = tops->items[i] ? r->frames[tops->items[i]].parent : 0;
}

/* --- the loop --- */

static void hash_bytes(uint64_t key[2], const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    uint64_t word;
    for (; n >= sizeof word; n -= sizeof word, p += sizeof word) {
        memcpy(&word, p, sizeof word);
        key[0] = (key[0] ^ word) * 0x9e3779b97f4a7c15u;
        key[0] ^= key[0] >> 32;
        key[1] = (key[1] + word) * 0xc2b2ae3d27d4eb4fu;
        key[1] ^= key[1] >> 29;
    }
    for (; n; n--, p++) {
        key[0] = (key[0] ^ *p) * 0x100000001b3u;
        key[1] = (key[1] + *p) * 0xc2b2ae3d27d4eb4fu;
    }
}

static struct state_slot *state_slot(const struct constraint_state *s, bool *ret_known)
{
    struct constraint *c = s->c;
    uint64_t key[2] = { 1, 2 };
    hash_bytes(key, s->frames, s->frame_count * sizeof *s->frames);
    hash_bytes(key, s->words, s->word_count * sizeof *s->words);
    hash_bytes(key, s->tops.items, s->tops.count * sizeof *s->tops.items);
    *ret_known = true;
    for (size_t i = 0; i < STATE_SLOTS; i++)
        if (c->states[i].key[0] == key[0] && c->states[i].key[1] == key[1]) return c->states + i;
    struct state_slot *slot = c->states + c->state_turn++ % STATE_SLOTS;
    memcpy(slot->key, key, sizeof key);
    *ret_known = false;
    return slot;
}

static void set_ends(const struct constraint *c, uint64_t *mask)
{
    for (size_t i = 0; i < c->end_count; i++)
        mask[(uint32_t)c->ends[i] / 64] |= (uint64_t)1 << ((uint32_t)c->ends[i] % 64);
}

static enum status check_overflow(const struct run *r, struct error *err)
{
    if (!r->overflow) return STATUS_OK;
    return error_set(
        err, STATUS_LIMIT,
        "the text nests deeper, has more members in one object, or leaves more choices "
        "open than the constraint can follow");
}

enum status constraint_fill(struct constraint_state *s, uint64_t *mask, struct error *err)
{
    struct constraint *c = s->c;
    size_t words = c->vocab->word_count;
    bool known = false, any = false;
    memset(mask, 0, words * sizeof *mask);
    if (!s->ended) {
        struct state_slot *slot = state_slot(s, &known);
        if (!known) {
            state_load(s);
            memset(slot->mask, 0, words * sizeof *mask);
            mask_compute(c, &s->tops, slot->mask);
            enum status st = check_overflow(&c->run, err);
            if (st) {
                memset(slot->key, 0, sizeof slot->key);
                return st;
            }
        }
        memcpy(mask, slot->mask, words * sizeof *mask);
    }
    if (s->ended || constraint_may_end(s)) set_ends(c, mask);
    for (size_t i = 0; i < words && !any; i++)
        any = mask[i] != 0;
    if (any) return STATUS_OK;
    return error_set(err, STATUS_FAILED,
                     "no token of the vocabulary goes on from here as the constraint asks");
}

static bool is_end(const struct constraint *c, int32_t id)
{
    for (size_t i = 0; i < c->end_count; i++)
        if (c->ends[i] == id) return true;
    return false;
}

/* Steps the loaded run from `tops` over the symbol, in place. */
static bool step_all(struct run *r, struct tops *tops, uint32_t symbol)
{
    struct tops next;
    next.count = 0;
    for (uint32_t i = 0; i < tops->count; i++)
        run_step(r, tops->items[i], symbol, &next);
    if (!next.count) return false;
    tops->count = next.count;
    memcpy(tops->items, next.items, next.count * sizeof *next.items);
    return true;
}

static enum status not_allowed(const struct constraint *c, int32_t id, struct error *err)
{
    struct span piece = tokenizer_piece(c->vocab->tokenizer, id);
    return error_set(err, STATUS_BAD_INPUT,
                     "the constraint does not allow token %d (\"%.*s\") here", id,
                     (int)(piece.len < 60 ? piece.len : 60), piece.data ? piece.data : "");
}

enum status constraint_accept(struct constraint_state *s, int32_t id, struct error *err)
{
    struct constraint *c = s->c;
    bool ok = !s->ended && id >= 0 && (uint32_t)id < c->vocab->token_count;
    if (is_end(c, id) && (s->ended || constraint_may_end(s))) {
        s->ended = true;
        return STATUS_OK;
    }
    if (!ok) return not_allowed(c, id, err);
    struct tops tops = s->tops;
    state_load(s);
    ok = false;
    for (size_t i = 0; i < c->special_count; i++)
        if (c->specials[i] == id) ok = step_all(&c->run, &tops, RUN_SYMBOL_TOKEN + (uint32_t)id);
    if (!ok && !tokenizer_is_special(c->vocab->tokenizer, id)) {
        struct span piece = tokenizer_piece(c->vocab->tokenizer, id);
        ok = piece.len > 0;
        for (size_t i = 0; i < piece.len && ok; i++)
            ok = step_all(&c->run, &tops, (uint8_t)piece.data[i]);
    }
    enum status st = check_overflow(&c->run, err);
    if (st) return st;
    if (!ok) return not_allowed(c, id, err);
    state_store(s, &tops);
    return STATUS_OK;
}

size_t constraint_accept_text(struct constraint_state *s, const char *text, size_t len)
{
    struct constraint *c = s->c;
    struct tops tops = s->tops;
    size_t n = 0;
    for (; n < len && !s->ended; n++) {
        state_load(s);
        if (!step_all(&c->run, &tops, (uint8_t)text[n]) || c->run.overflow) break;
        state_store(s, &tops);
        tops = s->tops;
    }
    return n;
}

bool constraint_may_end(const struct constraint_state *s)
{
    struct run r = s->c->run;
    r.frames = s->frames;
    for (uint32_t i = 0; i < s->tops.count; i++)
        if (run_may_end(&r, s->tops.items[i])) return true;
    return false;
}

bool constraint_ended(const struct constraint_state *s)
{
    return s->ended;
}

/* The only byte that leads on, -1 where there are several, or none. */
static int only_byte(struct constraint *c, const struct tops *tops)
{
    struct run *r = &c->run;
    uint32_t frames = r->frame_count, words = r->word_count;
    int found = -1;
    for (int byte = 0; byte < 256; byte++) {
        struct tops next;
        next.count = 0;
        for (uint32_t i = 0; i < tops->count && !next.count; i++)
            run_step(r, tops->items[i], (uint32_t)byte, &next);
        r->frame_count = frames;
        r->word_count = words;
        if (!next.count) continue;
        if (found >= 0) return -1;
        found = byte;
    }
    return found;
}

static bool special_possible(struct constraint *c, const struct tops *tops)
{
    struct run *r = &c->run;
    uint32_t frames = r->frame_count, words = r->word_count;
    bool any = false;
    for (size_t i = 0; i < c->special_count && !any; i++) {
        struct tops next;
        next.count = 0;
        for (uint32_t k = 0; k < tops->count; k++)
            run_step(r, tops->items[k], RUN_SYMBOL_TOKEN + (uint32_t)c->specials[i], &next);
        any = next.count > 0;
        r->frame_count = frames;
        r->word_count = words;
    }
    return any;
}

enum status constraint_forced(struct constraint_state *s, size_t max_bytes, struct buf *out,
                              struct error *err)
{
    struct constraint *c = s->c;
    struct tops tops = s->tops;
    state_load(s);
    for (size_t n = 0; n < max_bytes && !s->ended; n++) {
        bool may_end = false;
        for (uint32_t i = 0; i < tops.count && !may_end; i++)
            may_end = run_may_end(&c->run, tops.items[i]);
        int byte = may_end || special_possible(c, &tops) ? -1 : only_byte(c, &tops);
        if (byte < 0 || !step_all(&c->run, &tops, (uint32_t)byte)) break;
        buf_byte(out, (char)byte);
    }
    return buf_check(out, "the forced text", err);
}
