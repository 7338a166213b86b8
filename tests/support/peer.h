/* Workers for tests: the test program itself is the worker, a real one or one that misbehaves.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A worker is started as `PROGRAM worker`. A test's main() calls peer_is_worker() first and then
 * returns peer_run(): under its own name the program is a real worker, and under a name that
 * peer_program() gave it, it does what that name says. */
#ifndef TESTS_SUPPORT_PEER_H
#define TESTS_SUPPORT_PEER_H

#include <stdbool.h>

#include "lm/worker/worker_start.h"

bool peer_is_worker(int argc, char **argv);
int peer_run(void);

/* A path under which this program misbehaves as `mode` says (peer.c lists them). */
const char *peer_program(const char *mode);

#define PEER_FILES_MAX 64
/* A model's files, opened for worker_start. */
struct peer_model {
    char path[4096];
    char names[PEER_FILES_MAX][256];
    struct worker_file files[PEER_FILES_MAX];
    struct worker_options options;
};
/* All files of a folder that a source may read. */
void peer_model_open(struct peer_model *m, const char *folder);
/* Another file, or another content for one that is there. */
void peer_model_add(struct peer_model *m, const char *name, const char *content);
void peer_model_close(struct peer_model *m);
/* Fails the test when it does not start. */
struct worker *peer_start(struct peer_model *m);

/* Fails the test unless all children of this process are gone. */
void peer_no_children(void);

#endif
