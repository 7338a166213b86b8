/* Days and times on the command line.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_DATE_FLAG_H
#define FRONT_CMD_DATE_FLAG_H

#include <stdint.h>

#include "base/core/status.h"

/* "2027-01-31" (the end of that day, UTC), "2027-01-31T12:00:00Z" (RFC 3339), or "90d" from `now_ms`, as
 * milliseconds of unix time. STATUS_USAGE names what was given and what is taken. */
enum status date_flag_parse(int64_t *ret_ms, const char *text, int64_t now_ms, struct error *err);

#endif
