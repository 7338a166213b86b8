/* RFC 3339.
 * SPDX-License-Identifier: Apache-2.0 */
#include "serve/server/shape_time.h"

#include <time.h>

struct time_text time_text(int64_t seconds)
{
    struct time_text ret = { "1970-01-01T00:00:00Z" };
    time_t t = (time_t)seconds;
    struct tm tm;
    if (gmtime_r(&t, &tm)) strftime(ret.text, sizeof ret.text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return ret;
}
