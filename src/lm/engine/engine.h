/* A loaded model and its sessions.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An engine holds one model: weights as the backend wants them, the tokenizer, and a pool of
 * cache pages. A session is one timeline of tokens over that pool. Sessions share pages of equal
 * prefixes (copy on write) and are stepped together by engine_step(). An engine and all its
 * sessions belong to one thread at a time; two engines are independent.
 *
 * Opening an engine is engine_open.h's business, which only the gate (and, below it, lm) may
 * include. */
#ifndef LM_ENGINE_ENGINE_H
#define LM_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/log.h"
#include "base/core/status.h"
#include "lm/format/config.h"
#include "lm/kv/kv.h"
#include "lm/tokenizer/tokenizer.h"

struct engine;
struct session;

void engine_close(struct engine *e); /* its sessions must be freed before */

struct engine_info {
    const char *family;    /* "qwen3" */
    const char *backend;   /* "cpu avx512vnni, 2 threads" */
    int64_t vocab_size;    /* columns of the logits, padding included */
    int64_t valid_vocab;   /* ids the tokenizer knows; the rest is masked when sampling */
    int64_t context_max;   /* tokens a session may hold: the smallest of model, option and pool */
    int64_t model_context; /* what the model was made for */
    int64_t layer_count, hidden_size;
    uint64_t parameter_count;
    uint64_t weight_bytes;           /* as the backend holds them */
    uint64_t weight_bytes_per_token; /* weight bytes that one decode step reads */
    uint64_t cache_bytes, work_bytes;
    bool
        headless; /* made for its states: its logits are the states themselves, and mean no tokens */
    struct generation_config generation;
    /* What a token's state is depends on the length of the text that follows (dynamic RoPE beyond the
     * model's context): a text that is computed again in one piece may differ from the first time. */
    bool length_dependent;
};
const struct engine_info *engine_info(const struct engine *e);
/* NULL when the model came without tokenizer files. */
const struct tokenizer *engine_tokenizer(const struct engine *e);

enum status session_new(struct session **ret, struct engine *e, struct error *err);
void session_free(struct session *s);

/* Makes the session hold exactly tokens[0..count): reuses the longest common prefix, drops what differs,
 * evaluates the rest. Afterwards session_logits() are those after the last token. STATUS_CONTEXT names both
 * numbers when count > context_max (nothing changes). On STATUS_CANCELLED (the progress callback said so)
 * the session holds the part evaluated so far. */
enum status session_sync(struct session *s, const int32_t *tokens, size_t count,
                         const struct progress *progress, struct error *err);
/* One more token; the decode step. */
enum status session_append(struct session *s, int32_t token, struct error *err);
/* [vocab_size] logits after the last token; valid until the engine's next step. NULL for an empty session. */
const float *session_logits(const struct session *s);
/* [hidden_size] of the last token behind the model's last norm, which the head makes logits of; valid as
 * long as they are, and there when they are. */
const float *session_hidden(const struct session *s);
/* The same for whoever has only the logits, as one of the functions here gave them in the last step. */
const float *engine_hidden(const struct engine *e, const float *logits);
size_t session_count(const struct session *s);
const int32_t *session_tokens(const struct session *s);
size_t session_reused(const struct session *s); /* tokens the last sync took from the cache */
void session_truncate(struct session *s,
                      size_t count); /* keeps the first `count` tokens; logits are gone */

/* Calls `sink` with the logits [vocab_size] after each of tokens[0..count), in order, from an emptied session:
 * scoring and `debug logits`. The sink may return an error to stop. */
typedef enum status logits_sink(void *ctx, size_t position, const float *logits, struct error *err);
enum status session_score(struct session *s, const int32_t *tokens, size_t count, logits_sink *sink,
                          void *ctx, struct error *err);

/* Several sessions in one pass: each feed appends its tokens; after success session_logits() of each are set
 * as it asked. The sum of counts is at most engine_batch_max(), that of rows with logits at most
 * engine_logits_max(). All or nothing: on failure no session has changed. A session's logits are the same
 * to the last bit whatever else is in the step, and however its tokens were cut into steps. */
enum feed_logits { FEED_LOGITS_LAST, FEED_LOGITS_NONE, FEED_LOGITS_ALL };
struct session_feed {
    struct session *session;
    const int32_t *tokens;
    size_t count;
    enum feed_logits logits;
};
enum status engine_step(struct engine *e, const struct session_feed *feeds, size_t feed_count,
                        struct error *err);
size_t engine_batch_max(const struct engine *e);
size_t engine_logits_max(const struct engine *e);
/* Logits after the i-th token of the session's last feed, which asked for all. */
const float *session_logits_at(const struct session *s, size_t i);

/* --- for whoever shares an engine among requests --- */

/* Empties the session for another owner. What it held stays in the cache, for sessions of the same salt. */
void session_reset(struct session *s, const struct kv_salt *salt);
/* Brings the session to the longest prefix of tokens[0..count) that is computed already; never all of
 * them; without `reuse`, to nothing. The rest is for engine_step. Fails as session_sync does. */
enum status session_begin(struct session *s, const int32_t *tokens, size_t count, bool reuse,
                          struct error *err);
/* Looks again: others may have computed more of tokens[0..count) meanwhile. */
void session_advance(struct session *s, const int32_t *tokens, size_t count);
/* Pages out of engine_pages_available() that a step with `more` tokens would use up. */
int64_t session_pages_wanted(const struct session *s, size_t more);
int64_t engine_pages_available(const struct engine *e);
struct kv_stats engine_kv_stats(const struct engine *e);

/* With a store: writes at most `pages_max` pages that it lacks; returns how many, 0 when none is left (or
 * there is no store). Some milliseconds a page: between steps, and when nothing else is to do. */
int engine_save(struct engine *e, int pages_max);
/* Reads at most `pages_max` more pages of tokens[0..count) back, after session_begin; returns how many, 0
 * when the store has no more. */
int session_restore(struct session *s, const int32_t *tokens, size_t count, int pages_max);
bool engine_has_store(const struct engine *e);
struct kv_store_stats engine_store_stats(const struct engine *e); /* zeros without one */
/* The books of the cache, checked against these sessions, which must be all there are; NULL: in order. */
const char *engine_kv_check(const struct engine *e, const struct session *const *sessions,
                            int count);

#endif
