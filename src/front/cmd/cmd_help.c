/* `hearth help [COMMAND]`.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "front/cmd/command.h"
#include "front/cmd/manual.h"

static enum status run(const struct args *args, struct error *err)
{
    char *words[3] = { "hearth" };
    int used = 0;
    if (args->operand_count == 0) {
        help_overview();
        return STATUS_OK;
    }
    for (int i = 0; i < args->operand_count; i++)
        words[i + 1] = args->operands[i];
    const struct command *c = command_find(args->operand_count + 1, words, &used);
    if (!c || used < args->operand_count)
        return error_set(err, STATUS_USAGE,
                         "there is no command \"%s\"; `hearth help` lists the commands",
                         args->operands[args->operand_count - 1]);
    if (manual_is_group(c)) help_group(c->name);
    else help_command(c);
    return STATUS_OK;
}

const struct command cmd_help = {
    .name = "help",
    .summary = "list the commands, or explain one",
    .operands = "[COMMAND]",
    .operands_max = 2,
    .run = run,
};
