/* One turn of a conversation: the request, the events, the answer.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/chat_turn.h"

#include <stdio.h>
#include <string.h>

#include "front/cmd/answer_view.h"
#include "front/cmd/interrupt.h"
#include "front/cmd/sample_flags.h"

#define REQUEST_BYTES_MAX ((size_t)128 << 20)
#define WAIT_MS           100 /* how long Ctrl-C may stay unheard */

static void write_tools(const struct chat_state *c, struct json_writer *w)
{
    if (!c->log.tools) return;
    json_key(w, "tools");
    chat_log_write_tools(&c->log, w);
}

/* Templates ask under either name. */
static void write_thinking(const struct chat_state *c, struct json_writer *w)
{
    if (c->thinking == CHAT_THINKING_DEFAULT) return;
    json_key(w, "chat_template_kwargs");
    json_open_object(w);
    json_key(w, "enable_thinking");
    json_put_bool(w, c->thinking == CHAT_THINKING_ON);
    json_key(w, "thinking");
    json_put_bool(w, c->thinking == CHAT_THINKING_ON);
    json_close_object(w);
}

static void write_stops(const struct args *args, struct json_writer *w)
{
    int cursor = 0;
    if (!args_given(args, "stop")) return;
    json_key(w, "stop");
    json_open_array(w);
    for (const char *text; (text = args_next_text(args, "stop", &cursor));)
        json_put_string(w, text);
    json_close_array(w);
}

static enum status write_request(const struct chat_state *c, struct buf *out, struct error *err)
{
    struct json_writer w;
    json_writer_init(&w, out, 0);
    json_open_object(&w);
    json_key(&w, "messages");
    chat_log_write(&c->log, &w);
    write_tools(c, &w);
    json_key(&w, "add_generation_prompt");
    json_put_bool(&w, true);
    write_thinking(c, &w);
    if (args_given(c->args, "max-tokens")) {
        json_key(&w, "max_tokens");
        json_put_int(&w, args_int(c->args, "max-tokens", 0));
    }
    write_stops(c->args, &w);
    json_key(&w, "sampling");
    enum status st = sample_flags_write(c->args, &w, err);
    if (st) return st;
    json_close_object(&w);
    return buf_check(out, "the chat", err);
}

/* Takes events until the answer is over. */
static enum status receive(struct chat_state *c, uint64_t request, struct answer *a,
                           struct answer_view *view, struct error *err)
{
    bool cancelled = false;
    enum status st = STATUS_OK;
    while (!st && !a->finish[0]) {
        struct worker_event event;
        bool got = false;
        if (interrupt_seen() && !cancelled) {
            cancelled = true;
            st = worker_cancel(c->worker, request, err);
        }
        if (!st) st = worker_next(c->worker, &event, &got, WAIT_MS, err);
        if (st || !got || event.request != request) continue;
        if (event.kind == WORKER_ERROR)
            return error_set(err, event.error->status, "%s", event.error->text);
        if (event.kind == WORKER_DELTA && view) st = answer_view_delta(view, event.body, err);
        if (!st) st = answer_take(a, &event, c->calls, err);
    }
    return st;
}

/* An answer that did not end by itself says why. */
static void say_why(const struct chat_state *c, const struct answer *a)
{
    static const struct {
        const char *finish, *words;
    } reasons[] = {
        { "cancelled", "[stopped]" },
        { "length", "[cut at --max-tokens]" },
        { "context", "[the context is full: /reset begins anew]" },
    };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (c->terminal.interactive && !c->json && strcmp(a->finish, reasons[i].finish) == 0)
            terminal_dim_line(&c->terminal, reasons[i].words);
}

static void count_turn(struct chat_state *c, const struct answer *a)
{
    c->turns++;
    c->calls += (int)a->call_count;
    c->answered_tokens += a->completion_tokens;
    c->decode_seconds += a->decode_seconds;
}

enum status chat_answer(struct chat_state *c, struct error *err)
{
    struct buf request = BUF_INIT(REQUEST_BYTES_MAX);
    struct answer_view view;
    struct answer a;
    uint64_t id = 0;
    answer_init(&a);
    answer_view_begin(&view, stdout, c->fold);
    interrupt_forget();
    enum status st = write_request(c, &request, err);
    if (!st) st = worker_submit(c->worker, &id, request.data, request.len, err);
    if (!st) st = receive(c, id, &a, c->json ? NULL : &view, err);
    if (!c->json) answer_view_end(&view);
    buf_release(&request);
    if (!st) st = chat_log_add_answer(&c->log, &a, err);
    if (st) {
        answer_release(&a);
        return st;
    }
    say_why(c, &a);
    count_turn(c, &a);
    answer_release(&c->last);
    c->last = a;
    return STATUS_OK;
}
