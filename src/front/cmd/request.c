/* Follows a request to its end.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/request.h"

#include "front/cmd/interrupt.h"

/* A signal that came just before waiting would be heard with the next event only. */
#define LOOK_MS 100

struct follow {
    struct worker *worker;
    uint64_t request;
    struct progress_bar *bar;
    request_fn *fn;
    void *ctx;
    bool cancelled;     /* asked for */
    enum status status; /* of the callback, whose words stand in err */
    bool over;
};

static enum status take(struct follow *f, const struct worker_event *event, struct error *err)
{
    if (event->request != f->request) return STATUS_OK;
    if (event->kind == WORKER_PROGRESS) {
        const char *stage = json_text(json_get(event->body, "stage"));
        int64_t done = json_int(json_get(event->body, "done"), 0);
        int64_t total = json_int(json_get(event->body, "total"), 0);
        if (stage && done >= 0 && total >= 0)
            progress_bar_report(f->bar, stage, (unsigned long long)done, (unsigned long long)total);
        return STATUS_OK;
    }
    f->over = event->kind != WORKER_DELTA;
    progress_bar_clear(f->bar);
    if (event->kind == WORKER_ERROR && f->cancelled && event->error->status == STATUS_CANCELLED)
        return STATUS_OK;
    if (event->kind == WORKER_ERROR)
        return f->status ? STATUS_OK
                         : error_set(err, event->error->status, "%s", event->error->text);
    return f->status ? STATUS_OK : f->fn(f->ctx, event, err);
}

static enum status step(struct follow *f, struct error *err)
{
    struct worker_event event;
    bool got;
    if ((interrupt_seen() || f->status) && !f->cancelled) {
        f->cancelled = true;
        enum status st = worker_cancel(f->worker, f->request, err);
        if (st) return st;
    }
    enum status st = worker_next(f->worker, &event, &got, LOOK_MS, err);
    return st || !got ? st : take(f, &event, err);
}

enum status request_follow(struct worker *w, uint64_t request, struct progress_bar *bar,
                           request_fn *fn, void *ctx, struct error *err)
{
    struct follow f = { .worker = w, .request = request, .bar = bar, .fn = fn, .ctx = ctx };
    while (!f.over) {
        struct error later;
        enum status st = step(&f, f.status ? &later : err);
        if (st && !f.status) f.status = st;
        if (!worker_alive(w)) break;
    }
    progress_bar_clear(bar);
    if (!f.status && interrupt_seen()) {
        error_set(err, STATUS_CANCELLED, "%s", "");
        return STATUS_CANCELLED;
    }
    return f.status;
}
