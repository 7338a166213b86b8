/* Names of requests: unguessable ids, and W3C trace context.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVE_SERVER_IDENT_H
#define SERVE_SERVER_IDENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/core/status.h"

#define IDENT_REQUEST_CHARS 24
#define TRACEPARENT_BYTES   56 /* with the terminator */

/* `chars` letters and digits from the kernel's random source, and the terminator: almost 6 bits each. */
enum status ident_random(char *out, size_t chars, struct error *err);

/* W3C Trace Context, section 3.2: the traceparent that goes on from `incoming`, with its trace id and
 * flags and a new parent id. One that is absent or malformed begins a new trace. */
enum status ident_traceparent(char out[TRACEPARENT_BYTES], const char *incoming, struct error *err);

#endif
