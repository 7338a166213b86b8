/* What a model card says about its own licence and its parents: claims, each with its bytes.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A card is Markdown with front matter between two lines "---" (the hubs' model card format, YAML). Only
 * the few keys that matter are read, line by line, so that a broken card still tells what it tells. Spans
 * are borrowed from the text. */
#ifndef GOVERN_LICENCE_LICENCE_CLAIM_READ_H
#define GOVERN_LICENCE_LICENCE_CLAIM_READ_H

#include <stdbool.h>

#include "base/core/span.h"

#define CLAIM_PARENTS_MAX  16
#define CLAIM_MENTIONS_MAX 16
#define CLAIM_LINES_MAX    20000 /* of a card; what follows is not read for mentions */

struct card_claim {
    struct span front;          /* between the fences; {NULL,0} without front matter */
    struct span body;           /* what follows */
    struct span id, name, link; /* license, license_name, license_link */
    struct span relation;       /* base_model_relation: finetune adapter quantized merge */
    struct span parents[CLAIM_PARENTS_MAX]; /* base_model */
    int parent_count;
    struct span gate_text; /* extra_gated_prompt: some licences stand only there */
    struct span terms;     /* licence_card_terms.h; card_claim_read() leaves it empty */
};

/* Never fails: what is not there is empty. A byte order mark before the fence is fine. */
void card_claim_read(struct card_claim *ret, struct span text);

/* The line at *at without its end, and *at moved behind it; a value without quotes and white space. */
struct span card_line(struct span text, size_t *at);
struct span card_trim(struct span s);

/* Lines of the body that speak of a licence by name: badges, headings, sentences. */
struct licence_mention {
    struct span line;
    const char *id; /* static, as licence_id_of() */
};
int card_mentions(struct span body, struct licence_mention ret[CLAIM_MENTIONS_MAX]);

/* The identifier that the fact table uses for a claimed one: "apache-2.0" is Apache-2.0, "llama3.1"
 * llama3.1. NULL: unknown, or one that says nothing ("other"). */
const char *licence_id_of(struct span claimed);

/* Does a file of this name, in a model's folder, say something of a licence: LICENSE, LICENSE-MODEL,
 * MODEL_LICENSE, COPYING, NOTICE, USE_POLICY.md, README.md and the like? */
bool licence_file_name(const char *name);

#endif
