/* The kinds of statement and the function that runs each.
 * SPDX-License-Identifier: Apache-2.0 */
NODE(DATA, exec_data)           /* text */
NODE(OUTPUT, exec_output)       /* a, or list in {% print %} */
NODE(IF, exec_if)               /* a, list, other */
NODE(FOR, exec_for)             /* a: target, b: iterable, c: condition, list, other, flag */
NODE(SET, exec_set)             /* a: target, b: value */
NODE(SET_BLOCK, exec_set_block) /* a: target, b: filters or NULL, list */
NODE(MACRO, exec_macro)         /* name, call: positional are names, keywords the defaults; list */
NODE(CALL_BLOCK, exec_call_block)     /* a: the call, call: signature, list */
NODE(FILTER_BLOCK, exec_filter_block) /* b: filters, list */
NODE(WITH, exec_with)                 /* other: NODE_SET, list */
NODE(SCOPE, exec_scope)               /* list */
NODE(BREAK, exec_break)               /* */
NODE(CONTINUE, exec_continue)         /* */
