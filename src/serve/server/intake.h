/* Threads that read bodies: parsing a large one must not hold up the HTTP library.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVE_SERVER_INTAKE_H
#define SERVE_SERVER_INTAKE_H

#include "base/core/status.h"

#define INTAKE_QUEUE_MAX 4096

struct intake;
typedef void intake_fn(void *ctx, void *item);

enum status intake_new(struct intake **ret, int thread_count, intake_fn *fn, void *ctx,
                       struct error *err);
/* False: the queue is full or the intake ends; the item is still the caller's. */
_Bool intake_put(struct intake *in, void *item);
/* What is queued is still worked off. */
void intake_free(struct intake *in);

#endif
