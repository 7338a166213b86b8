/* A target that does what the text of a request tells it to.
 * SPDX-License-Identifier: Apache-2.0 */
#include "support/fake_target.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/core/json.h"

#define REQUESTS_MAX 512

enum what { SAY, WAIT, CONTEXT, HALF, SCRIPT, STATS };

static const char *const tool_script[] = {
    "{\"call\":0,\"name\":\"get_weather\"}",
    "{\"call\":0,\"arguments\":\"{\\\"city\\\":\"}",
    "{\"call\":0,\"arguments\":\"\\\"Par\\u00eds\\\"}\"}",
    "{\"call\":0,\"end\":true}",
    "{\"call\":1,\"name\":\"get_time\"}",
    "{\"call\":1,\"arguments\":\"{}\"}",
    "{\"call\":1,\"end\":true}",
    NULL,
};
static const char *const think_script[] = {
    "{\"reasoning\":\"Let me \"}",
    "{\"reasoning\":\"see.\"}",
    "{\"content\":\"It is \"}",
    "{\"content\":\"done.\"}",
    NULL,
};

struct fake_request {
    uint64_t id; /* 0: free */
    enum what what;
    int said, total;
    const char *const *script;
    bool cancelled;
    unsigned long tick; /* of the last event */
};

struct fake {
    struct fake_script *script;
    struct fake_request requests[REQUESTS_MAX];
    uint64_t last_id;
    int timer;
    unsigned long tick;
    bool dead;
    struct json_doc *ready, *body;
    struct error error;
};

static struct json_doc *parse(const char *text)
{
    struct json_doc *doc;
    struct error err;
    enum status st = json_parse(&doc, text, strlen(text), 100000, "fake", &err);
    assert(!st);
    (void)st;
    return doc;
}

static void read_command(struct fake *f, struct fake_request *r, const char *text)
{
    const char *say = strstr(text, "[say ");
    r->what = strstr(text, "[wait]")      ? WAIT
              : strstr(text, "[context]") ? CONTEXT
              : strstr(text, "[half]")    ? HALF
                                          : SAY;
    r->total = say ? (int)strtol(say + 5, NULL, 10) : 1;
    r->script = strstr(text, "[tools]")   ? tool_script
                : strstr(text, "[think]") ? think_script
                                          : NULL;
    if (r->script) r->what = SCRIPT;
    if (strstr(text, "\"max_tokens\":0")) r->total = 0;
    if (strstr(text, "[die]")) f->dead = true;
}

static enum status submit(void *self, uint64_t *ret_request, const char *request, size_t len,
                          struct error *err)
{
    struct fake *f = self;
    char *text = strndup(request, len);
    for (int i = 0; i < REQUESTS_MAX; i++) {
        struct fake_request *r = &f->requests[i];
        if (r->id) continue;
        *r = (struct fake_request){ .id = ++f->last_id, .tick = f->tick };
        read_command(f, r, text);
        snprintf(f->script->last, sizeof f->script->last, "%s", text);
        *ret_request = r->id;
        atomic_fetch_add(&f->script->submitted, 1);
        free(text);
        return STATUS_OK;
    }
    free(text);
    return error_set(err, STATUS_LIMIT, "the fake is full");
}

static void give(struct fake *f, struct fake_request *r, struct worker_event *ret,
                 enum worker_event_kind kind, const char *body)
{
    json_doc_free(f->body);
    f->body = body ? parse(body) : NULL;
    *ret = (struct worker_event){ .kind = kind,
                                  .request = r->id,
                                  .body = f->body ? json_root(f->body) : NULL,
                                  .error = &f->error };
    r->tick = f->tick;
    if (kind == WORKER_DONE || kind == WORKER_ERROR) r->id = 0;
}

static void give_done(struct fake *f, struct fake_request *r, struct worker_event *ret,
                      const char *finish)
{
    char text[400];
    snprintf(text, sizeof text,
             "{\"finish\":\"%s\",\"prompt_tokens\":7,\"cached_tokens\":3,\"completion_tokens\":%d,"
             "\"reasoning_tokens\":0,\"decode_steps\":1,\"prompt_seconds\":0.1,\"decode_seconds\":"
             "0.2,\"queue_seconds\":0.05,\"cache\":\"disk\",\"restored_tokens\":2,\"displaced\":1,"
             "\"seed\":1,\"stop\":null,\"unparsed\":false}",
             finish, r->said);
    give(f, r, ret, WORKER_DONE, text);
}

static bool step(struct fake *f, struct fake_request *r, struct worker_event *ret)
{
    char text[64];
    if (f->dead) {
        error_set(&f->error, STATUS_FAILED, "the worker was killed (signal 9)");
        give(f, r, ret, WORKER_ERROR, NULL);
    } else if (r->what == STATS) {
        give(f, r, ret, WORKER_DONE,
             "{\"running\":2,\"retry_seconds\":3,\"kv\":{\"pages\":8,\"held\":2,\"cached\":5},"
             "\"store\":{\"used\":4}}");
    } else if (r->cancelled) {
        give_done(f, r, ret, "cancelled");
    } else if (r->tick == f->tick || r->what == WAIT) {
        return false;
    } else if (r->what == CONTEXT) {
        error_set(&f->error, STATUS_CONTEXT, "the prompt has 900 tokens, the context 512");
        give(f, r, ret, WORKER_ERROR, NULL);
    } else if (r->what == SCRIPT && r->script[r->said]) {
        give(f, r, ret, WORKER_DELTA, r->script[r->said++]);
    } else if (r->what == SCRIPT) {
        give_done(f, r, ret, r->script == tool_script ? "tool_calls" : "stop");
    } else if (r->what == HALF && r->said == 2) {
        error_set(&f->error, STATUS_FAILED, "something broke");
        give(f, r, ret, WORKER_ERROR, NULL);
    } else if (r->what == SAY && r->said == r->total) {
        give_done(f, r, ret, "stop");
    } else {
        snprintf(text, sizeof text, "{\"content\":\"w%d \"}", r->said++);
        give(f, r, ret, WORKER_DELTA, text);
    }
    return true;
}

static enum status next(void *self, struct worker_event *ret, bool *ret_got, int timeout_ms,
                        struct error *err)
{
    struct fake *f = self;
    uint64_t ticks;
    if (read(f->timer, &ticks, sizeof ticks) == sizeof ticks) f->tick++;
    *ret_got = false;
    for (int i = 0; i < REQUESTS_MAX && !*ret_got; i++)
        if (f->requests[i].id) *ret_got = step(f, &f->requests[i], ret);
    if (!*ret_got && f->dead)
        return error_set(err, STATUS_FAILED, "the worker was killed (signal 9)");
    return STATUS_OK;
}

static enum status cancel(void *self, uint64_t request, struct error *err)
{
    struct fake *f = self;
    for (int i = 0; i < REQUESTS_MAX; i++)
        if (f->requests[i].id == request) f->requests[i].cancelled = true;
    atomic_fetch_add(&f->script->cancelled, 1);
    return STATUS_OK;
}

static bool alive(const void *self)
{
    return !((const struct fake *)self)->dead;
}

static int descriptor(const void *self)
{
    return ((const struct fake *)self)->timer;
}

static const struct json *ready(const void *self)
{
    return json_root(((const struct fake *)self)->ready);
}

static void stop(void *self)
{
    struct fake *f = self;
    atomic_fetch_add(&f->script->stopped, 1);
    close(f->timer);
    json_doc_free(f->ready);
    json_doc_free(f->body);
    free(f);
}

static enum status stats(void *self, uint64_t *ret_request, struct error *err)
{
    struct fake *f = self;
    struct fake_request *r = f->requests;
    while (r->id)
        if (++r == f->requests + REQUESTS_MAX)
            return error_set(err, STATUS_LIMIT, "the fake is full");
    *r = (struct fake_request){ .id = ++f->last_id, .what = STATS };
    *ret_request = r->id;
    return STATUS_OK;
}

static const struct target_class fake_class = { submit,     next,  cancel, alive,
                                                descriptor, ready, stop,   stats };

enum status fake_target_open(void *ctx, struct target *ret, const char *path,
                             const struct engine_options *options, struct error *err)
{
    struct fake_script *script = ctx;
    for (int ms = 0; ms < atomic_load(&script->open_ms); ms += 5) {
        if (!progress_report(&options->progress, "read", (unsigned long long)ms, 1000))
            return error_set(err, STATUS_CANCELLED, "loading was given up");
        nanosleep(&(struct timespec){ 0, 5000000 }, NULL);
    }
    if (atomic_load(&script->fail_opens) > 0) {
        atomic_fetch_sub(&script->fail_opens, 1);
        return error_set(err, STATUS_NOT_FOUND, "%s is not there", path);
    }
    struct fake *f = calloc(1, sizeof *f);
    f->script = script;
    f->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct itimerspec each = { { 0, 1000000 }, { 0, 1000000 } };
    timerfd_settime(f->timer, 0, &each, NULL);
    f->ready =
        parse("{\"family\":\"fake\",\"context_max\":512,\"model_context\":512,\"vocab_size\":"
              "10,\"chat\":{\"tools\":true,\"thinking\":false},\"generation\":{}}");
    atomic_fetch_add(&script->opened, 1);
    *ret = (struct target){ .class = &fake_class, .self = f };
    return STATUS_OK;
}
