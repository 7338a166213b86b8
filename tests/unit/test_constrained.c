/* Answers under constraints, through a worker: whatever the seed, what comes out parses and satisfies.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The model is the one in the tree, at temperature 1 and above; the checks read the text with the JSON
 * reader, which knows nothing of constraints. */
#include "lm/worker/worker_start.h"

#include <stdio.h>
#include <string.h>

#include "support/fixture.h"
#include "support/peer.h"

#define SEEDS 6

/* Calls as Qwen's models have them, and think tags. */
static const char tool_template[] =
    "{% for t in tools or [] %}{{ t | tojson }}{% endfor %}{% for m in messages %}<|im_start|>{{ "
    "m.role "
    "}}\n"
    "{{ m.content }}{% for c in m.tool_calls or [] %}<tool_call>\n{\"name\": \"{{ c.name }}\", "
    "\"arguments\": {{ c.arguments }}}\n</tool_call>{% endfor %}<|im_end|>\n{% endfor %}"
    "<|im_start|>assistant\n{% if thinking %}<think>\n{% endif %}";

struct world {
    struct peer_model model;
    struct worker *w;
};

static void open_world(struct world *x, const char *template)
{
    peer_model_open(&x->model, fixture_source("models/ember"));
    if (template) peer_model_add(&x->model, "chat_template.jinja", template);
    x->model.options.engine.context_max = 1024;
    x->model.options.engine.batch_max = 32;
    x->w = peer_start(&x->model);
}

static void close_world(struct world *x)
{
    worker_stop(x->w);
    peer_model_close(&x->model);
    peer_no_children();
}

/* ---- one answer ---- */

#define CALLS_MAX 8

struct outcome {
    struct buf content, reasoning, arguments[CALLS_MAX];
    char name[CALLS_MAX][64];
    int call_count, ended;
    char finish[16];
    int64_t tokens;
    bool failed;
    size_t deltas;
    struct error error;
};

static void outcome_release(struct outcome *o)
{
    buf_release(&o->content);
    buf_release(&o->reasoning);
    for (int i = 0; i < CALLS_MAX; i++)
        buf_release(&o->arguments[i]);
}

static void append(struct buf *b, const struct json *v)
{
    struct span s = json_string(v);
    if (s.len) buf_append(b, s.data, s.len);
}

static void take_delta(struct outcome *o, const struct json *d)
{
    int call = (int)json_int(json_get(d, "call"), -1);
    o->deltas++;
    append(&o->content, json_get(d, "content"));
    append(&o->reasoning, json_get(d, "reasoning"));
    if (call < 0) return;
    assert_true(call < CALLS_MAX);
    if (json_get(d, "name")) {
        snprintf(o->name[call], sizeof o->name[call], "%s", json_text(json_get(d, "name")));
        o->call_count = call + 1;
    }
    append(&o->arguments[call], json_get(d, "arguments"));
    o->ended += json_bool(json_get(d, "end"), false);
}

static void follow(struct worker *w, uint64_t id, struct outcome *o)
{
    struct worker_event e;
    struct error err;
    bool got;
    for (;;) {
        if (worker_next(w, &e, &got, 60000, &err)) fail_msg("%s", err.text);
        if (!got) fail_msg("nothing came for a minute");
        assert_int_equal(e.request, id);
        if (e.kind == WORKER_DELTA) take_delta(o, e.body);
        if (e.kind == WORKER_DONE) {
            snprintf(o->finish, sizeof o->finish, "%s", json_text(json_get(e.body, "finish")));
            o->tokens = json_int(json_get(e.body, "completion_tokens"), -1);
            if (strcmp(o->finish, "length") != 0)
                assert_false(json_bool(json_get(e.body, "unparsed"), true));
            return;
        }
        if (e.kind == WORKER_ERROR) {
            o->failed = true;
            o->error = *e.error;
            return;
        }
    }
}

/* `rest`: further members of the request. */
static void ask(struct world *x, struct outcome *o, int seed, const char *rest)
{
    static char request[16384];
    struct error err;
    uint64_t id;
    *o = (struct outcome){ .content = BUF_INIT(1 << 20), .reasoning = BUF_INIT(1 << 20) };
    for (int i = 0; i < CALLS_MAX; i++)
        o->arguments[i] = BUF_INIT(1 << 20);
    int n =
        snprintf(request, sizeof request,
                 "{\"messages\":[{\"role\":\"user\",\"content\":\"Tell me about the sea.\"}],"
                 "\"add_generation_prompt\":true,\"max_tokens\":160,\"sampling\":{\"temperature\":"
                 "%s,\"seed\":%d},%s}",
                 seed % 2 ? "1" : "1.7", seed, rest);
    assert_true(n > 0 && (size_t)n < sizeof request);
    if (worker_submit(x->w, &id, request, (size_t)n, &err)) fail_msg("%s", err.text);
    follow(x->w, id, o);
}

static struct json_doc *parse(const struct buf *text)
{
    struct json_doc *doc;
    struct error err = { .text = "" };
    if (json_parse(&doc, text->data ? text->data : "", text->len, 1 << 20, "the answer", &err))
        fail_msg("%s: %s", err.text, text->data ? text->data : "(nothing)");
    return doc;
}

/* ---- the content ---- */

#define PERSON                                                                                   \
    "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\",\"maxLength\":12},"      \
    "\"age\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":130},\"tags\":{\"type\":\"array\"," \
    "\"items\":{\"enum\":[\"red\",\"green\"]},\"minItems\":1,\"maxItems\":3}},\"required\":"     \
    "[\"name\",\"age\",\"tags\"],\"additionalProperties\":false}"

static void check_person(const struct json *v)
{
    const struct json *tags = json_get(v, "tags");
    assert_int_equal(json_type(v), JSON_OBJECT);
    assert_int_equal(json_length(v), 3);
    assert_int_equal(json_type(json_get(v, "name")), JSON_STRING);
    assert_int_equal(json_type(json_get(v, "age")), JSON_INT);
    assert_in_range(json_int(json_get(v, "age"), -1), 0, 130);
    assert_in_range(json_length(tags), 1, 3);
    for (size_t i = 0; i < json_length(tags); i++) {
        struct span s = json_string(json_at(tags, i));
        if (!span_equals(s, "red") && !span_equals(s, "green")) fail_msg("tag %zu", i);
    }
}

static void schemas(void **state)
{
    struct world x;
    struct outcome o;
    open_world(&x, NULL);
    for (int seed = 1; seed <= SEEDS; seed++) {
        ask(&x, &o, seed,
            "\"constraint\":{\"type\":\"json_schema\",\"whitespace\":\"compact\",\"schema\":" PERSON
            "}");
        if (o.failed) fail_msg("%s", o.error.text);
        assert_string_equal(o.finish, "stop");
        struct json_doc *doc = parse(&o.content);
        check_person(json_root(doc));
        json_doc_free(doc);
        outcome_release(&o);
    }
    close_world(&x);
}

static void texts(void **state)
{
    struct world x;
    struct outcome o;
    open_world(&x, NULL);
    for (int seed = 1; seed <= SEEDS; seed++) {
        ask(&x, &o, seed,
            "\"constraint\":{\"type\":\"choice\",\"choices\":[\"yes\",\"no\",\"<think>\"]}");
        assert_string_equal(o.finish, "stop");
        if (strcmp(o.content.data, "yes") != 0 && strcmp(o.content.data, "no") != 0 &&
            strcmp(o.content.data, "<think>") != 0)
            fail_msg("%s", o.content.data);
        outcome_release(&o);
        ask(&x, &o, seed, "\"constraint\":{\"type\":\"regex\",\"pattern\":\"[a-f]{3}-[0-9]{2}\"}");
        assert_string_equal(o.finish, "stop");
        assert_int_equal(o.content.len, 6);
        assert_int_equal(o.content.data[3], '-');
        assert_int_equal(strspn(o.content.data, "abcdef"), 3);
        assert_int_equal(strspn(o.content.data + 4, "0123456789"), 2);
        outcome_release(&o);
        ask(&x, &o, seed,
            "\"constraint\":{\"type\":\"grammar\",\"grammar\":\"root ::= \\\"(\\\" root \\\")\\\" "
            "| "
            "[xy]\"}");
        if (strcmp(o.finish, "stop") == 0) {
            size_t deep = strspn(o.content.data, "(");
            assert_int_equal(o.content.len, 2 * deep + 1);
            assert_int_equal(strspn(o.content.data + deep + 1, ")"), deep);
        }
        outcome_release(&o);
    }
    close_world(&x);
}

/* The end comes without another step where nothing else can. */
static void ends_at_once(void **state)
{
    struct world x;
    struct outcome o;
    open_world(&x, NULL);
    ask(&x, &o, 1, "\"return_ids\":true,\"constraint\":{\"type\":\"choice\",\"choices\":[\"a\"]}");
    assert_string_equal(o.finish, "stop");
    assert_string_equal(o.content.data, "a");
    assert_int_equal(o.tokens, 1);
    outcome_release(&o);
    close_world(&x);
}

static void check_stats(struct world *x, int64_t compiled, int64_t refused, int64_t found,
                        int64_t remembered)
{
    struct worker_event e;
    struct error err;
    uint64_t id;
    bool got;
    if (worker_stats(x->w, &id, &err)) fail_msg("%s", err.text);
    if (worker_next(x->w, &e, &got, 60000, &err) || !got) fail_msg("no stats");
    const struct json *s = json_get(e.body, "constraints");
    assert_int_equal(e.kind, WORKER_DONE);
    assert_int_equal(json_int(json_get(s, "compiled"), -1), compiled);
    assert_int_equal(json_int(json_get(s, "refused"), -1), refused);
    assert_int_equal(json_int(json_get(s, "found"), -1), found);
    assert_int_equal(json_int(json_get(s, "remembered"), -1), remembered);
}

/* Compiled once, refused once; the oldest is forgotten when there are many. */
static void remembered(void **state)
{
    struct world x;
    struct outcome o;
    char rest[128];
    open_world(&x, NULL);
    check_stats(&x, 0, 0, 0, 0);
    for (int i = 0; i < 3; i++) {
        ask(&x, &o, 1, "\"constraint\":{\"type\":\"choice\",\"choices\":[\"a\"]}");
        outcome_release(&o);
        ask(&x, &o, 1, "\"constraint\":{\"type\":\"regex\",\"pattern\":\"(\"}");
        assert_true(o.failed);
        outcome_release(&o);
    }
    check_stats(&x, 1, 1, 4, 2);
    for (int i = 0; i < 32; i++) {
        snprintf(rest, sizeof rest, "\"constraint\":{\"type\":\"choice\",\"choices\":[\"a%d\"]}",
                 i);
        ask(&x, &o, 1, rest);
        if (o.failed) fail_msg("%s", o.error.text);
        outcome_release(&o);
    }
    check_stats(&x, 33, 1, 4, 32);
    ask(&x, &o, 1, "\"constraint\":{\"type\":\"choice\",\"choices\":[\"a31\"]}");
    outcome_release(&o);
    check_stats(&x, 33, 1, 5, 32);
    ask(&x, &o, 1, "\"constraint\":{\"type\":\"choice\",\"choices\":[\"a\"]}");
    outcome_release(&o);
    check_stats(&x, 34, 1, 5, 32);
    close_world(&x);
}

/* ---- reasoning ---- */

static void after_reasoning(void **state)
{
    struct world x;
    struct outcome o;
    open_world(&x, tool_template);
    for (int seed = 1; seed <= 2; seed++) {
        ask(&x, &o, seed,
            "\"chat_template_kwargs\":{\"thinking\":true},\"constraint\":{\"type\":\"json_schema\","
            "\"whitespace\":\"compact\",\"schema\":" PERSON "}");
        if (o.failed) fail_msg("%s", o.error.text);
        if (strcmp(o.finish, "stop") == 0) {
            struct json_doc *doc = parse(&o.content);
            check_person(json_root(doc));
            json_doc_free(doc);
        } else {
            assert_string_equal(o.finish, "length"); /* this model never ends its thoughts */
            assert_int_equal(o.content.len, 0);
            assert_true(o.reasoning.len > 0);
        }
        outcome_release(&o);
    }
    close_world(&x);
}

/* ---- tools ---- */

#define TOOLS                                                                             \
    "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"add_person\","            \
    "\"parameters\":" PERSON                                                              \
    "}},{\"type\":\"function\",\"function\":{\"name\":\"ping\",\"parameters\":{\"type\":" \
    "\"object\",\"properties\":{},\"additionalProperties\":false}}}]"

static void check_calls(const struct outcome *o)
{
    if (o->failed) fail_msg("%s", o->error.text);
    assert_string_equal(o->finish, "tool_calls");
    assert_int_equal(o->ended, o->call_count);
    assert_int_equal(o->content.len, 0);
    for (int i = 0; i < o->call_count; i++) {
        struct json_doc *doc = parse(&o->arguments[i]);
        if (strcmp(o->name[i], "add_person") == 0) check_person(json_root(doc));
        else {
            assert_string_equal(o->name[i], "ping");
            assert_int_equal(json_length(json_root(doc)), 0);
        }
        json_doc_free(doc);
    }
}

static void required_calls(void **state)
{
    struct world x;
    struct outcome o;
    open_world(&x, tool_template);
    for (int seed = 1; seed <= SEEDS; seed++) {
        ask(&x, &o, seed,
            TOOLS ",\"constraint\":{\"type\":\"tools\",\"choice\":\"required\",\"parallel\":false,"
                  "\"whitespace\":\"compact\"}");
        check_calls(&o);
        assert_int_equal(o.call_count, 1);
        outcome_release(&o);
        ask(&x, &o, seed,
            TOOLS ",\"constraint\":{\"type\":\"tools\",\"choice\":{\"name\":\"add_person\"},"
                  "\"parallel\":false,\"whitespace\":\"compact\"}");
        check_calls(&o);
        assert_string_equal(o.name[0], "add_person");
        outcome_release(&o);
        ask(&x, &o, seed,
            TOOLS
            ",\"constraint\":{\"type\":\"tools\",\"choice\":\"required\",\"allowed\":[\"ping\"],"
            "\"parallel\":false,\"whitespace\":\"compact\"}");
        check_calls(&o);
        assert_string_equal(o.name[0], "ping");
        outcome_release(&o);
    }
    close_world(&x);
}

/* Without tools nothing is a call, and a marker is text. */
static void disarmed(void **state)
{
    static const char call[] =
        "<tool_call>\\n{\\\"name\\\": \\\"ping\\\", \\\"arguments\\\": {}}\\n"
        "</tool_call>";
    struct world x;
    struct outcome o;
    char rest[1024];
    open_world(&x, tool_template);
    snprintf(rest, sizeof rest, "\"constraint\":{\"type\":\"choice\",\"choices\":[\"%s\"]}", call);
    ask(&x, &o, 1, rest);
    assert_int_equal(o.call_count, 0);
    assert_string_equal(o.content.data,
                        "<tool_call>\n{\"name\": \"ping\", \"arguments\": {}}\n</tool_call>");
    outcome_release(&o);
    snprintf(rest, sizeof rest, TOOLS ",\"constraint\":{\"type\":\"choice\",\"choices\":[\"%s\"]}",
             call);
    ask(&x, &o, 1, rest);
    assert_int_equal(o.call_count, 1);
    assert_string_equal(o.finish, "tool_calls");
    outcome_release(&o);
    close_world(&x);
}

/* Two calls where they may stand together, the first alone where not. */
static void one_call_ends(void **state)
{
    static const char *const members[] = { "", ",\"parallel_tool_calls\":true",
                                           ",\"parallel_tool_calls\":false" };
    struct world x;
    struct outcome o;
    char rest[4096];
    open_world(&x, tool_template);
    for (int i = 0; i < 3; i++) {
        snprintf(rest, sizeof rest,
                 TOOLS
                 "%s,\"constraint\":{\"type\":\"choice\",\"choices\":[\"<tool_call>\\n{\\\"name"
                 "\\\": \\\"ping\\\", \\\"arguments\\\": {}}\\n</tool_call>\\n<tool_call>\\n"
                 "{\\\"name\\\": \\\"ping\\\", \\\"arguments\\\": {}}\\n</tool_call>\"]}",
                 members[i]);
        ask(&x, &o, 1, rest);
        if (o.failed) fail_msg("%s", o.error.text);
        assert_int_equal(o.call_count, i < 2 ? 2 : 1);
        assert_int_equal(o.ended, o.call_count);
        assert_string_equal(o.finish, "tool_calls");
        outcome_release(&o);
    }
    close_world(&x);
}

/* ---- refusals ---- */

static const struct {
    const char *rest;
    enum status status;
    const char *words;
} refused[] = {
    { "\"constraint\":{\"type\":\"json_schema\",\"schema\":{\"properties\":{\"a\":{\"uniqueItems\":"
      "true}}}}",
      STATUS_UNSUPPORTED, "/properties/a/uniqueItems: keyword" },
    { "\"constraint\":{\"type\":\"json_schema\",\"schema\":{\"pattern\":\"(a|b)*a(a|b){40}\"}}",
      STATUS_UNSUPPORTED, "refused" },
    { "\"constraint\":{\"type\":\"xml\"}", STATUS_UNSUPPORTED, "/type" },
    { "\"constraint\":{\"type\":\"json_object\",\"shape\":1}", STATUS_BAD_INPUT, "/shape" },
    { "\"constraint\":{\"type\":\"json_object\",\"reasoning\":\"harmony\"}", STATUS_BAD_INPUT,
      "/reasoning" },
    { "\"constraint\":{\"type\":\"json_object\"},\"ignore_eos\":true", STATUS_BAD_INPUT,
      "ignore_eos" },
    { "\"constraint\":[]", STATUS_BAD_INPUT, "\"constraint\"" },
    { "\"constraint\":{\"type\":\"tools\"}", STATUS_BAD_INPUT, "tools" },
    { TOOLS ",\"constraint\":{\"type\":\"tools\",\"allowed\":[\"pong\"]}", STATUS_BAD_INPUT,
      "allowed" },
    { TOOLS ",\"constraint\":{\"type\":\"tools\",\"choice\":{\"name\":\"pong\"}}", STATUS_BAD_INPUT,
      "no tool \"pong\"" },
    { TOOLS ",\"constraint\":{\"type\":\"tools\",\"tools\":[]}", STATUS_BAD_INPUT, "/tools" },
    { "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"a\",\"parameters\":{\"type\":"
      "\"object\",\"properties\":{\"x\":{\"$ref\":\"https://example.org/s\"}}}}}],\"constraint\":"
      "{\"type\":\"tools\"}",
      STATUS_UNSUPPORTED, "/tools/0/function/parameters/properties/x/$ref" },
};

static void refusals(void **state)
{
    struct world x;
    struct outcome o;
    open_world(&x, tool_template);
    for (int round = 0; round < 2; round++) /* the second time from memory */
        for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
            ask(&x, &o, 1, refused[i].rest);
            if (!o.failed || o.error.status != refused[i].status ||
                !strstr(o.error.text, refused[i].words))
                fail_msg("%s: wanted %s with \"%s\", got %s: %s", refused[i].rest,
                         status_name(refused[i].status), refused[i].words,
                         status_name(o.error.status), o.error.text);
            assert_int_equal(o.deltas, 0);
            outcome_release(&o);
        }
    /* A tool that nobody called strict is held to as much as can be: its arguments are an object. */
    ask(&x, &o, 3,
        "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"a\",\"parameters\":{\"type\":"
        "\"object\",\"properties\":{\"x\":{\"$ref\":\"https://example.org/s\"}}}}}],\"constraint\":"
        "{\"type\":\"tools\",\"strict\":false,\"parallel\":false,\"whitespace\":\"compact\"}");
    if (o.failed) fail_msg("%s", o.error.text);
    assert_int_equal(o.call_count, 1);
    outcome_release(&o);
    close_world(&x);
}

/* ---- compiling takes its time ---- */

static uint64_t submit(struct world *x, const char *rest)
{
    char request[2048];
    struct error err;
    uint64_t id;
    int n = snprintf(request, sizeof request,
                     "{\"text\":\"The sea\",\"max_tokens\":900,\"sampling\":{\"seed\":1}%s}", rest);
    assert_true(n > 0 && (size_t)n < sizeof request);
    if (worker_submit(x->w, &id, request, (size_t)n, &err)) fail_msg("%s", err.text);
    return id;
}

/* Others get their tokens meanwhile, and who waits can be cancelled. */
static void compiled_aside(void **state)
{
    static const char slow[] = ",\"constraint\":{\"type\":\"regex\",\"pattern\":"
                               "\"(a|b)*a(a|b){%d}\"}";
    struct world x;
    struct error err;
    struct worker_event e;
    char rest[256];
    size_t meanwhile = 0;
    bool got, free_done = false, refused_done = false, cancelled_done = false;
    open_world(&x, NULL);
    uint64_t free_id = submit(&x, ",\"ignore_eos\":true");
    snprintf(rest, sizeof rest, slow, 40);
    uint64_t refused_id = submit(&x, rest);
    snprintf(rest, sizeof rest, slow, 41);
    uint64_t cancelled_id = submit(&x, rest);
    assert_int_equal(worker_cancel(x.w, cancelled_id, &err), STATUS_OK);
    while (!free_done || !refused_done || !cancelled_done) {
        if (worker_next(x.w, &e, &got, 60000, &err)) fail_msg("%s", err.text);
        if (!got) fail_msg("nothing came for a minute");
        if (e.request == free_id) {
            assert_int_not_equal(e.kind, WORKER_ERROR);
            free_done = e.kind == WORKER_DONE;
            meanwhile += e.kind == WORKER_DELTA && !refused_done;
        } else if (e.request == refused_id) {
            assert_int_equal(e.kind, WORKER_ERROR);
            assert_non_null(strstr(e.error->text, "refused"));
            refused_done = true;
            if (!free_done) assert_int_equal(worker_cancel(x.w, free_id, &err), STATUS_OK);
        } else {
            assert_int_equal(e.request, cancelled_id);
            assert_int_equal(e.kind, WORKER_DONE);
            assert_string_equal(json_text(json_get(e.body, "finish")), "cancelled");
            cancelled_done = true;
        }
    }
    assert_true(meanwhile >= 10);
    close_world(&x);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schemas),         cmocka_unit_test(texts),
        cmocka_unit_test(ends_at_once),    cmocka_unit_test(remembered),
        cmocka_unit_test(after_reasoning), cmocka_unit_test(required_calls),
        cmocka_unit_test(disarmed),        cmocka_unit_test(one_call_ends),
        cmocka_unit_test(refusals),        cmocka_unit_test(compiled_aside),
    };
    if (peer_is_worker(argc, argv)) return peer_run();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
