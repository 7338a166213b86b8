/* The engine's own structs, shared by the files of lm/engine only.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LM_ENGINE_ENGINE_INNER_H
#define LM_ENGINE_ENGINE_INNER_H

#include "lm/engine/engine.h"
#include "lm/engine/engine_open.h"
#include "lm/format/config.h"
#include "lm/kv/kv.h"
#include "lm/model/family.h"
#include "lm/plan/plan.h"
#include "math/backend/backend.h"

/* Everything of an engine that can be known without loading a weight. */
struct engine_draft {
    struct config config;
    const struct model_family *family;
    struct plan *plan;
    struct model_shape shape;
    struct generation_config generation;
    const struct backend_type *backend_type;
    struct backend_options backend_options;
    struct backend_sizes sizes;
    int64_t context_max, page_count;
};

/* A sealed page's name in the store; of another seal where the serial differs. */
struct page_key {
    uint64_t serial;
    struct kv_key key;
};

struct engine {
    struct source *source;
    struct engine_draft draft;
    struct backend *backend;
    struct tokenizer *tokenizer; /* NULL: none */
    struct kv_pool *pool;
    struct engine_info info;
    bool
        stretches; /* RoPE depends on the length: cached keys serve only within the model's context */
    int64_t logit_cols;         /* vocab_size, but hidden_size of a headless model */
    uint64_t step_serial;       /* of the last step; logits belong to it */
    struct kv_store *store;     /* NULL: none */
    struct page_key *page_keys; /* [page_count] with a store */

    /* Rows of the step in the making: [row_max], [logit_row_max]. */
    int32_t *tokens, *logit_rows;
    struct step_sequence *sequences;
    int64_t row_max, logit_row_max;
};

struct session {
    struct engine *engine;
    int32_t *tokens; /* [context_max] */
    int64_t count;
    struct kv_table table;
    int64_t reused;
    uint64_t logits_serial;           /* step that the logits are of; 0: none */
    int64_t logits_row, logits_count; /* of the last of them, and how many end there */
    int64_t
        rope_length; /* length that the evaluation in progress will reach; 0: as far as the step goes */
};

enum status engine_draft_init(struct engine_draft *ret, struct source *source,
                              const struct engine_options *options, struct error *err);
void engine_draft_release(struct engine_draft *d);

/* Evaluates feeds in one step; no session stands in it twice. */
enum status engine_run(struct engine *e, const struct session_feed *feeds, size_t feed_count,
                       struct error *err);

/* engine_store.c: opens the store of the options; without one, or when it fails, there is none. */
void engine_store_open(struct engine *e, const struct engine_options *options);
void engine_store_close(struct engine *e);

/* Whether the session's pages mean the same to every text with this beginning. */
bool session_shareable(const struct session *s);

#endif
