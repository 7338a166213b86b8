/* Runs an API shape over a body and scripted events of a worker, and keeps what it wrote.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A script is {"shape", "body", "events": [{"index": int, "kind": "delta" | "done" | "progress",
 * "body"}], "fail": {"http", "type", "code", "param", "text"} (after the events)}. */
#ifndef TESTS_SUPPORT_SHAPE_RUN_H
#define TESTS_SUPPORT_SHAPE_RUN_H

#include "serve/server/shape.h"

struct shape_piece {
    char *event; /* NULL: none */
    struct buf data;
    bool last;
};
struct shape_run {
    const struct shape *shape;
    bool refused; /* then `error` says why */
    struct api_error error;
    struct shape_request request; /* unless refused */
    struct shape_piece *pieces;
    size_t count, cap;
    enum status status; /* of the first call that failed */
    struct error why;
};

const struct shape *shape_named(const char *name);
struct shape_context shape_run_context(void); /* the same facts for every run */
/* `stream` 0, 1: replaces the body's member; -1 leaves it. `chop`: texts of content, reasoning and
 * arguments are cut into pieces of this many characters; 0: as they are. */
void shape_run(struct shape_run *ret, const struct shape_context *context,
               const struct json *script, int stream, int chop);
void shape_run_release(struct shape_run *r);
/* The script's body and events as JSON text in, everything that came out as JSON text. */
void shape_run_report(struct buf *out, const struct shape_run *r);

#endif
