/* What changed between two texts, line by line, as people read it (unified format, three lines around each change).
 * SPDX-License-Identifier: Apache-2.0
 *
 * The shortest edit between two texts by the longest common subsequence of their lines; what is equal at both ends
 * is left aside first. Texts with more lines than LINE_DIFF_LINES_MAX, or too many changed ones between, are not
 * compared line by line: that is said. */
#ifndef BASE_CORE_LINE_DIFF_H
#define BASE_CORE_LINE_DIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/core/buf.h"
#include "base/core/span.h"

#define LINE_DIFF_LINES_MAX ((size_t)20000)
#define LINE_DIFF_CELLS_MAX \
    ((size_t)16 << 20) /* changed lines of one text times those of the other */
#define LINE_DIFF_AROUND 3

struct line_diff {
    bool same;
    bool compared; /* line by line; false: only counted */
    size_t added, removed;
};

/* Appends at most `shown_max` lines, and how many more there are. */
enum status line_diff(struct buf *out, struct line_diff *ret, struct span was, struct span is,
                      size_t shown_max, struct error *err);

#endif
