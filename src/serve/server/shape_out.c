/* Pieces of answers.
 * SPDX-License-Identifier: Apache-2.0 */
#include "serve/server/shape_out.h"

#include <stdio.h>

#include "base/core/utf8.h"

#define TOKEN_BYTES_MAX ((size_t)1 << 16)

void outlet_init(struct outlet *o, shape_sink *sink, void *ctx)
{
    *o = (struct outlet){ .sink = sink, .ctx = ctx, .text = BUF_INIT(PIECE_BYTES_MAX) };
}

void outlet_release(struct outlet *o)
{
    buf_release(&o->text);
}

struct json_writer *outlet_open(struct outlet *o)
{
    buf_clear(&o->text);
    json_writer_init(&o->w, &o->text, 0);
    json_open_object(&o->w);
    return &o->w;
}

enum status outlet_send(struct outlet *o, const char *event, bool last, struct error *err)
{
    json_close_object(&o->w);
    enum status s = buf_check(&o->text, "an answer", err);
    return s ? s : o->sink(o->ctx, event, (struct span){ o->text.data, o->text.len }, last, err);
}

enum status outlet_text(struct outlet *o, const char *event, const char *text, bool last,
                        struct error *err)
{
    return o->sink(o->ctx, event, span_of(text), last, err);
}

/* ---- members ---- */

void put_span(struct json_writer *w, const char *key, struct span text)
{
    json_key(w, key);
    json_put_span(w, text.data ? text : span_of(""));
}

void put_null(struct json_writer *w, const char *key)
{
    json_key(w, key);
    json_put_null(w);
}

void put_raw_list(struct json_writer *w, const char *key, const struct buf *items)
{
    json_key(w, key);
    json_open_array(w);
    buf_append(w->out, items->data, items->len);
    json_close_array(w);
    w->out->failed |= items->failed;
}

void put_parsed(struct json_writer *w, const char *key, struct span text, bool object)
{
    struct json_doc *doc = NULL;
    enum status s = json_parse(&doc, text.data, text.len, PIECE_BYTES_MAX, "arguments", NULL);
    bool fits = !s && (!object || json_type(json_root(doc)) == JSON_OBJECT);
    json_key(w, key);
    if (fits) json_put_value(w, json_root(doc));
    else {
        json_open_object(w);
        json_close_object(w);
    }
    w->out->failed |= s == STATUS_NO_MEMORY;
    json_doc_free(doc);
}

/* ---- usage ---- */

static int64_t count_of(const struct json *done, const char *name)
{
    int64_t n = json_int(json_get(done, name), 0);
    return n < 0 ? 0 : n;
}

void usage_add(struct usage *u, const struct json *done, bool with_prompt)
{
    if (with_prompt) {
        u->prompt += count_of(done, "prompt_tokens");
        u->cached += count_of(done, "cached_tokens");
        const char *cache = json_text(json_get(done, "cache"));
        snprintf(u->cache, sizeof u->cache, "%.15s", cache ? cache : "");
    }
    double queue = json_number(json_get(done, "queue_seconds"), 0);
    if (queue > u->queue_seconds) u->queue_seconds = queue;
    u->completion += count_of(done, "completion_tokens");
    u->reasoning += count_of(done, "reasoning_tokens");
    u->prompt_seconds += json_number(json_get(done, "prompt_seconds"), 0);
    u->decode_seconds += json_number(json_get(done, "decode_seconds"), 0);
}

void usage_put(struct json_writer *w, const struct usage *u)
{
    json_open_object(w);
    json_member_int(w, "prompt_tokens", u->prompt);
    json_member_int(w, "completion_tokens", u->completion);
    json_member_int(w, "total_tokens", u->prompt + u->completion);
    json_key(w, "prompt_tokens_details");
    json_open_object(w);
    json_member_int(w, "cached_tokens", u->cached);
    json_close_object(w);
    json_key(w, "completion_tokens_details");
    json_open_object(w);
    json_member_int(w, "reasoning_tokens", u->reasoning);
    json_close_object(w);
    json_close_object(w);
}

void timings_put(struct json_writer *w, const struct usage *u)
{
    int64_t fresh = u->prompt - u->cached;
    json_open_object(w);
    json_member_real(w, "queue_ms", u->queue_seconds * 1e3);
    if (*u->cache) json_member_text(w, "cache", u->cache);
    json_member_int(w, "cache_n", u->cached);
    json_member_int(w, "prompt_n", fresh);
    json_member_real(w, "prompt_ms", u->prompt_seconds * 1e3);
    json_member_int(w, "predicted_n", u->completion);
    json_member_real(w, "predicted_ms", u->decode_seconds * 1e3);
    if (u->prompt_seconds > 0)
        json_member_real(w, "prompt_per_second", (double)fresh / u->prompt_seconds);
    if (u->decode_seconds > 0)
        json_member_real(w, "predicted_per_second", (double)u->completion / u->decode_seconds);
    json_close_object(w);
}

/* ---- tokens ---- */

void token_bytes(struct buf *ret, const struct json *token)
{
    const struct json *bytes = json_get(token, "bytes");
    size_t count = json_length(bytes);
    for (size_t i = 0; i < count && i < TOKEN_BYTES_MAX; i++)
        buf_byte(ret, (char)(uint8_t)json_int(json_at(bytes, i), 0));
}

double token_logprob(const struct json *token)
{
    double v = json_number(json_get(token, "logprob"), LOGPROB_MIN);
    return v > LOGPROB_MIN ? v : LOGPROB_MIN;
}

void token_text(struct buf *ret, const struct json *token, const char *prefix)
{
    struct buf bytes = BUF_INIT(TOKEN_BYTES_MAX);
    token_bytes(&bytes, token);
    if (utf8_valid(bytes.data, bytes.len)) buf_append(ret, bytes.data, bytes.len);
    else {
        buf_text(ret, prefix);
        for (size_t i = 0; i < bytes.len; i++)
            buf_format(ret, "\\x%02x", (unsigned)(uint8_t)bytes.data[i]);
    }
    ret->failed |= bytes.failed;
    buf_release(&bytes);
}

static void put_token(struct json_writer *w, const struct json *token)
{
    struct buf text = BUF_INIT(5 * TOKEN_BYTES_MAX);
    token_text(&text, token, "");
    json_open_object(w);
    put_span(w, "token", (struct span){ text.data, text.len });
    json_member_real(w, "logprob", token_logprob(token));
    json_key(w, "bytes");
    if (json_type(json_get(token, "bytes")) == JSON_ARRAY)
        json_put_value(w, json_get(token, "bytes"));
    else json_put_null(w);
    w->out->failed |= text.failed;
    buf_release(&text);
}

void tokens_put_chat(struct buf *items, const struct json *tokens)
{
    for (size_t i = 0; i < json_length(tokens); i++) {
        const struct json *token = json_at(tokens, i), *top = json_get(token, "top");
        struct json_writer w;
        if (items->len) buf_byte(items, ',');
        json_writer_init(&w, items, 0);
        put_token(&w, token);
        json_key(&w, "top_logprobs");
        json_open_array(&w);
        for (size_t k = 0; k < json_length(top); k++) {
            put_token(&w, json_at(top, k));
            json_close_object(&w);
        }
        json_close_array(&w);
        json_close_object(&w);
    }
}
