/* The declared use that a command judges by.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_DECLARED_USE_H
#define FRONT_CMD_DECLARED_USE_H

#include "govern/licence/licence_use.h"

/* Of a text: a whole hearth.yaml, whose other keys must be ones of hearth.yaml, or the keys of `use:` alone. */
enum status declared_use_parse(struct licence_use *ret, struct span text, const char *what,
                               struct error *err);
/* Of the file `path` (hearth.yaml, or the keys of its part `use:` alone). NULL: of the policy in force, which may
 * declare nothing; `ret_from` (may be NULL) is then where that was found, "" without any. */
enum status declared_use_read(struct licence_use *ret, const char *path, char ret_from[4096],
                              struct error *err);

#endif
