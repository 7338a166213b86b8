/* Deltas of a parser written down as one text.
 * SPDX-License-Identifier: Apache-2.0 */
#include "support/parse_log.h"

#include <stdlib.h>
#include <string.h>

#include "base/core/utf8.h"
#include "lm/chat/parse_json.h"

#define LOG_BYTES_MAX ((size_t)1 << 26)

static void fault(struct parse_log *log, const char *words)
{
    if (!log->fault) log->fault = words;
}

static void entry(struct parse_log *log, const struct chat_delta *d)
{
    bool joins =
        d->kind == DELTA_CONTENT || d->kind == DELTA_REASONING || d->kind == DELTA_ARGUMENTS;
    if (!joins || log->last_kind != (int)d->kind) buf_format(&log->events, "\1%d ", (int)d->kind);
    buf_append(&log->events, d->text.data, d->text.len);
    if (d->id.len) buf_format(&log->events, "\2%.*s", (int)d->id.len, d->id.data);
    log->last_kind = (int)d->kind;
}

static enum status on_delta(void *ctx, const struct chat_delta *d, struct error *err)
{
    struct parse_log *log = ctx;
    struct parse_log_call *call = log->call_count ? &log->calls[log->call_count - 1] : NULL;
    entry(log, d);
    if (d->kind != DELTA_CALL_END && !d->text.len) fault(log, "an empty delta");
    if (!log->may_cut && !utf8_valid(d->text.data, d->text.len)) fault(log, "a character was cut");
    switch (d->kind) {
    case DELTA_CONTENT: buf_append(&log->content, d->text.data, d->text.len); break;
    case DELTA_REASONING: buf_append(&log->reasoning, d->text.data, d->text.len); break;
    case DELTA_CALL:
        if (d->call != log->call_count) fault(log, "a call's number is not the next");
        if (log->call_count == PARSE_CALLS_MAX) {
            fault(log, "too many calls");
            break;
        }
        call = &log->calls[log->call_count++];
        call->name = call->id = call->arguments = BUF_INIT(LOG_BYTES_MAX);
        buf_append(&call->name, d->text.data, d->text.len);
        buf_append(&call->id, d->id.data, d->id.len);
        break;
    case DELTA_ARGUMENTS:
        if (!call || d->call != log->call_count - 1 || call->whole)
            fault(log, "arguments outside of a call");
        else buf_append(&call->arguments, d->text.data, d->text.len);
        break;
    case DELTA_CALL_END:
        if (!call || d->call != log->call_count - 1 || call->whole) {
            fault(log, "the end of no call");
            break;
        }
        call->whole = true;
        buf_append(&call->id, d->id.data, d->id.len);
        if (!json_scan_text(call->arguments.data ? call->arguments.data : "", call->arguments.len))
            fault(log, "a whole call's arguments are not JSON");
        break;
    }
    return STATUS_OK;
}

struct parse_log *parse_log_make(const struct chat_parser_options *options, const char *text,
                                 size_t len, const size_t *cuts, size_t cut_count, size_t piece)
{
    struct parse_log *log = calloc(1, sizeof *log);
    struct chat_parser_options own = *options;
    struct chat_parser *p = NULL;
    struct error err;
    if (!log) abort();
    log->last_kind = -1;
    log->events = log->content = log->reasoning = BUF_INIT(LOG_BYTES_MAX);
    log->may_cut = !utf8_valid(text, len);
    own.fn = on_delta;
    own.ctx = log;
    if (chat_parser_new(&p, &own, &err)) abort();
    for (size_t at = 0, i = 0; at < len; i++) {
        size_t end = i < cut_count ? cuts[i] : cut_count || !piece ? len : at + piece;
        if (end > len) end = len;
        if (end > at && chat_parser_feed(p, (struct span){ text + at, end - at }, &err))
            fault(log, "feed failed");
        at = end;
    }
    if (chat_parser_finish(p, &err)) fault(log, "finish failed");
    if (chat_parser_calls(p) != log->call_count) fault(log, "the number of calls is wrong");
    log->unparsed = chat_parser_unparsed(p);
    buf_format(&log->events, "\1%s", log->unparsed ? "unparsed" : "parsed");
    chat_parser_free(p);
    return log;
}

void parse_log_free(struct parse_log *log)
{
    for (int i = 0; log && i < log->call_count; i++) {
        buf_release(&log->calls[i].name);
        buf_release(&log->calls[i].id);
        buf_release(&log->calls[i].arguments);
    }
    if (!log) return;
    buf_release(&log->events);
    buf_release(&log->content);
    buf_release(&log->reasoning);
    free(log);
}
