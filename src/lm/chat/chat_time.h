/* The time of a request.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LM_CHAT_CHAT_TIME_H
#define LM_CHAT_CHAT_TIME_H

#include <time.h>

#include "base/core/json.h"
#include "base/core/status.h"

/* `now` of the request, a text like "2026-03-05T14:07:09", local and without zone; without one
 * `fallback`, and when that is NULL the local time. */
enum status chat_time(const struct json *now, const struct tm *fallback, struct tm *ret,
                      struct error *err);

#endif
