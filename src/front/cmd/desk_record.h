/* A stored model with its papers and the gate's verdict, for the commands that write about it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_DESK_RECORD_H
#define FRONT_CMD_DESK_RECORD_H

#include "front/cmd/desk.h"
#include "govern/dossier/record.h"

struct desk_record {
    struct record *record;
    struct gate_verdict *verdict;
};

/* Of an open desk. STATUS_NOT_FOUND says which models there are. */
enum status desk_record_open(struct desk_record *ret, struct desk *d,
                             const struct licence_prints *prints, const char *alias,
                             struct error *err);
void desk_record_close(struct desk_record *r);
/* Writes to the file that --out names, or to standard output. */
enum status desk_put(const char *path, const struct buf *text, struct error *err);

#endif
