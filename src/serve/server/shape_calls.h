/* Arguments of calls as models wrote them, found again by the call's id.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Clients send a conversation back as they understood it: the arguments parsed, written again with
 * other blanks, other escapes, members in another order. The prompt would then differ from what was
 * generated, and the prefix cache would end there. So the server remembers the text of each call that it
 * gave out, and says it beside the arguments ("exact", lm/chat/chat_request.h) when a call of the same
 * id and the same value comes back. A changed value is the client's, and stands as it came. */
#ifndef SERVE_SERVER_SHAPE_CALLS_H
#define SERVE_SERVER_SHAPE_CALLS_H

#include "base/core/json_write.h"
#include "serve/server/shape.h"

#define CALL_TEXT_BYTES_MAX ((size_t)1 << 20) /* longer ones are not remembered */

/* A call that is complete. Without memory it is not remembered, which is no error. */
void calls_keep(const struct shape_context *context, const char *id, struct span text);
/* Into an open function object, where the call is known and its value is the same. `arguments`: the
 * value, or its JSON text; NULL: none came. */
void calls_put_exact_text(struct json_writer *w, const struct shape_context *context,
                          struct span id, struct span arguments);
void calls_put_exact(struct json_writer *w, const struct shape_context *context, struct span id,
                     const struct json *arguments);

#endif
