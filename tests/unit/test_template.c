/* The template language against PyPI's jinja2: language cases, whole templates, origins, refusals.
 * SPDX-License-Identifier: Apache-2.0
 *
 * shared/real/templates/expected was rendered by jinja2 3.1.6. */
#include <stdio.h>
#include <string.h>

#include "support/fixture.h"
#include "base/core/json.h"
#include "base/core/mem.h"
#include "lm/chat/template.h"

#define VARIABLES_MAX 32

static const struct tm JULY = {
    .tm_year = 125, .tm_mon = 6, .tm_mday = 10, .tm_hour = 12, .tm_wday = 4, .tm_yday = 190
};

static struct json_doc *read_json(const char *path)
{
    struct buf text = fixture_read(path);
    struct json_doc *doc;
    struct error err;
    if (json_parse(&doc, text.data, text.len, text.len, path, &err)) fail_msg("%s", err.text);
    buf_release(&text);
    return doc;
}

static size_t variables_of(const struct json *context, struct template_variable out[VARIABLES_MAX])
{
    size_t n = 0;
    for (struct json_member m = json_first(context); m.value; m = json_next(context, m)) {
        assert_true(n < VARIABLES_MAX);
        out[n++] = (struct template_variable){ m.key.data, m.value, false };
    }
    return n;
}

/* Renders `text`; a status other than success leaves `out` alone and the words in `err`. */
static enum status render(struct span text, const struct json *context, struct template_output *out,
                          struct error *err)
{
    struct template_variable variables[VARIABLES_MAX];
    struct template_settings settings = { .variables = variables, .now = &JULY };
    struct template *t;
    settings.variable_count = variables_of(context, variables);
    enum status s = template_compile(&t, "case", text, err);
    if (s) return s;
    s = template_render(t, &settings, out, err);
    template_free(t);
    return s;
}

/* 0 when the output is as wanted; else prints the difference and gives 1. */
static int differs(const char *what, const struct template_output *got, struct span want)
{
    if (got->text.len == want.len && memcmp(got->text.data, want.data, want.len) == 0) return 0;
    size_t at = 0;
    while (at < got->text.len && at < want.len && got->text.data[at] == want.data[at])
        at++;
    print_error("%s: differs at byte %zu\n  wanted ...%.120s\n  came   ...%.120s\n", what, at,
                at < want.len ? want.data + at : "(end)",
                at < got->text.len ? got->text.data + at : "(end)");
    return 1;
}

static void language_cases(void **state)
{
    struct json_doc *doc = read_json(FIXTURE("real/templates/expected/jinja-language-cases.json"));
    const struct json *cases = json_get(json_root(doc), "cases");
    int faults = 0;
    assert_true(json_length(cases) > 200);
    for (size_t i = 0; i < json_length(cases); i++) {
        const struct json *c = json_at(cases, i);
        struct template_output out;
        struct error err;
        char what[512];
        snprintf(what, sizeof what, "%s: %s", json_text(json_get(c, "name")),
                 json_text(json_get(c, "template")));
        if (render(json_string(json_get(c, "template")), json_get(c, "context"), &out, &err)) {
            print_error("%s: %s\n", what, err.text);
            faults++;
            continue;
        }
        faults += differs(what, &out, json_string(json_get(c, "expected")));
        template_output_release(&out);
    }
    assert_int_equal(faults, 0);
    json_doc_free(doc);
}

static int check_render(const struct json *contexts, struct span source, const char *what,
                        struct span context, const struct json *want)
{
    struct template_output out;
    struct error err;
    enum status s = render(source, json_get(contexts, context.data), &out, &err);
    const char *message = json_text(json_get(want, "message"));
    if (s && !message) {
        print_error("%s, %s: %s\n", what, context.data, err.text);
        return 1;
    }
    if (s) {
        const char *kind = json_text(json_get(want, "error"));
        bool same = strcmp(kind, "TemplateError") != 0 || strstr(err.text, message);
        if (!same)
            print_error("%s, %s: wanted \"%s\", came \"%s\"\n", what, context.data, message,
                        err.text);
        return !same;
    }
    int fault = 1;
    if (message)
        print_error("%s, %s: wanted the error \"%s\", came a text\n", what, context.data, message);
    else fault = differs(what, &out, json_string(json_get(want, "text")));
    template_output_release(&out);
    return fault;
}

static void whole_templates(void **state)
{
    struct json_doc *doc = read_json(FIXTURE("real/templates/expected/jinja2-renders.json"));
    const struct json *cases = json_get(json_root(doc), "cases");
    int faults = 0, count = 0;
    for (size_t i = 0; i < json_length(cases); i++) {
        const struct json *c = json_at(cases, i), *renders = json_get(c, "renders");
        char path[512];
        snprintf(path, sizeof path, "real/%s", json_text(json_get(c, "template")));
        struct buf source = fixture_read(FIXTURE(path));
        for (struct json_member m = json_first(renders); m.value;
             m = json_next(renders, m), count++)
            faults += check_render(json_get(json_root(doc), "contexts"),
                                   (struct span){ source.data, source.len }, path, m.key, m.value);
        buf_release(&source);
    }
    assert_int_equal(count, 176);
    assert_int_equal(faults, 0);
    json_doc_free(doc);
}

/* vectors/template_cases.json comes from vectors/make_template_cases.py, which asks jinja2. */
static void more_cases(void **state)
{
    struct json_doc *doc = read_json(fixture_source("tests/vectors/template_cases.json"));
    const struct json *cases = json_get(json_root(doc), "cases"),
                      *context = json_get(json_root(doc), "context");
    int faults = 0;
    assert_true(json_length(cases) > 300);
    for (size_t i = 0; i < json_length(cases); i++) {
        const struct json *c = json_at(cases, i), *want = json_get(c, "want");
        struct span text = json_string(json_get(c, "template"));
        const char *source = text.data; /* for messages */
        struct template_output out;
        struct error err;
        enum status s = render(text, context, &out, &err);
        if ((s == STATUS_OK) != (json_type(want) == JSON_STRING)) {
            print_error("%s: %s\n", source, s ? err.text : "an error was wanted, came a text");
            faults++;
        } else if (!s) {
            faults += differs(source, &out, json_string(want));
        }
        if (!s) template_output_release(&out);
    }
    assert_int_equal(faults, 0);
    json_doc_free(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(language_cases),
        cmocka_unit_test(whole_templates),
        cmocka_unit_test(more_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
