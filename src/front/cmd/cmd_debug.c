/* `hearth debug`: the commands for tests and for anyone who doubts.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/command.h"

static enum status run(const struct args *args, struct error *err)
{
    if (args->operand_count > 0)
        return error_set(err, STATUS_USAGE,
                         "unknown command \"debug %s\"; `hearth debug` lists them",
                         args->operands[0]);
    help_group("debug");
    return STATUS_OK;
}

const struct command cmd_debug = {
    .name = "debug",
    .summary = "raw logits, greedy ids and token ids, for tests and for anyone who doubts",
    .operands = "COMMAND ...",
    .operands_max = 1000,
    .run = run,
};
