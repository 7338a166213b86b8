/* Shows an answer while it comes.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/answer_view.h"

#include <string.h>

#include "base/core/clock.h"
#include "base/core/json.h"
#include "base/core/utf8.h"

#define FOLD_REDRAW_NS 100000000 /* ten times a second */

void answer_view_begin(struct answer_view *v, FILE *out, bool fold)
{
    *v = (struct answer_view){ .terminal = terminal_of(out), .fold = fold };
}

static void style(const struct answer_view *v, const char *code)
{
    if (v->terminal.colour) fprintf(v->terminal.stream, "\033[%sm", code);
}

static void put(struct answer_view *v, struct span text)
{
    terminal_put(&v->terminal, text);
    if (text.len) v->open_line = text.data[text.len - 1] != '\n';
}

static void end_line(struct answer_view *v)
{
    if (v->open_line) fputc('\n', v->terminal.stream);
    v->open_line = false;
}

/* --- thinking --- */

static void keep_tail(struct answer_view *v, struct span text)
{
    if (text.len >= sizeof v->tail) {
        text.data += text.len - sizeof v->tail / 2;
        text.len = sizeof v->tail / 2;
    }
    if (v->tail_len + text.len > sizeof v->tail) {
        size_t keep = sizeof v->tail / 2 < v->tail_len ? sizeof v->tail / 2 : v->tail_len;
        if (keep + text.len > sizeof v->tail) keep = sizeof v->tail - text.len;
        memmove(v->tail, v->tail + v->tail_len - keep, keep);
        v->tail_len = keep;
    }
    memcpy(v->tail + v->tail_len, text.data, text.len);
    v->tail_len += text.len;
}

/* The end of the thinking that is one line and fits into `columns`. */
static struct span last_words(const struct answer_view *v, int columns)
{
    size_t end = v->tail_len;
    while (end > 0 && strchr(" \n", v->tail[end - 1]))
        end--;
    size_t at = end;
    while (at > 0) {
        size_t from = at - 1;
        uint32_t c = 0;
        while (from > 0 && ((unsigned char)v->tail[from] & 0xC0) == 0x80)
            from--;
        utf8_decode(v->tail + from, at - from, &c);
        columns -= terminal_columns(c);
        if (columns < 0 || c == '\n') break;
        at = from;
    }
    return (struct span){ v->tail + at, end - at };
}

static void draw_folded(struct answer_view *v, bool last)
{
    int64_t now = clock_monotonic_ns();
    if (!last && now - v->drawn_ns < FOLD_REDRAW_NS) return;
    v->drawn_ns = now;
    fputs("\r\033[K", v->terminal.stream);
    style(v, "2");
    if (last)
        fprintf(v->terminal.stream, "thought for %.1f s (/show prints it)",
                (double)(now - v->think_begin_ns) / 1e9);
    else {
        fputs("thinking: ", v->terminal.stream);
        terminal_put(&v->terminal, last_words(v, v->terminal.width - 12));
    }
    style(v, "0");
    v->open_line = true;
}

static void show_thinking(struct answer_view *v, struct span text)
{
    if (!v->terminal.interactive) return;
    if (v->now != VIEW_THINKING) {
        end_line(v);
        v->now = VIEW_THINKING;
        v->think_begin_ns = clock_monotonic_ns();
        v->drawn_ns = v->tail_len = 0;
    }
    if (v->fold) {
        keep_tail(v, text);
        draw_folded(v, false);
        return;
    }
    style(v, "2");
    put(v, text);
    style(v, "0");
}

/* --- the rest --- */

static void leave(struct answer_view *v)
{
    if (v->now == VIEW_THINKING) {
        if (v->fold) draw_folded(v, true);
        end_line(v);
    }
    if (v->now == VIEW_CALL) style(v, "0");
}

static void show_content(struct answer_view *v, struct span text)
{
    if (v->now != VIEW_CONTENT) {
        leave(v);
        if (v->now == VIEW_CALL) end_line(v);
        v->now = VIEW_CONTENT;
    }
    put(v, text);
}

static void begin_call(struct answer_view *v, struct span name)
{
    leave(v);
    end_line(v);
    v->now = VIEW_CALL;
    style(v, "36");
    put(v, name);
    put(v, span_of("("));
}

static void end_call(struct answer_view *v)
{
    put(v, span_of(")"));
    style(v, "0");
    end_line(v);
    v->now = VIEW_NOTHING;
}

enum status answer_view_delta(struct answer_view *v, const struct json *body, struct error *err)
{
    const struct json *reasoning = json_get(body, "reasoning"),
                      *content = json_get(body, "content");
    if (reasoning) show_thinking(v, json_string(reasoning));
    if (content) show_content(v, json_string(content));
    if (json_get(body, "name")) begin_call(v, json_string(json_get(body, "name")));
    if (json_get(body, "arguments")) put(v, json_string(json_get(body, "arguments")));
    if (json_bool(json_get(body, "end"), false)) end_call(v);
    if (fflush(v->terminal.stream) || ferror(v->terminal.stream))
        return error_set(err, STATUS_IO, "writing the answer to standard output failed");
    return STATUS_OK;
}

void answer_view_end(struct answer_view *v)
{
    leave(v);
    end_line(v);
    fflush(v->terminal.stream);
    v->now = VIEW_NOTHING;
}
