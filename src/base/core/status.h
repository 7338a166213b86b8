/* Outcomes of fallible calls, and an error that carries words for a person.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every fallible function returns enum status (zero is success) and takes a
 * `struct error *err` last. Words are written once, where the fault is seen, in
 * terms a user can act on; callers wrap at most one line of context. `err` may
 * be NULL, then only the status is returned. Nothing here allocates. */
#ifndef BASE_CORE_STATUS_H
#define BASE_CORE_STATUS_H

#include <stdarg.h>

enum status {
#define STATUS(name, exit_code, http, words) STATUS_##name,
#include "base/core/status_list.h"
#undef STATUS
    STATUS_COUNT
};

#define ERROR_TEXT_BYTES 768

struct error {
    enum status status;
    char text[ERROR_TEXT_BYTES]; /* one line, UTF-8, no final period needed, always terminated */
};

/* Name of the enumerator without its prefix ("NOT_FOUND"); "?" out of range. */
const char *status_name(enum status s);
const char *status_words(enum status s);
int status_exit_code(enum status s);
int status_http_code(enum status s);

/* Sets the text (cut at the buffer, never inside a UTF-8 sequence; control
 * bytes become '?') and returns `s`, so that `return error_set(...)` reads well. */
enum status error_set(struct error *err, enum status s, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
enum status error_set_v(struct error *err, enum status s, const char *format, va_list args);

/* Prepends "context: " to the text that is there; keeps and returns `s`. */
enum status error_wrap(struct error *err, enum status s, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
