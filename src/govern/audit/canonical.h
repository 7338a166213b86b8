/* Canonical JSON: one text for one value.
 * SPDX-License-Identifier: Apache-2.0
 *
 * No white space; members sorted by the bytes of their keys; integers between -2^53 and 2^53 only, because
 * reals have no one spelling that all readers share; strings with the short escapes and otherwise as they
 * are. For keys without code points past U+FFFF this is RFC 8785. */
#ifndef GOVERN_AUDIT_CANONICAL_H
#define GOVERN_AUDIT_CANONICAL_H

#include "base/core/buf.h"
#include "base/core/json.h"

#define CANONICAL_MEMBERS_MAX 20000 /* of one object */

/* Appends the value. STATUS_BAD_INPUT for a number that is no such integer. */
enum status canonical_write(struct buf *out, const struct json *value, struct error *err);
/* The same order and numbers, but a line for each item, indented by so many spaces a level. */
enum status canonical_write_lines(struct buf *out, const struct json *value, int indent,
                                  struct error *err);
/* Whether the text is a JSON value in this form, and nothing else. Fails only when memory is short. */
enum status canonical_check(struct span text, bool *ret, struct error *err);

#endif
