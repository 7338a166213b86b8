/* Requests through the vendors' templates, against transformers; where bytes come from; limits.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "support/fixture.h"
#include "base/core/file.h"
#include "base/core/json_write.h"
#include "base/core/mem.h"
#include "lm/chat/chat_request.h"

static const struct chat_options OPERATOR = { .trust_tokens = true };

static struct json_doc *parse(const char *text, size_t len)
{
    struct json_doc *doc;
    struct error err;
    if (json_parse(&doc, text, len, (size_t)1 << 30, "test", &err)) fail_msg("%s", err.text);
    return doc;
}

/* The template of a line: a file, or the one in a folder's tokenizer_config.json. */
static struct template *compile_named(const char *name)
{
    char path[512];
    struct template *t;
    struct error err;
    struct json_doc *doc = NULL;
    bool folder = file_kind(FIXTURE(name)) == FILE_FOLDER;
    snprintf(path, sizeof path, folder ? "%s/tokenizer_config.json" : "%s", name);
    struct buf text = fixture_read(FIXTURE(path));
    struct span source = { text.data, text.len };
    if (folder) {
        doc = parse(text.data, text.len);
        source = json_string(json_get(json_root(doc), "chat_template"));
        assert_non_null(source.data);
    }
    if (template_compile(&t, name, source, &err)) fail_msg("%s", err.text);
    json_doc_free(doc);
    buf_release(&text);
    return t;
}

/* The conversation with the template's tokens merged under its kwargs. */
static struct json_doc *request_of(const struct json *conversation, const struct json *tokens)
{
    struct buf text = BUF_INIT((size_t)1 << 24);
    struct json_writer w;
    const struct json *kwargs = json_get(conversation, "chat_template_kwargs");
    json_writer_init(&w, &text, 0);
    json_open_object(&w);
    for (struct json_member m = json_first(conversation); m.value; m = json_next(conversation, m)) {
        if (span_equals(m.key, "chat_template_kwargs")) continue;
        json_key_span(&w, m.key);
        json_put_value(&w, m.value);
    }
    json_key(&w, "chat_template_kwargs");
    json_open_object(&w);
    for (struct json_member m = json_first(tokens); m.value; m = json_next(tokens, m)) {
        if (json_get(kwargs, m.key.data)) continue;
        json_key_span(&w, m.key);
        json_put_value(&w, m.value);
    }
    for (struct json_member m = json_first(kwargs); m.value; m = json_next(kwargs, m)) {
        json_key_span(&w, m.key);
        json_put_value(&w, m.value);
    }
    json_close_object(&w);
    json_close_object(&w);
    struct json_doc *doc = parse(text.data, text.len);
    buf_release(&text);
    return doc;
}

static bool is_as_wanted(const struct json *want, const struct template_output *out,
                         const char *error)
{
    struct span text = json_string(json_get(want, "expected"));
    const struct json *words = json_get(want, "error");
    if (text.data)
        return out && out->text.len == text.len &&
               (!text.len || memcmp(out->text.data, text.data, text.len) == 0);
    if (out || !words) return false;
    return !json_text(words) || strstr(error, json_text(words));
}

static int check_line(const struct json *line, const struct json *doc)
{
    const char *name = json_text(json_get(line, "template")),
               *talk = json_text(json_get(line, "conversation"));
    struct template *t = compile_named(name);
    struct json_doc *request = request_of(json_get(json_get(doc, "conversations"), talk),
                                          json_get(json_get(doc, "tokens"), name));
    struct template_output out = { 0 };
    struct error err = { .text = "" };
    enum status s = chat_render(t, json_root(request), &OPERATOR, &out, &err);
    bool ok = is_as_wanted(line, s ? NULL : &out, err.text) ||
              is_as_wanted(json_get(line, "also"), s ? NULL : &out, err.text);
    if (!ok) {
        struct span want = json_string(json_get(line, "expected"));
        print_error("%s, %s: %s\n  wanted %.200s\n  came   %.200s\n", name, talk, err.text,
                    want.data ? want.data : "an error", out.text.data ? out.text.data : "");
    }
    template_output_release(&out);
    json_doc_free(request);
    template_free(t);
    return !ok;
}

static void vendor_renders(void **state)
{
    struct buf talks = fixture_read(FIXTURE("golden/chat/conversations.json"));
    struct buf lines = fixture_read(FIXTURE("golden/chat/renders.jsonl"));
    struct json_doc *doc = parse(talks.data, talks.len);
    int count = 0, faults = 0;
    for (char *at = lines.data, *end; at < lines.data + lines.len; at = end + 1, count++) {
        end = strchr(at, '\n');
        assert_non_null(end);
        struct json_doc *line = parse(at, (size_t)(end - at));
        faults += check_line(json_root(line), json_root(doc));
        json_doc_free(line);
    }
    assert_int_equal(count, 1292);
    assert_int_equal(faults, 0);
    json_doc_free(doc);
    buf_release(&talks);
    buf_release(&lines);
}

/* ---- origins ---- */

static void mark_data(const struct template_output *out, struct buf *marked)
{
    size_t at = 0;
    for (size_t i = 0; i < out->data_count; i++) {
        buf_append(marked, out->text.data + at, out->data[i].begin - at);
        buf_byte(marked, '[');
        buf_append(marked, out->text.data + out->data[i].begin,
                   out->data[i].end - out->data[i].begin);
        buf_byte(marked, ']');
        at = out->data[i].end;
    }
    buf_append(marked, out->text.data + at, out->text.len - at);
}

/* What came from the request stands in brackets. */
static const struct {
    const char *template, *want;
} ORIGINS[] = {
    { "a{{ x }}b", "a[Data]b" },
    { "{{ 'a' + x + 'b' }}", "a[Data]b" },
    { "{{ ('<' ~ x ~ '>')[2:6] }}", "[ata]>" },
    { "{{ ('<' ~ x ~ '>')[::-1] }}", ">[ataD]<" },
    { "{{ (' ' ~ x ~ ' ')|trim|upper }}", "[DATA]" },
    { "{{ ('a' ~ x)|upper }}{{ ('B' ~ x).lower() }}", "A[DATA]b[data]" },
    { "{{ 'aXb'|replace('X', x) }}", "a[Data]b" },
    { "{{ x|replace('a', '-') }}", "[D]-[t]-" },
    { "{{ [x, 'y', x]|join('|') }}", "[Data]|y|[Data]" },
    { "{{ {'k': x}|tojson }}", "{\"k\": [\"Data\"]}" },
    { "{{ d|tojson }}", "[{\"k\": \"v\\n\"}]" },
    { "{{ d }}", "[{'k': 'v\\n'}]" },
    { "{{ d.k.split('v')|length }}{{ n }}{{ n + 1 }}", "2[78]" },
    { "{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m(x)|lower }}", "<[data]>" },
    { "{% set b %}-{{ x }}-{% endset %}{{ b }}{{ b|length }}", "-[Data]-6" },
    { "{% filter upper %}a{{ x }}{% endfilter %}", "A[DATA]" },
    { "{% for c in x %}{{ c }},{% endfor %}", "[D],[a],[t],[a]," },
    { "{{ '%s-%s' % (x, 'y') }}{{ '%d' % n }}", "[Data]-y[7]" },
    { "{{ ('a,' ~ x ~ ',b').split(',') }}", "['a', ['Data'], 'b']" },
    { "{{ x|e }}{{ '<'|safe + x }}", "[Data]<[Data]" },
    { "{{ x * 2 }}{{ 'ab' * 2 }}", "[DataData]abab" },
    { "{{ x|indent(1, true) }}{{ x.center(6) }}", " [Data] [Data] " },
    { "{{ '{\"a\": 1}'|from_json }}{{ j|from_json }}", "{'a': 1}[{'a': 'b'}]" },
    { "{{ strftime_now('%Y') }}{{ x.strip('a') }}", "2025[Dat]" },
    { "{{ bos }}{{ d.k|capitalize }}", "<s>[V\n]" },
};

static void origins(void **state)
{
    static const char context[] = "{\"x\":\"Data\",\"d\":{\"k\":\"v\\n\"},\"n\":7,\"bos\":\"<s>\","
                                  "\"j\":\"{\\\"a\\\": \\\"b\\\"}\"}";
    static const struct tm now = { .tm_year = 125, .tm_mday = 1 };
    struct json_doc *doc = parse(context, sizeof context - 1);
    struct template_variable variables[] = { { "x", json_get(json_root(doc), "x"), false },
                                             { "d", json_get(json_root(doc), "d"), false },
                                             { "n", json_get(json_root(doc), "n"), false },
                                             { "j", json_get(json_root(doc), "j"), false },
                                             { "bos", json_get(json_root(doc), "bos"), true } };
    struct template_settings settings = { .variables = variables,
                                          .variable_count = 5,
                                          .now = &now };
    for (size_t i = 0; i < sizeof ORIGINS / sizeof *ORIGINS; i++) {
        struct template *t;
        struct template_output out;
        struct error err;
        struct buf marked = BUF_INIT(4096);
        if (template_compile(&t, "origin", span_of(ORIGINS[i].template), &err) ||
            template_render(t, &settings, &out, &err))
            fail_msg("%s: %s", ORIGINS[i].template, err.text);
        mark_data(&out, &marked);
        assert_string_equal(marked.data, ORIGINS[i].want);
        buf_release(&marked);
        template_output_release(&out);
        template_free(t);
    }
    json_doc_free(doc);
}

/* ---- refusals ---- */

static const struct {
    const char *template;
    enum status status;
    const char *words;
} REFUSED[] = {
    { "a\n {% include 'x' %}", STATUS_UNSUPPORTED, "case:2:5: " },
    { "{% import 'x' as y %}", STATUS_UNSUPPORTED, "case:1:4: " },
    { "{% extends 'x' %}", STATUS_UNSUPPORTED, "stands alone" },
    { "{% from 'x' import y %}", STATUS_UNSUPPORTED, "stands alone" },
    { "\n{{ x|nosuch }}", STATUS_UNSUPPORTED, "case:2:6: there is no filter named 'nosuch'" },
    { "{{ x is nosuch }}", STATUS_UNSUPPORTED, "there is no test named 'nosuch'" },
    { "ab{{ x.y }}", STATUS_BAD_INPUT, "case:1:7: 'x' is undefined" },
    { "{{ messages.x.y }}", STATUS_BAD_INPUT, "'list object' has no attribute 'x'" },
    { "{{ raise_exception('no ' ~ 1) }}", STATUS_BAD_INPUT, "no 1" },
    { "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
      STATUS_LIMIT, "" },
    { "{% set x = 'abcdefgh' * 9999999 %}", STATUS_LIMIT, "bytes" },
    { "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", STATUS_LIMIT, "nested deeper" },
    { "{% set l = [] %}{% set _ = l.append(l) %}{{ l }}", STATUS_LIMIT, "holds itself" },
    { "{% set l = [] %}{% set _ = l.append(l) %}{{ l|tojson }}", STATUS_LIMIT, "holds itself" },
    { "{% set l = [1] %}{% for x in l %}{% set _ = l.append(x) %}{% endfor %}", STATUS_LIMIT, "" },
    { "{% set l = [0] %}{% for x in range(30) %}{% set _ = l.extend(l) %}{% endfor %}",
      STATUS_LIMIT, "" },
    { "{{ 9223372036854775807 + 1 }}", STATUS_LIMIT, "64 bits" },
    { "{{ 9223372036854775808 }}", STATUS_LIMIT, "64 bits" },
    { "{{ messages.__class__.x }}", STATUS_BAD_INPUT, "has no attribute '__class__'" },
    { "{{ ''.__class__.__mro__ }}", STATUS_BAD_INPUT, "has no attribute '__class__'" },
    { "{{ strftime_now('%Q') }}", STATUS_UNSUPPORTED, "%Q" },
    { "\xff", STATUS_BAD_INPUT, "UTF-8" },
};

#define ONE_MESSAGE "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}"

static void refusals(void **state)
{
    struct json_doc *doc = parse(ONE_MESSAGE, sizeof ONE_MESSAGE - 1);
    for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++) {
        struct template *t = NULL;
        struct template_output out = { 0 };
        struct error err = { .text = "" };
        enum status s = template_compile(&t, "case", span_of(REFUSED[i].template), &err);
        if (!s) s = chat_render(t, json_root(doc), &OPERATOR, &out, &err);
        if (s != REFUSED[i].status || !strstr(err.text, REFUSED[i].words))
            fail_msg("%s: status %s, \"%s\"", REFUSED[i].template, status_name(s), err.text);
        assert_null(out.text.data);
        template_free(t);
    }
    json_doc_free(doc);
}

/* A megabyte of opening brackets is refused, wherever it stands. */
static void deep_sources(void **state)
{
    static const char *const openings[] = { "(",    "[", "{",         "{% if x %}", "{{ x",
                                            "not ", "-", "{% raw %}", "x if " };
    for (size_t i = 0; i < sizeof openings / sizeof *openings; i++) {
        struct buf text = BUF_INIT((size_t)2 << 20);
        struct template *t;
        struct error err;
        buf_text(&text, "{{ ");
        for (size_t n = strlen(openings[i]); text.len + n < 1 << 20;)
            buf_text(&text, openings[i]);
        assert_int_not_equal(
            template_compile(&t, "deep", (struct span){ text.data, text.len }, &err), STATUS_OK);
        buf_release(&text);
    }
}

static const struct {
    const char *request, *words;
} BAD_REQUESTS[] = {
    { "[]", "object" },
    { "{}", "messages" },
    { "{\"messages\":[1]}", "messages[0]" },
    { "{\"messages\":[],\"continue_final_message\":true}", "no message" },
    { "{\"messages\":[{\"role\":\"user\"}],\"continue_final_message\":true}", "content" },
    { "{\"messages\":[{\"role\":\"user\",\"content\":\"lost\"}],\"continue_final_message\":true}",
      "as it is" },
    { "{\"messages\":[],\"now\":\"2026-02-30T00:00:00\"}", "now" },
    { "{\"messages\":[],\"chat_template_kwargs\":[]}", "kwargs" },
};

static void bad_requests(void **state)
{
    struct template *t;
    struct error err;
    assert_int_equal(template_compile(&t, "t", span_of("fixed"), &err), STATUS_OK);
    for (size_t i = 0; i < sizeof BAD_REQUESTS / sizeof *BAD_REQUESTS; i++) {
        struct json_doc *doc = parse(BAD_REQUESTS[i].request, strlen(BAD_REQUESTS[i].request));
        struct template_output out;
        assert_int_not_equal(chat_render(t, json_root(doc), &OPERATOR, &out, &err), STATUS_OK);
        if (!strstr(err.text, BAD_REQUESTS[i].words))
            fail_msg("%s: %s", BAD_REQUESTS[i].request, err.text);
        json_doc_free(doc);
    }
    template_free(t);
}

#define CALLS(first, second)                                                                \
    "{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"function\":{\"name\":\"f\"," \
    "\"arguments\":" first "}},{\"function\":{\"arguments\":" second "}}]}]}"
#define TEXT_1   "\"{\\\"a\\\": 1}\""
#define OBJECT_2 "{\"b\":[1.0,\"\\u00e9\\n\"]}"

static const struct {
    enum chat_arguments form;
    const char *request, *want; /* want NULL: an error */
} ARGUMENTS[] = {
    { CHAT_ARGUMENTS_AS_GIVEN, CALLS(TEXT_1, "\"no\""), "True{\"a\": 1};Trueno;" },
    { CHAT_ARGUMENTS_AS_GIVEN, CALLS(TEXT_1, OBJECT_2),
      "True{\"a\": 1};False{'b': [1.0, '\xc3\xa9\\n']};" },
    { CHAT_ARGUMENTS_OBJECT, CALLS(TEXT_1, "\"\""), "False{'a': 1};False{};" },
    { CHAT_ARGUMENTS_OBJECT, CALLS(OBJECT_2, "null"),
      "False{'b': [1.0, '\xc3\xa9\\n']};FalseNone;" },
    { CHAT_ARGUMENTS_OBJECT, CALLS(TEXT_1, "\"no\""), NULL },
    { CHAT_ARGUMENTS_OBJECT, CALLS(TEXT_1, "\"[1]\""), NULL },
    { CHAT_ARGUMENTS_TEXT, CALLS(TEXT_1, OBJECT_2),
      "True{\"a\": 1};True{\"b\": [1.0, \"\xc3\xa9\\n\"]};" },
};

static void argument_forms(void **state)
{
    struct template *t;
    struct error err;
    struct span text =
        span_of("{% for c in messages[0].tool_calls %}{{ c.function.arguments is string }}"
                "{{ c.function.arguments }};{% endfor %}");
    assert_int_equal(template_compile(&t, "t", text, &err), STATUS_OK);
    for (size_t i = 0; i < sizeof ARGUMENTS / sizeof *ARGUMENTS; i++) {
        const char *request = ARGUMENTS[i].request;
        struct json_doc *doc = parse(request, strlen(request));
        struct chat_options options = { .arguments = ARGUMENTS[i].form };
        struct template_output out;
        enum status s = chat_render(t, json_root(doc), &options, &out, &err);
        assert_int_equal(s, ARGUMENTS[i].want ? STATUS_OK : STATUS_BAD_INPUT);
        if (s) assert_non_null(strstr(err.text, "messages[0].tool_calls[1].function.arguments"));
        else assert_string_equal(out.text.data, ARGUMENTS[i].want);
        if (!s) template_output_release(&out);
        json_doc_free(doc);
    }
    template_free(t);
}

/* What a model wrote stands as it was written, wherever a template writes it as JSON. */
static const struct {
    const char *template, *want;
    enum chat_arguments form;
} EXACT[] = {
    { "{{ c.function.arguments | tojson }}", "{\"b\":1 , \"a\":\"\\u00e9\"}",
      CHAT_ARGUMENTS_OBJECT },
    { "{{ c.function | tojson }}",
      "{\"name\": \"f\", \"arguments\": {\"b\":1 , \"a\":\"\\u00e9\"}}", CHAT_ARGUMENTS_OBJECT },
    { "{% set f = c.function %}{{ {'x': f.arguments} | tojson }}",
      "{\"x\": {\"b\":1 , \"a\":\"\\u00e9\"}}", CHAT_ARGUMENTS_AS_GIVEN },
    { "{{ c.function.arguments }}", "{\"b\":1 , \"a\":\"\\u00e9\"}", CHAT_ARGUMENTS_TEXT },
    /* With lines of its own the template's form wins, and a change makes it another value. */
    { "{{ c.function.arguments | tojson(indent=1) }}", "{\n \"a\": \"é\",\n \"b\": 1\n}",
      CHAT_ARGUMENTS_OBJECT },
    { "{% set _ = c.function.arguments.update({'b': 2}) %}{{ c.function.arguments | tojson }}",
      "{\"a\": \"é\", \"b\": 2}", CHAT_ARGUMENTS_OBJECT },
    { "{{ c.function.exact is defined }}", "False", CHAT_ARGUMENTS_OBJECT },
    { "{% for k, v in c.function.arguments|items %}{{ k }}{% endfor %}", "ab",
      CHAT_ARGUMENTS_OBJECT },
};

static void exact_arguments(void **state)
{
    static const char request[] =
        "{\"messages\": [{\"role\": \"assistant\", \"tool_calls\": [{\"function\": {\"name\": "
        "\"f\", "
        "\"arguments\": {\"a\": \"\\u00e9\", \"b\": 1}, "
        "\"exact\": \"{\\\"b\\\":1 , \\\"a\\\":\\\"\\\\u00e9\\\"}\"}}]}]}";
    struct json_doc *doc = parse(request, sizeof request - 1);
    for (size_t i = 0; i < sizeof EXACT / sizeof *EXACT; i++) {
        char text[256];
        struct template *t;
        struct error err = { .text = "" };
        struct template_output out;
        struct chat_options options = { .arguments = EXACT[i].form };
        snprintf(text, sizeof text, "{%% for c in messages[0].tool_calls %%}%s{%% endfor %%}",
                 EXACT[i].template);
        assert_int_equal(template_compile(&t, "t", span_of(text), &err), STATUS_OK);
        if (chat_render(t, json_root(doc), &options, &out, &err))
            fail_msg("%s: %s", text, err.text);
        if (strcmp(out.text.data, EXACT[i].want) != 0)
            fail_msg("%s: wanted %s, got %s", text, EXACT[i].want, out.text.data);
        template_output_release(&out);
        template_free(t);
    }
    json_doc_free(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vendor_renders),  cmocka_unit_test(origins),
        cmocka_unit_test(refusals),        cmocka_unit_test(deep_sources),
        cmocka_unit_test(bad_requests),    cmocka_unit_test(argument_forms),
        cmocka_unit_test(exact_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
