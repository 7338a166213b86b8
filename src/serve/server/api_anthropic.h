/* What Anthropic's APIs share: the request, errors, and the signature of thinking.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVE_SERVER_API_ANTHROPIC_H
#define SERVE_SERVER_API_ANTHROPIC_H

#include "base/core/digest.h"
#include "serve/server/shape_generation.h"

#define ANTHROPIC_SIGNATURE_BYTES (SHA256_HEX_BYTES + 8)

/* {"type": "error", "error": {"type", "message"}, "request_id"} */
void anthropic_error_body(struct buf *out, const struct api_error *error,
                          const struct shape_context *context);

/* Reads a body of messages or, with `count_only`, of messages/count_tokens, and makes the canonical
 * request. */
bool anthropic_read(struct shape_request *r, const struct fields *f, bool count_only);

/* Tells thinking that came back as it was written from thinking that was changed. It is a digest and
 * no secret: it guards against accidents, not against forgers, who gain nothing by it. */
enum status anthropic_signature(struct span thinking, char ret[ANTHROPIC_SIGNATURE_BYTES],
                                struct error *err);

#endif
