/* OpenAI's responses: what its request and its answer share.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVE_SERVER_API_RESPONSES_H
#define SERVE_SERVER_API_RESPONSES_H

#include "serve/server/shape_generation.h"

struct responses_own {
    bool store;     /* the client wants the answer kept, and there is where */
    bool logprobs;  /* of the text */
    bool encrypted; /* reasoning also as an opaque text, for clients that send only that back */
    /* Members of the response that repeat the request: "instructions":..., written. */
    struct buf echo;
    /* The conversation without instructions, a JSON list without its brackets: what is kept. */
    struct buf items;
};

/* Reads a body of responses or, with `count_only`, of responses/input_tokens. */
bool responses_read_body(struct shape_request *r, const struct fields *f,
                         const struct shape_context *context, bool count_only);
void responses_release(struct shape_request *r);

/* Reasoning in a form that clients treat as a secret of ours: base64 behind a mark. */
#define RESPONSES_SEALED "hearth1."
void responses_seal(struct buf *ret, struct span reasoning);
/* False: not ours, or not whole. */
bool responses_unseal(struct buf *ret, struct span sealed);

#endif
