/* The types of values, each with the name that Python gives it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * LIST to GENERATOR share one representation and stand together. */
VALUE_TYPE(ABSENT, "nothing") /* an argument that was not given */
VALUE_TYPE(UNDEFINED, "Undefined")
VALUE_TYPE(NONE, "NoneType")
VALUE_TYPE(BOOL, "bool")
VALUE_TYPE(INT, "int")
VALUE_TYPE(FLOAT, "float")
VALUE_TYPE(STRING, "str")
VALUE_TYPE(LIST, "list")
VALUE_TYPE(TUPLE, "tuple")
VALUE_TYPE(RANGE, "range")
VALUE_TYPE(KEYS, "dict_keys")
VALUE_TYPE(VALUES, "dict_values")
VALUE_TYPE(ITEMS, "dict_items")
VALUE_TYPE(GENERATOR, "generator")
VALUE_TYPE(DICT, "dict")
VALUE_TYPE(NAMESPACE, "Namespace")
VALUE_TYPE(MACRO, "Macro")
VALUE_TYPE(FUNCTION, "function")
VALUE_TYPE(METHOD, "builtin_function_or_method")
VALUE_TYPE(LOOP, "LoopContext")
VALUE_TYPE(JOINER, "Joiner")
