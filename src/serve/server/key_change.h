/* The audit log's entry of a change to the keys.
 * SPDX-License-Identifier: Apache-2.0
 *
 * {"action": "add" | "revoke", "capabilities": [text], "id": text, "limits": {what is limited: int}, "models": [text],
 *  "name": keyed hash, "priority": text, "tenant": keyed hash, or missing}. The labels of the hashes (audit_hash) are
 * "key name" and "key tenant". */
#ifndef SERVE_SERVER_KEY_CHANGE_H
#define SERVE_SERVER_KEY_CHANGE_H

#include "govern/audit/audit.h"
#include "serve/server/keys.h"

/* `audit` NULL: nothing is logged. */
enum status key_change_log(struct audit *audit, const char *action, const char *id,
                           const struct key_grant *grant, struct error *err);

#endif
