/* `hearth worker`: the process that owns a model, started by other commands.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* ucred */
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "front/cmd/command.h"
#include "lm/worker/far_end.h"
#include "lm/worker/worker_process.h"

/* A worker asks nobody whether its model may run: who starts it has asked. So that must be this very program: the process
 * that made the socket is the parent, and runs the same file. */
static bool is_started_by_us(void)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    struct stat theirs, ours;
    char path[64];
    if (getsockopt(WORKER_SOCKET, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0) return false;
    snprintf(path, sizeof path, "/proc/%ld/exe", (long)peer.pid);
    return peer.pid == getppid() && stat(path, &theirs) == 0 &&
           stat("/proc/self/exe", &ours) == 0 && theirs.st_dev == ours.st_dev &&
           theirs.st_ino == ours.st_ino;
}

/* A locked process ends right here: what a sanitizer does at exit it could not do any more, and all
 * others have nothing left to do. */
static enum status run(const struct args *args, struct error *err)
{
    struct stat s;
    bool handed = fstat(WORKER_SOCKET, &s) == 0 && S_ISSOCK(s.st_mode);
    if (handed && !is_started_by_us())
        return error_set(err, STATUS_REFUSED,
                         "a worker is started by the gate of the same program, and by nobody else; "
                         "`hearth run` and `hearth serve` start one");
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
