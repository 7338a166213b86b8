/* Texts and numbers that pickles of protocol 0 write as lines.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef GOVERN_SCAN_PICKLE_TEXT_H
#define GOVERN_SCAN_PICKLE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/core/mem.h"
#include "base/core/span.h"

enum pickle_escapes {
    PICKLE_QUOTED,     /* STRING: as Python's repr() of bytes, in quotes */
    PICKLE_RAW_UNICODE /* UNICODE: Latin-1 with \uXXXX and \UXXXXXXXX */
};
enum pickle_text { PICKLE_TEXT_OK, PICKLE_TEXT_BAD, PICKLE_TEXT_LONG };

/* *ret is UTF-8 in the arena, or the line itself where nothing had to change. LONG: the arena is full. */
enum pickle_text pickle_text_decode(struct arena *a, enum pickle_escapes escapes, struct span line,
                                    struct span *ret);
/* A place in the memo as Python's int() reads it: spaces around, '+', '_' between digits. */
bool pickle_text_number(struct span line, uint64_t *ret);

#endif
