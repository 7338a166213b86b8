/* `hearth version`.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "front/cmd/command.h"

static enum status run(const struct args *args, struct error *err)
{
    printf("hearth %s\n", HEARTH_VERSION);
    return STATUS_OK;
}

const struct command cmd_version = {
    .name = "version",
    .summary = "print the version",
    .operands = "",
    .run = run,
};
