/* What shapes write: given operands it serves scripts from standard input, for tests in Python.
 * SPDX-License-Identifier: Apache-2.0
 *
 * test_shape_wire --serve: each line of input is a script (support/shape_run.h) with "stream" and
 * "chop" where they matter; each line of output is its report. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/fixture.h"
#include "support/shape_run.h"

#define LINE_BYTES_MAX ((size_t)64 << 20)

static int serve(void)
{
    struct shape_context context = shape_run_context();
    struct buf line = BUF_INIT(LINE_BYTES_MAX), out = BUF_INIT(LINE_BYTES_MAX);
    for (int c = getchar(); c != EOF; c = getchar()) {
        struct json_doc *doc = NULL;
        struct error err;
        struct shape_run run;
        if (c != '\n') {
            buf_byte(&line, (char)c);
            continue;
        }
        if (json_parse(&doc, line.data, line.len, LINE_BYTES_MAX, "a script", &err)) {
            fprintf(stderr, "%s\n", err.text);
            return 1;
        }
        const struct json *script = json_root(doc), *stream = json_get(script, "stream");
        shape_run(&run, &context, script, stream ? json_bool(stream, false) : -1,
                  (int)json_int(json_get(script, "chop"), 0));
        shape_run_report(&out, &run);
        printf("%s\n", out.data);
        fflush(stdout);
        shape_run_release(&run);
        json_doc_free(doc);
        buf_clear(&line);
        buf_clear(&out);
    }
    buf_release(&line);
    buf_release(&out);
    return 0;
}

/* ---- scripts of tests/data/api ---- */

static struct json_doc *scripts(void)
{
    struct json_doc *doc = NULL;
    struct error err = { .text = "" };
    struct buf text = fixture_read(fixture_source("tests/data/api/scripts.json"));
    if (json_parse(&doc, text.data, text.len, LINE_BYTES_MAX, "scripts.json", &err))
        fail_msg("%s", err.text);
    buf_release(&text);
    return doc;
}

/* Every cut of the texts gives the same bytes when nothing is streamed, and every script ends with
 * exactly one last piece. */
static void test_cuts(void **state)
{
    struct json_doc *doc = scripts();
    struct shape_context context = shape_run_context();
    for (size_t i = 0; i < json_length(json_root(doc)); i++) {
        const struct json *script = json_at(json_root(doc), i);
        struct shape_run whole;
        shape_run(&whole, &context, script, 0, 0);
        if (whole.refused)
            fail_msg("%s: %s", json_text(json_get(script, "name")), whole.error.text);
        assert_int_equal(whole.status, STATUS_OK);
        assert_int_equal(whole.count, 1);
        assert_true(whole.pieces[0].last);
        for (int chop = 1; chop < 8; chop++) {
            struct shape_run run;
            shape_run(&run, &context, script, 0, chop);
            assert_int_equal(run.count, 1);
            assert_string_equal(run.pieces[0].data.data, whole.pieces[0].data.data);
            shape_run_release(&run);
            shape_run(&run, &context, script, 1, chop);
            assert_int_equal(run.status, STATUS_OK);
            for (size_t k = 0; k < run.count; k++)
                assert_int_equal(run.pieces[k].last, k + 1 == run.count);
            shape_run_release(&run);
        }
        shape_run_release(&whole);
    }
    json_doc_free(doc);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cuts),
    };
    if (argc > 1 && strcmp(argv[1], "--serve") == 0) return serve();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
