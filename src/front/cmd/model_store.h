/* The store of models in HEARTH_HOME, for the commands about it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_MODEL_STORE_H
#define FRONT_CMD_MODEL_STORE_H

#include "base/core/buf.h"
#include "front/cmd/options.h"
#include "front/cmd/report.h"
#include "govern/registry/registry.h"

extern const struct option_table lock_table; /* --lock */

struct model_store {
    struct audit *audit;
    struct registry *registry;
};

/* The lock is that of --lock; else hearth.lock in the working folder, if that or hearth.yaml is there; else the
 * one in HEARTH_HOME. `logged`: what is done goes to the audit log, which must be whole; commands that only
 * look do without. */
enum status model_store_open(struct model_store *ret, const struct args *args, bool logged,
                             struct error *err);
enum status model_store_homeless(struct error *err); /* what is said where there is no home */
void model_store_close(struct model_store *s);
/* registry_find with words that name what is near. */
enum status model_store_find(struct model_store *s, const char *alias, struct registry_model *ret,
                             struct error *err);
/* Facts that all commands about a model print. */
void model_store_report(struct report *r, const struct registry_model *m);
/* "2026-01-31T12:00:00Z" */
void model_store_time(char ret[32], int64_t unix_ms);
uint64_t model_store_bytes(const struct registry_model *m);

#endif
