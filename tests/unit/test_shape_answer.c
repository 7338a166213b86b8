/* Answers beside the straight road: errors in streams, workers that misbehave, kept conversations.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "serve/server/api_ollama.h"
#include "serve/server/shape_store.h"
#include "support/fixture.h"
#include "support/shape_run.h"

#define BYTES_MAX ((size_t)16 << 20)

static struct json_doc *parse(const char *text)
{
    struct json_doc *doc = NULL;
    struct error err = { .text = "" };
    if (json_parse(&doc, text, strlen(text), BYTES_MAX, "a test", &err)) fail_msg("%s", err.text);
    return doc;
}

/* Runs the shape over a body and events, both JSON texts. */
static struct shape_run run(const char *shape, const struct shape_context *context,
                            const char *body, const char *events, const char *more)
{
    struct buf text = BUF_INIT(BYTES_MAX);
    struct shape_run r;
    buf_format(&text, "{\"shape\":\"%s\",\"body\":%s,\"events\":%s%s}", shape, body, events, more);
    struct json_doc *doc = parse(text.data);
    shape_run(&r, context, json_root(doc), -1, 0);
    json_doc_free(doc);
    buf_release(&text);
    if (r.refused) fail_msg("%s: %s", shape, r.error.text);
    return r;
}

static const char *last_of(const struct shape_run *r)
{
    assert_true(r->count > 0);
    return r->pieces[r->count - 1].data.data;
}

static void has(const char *text, const char *wanted)
{
    if (!strstr(text, wanted)) fail_msg("wanted %s\n  in %s", wanted, text);
}

#define HI   "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]"
#define SAYS "{\"kind\":\"delta\",\"body\":{\"content\":\"Hello\"}}"
#define FAILS                                                                               \
    ",\"fail\":{\"http\":400,\"type\":\"invalid_request_error\",\"code\":\"context_length_" \
    "exceeded\","                                                                           \
    "\"text\":\"too long\"}"

/* After the first bytes an error is the last piece of the stream, in the API's form. */
static void test_errors_in_streams(void **state)
{
    static const struct {
        const char *shape, *body, *event, *wanted;
    } cases[] = {
        { "openai-chat", "{\"stream\":true," HI "}", NULL,
          "{\"error\":{\"message\":\"too long\",\"type\":\"invalid_request_error\",\"param\":null,"
          "\"code\":\"context_length_exceeded\"}}" },
        { "openai-chat", "{" HI "}", NULL, "{\"error\":{\"message\":\"too long\"" },
        { "openai-completions", "{\"stream\":true,\"prompt\":\"x\"}", NULL,
          "{\"error\":{\"message\":\"too long\"" },
        { "anthropic-messages", "{\"stream\":true,\"max_tokens\":1," HI "}", "error",
          "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"too "
          "long\"},\"request_id\":\"req_" },
        { "anthropic-messages", "{\"max_tokens\":1," HI "}", NULL, "{\"type\":\"error\"" },
        { "openai-responses", "{\"stream\":true,\"input\":\"x\"}", "response.failed",
          "\"error\":{\"code\":\"context_length_exceeded\",\"message\":\"too long\"}" },
        { "openai-responses", "{\"input\":\"x\"}", NULL, "{\"error\":{\"message\":\"too long\"" },
        { "ollama-chat", "{\"model\":\"m\"," HI "}", NULL, "{\"error\":\"too long\"}" },
        { "ollama-generate", "{\"model\":\"m\",\"prompt\":\"x\"}", NULL,
          "{\"error\":\"too long\"}" },
        { "anthropic-count-tokens", "{" HI "}", NULL, "{\"type\":\"error\"" },
        { "openai-input-tokens", "{\"input\":\"x\"}", NULL,
          "{\"error\":{\"message\":\"too long\"" },
        { "tokenize", "{\"prompt\":\"x\"}", NULL, "{\"error\":{\"message\":\"too long\"" },
    };
    struct shape_context context = shape_run_context();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct shape_run r = run(cases[i].shape, &context, cases[i].body, "[" SAYS "]", FAILS);
        const struct shape_piece *last = &r.pieces[r.count - 1];
        has(last_of(&r), cases[i].wanted);
        assert_true(last->last);
        if (cases[i].event) assert_string_equal(last->event, cases[i].event);
        else assert_null(last->event);
        for (size_t k = 0; k < r.count; k++)
            assert_null(strstr(r.pieces[k].data.data, "[DONE]"));
        shape_run_release(&r);
    }
}

/* The worker is a stranger: what it sends out of turn is an error, and nothing is made of it. */
static void test_strange_workers(void **state)
{
    static const struct {
        const char *events;
        enum status status;
    } cases[] = {
        { "[{\"kind\":\"delta\",\"body\":{\"call\":1,\"name\":\"f\"}}]", STATUS_FAILED },
        { "[{\"kind\":\"delta\",\"body\":{\"call\":0,\"arguments\":\"{}\"}}]", STATUS_FAILED },
        { "[{\"kind\":\"delta\",\"body\":{\"call\":0,\"end\":true}}]", STATUS_FAILED },
        { "[{\"kind\":\"delta\",\"body\":{\"call\":0,\"name\":\"f\"}}," SAYS
          ",{\"kind\":\"delta\",\"body\":{\"call\":0,\"arguments\":\"{}\"}}]",
          STATUS_FAILED },
        { "[{\"kind\":\"delta\",\"body\":{\"call\":\"x\",\"name\":\"f\"}}]", STATUS_FAILED },
        { "[{\"index\":1,\"kind\":\"delta\",\"body\":{\"content\":\"x\"}}]", STATUS_FAILED },
        { "[{\"index\":-1,\"kind\":\"delta\",\"body\":{}}]", STATUS_FAILED },
        { "[{\"kind\":\"done\",\"body\":{}}," SAYS "]", STATUS_FAILED },
        { "[{\"kind\":\"done\",\"body\":{\"finish\":\"cancelled\"}}]", STATUS_CANCELLED },
        { "[{\"kind\":\"delta\",\"body\":5},{\"kind\":\"delta\",\"body\":{\"content\":5,"
          "\"tokens\":[1,{\"bytes\":\"x\"}]}},{\"kind\":\"done\",\"body\":[]}]",
          STATUS_OK },
    };
    static const char *const bodies[][2] = {
        { "openai-chat", "{\"logprobs\":true," HI "}" },
        { "openai-chat", "{\"stream\":true," HI "}" },
        { "anthropic-messages", "{\"stream\":true,\"max_tokens\":1," HI "}" },
        { "openai-responses", "{\"stream\":true,\"top_logprobs\":1,\"input\":\"x\"}" },
        { "ollama-chat", "{\"model\":\"m\"," HI "}" },
    };
    struct shape_context context = shape_run_context();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t k = 0; k < sizeof bodies / sizeof *bodies; k++) {
            struct shape_run r = run(bodies[k][0], &context, bodies[k][1], cases[i].events, "");
            if (r.status != cases[i].status)
                fail_msg("%s, %s: %s %s", bodies[k][0], cases[i].events, status_name(r.status),
                         r.why.text);
            shape_run_release(&r);
        }
}

/* 129 calls: one more than clients take. */
static void test_many_calls(void **state)
{
    struct buf events = BUF_INIT(BYTES_MAX);
    struct shape_context context = shape_run_context();
    for (int i = 0; i < 129; i++)
        buf_format(&events, "%s{\"kind\":\"delta\",\"body\":{\"call\":%d,\"name\":\"f\"}}",
                   i ? "," : "[", i);
    buf_text(&events, "]");
    struct shape_run r = run("openai-chat", &context, "{" HI "}", events.data, "");
    assert_int_equal(r.status, STATUS_FAILED);
    shape_run_release(&r);
    buf_release(&events);
}

static void test_counts(void **state)
{
    static const char done[] = "[{\"kind\":\"done\",\"body\":{\"finish\":\"length\","
                               "\"prompt_tokens\":2095}}]";
    static const char told[] =
        "[{\"kind\":\"delta\",\"body\":{\"prompt\":[{\"id\":1,\"bytes\":[60]},{\"id\":7,\"bytes\":"
        "[195]}]}},{\"kind\":\"delta\",\"body\":{\"prompt\":[{\"id\":9,\"bytes\":[164]}]}},"
        "{\"kind\":\"done\",\"body\":{}}]";
    struct json_doc *ready = parse("{\"context_max\":4096}");
    struct shape_context context = shape_run_context();
    struct shape_run r = run("anthropic-count-tokens", &context, "{" HI "}", done, "");
    assert_string_equal(last_of(&r), "{\"input_tokens\":2095}");
    shape_run_release(&r);
    r = run("openai-input-tokens", &context, "{\"input\":\"x\"}", done, "");
    assert_string_equal(last_of(&r),
                        "{\"object\":\"response.input_tokens\",\"input_tokens\":2095}");
    shape_run_release(&r);
    context.ready = json_root(ready);
    r = run("tokenize", &context, "{\"prompt\":\"x\",\"return_token_strs\":true}", told, "");
    assert_string_equal(last_of(&r), "{\"count\":3,\"max_model_len\":4096,\"tokens\":[1,7,9],"
                                     "\"token_strs\":[\"<\",\"\\\\xc3\",\"\\\\xa4\"]}");
    shape_run_release(&r);
    r = run("detokenize", &context, "{\"tokens\":[1,7,9]}", told, "");
    assert_string_equal(last_of(&r), "{\"prompt\":\"<\xc3\xa4\"}");
    shape_run_release(&r);
    json_doc_free(ready);
}

/* Progress keeps clients awake, and tells Anthropic's the length of the prompt at once. */
static void test_progress(void **state)
{
    static const char events[] =
        "[{\"kind\":\"progress\",\"body\":{\"stage\":\"prompt\",\"done\":1,\"total\":90}},"
        "{\"kind\":\"progress\",\"body\":{\"stage\":\"prompt\",\"done\":2,\"total\":90}}," SAYS "]";
    struct shape_context context = shape_run_context();
    struct shape_run r = run("anthropic-messages", &context,
                             "{\"stream\":true,\"max_tokens\":1," HI "}", events, "");
    assert_string_equal(r.pieces[0].event, "message_start");
    has(r.pieces[0].data.data, "\"input_tokens\":90");
    assert_string_equal(r.pieces[1].event, "ping");
    assert_string_equal(r.pieces[2].event, "content_block_start");
    shape_run_release(&r);
    r = run("openai-responses", &context, "{\"stream\":true,\"input\":\"x\"}", events, "");
    assert_string_equal(r.pieces[2].event, "response.in_progress");
    has(r.pieces[2].data.data, "\"sequence_number\":2");
    shape_run_release(&r);
}

static void test_reasoning_key(void **state)
{
    static const char thinks[] = "[{\"kind\":\"delta\",\"body\":{\"reasoning\":\"hm\"}},"
                                 "{\"kind\":\"done\",\"body\":{}}]";
    struct shape_context context = shape_run_context();
    context.reasoning_key = "reasoning";
    struct shape_run r = run("openai-chat", &context, "{" HI "}", thinks, "");
    has(last_of(&r), "\"reasoning\":\"hm\"");
    assert_null(strstr(last_of(&r), "reasoning_content"));
    shape_run_release(&r);
}

/* ---- kept conversations ---- */

#define CALL                                                                               \
    "[{\"kind\":\"delta\",\"body\":{\"reasoning\":\"hm\"}},{\"kind\":\"delta\",\"body\":{" \
    "\"call\":0,"                                                                          \
    "\"name\":\"f\"}},{\"kind\":\"delta\",\"body\":{\"call\":0,\"end\":true}},"            \
    "{\"kind\":\"done\",\"body\":{\"finish\":\"tool_calls\"}}]"

static void submits(const struct shape_run *r, const char *messages)
{
    struct buf text;
    assert_int_equal(shape_submission(&r->request, 0, &text, NULL), STATUS_OK);
    has(text.data, messages);
    buf_release(&text);
}

static void test_previous_response(void **state)
{
    struct shape_context context = shape_run_context();
    assert_int_equal(shape_store_new(&context.store, 4, 1000, NULL), STATUS_OK);
    struct shape_run r =
        run("openai-responses", &context,
            "{\"instructions\":\"I\",\"input\":[{\"role\":\"developer\",\"content\":"
            "\"D\"},{\"role\":\"user\",\"content\":\"Hi\"}]}",
            CALL, "");
    has(last_of(&r), "\"store\":true");
    has(last_of(&r), "\"call_id\":\"call_AbCdEfGhIjKlMnOpQrStUvWx_0_0\"");
    shape_run_release(&r);
    /* The instructions are the new request's; the call may be answered by its id alone. */
    context.request_id = "second";
    r = run("openai-responses", &context,
            "{\"instructions\":\"J\",\"previous_response_id\":\"resp_AbCdEfGhIjKlMnOpQrStUvWx\","
            "\"input\":[{\"type\":\"function_call_output\",\"call_id\":"
            "\"call_AbCdEfGhIjKlMnOpQrStUvWx_0_0\",\"output\":\"7\"}],\"store\":false}",
            "[" SAYS ",{\"kind\":\"done\",\"body\":{}}]", "");
    submits(&r,
            "\"messages\":[{\"role\":\"system\",\"content\":\"J\\n\\nD\"},{\"role\":\"user\","
            "\"content\":\"Hi\"},{\"role\":\"assistant\",\"content\":\"\",\"reasoning_content\":"
            "\"hm\",\"tool_calls\":[{\"id\":\"call_AbCdEfGhIjKlMnOpQrStUvWx_0_0\",\"type\":"
            "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},{\"role\":"
            "\"tool\",\"tool_call_id\":\"call_AbCdEfGhIjKlMnOpQrStUvWx_0_0\",\"content\":\"7\"}]");
    has(last_of(&r), "\"store\":false");
    has(last_of(&r), "\"previous_response_id\":\"resp_AbCdEfGhIjKlMnOpQrStUvWx\"");
    shape_run_release(&r);
    /* What was not to be kept is not found, and neither is another tenant's. */
    static const char *const unknown[][2] = { { "", "resp_second" },
                                              { "other", "resp_AbCdEfGhIjKlMnOpQrStUvWx" } };
    for (size_t i = 0; i < 2; i++) {
        struct shape_request q;
        struct api_error err;
        struct buf body = BUF_INIT(1000);
        context.tenant = unknown[i][0];
        buf_format(&body, "{\"input\":\"x\",\"previous_response_id\":\"%s\"}", unknown[i][1]);
        struct json_doc *doc = parse(body.data);
        assert_false(shape_named("openai-responses")->read(&q, json_root(doc), &context, &err));
        assert_string_equal(err.param, "previous_response_id");
        json_doc_free(doc);
        buf_release(&body);
    }
    shape_store_free(context.store);
}

/* A call that broke off cannot be answered, and is not kept. */
static void test_broken_is_not_kept(void **state)
{
    struct shape_context context = shape_run_context();
    assert_int_equal(shape_store_new(&context.store, 4, 1000, NULL), STATUS_OK);
    struct shape_run r = run("openai-responses", &context, "{\"input\":\"Hi\"}",
                             "[{\"kind\":\"delta\",\"body\":{\"call\":0,\"name\":\"f\"}},{\"kind\":"
                             "\"done\",\"body\":{\"finish\":\"length\"}}]",
                             "");
    has(last_of(&r), "\"store\":false");
    has(last_of(&r), "\"status\":\"incomplete\"");
    shape_run_release(&r);
    shape_store_free(context.store);
}

static bool kept(struct shape_store *s, const char *tenant, const char *id, const char *wanted)
{
    struct buf text = BUF_INIT(1000);
    bool found;
    assert_int_equal(shape_store_get(s, tenant, id, &text, &found, NULL), STATUS_OK);
    bool same = found && strcmp(text.data, wanted) == 0;
    buf_release(&text);
    return same;
}

static void test_store(void **state)
{
    struct shape_store *s;
    bool ok;
    char id[8];
    assert_int_equal(shape_store_new(&s, 0, 10, NULL), STATUS_LIMIT);
    assert_int_equal(shape_store_new(&s, SHAPE_STORE_ENTRIES_MAX + 1, 10, NULL), STATUS_LIMIT);
    assert_int_equal(shape_store_new(&s, 3, 10, NULL), STATUS_OK);
    for (int i = 0; i < 5; i++) {
        snprintf(id, sizeof id, "r%d", i);
        assert_int_equal(shape_store_put(s, "t", id, span_of("abc"), &ok, NULL), STATUS_OK);
        assert_true(ok);
    }
    assert_false(kept(s, "t", "r1", "abc"));
    assert_true(kept(s, "t", "r2", "abc") && kept(s, "t", "r4", "abc"));
    assert_false(kept(s, "u", "r4", "abc"));
    /* Nine bytes are there: eight more push the oldest out until they fit. */
    assert_int_equal(shape_store_put(s, "t", "long", span_of("abcdefgh"), &ok, NULL), STATUS_OK);
    assert_true(ok && kept(s, "t", "long", "abcdefgh") && !kept(s, "t", "r4", "abc"));
    assert_int_equal(shape_store_put(s, "t", "more", span_of("12345678901"), &ok, NULL), STATUS_OK);
    assert_true(!ok && !kept(s, "t", "more", "12345678901") && kept(s, "t", "long", "abcdefgh"));
    assert_true(shape_store_remove(s, "t", "long"));
    assert_false(shape_store_remove(s, "t", "long") || kept(s, "t", "long", "abcdefgh"));
    assert_int_equal(shape_store_put(s, "t", "full", span_of("0123456789"), &ok, NULL), STATUS_OK);
    assert_true(ok && kept(s, "t", "full", "0123456789"));
    shape_store_free(s);
    shape_store_free(NULL);
}

/* ---- Ollama's models ---- */

static void test_ollama_models(void **state)
{
    static const struct ollama_model m = { .name = "ember",
                                           .modified = 1767225600,
                                           .bytes = 5,
                                           .digest = "ab",
                                           .format = "gguf",
                                           .family = "qwen3",
                                           .quantization = "Q4_K",
                                           .parameter_count = 1700000000,
                                           .context_max = 4096,
                                           .tools = true };
    struct buf out = BUF_INIT(4000);
    struct api_error err;
    struct span name;
    ollama_tags(&out, &m, 1);
    has(out.data, "\"modified_at\":\"2026-01-01T00:00:00Z\"");
    has(out.data, "\"parameter_size\":\"1.7B\"");
    json_doc_free(parse(out.data));
    buf_clear(&out);
    ollama_tags(&out, &(struct ollama_model){ .name = "x" }, 1);
    json_doc_free(parse(out.data));
    buf_clear(&out);
    ollama_show(&out, &m);
    has(out.data, "\"qwen3.context_length\":4096");
    has(out.data, "\"capabilities\":[\"completion\",\"tools\"]");
    json_doc_free(parse(out.data));
    buf_release(&out);
    struct json_doc *doc = parse("[{\"name\":\"a:latest\"},{\"model\":\"b\"},{},{\"model\":5},[]]");
    assert_true(ollama_show_model(json_at(json_root(doc), 0), &name, &err) && name.len == 1);
    assert_true(ollama_show_model(json_at(json_root(doc), 1), &name, &err));
    for (size_t i = 2; i < 5; i++)
        assert_false(ollama_show_model(json_at(json_root(doc), i), &name, &err));
    json_doc_free(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors_in_streams),
        cmocka_unit_test(test_strange_workers),
        cmocka_unit_test(test_many_calls),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_progress),
        cmocka_unit_test(test_reasoning_key),
        cmocka_unit_test(test_previous_response),
        cmocka_unit_test(test_broken_is_not_kept),
        cmocka_unit_test(test_store),
        cmocka_unit_test(test_ollama_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
