/* The page for people, and the files it is made of.
 * SPDX-License-Identifier: Apache-2.0 */
#include "serve/server/server_inner.h"
#include "serve/ui/ui.h"

void route_page(struct server *s, struct call *c)
{
    static const struct http_line lines[] = {
        { "Content-Security-Policy", UI_CONTENT_POLICY },
        { "Referrer-Policy", "no-referrer" },
        { "Cross-Origin-Opener-Policy", "same-origin" },
    };
    const char *path = http_path(c->exchange);
    const struct ui_file *file = ui_file_find(path);
    struct api_error e;
    if (!file) {
        api_error_make(&e, 404, "not_found_error", NULL, "the page has no file %.80s", path);
        call_fail(c, &e, 0);
        return;
    }
    struct buf body = BUF_INIT(file->len + 1);
    buf_append(&body, file->data, file->len);
    if (body.failed) {
        api_error_make(&e, 503, "server_error", NULL, "no memory for the answer");
        call_fail(c, &e, 1);
    } else {
        call_reply_with(c, 200, file->type, lines, sizeof lines / sizeof *lines, &body);
    }
    buf_release(&body);
}
