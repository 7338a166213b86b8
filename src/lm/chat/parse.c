/* Parsers of what models write: the formats, input in, deltas out.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/chat/parse.h"

#include <string.h>

#include "base/core/mem.h"
#include "base/core/utf8.h"
#include "lm/chat/parse_inner.h"

/* A piece, what a look may hold, what may be the turn's end, and a byte of room. */
#define INPUT_BYTES_MAX (PARSE_PIECE_BYTES + PARSE_HELD_BYTES_MAX + PARSE_TAIL_BYTES_MAX + 64)

#define FORMAT(symbol) extern const struct parse_format format_##symbol;
#include "lm/chat/format_list.h"
#undef FORMAT

static const struct parse_format *const FORMATS[] = {
#define FORMAT(symbol) &format_##symbol,
#include "lm/chat/format_list.h"
#undef FORMAT
};
#define FORMAT_COUNT (sizeof FORMATS / sizeof *FORMATS)

/* ---- formats ---- */

size_t parse_format_count(void)
{
    return FORMAT_COUNT;
}

const struct parse_format *parse_format_at(size_t i)
{
    return i < FORMAT_COUNT ? FORMATS[i] : NULL;
}

static char folded(char c)
{
    if (c == '_') return '-';
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static bool same_name(const char *a, const char *b)
{
    for (; *a && folded(*a) == folded(*b); a++)
        b++;
    return !*a && !*b;
}

const struct parse_format *parse_format_find(const char *name)
{
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        if (same_name(FORMATS[i]->name, name)) return FORMATS[i];
        for (const char *const *alias = FORMATS[i]->aliases; *alias; alias++)
            if (same_name(*alias, name)) return FORMATS[i];
    }
    return NULL;
}

const char *parse_format_name(const struct parse_format *f)
{
    return f->name;
}

bool parse_format_think(const struct parse_format *f, const char **ret_open, const char **ret_close)
{
    if (!f->think_open) return false;
    *ret_open = f->think_open;
    *ret_close = f->think_close;
    return true;
}

const char *parse_format_summary(const struct parse_format *f)
{
    return f->summary;
}

/* ---- deltas out ---- */

void parser_fail(struct chat_parser *p, enum status s)
{
    if (!p->status) p->status = s;
}

static void give(struct chat_parser *p, const struct chat_delta *delta)
{
    if (!p->status) parser_fail(p, p->fn(p->ctx, delta, p->err));
}

/* Gives out what is ready; without `whole` the beginning of a character stays. */
static void flush(struct chat_parser *p, bool whole)
{
    size_t kept = whole ? 0 : utf8_incomplete_tail(p->out.data ? p->out.data : "", p->out.len);
    size_t len = p->out.len - kept;
    if (!len) return;
    bool arguments = p->out_kind == DELTA_ARGUMENTS;
    give(p, &(struct chat_delta){ .kind = p->out_kind,
                                  .call = arguments ? p->call_count - 1 : 0,
                                  .text = { p->out.data, len },
                                  .id = { "", 0 } });
    memmove(p->out.data, p->out.data + len, kept);
    p->out.len = kept;
}

void parser_put(struct chat_parser *p, enum delta_kind kind, const char *bytes, size_t len)
{
    if (kind != p->out_kind) flush(p, true);
    p->out_kind = kind;
    while (len) {
        size_t n = len < PARSE_PIECE_BYTES ? len : PARSE_PIECE_BYTES;
        if (p->out.len + n > PARSE_PIECE_BYTES) flush(p, false);
        if (!buf_append(&p->out, bytes, n)) {
            parser_fail(p, buf_check(&p->out, "a delta", p->err));
            return;
        }
        bytes += n;
        len -= n;
    }
}

void parser_put_text(struct chat_parser *p, enum delta_kind kind, const char *text)
{
    parser_put(p, kind, text, strlen(text));
}

void parser_call(struct chat_parser *p, struct span name, struct span id)
{
    flush(p, true);
    p->after_call = true;
    p->call_count++;
    give(p, &(struct chat_delta){ .kind = DELTA_CALL,
                                  .at = p->passed + p->at,
                                  .call = p->call_count - 1,
                                  .text = name,
                                  .id = id });
}

void parser_call_end(struct chat_parser *p, struct span id)
{
    flush(p, true);
    give(p, &(struct chat_delta){
                .kind = DELTA_CALL_END, .call = p->call_count - 1, .text = { "", 0 }, .id = id });
}

bool parser_armed(const struct chat_parser *p)
{
    bool none = p->tools && json_type(p->tools) == JSON_ARRAY && json_length(p->tools) == 0;
    return !none && p->call_count < PARSE_CALLS_MAX;
}

/* ---- input ---- */

/* Whether the bytes from `i` to the end may be tokens that end the turn, white space behind each;
 * *ret_whole says whether they are as they stand. */
static bool may_end(const struct chat_parser *p, size_t i, bool *ret_whole)
{
    const char *data = p->in.data;
    size_t len = p->in.len;
    bool seen = false;
    *ret_whole = false;
    if (len - i > PARSE_TAIL_BYTES_MAX) return false;
    while (i < len) {
        bool token = false;
        for (const char *const *end = p->format->ends; *end && !token; end++) {
            size_t n = strlen(*end), there = len - i < n ? len - i : n;
            if (memcmp(data + i, *end, there) != 0) continue;
            if (there < n) return true;
            i += n;
            token = seen = true;
        }
        if (token) continue;
        if (!seen || !strchr(" \t\r\n", data[i]) || !data[i]) return false;
        i++;
    }
    return *ret_whole = seen;
}

/* Bytes become visible as soon as they cannot belong to the token that ends the turn. */
static void show_input(struct chat_parser *p)
{
    bool whole;
    while (p->visible < p->in.len && !may_end(p, p->visible, &whole))
        p->visible++;
    if (p->final && p->visible < p->in.len) {
        /* The last bytes: the token, or something that only began like one. */
        while (p->visible < p->in.len && !(may_end(p, p->visible, &whole) && whole))
            p->visible++;
        p->in.len = p->visible;
    }
}

static enum status run(struct chat_parser *p, struct error *err)
{
    p->err = err;
    show_input(p);
    while (!p->status && p->step(p) == STEP_ON) {}
    if (!p->status) flush(p, p->final);
    memmove(p->in.data, p->in.data + p->at, p->in.len - p->at);
    p->passed += p->at;
    p->in.len -= p->at;
    p->visible -= p->at;
    p->at = 0;
    p->err = NULL;
    return p->status;
}

enum status chat_parser_feed(struct chat_parser *p, struct span text, struct error *err)
{
    for (size_t at = 0; at < text.len && !p->status;) {
        size_t n = text.len - at < PARSE_PIECE_BYTES ? text.len - at : PARSE_PIECE_BYTES;
        if (!buf_append(&p->in, text.data + at, n))
            return p->status = buf_check(&p->in, "the text of a model", err);
        at += n;
        run(p, err);
    }
    return p->status;
}

enum status chat_parser_finish(struct chat_parser *p, struct error *err)
{
    if (p->status) return p->status;
    p->final = true;
    return run(p, err);
}

/* ---- life ---- */

enum status chat_parser_new(struct chat_parser **ret, const struct chat_parser_options *options,
                            struct error *err)
{
    struct chat_parser *p = mem_zero(sizeof *p);
    if (!p) return error_set(err, STATUS_NO_MEMORY, "out of memory for a parser");
    p->format = options->format;
    p->open = options->open;
    p->no_reasoning = options->no_reasoning && options->open == PROMPT_OPEN_NOTHING;
    p->tools = options->tools;
    p->fn = options->fn;
    p->ctx = options->ctx;
    p->in = BUF_INIT(INPUT_BYTES_MAX);
    p->out = BUF_INIT(2 * PARSE_PIECE_BYTES);
    p->space = BUF_INIT(PARSE_HELD_BYTES_MAX);
    p->value = BUF_INIT(PARSE_VALUE_BYTES_MAX);
    if (!buf_reserve(&p->in, INPUT_BYTES_MAX) || !buf_reserve(&p->out, 2 * PARSE_PIECE_BYTES) ||
        !buf_reserve(&p->space, PARSE_HELD_BYTES_MAX)) {
        chat_parser_free(p);
        return error_set(err, STATUS_NO_MEMORY, "out of memory for a parser");
    }
    p->step = p->format->start ? p->format->start : text_start;
    *ret = p;
    return STATUS_OK;
}

void chat_parser_free(struct chat_parser *p)
{
    if (!p) return;
    buf_release(&p->in);
    buf_release(&p->out);
    buf_release(&p->space);
    buf_release(&p->value);
    mem_free(p);
}

bool chat_parser_unparsed(const struct chat_parser *p)
{
    return p->unparsed;
}

int chat_parser_calls(const struct chat_parser *p)
{
    return p->call_count;
}
