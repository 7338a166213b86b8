/* JSON schemas as harmony shows them to a model: in the manner of TypeScript.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LM_CHAT_HARMONY_SCHEMA_H
#define LM_CHAT_HARMONY_SCHEMA_H

#include "lm/chat/encoder.h"

/* Writes the type that `schema` describes; `indent` blanks stand before each of its lines. What the
 * notation has no word for becomes `any`. Recursion ends at JSON_DEPTH_MAX. */
void harmony_type(struct prompt_writer *w, const struct json *schema, int indent);

#endif
