/* The HTTP server: what it refuses, what it answers, and who it notices to be gone.
 * SPDX-License-Identifier: Apache-2.0 */
#include "support/fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/core/clock.h"
#include "base/core/mem.h"
#include "base/net/http.h"
#include "base/net/http_check.h"
#include "base/net/sse.h"
#include "support/raw_client.h"

/* What is waited for comes in milliseconds; on a machine that is busy with other things it may not. */
#define WAIT_MS 60000

struct site {
    struct http_server *server;
    char name[LISTEN_TEXT_BYTES];
    atomic_int requests, faults, gone, released;
    struct http_exchange *kept; /* of /later and /stream, with a reference */
    atomic_bool has_kept;
};

static void reply_text(struct http_exchange *x, int status, struct span text)
{
    struct buf body = BUF_INIT((size_t)64 << 20);
    struct http_line line = { "Content-Type", "text/plain" };
    assert_true(buf_append(&body, text.data, text.len));
    http_reply(x, status, &line, 1, &body);
}

static void on_head(void *ctx, struct http_exchange *x)
{
    if (strcmp(http_path(x), "/forbidden") == 0) reply_text(x, 403, span_of("no"));
}

static void on_fault(void *ctx, struct http_exchange *x, int status, const char *words)
{
    struct site *site = ctx;
    atomic_fetch_add(&site->faults, 1);
    reply_text(x, status, span_of(words));
}

static void on_request(void *ctx, struct http_exchange *x)
{
    struct site *site = ctx;
    atomic_fetch_add(&site->requests, 1);
    if (strcmp(http_path(x), "/echo") == 0) {
        reply_text(x, 200, http_body(x));
        return;
    }
    http_set_data(x, site);
    http_ref(x);
    site->kept = x;
    if (strcmp(http_path(x), "/stream") == 0) {
        struct http_line line = { "Content-Type", "text/event-stream" };
        http_stream_begin(x, 200, &line, 1);
    }
    atomic_store(&site->has_kept, true);
}

static void on_gone(void *ctx, struct http_exchange *x)
{
    struct site *site = ctx;
    atomic_fetch_add(&site->gone, 1);
}

static void on_release(void *ctx, void *data)
{
    struct site *site = ctx;
    assert_ptr_equal(data, site);
    atomic_fetch_add(&site->released, 1);
}

static void site_open(struct site *site, const struct http_limits *limits)
{
    struct error err = { 0 };
    memset(site, 0, sizeof *site);
    struct http_options options = {
        .listen_fd = raw_listen(site->name),
        .handlers = { site, on_head, on_fault, on_request, on_gone, on_release },
        .limits = limits ? *limits : http_limits_default,
    };
    if (http_server_start(&site->server, &options, &err)) fail_msg("%s", err.text);
}

static void site_close(struct site *site)
{
    http_server_stop(site->server);
}

static void wait_for(atomic_int *value, int wanted, int limit_ms)
{
    for (int ms = 0; atomic_load(value) < wanted && ms < limit_ms; ms += 5)
        raw_sleep_ms(5);
    assert_int_equal(atomic_load(value), wanted);
}

static void wait_kept(struct site *site)
{
    for (int ms = 0; !atomic_load(&site->has_kept) && ms < WAIT_MS; ms += 2)
        raw_sleep_ms(2);
    assert_true(atomic_load(&site->has_kept));
    atomic_store(&site->has_kept, false);
}

#define HEAD "POST /echo HTTP/1.1\r\nHost: here\r\n"

#define GET     "GET /echo HTTP/1.1\r\nHost: here\r\n"
#define CLOSED  "Connection: close\r\n\r\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"
#define ENDED   "GET /echo HTTP/1.1\r\nHost: here\r\n" CLOSED

/* A text with a NUL byte where it has '~'. */
#define WITH_NUL '~'

static const struct {
    const char *what, *bytes;
    int status; /* 0: the connection is closed without an answer */
} heads[] = {
    { "plain", HEAD "Content-Length: 2\r\nConnection: close\r\n\r\nhi", 200 },
    { "chunked", HEAD "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
      200 },
    { "HTTP/1.0 without Host", "GET /echo HTTP/1.0\r\n\r\n", 200 },
    { "length and coding", HEAD "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      400 },
    { "coding and length", HEAD "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
      400 },
    { "two lengths", HEAD "Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi!", 400 },
    { "the same length twice", HEAD "Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi", 400 },
    { "list of lengths", HEAD "Content-Length: 2, 2\r\n\r\nhi", 400 },
    { "signed length", HEAD "Content-Length: +2\r\n\r\nhi", 400 },
    { "negative length", HEAD "Content-Length: -2\r\n\r\nhi", 400 },
    { "hex length", HEAD "Content-Length: 0x2\r\n\r\nhi", 400 },
    { "huge length", HEAD "Content-Length: 99999999999999999999999\r\n\r\nhi", 413 },
    { "empty length", HEAD "Content-Length:\r\n\r\nhi", 400 },
    { "two hosts", HEAD "Host: there\r\n\r\n", 400 },
    { "no host", "GET /echo HTTP/1.1\r\n\r\n", 400 },
    { "empty host", "GET /echo HTTP/1.1\r\nHost:\r\n\r\n", 400 },
    { "host with a path", "GET /echo HTTP/1.1\r\nHost: a/b\r\n\r\n", 400 },
    { "host with a user", "GET /echo HTTP/1.1\r\nHost: a@b\r\n\r\n", 400 },
    { "space before colon", HEAD "Content-Length : 2\r\n\r\nhi", 400 },
    { "coding gzip", HEAD "Transfer-Encoding: gzip\r\n\r\n", 400 },
    { "coding identity", HEAD "Transfer-Encoding: identity\r\n\r\n", 400 },
    { "coding list", HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400 },
    { "coding in quotes", HEAD "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 400 },
    { "coding twice",
      HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400 },
    { "coding with tab", HEAD "Transfer-Encoding: chunked\t\x0b\r\n\r\n0\r\n\r\n", 400 },
    { "coding in HTTP/1.0",
      "POST /echo HTTP/1.0\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400 },
    { "control byte in a value",
      HEAD "X: a\x01"
           "b\r\n\r\n",
      400 },
    { "bare CR in a value", HEAD "X: a\rTransfer-Encoding: chunked\r\n\r\n", 400 },
    { "odd name", HEAD "X(Y): a\r\n\r\n", 400 },
    { "absolute target", "GET http://here/echo HTTP/1.1\r\nHost: here\r\n\r\n", 400 },
    { "target not ASCII", "GET /\xc3\xa9 HTTP/1.1\r\nHost: here\r\n\r\n", 400 },
    { "fragment", "GET /echo#x HTTP/1.1\r\nHost: here\r\n\r\n", 400 },
    { "HTTP/1.2", "GET /echo HTTP/1.2\r\nHost: here\r\n\r\n", 400 },
    { "bad chunk size", HEAD "Transfer-Encoding: chunked\r\n\r\nzz\r\nhi\r\n0\r\n\r\n", 400 },
    { "line feeds alone", "GET /echo HTTP/1.1\nHost: here\nConnection: close\n\n", 400 },
    { "a line feed behind the first line", "GET /echo HTTP/1.1\nHost: here\r\n" CLOSED, 400 },
    { "a line feed within", HEAD "X: a\nContent-Length: 2\r\nConnection: close\r\n\r\nhi", 400 },
    { "a line feed behind the last header", HEAD "Content-Length: 2\n\r\nhi", 400 },
    { "the last line a line feed", HEAD "Content-Length: 2\r\n\nhi", 400 },
    { "a fold that hides a coding",
      HEAD "X: a\r\n Transfer-Encoding: chunked\r\nContent-Length: 2\r\n" CLOSED "hi", 400 },
    { "a folded length", HEAD "Content-Length:\r\n 2\r\n" CLOSED "hi", 400 },
    { "a fold with a tab", GET "X: a\r\n\tb\r\n" CLOSED, 400 },
    { "a folded first header", "GET /echo HTTP/1.1\r\n X: a\r\nHost: here\r\n" CLOSED, 400 },
    { "NUL in a value", GET "X: a~b\r\n" CLOSED, 400 },
    { "NUL in the length", HEAD "Content-Length: 2~0\r\n" CLOSED "hi", 400 },
    { "NUL in the coding", HEAD "Transfer-Encoding: chunked~x\r\n" CLOSED "0\r\n\r\n", 400 },
    { "NUL in the host", "GET /echo HTTP/1.1\r\nHost: here~there\r\n" CLOSED, 400 },
    { "NUL in the last value", GET "Connection: close\r\nX: a~b\r\n\r\n", 400 },
    { "NUL in the target", "GET /echo~x HTTP/1.1\r\nHost: here\r\n" CLOSED, 400 },
    { "NUL in the version", "GET /echo HTTP/1.1~\r\nHost: here\r\n" CLOSED, 400 },
    { "NUL in a name", GET "X~Y: a\r\n" CLOSED, 400 },
    { "a header without a name", HEAD ": x\r\nContent-Length: 2\r\n" CLOSED "hi", 400 },
    { "a header without a name, first", "GET /echo HTTP/1.1\r\n: x\r\nHost: here\r\n" CLOSED, 400 },
    { "a header without a colon", GET "Content-Length 2\r\n" CLOSED, 400 },
    { "white space alone as a value", GET "X:  \t \r\n" CLOSED, 200 },
    { "a value at once", GET "X:a\r\n" CLOSED, 200 },
    { "two spaces", "GET  /echo HTTP/1.1\r\nHost: here\r\n" CLOSED, 400 },
    { "a tab for a space", "GET\t/echo\tHTTP/1.1\r\nHost: here\r\n" CLOSED, 0 },
    { "a space in the target", "GET /ec ho HTTP/1.1\r\nHost: here\r\n" CLOSED, 0 },
    { "a space before the method", " GET /echo HTTP/1.1\r\nHost: here\r\n" CLOSED, 0 },
    { "a space behind the version", "GET /echo HTTP/1.1 \r\nHost: here\r\n" CLOSED, 400 },
    { "no version", "GET /echo\r\n\r\n", 400 },
    { "HTTP/1.10", "GET /echo HTTP/1.10\r\nHost: here\r\n" CLOSED, 400 },
    { "a version in small letters", "GET /echo http/1.1\r\nHost: here\r\n" CLOSED, 400 },
    { "HTTP/2's first words", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505 },
    { "an authority as target", "CONNECT here:80 HTTP/1.1\r\nHost: here\r\n" CLOSED, 400 },
    { "a comma behind the coding", HEAD "Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n", 400 },
    { "coding xchunked", HEAD "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400 },
    { "a length with a space within", HEAD "Content-Length: 2 0\r\n\r\nhi", 400 },
    { "a coding in capitals", HEAD "Transfer-Encoding: CHUNKED\r\n" CLOSED "0\r\n\r\n", 200 },
    { "chunk size with 0x", CHUNKED "0x2\r\nhi\r\n0\r\n\r\n" ENDED, 400 },
    { "chunk size with a sign", CHUNKED "+2\r\nhi\r\n0\r\n\r\n" ENDED, 400 },
    { "negative chunk size", CHUNKED "-1\r\nhi\r\n0\r\n\r\n" ENDED, 400 },
    { "huge chunk size", CHUNKED "ffffffffffffffffff\r\nhi\r\n0\r\n\r\n" ENDED, 413 },
    { "no chunk size", CHUNKED "\r\nhi\r\n0\r\n\r\n" ENDED, 400 },
    { "chunk size and a space", CHUNKED "2 \r\nhi\r\n0\r\n\r\n" ENDED, 400 },
    { "chunk longer than its size", CHUNKED "2\r\nhi!\r\n0\r\n\r\n" ENDED, 400 },
    { "chunk without an end", CHUNKED "2\r\nhi0\r\n\r\n" ENDED, 400 },
    { "early refusal",
      "POST /forbidden HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
      403 },
};

/* Sends the bytes, with NUL where they have '~', and reads until the connection is closed. */
static struct buf talk(const struct site *site, const char *text)
{
    char bytes[512];
    size_t len = strlen(text);
    assert_true(len < sizeof bytes);
    for (size_t i = 0; i < len; i++)
        bytes[i] = text[i] == WITH_NUL ? 0 : text[i];
    int fd = raw_connect(site->name);
    assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
    struct buf b = raw_read(fd, NULL, WAIT_MS);
    close(fd);
    return b;
}

static void test_heads(void **state)
{
    struct site site;
    site_open(&site, NULL);
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        struct buf b = talk(&site, heads[i].bytes);
        if (raw_status(&b) != heads[i].status)
            fail_msg("%s: wanted %d, got: %s", heads[i].what, heads[i].status, b.data);
        if (heads[i].status >= 400 && heads[i].status != 403 && strstr(b.data, "HTTP/1.1 200"))
            fail_msg("%s: a second request was read from the refused one", heads[i].what);
        buf_release(&b);
    }
    site_close(&site);
}

/* After a refusal the connection closes: what follows is not taken for a request. */
static void test_refused_then_closed(void **state)
{
    struct site site;
    site_open(&site, NULL);
    struct buf b = raw_talk(site.name,
                            HEAD "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                                 "GET /echo HTTP/1.1\r\nHost: here\r\n\r\n",
                            3000);
    assert_int_equal(raw_status(&b), 400);
    assert_null(strstr(b.data + 1, "HTTP/1.1"));
    assert_int_equal(atomic_load(&site.requests), 0);
    buf_release(&b);
    site_close(&site);
}

/* Chunks are read by a lenient reader: it may not decide where another request begins. */
static void test_nothing_behind_chunks(void **state)
{
    static const char *const bodies[] = {
        "2\r\nhi\r\n0\r\n\r\n", "2;a=b\r\nhi\r\n0\r\n\r\n",       "2;a\nhi\r\n0\r\n\r\n",
        "2\nhi\n0\n\n",         "0\r\nContent-Length: 5\r\n\r\n", "0\r\nAuthorization: x\r\n\r\n",
    };
    struct site site;
    site_open(&site, NULL);
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        char text[512];
        snprintf(text, sizeof text, "%s%s%s", CHUNKED, bodies[i], ENDED);
        struct buf b = talk(&site, text);
        assert_int_equal(raw_status(&b), 200);
        assert_non_null(strstr(b.data, "Connection: close"));
        if (strstr(b.data + 1, "HTTP/1.1")) fail_msg("a second request was read: %s", b.data);
        buf_release(&b);
        assert_int_equal(atomic_load(&site.requests), (int)i + 1);
    }
    site_close(&site);
}

static void test_keep_alive(void **state)
{
    struct site site;
    site_open(&site, NULL);
    int fd = raw_connect(site.name);
    for (int i = 0; i < 50; i++) {
        raw_send(fd, HEAD "Content-Length: 5\r\n\r\nhello");
        struct buf b = raw_read(fd, "\r\n\r\nhello", WAIT_MS);
        assert_int_equal(raw_status(&b), 200);
        buf_release(&b);
    }
    close(fd);
    assert_int_equal(atomic_load(&site.requests), 50);
    site_close(&site);
}

static void test_body_limit(void **state)
{
    struct site site;
    struct http_limits limits = http_limits_default;
    limits.body_bytes_max = 1000;
    site_open(&site, &limits);
    char text[4096];
    snprintf(text, sizeof text, HEAD "Content-Length: 1001\r\n\r\n");
    struct buf b = raw_talk(site.name, text, WAIT_MS);
    assert_int_equal(raw_status(&b), 413);
    buf_release(&b);
    /* Without a declared length the limit is seen on the way. */
    snprintf(text, sizeof text,
             HEAD "Transfer-Encoding: chunked\r\n\r\n3e9\r\n%01001d\r\n0\r\n\r\n", 7);
    b = raw_talk(site.name, text, WAIT_MS);
    assert_int_equal(raw_status(&b), 413);
    buf_release(&b);
    snprintf(text, sizeof text, HEAD "Connection: close\r\nContent-Length: 1000\r\n\r\n%01000d", 7);
    b = raw_talk(site.name, text, WAIT_MS);
    assert_int_equal(raw_status(&b), 200);
    buf_release(&b);
    assert_int_equal(atomic_load(&site.faults), 2);
    site_close(&site);
}

static void test_big_head(void **state)
{
    struct site site;
    site_open(&site, NULL);
    char text[20000];
    snprintf(text, sizeof text, HEAD "X: %016000d\r\n\r\n", 1);
    struct buf b = raw_talk(site.name, text, WAIT_MS);
    assert_int_equal(raw_status(&b), 431);
    buf_release(&b);
    site_close(&site);
}

/* A client that leaves while nothing is written is noticed at once. */
static void test_hang_up_while_waiting(void **state)
{
    static const char *const paths[] = { "/later", "/stream" };
    struct site site;
    site_open(&site, NULL);
    for (int i = 0; i < 2; i++) {
        char text[128];
        snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: here\r\n\r\n", paths[i]);
        int fd = raw_connect(site.name);
        raw_send(fd, text);
        wait_kept(&site);
        raw_sleep_ms(50);
        int64_t begin = clock_monotonic_ns();
        close(fd);
        wait_for(&site.gone, i + 1, WAIT_MS);
        int64_t ns = clock_monotonic_ns() - begin;
        if (ns > 200 * 1000000)
            printf("NOTE: a hang-up was noticed after %d ms\n", (int)(ns / 1000000));
        assert_true(ns < 5000000000);
        assert_true(http_is_gone(site.kept));
        if (i == 1) assert_false(http_stream_write(site.kept, "x", 1));
        http_unref(site.kept);
        wait_for(&site.released, i + 1, WAIT_MS);
    }
    site_close(&site);
}

static void test_answer_later(void **state)
{
    struct site site;
    site_open(&site, NULL);
    int fd = raw_connect(site.name);
    raw_send(fd, "GET /later HTTP/1.1\r\nHost: here\r\n\r\n");
    wait_kept(&site);
    reply_text(site.kept, 201, span_of("at last"));
    struct buf b = raw_read(fd, "at last", WAIT_MS);
    assert_int_equal(raw_status(&b), 201);
    assert_non_null(strstr(b.data, "at last"));
    http_unref(site.kept);
    buf_release(&b);
    close(fd);
    wait_for(&site.released, 1, WAIT_MS);
    assert_int_equal(atomic_load(&site.gone), 0);
    site_close(&site);
}

static void *write_events(void *arg)
{
    struct http_exchange *x = arg;
    struct buf b = BUF_INIT(4096);
    for (int i = 0; i < 1000; i++) {
        char text[32];
        snprintf(text, sizeof text, "%d", i);
        buf_clear(&b);
        sse_event(&b, NULL, span_of(text));
        if (!http_stream_write(x, b.data, b.len)) break;
    }
    buf_release(&b);
    http_stream_end(x);
    http_unref(x);
    return NULL;
}

static void test_stream(void **state)
{
    struct site site;
    site_open(&site, NULL);
    int fd = raw_connect(site.name);
    for (int turn = 0; turn < 5; turn++) {
        pthread_t thread;
        raw_send(fd, "GET /stream HTTP/1.1\r\nHost: here\r\n\r\n");
        wait_kept(&site);
        assert_int_equal(pthread_create(&thread, NULL, write_events, site.kept), 0);
        struct buf b = raw_read(fd, "\r\n0\r\n\r\n", WAIT_MS);
        pthread_join(thread, NULL);
        assert_non_null(strstr(b.data, "data: 0\n\n"));
        assert_non_null(strstr(b.data, "data: 999\n\n"));
        assert_non_null(strstr(b.data, "Transfer-Encoding: chunked"));
        buf_release(&b);
    }
    close(fd);
    wait_for(&site.released, 5, WAIT_MS);
    assert_int_equal(atomic_load(&site.gone), 0);
    site_close(&site);
}

/* A client that takes nothing is dropped when the queue is full; the writer is told. */
static void test_slow_reader(void **state)
{
    struct site site;
    struct http_limits limits = http_limits_default;
    limits.queue_bytes_max = 100000;
    site_open(&site, &limits);
    int fd = raw_connect(site.name);
    raw_send(fd, "GET /stream HTTP/1.1\r\nHost: here\r\n\r\n");
    wait_kept(&site);
    char block[10000];
    memset(block, 'x', sizeof block);
    int written = 0;
    while (written < 10000 && http_stream_write(site.kept, block, sizeof block))
        written++;
    assert_true(written >= 10 && written < 10000);
    assert_int_equal(atomic_load(&site.gone), 1);
    http_unref(site.kept);
    close(fd);
    site_close(&site);
}

static void test_deadlines(void **state)
{
    struct site site;
    struct http_limits limits = http_limits_default;
    limits.head_ms = 300;
    limits.body_ms = 300;
    limits.idle_ms = 300;
    limits.stall_ms = 300;
    limits.queue_bytes_max = (size_t)32 << 20;
    site_open(&site, &limits);
    static const char *const starts[] = { "", "GET /ec", "GET /echo HTTP/1.1\r\nHost: a\r\nX: ",
                                          HEAD "Content-Length: 9\r\n\r\nabc" };
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        int64_t begin = clock_monotonic_ns();
        struct buf b = raw_talk(site.name, starts[i], WAIT_MS);
        int64_t ms = (clock_monotonic_ns() - begin) / 1000000;
        if (ms > 20000) fail_msg("\"%s\" was waited for %d ms", starts[i], (int)ms);
        buf_release(&b);
    }
    /* A stream that nobody takes. */
    int fd = raw_connect(site.name);
    raw_send(fd, "GET /stream HTTP/1.1\r\nHost: here\r\n\r\n");
    wait_kept(&site);
    struct buf big = BUF_INIT((size_t)32 << 20);
    while (big.len < (size_t)16 << 20)
        buf_text(&big, "0123456789abcdef");
    assert_true(http_stream_write(site.kept, big.data, big.len));
    wait_for(&site.gone, 1, WAIT_MS);
    buf_release(&big);
    http_unref(site.kept);
    close(fd);
    site_close(&site);
}

static void test_stop_with_open_streams(void **state)
{
    struct site site;
    site_open(&site, NULL);
    int fd = raw_connect(site.name), later = raw_connect(site.name);
    raw_send(fd, "GET /stream HTTP/1.1\r\nHost: here\r\n\r\n");
    wait_kept(&site);
    struct http_exchange *stream = site.kept;
    raw_send(later, "GET /later HTTP/1.1\r\nHost: here\r\n\r\n");
    wait_kept(&site);
    http_server_quiesce(site.server);
    assert_int_equal(http_server_active(site.server), 2);
    site_close(&site);
    assert_int_equal(atomic_load(&site.gone), 2);
    assert_false(http_stream_write(stream, "x", 1));
    http_unref(stream);
    http_unref(site.kept);
    assert_int_equal(atomic_load(&site.released), 2);
    close(fd);
    close(later);
}

static void test_unix_socket(void **state)
{
    struct site site = { 0 };
    char path[64], name[LISTEN_TEXT_BYTES];
    struct listen_address address;
    struct error err = { 0 };
    int fd, again;
    snprintf(path, sizeof path, "/tmp/hearth-test-%d.sock", (int)getpid());
    snprintf(name, sizeof name, "unix:%s", path);
    assert_int_equal(listen_parse(&address, name, &err), STATUS_OK);
    assert_true(address.loopback);
    assert_int_equal(listen_open(&fd, &address, &err), STATUS_OK);
    assert_int_equal(listen_open(&again, &address, &err), STATUS_IO); /* it answers */
    struct http_options options = {
        .listen_fd = fd,
        .handlers = { &site, on_head, on_fault, on_request, on_gone, on_release },
        .limits = http_limits_default,
    };
    assert_int_equal(http_server_start(&site.server, &options, &err), STATUS_OK);
    struct buf b = raw_talk(name, HEAD "Content-Length: 2\r\nConnection: close\r\n\r\nhi", WAIT_MS);
    assert_int_equal(raw_status(&b), 200);
    buf_release(&b);
    site_close(&site);
    /* The file that a dead server left is no obstacle. */
    assert_int_equal(listen_open(&again, &address, &err), STATUS_OK);
    close(again);
    listen_remove(&address);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void test_addresses(void **state)
{
    static const struct {
        const char *text;
        bool ok, loopback;
    } cases[] = {
        { "127.0.0.1:8080", true, true }, { "localhost:1", true, true },
        { "[::1]:8080", true, true },     { "0.0.0.0:80", true, false },
        { "*:80", true, false },          { "10.0.0.1:65535", true, false },
        { "unix:/tmp/x", true, true },    { "8080", false, false },
        { ":8080", false, false },        { "127.0.0.1", false, false },
        { "127.0.0.1:", false, false },   { "127.0.0.1:65536", false, false },
        { "127.0.0.1:+1", false, false }, { "example.org:80", false, false },
        { "unix:", false, false },        { "", false, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct listen_address a;
        struct error err = { 0 };
        bool ok = listen_parse(&a, cases[i].text, &err) == STATUS_OK;
        if (ok != cases[i].ok) fail_msg("\"%s\": %s", cases[i].text, ok ? "taken" : err.text);
        if (ok) assert_int_equal(a.loopback, cases[i].loopback);
        else assert_non_null(strstr(err.text, cases[i].text));
    }
    char name[LISTEN_TEXT_BYTES];
    struct listen_address a;
    struct error err = { 0 };
    int fd = raw_listen(name), again;
    assert_int_equal(listen_parse(&a, name, &err), STATUS_OK);
    assert_int_equal(listen_open(&again, &a, &err), STATUS_IO);
    assert_non_null(strstr(err.text, "in use"));
    close(fd);
}

static void test_sse(void **state)
{
    static const struct {
        const char *event, *data, *wanted;
    } cases[] = {
        { NULL, "{}", "data: {}\n\n" },
        { "ping", "", "event: ping\ndata: \n\n" },
        { NULL, "a\nb", "data: a\ndata: b\n\n" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b = BUF_INIT(1000);
        assert_true(sse_event(&b, cases[i].event, span_of(cases[i].data)));
        assert_string_equal(b.data, cases[i].wanted);
        buf_release(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_refused_then_closed),
        cmocka_unit_test(test_nothing_behind_chunks),
        cmocka_unit_test(test_keep_alive),
        cmocka_unit_test(test_body_limit),
        cmocka_unit_test(test_big_head),
        cmocka_unit_test(test_hang_up_while_waiting),
        cmocka_unit_test(test_answer_later),
        cmocka_unit_test(test_stream),
        cmocka_unit_test(test_slow_reader),
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_stop_with_open_streams),
        cmocka_unit_test(test_unix_socket),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_sse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
