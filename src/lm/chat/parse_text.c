/* Content and reasoning: think tags, white space that belongs to markup, markers that are quoted.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reasoning stands at the beginning or nowhere. In content a call may begin at any of the format's
 * triggers, except inside Markdown code: a span between equal runs of backticks on one line, or a
 * block between fences. Content's white space is held until it is known what it stands before. */
#include <string.h>

#include "lm/chat/parse_inner.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* ---- the beginning ---- */

void text_begin_reasoning(struct chat_parser *p)
{
    p->began = false;
    p->newlines = 0;
    p->step = text_reasoning;
}

void text_begin_content(struct chat_parser *p)
{
    memset(&p->code, 0, sizeof p->code);
    p->code.line_start = true;
    p->step = text_content;
}

enum step_result text_start(struct chat_parser *p)
{
    struct look l = look_from(p);
    bool open = p->open == PROMPT_OPEN_THINK && p->format->think_open;
    enum match m = MATCH_NO;
    if (p->format->think_open && !p->no_reasoning) {
        look_space(&l);
        m = look_result(&l, look_literal(&l, p->format->think_open));
    }
    if (m == MATCH_MORE) return STEP_WAIT;
    /* A model whose prompt opened the tag may write it again. */
    if (m == MATCH_YES) p->at += l.at;
    p->began = true;
    if (m == MATCH_YES || open) text_begin_reasoning(p);
    else text_begin_content(p);
    return STEP_ON;
}

/* ---- reasoning ---- */

static void put_newlines(struct chat_parser *p)
{
    for (; p->newlines; p->newlines--)
        parser_put(p, DELTA_REASONING, "\n", 1);
}

static void end_reasoning(struct chat_parser *p)
{
    p->newlines = 0;
    p->began = false; /* newlines up to the content are the tag's */
    text_begin_content(p);
}

enum step_result text_reasoning(struct chat_parser *p)
{
    while (parser_left(p)) {
        char c = *parser_bytes(p);
        if (c == *p->format->think_close) {
            struct look l = look_from(p);
            enum match m = look_result(&l, look_literal(&l, p->format->think_close));
            if (m == MATCH_MORE) return STEP_WAIT;
            if (m == MATCH_YES) {
                p->at += l.at;
                end_reasoning(p);
                return STEP_ON;
            }
        }
        p->at++;
        if (c == '\n') {
            p->newlines += p->began;
            continue;
        }
        p->began = true;
        put_newlines(p);
        parser_put(p, DELTA_REASONING, &c, 1);
    }
    if (p->final) put_newlines(p);
    return STEP_WAIT;
}

/* ---- Markdown code ---- */

/* A run of backticks is over when something else comes. */
void text_end_run(struct chat_parser *p, char next)
{
    size_t run = p->code.run;
    p->code.run = 0;
    if (!run) return;
    if (p->code.fence) {
        bool bare = is_space(next); /* a fence that closes has no words behind it */
        if (p->code.run_at_start && run >= p->code.fence && bare) p->code.fence = 0;
    } else if (p->code.span) {
        if (run == p->code.span) p->code.span = 0;
    } else if (p->code.run_at_start && run >= 3) {
        p->code.fence = run;
    } else {
        p->code.span = run;
    }
}

void text_follow_code(struct chat_parser *p, char c)
{
    if (c == '`') {
        if (!p->code.run++) p->code.run_at_start = p->code.line_start;
        p->code.line_start = false;
        return;
    }
    if (c == '\n') {
        p->code.span = 0; /* a span that its line did not close was none */
        p->code.indent = 0;
        p->code.line_start = true;
        return;
    }
    bool indent = c == ' ' && p->code.indent++ < 3;
    p->code.line_start = p->code.line_start && indent;
}

bool text_in_code(const struct chat_parser *p)
{
    return p->code.span || p->code.fence;
}

/* ---- content ---- */

static void put_space(struct chat_parser *p)
{
    parser_put(p, DELTA_CONTENT, p->space.data, p->space.len);
    buf_clear(&p->space);
}

static void content_byte(struct chat_parser *p, char c)
{
    text_follow_code(p, c);
    if (!p->began && c == '\n') return;
    p->began = true;
    if (is_space(c)) {
        if (p->space.len == PARSE_HELD_BYTES_MAX) put_space(p);
        if (!buf_byte(&p->space, c)) parser_fail(p, buf_check(&p->space, "white space", p->err));
        return;
    }
    if (p->space.len) put_space(p);
    p->after_call = false;
    p->spoken = true;
    parser_put(p, DELTA_CONTENT, &c, 1);
}

static enum match drop(struct chat_parser *p, const char *const *markup)
{
    for (; markup && *markup; markup++) {
        struct look l = look_from(p);
        enum match m = look_result(&l, look_literal(&l, *markup));
        if (m == MATCH_YES) p->at += l.at;
        if (m != MATCH_NO) return m;
    }
    return MATCH_NO;
}

static enum match markup(struct chat_parser *p)
{
    const struct parse_format *f = p->format;
    char c = *parser_bytes(p);
    if (!c || !f->triggers || !strchr(f->triggers, c)) return MATCH_NO;
    enum match m = drop(p, f->drops); /* these are tokens, in code too */
    if (m != MATCH_NO || text_in_code(p)) return m;
    if (p->closers) m = drop(p, f->closers); /* of the call that broke */
    if (m == MATCH_NO && f->begin && parser_armed(p)) m = f->begin(p);
    return m;
}

enum step_result text_content(struct chat_parser *p)
{
    while (parser_left(p) && !p->status) {
        char c = *parser_bytes(p);
        if (c != '`') text_end_run(p, c);
        enum match m = markup(p);
        if (m == MATCH_MORE) return STEP_WAIT;
        if (m == MATCH_YES) {
            buf_clear(&p->space);
            p->after_call = true;
            return STEP_ON;
        }
        content_byte(p, c);
        p->at++;
    }
    if (p->final && !p->after_call && p->space.len) put_space(p);
    return STEP_WAIT;
}

void text_resume(struct chat_parser *p, bool clean)
{
    p->closers = !clean;
    text_begin_content(p);
}

void text_break(struct chat_parser *p)
{
    p->unparsed = true;
    text_resume(p, false);
}
