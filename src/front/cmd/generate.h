/* The loop from a prompt to an answer: evaluate, choose, show, until something ends it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CMD_GENERATE_H
#define FRONT_CMD_GENERATE_H

#include "base/core/buf.h"
#include "front/cmd/stop_text.h"
#include "lm/engine/engine.h"
#include "lm/sample/sample.h"

#define GENERATED_TEXT_MAX ((size_t)1 << 30)

struct generated {
    int32_t id;
    float logprob;
    int top_count;
    struct token_logprob *top; /* in generation.tops */
};

/* Called with each piece of text that is certain; an error ends the generation. */
typedef enum status show_fn(void *ctx, const char *text, size_t len, struct error *err);

struct generation {
    /* Set by the caller. */
    struct engine *engine;
    const struct tokenizer *tokenizer;
    struct sample_options sampling;
    struct stop_text stops;
    int64_t token_max; /* 0: until the context is full */
    bool ignore_eos;
    int top_logprobs; /* or SAMPLE_NO_LOGPROBS */
    show_fn *show;    /* NULL: nobody looks */
    void *show_ctx;
    const struct progress *progress; /* of the prompt's evaluation; NULL: none */

    /* Set by generate(); release with generation_release. */
    struct generated *tokens; /* [count], the end token not among them */
    size_t count;
    struct token_logprob *tops;
    struct buf text;
    size_t shown;       /* bytes of text before the stop text, or all */
    const char *finish; /* "stop", "length", "context" or "cancelled"; NULL after a failure */
    size_t prompt_count, decode_count;
    int64_t prompt_ns, decode_ns;
};

/* STATUS_CANCELLED after Ctrl-C, with everything set that was generated so far. */
enum status generate(struct generation *g, const struct token_list *prompt, struct error *err);
void generation_release(struct generation *g);

#endif
