/* The kinds of expression and the function that runs each; NULL: part of another.
 * SPDX-License-Identifier: Apache-2.0 */
NODE(STRING, eval_string)       /* text */
NODE(INT, eval_int)             /* integer */
NODE(FLOAT, eval_float)         /* real */
NODE(BOOL, eval_bool)           /* integer */
NODE(NONE, eval_none)           /* */
NODE(NAME, eval_name)           /* name */
NODE(LIST, eval_list)           /* list */
NODE(TUPLE, eval_tuple)         /* list */
NODE(DICT, eval_dict)           /* list: key, value, key, value, ... */
NODE(NOT, eval_not)             /* a */
NODE(NEGATE, eval_negate)       /* a */
NODE(POSITIVE, eval_positive)   /* a */
NODE(AND, eval_and)             /* a, b */
NODE(OR, eval_or)               /* a, b */
NODE(BINARY, eval_binary)       /* op, a, b */
NODE(CONCAT, eval_concat)       /* list */
NODE(COMPARE, eval_compare)     /* a, list: NODE_OPERAND with op and a */
NODE(OPERAND, NULL)             /* op, a */
NODE(CONDITION, eval_condition) /* a if b else c; c may be NULL */
NODE(ATTRIBUTE, eval_attribute) /* a.name */
NODE(ITEM, eval_item)           /* a[b] */
NODE(SLICE, NULL)               /* a:b:c inside [], each may be NULL */
NODE(CALL, eval_call)           /* a(call) */
NODE(KEYWORD, NULL)             /* name=a */
NODE(FILTER, eval_filter)       /* a|name(call), a NULL in a filter block */
NODE(TEST, eval_test)           /* a is name(call), flag: negated */
