/* Bodies of requests: what becomes of them, and which are refused for what.
 * SPDX-License-Identifier: Apache-2.0
 *
 * tests/data/api/requests.json: {"name", "shape", "body"} with "canonical", what is submitted for each
 * answer (the order of members does not count), or with "param" and "code" of the refusal. */
#include <string.h>

#include "base/core/json_write.h"
#include "support/fixture.h"
#include "support/shape_run.h"

#define BYTES_MAX ((size_t)16 << 20)

static bool same_json(const struct json *a, const struct json *b)
{
    if (json_type(a) != json_type(b)) return false;
    switch (json_type(a)) {
    case JSON_BOOL: return json_bool(a, false) == json_bool(b, false);
    case JSON_INT: return json_int(a, 0) == json_int(b, 0);
    case JSON_REAL: return json_number(a, 0) == json_number(b, 0);
    case JSON_STRING:
        return json_string(a).len == json_string(b).len &&
               memcmp(json_string(a).data, json_string(b).data, json_string(a).len) == 0;
    case JSON_ARRAY:
        if (json_length(a) != json_length(b)) return false;
        for (size_t i = 0; i < json_length(a); i++)
            if (!same_json(json_at(a, i), json_at(b, i))) return false;
        return true;
    case JSON_OBJECT:
        if (json_length(a) != json_length(b)) return false;
        for (struct json_member m = json_first(a); m.value; m = json_next(a, m))
            if (!json_get(b, m.key.data) || !same_json(m.value, json_get(b, m.key.data)))
                return false;
        return true;
    default: return true;
    }
}

static struct buf text_of(const struct json *v)
{
    struct buf out = BUF_INIT(BYTES_MAX);
    struct json_writer w;
    json_writer_init(&w, &out, 0);
    json_put_value(&w, v);
    return out;
}

static void check_submissions(const char *name, const struct shape_request *r,
                              const struct json *wanted)
{
    int count = r->prompt_count * r->choice_count;
    assert_int_equal(count, json_length(wanted));
    for (int i = 0; i < count; i++) {
        struct buf got, want = text_of(json_at(wanted, (size_t)i));
        struct json_doc *doc = NULL;
        struct error err = { .text = "" };
        assert_int_equal(shape_submission(r, i, &got, &err), STATUS_OK);
        assert_int_equal(json_parse(&doc, got.data, got.len, BYTES_MAX, "a submission", &err),
                         STATUS_OK);
        if (!same_json(json_root(doc), json_at(wanted, (size_t)i)))
            fail_msg("%s, answer %d\n  wanted %s\n  got    %s", name, i, want.data, got.data);
        json_doc_free(doc);
        buf_release(&got);
        buf_release(&want);
    }
}

static void check_refusal(const char *name, const struct api_error *got, const struct json *request)
{
    const char *param = json_text(json_get(request, "param"));
    if (got->http != 400 || strcmp(got->type, "invalid_request_error") != 0 || !got->text[0])
        fail_msg("%s: http %d, type %s, text \"%s\"", name, got->http, got->type, got->text);
    if (strcmp(got->param, param ? param : "") != 0 ||
        strcmp(got->code, json_text(json_get(request, "code"))) != 0)
        fail_msg("%s: refused for %s (%s): %s", name, got->param, got->code, got->text);
}

static struct json_doc *requests(void)
{
    struct json_doc *doc = NULL;
    struct error err = { .text = "" };
    struct buf text = fixture_read(fixture_source("tests/data/api/requests.json"));
    if (json_parse(&doc, text.data, text.len, BYTES_MAX, "requests.json", &err))
        fail_msg("%s", err.text);
    buf_release(&text);
    return doc;
}

static void test_requests(void **state)
{
    struct json_doc *doc = requests();
    struct shape_context context = shape_run_context();
    assert_true(json_length(json_root(doc)) > 100);
    for (size_t i = 0; i < json_length(json_root(doc)); i++) {
        const struct json *q = json_at(json_root(doc), i), *canonical = json_get(q, "canonical");
        const char *name = json_text(json_get(q, "name")), *note = json_text(json_get(q, "note"));
        const struct shape *shape = shape_named(json_text(json_get(q, "shape")));
        struct shape_request r = { 0 };
        struct api_error err = { .http = 0 };
        bool ok = shape->read(&r, json_get(q, "body"), &context, &err);
        if (ok != (canonical != NULL)) fail_msg("%s: %s", name, ok ? "taken" : err.text);
        if (!ok) {
            check_refusal(name, &err, q);
            continue;
        }
        check_submissions(name, &r, canonical);
        if (note ? !r.note || !strstr(r.note, note) : r.note != NULL)
            fail_msg("%s: the note is %s", name, r.note ? r.note : "missing");
        shape->release(&r);
    }
    json_doc_free(doc);
}

/* Every member of every body, replaced by values of other types: refused by name or taken, and what
 * is taken is JSON. */
static void test_wrong_types(void **state)
{
    static const char values[] = "[null,true,-1,1e300,\"x\",[],[[]],[null],{},{\"type\":5}]";
    struct json_doc *doc = requests(), *odd = NULL;
    struct shape_context context = shape_run_context();
    assert_int_equal(json_parse(&odd, values, sizeof values - 1, BYTES_MAX, "values", NULL), 0);
    for (size_t i = 0; i < json_length(json_root(doc)); i++) {
        const struct json *q = json_at(json_root(doc), i), *body = json_get(q, "body");
        const struct shape *shape = shape_named(json_text(json_get(q, "shape")));
        for (struct json_member at = json_first(body); at.value; at = json_next(body, at))
            for (size_t k = 0; k < json_length(json_root(odd)); k++) {
                struct buf text = BUF_INIT(BYTES_MAX);
                struct json_writer w;
                struct json_doc *changed = NULL;
                struct shape_request r = { 0 };
                struct api_error err = { .http = 0 };
                json_writer_init(&w, &text, 0);
                json_open_object(&w);
                for (struct json_member m = json_first(body); m.value; m = json_next(body, m)) {
                    json_key_span(&w, m.key);
                    json_put_value(&w, m.value == at.value ? json_at(json_root(odd), k) : m.value);
                }
                json_close_object(&w);
                assert_int_equal(json_parse(&changed, text.data, text.len, BYTES_MAX, "b", NULL),
                                 0);
                if (shape->read(&r, json_root(changed), &context, &err)) {
                    struct json_doc *canonical = NULL;
                    struct buf got;
                    assert_int_equal(shape_submission(&r, 0, &got, NULL), 0);
                    assert_int_equal(
                        json_parse(&canonical, got.data, got.len, BYTES_MAX, "c", NULL), 0);
                    json_doc_free(canonical);
                    buf_release(&got);
                    shape->release(&r);
                } else {
                    assert_int_equal(err.http, 400);
                    assert_true(err.text[0] && err.code);
                }
                json_doc_free(changed);
                buf_release(&text);
            }
    }
    json_doc_free(odd);
    json_doc_free(doc);
}

static void test_routes(void **state)
{
    for (size_t i = 0; i < shape_count(); i++) {
        const struct shape *s = shape_at(i);
        assert_ptr_equal(shape_for(s->method, s->path), s);
        assert_ptr_equal(shape_named(s->name), s);
        assert_null(shape_for("GET", s->path));
    }
    assert_null(shape_for("POST", "/v1/chat/completions/"));
    assert_null(shape_for("POST", ""));
}

static void test_error_from(void **state)
{
    static const struct {
        enum status status;
        const char *text;
        int http;
        const char *type, *code, *param;
    } cases[] = {
        { STATUS_CONTEXT, "the prompt has 9 tokens", 400, "invalid_request_error",
          "context_length_exceeded", "" },
        { STATUS_BAD_INPUT, "messages[3].role is \"x\"; it must be one of", 400,
          "invalid_request_error", "invalid_value", "messages[3].role" },
        { STATUS_BAD_INPUT, "tools[0].function.name: no", 400, "invalid_request_error",
          "invalid_value", "tools[0].function.name" },
        { STATUS_BAD_INPUT, "toolshed is open", 400, "invalid_request_error", "invalid_value", "" },
        { STATUS_UNSUPPORTED, "messages[0].content[1] is of type \"image\"", 400,
          "invalid_request_error", "unsupported_parameter", "messages[0].content[1]" },
        { STATUS_NOT_FOUND, "no chat template", 404, "not_found_error", "not_found", "" },
        { STATUS_NO_MEMORY, "out of memory", 503, "server_error", NULL, "" },
        { STATUS_FAILED, "messages[0] broke", 500, "server_error", NULL, "" },
        { STATUS_CANCELLED, "stopped", 503, "server_error", NULL, "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err;
        struct api_error got;
        error_set(&err, cases[i].status, "%s", cases[i].text);
        api_error_from(&got, &err);
        assert_int_equal(got.http, cases[i].http);
        assert_string_equal(got.type, cases[i].type);
        assert_string_equal(got.param, cases[i].param);
        assert_string_equal(got.text, cases[i].text);
        if (cases[i].code) assert_string_equal(got.code, cases[i].code);
        else assert_null(got.code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_wrong_types),
        cmocka_unit_test(test_routes),
        cmocka_unit_test(test_error_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
