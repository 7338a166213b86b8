/* Fault sweep over the API shapes: whichever allocation fails, nothing wrong is written or submitted.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The leaks are the sanitizer's to find. Only builds with checks can make an allocation fail. */
#include <stdlib.h>
#include <string.h>

#include "base/core/mem.h"
#include "serve/server/shape_store.h"
#include "support/fixture.h"
#include "support/shape_run.h"

#ifdef HEARTH_CHECKS

#define BYTES_MAX ((size_t)16 << 20)
#define SWEEP_MAX 20000

/* What came out, on the heap that does not fail. */
struct output {
    char *data;
    size_t len;
};

static void put(struct output *o, const char *data, size_t len)
{
    o->data = realloc(o->data, o->len + len + 1);
    assert_non_null(o->data);
    if (len) memcpy(o->data + o->len, data, len);
    o->len += len;
    o->data[o->len] = 0;
}

static enum status sink(void *ctx, const char *event, struct span data, bool last,
                        struct error *err)
{
    if (event) put(ctx, event, strlen(event));
    put(ctx, data.data, data.len);
    put(ctx, last ? "\n\n" : "\n", last ? 2 : 1);
    return STATUS_OK;
}

static enum status feed(struct shape_answer *a, const struct shape *shape,
                        const struct json *events, struct error *err)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; i < json_length(events) && !s; i++) {
        const struct json *event = json_at(events, i);
        const char *kind = json_text(json_get(event, "kind"));
        struct worker_event e = { .kind = WORKER_DELTA, .body = json_get(event, "body") };
        if (strcmp(kind, "done") == 0) e.kind = WORKER_DONE;
        if (strcmp(kind, "progress") == 0) e.kind = WORKER_PROGRESS;
        s = shape->event(a, (int)json_int(json_get(event, "index"), 0), &e, err);
    }
    return s;
}

/* STATUS_OK with everything in `out`, or the status of what failed. */
static enum status attempt(const struct shape *shape, const struct shape_context *context,
                           const struct json *script, bool stream, struct output *out,
                           struct error *err)
{
    struct shape_request r = { 0 };
    struct api_error refusal;
    struct shape_answer *a = NULL;
    struct buf text;
    if (!shape->read(&r, json_get(script, "body"), context, &refusal)) {
        assert_int_equal(refusal.http, 503);
        return error_set(err, STATUS_NO_MEMORY, "%s", refusal.text);
    }
    enum status s = shape_submission(&r, r.choice_count - 1, &text, err);
    if (!s) {
        put(out, text.data, text.len);
        buf_release(&text);
        r.stream = stream;
        s = shape->begin(&a, &r, context, sink, out, err);
    }
    if (!s) s = feed(a, shape, json_get(script, "events"), err);
    if (a) shape->answer_free(a);
    shape->release(&r);
    return s;
}

static void sweep(const struct json *script, bool stream)
{
    const struct shape *shape = shape_named(json_text(json_get(script, "shape")));
    const char *name = json_text(json_get(script, "name"));
    struct shape_context context = shape_run_context();
    struct output want = { 0 };
    struct error err = { .text = "" };
    long n = 1;
    assert_int_equal(shape_store_new(&context.store, 4, 100000, &err), STATUS_OK);
    assert_int_equal(attempt(shape, &context, script, stream, &want, &err), STATUS_OK);
    for (; n < SWEEP_MAX; n += n < 200 ? 1 : n / 16) {
        struct output got = { 0 };
        err = (struct error){ .text = "" };
        mem_fail_nth(n);
        enum status s = attempt(shape, &context, script, stream, &got, &err);
        bool fired = mem_fault_fired();
        mem_fail_nth(0);
        bool told = fired && s == STATUS_NO_MEMORY && err.text[0];
        if (s ? !told : strcmp(got.data, want.data) != 0)
            fail_msg("%s: allocation %ld failed: %s \"%s\"\n  %s", name, n, status_name(s),
                     err.text, got.data ? got.data : "");
        free(got.data);
        if (!fired) break;
    }
    assert_true(n > 1 && n < SWEEP_MAX);
    shape_store_free(context.store);
    free(want.data);
}

static void test_sweep(void **state)
{
    struct json_doc *doc = NULL;
    struct buf text = fixture_read(fixture_source("tests/data/api/scripts.json"));
    assert_int_equal(json_parse(&doc, text.data, text.len, BYTES_MAX, "scripts", NULL), STATUS_OK);
    buf_release(&text);
    for (size_t i = 0; i < json_length(json_root(doc)); i++) {
        sweep(json_at(json_root(doc), i), true);
        sweep(json_at(json_root(doc), i), false);
    }
    json_doc_free(doc);
}

static void test_sweep_of_requests(void **state)
{
    struct json_doc *doc = NULL;
    struct shape_context context = shape_run_context();
    struct buf text = fixture_read(fixture_source("tests/data/api/requests.json"));
    assert_int_equal(json_parse(&doc, text.data, text.len, BYTES_MAX, "requests", NULL), STATUS_OK);
    buf_release(&text);
    for (size_t i = 0; i < json_length(json_root(doc)); i++) {
        const struct json *q = json_at(json_root(doc), i);
        const struct shape *shape = shape_named(json_text(json_get(q, "shape")));
        bool fired = true;
        for (long n = 1; fired && n < SWEEP_MAX; n += n < 200 ? 1 : n / 16) {
            struct shape_request r = { 0 };
            struct api_error e = { .http = 0 };
            mem_fail_nth(n);
            bool ok = shape->read(&r, json_get(q, "body"), &context, &e);
            fired = mem_fault_fired();
            mem_fail_nth(0);
            bool fits = ok ? json_get(q, "canonical") != NULL
                           : e.http == (fired && e.http == 503 ? 503 : 400);
            if (!fits || (!ok && e.http == 400 && json_get(q, "canonical")))
                fail_msg("%s: allocation %ld: %d %s", json_text(json_get(q, "name")), n, e.http,
                         e.text);
            if (ok) shape->release(&r);
        }
    }
    json_doc_free(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sweep),
        cmocka_unit_test(test_sweep_of_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
    return 0;
}

#endif
