/* What models write, taken apart: recorded cases of every format, cut at every byte.
 * SPDX-License-Identifier: Apache-2.0
 *
 * tests/data/parse/FORMAT.jsonl holds {"about", "text", "prompt_open", "tools", "content",
 * "reasoning", "tool_calls": [{"name", "arguments", "id"}], "unparsed"}; arguments are the exact
 * text. tests/vectors/make_parse_cases.py writes them from the vendors' formats. */
#include "support/fixture.h"
#include "support/parse_log.h"

#include <stdio.h>
#include <string.h>

#include "base/core/file.h"
#include "base/core/json.h"
#include "base/core/mem.h"
#include "base/core/clock.h"

#define CASES_MIN 30

static bool same(const struct buf *got, struct span wanted)
{
    return got->len == wanted.len && (!got->len || memcmp(got->data, wanted.data, got->len) == 0);
}

static bool check(const char *what, const struct buf *got, const struct json *wanted)
{
    struct span text = json_string(wanted);
    if (!text.data) text = (struct span){ "", 0 };
    if (same(got, text)) return true;
    print_error("    %s: wanted \"%.*s\"\n    %*s     got \"%.*s\"\n", what, (int)text.len,
                text.data, (int)strlen(what), "", (int)got->len, got->data ? got->data : "");
    return false;
}

static bool check_message(const struct parse_log *log, const struct json *c)
{
    const struct json *calls = json_get(c, "tool_calls");
    bool good = check("content", &log->content, json_get(c, "content"));
    good &= check("reasoning", &log->reasoning, json_get(c, "reasoning"));
    if (json_length(calls) != (size_t)log->call_count) {
        print_error("    wanted %zu calls, got %d\n", json_length(calls), log->call_count);
        return false;
    }
    for (int i = 0; i < log->call_count; i++) {
        const struct json *call = json_at(calls, (size_t)i);
        good &= check("name", &log->calls[i].name, json_get(call, "name"));
        good &= check("arguments", &log->calls[i].arguments, json_get(call, "arguments"));
        good &= check("id", &log->calls[i].id, json_get(call, "id"));
        bool broken = json_bool(json_get(call, "broken"), false);
        if (log->calls[i].whole == broken) {
            print_error("    call %d is %s\n", i, broken ? "not broken off" : "broken off");
            good = false;
        }
    }
    bool unparsed = json_bool(json_get(c, "unparsed"), false);
    if (log->unparsed != unparsed) {
        print_error("    unparsed: wanted %d, got %d\n", unparsed, log->unparsed);
        good = false;
    }
    return good;
}

static struct chat_parser_options options_of(const struct parse_format *f, const struct json *c)
{
    struct chat_parser_options o = { .format = f };
    const struct json *tools = json_get(c, "tools");
    if (json_type(tools) == JSON_ARRAY) o.tools = tools;
    if (json_string(json_get(c, "prompt_open")).data) o.open = PROMPT_OPEN_THINK;
    return o;
}

static bool same_run(const struct parse_log *one, struct parse_log *other, const char *how,
                     size_t at)
{
    bool good = !other->fault && one->events.len == other->events.len &&
                memcmp(one->events.data, other->events.data, one->events.len) == 0;
    if (!good)
        print_error("    cut %s %zu: %s\n      whole %s\n      cut   %s\n", how, at,
                    other->fault ? other->fault : "another result", one->events.data,
                    other->events.data);
    parse_log_free(other);
    return good;
}

static bool check_cuts(const struct chat_parser_options *o, const struct parse_log *whole,
                       struct span text)
{
    bool good = true;
    for (size_t piece = 1; piece <= 7; piece += 3)
        good &=
            same_run(whole, parse_log_make(o, text.data, text.len, NULL, 0, piece), "every", piece);
    for (size_t at = 1; at < text.len && good; at++)
        good = same_run(whole, parse_log_make(o, text.data, text.len, &at, 1, 0), "at", at);
    return good;
}

static bool check_case(const struct parse_format *f, const struct json *c)
{
    struct chat_parser_options o = options_of(f, c);
    struct span text = json_string(json_get(c, "text"));
    struct parse_log *whole = parse_log_make(&o, text.data, text.len, NULL, 0, 0);
    bool good = check_message(whole, c);
    if (whole->fault) print_error("    %s\n", whole->fault);
    good = good && !whole->fault && check_cuts(&o, whole, text);
    if (!good)
        print_error("  %s, %s: %s\n", parse_format_name(f), json_text(json_get(c, "about")),
                    text.data);
    parse_log_free(whole);
    return good;
}

static int check_format(const struct parse_format *f)
{
    char name[128];
    int bad = 0, count = 0;
    struct error err;
    snprintf(name, sizeof name, "tests/data/parse/%s.jsonl", parse_format_name(f));
    struct buf text = fixture_read(fixture_source(name));
    for (size_t at = 0; at < text.len;) {
        const char *end = memchr(text.data + at, '\n', text.len - at);
        size_t len = end ? (size_t)(end - text.data) - at : text.len - at;
        struct json_doc *doc;
        if (json_parse(&doc, text.data + at, len, (size_t)1 << 24, name, &err))
            fail_msg("%s", err.text);
        bad += !check_case(f, json_root(doc));
        count++;
        json_doc_free(doc);
        at += len + 1;
    }
    buf_release(&text);
    print_message("    %s: %d cases\n", parse_format_name(f), count);
    if (count < CASES_MIN) fail_msg("%s has %d cases, %d are wanted", name, count, CASES_MIN);
    return bad;
}

static void recorded_cases(void **state)
{
    int bad = 0;
    for (size_t i = 0; i < parse_format_count(); i++)
        bad += check_format(parse_format_at(i));
    if (bad) fail_msg("%d cases are wrong", bad);
}

/* ---- names ---- */

static void names(void **state)
{
    static const char *const pairs[][2] = {
        { "hermes", "hermes" },
        { "Hermes", "hermes" },
        { "qwen3", "hermes" },
        { "qwen3_coder", "qwen-xml" },
        { "qwen3-coder", "qwen-xml" },
        { "qwen3_xml", "qwen-xml" },
        { "QWEN-XML", "qwen-xml" },
        { "qwen_xml", "qwen-xml" },
        { "deepseek_v3", "deepseek-v3" },
        { "deepseek-r1", "deepseek-v3" },
        { "deepseek_v31", "deepseek-v3" },
        { "deepseek-v3.1", "deepseek-v3" },
        { "deepseek_v32", "dsml" },
        { "deepseek_v4", "dsml" },
        { "glm45", "glm" },
        { "glm-4.5", "glm" },
        { "glm47", "glm" },
        { "kimi_k2", "kimi" },
        { "kimi-k3", "kimi-k3" },
        { "minimax_m2", "minimax" },
        { "mistral", "mistral" },
        { "mistral-old", "mistral" },
        { "mistral-new", "mistral" },
        { "llama3_json", "llama" },
        { "llama4_json", "llama" },
        { "openai", "harmony" },
        { "gpt-oss", "harmony" },
        { "seed_oss", "seed" },
        { "openpangu", "openpangu" },
        { "plain", "plain" },
        { "think", "plain" },
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const struct parse_format *f = parse_format_find(pairs[i][0]);
        if (!f) fail_msg("%s is not known", pairs[i][0]);
        assert_string_equal(parse_format_name(f), pairs[i][1]);
    }
    assert_null(parse_format_find("herme"));
    assert_null(parse_format_find("hermess"));
    assert_null(parse_format_find(""));
    for (size_t i = 0; i < parse_format_count(); i++) {
        const struct parse_format *f = parse_format_at(i);
        assert_ptr_equal(parse_format_find(parse_format_name(f)), f);
        assert_true(strlen(parse_format_summary(f)) > 10);
    }
    assert_null(parse_format_at(parse_format_count()));
}

/* ---- failures of the receiver ---- */

static enum status refuse(void *ctx, const struct chat_delta *d, struct error *err)
{
    int *left = ctx;
    if (--*left >= 0) return STATUS_OK;
    return error_set(err, STATUS_CANCELLED, "the receiver is gone");
}

static void receiver_fails(void **state)
{
    static const char text[] =
        "<think>\na\n</think>\n\nb <tool_call>{\"name\": \"f\", \"arguments\": "
        "{\"a\": 1}}</tool_call> c";
    for (int n = 0; n < 7; n++) {
        int left = n;
        struct error err = { 0 };
        struct chat_parser *p;
        struct chat_parser_options o = { .format = parse_format_find("hermes"),
                                         .fn = refuse,
                                         .ctx = &left };
        assert_int_equal(chat_parser_new(&p, &o, &err), STATUS_OK);
        enum status st = chat_parser_feed(p, span_of(text), &err);
        if (!st) st = chat_parser_finish(p, &err);
        assert_int_equal(st, n < 6 ? STATUS_CANCELLED : STATUS_OK);
        if (n < 6) {
            assert_string_equal(err.text, "the receiver is gone");
            assert_int_equal(chat_parser_feed(p, span_of("x"), NULL), STATUS_CANCELLED);
            assert_int_equal(chat_parser_finish(p, NULL), STATUS_CANCELLED);
            assert_int_equal(left, -1);
        }
        chat_parser_free(p);
    }
    chat_parser_free(NULL);
}

/* ---- memory ---- */

#ifdef HEARTH_CHECKS
static enum status count_deltas(void *ctx, const struct chat_delta *d, struct error *err)
{
    ++*(int *)ctx;
    return STATUS_OK;
}

/* The n-th allocation fails: a status, and no leak. */
static void memory_fails(void **state)
{
    static const char text[] =
        "<tool_call>\n<function=f>\n<parameter=a>\n[1, 2]\n</parameter>\n</function>\n</tool_call>";
    for (int n = 1; n < 100; n++) {
        int deltas = 0;
        struct error err = { 0 };
        struct chat_parser *p = NULL;
        struct chat_parser_options o = { .format = parse_format_find("qwen-xml"),
                                         .fn = count_deltas,
                                         .ctx = &deltas };
        mem_fail_nth(n);
        enum status st = chat_parser_new(&p, &o, &err);
        if (!st) st = chat_parser_feed(p, span_of(text), &err);
        if (!st) st = chat_parser_finish(p, &err);
        bool fired = mem_fault_fired();
        mem_fail_nth(0);
        chat_parser_free(p);
        if (!fired) {
            assert_true(n > 4);
            assert_int_equal(st, STATUS_OK);
            return;
        }
        assert_int_equal(st, STATUS_NO_MEMORY);
        assert_true(err.text[0]);
    }
    fail();
}
#endif

/* ---- what is held ---- */

struct given {
    size_t bytes;
};

static enum status add_bytes(void *ctx, const struct chat_delta *d, struct error *err)
{
    ((struct given *)ctx)->bytes += d->text.len;
    return STATUS_OK;
}

/* Bytes are given out as they come: at most `held` of those fed are waiting, all the way. The
 * text begins with `before` bytes of markup that stand for nothing. */
static void check_held(const char *format, const char *before, const char *each, size_t held)
{
    struct given given = { 0 };
    struct error err;
    struct chat_parser *p;
    struct chat_parser_options o = { .format = parse_format_find(format),
                                     .fn = add_bytes,
                                     .ctx = &given };
    size_t len = strlen(each), fed = 0;
    assert_int_equal(chat_parser_new(&p, &o, &err), STATUS_OK);
    assert_int_equal(chat_parser_feed(p, span_of(before), &err), STATUS_OK);
    given.bytes = 0;
    for (int round = 0; round < 50; round++)
        for (size_t i = 0; i < len; i++) {
            assert_int_equal(chat_parser_feed(p, (struct span){ each + i, 1 }, &err), STATUS_OK);
            fed++;
            if (given.bytes + held < fed)
                fail_msg("%s, %s: %zu bytes fed, %zu given out", format, before, fed, given.bytes);
        }
    chat_parser_free(p);
}

static void bytes_come_at_once(void **state)
{
    static const struct {
        const char *format, *before, *each;
        size_t held;
    } cases[] = {
        { "hermes", "", "words, a < b, and \n", 3 },
        { "hermes", "<think>", "words, a < b </ c\n", 3 },
        { "hermes", "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": \"",
          "<tool_call> </tool_call>", 1 },
        { "kimi", "<|tool_call_begin|>f:0<|tool_call_argument_begin|>{\"a\": \"", "x <|y|> ", 2 },
        { "deepseek-v3", "<｜tool▁call▁begin｜>f<｜tool▁sep｜>{\"a\": \"", "x <｜tool y ", 4 },
        { "mistral", "[TOOL_CALLS]f[ARGS]{\"a\": [", "[1, 2], ", 0 },
        { "qwen-xml", "<tool_call><function=f><parameter=a>x", "lines\n< b", 2 },
        { "glm", "<tool_call>f\n<arg_key>a</arg_key>\n<arg_value>x", "</arg_ ", 6 },
        { "harmony", "<|channel|>commentary to=functions.f<|message|>{\"a\": \"", "x<|call|>", 0 },
        { "harmony", "<|channel|>final<|message|>", "x < y <| z", 2 },
        { "llama", "", "{\"result\": 1} ", 4 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_held(cases[i].format, cases[i].before, cases[i].each, cases[i].held);
}

/* ---- long texts ---- */

/* A megabyte of one piece of text over and over: time must not grow with its square, and nothing
 * may be lost. Twenty seconds is a hundred times what it takes, sanitizers included. */
static void long_texts(void **state)
{
    static const char *const pieces[] = {
        "<",
        "[",
        "{",
        "`",
        "\n",
        " ",
        "<tool_call>",
        "<tool_call>{",
        "<tool_call>{\"name\": ",
        "<tool_call>{\"a\":[",
        "</think>",
        "<think>",
        "<|im_end|>",
        "<function=a>",
        "\xe4\xb8",
        "<｜tool▁calls▁begin｜>",
        "[TOOL_CALLS][{",
        "<|channel|>",
        "[unused11][",
        "<seed:tool_call>",
        "<tool_call>f\n",
        "<|tool_call_begin|>",
        "<minimax:tool_call>",
        "{\"name\":\"",
    };
    const size_t size = 200 * 1000;
    char *text = mem_alloc(size);
    assert_non_null(text);
    for (size_t f = 0; f < parse_format_count(); f++)
        for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
            size_t len = strlen(pieces[i]);
            for (size_t at = 0; at < size; at++)
                text[at] = pieces[i][at % len];
            struct chat_parser_options o = { .format = parse_format_at(f) };
            int64_t began = clock_monotonic_ns();
            struct parse_log *log = parse_log_make(&o, text, size, NULL, 0, 0);
            double seconds = (double)(clock_monotonic_ns() - began) / 1e9;
            if (log->fault || seconds > 20)
                fail_msg("%s, %s: %s after %.1f s", parse_format_name(o.format), pieces[i],
                         log->fault ? log->fault : "slow", seconds);
            parse_log_free(log);
        }
    mem_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_cases),     cmocka_unit_test(names),
        cmocka_unit_test(receiver_fails),
#ifdef HEARTH_CHECKS
        cmocka_unit_test(memory_fails),
#endif
        cmocka_unit_test(bytes_come_at_once), cmocka_unit_test(long_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
