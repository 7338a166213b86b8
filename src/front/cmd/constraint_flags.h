/* The options that say what form an answer has to have.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_CONSTRAINT_FLAGS_H
#define FRONT_CMD_CONSTRAINT_FLAGS_H

#include "base/core/json_write.h"
#include "front/cmd/options.h"

/* --json-object --json-schema --regex --choice --grammar */
extern const struct option_table constraint_table;

/* The member "constraint" of a worker's request; nothing where no option was given. */
enum status constraint_flags_write(const struct args *args, struct json_writer *w,
                                   struct error *err);

#endif
