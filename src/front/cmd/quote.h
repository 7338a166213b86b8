/* Bytes of a token as people can read them.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_QUOTE_H
#define FRONT_CMD_QUOTE_H

#include "base/core/buf.h"
#include "base/core/span.h"

/* The piece between quotes; what would confuse a terminal or the eye is written as \n, \t, \xNN. */
void quote_piece(struct buf *out, struct span piece);
/* "E4 BD A0" */
void hex_bytes(struct buf *out, struct span piece);

#endif
