/* The file in which a model's cached pages outlive its worker: found, made, locked.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef GOVERN_GATE_GATE_STORE_H
#define GOVERN_GATE_GATE_STORE_H

#include "base/core/digest.h"
#include "base/core/status.h"
#include "lm/worker/worker_start.h"

/* In `folder` (made if it is missing, for its owner only), one file for each set of model files in the
 * state that they are in; `bytes` long, most of it a hole at first. Nobody else may use it as long as
 * the descriptor, or a copy of it, is open: STATUS_LIMIT says that somebody does. The caller closes
 * ret->fd. */
enum status gate_store_open(struct worker_store *ret, const char *folder, uint64_t bytes,
                            const struct worker_file *files, size_t count, struct error *err);

#endif
