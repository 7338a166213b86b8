/* hearth.yaml to settings, against a table of what may stand there.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   default_model: ember
 *   models:
 *     ember:
 *       path: models/ember        # beside the file when it is not absolute; or the alias of a stored model
 *       aliases: [gpt-4o-mini]
 *       preload: true             # at the start; others when they are first asked for
 *       unload_after_seconds: 600 # idle; 0 is never
 *       context: 8192
 *       threads: 4
 *       cache: f16
 *       queue: 256                # requests at once
 *   limits:
 *     body_bytes: 16777216
 *
 * A key that is not known is an error with its line; so is a value of the wrong kind. */
#ifndef SERVE_SERVER_SERVER_CONFIG_H
#define SERVE_SERVER_SERVER_CONFIG_H

#include "base/core/status.h"
#include "serve/server/server.h"

/* Adds what the file says to `s`, which was initialised; on failure `s` is half filled. */
enum status server_config_read(struct server_settings *s, const char *path, struct error *err);
/* The same of a text; `folder` is where relative paths begin. */
enum status server_config_parse(struct server_settings *s, const char *text, size_t len,
                                const char *what, const char *folder, struct error *err);

#endif
