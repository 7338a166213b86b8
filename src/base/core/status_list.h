/* Every outcome of a fallible call: name, exit code of the command, HTTP status, words.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One line per outcome; the enum, the names, exit codes and HTTP codes are generated from it. */
STATUS(OK,          0, 200, "success")
STATUS(FAILED,      1, 500, "the operation failed")
STATUS(USAGE,       2, 400, "the command line or request is not understood")
STATUS(NOT_FOUND,   3, 404, "no such model, file or route")
STATUS(BAD_INPUT,   4, 400, "the input is malformed")
STATUS(UNSUPPORTED, 5, 400, "well formed, but not supported here")
STATUS(LIMIT,       6, 413, "a limit would be exceeded")
STATUS(NO_MEMORY,   7, 503, "out of memory")
STATUS(IO,          8, 500, "reading or writing failed")
STATUS(CONTEXT,     9, 400, "the context is too long")
STATUS(CRASHED,    10, 502, "the process of the model has ended")
STATUS(REFUSED,    11, 403, "refused by the policy in force")
STATUS(CANCELLED, 130, 499, "cancelled")
