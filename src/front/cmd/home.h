/* Where Hearth keeps its own files.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_HOME_H
#define FRONT_CMD_HOME_H

#include <stdbool.h>
#include <stddef.h>

#define HOME_PATH_BYTES 4096

/* HEARTH_HOME, or ~/.local/share/hearth; false when neither can be said (no HOME, or too long). */
bool home_path(char out[HOME_PATH_BYTES]);
/* HEARTH_HOME, made if it is missing. */
bool home_folder(char out[HOME_PATH_BYTES]);
/* <home>/tokenizers, made if it is missing; false (no cache then) when that is not possible. */
bool home_tokenizer_cache(char out[HOME_PATH_BYTES]);
/* The same for <home>/kv, where cached pages are kept. */
bool home_page_store(char out[HOME_PATH_BYTES]);

#endif
