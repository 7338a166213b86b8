/* What configuration a server ran with, in the audit log: one entry each time that it is another.
 * SPDX-License-Identifier: Apache-2.0
 *
 * {"accepted": bool, "command": "serve", "digest": SHA-256 of the file's bytes in hex, or null without a file (or one
 * that cannot be read)}. A log that cannot be written stops no running server: it is said in the server's own log. */
#ifndef FRONT_CMD_CONFIG_LOG_H
#define FRONT_CMD_CONFIG_LOG_H

#include "base/core/log.h"
#include "govern/audit/audit.h"

#define CONFIG_LOOK_BACK_MAX 20000 /* entries that are read to find the last one of this kind */

struct config_log {
    struct audit *audit; /* NULL: the log cannot be opened, which was said */
    char last[2 *
              SHA256_HEX_BYTES]; /* of the last entry, as config_log_note compares them; "": none */
    char digest[SHA256_HEX_BYTES]; /* of the file when it was read last; "": none */
};

/* Finds the last such entry of the log of HEARTH_HOME. */
void config_log_open(struct config_log *ret, const struct log *log);
void config_log_close(struct config_log *c);
/* Before the file is read: takes its digest. `path` NULL: there is none. */
void config_log_look(struct config_log *c, const char *path);
/* What was looked at was taken, or refused. */
void config_log_note(struct config_log *c, bool accepted, const struct log *log);

#endif
