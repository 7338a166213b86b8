/* One report, printed either as lines for people or as a JSON object.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Commands that state facts call these with both names of a fact: the key of the object and the
 * label of the line. Output is collected and printed at the end, so that a failure prints nothing. */
#ifndef FRONT_CMD_REPORT_H
#define FRONT_CMD_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/core/buf.h"
#include "base/core/json_write.h"
#include "base/core/span.h"

struct report {
    bool json;
    struct buf out;
    struct json_writer writer; /* for parts that have a form of their own; only when json */
};

void report_begin(struct report *r, bool json);
enum status report_end(struct report *r, struct error *err); /* prints and releases */
void report_abandon(struct report *r);

/* NULL text: null in JSON, no line for people. */
void report_text(struct report *r, const char *key, const char *label, const char *text);
void report_span(struct report *r, const char *key, const char *label, struct span text);
void report_int(struct report *r, const char *key, const char *label, int64_t v);
void report_real(struct report *r, const char *key, const char *label, double v);
void report_flag(struct report *r, const char *key, const char *label, bool v); /* "yes" or "no" */
/* 1234567 as "1,234,567". */
void report_count(struct report *r, const char *key, const char *label, uint64_t v);
/* 0 is unknown: null, and no line. */
void report_bytes(struct report *r, const char *key, const char *label, uint64_t v);

/* A line for people only, printf style. */
void report_line(struct report *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* JSON only: nothing happens otherwise. */
void report_open_array(struct report *r, const char *key);
void report_close_array(struct report *r);
void report_open_object(struct report *r, const char *key); /* NULL: an item of an array */
void report_close_object(struct report *r);

#endif
