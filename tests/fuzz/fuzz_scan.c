/* Any bytes as a file of a model: scanned under each kind of name, and what was found is read and written.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A finding lies in the file; and what is called like a pickle and calls os.system is never only noted,
 * whatever stands around it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/read_bytes.h"
#include "govern/scan/pickle_walk.h"
#include "govern/scan/scan.h"

#define JSON_BYTES_MAX (1u << 24)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct scan *s, size_t size)
{
    struct buf out = BUF_INIT(JSON_BYTES_MAX);
    struct json_writer w;
    struct json_doc *doc;
    for (size_t i = 0; i < scan_count(s); i++) {
        const struct scan_finding *f = scan_at(s, i);
        if (f->at > size || f->answer > scan_answer_of(s) || !f->reason[0] || !f->next[0]) abort();
        if (i && f->answer > scan_at(s, i - 1)->answer) abort();
    }
    json_writer_init(&w, &out, 0);
    scan_write(&w, s);
    if (json_parse(&doc, out.data, out.len, JSON_BYTES_MAX, "findings", NULL)) abort();
    json_doc_free(doc);
    buf_release(&out);
}

static void check_walk(const uint8_t *data, size_t size)
{
    struct pickle_walk w;
    if (pickle_walk(&w, data, size, NULL)) abort();
    for (size_t i = 0; i < w.import_count; i++) {
        read_bytes(w.imports[i].module.data, w.imports[i].module.len);
        read_bytes(w.imports[i].name.data, w.imports[i].name.len);
        if (w.imports[i].at >= size) abort();
    }
    if (w.end > size || w.ended == (w.fault != NULL)) abort();
    pickle_walk_release(&w);
}

static bool calls_system(const uint8_t *data, size_t size)
{
    struct pickle_walk w;
    bool found = false;
    if (pickle_walk(&w, data, size, NULL)) abort();
    for (size_t i = 0; i < w.import_count; i++)
        found = found || (w.imports[i].called && span_equals(w.imports[i].module, "os") &&
                          span_equals(w.imports[i].name, "system"));
    pickle_walk_release(&w);
    return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = { "a.pkl",          "a.jinja", "README.md",
                                         "config.json",    "a.gguf",  "a.onnx",
                                         "tokenizer.json", "a.npy",   "weights.py" };
    if (size > 1u << 18) return 0;
    check_walk(data, size);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct scan *s;
        if (scan_new(&s, NULL) || scan_bytes(s, names[i], data, size, NULL)) abort();
        scan_seal(s);
        check(s, size);
        bool is_zip = size >= 2 && data[0] == 'P' && data[1] == 'K';
        if (i == 0 && !is_zip && calls_system(data, size) && scan_answer_of(s) == SCAN_NOTE)
            abort();
        scan_free(s);
    }
    return 0;
}
