/* What `hearth chat` keeps of a worker's events: calls and their ids.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The program's own files are in no library: the one under test is compiled in. */
#include "front/cmd/answer.c"

#include "support/fixture.h"

/* ids as the worker gives them with the beginning and the end of a call; NULL: none. */
static const struct {
    const char *first, *last, *want;
} calls[] = {
    { NULL, NULL, "call_8" },
    { "functions.f:0", NULL, "functions.f:0" },
    { NULL, "Ab3xY9k2L", "Ab3xY9k2L" }, /* Mistral: behind the arguments */
};

static void take_json(struct answer *a, const char *text)
{
    struct json_doc *doc;
    struct error err;
    assert_int_equal(json_parse(&doc, text, strlen(text), 4096, "a delta", &err), STATUS_OK);
    struct worker_event e = { .kind = WORKER_DELTA, .body = json_root(doc) };
    if (answer_take(a, &e, 7, &err)) fail_msg("%s", err.text);
    json_doc_free(doc);
}

static void ids_of_calls(void **state)
{
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        struct answer a;
        char text[200];
        answer_init(&a);
        snprintf(text, sizeof text, "{\"call\":0,\"name\":\"f\"%s%s%s}",
                 calls[i].first ? ",\"id\":\"" : "", calls[i].first ? calls[i].first : "",
                 calls[i].first ? "\"" : "");
        take_json(&a, text);
        take_json(&a, "{\"call\":0,\"arguments\":\"{\\\"x\\\":\"}");
        take_json(&a, "{\"call\":0,\"arguments\":\"1}\"}");
        snprintf(text, sizeof text, "{\"call\":0,\"end\":true%s%s%s}",
                 calls[i].last ? ",\"id\":\"" : "", calls[i].last ? calls[i].last : "",
                 calls[i].last ? "\"" : "");
        take_json(&a, text);
        assert_int_equal(a.call_count, 1);
        assert_int_equal(a.calls[0].id.len, strlen(calls[i].want));
        assert_memory_equal(a.calls[0].id.data, calls[i].want, strlen(calls[i].want));
        assert_memory_equal(a.calls[0].arguments.data, "{\"x\":1}", 7);
        answer_release(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_of_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
