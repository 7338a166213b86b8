/* Requests: submitted, cancelled, ended, counted.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/sched/sched.h"

#include <assert.h>
#include <string.h>

#include "base/core/mem.h"
#include "lm/sched/sched_inner.h"

#define RETRY_S_MAX     60
#define SERVICE_SAMPLES 8 /* weight of what was before in the running mean */

const double sched_wait_bounds[SCHED_WAIT_BUCKETS - 1] = { 0.01, 0.05, 0.1, 0.25, 0.5, 1,
                                                           2.5,  5,    10,  30,   60 };

/* --- life --- */

static void set_defaults(struct sched_options *o, const struct engine *e)
{
    int64_t batch = (int64_t)engine_batch_max(e);
    if (o->slots_max <= 0) o->slots_max = SCHED_SLOTS_DEFAULT;
    if (o->slots_max > SCHED_SLOTS_MAX) o->slots_max = SCHED_SLOTS_MAX;
    if ((size_t)o->slots_max > engine_logits_max(e)) o->slots_max = (int)engine_logits_max(e);
    if (o->queue_max <= 0) o->queue_max = SCHED_QUEUE_DEFAULT;
    if (o->tenant_queue_max <= 0) o->tenant_queue_max = o->queue_max;
    if (o->step_tokens <= 0) o->step_tokens = SCHED_STEP_TOKENS_DEFAULT;
    if (o->step_tokens < 2 * o->slots_max) o->step_tokens = 2 * o->slots_max;
    if (o->step_tokens > batch) o->step_tokens = batch;
    if (o->patience_ns <= 0) o->patience_ns = SCHED_PATIENCE_DEFAULT_NS;
    if (engine_info(e)->length_dependent) o->reserve = true; /* nothing may be computed again */
}

static enum status new_sessions(struct sched *s, struct error *err)
{
    for (int i = 0; i < s->options.slots_max; i++) {
        enum status st = session_new(&s->sessions[i], s->engine, err);
        if (st) return st;
    }
    return STATUS_OK;
}

enum status sched_new(struct sched **ret, struct engine *e, const struct sched_options *options,
                      struct error *err)
{
    struct sched *s = mem_zero(sizeof *s);
    if (!s) return error_set(err, STATUS_NO_MEMORY, "no memory for a scheduler");
    s->engine = e;
    s->options = options ? *options : (struct sched_options){ 0 };
    set_defaults(&s->options, e);
    size_t slots = (size_t)s->options.slots_max;
    s->tenant_max = s->options.queue_max + 2 * s->options.slots_max;
    s->tenants = mem_array((size_t)s->tenant_max, sizeof *s->tenants);
    s->sessions = mem_array(slots, sizeof *s->sessions);
    s->running = mem_array(slots, sizeof *s->running);
    s->feeds = mem_array(slots, sizeof *s->feeds);
    enum status st = STATUS_OK;
    s->fed = mem_array(slots, sizeof *s->fed);
    if (!s->tenants || !s->sessions || !s->running || !s->feeds || !s->fed)
        st = error_set(err, STATUS_NO_MEMORY, "no memory for a scheduler of %zu requests", slots);
    if (!st) st = new_sessions(s, err);
    if (st) sched_free(s);
    else *ret = s;
    return st;
}

void sched_free(struct sched *s)
{
    if (!s) return;
    while (s->running_count > 0)
        request_end(s, s->running[s->running_count - 1], SCHED_CANCELLED, NULL);
    for (struct request *r; s->tenants && (r = queue_next(s));)
        request_end(s, r, SCHED_CANCELLED, NULL);
    for (int i = 0; s->sessions && i < s->options.slots_max; i++)
        session_free(s->sessions[i]);
    mem_free(s->tenants);
    mem_free(s->sessions);
    mem_free(s->running);
    mem_free(s->feeds);
    mem_free(s->fed);
    mem_free(s);
}

/* --- submitting --- */

static enum status check_request(const struct sched *s, const struct sched_request *q,
                                 struct error *err)
{
    const struct engine_info *info = engine_info(s->engine);
    if (q->count == 0) return error_set(err, STATUS_BAD_INPUT, "a prompt needs at least one token");
    if (q->count > (size_t)info->context_max) {
        return error_set(err, STATUS_CONTEXT,
                         "a prompt of %zu tokens does not fit into the context of %lld; shorten it "
                         "or raise --ctx (the model was made for %lld)",
                         q->count, (long long)info->context_max, (long long)info->model_context);
    }
    for (size_t i = 0; i < q->count; i++) {
        if (q->tokens[i] >= 0 && q->tokens[i] < info->vocab_size) continue;
        return error_set(err, STATUS_BAD_INPUT,
                         "token id %d at position %zu is outside the vocabulary of %lld",
                         (int)q->tokens[i], i, (long long)info->vocab_size);
    }
    assert(q->ended && (q->next || q->new_max == 0));
    return STATUS_OK;
}

/* Requests leave at slots / service time; the one at the end of the queue waits for all before it. */
static int retry_after(const struct sched *s)
{
    double seconds = s->service_s * (s->waiting_count + 1) / s->options.slots_max;
    return seconds < 1 ? 1 : seconds > RETRY_S_MAX ? RETRY_S_MAX : (int)(seconds + 0.999);
}

static enum status refuse(struct sched *s, const char *whose, int waiting, int *ret_retry_s,
                          struct error *err)
{
    int retry = retry_after(s);
    s->stats.refused++;
    if (ret_retry_s) *ret_retry_s = retry;
    return error_set(err, STATUS_LIMIT,
                     "%d requests%s wait already, which is the limit; try again in about %d s",
                     waiting, whose, retry);
}

static struct request *new_request(const struct sched *s, const struct sched_request *q)
{
    size_t context = (size_t)engine_info(s->engine)->context_max, room = context + 1 - q->count;
    struct request *r = mem_zero(sizeof *r);
    if (!r) return NULL;
    r->asked = *q;
    r->room_end = q->count + (q->new_max < room ? q->new_max : room);
    r->tokens = mem_array(r->room_end, sizeof *r->tokens);
    if (!r->tokens) {
        mem_free(r);
        return NULL;
    }
    memcpy(r->tokens, q->tokens, q->count * sizeof *r->tokens);
    r->asked.tokens = NULL;
    r->known = q->count;
    return r;
}

enum status sched_submit(struct sched *s, uint64_t *ret_request, const struct sched_request *q,
                         int64_t now_ns, int *ret_retry_s, struct error *err)
{
    enum status st = check_request(s, q, err);
    if (st) return st;
    if (s->waiting_count >= s->options.queue_max)
        return refuse(s, "", s->waiting_count, ret_retry_s, err);
    struct tenant *t = tenant_of(s, q->tenant);
    if (t->waiting >= s->options.tenant_queue_max)
        return refuse(s, " of this tenant", t->waiting, ret_retry_s, err);
    struct request *r = new_request(s, q);
    if (!r) {
        tenant_settle(t);
        return error_set(err, STATUS_NO_MEMORY, "no memory for a request of %zu tokens", q->count);
    }
    r->id = ++s->id_last;
    r->tenant = t;
    r->submitted_ns = now_ns;
    queue_push(s, r);
    s->stats.submitted++;
    *ret_request = r->id;
    return STATUS_OK;
}

/* --- ending --- */

void running_remove(struct sched *s, struct request *r)
{
    static const struct kv_salt none;
    int i = 0, last = s->options.slots_max - 1;
    while (s->running[i] != r)
        i++;
    memmove(s->running + i, s->running + i + 1,
            (size_t)(s->running_count - i - 1) * sizeof *s->running);
    s->running_count--;
    session_reset(r->session, &none);
    while (s->sessions[last])
        last--;
    s->sessions[last] = r->session;
    r->session = NULL;
    r->tenant->running--;
}

static void count_service(struct sched *s, const struct request *r)
{
    double seconds = (double)(s->now_ns - r->let_in_ns) * 1e-9;
    if (s->service_s == 0) s->service_s = seconds;
    s->service_s += (seconds - s->service_s) / SERVICE_SAMPLES;
}

void request_end(struct sched *s, struct request *r, enum sched_reason reason,
                 const struct error *error)
{
    struct sched_end end = {
        .request = r->id,
        .reason = reason,
        .error = error,
        .prompt_tokens = (int64_t)r->asked.count,
        .cached_tokens = r->cached,
        .restored_tokens = r->restored,
        .new_tokens = (int64_t)(r->known - r->asked.count),
        .waited_ns = (r->was_in ? r->let_in_ns : s->now_ns) - r->submitted_ns,
        .displaced = r->displaced,
    };
    if (r->session) running_remove(s, r);
    else queue_remove(s, r);
    if (r->was_in) count_service(s, r);
    tenant_settle(r->tenant);
    s->stats.ended[reason]++;
    s->happened.ended++;
    sched_ended_fn *ended = r->asked.ended;
    void *ctx = r->asked.ctx;
    mem_free(r->tokens);
    mem_free(r);
    ended(ctx, &end);
}

void request_displace(struct sched *s, struct request *r)
{
    size_t evaluated = session_count(r->session);
    if (evaluated > r->evaluated_most) r->evaluated_most = evaluated;
    running_remove(s, r);
    r->displaced++;
    r->follows = r->restores = false;
    queue_push(s, r);
    s->stats.displaced++;
    s->happened.displaced++;
}

static struct request *find(const struct sched *s, uint64_t id)
{
    for (int i = 0; i < s->running_count; i++) {
        if (s->running[i]->id == id) return s->running[i];
    }
    for (int i = 0; i < s->tenant_max; i++) {
        for (int c = 0; c < SCHED_CLASS_COUNT && s->tenants[i].used; c++) {
            for (struct request *r = s->tenants[i].first[c]; r; r = r->behind)
                if (r->id == id) return r;
        }
    }
    return NULL;
}

void sched_cancel(struct sched *s, uint64_t request, int64_t now_ns)
{
    struct request *r = find(s, request);
    if (!r) return;
    if (s->stepping && r->session) {
        r->cancelled = true;
        return;
    }
    if (!s->stepping) s->now_ns = now_ns;
    request_end(s, r, SCHED_CANCELLED, NULL);
}

/* --- looking --- */

bool sched_idle(const struct sched *s)
{
    return s->running_count == 0 && s->waiting_count == 0;
}

struct sched_stats sched_stats(const struct sched *s)
{
    struct sched_stats stats = s->stats;
    stats.waiting = s->waiting_count;
    stats.running = s->running_count;
    stats.slots = s->options.slots_max;
    stats.retry_s = retry_after(s);
    for (int i = 0; i < s->running_count; i++)
        stats.decoding += session_count(s->running[i]->session) >= s->running[i]->prompt_end;
    return stats;
}

static const char *check_tenants(const struct sched *s)
{
    int waiting = 0;
    for (int i = 0; i < s->tenant_max; i++) {
        const struct tenant *t = &s->tenants[i];
        if (!t->used) continue;
        int own = 0, running = 0;
        for (int c = 0; c < SCHED_CLASS_COUNT; c++) {
            for (const struct request *r = t->first[c]; r; r = r->behind, own++)
                if (r->tenant != t || r->session) return "a queue holds what does not wait";
        }
        for (int k = 0; k < s->running_count; k++)
            running += s->running[k]->tenant == t;
        if (own != t->waiting || running != t->running) return "a tenant miscounts";
        if (own + running == 0) return "a tenant without requests is kept";
        waiting += own;
    }
    return waiting == s->waiting_count ? NULL : "the waiting are miscounted";
}

const char *sched_check(const struct sched *s)
{
    const struct session *all[SCHED_SLOTS_MAX];
    int n = 0;
    for (int i = 0; i < s->running_count; i++) {
        if (i && s->running[i]->order <= s->running[i - 1]->order) return "the order is broken";
        all[n++] = s->running[i]->session;
    }
    for (int i = 0; i < s->options.slots_max; i++) {
        if (!s->sessions[i]) continue;
        if (session_count(s->sessions[i]) > 0) return "a free session holds tokens";
        if (n == s->options.slots_max) return "there are too many sessions";
        all[n++] = s->sessions[i];
    }
    if (n != s->options.slots_max) return "a session is lost";
    const char *broken = check_tenants(s);
    return broken ? broken : engine_kv_check(s->engine, all, n);
}
