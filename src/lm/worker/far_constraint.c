/* The constraints that a worker remembers, and the state of each answer that follows one.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/worker/far_constraint.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/core/digest.h"
#include "base/core/mem.h"

#define FORCED_BYTES_MAX 256 /* of text that is taken at once */

/* Compiled, or refused for good. */
struct entry {
    uint8_t digest[SHA256_BYTES];
    struct constraint *constraint; /* NULL: refused, `error` says why */
    struct error error;
    int users;
    bool met;      /* by who asked for it first, who may have had to come again */
    uint64_t used; /* greater: later */
    struct entry *next;
};

/* What is being compiled. `lock` guards `done` and `ended`; the rest is the thread's until it is done. */
struct compiler {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool done;
    const struct far_constraints *all;
    struct entry *entry; /* NULL: nothing */
    struct buf spec;
    struct vocab_trie *vocab;
};

struct far_constraints {
    const struct tokenizer *tokenizer;
    struct vocab_trie *vocab; /* NULL until the first */
    size_t mask_words;
    int32_t ends[CONSTRAINT_ENDS_MAX];
    size_t end_count;
    struct entry *entries;
    uint64_t turn;
    struct compiler compiler;
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
    pthread_mutex_init(&all->compiler.lock, NULL);
    pthread_cond_init(&all->compiler.ended, NULL);
    *ret = all;
    return STATUS_OK;
}

static void entry_free(struct entry *e)
{
    constraint_free(e->constraint);
    mem_free(e);
}

static void collect(struct far_constraints *all);

void far_constraints_free(struct far_constraints *all)
{
    if (!all) return;
    if (all->compiler.entry) collect(all);
    pthread_mutex_destroy(&all->compiler.lock);
    pthread_cond_destroy(&all->compiler.ended);
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
    return all ? all->stats : (struct far_constraints_stats){ 0 };
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

/* ---- compiling ---- */

/* Runs in the thread: everything it needs and makes is in here, and nobody else looks until `done`. */
static void compile(struct compiler *x)
{
    struct json_doc *doc;
    enum status st = STATUS_OK;
    struct entry *e = x->entry;
    const struct far_constraints *all = x->all;
    if (!x->vocab) st = vocab_trie_new(&x->vocab, all->tokenizer, &e->error);
    if (!st)
        st = json_parse(&doc, x->spec.data, x->spec.len, CONSTRAINT_SPEC_BYTES_MAX,
                        "the constraint", &e->error);
    if (st) return;
    constraint_compile(&e->constraint, json_root(doc), x->vocab, all->ends, all->end_count,
                       &e->error);
    json_doc_free(doc);
}

static void *run_compiler(void *ctx)
{
    struct compiler *x = ctx;
    compile(x);
    pthread_mutex_lock(&x->lock);
    x->done = true;
    pthread_cond_signal(&x->ended);
    pthread_mutex_unlock(&x->lock);
    return NULL;
}

/* What the thread has made becomes ours. Lack of memory may pass: it is not remembered. */
static void collect(struct far_constraints *all)
{
    struct compiler *x = &all->compiler;
    struct entry *e = x->entry;
    pthread_join(x->thread, NULL);
    x->entry = NULL;
    buf_release(&x->spec);
    all->vocab = x->vocab;
    if (e->constraint) {
        all->stats.compiled++;
        all->stats.compile_ns += constraint_facts(e->constraint).compile_ns;
    } else {
        all->stats.refused++;
    }
    make_room(all);
    e->next = all->entries;
    all->entries = e;
    all->stats.remembered++;
}

/* Whether it is done, within `wait_ms`. */
static bool wait_for(struct compiler *x, int wait_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (long)wait_ms * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&x->lock);
    while (!x->done && wait_ms && pthread_cond_timedwait(&x->ended, &x->lock, &until) == 0) {}
    bool done = x->done;
    pthread_mutex_unlock(&x->lock);
    return done;
}

bool far_constraints_settled(struct far_constraints *all)
{
    if (!all || !all->compiler.entry) return true;
    if (!wait_for(&all->compiler, 0)) return false;
    collect(all);
    return true;
}

static enum status start(struct far_constraints *all, const uint8_t digest[SHA256_BYTES],
                         struct span spec, struct error *err)
{
    struct compiler *x = &all->compiler;
    struct entry *e = mem_zero(sizeof *e);
    struct buf text = BUF_INIT(CONSTRAINT_SPEC_BYTES_MAX);
    buf_append(&text, spec.data, spec.len);
    enum status st = buf_check(&text, "the constraint", err);
    if (!st && !e) st = error_set(err, STATUS_NO_MEMORY, "no memory for a constraint");
    if (!st) {
        memcpy(e->digest, digest, SHA256_BYTES);
        e->used = ++all->turn;
        x->all = all;
        x->entry = e;
        x->spec = text;
        x->vocab = all->vocab;
        x->done = false;
        if (pthread_create(&x->thread, NULL, run_compiler, x))
            st = error_set(err, STATUS_NO_MEMORY, "no thread could be started for a constraint");
    }
    if (!st) return STATUS_OK;
    x->entry = NULL;
    buf_release(&text);
    mem_free(e);
    return st;
}

/* *ret NULL: not yet. */
static enum status entry_of(struct far_constraints *all, struct span spec, struct entry **ret,
                            struct error *err)
{
    uint8_t digest[SHA256_BYTES];
    enum status st = sha256_of(spec.data, spec.len, digest, err);
    if (st) return st;
    bool settled = far_constraints_settled(all);
    if ((*ret = find(all, digest))) {
        all->stats.found += (*ret)->met;
        (*ret)->met = true;
        return STATUS_OK;
    }
    if (!settled) return STATUS_OK;
    st = start(all, digest, spec, err);
    if (st || !wait_for(&all->compiler, FAR_COMPILE_WAIT_MS)) return st;
    collect(all);
    *ret = find(all, digest);
    (*ret)->met = true;
    return STATUS_OK;
}

/* Nobody waits for a failure that may pass to be tried again. */
static void forget(struct far_constraints *all, struct entry *e)
{
    struct entry **at = &all->entries;
    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    all->stats.remembered--;
    entry_free(e);
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
    *ret = NULL;
    if (st || !e) return st;
    e->used = ++all->turn;
    if (!e->constraint) {
        st = error_set(err, e->error.status, "%s", e->error.text);
        if (st == STATUS_NO_MEMORY) forget(all, e);
        return st;
    }
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

/* Whether the tokens spell the text: some tokenizers normalise, or put a space in front. */
static bool spells(const struct tokenizer *t, const struct token_list *ids, const struct buf *text)
{
    size_t at = 0;
    for (size_t i = 0; i < ids->count; i++) {
        struct span p = tokenizer_piece(t, ids->ids[i]);
        if (p.len > text->len - at || memcmp(p.data, text->data + at, p.len) != 0) return false;
        at += p.len;
    }
    return at == text->len;
}

/* The tokens of the text that has to come, as the tokenizer cuts it. The last is left to the model: how it
 * is cut depends on what follows. */
static enum status forced_text(struct far_constraint *c, struct token_list *ids, struct error *err)
{
    const struct tokenizer *t = c->all->tokenizer;
    struct buf text = BUF_INIT(FORCED_BYTES_MAX + 1);
    enum status st = constraint_forced(c->state, FORCED_BYTES_MAX, &text, err);
    if (!st && text.len > 1) {
        st = tokenizer_encode(t, text.data, text.len, false, ids, err);
        ids->count = !st && spells(t, ids, &text) && ids->count ? ids->count - 1 : 0;
    }
    buf_release(&text);
    return st;
}

static bool is_allowed(const struct far_constraint *c, int32_t id)
{
    return c->mask[id / 64] >> (id % 64) & 1;
}

static size_t take_text(struct far_constraint *c, int32_t *ret, size_t room, struct error *err)
{
    struct token_list ids = { 0 };
    size_t n = 0;
    enum status st = forced_text(c, &ids, err);
    for (size_t i = 0; i < ids.count && i < room && !st && is_allowed(c, ids.ids[i]); i++) {
        st = far_constraint_accept(c, ids.ids[i], err);
        if (!st) ret[n++] = ids.ids[i];
    }
    token_list_release(&ids);
    return n;
}

size_t far_constraint_forced(struct far_constraint *c, int32_t *ret, size_t room, struct error *err)
{
    size_t n = 0;
    while (n < room && !c->complete && !err->status) {
        int32_t id = only_token(c);
        size_t more = 0;
        if (id >= 0 && !far_constraint_accept(c, id, err)) ret[n + more++] = id;
        else if (id < 0) more = take_text(c, ret + n, room - n, err);
        if (!more) break;
        n += more;
    }
    return n;
}
