/* Fair share: whose turn it is, and who gives way.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Start-time fair queueing over tokens. Each class counts what it had, weighted; each tenant what it had
 * within a class. The turn is with whoever had least. Whoever comes back after a pause begins level with
 * the least of those who are there: a pause earns nothing. */
#include <assert.h>

#include "lm/sched/sched_inner.h"

#define RUN_TOKENS_MIN \
    32 /* a request has so many of its own before one of its class displaces it */

int class_weight(enum sched_class c)
{
    return c == SCHED_HIGH ? 16 : c == SCHED_NORMAL ? 4 : 1;
}

/* --- tenants --- */

static bool present(const struct tenant *t, enum sched_class c)
{
    return t->used && t->first[c];
}

static bool class_waits(const struct sched *s, enum sched_class c)
{
    for (int i = 0; i < s->tenant_max; i++) {
        if (present(&s->tenants[i], c)) return true;
    }
    return false;
}

struct tenant *tenant_of(struct sched *s, uint64_t id)
{
    struct tenant *free = NULL;
    for (int i = 0; i < s->tenant_max; i++) {
        struct tenant *t = &s->tenants[i];
        if (t->used && t->id == id) return t;
        if (!t->used && !free) free = t;
    }
    assert(free); /* as many as there can be requests */
    *free = (struct tenant){ .used = true, .id = id };
    return free;
}

void tenant_settle(struct tenant *t)
{
    if (t->waiting == 0 && t->running == 0) t->used = false;
}

/* The least that any other tenant or class with somebody waiting had. */
static uint64_t least_tenant(const struct sched *s, const struct tenant *but, enum sched_class c)
{
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < s->tenant_max; i++) {
        const struct tenant *t = &s->tenants[i];
        if (t != but && present(t, c) && t->had[c] < least) least = t->had[c];
    }
    return least;
}

static uint64_t least_class(const struct sched *s, enum sched_class but)
{
    uint64_t least = UINT64_MAX;
    for (int c = 0; c < SCHED_CLASS_COUNT; c++) {
        if (c != (int)but && class_waits(s, c) && s->class_had[c] < least) least = s->class_had[c];
    }
    return least;
}

static void catch_up(uint64_t *had, uint64_t least)
{
    if (least != UINT64_MAX && *had < least) *had = least;
}

void charge(struct sched *s, const struct request *r, uint64_t tokens)
{
    enum sched_class c = r->asked.priority;
    r->tenant->had[c] += tokens;
    s->class_had[c] += tokens * (uint64_t)(class_weight(SCHED_HIGH) / class_weight(c));
}

/* --- the queue --- */

void queue_push(struct sched *s, struct request *r)
{
    enum sched_class c = r->asked.priority;
    struct tenant *t = r->tenant;
    if (!class_waits(s, c)) catch_up(&s->class_had[c], least_class(s, c));
    if (!present(t, c)) catch_up(&t->had[c], least_tenant(s, t, c));
    struct request **link = &t->first[c];
    while (*link && (*link)->id < r->id)
        link = &(*link)->behind;
    r->behind = *link;
    *link = r;
    t->waiting++;
    s->waiting_count++;
}

void queue_remove(struct sched *s, struct request *r)
{
    struct request **link = &r->tenant->first[r->asked.priority];
    while (*link != r)
        link = &(*link)->behind;
    *link = r->behind;
    r->behind = NULL;
    r->tenant->waiting--;
    s->waiting_count--;
}

static int next_class(const struct sched *s)
{
    int best = -1;
    const enum sched_class by_weight[SCHED_CLASS_COUNT] = { SCHED_HIGH, SCHED_NORMAL, SCHED_LOW };
    for (int i = 0; i < SCHED_CLASS_COUNT; i++) {
        int c = (int)by_weight[i];
        if (!class_waits(s, c)) continue;
        if (best < 0 || s->class_had[c] < s->class_had[best]) best = c;
    }
    return best;
}

struct request *queue_next(const struct sched *s)
{
    int c = next_class(s);
    const struct tenant *best = NULL;
    for (int i = 0; c >= 0 && i < s->tenant_max; i++) {
        const struct tenant *t = &s->tenants[i];
        if (!present(t, c)) continue;
        if (!best || t->had[c] < best->had[c] ||
            (t->had[c] == best->had[c] && t->first[c]->id < best->first[c]->id))
            best = t;
    }
    return best ? best->first[c] : NULL;
}

/* --- who gives way --- */

/* Lowest class first, then whoever came last. */
static bool gives_way_before(const struct request *a, const struct request *b)
{
    int wa = class_weight(a->asked.priority), wb = class_weight(b->asked.priority);
    return wa != wb ? wa < wb : a->order > b->order;
}

struct request *victim_of_pages(const struct sched *s)
{
    struct request *victim = NULL;
    for (int i = 1; i < s->running_count; i++) {
        struct request *r = s->running[i];
        if (!victim || gives_way_before(r, victim)) victim = r;
    }
    return victim;
}

static bool may_displace(const struct sched *s, const struct request *r, const struct request *v)
{
    if (v->displaced >= SCHED_DISPLACED_MAX) return false;
    int wr = class_weight(r->asked.priority), wv = class_weight(v->asked.priority);
    if (wr != wv) return wr > wv;
    return r->tenant->running == 0 && v->tenant->running > 1 &&
           v->known >= v->prompt_end + RUN_TOKENS_MIN &&
           s->now_ns - r->submitted_ns >= s->options.patience_ns;
}

struct request *victim_for(const struct sched *s, const struct request *r)
{
    struct request *victim = NULL;
    for (int i = 0; i < s->running_count && !s->options.reserve; i++) {
        struct request *v = s->running[i];
        if (may_displace(s, r, v) && (!victim || gives_way_before(v, victim))) victim = v;
    }
    return victim;
}
