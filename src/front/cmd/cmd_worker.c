/* `hearth worker`: the process that owns a model, started by other commands.
 * SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "front/cmd/command.h"
#include "lm/worker/far_end.h"
#include "lm/worker/frame.h"
#include "lm/worker/worker_process.h"

#define SPARE_DESCRIPTORS 16 /* beside two for each file: the one handed over and the mapping's */

static bool is_socket(int fd)
{
    int type;
    socklen_t len = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
}

/* The parent numbers them from the socket on, without gaps. */
static int count_descriptors(void)
{
    int fd = WORKER_SOCKET;
    while (fcntl(fd, F_GETFD) >= 0)
        fd++;
    return fd;
}

/* Ctrl-C is for the front to hear; a peer that is gone is seen where it is written to. */
static void ignore_signals(void)
{
    static const int ignored[] = { SIGINT, SIGPIPE, SIGTTOU, SIGTTIN };
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_IGN;
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        sigaction(ignored[i], &action, NULL);
}

static enum status run(const struct args *args, struct error *err)
{
    struct sandbox_facts facts;
    if (!is_socket(WORKER_SOCKET))
        return error_set(
            err, STATUS_USAGE,
            "`hearth worker` is started by other commands, which hand it the files of a "
            "model; there is nothing to do with it by hand");
    ignore_signals();
    enum status st =
        sandbox_lock(&facts, WORKER_SOCKET, 2 * count_descriptors() + SPARE_DESCRIPTORS, err);
    if (st) worker_refuse(WORKER_SOCKET, err);
    else st = worker_serve(WORKER_SOCKET, &facts, err);
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
