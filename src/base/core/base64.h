/* Base64 (RFC 4648, with padding).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CORE_BASE64_H
#define BASE_CORE_BASE64_H

#include "base/core/buf.h"
#include "base/core/span.h"

bool base64_encode(struct buf *out, const void *bytes, size_t len);
/* Strict: no white space, right padding, no stray bits. STATUS_BAD_INPUT otherwise. */
enum status base64_decode(struct buf *out, struct span text, struct error *err);

#endif
