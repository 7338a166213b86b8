/* The server's page: files compiled in, with the headers they are served under.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The page works offline and calls nobody but its own server: UI_CONTENT_POLICY makes the browser see
 * to that. Adding a file is one line in ui_files.txt. */
#ifndef SERVE_UI_UI_H
#define SERVE_UI_UI_H

#include <stddef.h>

struct ui_file {
    const char *path; /* "/ui/page.js" */
    const char *type; /* Content-Type */
    const unsigned char *data;
    size_t len;
};
extern const struct ui_file ui_files[];
extern const size_t ui_file_count;

const struct ui_file *ui_file_find(const char *path); /* NULL: there is none */

/* Content-Security-Policy of every file. */
#define UI_CONTENT_POLICY                                                                   \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src " \
    "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

#endif
