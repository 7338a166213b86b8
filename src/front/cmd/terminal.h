/* What the other end of a stream can show.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_TERMINAL_H
#define FRONT_CMD_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/core/span.h"

struct terminal {
    FILE *stream;
    bool interactive; /* someone looks at it: lines may be rewritten */
    bool colour;      /* and NO_COLOR is not set */
    int width;        /* columns; 80 when unknown */
};

struct terminal terminal_of(FILE *stream);
/* A line in dim letters where there is colour. */
void terminal_dim_line(const struct terminal *t, const char *text);

/* Text from outside: what would move the cursor, ring or change colours on a terminal is shown as "?";
 * a stream that nobody looks at gets it as it is. */
void terminal_put(const struct terminal *t, struct span text);
/* Columns that a character takes: 0, 1 or 2. */
int terminal_columns(uint32_t code_point);

/* "1.4 GB": three digits and a unit of 1000. */
void format_bytes(char *out, size_t out_bytes, uint64_t bytes);
/* "1,234,567" */
void format_count(char *out, size_t out_bytes, uint64_t count);

#endif
