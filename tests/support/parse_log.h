/* Deltas of a parser written down as one text, so that two runs can be compared.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Deltas of one kind that follow each other are one entry, because where they are cut is up to
 * the parser. The log also holds what the deltas join to. It checks what every client relies on:
 * calls are numbered from 0 without gaps, arguments belong to the last call that began, nothing
 * follows a call's end, what is called whole is JSON, and characters are not cut. */
#ifndef TESTS_SUPPORT_PARSE_LOG_H
#define TESTS_SUPPORT_PARSE_LOG_H

#include "base/core/buf.h"
#include "lm/chat/parse.h"

struct parse_log_call {
    struct buf name, id, arguments;
    bool whole;
};
struct parse_log {
    struct buf events; /* "content text" and so on, one entry after the other, \1 between */
    struct buf content, reasoning;
    struct parse_log_call calls[PARSE_CALLS_MAX];
    int call_count;
    int last_kind;
    bool unparsed;
    bool may_cut;      /* the text is not valid UTF-8 */
    const char *fault; /* what a client could not live with; NULL: nothing */
};

/* Parses text[0..len) in pieces that end at each of `cuts` (ascending), or of `piece` bytes when
 * there are no cuts; piece 0: all at once. The log is to be released. */
struct parse_log *parse_log_make(const struct chat_parser_options *options, const char *text,
                                 size_t len, const size_t *cuts, size_t cut_count, size_t piece);
void parse_log_free(struct parse_log *log);

#endif
