/* `hearth worker`: the process that owns a model, started by other commands.
 * SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "front/cmd/command.h"
#include "lm/worker/far_end.h"

/* A locked process ends right here: what a sanitizer does at exit it could not do any more, and all
 * others have nothing left to do. */
static enum status run(const struct args *args, struct error *err)
{
    enum status st = worker_run(err);
    if (st != STATUS_USAGE) _exit(status_exit_code(st));
    return st;
}

const struct command cmd_worker = {
    .name = "worker",
    .summary = "the sandboxed process of a model; other commands start it",
    .operands = "",
    .internal = true,
    .about =
        "Not for people. It reads frames from descriptor 3 and the model from descriptors 4 and "
        "up; it gives up files, network, programs and signals before it reads either.",
    .run = run,
};
