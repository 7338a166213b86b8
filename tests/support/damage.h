/* Opening damaged copies of a good file: cut at every length, each byte changed.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_DAMAGE_H
#define TESTS_SUPPORT_DAMAGE_H

#include "base/core/buf.h"
#include "base/core/status.h"

/* Opens and closes the bytes, which stay the caller's. */
typedef enum status damage_open_fn(const char *bytes, size_t len);

/* The whole opens; nothing shorter does, but for cuts within the last `padding` bytes. */
void damage_cut(const struct buf *whole, size_t padding, damage_open_fn *open);
/* Every byte under three masks: opens or is refused, and at least `refusals` of the variants are. */
void damage_change(struct buf *whole, size_t refusals, damage_open_fn *open);

#endif
