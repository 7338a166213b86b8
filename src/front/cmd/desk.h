/* The desk as a command sees it: policy, store, audit log and gate, opened together.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_DESK_H
#define FRONT_CMD_DESK_H

#include "front/cmd/home.h"
#include "front/cmd/model_store.h"
#include "govern/gate/gate.h"

extern const struct option_table desk_table; /* --config --lock */

struct desk {
    struct gate_policy policy;
    struct model_store
        store; /* both NULL where there is no home: only the model in the box runs then */
    char audit_folder[HOME_PATH_BYTES];
    struct gate *gate;
    struct log log; /* set before desk_open, or zero */
};

/* A home that is there but damaged is an error: what cannot be looked up is not passed over. */
enum status desk_open(struct desk *ret, const struct args *args, struct error *err);
void desk_close(struct desk *d);

/* On a terminal a new model is added and judged in the open: three lines, and *ret says whether it may run now. Off
 * a terminal, and where the verdict does not say "not pinned", nothing is done. `verdict`: of the refusal. */
enum status desk_first_use(struct desk *d, const char *path, const struct gate_verdict *verdict,
                           bool *ret, struct error *err);
/* What is known of the verdict, for people: the findings, strictest first. */
void desk_report_verdict(struct buf *out, const struct gate_verdict *v);

#endif
