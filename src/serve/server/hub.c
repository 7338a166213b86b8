/* A model that is served.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Three kinds of threads meet here: those that offer calls and look (under the lock), the hub's own
 * thread, which alone touches the target and the calls it took, and the opener, which lives while
 * a target is being opened and leaves its result under the lock. */
#define _GNU_SOURCE /* strerrordesc_np */
#include "serve/server/hub.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/core/clock.h"
#include "base/core/mem.h"

#define TICK_MS         250
#define EVENTS_PER_TURN 256
#define HEALTHY_SECONDS 60 /* after so long a failure begins a new row */
#define LOAD_RETRY_S    2
#define STATS_NS        1000000000
#define RETRY_S_MAX     60

struct hub {
    atomic_int refs;
    char *name, *path, *backend, *cpu_level, *cache_type, *cache_folder, *store_folder;
    struct hub_options options;
    struct model_metrics *metrics;
    struct log log;
    pthread_t thread;
    int wake_fd;

    pthread_mutex_t lock;
    /* lock: */
    struct call *offered; /* newest first */
    int call_count;       /* offered, waiting and active */
    bool stopping, retiring;
    enum hub_state state;
    int waiting_count;
    int failures;
    struct error last;
    double load_seconds;
    int retry_s;      /* until one more request is likely to find a place */
    int64_t retry_ns; /* of HUB_BACKOFF */
    struct facts *facts;
    bool opened; /* the opener has ended: */
    enum status opened_status;
    struct error opened_error;
    struct target opened_target;
    struct facts *opened_facts;

    /* The hub's thread: */
    struct target target; /* class NULL: none */
    struct call *waiting, *active;
    pthread_t opener;
    bool opening;
    atomic_bool abandon; /* the opener's progress gives up */
    int64_t used_ns, ready_ns, load_begin_ns;
    uint64_t stats_request; /* 0: none under way */
    int64_t stats_ns;
    bool stats_stale; /* something was under way since */
};

const char *hub_state_name(enum hub_state s)
{
    static const char *const names[] = { "cold", "loading", "ready", "failed" };
    return names[s];
}

const char *hub_name(const struct hub *h)
{
    return h->name;
}

const char *hub_path(const struct hub *h)
{
    return h->path;
}

void hub_ref(struct hub *h)
{
    atomic_fetch_add(&h->refs, 1);
}

void hub_unref(struct hub *h)
{
    if (!h || atomic_fetch_sub(&h->refs, 1) != 1) return;
    if (h->wake_fd >= 0) close(h->wake_fd);
    pthread_mutex_destroy(&h->lock);
    facts_unref(h->facts);
    mem_free(h->name);
    mem_free(h->path);
    mem_free(h->backend);
    mem_free(h->cpu_level);
    mem_free(h->cache_type);
    mem_free(h->cache_folder);
    mem_free(h->store_folder);
    mem_free(h);
}

void hub_wake(struct hub *h)
{
    uint64_t one = 1;
    ssize_t n = write(h->wake_fd, &one, sizeof one); /* a full counter wakes as well */
    (void)n;
}

static int seconds_until(int64_t ns)
{
    int64_t left = ns - clock_monotonic_ns();
    return left <= 0 ? 1 : (int)(left / 1000000000) + 1;
}

static bool refuse_offer(struct hub *h, struct api_error *err, int *ret_retry)
{
    if (h->stopping || h->retiring) {
        api_error_make(err, 503, "server_error", "shutting_down",
                       "the model %s is being taken down", h->name);
        *ret_retry = LOAD_RETRY_S;
        return true;
    }
    int max = h->options.queue_max, retry = h->retry_s ? h->retry_s : 1;
    if (h->call_count < max) return false;
    api_error_make(err, 429, "rate_limit_error", "rate_limit_exceeded",
                   "the model %s has %d requests under way, as many as it takes; try again in %ds",
                   h->name, max, retry);
    metrics_count(h->metrics, METRIC_REJECTED, 1);
    *ret_retry = retry;
    return true;
}

bool hub_offer(struct hub *h, struct call *c, struct api_error *err, int *ret_retry)
{
    pthread_mutex_lock(&h->lock);
    bool refused = refuse_offer(h, err, ret_retry);
    if (!refused) {
        http_ref(c->exchange);
        hub_ref(h);
        c->offered_ns = clock_monotonic_ns();
        atomic_store(&c->hub, h);
        c->next = h->offered;
        h->offered = c;
        h->call_count++;
    }
    pthread_mutex_unlock(&h->lock);
    if (!refused) hub_wake(h);
    return !refused;
}

void hub_look(struct hub *h, struct hub_info *ret)
{
    pthread_mutex_lock(&h->lock);
    *ret = (struct hub_info){ h->state, h->call_count,   h->waiting_count, h->failures,
                              h->last,  h->load_seconds, h->facts };
    if (ret->facts) atomic_fetch_add(&ret->facts->refs, 1);
    pthread_mutex_unlock(&h->lock);
}

static void set_state(struct hub *h, enum hub_state state)
{
    pthread_mutex_lock(&h->lock);
    h->state = state;
    pthread_mutex_unlock(&h->lock);
    metrics_set(h->metrics, METRIC_LOADED, state == HUB_READY);
}

/* The opener. */

static void hear(void *ctx, enum log_level level, const char *area, const char *text)
{
    struct hub *h = ctx;
    log_write(&h->log, level, area, "%s: %s", h->name, text);
}

static bool keep_opening(void *ctx, const char *stage, unsigned long long done,
                         unsigned long long total)
{
    struct hub *h = ctx;
    return !atomic_load(&h->abandon);
}

static void *open_target(void *arg)
{
    struct hub *h = arg;
    struct engine_options engine = h->options.engine;
    struct target target = { 0 };
    struct error err = { 0 };
    struct facts *facts = NULL;
    engine.log = (struct log){ hear, h };
    engine.progress = (struct progress){ keep_opening, h };
    enum status st = h->options.open(h->options.open_ctx, &target, h->path, &engine, &err);
    if (!st) st = facts_new(&facts, target.class->ready(target.self), target.verdict, &err);
    if (!st) facts->pin = target.pin;
    mem_free(target.verdict);
    target.verdict = NULL;
    if (st && target.class) {
        target.class->stop(target.self);
        target = (struct target){ 0 };
    }
    pthread_mutex_lock(&h->lock);
    h->opened = true;
    h->opened_status = st;
    h->opened_error = err;
    h->opened_target = target;
    h->opened_facts = facts;
    pthread_mutex_unlock(&h->lock);
    hub_wake(h);
    return NULL;
}

static void note_failure(struct hub *h, const struct error *err)
{
    int64_t now = clock_monotonic_ns();
    metrics_count(h->metrics, METRIC_WORKER_FAILURES, 1);
    pthread_mutex_lock(&h->lock);
    if (h->ready_ns && now - h->ready_ns > (int64_t)HEALTHY_SECONDS * 1000000000) h->failures = 0;
    int64_t pause_ms = HUB_BACKOFF_FIRST_MS;
    for (int i = 0; i < h->failures && pause_ms < HUB_BACKOFF_MAX_MS; i++)
        pause_ms *= 2;
    if (pause_ms > HUB_BACKOFF_MAX_MS) pause_ms = HUB_BACKOFF_MAX_MS;
    h->failures++;
    h->last = *err;
    h->retry_ns = now + pause_ms * 1000000;
    pthread_mutex_unlock(&h->lock);
    set_state(h, HUB_BACKOFF);
    log_write(&h->log, LOG_ERROR, "model", "%s: %s; next attempt in %.1f s", h->name, err->text,
              (double)pause_ms / 1e3);
}

static void begin_opening(struct hub *h)
{
    struct error err = { 0 };
    h->load_begin_ns = clock_monotonic_ns();
    h->opening = true;
    set_state(h, HUB_LOADING);
    log_write(&h->log, LOG_INFO, "model", "%s: loading %s", h->name, h->path);
    int why = pthread_create(&h->opener, NULL, open_target, h);
    if (!why) return;
    h->opening = false;
    error_set(&err, STATUS_FAILED, "no thread to load the model: %s", strerrordesc_np(why));
    note_failure(h, &err);
}

static void end_opening(struct hub *h)
{
    pthread_mutex_lock(&h->lock);
    bool opened = h->opened;
    h->opened = false;
    pthread_mutex_unlock(&h->lock);
    if (!opened) return;
    pthread_join(h->opener, NULL);
    h->opening = false;
    if (h->opened_status) {
        note_failure(h, &h->opened_error);
        return;
    }
    h->target = h->opened_target;
    h->stats_request = 0;
    h->stats_ns = 0;
    h->stats_stale = true;
    h->ready_ns = h->used_ns = clock_monotonic_ns();
    double seconds = (double)(h->ready_ns - h->load_begin_ns) / 1e9;
    pthread_mutex_lock(&h->lock);
    facts_unref(h->facts);
    h->facts = h->opened_facts;
    h->load_seconds = seconds;
    h->last = (struct error){ 0 };
    pthread_mutex_unlock(&h->lock);
    metrics_count(h->metrics, METRIC_WORKER_STARTS, 1);
    set_state(h, HUB_READY);
    log_write(&h->log, LOG_INFO, "model", "%s: ready after %.2f s", h->name, seconds);
}

/* The calls. */

static void drop(struct hub *h, struct call *c)
{
    struct http_exchange *x = c->exchange;
    call_close(c, h->metrics);
    pthread_mutex_lock(&h->lock);
    h->call_count--;
    pthread_mutex_unlock(&h->lock);
    http_unref(x); /* the call may be gone now, and with it its reference of the hub */
}

/* Takes what was offered into `waiting`, in order. */
static void take_offered(struct hub *h)
{
    pthread_mutex_lock(&h->lock);
    struct call *newest = h->offered, *in_order = NULL;
    h->offered = NULL;
    pthread_mutex_unlock(&h->lock);
    while (newest) {
        struct call *next = newest->next;
        newest->next = in_order;
        in_order = newest;
        newest = next;
    }
    struct call **end = &h->waiting;
    while (*end)
        end = &(*end)->next;
    *end = in_order;
}

static void use_facts(struct hub *h, struct call *c)
{
    facts_unref(c->facts);
    c->facts = h->facts;
    if (!c->facts) return;
    atomic_fetch_add(&c->facts->refs, 1);
    c->context.ready = json_root(c->facts->doc);
    c->context.fingerprint = c->facts->fingerprint;
}

static void start_waiting(struct hub *h)
{
    while (h->waiting && h->target.class) {
        struct call *c = h->waiting;
        h->waiting = c->next;
        use_facts(h, c);
        h->used_ns = clock_monotonic_ns();
        if (!atomic_load(&c->gone)) call_submit(c, &h->target, h->metrics);
        if (c->open_count == 0) {
            drop(h, c);
            continue;
        }
        c->next = h->active;
        h->active = c;
    }
}

static void fail_unready(struct hub *h, struct call *c)
{
    struct api_error e;
    struct hub_info info;
    hub_look(h, &info);
    facts_unref(info.facts);
    if (info.state == HUB_BACKOFF)
        api_error_make(&e, 503, "server_error", "model_unavailable",
                       "the model %s cannot answer now: %.500s", h->name, info.last.text);
    else
        api_error_make(&e, 503, "server_error", "model_loading",
                       "the model %s is still loading; try again in %ds", h->name, LOAD_RETRY_S);
    call_fail(c, &e, info.state == HUB_BACKOFF ? seconds_until(h->retry_ns) : LOAD_RETRY_S);
}

/* Those that have waited long enough for the model, or whose client left. */
static void prune_waiting(struct hub *h, int64_t now)
{
    for (struct call **at = &h->waiting; *at;) {
        struct call *c = *at;
        bool late = now - c->offered_ns > (int64_t)h->options.load_wait_ms * 1000000;
        if (!late && !atomic_load(&c->gone)) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        if (!atomic_load(&c->gone)) fail_unready(h, c);
        drop(h, c);
    }
}

static void check_key(struct call *c)
{
    struct api_error e;
    if (c->ended || !c->key || !key_is_revoked(c->key)) return;
    api_error_make(&e, 401, "authentication_error", "invalid_api_key",
                   "the key was revoked while the answer was being written");
    call_fail(c, &e, 0);
}

/* Looks at every call: clients that left, keys that were revoked, answers that are over. */
static void tend_active(struct hub *h, int64_t now)
{
    for (struct call **at = &h->active; *at;) {
        struct call *c = *at;
        check_key(c);
        call_tick(c, now, h->options.keep_alive_ms);
        if (c->open_count > 0 && (c->ended || atomic_load(&c->gone))) {
            c->ended = true;
            call_cancel(c, &h->target);
        }
        if (c->open_count > 0) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        h->used_ns = now;
        drop(h, c);
    }
}

static struct call *find_call(struct hub *h, uint64_t request, int *ret_index)
{
    for (struct call *c = h->active; c; c = c->next)
        for (int i = 0; i < c->submission_count; i++)
            if (c->submissions[i].open && c->submissions[i].request == request) {
                *ret_index = i;
                return c;
            }
    return NULL;
}

/* The target is gone: what it had not ended itself ends now. */
static void lose_target(struct hub *h, const struct error *err)
{
    struct worker_event event = { .kind = WORKER_ERROR, .error = err };
    for (struct call *c = h->active; c; c = c->next)
        for (int i = 0; i < c->submission_count; i++)
            if (c->submissions[i].open) call_event(c, i, &event, h->metrics);
    h->target.class->stop(h->target.self);
    h->target = (struct target){ 0 };
    note_failure(h, err);
}

/* What only the worker knows; asked for while it has work, and once more when that has ended. */
static void ask_stats(struct hub *h, int64_t now)
{
    if (h->active) h->stats_stale = true;
    if (!h->target.class->stats || h->stats_request || now - h->stats_ns < STATS_NS) return;
    if (!h->stats_stale) return;
    h->stats_ns = now;
    h->stats_stale = h->active != NULL;
    if (h->target.class->stats(h->target.self, &h->stats_request, NULL)) h->stats_request = 0;
}

static void take_stats(struct hub *h, const struct worker_event *event)
{
    if (event->kind != WORKER_DONE && event->kind != WORKER_ERROR) return;
    h->stats_request = 0;
    if (event->kind == WORKER_ERROR) return;
    const struct json *kv = json_get(event->body, "kv"), *store = json_get(event->body, "store");
    double pages = json_number(json_get(kv, "pages"), 0);
    metrics_set(h->metrics, METRIC_BATCH, json_number(json_get(event->body, "running"), 0));
    metrics_set(h->metrics, METRIC_KV_PAGES, pages);
    metrics_set(h->metrics, METRIC_KV_KEPT, json_number(json_get(kv, "cached"), 0));
    metrics_set(h->metrics, METRIC_KV_USAGE,
                pages > 0 ? json_number(json_get(kv, "held"), 0) / pages : 0);
    metrics_set(h->metrics, METRIC_STORE_PAGES, json_number(json_get(store, "used"), 0));
    int64_t retry = json_int(json_get(event->body, "retry_seconds"), 1);
    pthread_mutex_lock(&h->lock);
    h->retry_s = retry < 1 ? 1 : retry > RETRY_S_MAX ? RETRY_S_MAX : (int)retry;
    pthread_mutex_unlock(&h->lock);
}

static void pump(struct hub *h)
{
    struct worker_event event;
    struct error err = { 0 };
    bool got = true;
    for (int n = 0; n < EVENTS_PER_TURN && got; n++) {
        int index = 0;
        enum status st = h->target.class->next(h->target.self, &event, &got, 0, &err);
        if (st) {
            lose_target(h, &err);
            return;
        }
        if (got && event.request == h->stats_request) {
            take_stats(h, &event);
            continue;
        }
        struct call *c = got ? find_call(h, event.request, &index) : NULL;
        if (c) call_event(c, index, &event, h->metrics);
    }
    if (got) hub_wake(h);
    if (got || h->target.class->alive(h->target.self)) return;
    error_set(&err, STATUS_FAILED, "the worker of %s has ended", h->name);
    lose_target(h, &err);
}

static void unload(struct hub *h, const char *why)
{
    h->target.class->stop(h->target.self);
    h->target = (struct target){ 0 };
    h->options.preload = false; /* from now on when it is asked for */
    set_state(h, HUB_COLD);
    log_write(&h->log, LOG_INFO, "model", "%s: unloaded, %s", h->name, why);
}

/* Opens or closes the target as the calls and the clock want it. */
static void tend_target(struct hub *h, int64_t now, bool retiring)
{
    if (h->opening) {
        end_opening(h);
        return;
    }
    if (h->target.class) {
        int64_t idle_ns = now - h->used_ns, limit = h->options.unload_after_s;
        if (!h->active && !h->waiting && limit > 0 && idle_ns > limit * 1000000000)
            unload(h, "nobody has asked it for long");
        return;
    }
    bool wanted = (h->waiting || h->options.preload) && !retiring;
    if (wanted && (h->state != HUB_BACKOFF || now >= h->retry_ns)) begin_opening(h);
}

static void show_load(struct hub *h)
{
    int waiting = 0, running = 0;
    for (struct call *c = h->waiting; c; c = c->next)
        waiting++;
    for (struct call *c = h->active; c; c = c->next) {
        waiting += !c->taken_ns;
        running += c->taken_ns != 0;
    }
    pthread_mutex_lock(&h->lock);
    h->waiting_count = waiting;
    pthread_mutex_unlock(&h->lock);
    metrics_set(h->metrics, METRIC_RUNNING, running);
    metrics_set(h->metrics, METRIC_WAITING, waiting);
}

static void wait_for_work(struct hub *h)
{
    struct pollfd fds[2] = { { .fd = h->wake_fd, .events = POLLIN } };
    nfds_t count = 1;
    uint64_t value;
    if (h->target.class)
        fds[count++] =
            (struct pollfd){ .fd = h->target.class->descriptor(h->target.self), .events = POLLIN };
    bool busy = h->active || h->waiting || h->opening;
    poll(fds, count, busy ? TICK_MS : TICK_MS * 4);
    ssize_t n = read(h->wake_fd, &value, sizeof value); /* does not block */
    (void)n;
}

static void end_all(struct hub *h)
{
    struct api_error e;
    api_error_make(&e, 503, "server_error", "shutting_down", "the server is shutting down");
    take_offered(h);
    for (struct call *c = h->active; c; c = c->next)
        call_fail(c, &e, LOAD_RETRY_S);
    if (h->opening) {
        atomic_store(&h->abandon, true);
        pthread_join(h->opener, NULL);
        h->opening = false;
        if (h->opened && !h->opened_status) {
            h->target = h->opened_target;
            facts_unref(h->opened_facts);
        }
    }
    if (h->target.class) h->target.class->stop(h->target.self);
    h->target = (struct target){ 0 };
    while (h->active) {
        struct call *c = h->active;
        h->active = c->next;
        drop(h, c);
    }
    while (h->waiting) {
        struct call *c = h->waiting;
        h->waiting = c->next;
        call_fail(c, &e, LOAD_RETRY_S);
        drop(h, c);
    }
    set_state(h, HUB_COLD);
}

static void *hub_run(void *arg)
{
    struct hub *h = arg;
    bool stopping = false, retiring = false;
    while (!stopping) {
        wait_for_work(h);
        take_offered(h);
        if (h->target.class) pump(h);
        int64_t now = clock_monotonic_ns();
        tend_active(h, now);
        tend_target(h, now, retiring);
        if (h->target.class) start_waiting(h);
        if (h->target.class) ask_stats(h, now);
        prune_waiting(h, now);
        show_load(h);
        pthread_mutex_lock(&h->lock);
        retiring = h->retiring;
        stopping = h->stopping || (retiring && h->call_count == 0);
        pthread_mutex_unlock(&h->lock);
    }
    end_all(h);
    return NULL;
}

/* NULL stays NULL; false: memory is short. */
static bool copy(char **out, const char *text)
{
    *out = text ? mem_copy_text(text, strlen(text)) : NULL;
    return !text || *out;
}

static bool copy_options(struct hub *h, const struct hub_options *o)
{
    h->options = *o;
    h->log = o->log;
    bool ok = copy(&h->name, o->name) && copy(&h->path, o->path) &&
              copy(&h->backend, o->engine.backend) && copy(&h->cpu_level, o->engine.cpu_level) &&
              copy(&h->cache_type, o->engine.cache_type) &&
              copy(&h->cache_folder, o->engine.cache_folder) &&
              copy(&h->store_folder, o->engine.store_folder);
    h->options.engine.backend = h->backend;
    h->options.engine.cpu_level = h->cpu_level;
    h->options.engine.cache_type = h->cache_type;
    h->options.engine.cache_folder = h->cache_folder;
    h->options.engine.store_folder = h->store_folder;
    if (h->options.queue_max <= 0) h->options.queue_max = HUB_QUEUE_DEFAULT;
    if (o->metrics) h->metrics = metrics_model(o->metrics, o->name);
    return ok;
}

enum status hub_start(struct hub **ret, const struct hub_options *options, struct error *err)
{
    struct hub *h = mem_zero(sizeof *h);
    if (!h || pthread_mutex_init(&h->lock, NULL) != 0) {
        mem_free(h);
        return error_set(err, STATUS_NO_MEMORY, "no memory for the model %s", options->name);
    }
    atomic_init(&h->refs, 1);
    h->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (h->wake_fd < 0 || !copy_options(h, options)) {
        hub_unref(h);
        return error_set(err, STATUS_NO_MEMORY, "no memory or descriptor for the model %s",
                         options->name);
    }
    if (options->preload) hub_wake(h);
    int why = pthread_create(&h->thread, NULL, hub_run, h);
    if (why) {
        hub_unref(h);
        return error_set(err, STATUS_FAILED, "no thread for the model %s: %s", options->name,
                         strerrordesc_np(why));
    }
    *ret = h;
    return STATUS_OK;
}

void hub_retire(struct hub *h)
{
    pthread_mutex_lock(&h->lock);
    h->retiring = true;
    pthread_mutex_unlock(&h->lock);
    hub_wake(h);
}

void hub_stop(struct hub *h)
{
    if (!h) return;
    pthread_mutex_lock(&h->lock);
    h->stopping = true;
    pthread_mutex_unlock(&h->lock);
    hub_wake(h);
    pthread_join(h->thread, NULL);
    hub_unref(h);
}
