/* `hearth keys`: the group of commands about keys.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/command.h"

static enum status run(const struct args *args, struct error *err)
{
    if (args->operand_count > 0)
        return error_set(err, STATUS_USAGE, "unknown command \"keys %s\"; `hearth keys` lists them",
                         args->operands[0]);
    help_group("keys");
    return STATUS_OK;
}

const struct command cmd_keys = {
    .name = "keys",
    .summary = "keys for `hearth serve`: who may ask for what",
    .operands = "COMMAND ...",
    .operands_max = 1000,
    .run = run,
};
