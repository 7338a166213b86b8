/* The declared use that a command judges by.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_DECLARED_USE_H
#define FRONT_CMD_DECLARED_USE_H

#include "govern/licence/licence_use.h"

/* Of the file `path` (the part `use:` of hearth.yaml, or that part alone). NULL: of the policy in force, which may
 * declare nothing; `ret_from` (may be NULL) is then where that was found, "" without any. */
enum status declared_use_read(struct licence_use *ret, const char *path, char ret_from[4096],
                              struct error *err);

#endif
