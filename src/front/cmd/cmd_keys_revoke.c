/* `hearth keys revoke`: a key ends, and with it what it has under way.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "front/cmd/command.h"
#include "front/cmd/key_folder.h"

static enum status run(const struct args *args, struct error *err)
{
    struct key_store *store;
    struct audit *audit;
    enum status st = key_folder_open_logged(&store, &audit, err);
    if (st) return st;
    st = key_store_revoke(store, args_operand(args, 0), err);
    if (!st) printf("The key %s is revoked.\n", args_operand(args, 0));
    key_store_close(store);
    audit_close(audit);
    return st;
}

const struct command cmd_keys_revoke = {
    .name = "keys revoke",
    .summary = "end a key, by its id or name",
    .operands = "KEY",
    .operands_min = 1,
    .operands_max = 1,
    .about = "A running server sees it within a second; answers under way with the key end with an "
             "error.",
    .run = run,
};
