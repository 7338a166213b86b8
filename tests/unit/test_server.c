/* The server over a scripted target: what clients get when things go well, and when they do not.
 * SPDX-License-Identifier: Apache-2.0 */
#include "support/fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/core/clock.h"
#include "base/core/file.h"
#include "serve/server/keys.h"
#include "serve/server/server.h"
#include "serve/server/server_config.h"
#include "support/fake_target.h"
#include "support/raw_client.h"

/* What is waited for comes in milliseconds; on a machine that is busy with other things it may not. */
#define WAIT_MS    60000
#define NOTICED_NS 5000000000 /* within a tick and a step, and never at the second later write */

struct house {
    struct fake_script script;
    struct server *server;
    char name[LISTEN_TEXT_BYTES];
    char home[64];
    struct server_options options;
    pthread_mutex_t log_lock;
    /* log_lock, while the server runs: */
    int lines; /* of the request log */
    char last_line[4096];
};

static void take_line(void *ctx, const char *line)
{
    struct house *h = ctx;
    pthread_mutex_lock(&h->log_lock);
    h->lines++;
    snprintf(h->last_line, sizeof h->last_line, "%s", line);
    pthread_mutex_unlock(&h->log_lock);
}

static void prepare(struct house *h)
{
    struct error err = { 0 };
    memset(h, 0, sizeof *h);
    pthread_mutex_init(&h->log_lock, NULL);
    snprintf(h->home, sizeof h->home, "/tmp/hearth-server-XXXXXX");
    assert_non_null(mkdtemp(h->home));
    server_settings_init(&h->options.settings);
    assert_int_equal(server_settings_add_model(&h->options.settings, "m", "/models/m", &err),
                     STATUS_OK);
    h->options.settings.models[0].preload = true;
    h->options.home = h->home;
    h->options.open = fake_target_open;
    h->options.open_ctx = &h->script;
    h->options.request_log = take_line;
    h->options.request_log_ctx = h;
}

static void open_house(struct house *h)
{
    struct error err = { 0 };
    h->options.listen_count = 1;
    h->options.listen[0].fd = raw_listen(h->name);
    assert_int_equal(listen_parse(&h->options.listen[0].address, h->name, &err), STATUS_OK);
    if (server_start(&h->server, &h->options, &err)) fail_msg("%s", err.text);
}

static void wait_model(struct house *h)
{
    struct error err = { 0 };
    bool ready = false;
    for (int i = 0; i < WAIT_MS / 2 && !ready; i++) {
        assert_int_equal(server_first_model(h->server, &ready, &err), STATUS_OK);
        raw_sleep_ms(2);
    }
    assert_true(ready);
}

static void start(struct house *h)
{
    prepare(h);
    open_house(h);
    wait_model(h);
}

static void close_house(struct house *h)
{
    char path[128];
    static const char *const files[] = { "keys.json", "keys-usage.json", "keys.lock" };
    server_stop(h->server);
    pthread_mutex_destroy(&h->log_lock);
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", h->home, files[i]);
        unlink(path);
    }
    rmdir(h->home);
    assert_int_equal(atomic_load(&h->script.opened), atomic_load(&h->script.stopped));
}

/* The bytes of a request; `extra`: further headers, each with its line's end. */
static const char *request(const char *method, const char *path, const char *extra,
                           const char *body)
{
    static char text[65536];
    snprintf(text, sizeof text,
             "%s %s HTTP/1.1\r\nHost: localhost\r\n%sContent-Length: %zu\r\n\r\n%s", method, path,
             extra, strlen(body), body);
    return text;
}

#define CLOSE "Connection: close\r\n"

static struct buf ask(struct house *h, const char *method, const char *path, const char *extra,
                      const char *body)
{
    char lines[1024];
    snprintf(lines, sizeof lines, CLOSE "%s", extra);
    return raw_talk(h->name, request(method, path, lines, body), WAIT_MS);
}

static const char *chat_body(const char *command, bool stream, const char *more)
{
    static char text[1024];
    snprintf(text, sizeof text,
             "{\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}],\"stream\":%s%s}", command,
             stream ? "true" : "false", more);
    return text;
}

static struct buf chat(struct house *h, const char *command, bool stream)
{
    return ask(h, "POST", "/v1/chat/completions", "", chat_body(command, stream, ""));
}

/* Wants a status and words; both in the message when they are missing. */
static void want(struct buf b, int status, const char *words)
{
    if (raw_status(&b) != status || !strstr(b.data, words))
        fail_msg("wanted %d with \"%s\", got: %s", status, words, b.data);
    buf_release(&b);
}

static void test_answers(void **state)
{
    struct house h;
    start(&h);
    want(chat(&h, "[say 3]", false), 200, "\"content\":\"w0 w1 w2 \"");
    struct buf b = chat(&h, "[say 3]", true);
    assert_int_equal(raw_status(&b), 200);
    assert_non_null(strstr(b.data, "text/event-stream"));
    assert_non_null(strstr(b.data, "\"content\":\"w2 \""));
    assert_non_null(strstr(b.data, "data: [DONE]\n\n"));
    assert_non_null(strstr(b.data, "x-request-id: "));
    buf_release(&b);
    b = ask(&h, "POST", "/v1/chat/completions", "", chat_body("[say 2]", false, ",\"n\":3"));
    assert_int_equal(raw_status(&b), 200);
    assert_non_null(strstr(b.data, "\"index\":2"));
    buf_release(&b);
    assert_int_equal(atomic_load(&h.script.submitted), 5);
    want(
        ask(&h, "POST", "/v1/messages", "",
            "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"[say "
            "2]\"}]}"),
        200, "w0 w1 ");
    close_house(&h);
    assert_non_null(strstr(h.last_line, "\"completion_tokens\":2"));
    assert_null(strstr(h.last_line, "[say"));
}

/* The id of the first call in an answer. */
static void call_id(const struct buf *answer, const char *prefix, char ret[64])
{
    const char *at = strstr(answer->data, prefix);
    assert_non_null(at);
    snprintf(ret, 64, "%.*s", (int)strcspn(at, "\""), at);
}

#define EXACT "\"exact\":\"{\\\"city\\\":\\\"París\\\"}\""

static void replay_chat(struct house *h, const char *id, const char *arguments, bool known)
{
    char body[1024];
    snprintf(
        body, sizeof body,
        "{\"messages\":[{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"%s\","
        "\"type\":\"function\",\"function\":{\"name\":\"get_weather\",\"arguments\":%s}}]},"
        "{\"role\":\"user\",\"content\":\"[say 1]\"}]}",
        id, arguments);
    want(ask(h, "POST", "/v1/chat/completions", "", body), 200, "w0 ");
    if ((strstr(h->script.last, EXACT) != NULL) != known)
        fail_msg("%s %s: %s", id, arguments, h->script.last);
}

/* A call that comes back with the same value gets the text that the model wrote; a changed one not. */
static void test_replayed_calls(void **state)
{
    struct house h;
    char id[64], body[1024];
    start(&h);
    for (int stream = 0; stream < 2; stream++) {
        struct buf b = chat(&h, "[tools]", stream);
        call_id(&b, "call_", id);
        buf_release(&b);
        replay_chat(&h, id, "\"{\\\"city\\\":\\\"París\\\"}\"", true);
        replay_chat(&h, id, "\"{ \\\"city\\\" : \\\"Par\\\\u00eds\\\" }\"", true);
        replay_chat(&h, id, "{\"city\": \"París\"}", true);
        replay_chat(&h, id, "\"{\\\"city\\\":\\\"Paris\\\"}\"", false);
        replay_chat(&h, id, "{\"city\": \"París\", \"unit\": 1}", false);
        replay_chat(&h, "call_of_somebody_else", "{\"city\": \"París\"}", false);
    }
    struct buf b =
        ask(&h, "POST", "/v1/messages", "",
            "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":"
            "\"[tools]\"}]}");
    call_id(&b, "toolu_", id);
    buf_release(&b);
    snprintf(
        body, sizeof body,
        "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"assistant\",\"content\":["
        "{\"type\":\"tool_use\",\"id\":\"%s\",\"name\":\"get_weather\",\"input\":{\"city\":"
        "\"París\"}}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
        "\"tool_use_id\":\"%s\",\"content\":\"12 C\"},{\"type\":\"text\",\"text\":\"[say 1]\"}]}]}",
        id, id);
    want(ask(&h, "POST", "/v1/messages", "", body), 200, "w0 ");
    assert_non_null(strstr(h.script.last, EXACT));
    close_house(&h);
}

/* What is left out of a prompt on purpose is in the log, and not in the prompt. */
static void test_left_out(void **state)
{
    struct house h;
    start(&h);
    want(ask(&h, "POST", "/v1/messages", "",
             "{\"model\":\"m\",\"max_tokens\":9,\"system\":[{\"type\":\"text\",\"text\":"
             "\"x-anthropic-billing-header: cc_version=1; cch=0f3a;\\nBe brief.\"}],"
             "\"messages\":[{\"role\":\"user\",\"content\":\"[say 1]\"}]}"),
         200, "w0 ");
    assert_null(strstr(h.script.last, "billing"));
    assert_non_null(strstr(h.script.last, "\"content\":\"Be brief.\""));
    close_house(&h);
    assert_non_null(strstr(h.last_line, "\"note\":\"the first line of the system prompt, "
                                        "x-anthropic-billing-header, was left out\""));
}

static void test_refusals(void **state)
{
    static const struct {
        const char *method, *path, *extra, *body;
        int status;
        const char *words;
    } cases[] = {
        { "POST", "/v1/chat/completions", "", "{\"messages\":", 400,
          "\"type\":\"invalid_request_error\"" },
        { "POST", "/v1/chat/completions", "", "[1]", 400, "no JSON object" },
        { "POST", "/v1/chat/completions", "", "", 400, "invalid_request_error" },
        { "POST", "/v1/chat/completions", "", "{\"messages\":[],\"messages\":[]}", 400,
          "invalid_request_error" },
        { "POST", "/v1/chat/completions", "", "{\"model\":\"x\",\"messages\":[]}", 404,
          "\"code\":\"model_not_found\"" },
        { "POST", "/v1/chat/completions", "", "{\"model\":7,\"messages\":[]}", 400,
          "\"param\":\"model\"" },
        { "POST", "/v1/messages", "", "{\"model\":\"x\"}", 404, "\"type\":\"error\"" },
        { "GET", "/v1/chat/completions", "", "", 405, "Allow: POST" },
        { "POST", "/v1/models", "", "{}", 405, "Allow: GET" },
        { "GET", "/v1/nothing", "", "", 404, "unknown_url" },
        { "GET", "/v1/models/x", "", "", 404, "model_not_found" },
        { "GET", "/v1/models/%zz", "", "", 404, "model_not_found" },
        { "GET", "/v1/models", "Origin: http://evil.example\r\n", "", 403, "origin_not_allowed" },
        { "POST", "/v1/chat/completions", "Origin: null\r\n", "{}", 403, "origin_not_allowed" },
        { "GET", "/v1/models", "Origin: http://localhost\r\n", "", 200, "\"id\":\"m\"" },
        { "OPTIONS", "/v1/models", "Origin: http://evil.example\r\n", "", 405,
          "method_not_allowed" },
        { "GET", "/v1/models", "Authorization: Bearer sk-anything\r\n", "", 200, "\"id\":\"m\"" },
        { "GET", "/v1/models", "x-api-key: hk-0000000000000000000000000000000000000000000\r\n", "",
          401, "invalid_api_key" },
    };
    struct house h;
    start(&h);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        want(ask(&h, cases[i].method, cases[i].path, cases[i].extra, cases[i].body),
             cases[i].status, cases[i].words);
    want(
        raw_talk(h.name, "GET /v1/models HTTP/1.1\r\nHost: evil.example\r\n" CLOSE "\r\n", WAIT_MS),
        403, "host_not_allowed");
    assert_int_equal(atomic_load(&h.script.submitted), 0);
    close_house(&h);
}

static void test_own_routes(void **state)
{
    struct house h;
    start(&h);
    want(ask(&h, "GET", "/", "", ""), 200, "Content-Security-Policy: default-src 'none'");
    want(ask(&h, "GET", "/", "", ""), 200, "<!doctype html>");
    want(ask(&h, "GET", "/ui/page.js", "", ""), 200, "Content-Type: text/javascript");
    want(ask(&h, "GET", "/ui/../page.js", "", ""), 404, "");
    want(ask(&h, "GET", "/ui/nothing.js", "", ""), 404, "/ui/nothing.js");
    want(ask(&h, "GET", "/health", "", ""), 200, "{\"status\":\"ok\"}");
    want(ask(&h, "GET", "/v1/models", "", ""), 200, "\"max_model_len\":512");
    want(ask(&h, "GET", "/v1/models/m", "", ""), 200, "\"object\":\"model\"");
    want(ask(&h, "GET", "/props", "", ""), 200, "\"state\":\"ready\"");
    want(chat(&h, "[say 3]", false), 200, "\"cache\":\"disk\"");
    struct buf b = ask(&h, "GET", "/metrics", "", "");
    static const char *const lines[] = {
        "hearth_prompt_tokens_total{model_name=\"m\"} 7\n",
        "hearth_generation_tokens_total{model_name=\"m\"} 3\n",
        "hearth_prefix_cache_hits_total{model_name=\"m\"} 3\n",
        "hearth_prefix_cache_restored_total{model_name=\"m\"} 2\n",
        "hearth_num_preemptions_total{model_name=\"m\"} 1\n",
        "hearth_kv_cache_usage_perc{model_name=\"m\"} 0.25\n",
        "hearth_kv_cache_pages_kept{model_name=\"m\"} 5\n",
        "hearth_kv_store_pages{model_name=\"m\"} 4\n",
        "hearth_request_queue_time_seconds_count{model_name=\"m\"} 1\n",
        "hearth_request_success_total{model_name=\"m\",finished_reason=\"stop\"} 1\n",
        "hearth_time_to_first_token_seconds_count{model_name=\"m\"} 1\n",
        "hearth_inter_token_latency_seconds_count{model_name=\"m\"} 2\n",
        "hearth_http_requests_total{handler=\"/health\",status=\"200\"} 1\n",
        "# TYPE hearth_e2e_request_latency_seconds histogram\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!strstr(b.data, lines[i])) fail_msg("no line %s in:\n%s", lines[i], b.data);
    buf_release(&b);
    close_house(&h);
}

static void test_trace(void **state)
{
    struct house h;
    start(&h);
    want(ask(&h, "GET", "/health",
             "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n", ""),
         200, "traceparent: 00-0af7651916cd43dd8448eb211c80319c-");
    struct buf b =
        ask(&h, "GET", "/health",
            "traceparent: 00-00000000000000000000000000000000-b7ad6b7169203331-01\r\n", "");
    assert_null(strstr(b.data, "00-00000000000000000000000000000000"));
    buf_release(&b);
    close_house(&h);
}

static void test_errors_of_the_model(void **state)
{
    struct house h;
    start(&h);
    /* Before anything was sent it is a status, also where a stream was wanted. */
    want(chat(&h, "[context]", false), 400, "\"code\":\"context_length_exceeded\"");
    want(chat(&h, "[context]", true), 400, "\"code\":\"context_length_exceeded\"");
    want(chat(&h, "[half]", false), 500, "something broke");
    struct buf b = chat(&h, "[half]", true);
    assert_int_equal(raw_status(&b), 200);
    assert_non_null(strstr(b.data, "w1 "));
    assert_non_null(strstr(b.data, "data: {\"error\":{"));
    assert_null(strstr(b.data, "[DONE]"));
    assert_non_null(strstr(b.data, "\r\n0\r\n\r\n")); /* and then the stream ends as streams do */
    buf_release(&b);
    close_house(&h);
}

static void test_disconnect_cancels(void **state)
{
    struct house h;
    start(&h);
    for (int stream = 0; stream < 2; stream++) {
        int fd = raw_connect(h.name);
        raw_send(fd, request("POST", "/v1/chat/completions", "",
                             chat_body(stream ? "[say 100000]" : "[wait]", stream, "")));
        for (int i = 0; i < WAIT_MS / 2 && atomic_load(&h.script.submitted) <= stream; i++)
            raw_sleep_ms(2);
        raw_sleep_ms(30);
        int64_t begin = clock_monotonic_ns();
        close(fd);
        while (atomic_load(&h.script.cancelled) <= stream &&
               clock_monotonic_ns() - begin < NOTICED_NS)
            raw_sleep_ms(1);
        assert_true(clock_monotonic_ns() - begin < NOTICED_NS);
    }
    for (int i = 0; i < WAIT_MS / 2 && server_active(h.server); i++)
        raw_sleep_ms(2);
    assert_int_equal(server_active(h.server), 0);
    close_house(&h);
}

/* A dead worker ends its own requests with an error, comes back, and disturbs nobody else. */
static void test_crash(void **state)
{
    struct house h;
    struct error err = { 0 };
    prepare(&h);
    assert_int_equal(server_settings_add_model(&h.options.settings, "other", "/models/o", &err),
                     STATUS_OK);
    h.options.settings.models[1].preload = true;
    open_house(&h);
    wait_model(&h);
    int other = raw_connect(h.name), victim = raw_connect(h.name);
    raw_send(other, request("POST", "/v1/chat/completions", CLOSE,
                            chat_body("[say 600]", true, ",\"model\":\"other\"")));
    raw_send(victim,
             request("POST", "/v1/chat/completions", CLOSE, chat_body("[say 9999]", true, "")));
    struct buf b = raw_read(victim, "w5 ", WAIT_MS);
    buf_release(&b);
    want(chat(&h, "[die]", false), 500, "killed (signal 9)");
    b = raw_read(victim, NULL, WAIT_MS);
    assert_non_null(strstr(b.data, "killed (signal 9)"));
    assert_null(strstr(b.data, "[DONE]"));
    buf_release(&b);
    /* The next request waits for the new worker. */
    want(chat(&h, "[say 1]", false), 200, "w0 ");
    b = raw_read(other, NULL, WAIT_MS);
    assert_non_null(strstr(b.data, "w599 "));
    assert_non_null(strstr(b.data, "[DONE]"));
    buf_release(&b);
    close(other);
    close(victim);
    assert_int_equal(atomic_load(&h.script.opened), 3);
    close_house(&h);
}

static void test_loading(void **state)
{
    struct house h;
    struct error err = { 0 };
    bool ready;
    prepare(&h);
    atomic_store(&h.script.open_ms, 700);
    h.options.settings.load_wait_s = 0;
    open_house(&h);
    struct buf b = chat(&h, "[say 1]", false);
    assert_non_null(strstr(b.data, "Retry-After: "));
    want(b, 503, "still loading");
    want(ask(&h, "GET", "/health", "", ""), 503, "loading");
    wait_model(&h);
    want(chat(&h, "[say 1]", false), 200, "w0");
    close_house(&h);
    /* A model that cannot be loaded says why; the next attempt may work. */
    prepare(&h);
    atomic_store(&h.script.fail_opens, 1);
    open_house(&h);
    for (int i = 0; i < WAIT_MS / 2 && !server_first_model(h.server, &ready, &err); i++)
        raw_sleep_ms(2);
    assert_non_null(strstr(err.text, "/models/m is not there"));
    want(chat(&h, "[say 1]", false), 200, "w0");
    close_house(&h);
    /* Stopping while a model loads does not wait for it. */
    prepare(&h);
    atomic_store(&h.script.open_ms, 60000);
    open_house(&h);
    raw_sleep_ms(50);
    int64_t begin = clock_monotonic_ns();
    close_house(&h);
    assert_true(clock_monotonic_ns() - begin < NOTICED_NS);
}

static void test_queue_full(void **state)
{
    struct house h;
    int fds[2];
    prepare(&h);
    h.options.settings.models[0].queue_max = 2;
    open_house(&h);
    wait_model(&h);
    for (int i = 0; i < 2; i++) {
        fds[i] = raw_connect(h.name);
        raw_send(fds[i],
                 request("POST", "/v1/chat/completions", "", chat_body("[wait]", true, "")));
    }
    for (int i = 0; i < WAIT_MS / 2 && atomic_load(&h.script.submitted) < 2; i++)
        raw_sleep_ms(2);
    struct buf b = chat(&h, "[say 1]", false);
    assert_non_null(strstr(b.data, "Retry-After: 3")); /* as the target guesses */
    want(b, 429, "rate_limit_exceeded");
    close(fds[0]);
    close(fds[1]);
    for (int i = 0; i < WAIT_MS / 2 && server_active(h.server); i++)
        raw_sleep_ms(2);
    want(chat(&h, "[say 1]", false), 200, "w0");
    close_house(&h);
}

static void test_keep_alive_comments(void **state)
{
    struct house h;
    prepare(&h);
    h.options.settings.keep_alive_ms = 300;
    open_house(&h);
    wait_model(&h);
    int fd = raw_connect(h.name);
    raw_send(fd, request("POST", "/v1/chat/completions", "", chat_body("[wait]", true, "")));
    struct buf b = raw_read(fd, ": still working\n\n", WAIT_MS);
    assert_non_null(strstr(b.data, ": still working\n\n"));
    buf_release(&b);
    close(fd);
    close_house(&h);
}

static void add_key(struct house *h, const struct key_grant *grant, char key[KEY_CHARS + 1],
                    char id[KEY_ID_CHARS + 1])
{
    struct key_store *store;
    struct error err = { 0 };
    assert_int_equal(key_store_open(&store, h->home, &err), STATUS_OK);
    if (key_store_add(store, grant, key, id, &err)) fail_msg("%s", err.text);
    key_store_close(store);
}

static struct buf chat_as(struct house *h, const char *key, const char *command)
{
    char line[128];
    snprintf(line, sizeof line, "Authorization: Bearer %s\r\n", key);
    return ask(h, "POST", "/v1/chat/completions", line, chat_body(command, false, ""));
}

static void test_keys(void **state)
{
    struct house h;
    char *all[] = { "*", NULL }, *only_models[] = { "models", NULL }, *other[] = { "other", NULL };
    struct key_grant grants[] = {
        { .name = "all", .models = all, .capabilities = all },
        { .name = "lists", .models = all, .capabilities = only_models },
        { .name = "elsewhere", .models = other, .capabilities = all },
        { .name = "slow", .models = all, .capabilities = all, .requests_per_minute = 1 },
        { .name = "poor", .models = all, .capabilities = all, .budget_tokens = 5 },
        { .name = "thrifty", .models = all, .capabilities = all, .tokens_per_minute = 4 },
    };
    char keys[6][KEY_CHARS + 1], id[KEY_ID_CHARS + 1];
    prepare(&h);
    for (int i = 0; i < 6; i++)
        add_key(&h, &grants[i], keys[i], id);
    h.options.settings.require_key = true;
    open_house(&h);
    wait_model(&h);
    want(chat(&h, "[say 1]", false), 401, "WWW-Authenticate: Bearer");
    want(ask(&h, "GET", "/metrics", "", ""), 401, "invalid_api_key");
    want(ask(&h, "GET", "/health", "", ""), 200, "ok");
    want(chat_as(&h, "hk-wrong", "[say 1]"), 401, "invalid_api_key");
    want(chat_as(&h, keys[0], "[say 1]"), 200, "w0");
    want(chat_as(&h, keys[1], "[say 1]"), 403, "capability_missing");
    want(chat_as(&h, keys[2], "[say 1]"), 404, "model_not_found");
    want(chat_as(&h, keys[3], "[say 1]"), 200, "w0");
    want(chat_as(&h, keys[3], "[say 1]"), 429, "Retry-After: ");
    want(chat_as(&h, keys[4], "[say 1]"), 200, "w0"); /* 7 + 1 tokens */
    want(chat_as(&h, keys[4], "[say 1]"), 429, "insufficient_quota");
    want(chat_as(&h, keys[5], "[say 1]"), 200, "w0");
    want(chat_as(&h, keys[5], "[say 1]"), 429, "tokens per minute");
    char line[128];
    snprintf(line, sizeof line, "x-api-key: %s\r\n", keys[2]);
    struct buf b = ask(&h, "GET", "/v1/models", line, "");
    assert_null(strstr(b.data, "\"id\":\"m\""));
    buf_release(&b);
    server_tick(h.server);
    close_house(&h);
}

/* A tenant has a cache and a share of its own, and its key says which; a request cannot. */
static void test_keys_say_who_asks(void **state)
{
    struct house h;
    char *all[] = { "*", NULL };
    struct key_grant team = { .name = "a",
                              .tenant = "te\"am",
                              .models = all,
                              .capabilities = all,
                              .priority = KEY_PRIORITY_HIGH },
                     own = { .name = "b", .models = all, .capabilities = all };
    char keys[2][KEY_CHARS + 1], id[KEY_ID_CHARS + 1], wanted[128];
    prepare(&h);
    add_key(&h, &team, keys[0], id);
    add_key(&h, &own, keys[1], id);
    open_house(&h);
    wait_model(&h);
    want(chat_as(&h, keys[0], "[say 1]"), 200, "w0");
    static const char begin[] = "{\"tenant\":\"te\\\"am\",\"priority\":\"high\",\"messages\":[";
    assert_memory_equal(h.script.last, begin, sizeof begin - 1);
    want(chat_as(&h, keys[1], "[say 1]"), 200, "w0");
    snprintf(wanted, sizeof wanted, "{\"tenant\":\"%s\",\"priority\":\"normal\",", id);
    assert_memory_equal(h.script.last, wanted, strlen(wanted));
    want(chat(&h, "[say 1]", false), 200, "w0");
    assert_memory_equal(h.script.last, "{\"messages\":[", 13);
    want(ask(&h, "POST", "/v1/chat/completions", "",
             chat_body("[say 1]", false, ",\"tenant\":\"te\",\"priority\":5")),
         200, "w0");
    assert_memory_equal(h.script.last, "{\"messages\":[", 13);
    close_house(&h);
}

static void test_key_concurrency(void **state)
{
    struct house h;
    char *all[] = { "*", NULL };
    struct key_grant grant = {
        .name = "one", .models = all, .capabilities = all, .concurrency = 1
    };
    char key[KEY_CHARS + 1], id[KEY_ID_CHARS + 1], line[128];
    prepare(&h);
    add_key(&h, &grant, key, id);
    open_house(&h);
    wait_model(&h);
    snprintf(line, sizeof line, "Authorization: Bearer %s\r\n", key);
    int fd = raw_connect(h.name);
    raw_send(fd, request("POST", "/v1/chat/completions", line, chat_body("[wait]", true, "")));
    for (int i = 0; i < WAIT_MS / 2 && atomic_load(&h.script.submitted) < 1; i++)
        raw_sleep_ms(2);
    want(chat_as(&h, key, "[say 1]"), 429, "as many requests under way");
    close(fd);
    for (int i = 0; i < WAIT_MS / 2 && server_active(h.server); i++)
        raw_sleep_ms(2);
    want(chat_as(&h, key, "[say 1]"), 200, "w0");
    close_house(&h);
}

static void test_key_revoked_mid_stream(void **state)
{
    struct house h;
    struct key_store *store;
    struct error err = { 0 };
    char *all[] = { "*", NULL };
    struct key_grant grant = { .name = "leaving", .models = all, .capabilities = all };
    struct key_grant stays = { .name = "staying", .models = all, .capabilities = all };
    char key[KEY_CHARS + 1], kept[KEY_CHARS + 1], id[KEY_ID_CHARS + 1], line[128];
    prepare(&h);
    add_key(&h, &grant, key, id);
    add_key(&h, &stays, kept, id);
    open_house(&h);
    wait_model(&h);
    int fds[2];
    const char *both[] = { key, kept };
    for (int i = 0; i < 2; i++) {
        snprintf(line, sizeof line, CLOSE "Authorization: Bearer %s\r\n", both[i]);
        fds[i] = raw_connect(h.name);
        raw_send(fds[i],
                 request("POST", "/v1/chat/completions", line, chat_body("[say 700]", true, "")));
    }
    struct buf b = raw_read(fds[0], "w3 ", WAIT_MS);
    buf_release(&b);
    assert_int_equal(key_store_open(&store, h.home, &err), STATUS_OK);
    assert_int_equal(key_store_revoke(store, "leaving", &err), STATUS_OK);
    key_store_close(store);
    server_tick(h.server);
    b = raw_read(fds[0], NULL, WAIT_MS);
    assert_non_null(strstr(b.data, "revoked"));
    assert_null(strstr(b.data, "[DONE]"));
    buf_release(&b);
    b = raw_read(fds[1], NULL, WAIT_MS);
    assert_non_null(strstr(b.data, "[DONE]"));
    buf_release(&b);
    want(chat_as(&h, key, "[say 1]"), 401, "revoked");
    close(fds[0]);
    close(fds[1]);
    close_house(&h);
}

static void test_exposure(void **state)
{
    struct house h;
    struct error err = { 0 };
    char *all[] = { "*", NULL };
    struct key_grant grant = { .name = "all", .models = all, .capabilities = all };
    char key[KEY_CHARS + 1], id[KEY_ID_CHARS + 1];
    for (int turn = 0; turn < 3; turn++) {
        prepare(&h);
        h.options.listen_count = 1;
        h.options.listen[0].fd = raw_listen(h.name);
        h.options.listen[0].address = (struct listen_address){ .host = "0.0.0.0" };
        h.options.behind_proxy = turn > 0;
        if (turn == 2) add_key(&h, &grant, key, id);
        enum status st = server_start(&h.server, &h.options, &err);
        assert_int_equal(st, turn == 2 ? STATUS_OK : STATUS_USAGE);
        if (turn == 0) assert_non_null(strstr(err.text, "--tls-cert"));
        if (turn == 1) assert_non_null(strstr(err.text, "hearth keys add"));
        if (turn == 2) {
            wait_model(&h);
            want(chat(&h, "[say 1]", false), 401, "a key is needed");
            want(chat_as(&h, key, "[say 1]"), 200, "w0");
        }
        if (turn < 2) h.server = NULL;
        close_house(&h);
    }
}

static void test_cors(void **state)
{
    struct house h;
    prepare(&h);
    h.options.settings.origins[0] = strdup("https://ui.example");
    h.options.settings.hosts[0] = strdup("models.example");
    open_house(&h);
    wait_model(&h);
    want(ask(&h, "OPTIONS", "/v1/chat/completions", "Origin: https://ui.example\r\n", ""), 204,
         "Access-Control-Allow-Origin: https://ui.example");
    want(ask(&h, "GET", "/v1/models", "Origin: https://ui.example\r\n", ""), 200,
         "Access-Control-Allow-Origin: https://ui.example");
    want(ask(&h, "GET", "/v1/models", "Origin: https://other.example\r\n", ""), 403, "origin");
    want(raw_talk(h.name, "GET /v1/models HTTP/1.1\r\nHost: Models.Example:80\r\n" CLOSE "\r\n",
                  5000),
         200, "\"id\":\"m\"");
    close_house(&h);
}

static void test_drain(void **state)
{
    struct house h;
    start(&h);
    int fd = raw_connect(h.name), idle = raw_connect(h.name);
    raw_send(idle, request("GET", "/health", "", ""));
    struct buf b = raw_read(idle, "\"ok\"}", WAIT_MS);
    buf_release(&b);
    raw_send(fd, request("POST", "/v1/chat/completions", CLOSE, chat_body("[say 300]", true, "")));
    b = raw_read(fd, "w3 ", WAIT_MS);
    buf_release(&b);
    server_drain(h.server);
    assert_int_equal(server_active(h.server), 1);
    raw_send(idle, request("POST", "/v1/chat/completions", "", chat_body("[say 1]", false, "")));
    b = raw_read(idle, "shutting_down", WAIT_MS);
    assert_int_equal(raw_status(&b), 503);
    buf_release(&b);
    b = raw_read(fd, NULL, WAIT_MS);
    assert_non_null(strstr(b.data, "w299 "));
    assert_non_null(strstr(b.data, "[DONE]"));
    buf_release(&b);
    close(fd);
    close(idle);
    close_house(&h);
}

/* What has not ended when the server stops ends with an error that says so. */
static void test_stop_mid_stream(void **state)
{
    struct house h;
    start(&h);
    int fd = raw_connect(h.name);
    raw_send(fd, request("POST", "/v1/chat/completions", CLOSE, chat_body("[say 9999]", true, "")));
    struct buf b = raw_read(fd, "w3 ", WAIT_MS);
    buf_release(&b);
    close_house(&h);
    b = raw_read(fd, NULL, WAIT_MS);
    assert_null(strstr(b.data, "[DONE]"));
    buf_release(&b);
    close(fd);
}

static void test_reload(void **state)
{
    static const char text[] = "default_model: new\n"
                               "models:\n"
                               "  m:\n    path: /models/m\n    preload: true\n"
                               "  new:\n    path: /models/new\n    aliases: [gpt-4o, \"a/b\"]\n"
                               "    unload_after_seconds: 1\n"
                               "    batch: 4\n    cache_tokens: 2048\n";
    struct house h;
    struct server_settings s;
    struct error err = { 0 };
    start(&h);
    server_settings_init(&s);
    assert_int_equal(server_config_parse(&s, text, strlen(text), "t", "", &err), STATUS_OK);
    if (server_reload(h.server, &s, &err)) fail_msg("%s", err.text);
    assert_int_equal(atomic_load(&h.script.opened),
                     1); /* m was not touched, new is not needed yet */
    struct buf b = ask(&h, "POST", "/v1/chat/completions", "",
                       chat_body("[say 1]", false, ",\"model\":\"gpt-4o\""));
    assert_non_null(strstr(b.data, "\"model\":\"new\""));
    want(b, 200, "w0");
    assert_int_equal(atomic_load(&h.script.opened), 2);
    want(ask(&h, "GET", "/v1/models/a%2fb", "", ""), 200, "\"id\":\"a/b\"");
    for (int i = 0; i < WAIT_MS / 2 && atomic_load(&h.script.stopped) < 1; i++)
        raw_sleep_ms(2);
    assert_int_equal(atomic_load(&h.script.stopped), 1); /* idle for long enough */
    want(chat(&h, "[say 1]", false), 200, "\"model\":\"new\"");
    /* A model that is gone answers what it has begun, and nothing else. */
    int fd = raw_connect(h.name);
    raw_send(fd, request("POST", "/v1/chat/completions", CLOSE,
                         chat_body("[say 300]", true, ",\"model\":\"m\"")));
    b = raw_read(fd, "w3 ", WAIT_MS);
    buf_release(&b);
    server_settings_init(&s);
    assert_int_equal(server_settings_add_model(&s, "new", "/models/new", &err), STATUS_OK);
    if (server_reload(h.server, &s, &err)) fail_msg("%s", err.text);
    want(ask(&h, "POST", "/v1/chat/completions", "",
             chat_body("[say 1]", false, ",\"model\":\"m\"")),
         404, "model_not_found");
    b = raw_read(fd, NULL, WAIT_MS);
    assert_non_null(strstr(b.data, "w299 "));
    assert_non_null(strstr(b.data, "[DONE]"));
    buf_release(&b);
    close(fd);
    close_house(&h);
}

static void test_config(void **state)
{
    static const struct {
        const char *text, *words; /* NULL: it is fine */
    } cases[] = {
        { "", NULL },
        { "# only a comment\n", NULL },
        { "models:\n  a: {path: sub/x, aliases: [b, c]}\ndefault_model: c\nlimits: {body_bytes: "
          "5000}\n",
          NULL },
        { "modles: {}\n", "t:1: \"modles\" is not known here; known are default_model" },
        { "models:\n  a:\n    path: x\n    colour: red\n",
          "t:4: \"colour\" is not known here; known are path" },
        { "limits:\n  body_bytes: many\n", "t:2: body_bytes must be a whole number from 1024" },
        { "limits:\n  body_bytes: 12\n", "t:2: body_bytes must be a whole number" },
        { "limits:\n  body_bytes: \"5000\"\n", "must be a whole number" },
        { "require_key: yes\n", "t:1: require_key must be true or false" },
        { "models: [a]\n", "t:1: models must hold models by name" },
        { "models:\n  a: x\n", "t:2: a must hold settings" },
        { "models:\n  a: {}\n", "t:2: a has no path" },
        { "models:\n  a: {path: x}\n  a: {path: y}\n",
          "t:3: \"a\" stands here twice, first in line 2" },
        { "models:\n  a: {path: x, aliases: [b]}\n  b: {path: y}\n", "two models are called b" },
        { "default_model: q\n", "default_model q is none of the models" },
        { "hosts: x\n", "t:1: hosts must be a list" },
        { "a: &x 1\n", "anchors, aliases and tags" },
        { "a: *x\n", "anchors, aliases and tags" },
        { "a: !!str 1\n", "anchors, aliases and tags" },
        { "a: [\n", "t:2: " },
        { "a: 1\n---\nb: 2\n", "a second document" },
        { "- a\n", "no mapping" },
        { "hosts: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n",
          "nested too deeply" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct server_settings s;
        struct error err = { 0 };
        server_settings_init(&s);
        enum status st =
            server_config_parse(&s, cases[i].text, strlen(cases[i].text), "t", "/f", &err);
        if (!cases[i].words ? st != STATUS_OK : !st || !strstr(err.text, cases[i].words))
            fail_msg("%s: wanted \"%s\", got %s", cases[i].text,
                     cases[i].words ? cases[i].words : "success", st ? err.text : "success");
        if (i == 2) {
            assert_string_equal(s.models[0].path, "/f/sub/x"); /* a plain name may be an alias */
            assert_string_equal(s.models[0].aliases[1], "c");
            assert_int_equal(s.limits.body_bytes_max, 5000);
        }
        server_settings_release(&s);
    }
}

/* For clients of flesh: serves until standard input ends. */
static int serve_here(const char *require_key)
{
    struct house h;
    char *all[] = { "*", NULL };
    struct key_grant grant = {
        .name = "one", .models = all, .capabilities = all, .requests_per_minute = 2
    };
    char key[KEY_CHARS + 1], id[KEY_ID_CHARS + 1] = "", byte;
    prepare(&h);
    if (require_key) add_key(&h, &grant, key, id);
    h.options.settings.require_key = require_key != NULL;
    open_house(&h);
    wait_model(&h);
    printf("http://%s %s\n", h.name, require_key ? key : "none");
    fflush(stdout);
    while (read(0, &byte, 1) > 0)
        server_tick(h.server);
    close_house(&h);
    return 0;
}

/* --serve: no tests, a server over the scripted target; --serve-keys: that asks for a key. */
int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--serve") == 0) return serve_here(NULL);
    if (argc == 2 && strcmp(argv[1], "--serve-keys") == 0) return serve_here("key");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_replayed_calls),
        cmocka_unit_test(test_left_out),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_own_routes),
        cmocka_unit_test(test_trace),
        cmocka_unit_test(test_errors_of_the_model),
        cmocka_unit_test(test_disconnect_cancels),
        cmocka_unit_test(test_crash),
        cmocka_unit_test(test_loading),
        cmocka_unit_test(test_queue_full),
        cmocka_unit_test(test_keep_alive_comments),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_keys_say_who_asks),
        cmocka_unit_test(test_key_concurrency),
        cmocka_unit_test(test_key_revoked_mid_stream),
        cmocka_unit_test(test_exposure),
        cmocka_unit_test(test_cors),
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_stop_mid_stream),
        cmocka_unit_test(test_reload),
        cmocka_unit_test(test_config),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
