/* Reading times of requests.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/chat/chat_time.h"

#include <stdbool.h>

#include "base/core/span.h"

static bool digits(const char *text, size_t at, size_t count, int *ret)
{
    *ret = 0;
    for (size_t i = at; i < at + count; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        *ret = *ret * 10 + (text[i] - '0');
    }
    return true;
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* "2026-03-05T14:07:09", local, no zone. */
static bool read_time(struct span s, struct tm *ret)
{
    static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
    static const int length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int year, month, day, hour, minute, second;
    if (s.len != 19 || s.data[4] != '-' || s.data[7] != '-' || s.data[10] != 'T' ||
        s.data[13] != ':' || s.data[16] != ':')
        return false;
    if (!digits(s.data, 0, 4, &year) || !digits(s.data, 5, 2, &month) ||
        !digits(s.data, 8, 2, &day) || !digits(s.data, 11, 2, &hour) ||
        !digits(s.data, 14, 2, &minute) || !digits(s.data, 17, 2, &second))
        return false;
    if (year < 1 || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59)
        return false;
    if (day < 1 || day > length[month - 1] + (month == 2 && is_leap(year))) return false;
    int yday = before[month - 1] + day - 1 + (month > 2 && is_leap(year)), y = year - 1;
    *ret = (struct tm){ .tm_year = year - 1900,
                        .tm_mon = month - 1,
                        .tm_mday = day,
                        .tm_hour = hour,
                        .tm_min = minute,
                        .tm_sec = second,
                        .tm_yday = yday,
                        .tm_wday = (y * 365 + y / 4 - y / 100 + y / 400 + yday + 1) % 7 };
    return true;
}

enum status chat_time(const struct json *now, const struct tm *fallback, struct tm *ret,
                      struct error *err)
{
    if (json_type(now) == JSON_NULL) {
        time_t seconds = time(NULL);
        if (fallback) *ret = *fallback;
        else if (!localtime_r(&seconds, ret))
            return error_set(err, STATUS_FAILED, "the local time is not known");
        return STATUS_OK;
    }
    if (json_type(now) == JSON_STRING && read_time(json_string(now), ret)) return STATUS_OK;
    return error_set(err, STATUS_BAD_INPUT, "\"now\" must be a time like \"2026-03-05T14:07:09\"");
}
