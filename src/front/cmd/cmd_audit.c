/* `hearth audit`: the group of commands about the audit log.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/command.h"

static enum status run(const struct args *args, struct error *err)
{
    if (args->operand_count > 0)
        return error_set(err, STATUS_USAGE,
                         "unknown command \"audit %s\"; `hearth audit` lists them",
                         args->operands[0]);
    help_group("audit");
    return STATUS_OK;
}

const struct command cmd_audit = {
    .name = "audit",
    .summary = "the log of what was decided and done: verify, prove, show, anchor, receipt",
    .operands = "COMMAND ...",
    .operands_max = 1000,
    .run = run,
};
