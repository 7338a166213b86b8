/* Workers: answers, cancels, queues; and every way in which a worker can go wrong, told once and in words.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The model is the one in the tree; what a greedy answer is, transformers said (ember-expected.json). */
#define _GNU_SOURCE
#include "lm/worker/worker_start.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/core/mem.h"
#include "base/core/clock.h"
#include "base/core/file.h"
#include "base/core/json_write.h"
#include "lm/tokenizer/tokenizer.h"
#include "lm/worker/client_inner.h"
#include "lm/worker/far_end.h"
#include "support/fixture.h"
#include "support/peer.h"

#define CONTEXT 256

struct world {
    struct peer_model model;
    struct worker *w;
};

static void open_world(struct world *x)
{
    peer_model_open(&x->model, fixture_source("models/ember"));
    x->model.options.engine.context_max = CONTEXT;
    x->model.options.engine.batch_max = 16;
    x->w = peer_start(&x->model);
}

static void close_world(struct world *x)
{
    worker_stop(x->w);
    peer_model_close(&x->model);
    peer_no_children();
}

/* ---- one request, collected ---- */

struct outcome {
    struct buf content, reasoning;
    int32_t ids[1024];
    size_t id_count, deltas, progress;
    bool done, failed;
    struct error error;
    struct json_doc *body; /* of the end */
};

static void outcome_release(struct outcome *o)
{
    buf_release(&o->content);
    buf_release(&o->reasoning);
    json_doc_free(o->body);
}

static void keep_body(struct outcome *o, const struct json *body)
{
    struct buf text = BUF_INIT(1 << 20);
    struct json_writer w;
    struct error err;
    json_writer_init(&w, &text, 0);
    json_put_value(&w, body);
    if (json_parse(&o->body, text.data, text.len, text.len, "body", &err)) fail_msg("%s", err.text);
    buf_release(&text);
}

static void take(struct outcome *o, const struct worker_event *e)
{
    assert_false(o->done || o->failed); /* an end is the end */
    if (e->kind == WORKER_PROGRESS) o->progress++;
    if (e->kind == WORKER_DELTA) {
        struct span content = json_string(json_get(e->body, "content"));
        struct span reasoning = json_string(json_get(e->body, "reasoning"));
        const struct json *tokens = json_get(e->body, "tokens");
        o->deltas++;
        if (content.len) buf_append(&o->content, content.data, content.len);
        if (reasoning.len) buf_append(&o->reasoning, reasoning.data, reasoning.len);
        for (size_t i = 0; i < json_length(tokens) && o->id_count < 1024; i++)
            o->ids[o->id_count++] = (int32_t)json_int(json_get(json_at(tokens, i), "id"), -1);
    }
    if (e->kind == WORKER_DONE) {
        o->done = true;
        keep_body(o, e->body);
    }
    if (e->kind == WORKER_ERROR) {
        o->failed = true;
        o->error = *e->error;
    }
}

static uint64_t submit(struct worker *w, const char *request)
{
    struct error err;
    uint64_t id;
    if (worker_submit(w, &id, request, strlen(request), &err)) fail_msg("%s", err.text);
    return id;
}

static void follow(struct worker *w, uint64_t id, struct outcome *o)
{
    struct worker_event e;
    struct error err;
    bool got;
    while (!o->done && !o->failed) {
        if (worker_next(w, &e, &got, 30000, &err)) fail_msg("%s", err.text);
        if (!got) fail_msg("nothing came for 30 seconds");
        if (e.request == id) take(o, &e);
    }
}

static void ask(struct worker *w, const char *request, struct outcome *o)
{
    *o = (struct outcome){ .content = BUF_INIT(1 << 20), .reasoning = BUF_INIT(1 << 20) };
    follow(w, submit(w, request), o);
}

static const char *finish_of(const struct outcome *o)
{
    return json_text(json_get(json_root(o->body), "finish"));
}

static int64_t number_of(const struct outcome *o, const char *name)
{
    return json_int(json_get(json_root(o->body), name), -1);
}

static const char *content_of(const struct outcome *o)
{
    return o->content.data ? o->content.data : "";
}

static bool matches(const char *pattern, const char *text)
{
    regex_t r;
    assert_int_equal(regcomp(&r, pattern, REG_EXTENDED | REG_NOSUB), 0);
    bool found = regexec(&r, text, 0, NULL, 0) == 0;
    regfree(&r);
    return found;
}

static void expect_refusal(struct worker *w, const char *request, enum status st,
                           const char *pattern)
{
    struct outcome o;
    ask(w, request, &o);
    if (!o.failed) fail_msg("%s was taken", request);
    if (o.error.status != st || !matches(pattern, o.error.text))
        fail_msg("%s: %s \"%s\"", request, status_name(o.error.status), o.error.text);
    outcome_release(&o);
}

/* ---- answers ---- */

static void greedy_answers(void **state)
{
    struct buf text = fixture_read(fixture_source("tests/data/ember-expected.json"));
    struct json_doc *expected;
    struct error err;
    struct world x;
    if (json_parse(&expected, text.data, text.len, 1 << 20, "expected", &err))
        fail_msg("%s", err.text);
    open_world(&x);
    const struct json *prompts = json_get(json_root(expected), "prompts");
    assert_true(json_length(prompts) > 0);
    for (size_t p = 0; p < json_length(prompts); p++) {
        const struct json *greedy = json_get(json_at(prompts, p), "greedy");
        struct buf request = BUF_INIT(1 << 20);
        struct outcome o;
        struct json_writer w;
        size_t want = json_length(greedy) < 32 ? json_length(greedy) : 32;
        json_writer_init(&w, &request, 0);
        json_open_object(&w);
        json_key(&w, p % 2 ? "ids" : "text");
        json_put_value(&w, json_get(json_at(prompts, p), p % 2 ? "ids" : "text"));
        buf_format(&request,
                   ",\"max_tokens\":%zu,\"return_ids\":true,\"ignore_eos\":true,%s"
                   "\"sampling\":{\"temperature\":0}}",
                   want, p % 2 ? "" : "\"parse_special\":true,");
        ask(x.w, request.data, &o);
        if (o.failed) fail_msg("%s", o.error.text);
        assert_int_equal(o.id_count, want);
        for (size_t i = 0; i < want; i++)
            assert_int_equal(o.ids[i], json_int(json_at(greedy, i), -1));
        assert_string_equal(finish_of(&o), "length");
        assert_int_equal(number_of(&o, "completion_tokens"), want);
        outcome_release(&o);
        buf_release(&request);
    }
    json_doc_free(expected);
    buf_release(&text);
    close_world(&x);
}

static void the_same_bytes_in_base64(void **state)
{
    struct world x;
    struct outcome a, b;
    open_world(&x);
    ask(x.w, "{\"text\":\"To be\",\"max_tokens\":8,\"sampling\":{\"seed\":3,\"temperature\":1}}",
        &a);
    ask(x.w,
        "{\"text_base64\":\"VG8gYmU=\",\"max_tokens\":8,\"sampling\":{\"seed\":3,\"temperature\":1}"
        "}",
        &b);
    assert_true(a.done && b.done);
    assert_string_equal(content_of(&a), content_of(&b));
    assert_int_equal(number_of(&a, "seed"), 3);
    outcome_release(&a);
    outcome_release(&b);
    close_world(&x);
}

/* Three bytes that can stand in JSON as they are: ASCII, or one character of the model's Chinese. */
static bool is_plain(const char *at)
{
    const unsigned char *u = (const unsigned char *)at;
    if ((u[0] & 0xF0) == 0xE0 && (u[1] & 0xC0) == 0x80 && (u[2] & 0xC0) == 0x80) return true;
    for (int i = 0; i < 3; i++)
        if (at[i] < ' ' || at[i] > 126 || at[i] == '"' || at[i] == '\\') return false;
    return true;
}

static void stop_texts(void **state)
{
    struct world x;
    struct outcome whole, cut;
    char request[512], stop[8];
    open_world(&x);
    ask(x.w,
        "{\"text\":\"To "
        "be\",\"max_tokens\":40,\"ignore_eos\":true,\"sampling\":{\"temperature\":0}}",
        &whole);
    assert_true(whole.done && whole.content.len > 24);
    size_t from = 8;
    while (from + 3 < whole.content.len && !is_plain(whole.content.data + from))
        from++;
    assert_true(from + 3 < whole.content.len);
    memcpy(stop, whole.content.data + from, 3);
    stop[3] = 0;
    snprintf(request, sizeof request,
             "{\"text\":\"To be\",\"max_tokens\":40,\"ignore_eos\":true,\"stop\":[\"%s\"],"
             "\"sampling\":{\"temperature\":0}}",
             stop);
    ask(x.w, request, &cut);
    size_t at = (size_t)(strstr(whole.content.data, stop) - whole.content.data);
    assert_int_equal(cut.content.len, at);
    assert_memory_equal(content_of(&cut), whole.content.data, at);
    assert_string_equal(finish_of(&cut), "stop");
    assert_string_equal(json_text(json_get(json_root(cut.body), "stop")), stop);
    outcome_release(&whole);
    outcome_release(&cut);
    close_world(&x);
}

/* The end token forced from the start. */
static void the_end_token(void **state)
{
    struct world x;
    struct outcome o;
    char request[256];
    open_world(&x);
    const struct json *eos = json_path(worker_ready(x.w), "generation.eos_ids");
    assert_true(json_length(eos) > 0);
    snprintf(
        request, sizeof request,
        "{\"text\":\"a\",\"return_ids\":true,\"sampling\":{\"temperature\":0,\"logit_bias\":[[%d,"
        "1000]]}}",
        (int)json_int(json_at(eos, 0), -1));
    ask(x.w, request, &o);
    assert_true(o.done);
    assert_int_equal(o.id_count, 0);
    assert_string_equal(finish_of(&o), "stop");
    assert_int_equal(json_int(json_path(json_root(o.body), "end.id"), -1),
                     json_int(json_at(eos, 0), -2));
    outcome_release(&o);
    close_world(&x);
}

static void counting_and_echo(void **state)
{
    struct world x;
    struct outcome o;
    struct worker_event e;
    struct error err;
    bool got;
    open_world(&x);
    ask(x.w, "{\"text\":\"To be or not\",\"max_tokens\":0}", &o);
    assert_true(o.done);
    assert_int_equal(o.deltas, 0);
    int64_t count = number_of(&o, "prompt_tokens");
    assert_true(count > 1);
    outcome_release(&o);
    uint64_t id = submit(x.w, "{\"text\":\"To be or not\",\"max_tokens\":0,\"echo\":true,"
                              "\"sampling\":{\"logprobs\":2}}");
    size_t echoed = 0;
    for (bool over = false; !over;) {
        assert_int_equal(worker_next(x.w, &e, &got, 20000, &err), STATUS_OK);
        assert_true(got && e.request == id && e.kind != WORKER_ERROR);
        const struct json *prompt = json_get(e.body, "prompt");
        for (size_t i = 0; i < json_length(prompt); i++, echoed++) {
            const struct json *t = json_at(prompt, i), *logprob = json_get(t, "logprob");
            assert_int_equal(json_type(logprob) == JSON_NULL, echoed == 0);
            if (echoed) {
                assert_true(json_number(logprob, 1) <= 0);
                assert_int_equal(json_length(json_get(t, "top")), 2);
            }
            assert_true(json_length(json_get(t, "bytes")) > 0);
        }
        over = e.kind == WORKER_DONE;
    }
    assert_int_equal(echoed, count);
    close_world(&x);
}

static void two_requests_in_line(void **state)
{
    struct world x;
    struct outcome first = { .content = BUF_INIT(1 << 20), .reasoning = BUF_INIT(1 << 20) },
                   second = first;
    struct worker_event e;
    struct error err;
    bool got;
    open_world(&x);
    uint64_t a = submit(x.w, "{\"text\":\"To be\",\"max_tokens\":5}");
    uint64_t b = submit(x.w, "{\"text\":\"Or not\",\"max_tokens\":5}");
    while (!first.done || !second.done) {
        assert_int_equal(worker_next(x.w, &e, &got, 20000, &err), STATUS_OK);
        assert_true(got && (e.request == a || e.request == b));
        take(e.request == a ? &first : &second, &e);
    }
    outcome_release(&first);
    outcome_release(&second);
    close_world(&x);
}

static void a_prefix_is_reused(void **state)
{
    struct world x;
    struct outcome o;
    open_world(&x);
    ask(x.w, "{\"text\":\"One two three four five six seven\",\"max_tokens\":4}", &o);
    assert_int_equal(number_of(&o, "cached_tokens"), 0);
    outcome_release(&o);
    ask(x.w, "{\"text\":\"One two three four five six eight\",\"max_tokens\":4}", &o);
    assert_true(number_of(&o, "cached_tokens") > 3);
    assert_true(number_of(&o, "cached_tokens") < number_of(&o, "prompt_tokens"));
    outcome_release(&o);
    close_world(&x);
}

static void sums(void **state)
{
    struct world x;
    struct outcome o = { .content = BUF_INIT(1), .reasoning = BUF_INIT(1) };
    struct error err;
    uint64_t id;
    open_world(&x);
    ask(x.w, "{\"text\":\"One\",\"max_tokens\":4,\"ignore_eos\":true}", &o);
    outcome_release(&o);
    o = (struct outcome){ .content = BUF_INIT(1), .reasoning = BUF_INIT(1) };
    assert_int_equal(worker_stats(x.w, &id, &err), STATUS_OK);
    follow(x.w, id, &o);
    assert_int_equal(number_of(&o, "requests"), 1);
    assert_int_equal(number_of(&o, "completion_tokens"), 4);
    outcome_release(&o);
    close_world(&x);
}

static void requests_that_are_refused(void **state)
{
    static const struct {
        const char *request;
        enum status status;
        const char *pattern;
    } cases[] = {
        { "{", STATUS_BAD_INPUT, "request" },
        { "[]", STATUS_BAD_INPUT, "object" },
        { "{}", STATUS_BAD_INPUT, "none" },
        { "{\"text\":\"a\",\"ids\":[1]}", STATUS_BAD_INPUT, "several" },
        { "{\"text\":\"a\",\"max_token\":3}", STATUS_BAD_INPUT, "\"max_token\" is not a member" },
        { "{\"text\":\"a\",\"max_tokens\":-1}", STATUS_BAD_INPUT, "max_tokens.*-1" },
        { "{\"text\":\"a\",\"max_tokens\":1.5}", STATUS_BAD_INPUT, "whole number" },
        { "{\"text\":7}", STATUS_BAD_INPUT, "\"text\".*a text" },
        { "{\"text_base64\":\"====\"}", STATUS_BAD_INPUT, "base64" },
        { "{\"text\":\"\"}", STATUS_USAGE, "empty" },
        { "{\"ids\":[]}", STATUS_BAD_INPUT, "empty" },
        { "{\"ids\":[1,99999999]}", STATUS_BAD_INPUT, "token 1 is id 99999999" },
        { "{\"ids\":[1,-1]}", STATUS_BAD_INPUT, "id -1" },
        { "{\"text\":\"a\",\"stop\":[\"\"]}", STATUS_BAD_INPUT, "entry 0 of \"stop\"" },
        { "{\"text\":\"a\",\"sampling\":{\"temp\":1}}", STATUS_BAD_INPUT, "\"temp\"" },
        { "{\"text\":\"a\",\"sampling\":{\"temperature\":-1}}", STATUS_USAGE, "temperature" },
        { "{\"text\":\"a\",\"sampling\":{\"logit_bias\":[[1]]}}", STATUS_BAD_INPUT, "logit_bias" },
        { "{\"text\":\"a\",\"sampling\":{\"logit_bias\":[[9999999,1]]}}", STATUS_BAD_INPUT,
          "9999999" },
        { "{\"text\":\"a\",\"sampling\":{\"logprobs\":21}}", STATUS_BAD_INPUT, "logprobs.*21" },
        { "{\"messages\":7}", STATUS_BAD_INPUT, "messages" },
    };
    struct world x;
    struct outcome o;
    open_world(&x);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ask(x.w, cases[i].request, &o);
        if (!o.failed || !matches(cases[i].pattern, o.error.text))
            fail_msg("%s: %s \"%s\"", cases[i].request, status_name(o.error.status), o.error.text);
        if (o.error.status != cases[i].status && o.error.status != STATUS_BAD_INPUT)
            fail_msg("%s: %s", cases[i].request, status_name(o.error.status));
        outcome_release(&o);
    }
    ask(x.w, "{\"text\":\"still here\",\"max_tokens\":2}", &o);
    assert_true(o.done);
    outcome_release(&o);
    close_world(&x);
}

static void too_long(void **state)
{
    struct world x;
    struct buf request = BUF_INIT(1 << 20);
    open_world(&x);
    buf_text(&request, "{\"ids\":[1");
    for (int i = 1; i < CONTEXT + 1; i++)
        buf_text(&request, ",1");
    buf_text(&request, "]}");
    expect_refusal(x.w, request.data, STATUS_CONTEXT, "257 tokens.*256");
    buf_release(&request);
    close_world(&x);
}

/* ---- chats ---- */

#define TEMPLATE                                                         \
    "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}" \
    "{% if tools %}<tool_call>{\"name\": ...}</tool_call>{% endif %}"    \
    "{% if add_generation_prompt %}assistant:{% if thinking %}<think>\n{% endif %}{% endif %}"

static void open_chat_world(struct world *x)
{
    peer_model_open(&x->model, fixture_source("models/ember"));
    peer_model_add(&x->model, "chat_template.jinja", TEMPLATE);
    x->model.options.engine.context_max = CONTEXT;
    x->w = peer_start(&x->model);
}

static void messages_are_rendered(void **state)
{
    struct world x;
    struct outcome chat, text;
    open_chat_world(&x);
    assert_int_equal(json_type(json_get(worker_ready(x.w), "chat")), JSON_OBJECT);
    ask(x.w,
        "{\"messages\":[{\"role\":\"system\",\"content\":\"Be brief.\"},{\"role\":\"user\","
        "\"content\":\"Speak\"}],\"add_generation_prompt\":true,\"max_tokens\":12,\"parse\":false,"
        "\"sampling\":{\"temperature\":0}}",
        &chat);
    ask(x.w,
        "{\"text\":\"system: Be brief.\\nuser: Speak\\nassistant:\",\"max_tokens\":12,"
        "\"sampling\":{\"temperature\":0}}",
        &text);
    if (chat.failed) fail_msg("%s", chat.error.text);
    assert_true(text.done);
    assert_string_equal(content_of(&chat), content_of(&text));
    assert_int_equal(number_of(&chat, "prompt_tokens"), number_of(&text, "prompt_tokens"));
    outcome_release(&chat);
    outcome_release(&text);
    close_world(&x);
}

/* The prompt leaves the model inside its thinking: all that comes is reasoning. */
static void thinking_is_reasoning(void **state)
{
    struct world x;
    struct outcome o, plain;
    open_chat_world(&x);
    ask(x.w,
        "{\"messages\":[{\"role\":\"user\",\"content\":\"Speak\"}],\"chat_template_kwargs\":"
        "{\"thinking\":true},\"add_generation_prompt\":true,\"max_tokens\":12,\"ignore_eos\":true,"
        "\"sampling\":{\"temperature\":0}}",
        &o);
    if (o.failed) fail_msg("%s", o.error.text);
    assert_int_equal(o.content.len, 0);
    assert_true(o.reasoning.len > 0);
    assert_int_equal(number_of(&o, "reasoning_tokens"), 12);
    ask(x.w,
        "{\"messages\":[{\"role\":\"user\",\"content\":\"Speak\"}],\"add_generation_prompt\":true,"
        "\"max_tokens\":12,\"ignore_eos\":true,\"sampling\":{\"temperature\":0}}",
        &plain);
    assert_true(plain.done && plain.content.len > 0);
    assert_int_equal(number_of(&plain, "reasoning_tokens"), 0);
    outcome_release(&o);
    outcome_release(&plain);
    close_world(&x);
}

static void a_second_turn_is_cached(void **state)
{
    struct world x;
    struct outcome o;
    struct buf request = BUF_INIT(1 << 16);
    struct json_writer w;
    open_chat_world(&x);
    ask(x.w,
        "{\"messages\":[{\"role\":\"user\",\"content\":\"Tell me a story about a king\"}],"
        "\"add_generation_prompt\":true,\"max_tokens\":12}",
        &o);
    int64_t first = number_of(&o, "prompt_tokens");
    buf_text(&request,
             "{\"messages\":[{\"role\":\"user\",\"content\":\"Tell me a story about a king\"},"
             "{\"role\":\"assistant\",\"content\":");
    json_writer_init(&w, &request, 0);
    json_put_span(&w, (struct span){ content_of(&o), o.content.len });
    buf_text(&request,
             "},{\"role\":\"user\",\"content\":\"And then?\"}],\"add_generation_prompt\":true,"
             "\"max_tokens\":2}");
    outcome_release(&o);
    ask(x.w, request.data, &o);
    if (o.failed) fail_msg("%s", o.error.text);
    assert_true(number_of(&o, "cached_tokens") >= first - 2);
    outcome_release(&o);
    buf_release(&request);
    close_world(&x);
}

static void a_broken_template_is_told(void **state)
{
    struct world x;
    struct outcome o;
    peer_model_open(&x.model, fixture_source("models/ember"));
    peer_model_add(&x.model, "chat_template.jinja", "{% for m in %}");
    x.w = peer_start(&x.model);
    assert_int_equal(json_type(json_get(worker_ready(x.w), "chat")), JSON_NULL);
    assert_non_null(json_text(json_get(worker_ready(x.w), "chat_error")));
    expect_refusal(x.w, "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}", STATUS_BAD_INPUT,
                   ":1:13:");
    ask(x.w, "{\"text\":\"a\",\"max_tokens\":1}", &o);
    assert_true(o.done);
    outcome_release(&o);
    close_world(&x);
}

/* A pattern that no hand-written splitter knows runs in PCRE2, whose compiler gets no executable
 * memory in the sandbox. */
static void patterns_are_interpreted(void **state)
{
    struct world x;
    struct outcome plain, interpreted;
    static const char request[] =
        "{\"text\":\"I'll say it's 2026, isn't it?\",\"max_tokens\":8,\"return_ids\":true,"
        "\"ignore_eos\":true,\"sampling\":{\"temperature\":0}}";
    open_world(&x);
    ask(x.w, request, &plain);
    close_world(&x);
    struct buf text = fixture_read(fixture_source("models/ember/tokenizer.json"));
    char *pattern = strstr(text.data, "|\\\\s+\"");
    if (!pattern) {
        buf_release(&text);
        outcome_release(&plain);
        skip();
    }
    /* "\s+" becomes "\s\s*": the same language, another spelling */
    struct buf changed = BUF_INIT(1 << 24);
    buf_append(&changed, text.data, (size_t)(pattern - text.data));
    buf_text(&changed, "|\\\\s\\\\s*\"");
    buf_text(&changed, pattern + strlen("|\\\\s+\""));
    peer_model_open(&x.model, fixture_source("models/ember"));
    peer_model_add(&x.model, "tokenizer.json", changed.data);
    x.w = peer_start(&x.model);
    ask(x.w, request, &interpreted);
    assert_true(plain.done && interpreted.done);
    assert_int_equal(number_of(&plain, "prompt_tokens"), number_of(&interpreted, "prompt_tokens"));
    assert_int_equal(plain.id_count, interpreted.id_count);
    assert_memory_equal(plain.ids, interpreted.ids, plain.id_count * sizeof *plain.ids);
    outcome_release(&plain);
    outcome_release(&interpreted);
    buf_release(&text);
    buf_release(&changed);
    close_world(&x);
}

/* ---- scores ---- */

static void scores(void **state)
{
    struct world x;
    struct worker_event e;
    struct error err;
    uint64_t id;
    bool got;
    static const char request[] = "{\"text\":\"To be, or not to be: that is the question.\"}";
    open_world(&x);
    assert_int_equal(worker_score(x.w, &id, request, strlen(request), &err), STATUS_OK);
    size_t count = 0;
    double sum = 0;
    for (bool over = false; !over;) {
        assert_int_equal(worker_next(x.w, &e, &got, 20000, &err), STATUS_OK);
        assert_true(got && e.kind != WORKER_ERROR);
        const struct json *list = json_get(e.body, "scores");
        for (size_t i = 0; i < json_length(list); i++, count++)
            sum += json_number(json_get(json_at(list, i), "logprob"), 0);
        over = e.kind == WORKER_DONE;
    }
    assert_int_equal(json_int(json_get(e.body, "tokens"), -1), count);
    double total = json_number(json_get(e.body, "logprob_sum"), 0);
    assert_true(total < 0 && sum < 0.999 * total && sum > 1.001 * total);
    assert_int_equal(worker_score(x.w, &id, "{\"txt\":\"\"}", 10, &err), STATUS_OK);
    struct outcome o = { .content = BUF_INIT(1), .reasoning = BUF_INIT(1) };
    follow(x.w, id, &o);
    assert_true(o.failed && matches("\"txt\"", o.error.text));
    outcome_release(&o);
    close_world(&x);
}

/* ---- cancelling ---- */

static void cancel_while_answering(void **state)
{
    struct world x;
    struct outcome o = { .content = BUF_INIT(1 << 20), .reasoning = BUF_INIT(1) };
    struct worker_event e;
    struct error err;
    bool got, asked = false;
    open_world(&x);
    uint64_t id = submit(x.w, "{\"text\":\"a\",\"ignore_eos\":true,\"return_ids\":true}");
    while (!o.done) {
        assert_int_equal(worker_next(x.w, &e, &got, 20000, &err), STATUS_OK);
        assert_true(got);
        take(&o, &e);
        if (!asked) assert_int_equal(worker_cancel(x.w, id, &err), STATUS_OK);
        asked = true;
    }
    assert_string_equal(finish_of(&o), "cancelled");
    assert_true(number_of(&o, "completion_tokens") < CONTEXT / 2);
    assert_int_equal(number_of(&o, "completion_tokens"), o.id_count); /* nothing was lost */
    assert_int_equal(worker_cancel(x.w, id, &err), STATUS_OK);        /* it is over: no harm */
    outcome_release(&o);
    ask(x.w, "{\"text\":\"a\",\"max_tokens\":3,\"ignore_eos\":true}", &o);
    assert_true(o.done && number_of(&o, "completion_tokens") == 3);
    outcome_release(&o);
    close_world(&x);
}

/* Sent together with the request: it never begins. */
static void cancel_in_line(void **state)
{
    struct world x;
    struct outcome first = { .content = BUF_INIT(1 << 20), .reasoning = BUF_INIT(1) },
                   second = first;
    struct worker_event e;
    struct error err;
    bool got;
    open_world(&x);
    uint64_t a = submit(x.w, "{\"text\":\"a\",\"max_tokens\":100,\"ignore_eos\":true}");
    uint64_t b = submit(x.w, "{\"text\":\"b\",\"max_tokens\":100,\"ignore_eos\":true}");
    assert_int_equal(worker_cancel(x.w, b, &err), STATUS_OK);
    while (!first.done || !second.done) {
        assert_int_equal(worker_next(x.w, &e, &got, 20000, &err), STATUS_OK);
        assert_true(got);
        take(e.request == a ? &first : &second, &e);
    }
    assert_string_equal(finish_of(&first), "length");
    assert_string_equal(finish_of(&second), "cancelled");
    outcome_release(&first);
    outcome_release(&second);
    close_world(&x);
}

static void cancel_while_reading_the_prompt(void **state)
{
    struct world x;
    struct buf request = BUF_INIT(1 << 20);
    struct outcome o = { .content = BUF_INIT(1 << 20), .reasoning = BUF_INIT(1) };
    struct error err;
    open_world(&x);
    buf_text(&request, "{\"ids\":[1");
    for (int i = 1; i < CONTEXT - 1; i++)
        buf_text(&request, ",1");
    buf_text(&request, "],\"ignore_eos\":true}");
    uint64_t id = submit(x.w, request.data);
    assert_int_equal(worker_cancel(x.w, id, &err), STATUS_OK);
    follow(x.w, id, &o);
    assert_true(o.done);
    assert_string_equal(finish_of(&o), "cancelled");
    assert_true(number_of(&o, "completion_tokens") <= 2);
    outcome_release(&o);
    buf_release(&request);
    close_world(&x);
}

static bool stop_loading(void *ctx, const char *stage, unsigned long long done,
                         unsigned long long total)
{
    ++*(int *)ctx;
    return false;
}

static void cancel_while_loading(void **state)
{
    struct peer_model m;
    struct worker *w;
    struct error err;
    int calls = 0;
    peer_model_open(&m, fixture_source("models/ember"));
    m.options.program = peer_program("hang");
    m.options.engine.progress = (struct progress){ stop_loading, &calls };
    assert_int_equal(worker_start(&w, &m.options, &err), STATUS_CANCELLED);
    assert_true(calls > 0);
    peer_model_close(&m);
    peer_no_children();
}

/* ---- deaths ---- */

/* Where a sanitizer catches the signal, it reports and exits. */
static bool tells_death(const char *pattern, int signal, const char *text)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    if (signal == SIGSEGV || signal == SIGBUS) pattern = "signal|exit code";
#else
    (void)signal;
#endif
    return matches(pattern, text);
}

static void killed_while_answering(void **state)
{
    static const struct {
        int signal;
        const char *pattern;
    } cases[] = {
        { SIGKILL,
          "^the worker for .*models/ember was killed \\(signal 9\\).*memory.*hearth plan" },
        { SIGSEGV, "^the worker for .*crashed \\(signal 11, SIGSEGV\\)" },
        { SIGABRT, "^the worker for .*crashed \\(signal 6, SIGABRT\\)" },
        { SIGBUS, "^the worker for .*SIGBUS.*shortened" },
        { SIGTERM, "^the worker for .*ended \\(signal 15" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world x;
        struct worker_event e;
        struct error err;
        bool got = false;
        int errors = 0;
        open_world(&x);
        submit(x.w, "{\"text\":\"a\",\"ignore_eos\":true}");
        submit(x.w, "{\"text\":\"b\",\"ignore_eos\":true}");
        while (!got)
            assert_int_equal(worker_next(x.w, &e, &got, 20000, &err), STATUS_OK);
        assert_true(worker_alive(x.w));
        assert_int_equal(kill((pid_t)worker_process(x.w), cases[i].signal), 0);
        enum status st = STATUS_OK;
        while (!(st = worker_next(x.w, &e, &got, 20000, &err))) {
            assert_true(got);
            if (e.kind != WORKER_ERROR) continue;
            errors++;
            assert_int_equal(e.error->status, STATUS_CRASHED);
            if (!tells_death(cases[i].pattern, cases[i].signal, e.error->text))
                fail_msg("%s", e.error->text);
        }
        assert_int_equal(errors, 2);
        assert_int_equal(st, STATUS_CRASHED);
        assert_true(tells_death(cases[i].pattern, cases[i].signal, err.text));
        assert_false(worker_alive(x.w));
        uint64_t id;
        assert_int_equal(worker_submit(x.w, &id, "{}", 2, &err), STATUS_CRASHED);
        peer_no_children(); /* before worker_stop already */
        worker_stop(x.w);
        peer_model_close(&x.model);
    }
}

static void dies_while_starting(void **state)
{
    static const struct {
        const char *mode;
        enum status status;
        const char *pattern;
    } cases[] = {
        { "garbage", STATUS_CRASHED, "makes no sense.*unknown type.*killed" },
        { "version", STATUS_CRASHED, "another version" },
        { "half-frame", STATUS_CRASHED, "ended by itself \\(exit code 0\\)" },
        { "exit", STATUS_CRASHED, "exit code 3" },
        { "kill-loading", STATUS_CRASHED, "signal 9" },
        { "segv-loading", STATUS_CRASHED, "signal 11" },
        { "keep", STATUS_CRASHED, "nobody asked for" },
        { "wrong-way", STATUS_CRASHED, "" },
        { "last-words", STATUS_NO_MEMORY, "^no\\?\\[31m memory for 7 things$" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct peer_model m;
        struct worker *w = NULL;
        struct error err = { 0 };
        peer_model_open(&m, fixture_source("models/ember"));
        m.options.program = peer_program(cases[i].mode);
        enum status st = worker_start(&w, &m.options, &err);
        if (!st) { /* it was ready first */
            uint64_t id;
            struct worker_event e;
            bool got;
            while (!st)
                st = worker_stats(w, &id, &err) ? err.status : worker_next(w, &e, &got, 2000, &err);
            worker_stop(w);
        }
        if (st != cases[i].status || !matches(cases[i].pattern, err.text))
            fail_msg("%s: %s \"%s\"", cases[i].mode, status_name(st), err.text);
        peer_model_close(&m);
        peer_no_children();
    }
}

static void misbehaves_when_ready(void **state)
{
    static const struct {
        const char *mode, *pattern;
        int deltas;
    } cases[] = {
        { "oversize", "2147483647 bytes", 0 },   { "hello-twice", "HELLO once more", 0 },
        { "stray-done", "not under way", 0 },    { "bad-json", "makes no sense", 0 },
        { "not-object", "not an object", 0 },    { "wrong-way", "SUBMIT from the wrong end", 0 },
        { "close", "closed its connection", 0 }, { "die-answering", "signal 9", 2 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct peer_model m;
        struct worker *w;
        struct worker_event e;
        struct error err = { 0 };
        uint64_t id = 0;
        bool got;
        int deltas = 0, errors = 0;
        peer_model_open(&m, fixture_source("models/ember"));
        m.options.program = peer_program(cases[i].mode);
        w = peer_start(&m);
        enum status st = worker_submit(w, &id, "{}", 2, &err);
        while (!st) {
            st = worker_next(w, &e, &got, 20000, &err);
            if (st) break;
            assert_true(got);
            deltas += e.kind == WORKER_DELTA;
            errors += e.kind == WORKER_ERROR;
        }
        assert_int_equal(st, STATUS_CRASHED);
        if (!matches(cases[i].pattern, err.text)) fail_msg("%s: %s", cases[i].mode, err.text);
        if (id) assert_int_equal(errors, 1);
        assert_int_equal(deltas, cases[i].deltas);
        peer_no_children();
        worker_stop(w);
        peer_model_close(&m);
    }
}

/* Events nobody takes, while we send what nobody reads: no deadlock. */
static void both_ends_full(void **state)
{
    struct peer_model m;
    struct error err;
    uint64_t id;
    peer_model_open(&m, fixture_source("models/ember"));
    m.options.program = peer_program("flood");
    struct worker *w = peer_start(&m);
    submit(w, "{}");
    char *text = mem_alloc(32 << 20);
    memset(text, 'x', 32 << 20);
    assert_int_equal(worker_submit(w, &id, text, 32 << 20, &err), STATUS_CRASHED);
    assert_true(matches("nobody took", err.text));
    mem_free(text);
    worker_stop(w);
    peer_model_close(&m);
    peer_no_children();
}

static void a_slow_worker(void **state)
{
    struct peer_model m;
    struct outcome o;
    peer_model_open(&m, fixture_source("models/ember"));
    m.options.program = peer_program("slow");
    struct worker *w = peer_start(&m);
    ask(w, "{}", &o);
    assert_true(o.done);
    assert_string_equal(content_of(&o), "slow");
    outcome_release(&o);
    worker_stop(w);
    peer_model_close(&m);
    peer_no_children();
}

static void answers_in_any_order(void **state)
{
    struct peer_model m;
    struct worker_event e;
    struct error err;
    uint64_t a, b;
    bool got;
    peer_model_open(&m, fixture_source("models/ember"));
    m.options.program = peer_program("swap");
    struct worker *w = peer_start(&m);
    a = submit(w, "{}");
    assert_int_equal(worker_stats(w, &b, &err), STATUS_OK);
    assert_int_equal(worker_next(w, &e, &got, 20000, &err), STATUS_OK);
    assert_true(got && e.request == b);
    /* The other event lies in memory by now: the descriptor must say so. */
    struct pollfd p = { worker_descriptor(w), POLLIN, 0 };
    assert_int_equal(poll(&p, 1, 5000), 1);
    assert_int_equal(worker_next(w, &e, &got, 20000, &err), STATUS_OK);
    assert_true(got && e.request == a);
    assert_int_equal(poll(&p, 1, 0), 0);
    worker_stop(w);
    peer_model_close(&m);
    peer_no_children();
}

static void a_stubborn_worker_is_killed(void **state)
{
    struct peer_model m;
    struct worker *w = NULL;
    struct error err;
    peer_model_open(&m, fixture_source("models/ember"));
    m.options.program = peer_program("close");
    w = peer_start(&m);
    int64_t begin = clock_monotonic_ns();
    worker_stop(w);
    assert_true(clock_monotonic_ns() - begin < 5000000000);
    (void)err;
    peer_model_close(&m);
    peer_no_children();
}

static void memory_is_limited(void **state)
{
    struct peer_model m;
    struct worker *w;
    struct error err = { 0 };
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    print_message("SKIPPED: a sanitizer's own memory is past every limit\n");
    skip();
#endif
    peer_model_open(&m, fixture_source("models/ember"));
    m.options.memory_max = (uint64_t)12 << 20;
    m.options.engine.thread_count = 1;
    enum status st = worker_start(&w, &m.options, &err);
    if (st != STATUS_NO_MEMORY) fail_msg("%s \"%s\"", status_name(st), err.text);
    peer_model_close(&m);
    peer_no_children();
}

static void a_model_that_is_none(void **state)
{
    struct peer_model m;
    struct worker *w;
    struct error err = { 0 };
    peer_model_open(&m, fixture_source("models/ember"));
    peer_model_add(&m, "config.json",
                   "{\"architectures\":[\"NoSuchModel\"],\"model_type\":\"none\"}");
    assert_int_equal(worker_start(&w, &m.options, &err), STATUS_UNSUPPORTED);
    assert_true(matches("NoSuchModel", err.text));
    peer_model_close(&m);
    peer_no_children();
}

/* ---- the far end, fed by hand ---- */

static void send_raw(int fd, const void *bytes, size_t len)
{
    assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), len);
}

static void hear_error(struct worker_process *p, const char *pattern)
{
    struct buf all = BUF_INIT(1 << 20);
    struct error err;
    file_read_fd(&all, p->socket, "the socket", &err); /* a reset at the end is fine */
    bool found = false;
    for (size_t i = 0; i + 1 < all.len && !found; i++)
        found = all.data[i] == '{' && matches(pattern, all.data + i);
    if (!found) fail_msg("no words like \"%s\"", pattern);
    buf_release(&all);
    worker_process_close(p, 5000);
    assert_false(p->killed);
    peer_no_children();
}

static void start_raw(struct worker_process *p, bool greet)
{
    struct error err;
    if (worker_process_start(p, NULL, NULL, 0, &err)) fail_msg("%s", err.text);
    if (!greet) return;
    struct buf out = BUF_INIT(1 << 12);
    frame_append(&out, FRAME_HELLO, 0, span_of(FRAME_HELLO_BODY));
    send_raw(p->socket, out.data, out.len);
    buf_release(&out);
}

static void a_front_that_misbehaves(void **state)
{
    static const struct {
        bool greet;
        unsigned char bytes[24];
        size_t len;
        const char *pattern;
    } cases[] = {
        { false, { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF }, 16, "unknown type" },
        { false,
          { 2, 0, 0, 0, FRAME_PROBE, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, '{', '}' },
          18,
          "hello" },
        { true, { 0xFF, 0xFF, 0xFF, 0x7F, FRAME_SUBMIT, 0, 0, 0, 1 }, 16, "2147483647 bytes" },
        { true,
          { 2, 0, 0, 0, FRAME_READY, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, '{', '}' },
          18,
          "wrong end" },
        { true,
          { 2, 0, 0, 0, FRAME_SUBMIT, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '{', '}' },
          18,
          "without a number" },
        { true,
          { 2, 0, 0, 0, FRAME_SUBMIT, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, '{', '}' },
          18,
          "no model is loaded" },
        { true, { 1, 0, 0, 0, FRAME_LOAD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '{' }, 17, "the load" },
        { true,
          { 2, 0, 0, 0, FRAME_LOAD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '{', '}' },
          18,
          "malformed" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct worker_process p;
        start_raw(&p, cases[i].greet);
        for (size_t k = 0; k < cases[i].len; k++) /* byte by byte */
            send_raw(p.socket, &cases[i].bytes[k], 1);
        shutdown(p.socket, SHUT_WR);
        hear_error(&p, cases[i].pattern);
    }
}

static void a_front_that_goes_away(void **state)
{
    const unsigned char half[20] = { 100, 0, 0, 0, FRAME_LOAD };
    struct worker_process p;
    start_raw(&p, true);
    send_raw(p.socket, half, sizeof half);
    worker_process_close(&p, 5000);
    assert_false(p.killed); /* it ended by itself */
    assert_int_equal(p.status, 0);
    peer_no_children();
}

/* ---- in this process, for what sanitizers see: leaks above all ---- */

struct served {
    int socket;
    long fault; /* the allocation of the far end that fails; 0: none */
    bool fired;
};

static void *serve_here(void *ctx)
{
    const struct sandbox_facts none = { 0 };
    struct served *s = ctx;
    struct error err;
#ifdef HEARTH_CHECKS
    mem_fail_nth(s->fault);
#endif
    worker_serve(s->socket, &none, &err);
#ifdef HEARTH_CHECKS
    s->fired = mem_fault_fired();
    mem_fail_nth(0);
#endif
    close(s->socket);
    return NULL;
}

static struct worker *start_here(struct served *s, pthread_t *thread)
{
    struct worker *w;
    struct error err;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    s->socket = pair[1];
    assert_int_equal(pthread_create(thread, NULL, serve_here, s), 0);
    assert_int_equal(client_new(&w, "ember", (struct worker_process){ .socket = pair[0] }, &err),
                     0);
    return w;
}

static enum status send_load(struct worker *w, const struct peer_model *m)
{
    struct buf body = BUF_INIT(1 << 20);
    struct error err;
    buf_format(&body,
               "{\"label\":\"ember\",\"main_file\":null,\"form\":-1,\"keep\":false,\"engine\":{"
               "\"thread_count\":1,\"context_max\":64},\"files\":[");
    for (size_t i = 0; i < m->options.file_count; i++)
        buf_format(&body, "%s{\"name\":\"%s\",\"fd\":%d,\"bytes\":0}", i ? "," : "", m->names[i],
                   m->files[i].fd);
    buf_text(&body, "]}");
    enum status st = client_send(w, FRAME_HELLO, 0, span_of(FRAME_HELLO_BODY), &err);
    if (!st) st = client_send(w, FRAME_LOAD, 0, (struct span){ body.data, body.len }, &err);
    buf_release(&body);
    return st;
}

/* Waits for the ready; false: the far end failed, and said so or is gone. */
static bool await_ready(struct worker *w, enum status *ret)
{
    struct frame f = { 0 };
    struct error err;
    bool got = false;
    while (!got || f.type != FRAME_READY) {
        *ret = client_read(w, &f, &got, 20000, &err);
        if (*ret) return false;
        if (!got || f.type != FRAME_ERROR) continue;
        client_read_error(json_root(w->body), &err);
        if (err.status != STATUS_NO_MEMORY) print_message("%s\n", err.text);
        *ret = err.status;
        return false;
    }
    return true;
}

static void everything_is_freed(void **state)
{
    struct peer_model m;
    struct outcome o;
    struct error err;
    struct served served = { 0 };
    pthread_t thread;
    enum status st;
    peer_model_open(&m, fixture_source("models/ember"));
    peer_model_add(&m, "chat_template.jinja", TEMPLATE);
    struct worker *w = start_here(&served, &thread);
    assert_int_equal(send_load(w, &m), STATUS_OK);
    assert_true(await_ready(w, &st));
    ask(w,
        "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"max_tokens\":8,"
        "\"sampling\":{\"logprobs\":3},\"echo\":true,\"stop\":[\"zzz\"]}",
        &o);
    if (o.failed) fail_msg("%s", o.error.text);
    outcome_release(&o);
    expect_refusal(w, "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"nothing\":1}",
                   STATUS_BAD_INPUT, "nothing");
    uint64_t id;
    assert_int_equal(worker_score(w, &id, "{\"text\":\"To be or not to be\"}", 29, &err),
                     STATUS_OK);
    o = (struct outcome){ .content = BUF_INIT(1), .reasoning = BUF_INIT(1) };
    follow(w, id, &o);
    assert_true(o.done);
    outcome_release(&o);
    submit(w, "{\"text\":\"left behind\",\"ignore_eos\":true}");
    submit(w, "{\"text\":\"left behind\",\"ignore_eos\":true}");
    worker_stop(w);
    pthread_join(thread, NULL);
    peer_model_close(&m);
}

#ifdef HEARTH_CHECKS
/* The n-th allocation of the far end fails: the load, or the request, ends with words or with the end of
 * the stream; nothing is wrong afterwards, and nothing leaks. */
static bool survive_fault(const struct peer_model *m, long n)
{
    struct served served = { .fault = n };
    struct outcome o = { .content = BUF_INIT(1 << 20), .reasoning = BUF_INIT(1 << 20) };
    struct worker_event e;
    struct error err;
    pthread_t thread;
    enum status st;
    uint64_t id;
    bool got;
    struct worker *w = start_here(&served, &thread);
    static const char request[] = "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],"
                                  "\"max_tokens\":3,\"sampling\":{\"logprobs\":1}}";
    st = send_load(w, m);
    if (!st && await_ready(w, &st) && !worker_submit(w, &id, request, strlen(request), &err)) {
        while (!o.done && !o.failed && !(st = worker_next(w, &e, &got, 20000, &err)))
            if (got) take(&o, &e);
        if (o.failed) st = o.error.status;
    }
    if (st && st != STATUS_NO_MEMORY && st != STATUS_CRASHED)
        fail_msg("allocation %ld: %s %s", n, status_name(st), o.error.text);
    worker_stop(w);
    pthread_join(thread, NULL);
    if (!served.fired && !o.done) fail_msg("allocation %ld: no fault, but no answer", n);
    outcome_release(&o);
    return served.fired;
}

static void far_end_without_memory(void **state)
{
    struct peer_model m;
    long n = 1;
    peer_model_open(&m, fixture_source("models/ember"));
    peer_model_add(&m, "chat_template.jinja", TEMPLATE);
    while (survive_fault(&m, n))
        n += n < 48 ? 1 : n / 12;
    assert_true(n > 100);
    peer_model_close(&m);
}

static void near_end_without_memory(void **state)
{
    struct peer_model m;
    bool fired = true;
    peer_model_open(&m, fixture_source("models/ember"));
    m.options.engine.context_max = 16;
    for (long n = 1; fired; n += n < 16 ? 1 : n / 2) {
        struct worker *w = NULL;
        struct error err = { 0 };
        mem_fail_nth(n);
        enum status st = worker_start(&w, &m.options, &err);
        fired = mem_fault_fired();
        mem_fail_nth(0);
        if (st && (!fired || !err.text[0])) fail_msg("allocation %ld: %s", n, err.text);
        if (!st) worker_stop(w);
        peer_no_children();
    }
    peer_model_close(&m);
}
#endif

/* ---- the kept tokenizer ---- */

static void the_form_is_kept_and_used(void **state)
{
    char folder[] = "/tmp/hearth-form-XXXXXX", path[4096], name[TOKENIZER_FORM_NAME_BYTES];
    const char *tokenizer = FIXTURE("real/tokenizers/deepseek-coder/tokenizer.json");
    struct peer_model m;
    struct stat before, after;
    struct error err;
    struct file_set_entry entries[PEER_FILES_MAX];
    assert_non_null(mkdtemp(folder));
    struct buf text = fixture_read(tokenizer);
    peer_model_open(&m, fixture_source("models/ember"));
    peer_model_add(&m, "tokenizer.json", text.data);
    peer_model_add(&m, "tokenizer_config.json", "{}"); /* the model's own speaks of other tokens */
    buf_release(&text);
    for (size_t i = 0; i < m.options.file_count; i++)
        entries[i] = (struct file_set_entry){ m.names[i], 0, m.files[i].fd };
    assert_int_equal(tokenizer_form_name(entries, m.options.file_count, name, &err), STATUS_OK);
    file_join(path, sizeof path, folder, name);
    m.options.keep_path = path;
    worker_stop(peer_start(&m));
    assert_int_equal(stat(path, &before), 0);
    struct worker_file form = { "form", open(path, O_RDONLY | O_CLOEXEC), 0 };
    m.options.form = &form;
    worker_stop(peer_start(&m));
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino); /* it was believed: nothing was written */
    file_close(form.fd);
    assert_int_equal(truncate(path, before.st_size / 2), 0);
    form.fd = open(path, O_RDONLY | O_CLOEXEC);
    worker_stop(peer_start(&m));
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(after.st_size, before.st_size); /* damaged: made anew */
    file_close(form.fd);
    peer_model_close(&m);
    unlink(path);
    rmdir(folder);
    peer_no_children();
}

int main(int argc, char **argv)
{
    if (peer_is_worker(argc, argv)) return peer_run();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greedy_answers),
        cmocka_unit_test(the_same_bytes_in_base64),
        cmocka_unit_test(stop_texts),
        cmocka_unit_test(the_end_token),
        cmocka_unit_test(counting_and_echo),
        cmocka_unit_test(two_requests_in_line),
        cmocka_unit_test(a_prefix_is_reused),
        cmocka_unit_test(sums),
        cmocka_unit_test(requests_that_are_refused),
        cmocka_unit_test(too_long),
        cmocka_unit_test(messages_are_rendered),
        cmocka_unit_test(thinking_is_reasoning),
        cmocka_unit_test(a_second_turn_is_cached),
        cmocka_unit_test(a_broken_template_is_told),
        cmocka_unit_test(patterns_are_interpreted),
        cmocka_unit_test(scores),
        cmocka_unit_test(cancel_while_answering),
        cmocka_unit_test(cancel_in_line),
        cmocka_unit_test(cancel_while_reading_the_prompt),
        cmocka_unit_test(cancel_while_loading),
        cmocka_unit_test(killed_while_answering),
        cmocka_unit_test(dies_while_starting),
        cmocka_unit_test(misbehaves_when_ready),
        cmocka_unit_test(both_ends_full),
        cmocka_unit_test(a_slow_worker),
        cmocka_unit_test(answers_in_any_order),
        cmocka_unit_test(a_stubborn_worker_is_killed),
        cmocka_unit_test(memory_is_limited),
        cmocka_unit_test(a_model_that_is_none),
        cmocka_unit_test(a_front_that_misbehaves),
        cmocka_unit_test(a_front_that_goes_away),
        cmocka_unit_test(everything_is_freed),
#ifdef HEARTH_CHECKS
        cmocka_unit_test(far_end_without_memory),
        cmocka_unit_test(near_end_without_memory),
#endif
        cmocka_unit_test(the_form_is_kept_and_used),
    };
    return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
