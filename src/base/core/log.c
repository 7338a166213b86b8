/* Hands messages and progress to whoever embeds the library.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/core/log.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#define LOG_TEXT_BYTES 1024

void log_write(const struct log *log, enum log_level level, const char *area, const char *format,
               ...)
{
    if (!log || !log->fn) return;
    char text[LOG_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n < 0) return;
    for (char *c = text; *c; c++)
        if (*c == '\n' || *c == '\r') *c = ' ';
    log->fn(log->ctx, level, area, text);
}

_Bool progress_report(const struct progress *p, const char *stage, unsigned long long done,
                      unsigned long long total)
{
    if (!p || !p->fn) return 1;
    return p->fn(p->ctx, stage, done, total);
}
