/* The scheduler's own structs, shared by the files of lm/sched only.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LM_SCHED_SCHED_INNER_H
#define LM_SCHED_SCHED_INNER_H

#include "lm/sched/sched.h"

#define SCHED_SLOTS_MAX 256

struct tenant;

struct request {
    struct sched_request asked; /* tokens: our own, see below */
    uint64_t id;
    int32_t *tokens;        /* [room_end]: the prompt, then what next() gave */
    size_t known, room_end; /* room_end: known when it must end; the last token is not evaluated */
    size_t evaluated_most;  /* before it gave way */
    struct tenant *tenant;
    struct request *behind; /* in its tenant's queue, by id */
    bool cancelled;         /* from within a callback: ends with the step */

    struct session *session; /* while it runs */
    uint64_t order;          /* of letting in: greater came later */
    size_t prompt_end;       /* what is known when it is let in: up to there it is prompt */
    size_t give;             /* tokens in the step that is being made */
    bool follows;            /* another evaluates the same tokens; it looks again afterwards */
    bool restores;           /* the store may have more of its prompt */

    int64_t submitted_ns, let_in_ns;
    bool was_in; /* let in at least once: let_in_ns and cached count */
    int64_t cached, restored;
    size_t prompt_told; /* rows given to asked.prompt */
    int displaced;
};

struct tenant {
    bool used;
    uint64_t id;
    int waiting, running;
    uint64_t had[SCHED_CLASS_COUNT]; /* tokens, from a common zero */
    struct request *first[SCHED_CLASS_COUNT];
};

struct sched {
    struct engine *engine;
    struct sched_options options;
    bool stepping;
    uint64_t id_last, order_last;
    int64_t now_ns;
    double service_s; /* running mean of a request's time from letting in to its end */

    struct tenant *tenants; /* [tenant_max] */
    int tenant_max;
    uint64_t class_had[SCHED_CLASS_COUNT]; /* tokens times weight of the others */
    struct session **sessions;             /* [slots_max], those in use are requests' */
    struct request **running;              /* [slots_max], by order */
    int running_count, waiting_count;
    struct session_feed *feeds; /* [slots_max] of the step that is being made, and whose they are */
    struct request **fed;
    struct sched_happened happened;
    struct sched_stats stats;
};

/* --- sched_queue.c: who waits, and who comes next --- */
struct tenant *tenant_of(struct sched *s, uint64_t id); /* there is always room */
void queue_push(struct sched *s, struct request *r);
void queue_remove(struct sched *s, struct request *r);
/* Whose turn it is; NULL: nobody waits. */
struct request *queue_next(const struct sched *s);
/* The tenant and class of `r` had so many tokens more. */
void charge(struct sched *s, const struct request *r, uint64_t tokens);
/* Tenants without requests are forgotten. */
void tenant_settle(struct tenant *t);
int class_weight(enum sched_class c);
/* The running request that would give way when pages are short; never the oldest. NULL: none. */
struct request *victim_of_pages(const struct sched *s);
/* The one that would give way to `r`, which waits; NULL: none has to. */
struct request *victim_for(const struct sched *s, const struct request *r);

/* --- sched.c --- */
/* Ends r, running or waiting, and frees it. */
void request_end(struct sched *s, struct request *r, enum sched_reason reason,
                 const struct error *error);
/* A running request waits again. */
void request_displace(struct sched *s, struct request *r);
/* Takes r out of running[]; its session is free afterwards. */
void running_remove(struct sched *s, struct request *r);

#endif
