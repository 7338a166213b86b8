/* `hearth signature`: the group of commands about signatures of models.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/command.h"

static enum status run(const struct args *args, struct error *err)
{
    if (args->operand_count > 0)
        return error_set(err, STATUS_USAGE,
                         "unknown command \"signature %s\"; `hearth signature` lists them",
                         args->operands[0]);
    help_group("signature");
    return STATUS_OK;
}

const struct command cmd_signature = {
    .name = "signature",
    .summary = "who vouches for a model's files: OpenSSF Model Signing",
    .operands = "COMMAND ...",
    .operands_max = 1000,
    .run = run,
};
