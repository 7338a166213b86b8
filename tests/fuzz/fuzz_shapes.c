/* Fuzzes the API shapes: any body is refused by name or becomes JSON, any event a piece or an error.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The input is a script: {"shape", "body", "events": [{"index", "kind", "body"}]}. */
#define _GNU_SOURCE /* memmem */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/core/utf8.h"
#include "serve/server/shape.h"
#include "serve/server/shape_store.h"

#define TEXT_MAX   ((size_t)1 << 20)
#define PIECES_MAX ((size_t)64 << 20)
#define EVENTS_MAX 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    size_t pieces;
    bool last;
};

/* A token that is a NUL byte may be the name of a member: right JSON that our own reader refuses. */
static void check_json(struct span text)
{
    struct json_doc *doc = NULL;
    if (memmem(text.data, text.len, "\\u0000", 6)) return;
    enum status s = json_parse(&doc, text.data, text.len, PIECES_MAX, "a piece", NULL);
    assert(s == STATUS_OK && json_type(json_root(doc)) == JSON_OBJECT);
    json_doc_free(doc);
}

static enum status take_piece(void *ctx, const char *event, struct span text, bool last,
                              struct error *err)
{
    struct seen *seen = ctx;
    assert(!seen->last && utf8_valid(text.data, text.len) && !memchr(text.data, '\n', text.len));
    seen->pieces++;
    seen->last = last;
    if (!span_equals(text, "[DONE]")) check_json(text);
    return STATUS_OK;
}

static void check_refusal(const struct shape *shape, const struct api_error *e,
                          const struct shape_context *context)
{
    struct buf body = BUF_INIT(PIECES_MAX);
    assert(e->http >= 400 && e->http < 600 && e->type && e->text[0]);
    assert(memchr(e->text, 0, sizeof e->text) && memchr(e->param, 0, sizeof e->param));
    shape->error_body(&body, e, context);
    assert(!body.failed);
    check_json((struct span){ body.data, body.len });
    buf_release(&body);
}

static void check_submissions(const struct shape_request *r)
{
    int count = r->prompt_count * r->choice_count;
    assert(count >= 1 && count <= SHAPE_CHOICES_MAX);
    for (int i = 0; i<count; i += count> 4 ? count / 4 : 1) {
        struct buf text;
        enum status s = shape_submission(r, i, &text, NULL);
        assert(s == STATUS_OK);
        struct json_doc *doc = NULL;
        /* Bodies as deep as they may be become deeper by a few levels; the worker says so. */
        if (!json_parse(&doc, text.data, text.len, PIECES_MAX, "a request", NULL))
            assert(json_type(json_root(doc)) == JSON_OBJECT);
        json_doc_free(doc);
        buf_release(&text);
    }
}

static enum worker_event_kind kind_of(const struct json *event)
{
    struct span kind = json_string(json_get(event, "kind"));
    if (kind.data && span_equals(kind, "done")) return WORKER_DONE;
    return kind.data && span_equals(kind, "progress") ? WORKER_PROGRESS : WORKER_DELTA;
}

static void run_events(const struct shape *shape, const struct shape_request *request,
                       const struct shape_context *context, const struct json *events)
{
    static const struct api_error fault = { .http = 500, .type = "server_error", .text = "x" };
    struct seen seen = { 0 };
    struct shape_answer *a = NULL;
    struct error err = { .text = "" };
    enum status s = shape->begin(&a, request, context, take_piece, &seen, &err);
    assert(s == STATUS_OK);
    for (size_t i = 0; i < json_length(events) && i < EVENTS_MAX && !s; i++) {
        const struct json *event = json_at(events, i);
        struct worker_event e = { .kind = kind_of(event), .body = json_get(event, "body") };
        int64_t index = json_int(json_get(event, "index"), 0);
        if (seen.last) break; /* the server drops what comes after the end */
        s = shape->event(a, index < -9 || index > 999 ? 0 : (int)index, &e, &err);
        assert(!s || err.text[0]);
    }
    if (!seen.last) {
        s = shape->fail(a, &fault, &err);
        assert(s == STATUS_OK && seen.last);
    }
    shape->answer_free(a);
}

static void run_script(const struct shape *shape, const struct json *script,
                       struct shape_store *store)
{
    struct shape_context context = {
        .request_id = "AbCdEfGhIjKlMnOpQrStUvWx", .model = "m", .fingerprint = "fp", .store = store
    };
    struct shape_request r = { 0 };
    struct api_error err = { .http = 0 };
    if (!shape->read(&r, json_get(script, "body"), &context, &err)) {
        check_refusal(shape, &err, &context);
        return;
    }
    check_submissions(&r);
    run_events(shape, &r, &context, json_get(script, "events"));
    /* The other way of answering. */
    r.stream = !r.stream;
    context.request_id = "second";
    run_events(shape, &r, &context, json_get(script, "events"));
    shape->release(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_doc *doc = NULL;
    struct shape_store *store = NULL;
    if (json_parse(&doc, (const char *)data, size, TEXT_MAX, "input", NULL)) return 0;
    struct span name = json_string(json_get(json_root(doc), "shape"));
    if (shape_store_new(&store, 4, 4096, NULL)) return 0;
    for (size_t i = 0; i < shape_count(); i++) {
        if (name.data && !span_equals(name, shape_at(i)->name)) continue;
        run_script(shape_at(i), json_root(doc), store);
        run_script(shape_at(i), json_root(doc), store); /* finds what the first has kept */
    }
    shape_store_free(store);
    json_doc_free(doc);
    return 0;
}
