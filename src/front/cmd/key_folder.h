/* The store of keys in HEARTH_HOME, for the commands about them.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_KEY_FOLDER_H
#define FRONT_CMD_KEY_FOLDER_H

#include "serve/server/keys.h"

enum status key_folder_open(struct key_store **ret, struct error *err);
/* To change them: what is done goes to the audit log of HEARTH_HOME. *ret_audit is closed after the store. */
enum status key_folder_open_logged(struct key_store **ret, struct audit **ret_audit,
                                   struct error *err);

#endif
