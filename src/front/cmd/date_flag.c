/* Days and times on the command line.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/date_flag.h"

#include <stdbool.h>
#include <string.h>

#define DAY_MS   ((int64_t)86400000)
#define DAYS_MAX 36500

/* Days since 1970-01-01 in the Gregorian calendar (Hinnant, "chrono-compatible low-level date algorithms"). */
static int64_t days_of(int64_t y, int64_t m, int64_t d)
{
    y -= m <= 2;
    int64_t era = y / 400, year = y - era * 400;
    int64_t day = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + year * 365 + year / 4 - year / 100 + day - 719468;
}

static bool digits(const char **at, int count, int64_t *ret)
{
    int64_t v = 0;
    for (int i = 0; i < count; i++, (*at)++) {
        if (**at < '0' || **at > '9') return false;
        v = v * 10 + (**at - '0');
    }
    *ret = v;
    return true;
}

static bool sign(const char **at, char c)
{
    return **at == c && (*at)++;
}

static int64_t month_days(int64_t y, int64_t m)
{
    return m == 12 ? 31 : days_of(y, m + 1, 1) - days_of(y, m, 1);
}

static bool parse_day(const char **at, int64_t *ret_days)
{
    int64_t y, m, d;
    if (!digits(at, 4, &y) || !sign(at, '-') || !digits(at, 2, &m) || !sign(at, '-') ||
        !digits(at, 2, &d))
        return false;
    if (y < 1970 || m < 1 || m > 12 || d < 1 || d > month_days(y, m)) return false;
    *ret_days = days_of(y, m, d);
    return true;
}

static bool parse_time(const char **at, int64_t *ret_ms)
{
    int64_t h, m, s;
    if (!digits(at, 2, &h) || !sign(at, ':') || !digits(at, 2, &m) || !sign(at, ':') ||
        !digits(at, 2, &s) || !sign(at, 'Z'))
        return false;
    *ret_ms = ((h * 60 + m) * 60 + s) * 1000;
    return h < 24 && m < 60 && s < 60;
}

static bool parse_span(const char *at, int64_t *ret_days)
{
    int64_t v = 0;
    int count = 0;
    for (; *at >= '0' && *at <= '9' && count < 6; at++, count++)
        v = v * 10 + (*at - '0');
    *ret_days = v;
    return count && strcmp(at, "d") == 0 && v > 0 && v <= DAYS_MAX;
}

enum status date_flag_parse(int64_t *ret_ms, const char *text, int64_t now_ms, struct error *err)
{
    const char *at = text;
    int64_t days, ms = DAY_MS - 1;
    if (parse_span(text, &days)) {
        *ret_ms = now_ms + days * DAY_MS;
        return STATUS_OK;
    }
    bool good = parse_day(&at, &days);
    if (good && sign(&at, 'T')) good = parse_time(&at, &ms);
    if (!good || *at)
        return error_set(err, STATUS_USAGE,
                         "\"%.40s\" is no date: 2027-01-31, 2027-01-31T12:00:00Z or 90d", text);
    *ret_ms = days * DAY_MS + ms;
    return STATUS_OK;
}
