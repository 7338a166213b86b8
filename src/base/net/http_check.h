/* Whether a request's head may be believed: the strictness that the HTTP library leaves out.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Two readers that disagree about where a request ends let one client speak in another's name
 * (request smuggling). Whatever could be read in two ways is refused: RFC 9112, sections 3.2, 5.1, 6.1
 * and 6.3. Pure: no connection is touched. */
#ifndef BASE_NET_HTTP_CHECK_H
#define BASE_NET_HTTP_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/core/span.h"

#define HTTP_FIELDS_MAX 100
#define HTTP_TARGET_MAX 4096

struct http_field {
    struct span name;
    struct span value;
};

struct http_head {
    struct span method;
    struct span target;  /* as it came: "/v1/models?limit=2" */
    struct span version; /* "HTTP/1.1" */
    const struct http_field *fields;
    size_t field_count;
};

/* NULL when the head is sound, else words that say what is wrong with it. */
const char *http_head_check(const struct http_head *head);

/* Names are compared without regard to case. */
bool http_name_is(struct span name, const char *want);

#endif
