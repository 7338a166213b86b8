/* What a file or an entry of an archive is, and who reads it.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "govern/scan/scan_inner.h"
#include "govern/scan/scan_kind.h"

static void look_at_program(struct scan *s, const struct scan_part *p, const char *words)
{
    scan_add(s, p, SCAN_RULE_PROGRAM, SCAN_DENY, 0, (struct span){ 0 }, "it is %s", words);
}

/* The first line that is no comment tells most of a script. */
static struct span first_line(const struct scan_part *p)
{
    const char *text = (const char *)p->data;
    size_t len = p->len < 200 ? p->len : 200;
    const char *end = len ? memchr(text, '\n', len) : NULL;
    return (struct span){ text, end ? (size_t)(end - text) : len };
}

static void look_at_name(struct scan *s, const struct scan_part *p, enum scan_promise promise)
{
    switch (promise) {
    case PROMISE_PYTHON:
        scan_add(s, p, SCAN_RULE_PYTHON, SCAN_ASK, 0, first_line(p),
                 "Python code: Hearth never runs it; other tools would");
        break;
    case PROMISE_SCRIPT:
        scan_add(s, p, SCAN_RULE_SCRIPT, SCAN_ASK, 0, first_line(p),
                 "a script: Hearth never runs it; people might");
        break;
    case PROMISE_PROGRAM: look_at_program(s, p, "called like a program or library"); break;
    default: break;
    }
}

static void look_inside(struct scan *s, const struct scan_part *p, enum scan_promise promise)
{
    bool named_pickle = promise == PROMISE_PICKLE;
    if (scan_pickle(s, p, named_pickle) || !named_pickle) return;
    scan_add(s, p, SCAN_RULE_UNREADABLE, SCAN_ASK, 0, (struct span){ 0 },
             "it is called like a pickle, but is neither that nor an archive");
}

void scan_look(struct scan *s, const struct scan_part *p)
{
    const char *words;
    enum scan_promise promise = scan_promise(scan_part_name(p));
    enum scan_kind kind = scan_kind(p->data, p->len, &words);
    look_at_name(s, p, promise);
    switch (kind) {
    case KIND_PROGRAM:
        if (promise != PROMISE_PROGRAM) look_at_program(s, p, words);
        break;
    case KIND_SCRIPT:
        if (promise != PROMISE_SCRIPT && promise != PROMISE_PYTHON)
            look_at_name(s, p, PROMISE_SCRIPT);
        break;
    case KIND_ZIP:
    case KIND_TAR:
    case KIND_COMPRESSED:
        scan_add(s, p, SCAN_RULE_ARCHIVE, SCAN_ASK, 0, (struct span){ 0 },
                 "it is %s, which cannot be looked into", words);
        break;
    case KIND_UNKNOWN: look_inside(s, p, promise); break;
    default: break;
    }
}
