/* strftime in the C locale, from a given time.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lm/chat/jinja_run.h"

static const char *const DAYS[] = { "Sunday",   "Monday", "Tuesday", "Wednesday",
                                    "Thursday", "Friday", "Saturday" };
static const char *const MONTHS[] = { "January",   "February", "March",    "April",
                                      "May",       "June",     "July",     "August",
                                      "September", "October",  "November", "December" };

/* ISO 8601: the week that holds the year's first Thursday is week 1. */
static int iso_week(const struct tm *t, int *year)
{
    int weekday = (t->tm_wday + 6) % 7, week = (t->tm_yday - weekday + 10) / 7;
    *year = t->tm_year + 1900;
    int y = *year - (week < 1);
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    if (week < 1) {
        int last = t->tm_yday + 365 + leap;
        *year -= 1;
        return (last - weekday + 10) / 7;
    }
    if (week == 53 && t->tm_yday - weekday + 3 >= 365 + leap) {
        *year += 1;
        return 1;
    }
    return week;
}

static int iso_year(const struct tm *t)
{
    int year;
    iso_week(t, &year);
    return year;
}

static int hour12(const struct tm *t)
{
    return t->tm_hour % 12 ? t->tm_hour % 12 : 12;
}

/* A directive that prints a number: its value, and how wide with what before it. */
static bool number_of(char directive, const struct tm *t, int *value, int *width, char *pad)
{
    int year;
    const struct {
        char directive;
        int value, width;
        char pad;
    } all[] = {
        { 'd', t->tm_mday, 2, '0' },
        { 'e', t->tm_mday, 2, ' ' },
        { 'm', t->tm_mon + 1, 2, '0' },
        { 'Y', t->tm_year + 1900, 0, '0' },
        { 'y', (t->tm_year + 1900) % 100, 2, '0' },
        { 'C', (t->tm_year + 1900) / 100, 2, '0' },
        { 'H', t->tm_hour, 2, '0' },
        { 'k', t->tm_hour, 2, ' ' },
        { 'I', hour12(t), 2, '0' },
        { 'l', hour12(t), 2, ' ' },
        { 'M', t->tm_min, 2, '0' },
        { 'S', t->tm_sec, 2, '0' },
        { 'j', t->tm_yday + 1, 3, '0' },
        { 'w', t->tm_wday, 0, '0' },
        { 'u', t->tm_wday ? t->tm_wday : 7, 0, '0' },
        { 'f', 0, 6, '0' },
        { 'U', (t->tm_yday + 7 - t->tm_wday) / 7, 2, '0' },
        { 'W', (t->tm_yday + 7 - (t->tm_wday + 6) % 7) / 7, 2, '0' },
        { 'V', iso_week(t, &year), 2, '0' },
        { 'G', iso_year(t), 0, '0' },
        { 'g', iso_year(t) % 100, 2, '0' },
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i].directive != directive) continue;
        *value = all[i].value;
        *width = all[i].width;
        *pad = all[i].pad;
        return true;
    }
    return false;
}

static const char *expansion_of(char directive)
{
    switch (directive) {
    case 'c': return "%a %b %e %H:%M:%S %Y";
    case 'D':
    case 'x': return "%m/%d/%y";
    case 'F': return "%Y-%m-%d";
    case 'T':
    case 'X': return "%H:%M:%S";
    case 'R': return "%H:%M";
    case 'r': return "%I:%M:%S %p";
    case 'n': return "\n";
    case 't': return "\t";
    case '%': return "%%";
    case 'Z': /* the time has no zone, as Python's naive datetime */
    case 'z': return "";
    default: return NULL;
    }
}

static bool put_word(struct writer *w, char directive, const struct tm *t)
{
    const char *word = NULL;
    int len = -1;
    switch (directive) {
    case 'a':
        len = 3;
        word = DAYS[t->tm_wday];
        break;
    case 'A': word = DAYS[t->tm_wday]; break;
    case 'b':
    case 'h':
        len = 3;
        word = MONTHS[t->tm_mon];
        break;
    case 'B': word = MONTHS[t->tm_mon]; break;
    case 'p': word = t->tm_hour < 12 ? "AM" : "PM"; break;
    case 'P': word = t->tm_hour < 12 ? "am" : "pm"; break;
    default: return false;
    }
    return writer_put(w, word, len < 0 ? strlen(word) : (size_t)len, false);
}

static bool put_format(struct writer *w, const struct tm *t, struct span format, bool expand);

static bool put_directive(struct writer *w, const struct tm *t, char flag, char directive,
                          bool expand)
{
    int value, width;
    char pad, text[32];
    if (number_of(directive, t, &value, &width, &pad)) {
        if (flag == '-') width = 0;
        if (flag == '_') pad = ' ';
        if (flag == '0') pad = '0';
        snprintf(text, sizeof text, pad == ' ' ? "%*d" : "%0*d", width, value);
        return writer_put_literal(w, text, false);
    }
    if (directive && strchr("aAbhBpP", directive)) return put_word(w, directive, t);
    if (directive == '%') return writer_put(w, "%", 1, false);
    const char *longer = expand ? expansion_of(directive) : NULL;
    if (longer) return put_format(w, t, span_of(longer), false);
    return fault(w->r, STATUS_UNSUPPORTED, "strftime_now does not know %%%c",
                 directive ? directive : ' ');
}

static bool put_format(struct writer *w, const struct tm *t, struct span format, bool expand)
{
    for (size_t i = 0; i < format.len; i++) {
        if (format.data[i] != '%') {
            if (!writer_put(w, format.data + i, 1, false)) return false;
            continue;
        }
        char flag = i + 1 < format.len && strchr("-_0^#", format.data[i + 1]) && format.data[i + 1]
                        ? format.data[i + 1]
                        : 0;
        i += flag ? 2 : 1;
        if (!put_directive(w, t, flag, i < format.len ? format.data[i] : 0, expand)) return false;
    }
    return true;
}

static bool is_time(const struct tm *t)
{
    return t->tm_mon >= 0 && t->tm_mon < 12 && t->tm_wday >= 0 && t->tm_wday < 7 &&
           t->tm_mday >= 1 && t->tm_mday <= 31 && t->tm_hour >= 0 && t->tm_hour < 24 &&
           t->tm_yday >= 0 && t->tm_yday < 366 && t->tm_min >= 0 && t->tm_min < 60 &&
           t->tm_sec >= 0 && t->tm_sec <= 60 && t->tm_year > -1900 && t->tm_year < 8100;
}

bool time_format(struct render *r, const struct tm *now, struct span format, struct value *ret)
{
    struct writer w = { .r = r };
    if (!is_time(now)) return fault(r, STATUS_BAD_INPUT, "the given time is not a time");
    return put_format(&w, now, format, true) && writer_value(&w, ret);
}
