/* Lines that a person types: editing, history and completion on a terminal, plain lines elsewhere.
 * SPDX-License-Identifier: Apache-2.0
 *
 * On a terminal, text that is pasted stays one input, however many lines it has; Alt-Enter begins a new
 * line, and so does a backslash at the end of one. */
#ifndef FRONT_CMD_LINE_EDITOR_H
#define FRONT_CMD_LINE_EDITOR_H

#include "base/core/buf.h"

#define LINE_BYTES_MAX    ((size_t)64 << 20)
#define LINE_HISTORY_MAX  1000
#define LINE_PROMPT_BYTES 256

struct line_editor;

struct line_editor_options {
    const char *history_path;       /* read now, written by line_editor_free; NULL: none */
    const char *const *completions; /* words that Tab completes at the start; ends with NULL */
};
enum status line_editor_new(struct line_editor **ret, const struct line_editor_options *options,
                            struct error *err);
void line_editor_free(struct line_editor *e);

enum line_result {
    LINE_READ,
    LINE_CANCELLED, /* Ctrl-C on a terminal: what was typed is gone */
    LINE_END,       /* Ctrl-D, or the end of the file */
};
/* One input without its last newline. `prompt` is shown on a terminal only. */
enum status line_editor_read(struct line_editor *e, const char *prompt, struct buf *out,
                             enum line_result *ret, struct error *err);

#endif
