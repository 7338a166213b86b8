/* Fuzzes the template language: what renders does so twice the same, what is refused has words.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The input is the template, a NUL, and the JSON that it gets as `messages`. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lm/chat/template.h"

#define CONTEXT          "[{\"role\":\"user\",\"content\":\"a <b>\\n\\u6587\"},{\"n\":[1,2.5,null,true]}]"
#define STEPS_MAX        50000
#define OUTPUT_BYTES_MAX ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum status render(const struct template *t, const struct json *messages,
                          struct template_output *out)
{
    static const struct tm now = { .tm_year = 126, .tm_mday = 1, .tm_wday = 4 };
    struct template_variable variables[] = { { "messages", messages, false },
                                             { "tools", NULL, false } };
    struct template_settings settings = { variables, 2, &now, OUTPUT_BYTES_MAX, STEPS_MAX };
    struct error err = { .text = "" };
    enum status s = template_render(t, &settings, out, &err);
    assert(!s || (err.status == s && err.text[0]));
    return s;
}

static void check(const struct template_output *a, const struct template_output *b)
{
    assert(a->text.len == b->text.len && a->data_count == b->data_count);
    assert(!a->text.len || memcmp(a->text.data, b->text.data, a->text.len) == 0);
    size_t end = 0;
    for (size_t i = 0; i < a->data_count; i++) {
        assert(a->data[i].begin < a->data[i].end && a->data[i].end <= a->text.len);
        assert(i == 0 || a->data[i].begin > end);
        assert(a->data[i].begin == b->data[i].begin && a->data[i].end == b->data[i].end);
        end = a->data[i].end;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
    struct span text = { (const char *)data, nul ? (size_t)(nul - data) : size };
    struct span values =
        nul ? (struct span){ (const char *)nul + 1, size - text.len - 1 } : span_of(CONTEXT);
    struct template *t;
    struct json_doc *doc;
    struct error err = { .text = "" };
    if (template_compile(&t, "input", text, &err)) {
        assert(err.text[0]);
        return 0;
    }
    if (json_parse(&doc, values.data, values.len, 1 << 20, "values", NULL) == STATUS_OK) {
        struct template_output a, b;
        enum status s = render(t, json_root(doc), &a);
        if (!s) {
            assert(render(t, json_root(doc), &b) == STATUS_OK);
            check(&a, &b);
            template_output_release(&a);
            template_output_release(&b);
        }
        json_doc_free(doc);
    }
    template_free(t);
    return 0;
}
