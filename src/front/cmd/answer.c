/* An answer, put together from a worker's events.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/answer.h"

#include <stdio.h>
#include <string.h>

#include "base/core/mem.h"

void answer_init(struct answer *a)
{
    memset(a, 0, sizeof *a);
    a->content = a->reasoning = BUF_INIT(ANSWER_BYTES_MAX);
}

void answer_release(struct answer *a)
{
    for (size_t i = 0; i < a->call_count; i++) {
        buf_release(&a->calls[i].id);
        buf_release(&a->calls[i].name);
        buf_release(&a->calls[i].arguments);
    }
    mem_free(a->calls);
    buf_release(&a->content);
    buf_release(&a->reasoning);
    answer_init(a);
}

static void append(struct buf *out, const struct json *text)
{
    struct span s = json_string(text);
    if (s.len) buf_append(out, s.data, s.len);
}

static enum status begin_call(struct answer *a, const struct json *body, int first_call,
                              struct error *err)
{
    if (a->call_count == ANSWER_CALLS_MAX)
        return error_set(err, STATUS_LIMIT, "an answer with more than %d calls", ANSWER_CALLS_MAX);
    struct answer_call *grown = mem_resize(a->calls, a->call_count + 1, sizeof *grown);
    if (!grown) return error_set(err, STATUS_NO_MEMORY, "no memory for a call");
    a->calls = grown;
    struct answer_call *c = &a->calls[a->call_count++];
    c->id = c->name = c->arguments = BUF_INIT(ANSWER_BYTES_MAX);
    append(&c->id, json_get(body, "id"));
    if (!c->id.len) buf_format(&c->id, "call_%zu", (size_t)first_call + a->call_count);
    append(&c->name, json_get(body, "name"));
    return STATUS_OK;
}

static enum status take_call(struct answer *a, const struct json *body, int first_call,
                             struct error *err)
{
    int64_t index = json_int(json_get(body, "call"), -1);
    if (json_get(body, "name")) return begin_call(a, body, first_call, err);
    if (index < 0 || (size_t)index >= a->call_count)
        return error_set(err, STATUS_FAILED, "the worker spoke of a call that it had not begun");
    struct answer_call *c = &a->calls[index];
    append(&c->arguments, json_get(body, "arguments"));
    if (json_string(json_get(body, "id")).len) { /* Mistral writes it behind the arguments */
        buf_clear(&c->id);
        append(&c->id, json_get(body, "id"));
    }
    return STATUS_OK;
}

static enum status take_delta(struct answer *a, const struct json *body, int first_call,
                              struct error *err)
{
    append(&a->content, json_get(body, "content"));
    append(&a->reasoning, json_get(body, "reasoning"));
    enum status st = STATUS_OK;
    if (json_get(body, "call")) st = take_call(a, body, first_call, err);
    if (!st) st = buf_check(&a->content, "the answer", err);
    return st ? st : buf_check(&a->reasoning, "the reasoning", err);
}

static void take_done(struct answer *a, const struct json *body)
{
    const char *finish = json_text(json_get(body, "finish"));
    snprintf(a->finish, sizeof a->finish, "%s", finish ? finish : "stop");
    a->prompt_tokens = json_int(json_get(body, "prompt_tokens"), 0);
    a->cached_tokens = json_int(json_get(body, "cached_tokens"), 0);
    a->completion_tokens = json_int(json_get(body, "completion_tokens"), 0);
    a->reasoning_tokens = json_int(json_get(body, "reasoning_tokens"), 0);
    a->decode_steps = json_int(json_get(body, "decode_steps"), 0);
    a->seed = json_int(json_get(body, "seed"), 0);
    a->prompt_seconds = json_number(json_get(body, "prompt_seconds"), 0);
    a->decode_seconds = json_number(json_get(body, "decode_seconds"), 0);
    a->unparsed = json_bool(json_get(body, "unparsed"), false);
}

enum status answer_take(struct answer *a, const struct worker_event *event, int first_call,
                        struct error *err)
{
    if (event->kind == WORKER_DELTA) return take_delta(a, event->body, first_call, err);
    if (event->kind == WORKER_DONE) take_done(a, event->body);
    return STATUS_OK;
}

static struct span text_of(const struct buf *b)
{
    return (struct span){ b->data ? b->data : "", b->len };
}

void answer_write_calls(const struct answer *a, struct json_writer *w)
{
    json_open_array(w);
    for (size_t i = 0; i < a->call_count; i++) {
        json_open_object(w);
        json_key(w, "id");
        json_put_span(w, text_of(&a->calls[i].id));
        json_key(w, "type");
        json_put_string(w, "function");
        json_key(w, "function");
        json_open_object(w);
        json_key(w, "name");
        json_put_span(w, text_of(&a->calls[i].name));
        json_key(w, "arguments");
        json_put_span(w, text_of(&a->calls[i].arguments));
        json_close_object(w);
        json_close_object(w);
    }
    json_close_array(w);
}

void answer_write_message(const struct answer *a, struct json_writer *w)
{
    json_open_object(w);
    json_key(w, "role");
    json_put_string(w, "assistant");
    json_key(w, "content");
    json_put_span(w, text_of(&a->content));
    if (a->reasoning.len) {
        json_key(w, "reasoning_content");
        json_put_span(w, text_of(&a->reasoning));
    }
    if (a->call_count) {
        json_key(w, "tool_calls");
        answer_write_calls(a, w);
    }
    json_close_object(w);
}

double per_second(int64_t count, double seconds)
{
    return seconds > 0 ? (double)count / seconds : 0;
}
