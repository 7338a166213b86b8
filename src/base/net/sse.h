/* Server-sent events and lines of JSON, as they go over the wire.
 * SPDX-License-Identifier: Apache-2.0
 *
 * WHATWG HTML, section 9.2: fields are lines, an empty line ends the event. */
#ifndef BASE_NET_SSE_H
#define BASE_NET_SSE_H

#include "base/core/buf.h"
#include "base/core/span.h"

/* "event: <name>" where there is one, then "data: " before every line of `data`. */
bool sse_event(struct buf *out, const char *event, struct span data);
/* ": <words>": ignored by clients, keeps proxies from closing the connection. */
bool sse_comment(struct buf *out, const char *words);
/* One line of newline-delimited JSON. `json` holds no raw line breaks: compact JSON never does. */
bool ndjson_line(struct buf *out, struct span json);

#endif
