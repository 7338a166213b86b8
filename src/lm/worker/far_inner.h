/* The far end's own struct and parts, shared by far_*.c only.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LM_WORKER_FAR_INNER_H
#define LM_WORKER_FAR_INNER_H

#include <pthread.h>

#include "base/core/json_write.h"
#include "base/core/log.h"
#include "lm/chat/chat.h"
#include "lm/engine/engine.h"
#include "lm/engine/engine_options.h"
#include "lm/format/config_retrieval.h"
#include "lm/sched/sched.h"
#include "lm/worker/far_end.h"
#include "lm/worker/frame.h"

#define FAR_JOBS_MAX        1024                /* requests under way */
#define FAR_JOB_BYTES_MAX   ((size_t)512 << 20) /* of all their texts */
#define FAR_EVENT_BYTES_MAX FRAME_FROM_WORKER_BYTES_MAX

struct far_job {
    enum frame_type type;
    uint64_t request;
    char *body; /* owned, terminated */
    size_t len;
    int64_t arrived_ns;
    bool held; /* until what is being compiled is done */
};

/* A request that the scheduler has: the first member of what belongs to it. */
struct far_task {
    uint64_t request, scheduled; /* the front's number, and the scheduler's */
    size_t bytes;                /* of the request's text */
    struct far_task *next;
};

struct far {
    int socket;
    struct sandbox_facts sandbox;
    struct frame_reader in;
    pthread_mutex_t send_lock; /* log messages may come from any thread: guards the next three */
    struct buf out;            /* frames that were not sent yet */
    bool corked;               /* they are sent together, at the end of a step */
    bool deaf;                 /* nobody reads any more */

    struct far_job jobs[FAR_JOBS_MAX]; /* [job_count], the first is next */
    size_t job_count, held_count;
    bool hold; /* the job being answered has to wait, and is asked again */
    struct far_task *tasks;
    size_t task_count, bytes; /* of the texts of jobs and tasks */
    bool ended;               /* stop, or end of the stream */
    bool greeted, loaded;

    char *label; /* the model in messages; owned */
    struct engine *engine;
    struct sched *sched;
    bool deterministic;      /* no seed is left to chance */
    struct chat *chat;       /* NULL: no template */
    struct error chat_error; /* why there is none, where the model has one that cannot be used */
    struct far_constraints *constraints; /* NULL until the first one */
    struct retrieval_config retrieval;
    struct error retrieval_error; /* what of it cannot be used; status 0: nothing */
    struct engine_store store;    /* what the engine was given */
    int store_file;
    int model_file; /* descriptor of one of its files; -1: none */
    struct {
        int64_t requests, prompt_tokens, cached_tokens, completion_tokens;
    } sums;
};

/* far_end.c */
void far_send(struct far *f, enum frame_type type, uint64_t request, struct span body);
void far_send_buf(struct far *f, enum frame_type type, uint64_t request, const struct buf *body);
void far_send_error(struct far *f, uint64_t request, const struct error *error);
/* Takes in what is there; waits up to `wait_ms` (-1: for ever) for it. */
void far_listen(struct far *f, int wait_ms);
/* For long work outside the scheduler: false when it should end. */
bool far_go_on(struct far *f);
/* What the scheduler has taken; out again when it has ended. */
void far_task_add(struct far *f, struct far_task *t);
void far_task_remove(struct far *f, struct far_task *t);

/* The parts: each answers with frames, at once or as the scheduler goes on; a status is for the caller to
 * send, and ends the request. */
enum status far_load(struct far *f, struct span body, struct error *err);
/* Takes the set over. Sends what the files hold as FRAME_READY; nothing is kept. */
enum status far_inspect(struct far *f, struct file_set *files, const struct progress *progress,
                        struct error *err);
enum status far_generate(struct far *f, const struct far_job *job, struct error *err);
enum status far_score(struct far *f, const struct far_job *job, struct error *err);
void far_stats(struct far *f, uint64_t request);
enum status far_embed(struct far *f, const struct far_job *job, struct error *err); /* RERANK too */

#endif
