/* Times as texts.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVE_SERVER_SHAPE_TIME_H
#define SERVE_SERVER_SHAPE_TIME_H

#include <stdint.h>

struct time_text {
    char text[32];
};
/* "2026-01-01T00:00:00Z" (RFC 3339) of unix seconds; the epoch where they are out of range. */
struct time_text time_text(int64_t seconds);

#endif
