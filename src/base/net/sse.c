/* Server-sent events and lines of JSON.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/net/sse.h"

bool sse_event(struct buf *out, const char *event, struct span data)
{
    if (event) buf_format(out, "event: %s\n", event);
    size_t at = 0;
    do {
        const char *end = data.len > at ? memchr(data.data + at, '\n', data.len - at) : NULL;
        size_t len = end ? (size_t)(end - data.data) - at : data.len - at;
        buf_text(out, "data: ");
        buf_append(out, len ? data.data + at : "", len);
        buf_byte(out, '\n');
        at += len + 1;
    } while (at <= data.len && data.len);
    buf_byte(out, '\n');
    return !out->failed;
}

bool sse_comment(struct buf *out, const char *words)
{
    return buf_format(out, ": %s\n\n", words);
}

bool ndjson_line(struct buf *out, struct span json)
{
    buf_append(out, json.data, json.len);
    return buf_byte(out, '\n');
}
