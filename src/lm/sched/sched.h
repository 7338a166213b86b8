/* Many requests on one engine: who is evaluated, in which step, and for how many tokens.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A request is token ids and what may follow. sched_step() evaluates one step: first every request that
 * decodes, one token each, then pieces of prompts up to the step's budget, so that a long prompt never
 * stops the others. The logits after a request's last token go to its next(), which says how it goes on;
 * the scheduler knows nothing of sampling or text. What comes out is the same to the last bit as if the
 * request had been alone.
 *
 * Who waits is chosen by fair share: among the classes of priority by weight (16 : 4 : 1), so that none
 * starves, within a class among tenants by the tokens they had, within a tenant in order of arrival. A
 * request that waits may take the place of a running one of a lower class, or of a tenant that runs
 * several while it has none; a request that was displaced SCHED_DISPLACED_MAX times stays.
 *
 * Pages: by default a request is let in when its prompt fits, and when pages run out the one that came
 * last gives way: its pages stay in the cache, it waits again and goes on where it was. With `reserve` it
 * is let in only when its worst case fits, and nobody ever gives way. Either way the oldest request always
 * goes on, and a request can only hurt itself.
 *
 * With a store, a step also saves a page that was sealed, and prompts get their pages back from it some at a
 * time; who has nothing else to do calls engine_save() until it returns 0.
 *
 * One thread. Allocates in sched_new and sched_submit only. The callbacks may submit and cancel. */
#ifndef LM_SCHED_SCHED_H
#define LM_SCHED_SCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/status.h"
#include "lm/engine/engine.h"

struct sched;

#define SCHED_SLOTS_DEFAULT       16
#define SCHED_QUEUE_DEFAULT       256
#define SCHED_STEP_TOKENS_DEFAULT 128
#define SCHED_PATIENCE_DEFAULT_NS 1000000000
#define SCHED_DISPLACED_MAX       2

/* 0 stands for the default. */
struct sched_options {
    int slots_max;        /* requests evaluated together; at most engine_logits_max() */
    int queue_max;        /* requests that wait */
    int tenant_queue_max; /* of one tenant; default: queue_max */
    /* Rows of a step while somebody decodes: the longest that others wait for their next token, and how
     * fast a prompt gets on beside them. Nobody decoding: engine_batch_max(). */
    int64_t step_tokens;
    int64_t
        patience_ns; /* a tenant without a running request waits so long before it displaces one */
    bool reserve;
};

enum sched_class { SCHED_NORMAL, SCHED_HIGH, SCHED_LOW, SCHED_CLASS_COUNT };

/* Called with the logits [vocab_size] after the request's last token, which are valid during the call.
 * Returns how many tokens follow, in `ret` [room], room >= 1: one that was chosen, and perhaps more that
 * are certain; 0 ends the request. */
typedef size_t sched_next_fn(void *ctx, const float *logits, int32_t *ret, size_t room);
/* Logits after prompt token i, in order. */
typedef void sched_prompt_fn(void *ctx, size_t i, const float *logits);
/* After each step that evaluated some of the prompt, but not yet all: `done` of `total` tokens are known. */
typedef void sched_progress_fn(void *ctx, size_t done, size_t total);

enum sched_reason {
    SCHED_STOPPED,   /* next() said so */
    SCHED_LENGTH,    /* new_max tokens */
    SCHED_CONTEXT,   /* the context is full */
    SCHED_CANCELLED, /* sched_cancel */
    SCHED_DEADLINE,
    SCHED_FAILED, /* see error */
    SCHED_REASON_COUNT
};
struct sched_end {
    uint64_t request;
    enum sched_reason reason;
    const struct error *error; /* of SCHED_FAILED */
    int64_t prompt_tokens;     /* as submitted */
    int64_t cached_tokens;     /* of the prompt, taken from the cache when it was first let in */
    int64_t restored_tokens;   /* of the cached ones, read back from the store */
    int64_t new_tokens;        /* that next() gave */
    int64_t waited_ns;         /* until it was first let in */
    int displaced;             /* how often it gave way */
};
/* The last call for a request; afterwards its number means nothing. */
typedef void sched_ended_fn(void *ctx, const struct sched_end *end);

struct sched_request {
    const int32_t *tokens; /* the prompt, copied */
    size_t count;          /* at least 1 */
    size_t new_max;        /* most tokens that next() may add; 0: only the prompt is evaluated */
    uint64_t tenant;       /* for fair share */
    struct kv_salt salt;   /* whose cache it may use; see kv.h */
    enum sched_class priority;
    int64_t deadline_ns; /* on the clock of sched_step; 0: none */
    sched_next_fn *next; /* NULL when new_max is 0 */
    sched_prompt_fn
        *prompt; /* NULL: nobody wants the prompt's logits; else nothing comes from the cache */
    sched_progress_fn *progress; /* NULL: nobody wants to know */
    sched_ended_fn *ended;
    void *ctx;
};

/* The engine stays the caller's and must outlive the scheduler. Sessions made beside it share the engine's
 * pages, which the scheduler then lacks. */
enum status sched_new(struct sched **ret, struct engine *e, const struct sched_options *options,
                      struct error *err);
/* Ends what is left as cancelled. NULL is fine. */
void sched_free(struct sched *s);

/* STATUS_LIMIT when the queue is full: *ret_retry_s (which may be NULL) is then the time in seconds after
 * which a place is likely. STATUS_CONTEXT, STATUS_BAD_INPUT: the request can never be served; no retry. */
enum status sched_submit(struct sched *s, uint64_t *ret_request,
                         const struct sched_request *request, int64_t now_ns, int *ret_retry_s,
                         struct error *err);
/* The request ends at once, or from within a callback with the end of the step. Unknown numbers are
 * ignored: it may have ended meanwhile. */
void sched_cancel(struct sched *s, uint64_t request, int64_t now_ns);

/* What one step did. */
struct sched_happened {
    int let_in, ended, displaced;
    int64_t decode_rows, prompt_rows; /* tokens evaluated */
    int64_t restored;                 /* tokens read back from the store */
};
/* One step; `now_ns` on any clock that never goes back. False: nothing was to do. */
bool sched_step(struct sched *s, int64_t now_ns, struct sched_happened *ret);
bool sched_idle(const struct sched *s); /* no request at all */
/* The earliest deadline; 0: none. */
int64_t sched_next_deadline(const struct sched *s);

#define SCHED_WAIT_BUCKETS 12
/* Upper bounds in seconds of stats.waited[]; the last bucket takes the rest. */
extern const double sched_wait_bounds[SCHED_WAIT_BUCKETS - 1];
struct sched_stats {
    int waiting, running, decoding; /* now */
    int slots;                      /* that can run together */
    int retry_s;                    /* until one more is likely to find a place */
    int64_t submitted, refused;     /* since the start, as all that follow */
    int64_t ended[SCHED_REASON_COUNT];
    int64_t steps;
    int64_t prompt_tokens;   /* of requests let in */
    int64_t cached_tokens;   /* of them, taken from the cache */
    int64_t restored_tokens; /* of the cached ones, read back from the store */
    int64_t new_tokens;
    int64_t prompt_rows, decode_rows; /* evaluated */
    int64_t displaced;
    int64_t again_rows;                 /* evaluated again after giving way */
    int64_t waited[SCHED_WAIT_BUCKETS]; /* requests let in, by the time they waited */
    double waited_s;                    /* the sum */
};
struct sched_stats sched_stats(const struct sched *s);

/* For tests: what is broken in the books, or NULL. */
const char *sched_check(const struct sched *s);

#endif
