/* One request to a worker, followed to its end.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_REQUEST_H
#define FRONT_CMD_REQUEST_H

#include "front/cmd/progress_bar.h"
#include "lm/worker/client.h"

/* Called with each delta and with the event that ends the request well; an error cancels it. */
typedef enum status request_fn(void *ctx, const struct worker_event *event, struct error *err);

/* Waits for the request to end, which is the only one under way. Progress moves the bar, which is
 * cleared before `fn` is called. Ctrl-C cancels: STATUS_CANCELLED without words, after `fn` has seen
 * the end. Fails with the worker's words where it gives an error or dies. */
enum status request_follow(struct worker *w, uint64_t request, struct progress_bar *bar,
                           request_fn *fn, void *ctx, struct error *err);

#endif
