/* Shapes under test.
 * SPDX-License-Identifier: Apache-2.0 */
#include "support/shape_run.h"

#include <assert.h>
#include <stdlib.h>

#include "base/core/json_write.h"
#include "base/core/utf8.h"

#define RUN_BYTES_MAX ((size_t)64 << 20)

const struct shape *shape_named(const char *name)
{
    for (size_t i = 0; i < shape_count(); i++)
        if (strcmp(shape_at(i)->name, name) == 0) return shape_at(i);
    return NULL;
}

struct shape_context shape_run_context(void)
{
    return (struct shape_context){ .request_id = "AbCdEfGhIjKlMnOpQrStUvWx",
                                   .model = "ember",
                                   .fingerprint = "fp_0123456789abcdef",
                                   .created = 1767225600 };
}

static enum status keep(void *ctx, const char *event, struct span data, bool last,
                        struct error *err)
{
    struct shape_run *r = ctx;
    if (r->count == r->cap) {
        r->cap = r->cap ? 2 * r->cap : 16;
        r->pieces = realloc(r->pieces, r->cap * sizeof *r->pieces);
        if (!r->pieces) abort();
    }
    struct shape_piece *p = &r->pieces[r->count++];
    *p = (struct shape_piece){ .event = event ? strdup(event) : NULL,
                               .data = BUF_INIT(RUN_BYTES_MAX),
                               .last = last };
    buf_append(&p->data, data.data, data.len);
    return STATUS_OK;
}

/* ---- scripts ---- */

static struct json_doc *parsed(const struct buf *text)
{
    struct json_doc *doc = NULL;
    struct error err = { .text = "" };
    if (json_parse(&doc, text->data, text->len, RUN_BYTES_MAX, "a script", &err)) abort();
    return doc;
}

static struct json_doc *with_stream(const struct json *body, int stream)
{
    struct buf text = BUF_INIT(RUN_BYTES_MAX);
    struct json_writer w;
    json_writer_init(&w, &text, 0);
    if (stream < 0 || json_type(body) != JSON_OBJECT) json_put_value(&w, body);
    else {
        json_open_object(&w);
        for (struct json_member m = json_first(body); m.value; m = json_next(body, m)) {
            if (span_equals(m.key, "stream")) continue;
            json_key_span(&w, m.key);
            json_put_value(&w, m.value);
        }
        json_key(&w, "stream");
        json_put_bool(&w, stream);
        json_close_object(&w);
    }
    struct json_doc *doc = parsed(&text);
    buf_release(&text);
    return doc;
}

static bool feed(struct shape_run *r, struct shape_answer *a, const struct json *event,
                 const struct json *body)
{
    const char *kind = json_text(json_get(event, "kind"));
    struct worker_event e = { .kind = WORKER_DELTA, .body = body };
    if (kind && strcmp(kind, "done") == 0) e.kind = WORKER_DONE;
    if (kind && strcmp(kind, "progress") == 0) e.kind = WORKER_PROGRESS;
    int index = (int)json_int(json_get(event, "index"), 0);
    r->status = r->shape->event(a, index, &e, &r->why);
    return r->status == STATUS_OK;
}

/* A delta whose text `name` is cut into pieces of `chop` characters; tokens come with the first. */
static bool feed_chopped(struct shape_run *r, struct shape_answer *a, const struct json *event,
                         const char *name, int chop)
{
    const struct json *body = json_get(event, "body");
    struct span text = json_string(json_get(body, name));
    bool ok = true;
    for (size_t at = 0, n = 0; at < text.len && ok; at += n) {
        struct buf out = BUF_INIT(RUN_BYTES_MAX);
        struct json_writer w;
        uint32_t code_point;
        n = 0;
        for (int i = 0; i < chop && at + n < text.len; i++) {
            int bytes = utf8_decode(text.data + at + n, text.len - at - n, &code_point);
            n += bytes ? (size_t)bytes : 1;
        }
        json_writer_init(&w, &out, 0);
        json_open_object(&w);
        for (struct json_member m = json_first(body); m.value; m = json_next(body, m)) {
            if (at && span_equals(m.key, "tokens")) continue;
            json_key_span(&w, m.key);
            if (!span_equals(m.key, name)) json_put_value(&w, m.value);
            else json_put_span(&w, (struct span){ text.data + at, n });
        }
        json_close_object(&w);
        struct json_doc *doc = parsed(&out);
        ok = feed(r, a, event, json_root(doc));
        json_doc_free(doc);
        buf_release(&out);
    }
    return ok;
}

static bool feed_event(struct shape_run *r, struct shape_answer *a, const struct json *event,
                       int chop)
{
    static const char *const texts[] = { "content", "reasoning", "arguments" };
    const struct json *body = json_get(event, "body");
    for (size_t i = 0; chop && i < sizeof texts / sizeof *texts; i++)
        if (json_string(json_get(body, texts[i])).len)
            return feed_chopped(r, a, event, texts[i], chop);
    return feed(r, a, event, body);
}

static void fail_with(struct shape_run *r, struct shape_answer *a, const struct json *v)
{
    const char *param = json_text(json_get(v, "param")), *text = json_text(json_get(v, "text"));
    struct api_error e = { .http = (int)json_int(json_get(v, "http"), 500),
                           .type = json_text(json_get(v, "type")),
                           .code = json_text(json_get(v, "code")) };
    if (!e.type) e.type = "server_error";
    if (param && strlen(param) < sizeof e.param) memcpy(e.param, param, strlen(param));
    if (text && strlen(text) < sizeof e.text) memcpy(e.text, text, strlen(text));
    r->status = r->shape->fail(a, &e, &r->why);
}

static void run_events(struct shape_run *r, const struct shape_context *context,
                       const struct json *script, int chop)
{
    const struct json *events = json_get(script, "events"), *fail = json_get(script, "fail");
    struct shape_answer *a = NULL;
    r->status = r->shape->begin(&a, &r->request, context, keep, r, &r->why);
    for (size_t i = 0; i < json_length(events) && !r->status; i++)
        if (!feed_event(r, a, json_at(events, i), chop)) break;
    if (!r->status && json_type(fail) == JSON_OBJECT) fail_with(r, a, fail);
    r->shape->answer_free(a);
}

void shape_run(struct shape_run *ret, const struct shape_context *context,
               const struct json *script, int stream, int chop)
{
    const char *name = json_text(json_get(script, "shape"));
    *ret = (struct shape_run){ .shape = name ? shape_named(name) : NULL };
    assert(ret->shape);
    struct json_doc *body = with_stream(json_get(script, "body"), stream);
    ret->refused = !ret->shape->read(&ret->request, json_root(body), context, &ret->error);
    json_doc_free(body);
    if (!ret->refused) run_events(ret, context, script, chop);
}

void shape_run_release(struct shape_run *r)
{
    if (!r->refused) r->shape->release(&r->request);
    for (size_t i = 0; i < r->count; i++) {
        free(r->pieces[i].event);
        buf_release(&r->pieces[i].data);
    }
    free(r->pieces);
    *r = (struct shape_run){ 0 };
}

/* ---- reports ---- */

static void put_json_text(struct json_writer *w, const struct buf *text)
{
    struct json_doc *doc = parsed(text);
    json_put_value(w, json_root(doc));
    json_doc_free(doc);
}

static void report_refusal(struct json_writer *w, const struct shape_run *r)
{
    struct shape_context context = shape_run_context();
    struct buf body = BUF_INIT(RUN_BYTES_MAX);
    r->shape->error_body(&body, &r->error, &context);
    json_key(w, "http");
    json_put_int(w, r->error.http);
    json_key(w, "error");
    put_json_text(w, &body);
    buf_release(&body);
}

static void report_canonical(struct json_writer *w, const struct shape_run *r)
{
    json_key(w, "canonical");
    json_open_array(w);
    for (int i = 0; i < r->request.prompt_count * r->request.choice_count; i++) {
        struct buf text;
        if (shape_submission(&r->request, i, &text, NULL)) abort();
        put_json_text(w, &text);
        buf_release(&text);
    }
    json_close_array(w);
    json_key(w, "note");
    json_put_string(w, r->request.note);
}

void shape_run_report(struct buf *out, const struct shape_run *r)
{
    struct json_writer w;
    json_writer_init(&w, out, 0);
    json_open_object(&w);
    if (r->refused) report_refusal(&w, r);
    else report_canonical(&w, r);
    if (r->status) {
        json_key(&w, "failed");
        json_put_string(&w, r->why.text);
    }
    json_key(&w, "framing");
    json_put_string(&w, r->shape->framing == SHAPE_SSE ? "sse" : "ndjson");
    json_key(&w, "pieces");
    json_open_array(&w);
    for (size_t i = 0; i < r->count; i++) {
        json_open_object(&w);
        json_key(&w, "event");
        json_put_string(&w, r->pieces[i].event);
        json_key(&w, "data");
        json_put_span(&w, (struct span){ r->pieces[i].data.data, r->pieces[i].data.len });
        json_key(&w, "last");
        json_put_bool(&w, r->pieces[i].last);
        json_close_object(&w);
    }
    json_close_array(&w);
    json_close_object(&w);
}
