/* Fuzzes the JSON facade: any bytes parse or are refused, and what parses can be written again.
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/core/json_write.h"

#define TEXT_MAX ((size_t)1 << 20)
/* An escape can become six times longer, never more. */
#define WRITTEN_MAX (8 * TEXT_MAX)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_value(struct buf *out, const struct json *v)
{
    struct json_writer w;
    json_writer_init(&w, out, 0);
    json_put_value(&w, v);
}

static void check_round_trip(const struct json_doc *doc)
{
    struct buf first = BUF_INIT(WRITTEN_MAX), second = BUF_INIT(WRITTEN_MAX);
    struct json_doc *again = NULL;
    struct error err;
    write_value(&first, json_root(doc));
    assert(!first.failed);
    enum status s = json_parse(&again, first.data, first.len, WRITTEN_MAX, "written", &err);
    assert(s == STATUS_OK);
    write_value(&second, json_root(again));
    assert(second.len == first.len && memcmp(second.data, first.data, first.len) == 0);
    json_doc_free(again);
    buf_release(&second);
    buf_release(&first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_doc *doc = NULL;
    struct error err = { .text = "" };
    enum status s = json_parse(&doc, (const char *)data, size, TEXT_MAX, "input", &err);
    if (s) {
        assert(doc == NULL && err.status == s && err.text[0]);
        return 0;
    }
    check_round_trip(doc);
    json_doc_free(doc);
    return 0;
}
