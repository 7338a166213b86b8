/* Writing answers: pieces to the sink, usage, tokens with their probabilities.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVE_SERVER_SHAPE_OUT_H
#define SERVE_SERVER_SHAPE_OUT_H

#include "base/core/json_write.h"
#include "serve/server/shape.h"

#define PIECE_BYTES_MAX ((size_t)512 << 20)

/* One JSON text after the other, each a piece for the client. */
struct outlet {
    shape_sink *sink;
    void *ctx;
    struct buf text;
    struct json_writer w;
};
void outlet_init(struct outlet *o, shape_sink *sink, void *ctx);
void outlet_release(struct outlet *o);
struct json_writer *outlet_open(struct outlet *o); /* a new piece: an object, opened */
/* Closes the object and sends it. */
enum status outlet_send(struct outlet *o, const char *event, bool last, struct error *err);
/* Bytes as they are. */
enum status outlet_text(struct outlet *o, const char *event, const char *text, bool last,
                        struct error *err);

void put_span(struct json_writer *w, const char *key, struct span text);
void put_null(struct json_writer *w, const char *key);
/* A list whose items, with commas, are already written. */
void put_raw_list(struct json_writer *w, const char *key, const struct buf *items);

/* JSON text as a value; {} where it is none, or `object` and it is no object. */
void put_parsed(struct json_writer *w, const char *key, struct span text, bool object);

/* Sums over the answers of a request; prompts count once, not once per choice. */
struct usage {
    int64_t prompt, cached, completion, reasoning;
    double queue_seconds, prompt_seconds,
        decode_seconds; /* queue: of the one that waited longest */
    char cache[16];     /* what the cache had, as the worker says it */
};
void usage_add(struct usage *u, const struct json *done, bool with_prompt);
/* {"prompt_tokens", ...} as chat/completions and completions have it. */
void usage_put(struct json_writer *w, const struct usage *u);
/* {"prompt_n", "prompt_ms", ...}: seconds of the worker, under the names that other servers use. */
void timings_put(struct json_writer *w, const struct usage *u);

#define LOGPROB_MIN (-9999.0) /* "very unlikely"; JSON has no infinity */

/* The bytes of a worker's token; a malformed one is empty. `ret` is appended to. */
void token_bytes(struct buf *ret, const struct json *token);
double token_logprob(const struct json *token);
/* The token as text: what is no whole UTF-8 is spelled, "\xe4\xbd" behind `prefix`. */
void token_text(struct buf *ret, const struct json *token, const char *prefix);
/* Appends tokens to a list of chat logprobs, with commas. */
void tokens_put_chat(struct buf *items, const struct json *tokens);

#endif
