/* JSON as Python's json.dumps(v, ensure_ascii=False) writes it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Models were trained on such texts: ", " and ": " between items, keys in their order, numbers as
 * Python prints them, no code point escaped but quotes, backslashes and control characters. */
#ifndef LM_CHAT_PYTHON_JSON_H
#define LM_CHAT_PYTHON_JSON_H

#include "base/core/buf.h"
#include "base/core/json.h"

/* Appends `v`; false when the buffer failed. sort_keys: members in the order of their code points. */
bool python_json(struct buf *out, const struct json *v, bool sort_keys);
/* One text, with its quotes. */
bool python_json_text(struct buf *out, struct span text);

#endif
