/* Names, codes and words of outcomes; error text that is always one clean line.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/core/status.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/core/utf8.h"

struct status_row {
    const char *name;
    const char *words;
    int exit_code;
    int http_code;
};

static const struct status_row rows[STATUS_COUNT] = {
#define STATUS(name, exit_code, http, words) { #name, words, exit_code, http },
#include "base/core/status_list.h"
#undef STATUS
};

static bool known(enum status s)
{
    return (unsigned)s < STATUS_COUNT;
}

const char *status_name(enum status s)
{
    return known(s) ? rows[s].name : "?";
}

const char *status_words(enum status s)
{
    return known(s) ? rows[s].words : "?";
}

int status_exit_code(enum status s)
{
    return rows[known(s) ? s : STATUS_FAILED].exit_code;
}

int status_http_code(enum status s)
{
    return rows[known(s) ? s : STATUS_FAILED].http_code;
}

/* Cuts a sequence that formatting left unfinished; what is not printable text becomes '?'. */
static void clean(char *text, bool was_cut)
{
    size_t len = strlen(text);
    if (was_cut) len -= utf8_incomplete_tail(text, len);
    text[len] = 0;
    for (size_t i = 0; i < len;) {
        uint32_t c;
        int n = utf8_decode(text + i, len - i, &c);
        if (n == 0 || c < 0x20 || (c >= 0x7f && c < 0xa0)) {
            memset(text + i, '?', n ? (size_t)n : 1);
        }
        i += n ? (size_t)n : 1;
    }
}

enum status error_set_v(struct error *err, enum status s, const char *format, va_list args)
{
    if (!err) return s;
    char text[ERROR_TEXT_BYTES]; /* the arguments may point into err->text */
    int n = vsnprintf(text, sizeof text, format, args);
    if (n < 0) memcpy(text, "?", 2);
    clean(text, n >= (int)sizeof text);
    memcpy(err->text, text, strlen(text) + 1);
    err->status = s;
    return s;
}

enum status error_set(struct error *err, enum status s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    error_set_v(err, s, format, args);
    va_end(args);
    return s;
}

enum status error_wrap(struct error *err, enum status s, const char *format, ...)
{
    if (!err) return s;
    char context[ERROR_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    if (vsnprintf(context, sizeof context, format, args) < 0) context[0] = 0;
    va_end(args);
    return error_set(err, s, "%s: %s", context, err->text);
}
