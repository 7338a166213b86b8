/* How an answer is to be generated: the settings that every API has, under its own names.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVE_SERVER_SHAPE_GENERATION_H
#define SERVE_SERVER_SHAPE_GENERATION_H

#include "base/core/json_write.h"
#include "serve/server/shape_fields.h"

#define GENERATION_STOPS_MAX      16
#define GENERATION_STOP_BYTES_MAX 1024
#define GENERATION_UNSET          INT64_MIN /* of whole numbers; NaN of others */
#define GENERATION_BIAS_MAX       1024
#define GENERATION_BYTES_MAX      ((size_t)64 << 20) /* of one canonical request */

struct generation {
    int64_t max_tokens, top_k, seed, logprobs;
    double temperature, top_p, min_p, repeat_penalty, presence_penalty, frequency_penalty;
    struct span stop[GENERATION_STOPS_MAX];
    size_t stop_count;
    const struct json *logit_bias; /* OpenAI's map: "id": bias; NULL: none */
    bool ignore_eos, echo;
};
extern const struct generation generation_unset;

/* temperature, top_p, seed, logit_bias and the rest under OpenAI's names, and those that other
 * servers have added: top_k, min_p, repetition_penalty, ignore_eos. Not max_tokens and logprobs, whose
 * names differ, and not stop. */
bool generation_read(const struct fields *f, struct generation *g);
/* A text, or a list of at most `count_max` texts. */
bool generation_read_stop(const struct fields *f, const char *name, size_t count_max,
                          struct generation *g);

/* Makes room for the canonical requests of a body. */
bool generation_reserve(struct shape_request *r, int prompt_count, int choice_count,
                        struct api_error *err);
/* Writes the last members of a canonical request and closes it. */
void generation_close(const struct generation *g, struct json_writer *w);
/* After the last canonical: checks them all, and says where the seed stands. */
bool generation_finish(const struct generation *g, struct shape_request *r, struct api_error *err);
/* The frame of shape.read: `read` fills a request that has `own_bytes` of zeroed `own`; `release` is
 * the shape's. */
bool generation_request(struct shape_request *ret, const struct json *body, size_t own_bytes,
                        bool (*read)(struct shape_request *r, const struct fields *f,
                                     const struct shape_context *context),
                        void (*release)(struct shape_request *r),
                        const struct shape_context *context, struct api_error *err);
/* `own` too. */
void generation_release(struct shape_request *r);

#endif
