/* Fuzzes constraints given as JSON: any spec compiles or is refused, and what compiles can be walked.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Input is a spec, or a schema on its own. */
#include "fuzz/constraint_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void whole(const uint8_t *data, size_t size, const char *before, const char *behind)
{
    struct buf text = BUF_INIT((size_t)1 << 20);
    struct json_doc *doc;
    struct error err;
    buf_text(&text, before);
    buf_append(&text, data, size);
    buf_text(&text, behind);
    if (!text.failed && !json_parse(&doc, text.data, text.len, text.len, "input", &err)) {
        fuzz_spec(json_root(doc), size * 2654435761u);
        json_doc_free(doc);
    }
    buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 65536) return 0;
    whole(data, size, "", "");
    whole(data, size, "{\"type\":\"json_schema\",\"schema\":", "}");
    return 0;
}
