/* The near end's own struct, shared by client.c and client_start.c only.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LM_WORKER_CLIENT_INNER_H
#define LM_WORKER_CLIENT_INNER_H

#include "lm/worker/client.h"
#include "lm/worker/frame.h"
#include "lm/worker/worker_process.h"

#define CLIENT_REQUESTS_MAX 1024 /* under way at once */

struct worker {
    struct worker_process process;
    char *label;
    int epoll, wake;
    struct frame_reader in;
    struct buf out;
    size_t sent; /* of out */
    struct json_doc *ready, *body;
    uint64_t *pending; /* [CLIENT_REQUESTS_MAX], in order of submission */
    size_t pending_count;
    uint64_t last_request;
    struct log log;
    bool dead, broken; /* broken: what was read last made no sense */
    struct error death, last_words, event_error;
};

/* Takes the process over on success. */
enum status client_new(struct worker **ret, const char *label, struct worker_process process,
                       struct error *err);
void client_free(struct worker *w);
/* Sends all of a frame, taking in what comes meanwhile. */
enum status client_send(struct worker *w, enum frame_type type, uint64_t request, struct span body,
                        struct error *err);
/* The next frame as it is, its body parsed to w->body (but that of KEEP); *ret_got false: none in
 * time, or a signal came. For the start. */
enum status client_read(struct worker *w, struct frame *ret, bool *ret_got, int timeout_ms,
                        struct error *err);
void client_bury(struct worker *w, const struct error *fault);
enum status client_gone(const struct worker *w, struct error *err);
void client_read_error(const struct json *body, struct error *ret);
void client_take_log(const struct worker *w, const struct json *body);

#endif
