/* Harmony: what gpt-oss writes, messages on channels.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     <|channel|>analysis<|message|>...<|end|>
 *     <|start|>assistant<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>
 *     {"city": "Paris"}<|call|>
 *     <|start|>assistant<|channel|>final<|message|>...<|return|>
 *
 * Line breaks are this comment's. The prompt has written <|start|>assistant of the first message. A
 * message to a recipient is a call, on whatever channel; "functions." is not part of the name. The
 * others are reasoning on the analysis channel and content elsewhere, so a preamble on commentary
 * is content. A newline is put between two messages of one kind. What is sent to `python` is code,
 * not JSON: its arguments are {"code": "..."}. Source: the vendor's description of the format. */
#include <string.h>

#include "base/core/utf8.h"
#include "lm/chat/parse_inner.h"

#define CHANNEL "<|channel|>"
#define MESSAGE "<|message|>"
#define START   "<|start|>"

struct header {
    struct name_text role, channel, recipient;
};

enum body { BODY_CONTENT, BODY_REASONING, BODY_CODE };

static step_fn step_message, step_body, step_call, step_call_end;

static bool is(const struct name_text *name, const char *text)
{
    return span_equals((struct span){ name->text, name->len }, text);
}

/* ---- headers ---- */

/* Up to white space or a special token. */
static bool look_word(struct look *l, struct name_text *ret)
{
    ret->len = 0;
    for (int c = look_peek(l); c > ' ' && c != '<'; c = look_peek(l)) {
        if (ret->len == sizeof ret->text) return false;
        ret->text[ret->len++] = (char)look_byte(l);
    }
    return true;
}

static bool look_header_part(struct look *l, struct header *ret)
{
    struct name_text ignored; /* the type of what follows: json, code */
    look_space(l);
    if (look_literal(l, CHANNEL)) return look_word(l, &ret->channel);
    if (look_literal(l, "<|constrain|>")) return look_word(l, &ignored);
    if (look_literal(l, "to=")) return look_word(l, &ret->recipient) && ret->recipient.len > 0;
    return look_peek(l) != '<' && look_word(l, &ignored) && ignored.len > 0;
}

/* From <|start|> or, at the beginning of the text, behind it, through <|message|>. */
static bool look_header(struct look *l, struct header *ret)
{
    *ret = (struct header){ .role.len = 0 };
    look_space(l);
    if (look_literal(l, START)) {
        l->marked = l->deep = true;
        if (!look_word(l, &ret->role)) return false;
    } else {
        struct look channel = *l, recipient = *l, message = *l;
        bool token = look_literal(&channel, CHANNEL) || look_literal(&message, MESSAGE);
        bool known = token || look_literal(&recipient, "to=");
        l->more = channel.more || recipient.more || message.more;
        l->deep = token;
        if (!known) return false;
    }
    while (!look_literal(l, MESSAGE))
        if (!look_header_part(l, ret)) return false;
    return true;
}

/* ---- bodies ---- */

static void begin_body(struct chat_parser *p, enum body kind)
{
    p->message = kind;
    p->began = false;
    p->step = step_body;
    memset(&p->code, 0, sizeof p->code);
    p->code.line_start = true;
}

static void begin_call(struct chat_parser *p, const struct name_text *recipient)
{
    static const char prefix[] = "functions.";
    struct span name = { recipient->text, recipient->len };
    if (name.len > sizeof prefix - 1 && memcmp(name.data, prefix, sizeof prefix - 1) == 0) {
        name.data += sizeof prefix - 1;
        name.len -= sizeof prefix - 1;
    }
    parser_call(p, name, (struct span){ "", 0 });
    arguments_begin(p);
    p->step = step_call;
    if (is(recipient, "python")) {
        parser_put_text(p, DELTA_ARGUMENTS, "{\"code\": \"");
        begin_body(p, BODY_CODE);
    }
}

static void begin_message(struct chat_parser *p, const struct header *h)
{
    bool own = !h->role.len || is(&h->role, "assistant");
    if (!own) p->unparsed = true; /* the model plays somebody else */
    if (own && h->recipient.len && parser_armed(p)) begin_call(p, &h->recipient);
    else
        begin_body(p, own && is(&h->channel, "analysis") && !h->recipient.len ? BODY_REASONING
                                                                              : BODY_CONTENT);
}

static bool look_end(struct look *l)
{
    return look_literal(l, "<|end|>") || look_literal(l, "<|call|>") ||
           look_literal(l, "<|return|>");
}

/* Where a message may begin: at the beginning, and behind the end of one. */
static enum step_result step_message(struct chat_parser *p)
{
    struct look l = look_from(p);
    struct header h;
    enum match m = look_result(&l, look_header(&l, &h));
    if (m == MATCH_MORE || !parser_left(p)) return STEP_WAIT;
    if (m == MATCH_YES) {
        p->at += l.at;
        begin_message(p, &h);
        return STEP_ON;
    }
    struct look rest = look_from(p);
    look_space(&rest);
    if (rest.at == parser_left(p) && (p->spoken || p->thought || p->call_count)) {
        p->at += rest.at; /* white space behind the last message */
        return STEP_WAIT;
    }
    p->unparsed = p->unparsed || l.deep;
    begin_body(p, BODY_CONTENT);
    return STEP_ON;
}

/* ---- inside a body ---- */

/* In code, an end is one only when the next message follows, or nothing. */
static bool look_body_end(struct look *l, bool quoted)
{
    struct look end = *l;
    if (!look_end(&end)) {
        l->more = end.more;
        return false;
    }
    if (quoted) {
        struct look next = end;
        look_space(&next);
        bool follows = look_literal(&next, START) || look_peek(&next) < 0;
        l->more = next.more;
        if (!follows || next.more) return false;
    }
    *l = end;
    return true;
}

static enum match end_body(struct chat_parser *p)
{
    bool quoted = p->message == BODY_CONTENT && text_in_code(p);
    struct look l = look_from(p), next = l, mark = l;
    struct header h;
    bool ends = look_body_end(&l, quoted);
    /* A message that begins without the end of the one before. */
    bool begins = !ends && !quoted &&
                  (look_literal(&next, START) || look_literal(&next, CHANNEL)) &&
                  look_header(&mark, &h);
    next.more = next.more || mark.more;
    if (l.more || (!ends && next.more)) return MATCH_MORE;
    if (!ends && !begins) return MATCH_NO;
    p->at += ends ? l.at : 0;
    if (p->message == BODY_CODE) {
        parser_put_text(p, DELTA_ARGUMENTS, "\"}");
        parser_call_end(p, (struct span){ "", 0 });
    }
    p->step = step_message;
    return MATCH_YES;
}

/* Bytes of the character that begins here; 0: not all of it is there. */
static size_t character_bytes(const struct chat_parser *p)
{
    uint32_t code;
    size_t left = parser_left(p);
    int n = utf8_decode(parser_bytes(p), left, &code);
    if (n) return (size_t)n;
    return !p->final && utf8_incomplete_tail(parser_bytes(p), left) == left ? 0 : 1;
}

static void put_body(struct chat_parser *p, const char *bytes, size_t len)
{
    enum delta_kind kind = p->message == BODY_REASONING ? DELTA_REASONING : DELTA_CONTENT;
    bool *said = p->message == BODY_REASONING ? &p->thought : &p->spoken;
    if (p->message == BODY_CODE) {
        parser_put_escaped(p, bytes, len);
        return;
    }
    if (!p->began && *said) parser_put_text(p, kind, "\n");
    p->began = *said = true;
    for (size_t i = 0; i < len; i++)
        text_follow_code(p, bytes[i]);
    parser_put(p, kind, bytes, len);
}

static enum step_result step_body(struct chat_parser *p)
{
    while (parser_left(p) && !p->status) {
        const char *bytes = parser_bytes(p);
        if (*bytes == '<') {
            text_end_run(p, '<');
            enum match m = end_body(p);
            if (m == MATCH_MORE) return STEP_WAIT;
            if (m == MATCH_YES) return STEP_ON;
        }
        size_t n = character_bytes(p);
        if (!n) return STEP_WAIT;
        put_body(p, bytes, n);
        p->at += n;
    }
    if (p->final && p->message == BODY_CODE) p->unparsed = true;
    return STEP_WAIT;
}

/* ---- calls ---- */

static bool look_call_end(struct look *l)
{
    look_space(l);
    return look_end(l);
}

static enum step_result step_call(struct chat_parser *p)
{
    if (p->reading == READ_START) {
        struct look l = look_from(p);
        enum match m = look_result(&l, look_call_end(&l));
        if (m == MATCH_MORE) return STEP_WAIT;
        if (m == MATCH_YES) {
            parser_put_text(p, DELTA_ARGUMENTS, "{}");
            p->step = step_call_end;
            return STEP_ON;
        }
    }
    enum walk w = arguments_walk(p);
    if (w == WALK_MORE) return STEP_WAIT;
    p->step = step_call_end;
    if (w == WALK_BROKEN) {
        p->unparsed = true;
        begin_body(p, BODY_CONTENT);
    }
    return STEP_ON;
}

/* The arguments are whole; what stands before the message's end was not to be there. */
static enum step_result step_call_end(struct chat_parser *p)
{
    struct look l = look_from(p);
    enum match m = look_result(&l, look_call_end(&l));
    if (m == MATCH_MORE) return STEP_WAIT;
    parser_call_end(p, (struct span){ "", 0 });
    p->step = step_message;
    p->at += l.at; /* without the end it is white space */
    if (m == MATCH_NO && parser_left(p)) p->unparsed = true;
    return STEP_ON;
}

static enum step_result start(struct chat_parser *p)
{
    if (p->open == PROMPT_OPEN_THINK) begin_body(p, BODY_REASONING);
    else p->step = step_message;
    return STEP_ON;
}

/* `tail` is what the prompt holds behind its last <|start|>assistant: an open message, or less. */
static enum prompt_open prompt_open(struct span tail)
{
    size_t body = parse_behind_last(tail, MESSAGE);
    if (parse_behind_last(tail, "<|end|>") >= body) return PROMPT_OPEN_NOTHING;
    struct span head = { tail.data, body };
    bool thinks = parse_behind_last(head, CHANNEL "analysis") && !parse_behind_last(head, " to=");
    return thinks ? PROMPT_OPEN_THINK : PROMPT_OPEN_NOTHING;
}

const struct parse_format format_harmony = {
    .name = "harmony",
    .summary = "channels and recipients: gpt-oss",
    .aliases = (const char *const[]){ "openai", "gpt-oss", "gptoss", NULL },
    .ends = (const char *const[]){ NULL }, /* they are markup */
    .written = (const char *const[]){ START, CHANNEL, MESSAGE, NULL },
    .start = start,
    .prompt_open = prompt_open,
};
