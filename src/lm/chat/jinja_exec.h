/* The functions that run statements, as statement_list.h names them.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LM_CHAT_JINJA_EXEC_H
#define LM_CHAT_JINJA_EXEC_H

#include "lm/chat/jinja_run.h"

#define NODE(kind, function) bool function(struct render *r, const struct node *n, enum flow *flow);
#include "lm/chat/statement_list.h"
#undef NODE

#endif
