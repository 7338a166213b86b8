/* Fuzzes the comparison of two texts, such as the chat templates of two revisions: they come from outside.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The input's first zero byte stands between the texts. What is told must be what is shown, and the lines that only
 * one text has must be as many more as that text is longer. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/core/line_diff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count_lines(struct span text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += text.data[i] == '\n';
    return n + (text.len && text.data[text.len - 1] != '\n');
}

static size_t count_marked(const struct buf *out, char mark)
{
    size_t n = 0;
    for (size_t i = 0; i < out->len; i++)
        n += out->data[i] == mark && (i == 0 || out->data[i - 1] == '\n');
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf out = BUF_INIT((size_t)64 << 20);
    struct line_diff d;
    struct error err;
    const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
    size_t len = zero ? (size_t)(zero - data) : size;
    struct span was = { (const char *)data, len };
    struct span is = { (const char *)data + len, size - len };
    if (zero) is = (struct span){ is.data + 1, is.len - 1 };
    assert(line_diff(&out, &d, was, is, SIZE_MAX, &err) == STATUS_OK);
    if (d.same || d.compared) assert(d.added + count_lines(was) == d.removed + count_lines(is));
    if (d.compared && !d.same) {
        assert(count_marked(&out, '+') == d.added);
        assert(count_marked(&out, '-') == d.removed);
    }
    buf_release(&out);
    return 0;
}
