/* Fuzzes grammars and expressions: any text compiles or is refused, and what compiles can be walked.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The first byte chooses: even a grammar, odd an expression. */
#include "base/core/json_write.h"
#include "fuzz/constraint_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf spec = BUF_INIT((size_t)1 << 20);
    struct json_writer w;
    struct json_doc *doc;
    struct error err;
    if (size < 1 || size > 65536) return 0;
    bool grammar = data[0] % 2 == 0;
    json_writer_init(&w, &spec, 0);
    json_open_object(&w);
    json_key(&w, "type");
    json_put_string(&w, grammar ? "grammar" : "regex");
    json_key(&w, grammar ? "grammar" : "pattern");
    json_put_span(&w, (struct span){ (const char *)data + 1, size - 1 });
    json_close_object(&w);
    if (!spec.failed && !json_parse(&doc, spec.data, spec.len, spec.len, "input", &err)) {
        fuzz_spec(json_root(doc), size * 2654435761u);
        json_doc_free(doc);
    }
    buf_release(&spec);
    return 0;
}
