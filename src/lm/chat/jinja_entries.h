/* The functions of the filter, test, function and method tables.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LM_CHAT_JINJA_ENTRIES_H
#define LM_CHAT_JINJA_ENTRIES_H

#include "lm/chat/jinja_run.h"

#define CALLABLE(name, function, parameters, required)     call_fn function;
#define METHOD(type, name, function, parameters, required) call_fn function;
#include "lm/chat/filter_list.h"
#include "lm/chat/function_list.h"
#include "lm/chat/method_list.h"
#include "lm/chat/test_list.h"
#undef METHOD
#undef CALLABLE

/* A string argument that has to be one. */
bool argument_text(struct render *r, const struct value *v, const char *name,
                   const struct text **ret);
/* Puts strings in lower case, for comparisons that ignore it; the rest stays. */
bool fold_case(struct render *r, struct value v, struct value *ret);
bool join_items(struct render *r, struct value items, const struct text *separator,
                const struct value *path, bool strings_only, struct value *ret);

#endif
