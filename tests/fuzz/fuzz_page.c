/* Fuzz target: foreign text on the dossier's page. Whatever it is, the page has no markup of its making.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/core/utf8.h"
#include "govern/dossier/page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char mark[] = "<span class=\"cp\">U+", end[] = "</span>";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf out = BUF_INIT((size_t)1 << 26);
    struct page p = { .out = &out };
    page_span(&p, (struct span){ (const char *)data, size });
    const char *at = out.data ? out.data : "";
    if (out.failed || !utf8_valid(at, out.len)) abort();
    for (; (at = strpbrk(at, "<>\"'")); at++) {
        if (*at != '<') abort();
        if (strncmp(at, mark, sizeof mark - 1) == 0) at += sizeof mark - 1;
        else if (strncmp(at, end, sizeof end - 1) == 0) at += sizeof end - 1;
        else abort();
        at--; /* the loop goes one further */
    }
    buf_release(&out);
    return 0;
}
