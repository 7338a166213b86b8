/* Where the audit log lies, and the options of the commands about it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_AUDIT_FOLDER_H
#define FRONT_CMD_AUDIT_FOLDER_H

#include "front/cmd/home.h"
#include "front/cmd/options.h"
#include "govern/audit/audit.h"

extern const struct option_table audit_table; /* --log --key */

/* The log of HEARTH_HOME, for writing. */
enum status audit_folder_open(struct audit **ret, struct error *err);
/* Where that log lies. */
enum status audit_folder_home(char ret[HOME_PATH_BYTES], struct error *err);
/* --log, or the log of HEARTH_HOME. */
enum status audit_folder_path(char ret[HOME_PATH_BYTES], const struct args *args,
                              struct error *err);
/* --key (a key or a file that holds one), or the key that the log names: *ret_given says which. */
enum status audit_folder_key(struct note_key *ret, bool *ret_given, const struct args *args,
                             const char *folder, struct error *err);
enum status audit_folder_view(struct audit_view **ret, const struct args *args, struct error *err);
/* The last checkpoint that was signed on this machine; empty with --log or where there is none. */
enum status audit_folder_head(struct buf *out, const struct args *args, struct error *err);

#endif
