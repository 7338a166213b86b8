/* The functions that every template sees.
 * SPDX-License-Identifier: Apache-2.0 */
CALLABLE("dict", function_dict, "*", 0)
CALLABLE("from_json", function_from_json, "text", 1)
CALLABLE("joiner", function_joiner, "sep", 0)
CALLABLE("namespace", function_namespace, "*", 0)
CALLABLE("raise_exception", function_raise_exception, "message", 1)
CALLABLE("range", function_range, "start stop step", 1)
CALLABLE("strftime_now", function_strftime_now, "format", 1)
