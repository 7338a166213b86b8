/* Any bytes as a licence file: read, judged, written, compared with themselves.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Whatever the text is, it is not allowed unless its words are those of a known licence. */
#include <stdint.h>
#include <stdlib.h>

#include "base/core/mem.h"
#include "govern/licence/licence_drift.h"
#include "read_bytes.h"

#define JSON_BYTES_MAX (1u << 22)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_verdict(const struct licence_reading *r, const struct licence_verdict *v)
{
    if (v->answer == LICENCE_ALLOW && r->match.kind < MATCH_NORMALISED) abort();
    for (int i = 0; i < v->count; i++) {
        if (v->rules[i].answer > v->answer) abort();
        if (v->rules[i].end > r->text.len || v->rules[i].begin > v->rules[i].end) abort();
    }
    for (uint32_t i = 0; i < r->match.count; i++)
        if (r->match.differences[i].end > r->text.len) abort();
    for (int i = 0; i < r->clauses.count; i++)
        read_bytes(r->text.data + r->clauses.items[i].begin,
                   r->clauses.items[i].end - r->clauses.items[i].begin);
}

static void write_all(const struct licence_reading *r, const struct licence_verdict *v)
{
    struct buf out = BUF_INIT(JSON_BYTES_MAX);
    struct json_writer w;
    struct json_doc *doc;
    struct licence_drift *d = mem_zero(sizeof *d);
    json_writer_init(&w, &out, 0);
    licence_write(&w, "fuzz", r, v);
    if (!out.failed && json_parse(&doc, out.data, out.len, JSON_BYTES_MAX, "verdict", NULL))
        abort();
    if (!out.failed) json_doc_free(doc);
    if (d && !r->unreadable[0] && !licence_drift(d, r, r, NULL) && !d->same_words) abort();
    mem_free(d);
    buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct licence_verdict v;
    struct licence_prints prints;
    struct licence_reading *r;
    struct licence_use use;
    licence_use_init(&use);
    if (size > 1u << 18 || licence_prints_builtin(&prints, NULL)) return 0;
    if (licence_read(&r, &prints, (struct span){ (const char *)data, size }, NULL)) return 0;
    licence_judge(&v, r, &use);
    check_verdict(r, &v);
    write_all(r, &v);
    licence_reading_free(r);
    licence_use_parse(&use, (struct span){ (const char *)data, size }, "use", NULL);
    return 0;
}
