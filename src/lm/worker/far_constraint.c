/* The constraints that a worker remembers, and the state of each answer that follows one.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/worker/far_constraint.h"

#include <string.h>

#include "base/core/digest.h"
#include "base/core/mem.h"

/* Compiled, or refused for good. */
struct entry {
    uint8_t digest[SHA256_BYTES];
    struct constraint *constraint; /* NULL: refused, `error` says why */
    struct error error;
    int users;
    uint64_t used; /* greater: later */
    struct entry *next;
};

struct far_constraints {
    const struct tokenizer *tokenizer;
    struct vocab_trie *vocab; /* NULL until the first */
    size_t mask_words;
    int32_t ends[CONSTRAINT_ENDS_MAX];
    size_t end_count;
    struct entry *entries;
    uint64_t turn;
    struct far_constraints_stats stats;
};

struct far_constraint {
    struct far_constraints *all;
    struct entry *entry;
    struct constraint_state *state;
    uint64_t *mask; /* [all->mask_words] */
    bool complete;
};

/* ---- what is remembered ---- */

enum status far_constraints_new(struct far_constraints **ret, const struct tokenizer *t,
                                int64_t mask_bits, const int32_t *ends, size_t end_count,
                                struct error *err)
{
    int64_t bits = tokenizer_vocab_size(t);
    if (end_count > CONSTRAINT_ENDS_MAX)
        return error_set(err, STATUS_LIMIT, "more than %d tokens end a turn", CONSTRAINT_ENDS_MAX);
    struct far_constraints *all = mem_zero(sizeof *all);
    if (!all) return error_set(err, STATUS_NO_MEMORY, "no memory for constraints");
    if (mask_bits > bits) bits = mask_bits;
    all->tokenizer = t;
    all->mask_words = (size_t)(bits + 63) / 64;
    all->end_count = end_count;
    if (end_count) memcpy(all->ends, ends, end_count * sizeof *ends);
    *ret = all;
    return STATUS_OK;
}

static void entry_free(struct entry *e)
{
    constraint_free(e->constraint);
    mem_free(e);
}

void far_constraints_free(struct far_constraints *all)
{
    if (!all) return;
    while (all->entries) {
        struct entry *e = all->entries;
        all->entries = e->next;
        entry_free(e);
    }
    vocab_trie_free(all->vocab);
    mem_free(all);
}

struct far_constraints_stats far_constraints_stats(const struct far_constraints *all)
{
    return all->stats;
}

static struct entry *find(struct far_constraints *all, const uint8_t digest[SHA256_BYTES])
{
    for (struct entry *e = all->entries; e; e = e->next)
        if (memcmp(e->digest, digest, SHA256_BYTES) == 0) return e;
    return NULL;
}

/* Forgets the one that was not used for longest; those in use stay. */
static void make_room(struct far_constraints *all)
{
    struct entry **oldest = NULL;
    if (all->stats.remembered < FAR_CONSTRAINTS_MAX) return;
    for (struct entry **at = &all->entries; *at; at = &(*at)->next)
        if (!(*at)->users && (!oldest || (*at)->used < (*oldest)->used)) oldest = at;
    if (!oldest) return;
    struct entry *e = *oldest;
    *oldest = e->next;
    entry_free(e);
    all->stats.remembered--;
}

static enum status compile(struct far_constraints *all, struct entry *e, struct span spec,
                           struct error *err)
{
    struct json_doc *doc;
    enum status st = STATUS_OK;
    if (!all->vocab) st = vocab_trie_new(&all->vocab, all->tokenizer, err);
    if (!st)
        st =
            json_parse(&doc, spec.data, spec.len, CONSTRAINT_SPEC_BYTES_MAX, "the constraint", err);
    if (st) return st;
    st = constraint_compile(&e->constraint, json_root(doc), all->vocab, all->ends, all->end_count,
                            &e->error);
    json_doc_free(doc);
    /* A refusal is remembered like the rest; lack of memory may pass. */
    if (st == STATUS_NO_MEMORY) return error_set(err, st, "%s", e->error.text);
    if (st) all->stats.refused++;
    else {
        all->stats.compiled++;
        all->stats.compile_ns += constraint_facts(e->constraint).compile_ns;
    }
    return STATUS_OK;
}

static enum status entry_of(struct far_constraints *all, struct span spec, struct entry **ret,
                            struct error *err)
{
    uint8_t digest[SHA256_BYTES];
    enum status st = sha256_of(spec.data, spec.len, digest, err);
    if (st) return st;
    if ((*ret = find(all, digest))) {
        all->stats.found++;
        return STATUS_OK;
    }
    make_room(all);
    struct entry *e = mem_zero(sizeof *e);
    if (!e) return error_set(err, STATUS_NO_MEMORY, "no memory for a constraint");
    memcpy(e->digest, digest, sizeof digest);
    st = compile(all, e, spec, err);
    if (st) {
        mem_free(e);
        return st;
    }
    e->next = all->entries;
    all->entries = e;
    all->stats.remembered++;
    *ret = e;
    return STATUS_OK;
}

/* ---- one answer ---- */

static bool only_ends(const struct far_constraint *c)
{
    const struct far_constraints *all = c->all;
    for (size_t i = 0; i < all->mask_words; i++) {
        uint64_t word = c->mask[i];
        for (size_t k = 0; k < all->end_count && word; k++)
            if ((size_t)all->ends[k] / 64 == i) word &= ~((uint64_t)1 << (all->ends[k] % 64));
        if (word) return false;
    }
    return true;
}

static enum status fill(struct far_constraint *c, struct error *err)
{
    enum status st = constraint_fill(c->state, c->mask, err);
    bool may_end = constraint_may_end(c->state);
    /* A model without end tokens is at its end where nothing can follow. */
    if (st == STATUS_FAILED && may_end && c->all->end_count == 0) {
        c->complete = true;
        return STATUS_OK;
    }
    if (!st) c->complete = constraint_ended(c->state) || (may_end && only_ends(c));
    return st;
}

enum status far_constraint_new(struct far_constraint **ret, struct far_constraints *all,
                               struct span spec, struct error *err)
{
    struct entry *e;
    enum status st = entry_of(all, spec, &e, err);
    if (st) return st;
    e->used = ++all->turn;
    if (!e->constraint) return error_set(err, e->error.status, "%s", e->error.text);
    struct far_constraint *c = mem_zero(sizeof *c);
    if (!c) return error_set(err, STATUS_NO_MEMORY, "no memory for a constraint");
    c->all = all;
    c->entry = e;
    e->users++;
    c->mask = mem_array(all->mask_words, sizeof *c->mask);
    st = c->mask ? constraint_state_new(&c->state, e->constraint, err)
                 : error_set(err, STATUS_NO_MEMORY, "no memory for a constraint");
    if (!st) st = fill(c, err);
    if (st) far_constraint_free(c);
    else *ret = c;
    return st;
}

void far_constraint_free(struct far_constraint *c)
{
    if (!c) return;
    constraint_state_free(c->state);
    mem_free(c->mask);
    c->entry->users--;
    mem_free(c);
}

const uint64_t *far_constraint_mask(const struct far_constraint *c)
{
    return c->mask;
}

enum status far_constraint_accept(struct far_constraint *c, int32_t id, struct error *err)
{
    enum status st = constraint_accept(c->state, id, err);
    return st ? st : fill(c, err);
}

bool far_constraint_complete(const struct far_constraint *c)
{
    return c->complete;
}

/* The one token of the mask, -1 where there are several. */
static int32_t only_token(const struct far_constraint *c)
{
    int32_t found = -1;
    for (size_t i = 0; i < c->all->mask_words; i++) {
        uint64_t word = c->mask[i];
        if (!word) continue;
        if (found >= 0 || (word & (word - 1))) return -1;
        found = (int32_t)(i * 64 + (size_t)__builtin_ctzll(word));
    }
    return found;
}

size_t far_constraint_forced(struct far_constraint *c, int32_t *ret, size_t room, struct error *err)
{
    size_t n = 0;
    while (n < room && !c->complete) {
        int32_t id = only_token(c);
        if (id < 0 || far_constraint_accept(c, id, err)) break;
        ret[n++] = id;
    }
    return n;
}
