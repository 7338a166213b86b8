/* Messages from the library to whoever embeds it; the library itself never prints.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CORE_LOG_H
#define BASE_CORE_LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* `text` is one line without newline, valid during the call. May be called from any thread. */
typedef void log_fn(void *ctx, enum log_level level, const char *area, const char *text);

struct log {
    log_fn *fn; /* NULL: silence */
    void *ctx;
};

void log_write(const struct log *log, enum log_level level, const char *area, const char *format,
               ...) __attribute__((format(printf, 4, 5)));

/* Long work reports how far it is. `done` never falls; total 0 means unknown.
 * A false return asks to cancel: the work ends with STATUS_CANCELLED. */
typedef _Bool progress_fn(void *ctx, const char *stage, unsigned long long done,
                          unsigned long long total);
struct progress {
    progress_fn *fn; /* NULL: nobody listens */
    void *ctx;
};
_Bool progress_report(const struct progress *p, const char *stage, unsigned long long done,
                      unsigned long long total);

#endif
