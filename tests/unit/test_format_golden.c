/* Every case of tests/golden is opened or refused as its name says, with the words it must have.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Names are OUTCOME-DEFECT; index.json lists them with words that the message must contain. */
#include "support/fixture.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/core/json.h"
#include "lm/format/safetensors.h"
#include "lm/format/source.h"

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* "bad_input-..." is STATUS_BAD_INPUT. */
static bool outcome_is(const char *name, enum status st)
{
    const char *word = status_name(st);
    size_t i = 0;
    for (; word[i]; i++) {
        if (tolower((unsigned char)word[i]) != name[i]) return false;
    }
    return name[i] == '-';
}

static enum status open_case(const char *path, struct error *err)
{
    struct safetensors *st_file;
    struct source *source;
    const char *dot = strrchr(base_name(path), '.');
    enum status st;
    if (dot && strcmp(dot, ".safetensors") == 0) {
        if (!(st = safetensors_open(&st_file, path, err))) safetensors_close(st_file);
    } else {
        if (!(st = source_open(&source, path, err))) source_close(source);
    }
    return st;
}

static bool check_case(const char *relative, const char *words)
{
    char path[512];
    struct error err = { 0 };
    snprintf(path, sizeof path, "tests/golden/%s", relative);
    enum status st = open_case(fixture_source(path), &err);
    bool ok = outcome_is(base_name(relative), st) && (st == STATUS_OK || strstr(err.text, words));
    if (!ok)
        print_error("%s: got %s (%s), wanted words \"%s\"\n", relative, status_name(st),
                    st ? err.text : "", words);
    return ok;
}

static void golden_cases(void **state)
{
    struct buf text = fixture_read(fixture_source("tests/golden/index.json"));
    struct json_doc *doc;
    struct error err;
    size_t wrong = 0;
    if (json_parse(&doc, text.data, text.len, (size_t)1 << 24, "index.json", &err))
        fail_msg("%s", err.text);
    size_t count = json_length(json_root(doc));
    assert_true(count > 100);
    for (size_t i = 0; i < count; i++) {
        const struct json *item = json_at(json_root(doc), i);
        wrong += !check_case(json_text(json_get(item, "path")), json_text(json_get(item, "words")));
    }
    json_doc_free(doc);
    buf_release(&text);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(golden_cases) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
