/* Calls whose arguments are JSON, whatever stands around them.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lm/chat/parse_inner.h"

/* ---- arguments ---- */

void arguments_begin(struct chat_parser *p)
{
    json_scan_init(&p->scan);
    p->reading = READ_START;
}

/* A string of which the first character that is not white space is '{' holds an object in JSON. */
static bool look_object_in_string(struct look *l)
{
    char out[4];
    if (!look_literal(l, "\"")) return false;
    for (;;) {
        int n = look_character(l, out);
        if (n != 1 || !strchr(" \t\r\n{", out[0])) return false;
        if (out[0] == '{') return true;
    }
}

static bool look_none(struct look *l)
{
    return look_literal(l, "null") || look_literal(l, "\"\"");
}

/* White space is passed; what the value is decides how it is read. */
static enum walk start_arguments(struct chat_parser *p)
{
    struct look space = look_from(p), none, text;
    look_space(&space);
    none = text = space;
    if (look_peek(&space) < 0) return space.more ? WALK_MORE : WALK_BROKEN;
    bool is_none = look_none(&none), is_text = look_object_in_string(&text);
    if (none.more || text.more) return WALK_MORE;
    p->at += is_none ? none.at : space.at;
    p->reading = READ_RAW;
    if (is_none) {
        parser_put_text(p, DELTA_ARGUMENTS, "{}");
        return WALK_DONE;
    }
    if (is_text) {
        p->reading = READ_STRING;
        p->at++;
    }
    return arguments_walk(p);
}

static enum walk read_raw(struct chat_parser *p)
{
    const char *bytes = parser_bytes(p);
    size_t left = parser_left(p), n = 0;
    enum json_scan_result r = JSON_SCAN_MORE;
    while (n < left && (r = json_scan_byte(&p->scan, (unsigned char)bytes[n])) == JSON_SCAN_MORE)
        n++;
    n += r == JSON_SCAN_END;
    parser_put(p, DELTA_ARGUMENTS, bytes, n);
    p->at += n;
    if (r == JSON_SCAN_MORE && !p->final) return WALK_MORE;
    bool whole = r != JSON_SCAN_MORE || json_scan_complete(&p->scan);
    return r == JSON_SCAN_BAD || !whole ? WALK_BROKEN : WALK_DONE;
}

static enum walk end_string(struct chat_parser *p)
{
    struct look l = look_from(p);
    look_space(&l);
    enum match m = look_result(&l, look_literal(&l, "\""));
    if (m == MATCH_YES) p->at += l.at;
    return m == MATCH_YES ? WALK_DONE : m == MATCH_NO ? WALK_BROKEN : WALK_MORE;
}

/* The string's characters, escapes undone, are the bytes of the object. */
static enum walk read_string(struct chat_parser *p)
{
    while (p->reading == READ_STRING) {
        struct look l = look_from(p);
        char out[4];
        int n = look_character(&l, out);
        if (l.more) return WALK_MORE;
        if (!n) return WALK_BROKEN;
        for (int i = 0; i < n && p->reading == READ_STRING; i++) {
            enum json_scan_result r = JSON_SCAN_MORE;
            bool before = p->scan.depth == 0 && strchr(" \t\r\n", out[i]) && out[i];
            if (!before) r = json_scan_byte(&p->scan, (unsigned char)out[i]);
            if (r == JSON_SCAN_BAD) return WALK_BROKEN;
            parser_put(p, DELTA_ARGUMENTS, out + i, !before);
            if (r == JSON_SCAN_END) p->reading = READ_STRING_END;
        }
        p->at += l.at;
    }
    return end_string(p);
}

enum walk arguments_walk(struct chat_parser *p)
{
    switch (p->reading) {
    case READ_START: return start_arguments(p);
    case READ_RAW: return read_raw(p);
    case READ_STRING: return read_string(p);
    default: return end_string(p);
    }
}

/* ---- calls ---- */

static step_fn step_arguments, step_tail, step_between;

static struct span text_of(const struct name_text *name)
{
    return (struct span){ name->text, name->len };
}

static void begin_call(struct chat_parser *p, const struct look *l, const struct call_head *head)
{
    size_t end = p->at + l->at;
    struct span none = { "", 0 };
    parser_call(p, text_of(&head->name), head->id.len ? text_of(&head->id) : none);
    arguments_begin(p);
    if (head->arguments == ARGUMENTS_HERE) {
        p->at = end;
        p->step = step_arguments;
        return;
    }
    if (head->arguments == ARGUMENTS_HELD) {
        p->at += head->held.begin;
        arguments_walk(p); /* the look has read it: it is whole */
    } else {
        parser_put_text(p, DELTA_ARGUMENTS, "{}");
    }
    p->at = end;
    parser_call_end(p, none);
    p->step = step_between;
}

static enum step_result step_arguments(struct chat_parser *p)
{
    switch (arguments_walk(p)) {
    case WALK_MORE: return STEP_WAIT;
    case WALK_DONE: p->step = step_tail; return STEP_ON;
    default: text_break(p); return STEP_ON;
    }
}

/* The arguments are whole, so the call is, even where the rest of its markup is not there. */
static enum step_result step_tail(struct chat_parser *p)
{
    struct look l = look_from(p);
    struct name_text id = { .len = 0 };
    enum match m = look_result(&l, p->calls->tail(&l, &id));
    if (m == MATCH_MORE) return STEP_WAIT;
    if (m == MATCH_YES) p->at += l.at;
    else p->unparsed = true;
    parser_call_end(p, m == MATCH_YES ? text_of(&id) : (struct span){ "", 0 });
    p->step = step_between;
    return STEP_ON;
}

static enum step_result step_between(struct chat_parser *p)
{
    struct look l = look_from(p);
    struct call_head head;
    bool closed = false;
    enum match m = look_result(&l, parser_armed(p) && p->calls->next(&l, &head, &closed));
    if (m == MATCH_MORE) return STEP_WAIT;
    if (m == MATCH_YES && !closed) {
        begin_call(p, &l, &head);
        return STEP_ON;
    }
    if (m == MATCH_YES) p->at += l.at;
    text_resume(p, m == MATCH_YES);
    return STEP_ON;
}

enum match calls_begin_as(struct chat_parser *p, const struct json_calls *calls)
{
    struct look l = look_from(p);
    struct call_head head;
    enum match m = look_result(&l, calls->open(&l, &head));
    if (m == MATCH_NO && (l.deep || (l.marked && l.at == parser_left(p)))) p->unparsed = true;
    if (m != MATCH_YES) return m;
    p->calls = calls;
    begin_call(p, &l, &head);
    return m;
}

enum match calls_begin(struct chat_parser *p)
{
    return calls_begin_as(p, p->format->calls);
}
