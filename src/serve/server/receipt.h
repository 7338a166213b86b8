/* Signed receipts: which model answered what, under which policy, as a note that a client can keep and check.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Asked for by the request header "Hearth-Receipt: 1". The text is canonical JSON (govern/audit/canonical.h; what the
 * members mean, and what exactly is hashed: docs/receipts.md) and a newline, signed as a note with the key of the audit
 * log. It holds no text of the request or the answer, only their hashes. Receipts are kept in memory, within bounds,
 * for whoever has the same tenant. A receipt in the making belongs to its call. */
#ifndef SERVE_SERVER_RECEIPT_H
#define SERVE_SERVER_RECEIPT_H

#include "base/core/json_write.h"
#include "govern/audit/audit.h"
#include "govern/gate/verdict.h"
#include "lm/worker/client.h"
#include "serve/server/shape_store.h"

#define RECEIPT_HEADER    "Hearth-Receipt"
#define RECEIPT_ID_HEADER "Hearth-Receipt-Id"
#define RECEIPT_HEADER_MAX \
    4096 /* bytes of its base64 that go into a header; longer ones are fetched */
#define RECEIPT_KEPT_MAX     ((size_t)4096)
#define RECEIPT_BYTES_MAX    ((size_t)16 << 20) /* of all that are kept */
#define RECEIPT_KEPT_SECONDS 3600
#define RECEIPT_NOTE_MAX     ((size_t)64 << 10) /* of one */

struct call;
struct receipt; /* in the making */

/* `request`: the body as it came. `answer_count`: of prompts and choices. */
enum status receipt_new(struct receipt **ret, struct span request, int answer_count,
                        struct error *err);
void receipt_free(struct receipt *r); /* NULL is fine */
/* A WORKER_DELTA or WORKER_DONE of answer `index`. */
enum status receipt_event(struct receipt *r, int index, const struct worker_event *event,
                          struct error *err);
/* The end: appends the note, and keeps it under the call's request id. */
enum status receipt_sign(struct receipt *r, const struct call *c, struct buf *out,
                         struct error *err);

/* What the gate said of what answers, as a JSON object {"alias", "digest", "policy": {...}} for receipt_sign: appends
 * it. */
enum status receipt_origin(struct buf *out, const struct gate_verdict *v, struct error *err);

/* Appends a note that was kept; *ret_found false: there is none, or it is too old. */
enum status receipt_find(struct shape_store *kept, const char *tenant, const char *id,
                         struct buf *out, bool *ret_found, struct error *err);

#endif
