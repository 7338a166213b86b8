/* Sessions: one timeline of tokens, prefix reuse, scoring.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/core/mem.h"
#include "lm/engine/engine_inner.h"

#define ENGINE_CHECK_SESSIONS_MAX 256

enum status session_new(struct session **ret, struct engine *e, struct error *err)
{
    struct session *s = mem_zero(sizeof *s);
    if (!s) return error_set(err, STATUS_NO_MEMORY, "no memory for a session");
    s->engine = e;
    s->tokens = mem_array((size_t)e->info.context_max, sizeof *s->tokens);
    if (!s->tokens) {
        mem_free(s);
        return error_set(err, STATUS_NO_MEMORY, "no memory for a session of %lld tokens",
                         (long long)e->info.context_max);
    }
    enum status status = kv_table_init(&s->table, e->info.context_max, err);
    if (status) {
        session_free(s);
        return status;
    }
    *ret = s;
    return STATUS_OK;
}

bool session_shareable(const struct session *s)
{
    return !s->engine->stretches || s->count <= s->engine->draft.shape.context;
}

/* What the session holds stays findable, the last page with what it has. */
static void leave(struct session *s)
{
    if (s->count > 0 && session_shareable(s))
        kv_seal_tail(s->engine->pool, &s->table, s->tokens, s->count);
    session_truncate(s, 0);
}

void session_free(struct session *s)
{
    if (!s) return;
    leave(s);
    kv_table_release(s->engine->pool, &s->table);
    mem_free(s->tokens);
    mem_free(s);
}

const float *session_logits(const struct session *s)
{
    const struct engine *e = s->engine;
    if (s->logits_serial == 0 || s->logits_serial != e->step_serial) return NULL;
    return e->backend->type->logits(e->backend) + s->logits_row * e->logit_cols;
}

const float *session_hidden(const struct session *s)
{
    const float *logits = session_logits(s);
    return logits ? engine_hidden(s->engine, logits) : NULL;
}

const float *session_logits_at(const struct session *s, size_t i)
{
    const float *last = session_logits(s);
    return last ? last - (s->logits_count - 1 - (int64_t)i) * s->engine->logit_cols : NULL;
}

size_t session_count(const struct session *s)
{
    return (size_t)s->count;
}

const int32_t *session_tokens(const struct session *s)
{
    return s->tokens;
}

size_t session_reused(const struct session *s)
{
    return (size_t)s->reused;
}

void session_truncate(struct session *s, size_t count)
{
    if ((int64_t)count >= s->count) return;
    s->count = (int64_t)count;
    s->logits_serial = 0;
    kv_truncate(s->engine->pool, &s->table, s->count);
}

static int64_t common_prefix(const struct session *s, const int32_t *tokens, int64_t count)
{
    int64_t n = 0;
    while (n < s->count && n < count && s->tokens[n] == tokens[n])
        n++;
    return n;
}

/* Brings the session to the longest prefix that is already computed, its own or a shared one; never all
 * of the tokens, since logits come only from evaluating the last. */
static void reuse_prefix(struct session *s, const int32_t *tokens, int64_t count)
{
    struct engine *e = s->engine;
    int64_t own = common_prefix(s, tokens, count);
    if (own == count) own = count - 1;
    if (e->stretches && count > e->draft.shape.context) own = 0;
    int64_t shared = e->stretches ? 0 : kv_match(e->pool, &s->table.salt, tokens, count - 1);
    if (shared > own) {
        kv_attach(e->pool, &s->table, tokens, shared);
        memcpy(s->tokens, tokens, (size_t)shared * sizeof *tokens);
        s->count = shared;
        s->logits_serial = 0;
    } else {
        session_truncate(s, (size_t)own);
    }
    s->reused = s->count;
}

static enum status evaluate(struct session *s, const int32_t *tokens, int64_t count,
                            const struct progress *progress, struct error *err)
{
    struct engine *e = s->engine;
    while (s->count < count) {
        int64_t n = count - s->count < e->row_max ? count - s->count : e->row_max;
        struct session_feed feed = { s, tokens + s->count, (size_t)n, FEED_LOGITS_LAST };
        enum status status = engine_run(e, &feed, 1, err);
        if (status) return status;
        if (progress && !progress_report(progress, "prompt", (unsigned long long)s->count,
                                         (unsigned long long)count)) {
            return error_set(err, STATUS_CANCELLED, "cancelled after %lld of %lld tokens",
                             (long long)s->count, (long long)count);
        }
    }
    return STATUS_OK;
}

static enum status check_length(const struct session *s, size_t count, struct error *err)
{
    const struct engine_info *info = &s->engine->info;
    if ((int64_t)count <= info->context_max) return STATUS_OK;
    return error_set(
        err, STATUS_CONTEXT,
        "%zu tokens do not fit into the context of %lld; shorten the text or raise --ctx "
        "(the model was made for %lld)",
        count, (long long)info->context_max, (long long)info->model_context);
}

static enum status check_ids(const struct session *s, const int32_t *tokens, size_t count,
                             struct error *err)
{
    int64_t vocab = s->engine->info.vocab_size;
    for (size_t i = 0; i < count; i++) {
        if (tokens[i] >= 0 && tokens[i] < vocab) continue;
        return error_set(err, STATUS_BAD_INPUT,
                         "token id %d at position %zu is outside the vocabulary of %lld",
                         (int)tokens[i], i, (long long)vocab);
    }
    return STATUS_OK;
}

enum status session_sync(struct session *s, const int32_t *tokens, size_t count,
                         const struct progress *progress, struct error *err)
{
    enum status status = check_length(s, count, err);
    if (!status) status = check_ids(s, tokens, count, err);
    if (status) return status;
    if (count == 0) {
        session_truncate(s, 0);
        return STATUS_OK;
    }
    if ((int64_t)count == s->count && common_prefix(s, tokens, s->count) == s->count &&
        session_logits(s)) {
        s->reused = s->count;
        return STATUS_OK;
    }
    reuse_prefix(s, tokens, (int64_t)count);
    s->rope_length = (int64_t)count;
    status = evaluate(s, tokens, (int64_t)count, progress, err);
    s->rope_length = 0;
    return status;
}

enum status session_append(struct session *s, int32_t token, struct error *err)
{
    struct session_feed feed = { s, &token, 1, FEED_LOGITS_LAST };
    return engine_run(s->engine, &feed, 1, err);
}

enum status session_score(struct session *s, const int32_t *tokens, size_t count, logits_sink *sink,
                          void *ctx, struct error *err)
{
    struct engine *e = s->engine;
    enum status status = check_length(s, count, err);
    if (!status) status = check_ids(s, tokens, count, err);
    session_truncate(s, 0);
    s->rope_length = (int64_t)count;
    for (size_t at = 0; at < count && !status;) {
        size_t n = count - at < (size_t)e->logit_row_max ? count - at : (size_t)e->logit_row_max;
        struct session_feed feed = { s, tokens + at, n, FEED_LOGITS_ALL };
        status = engine_run(e, &feed, 1, err);
        for (size_t i = 0; i < n && !status; i++)
            status = sink(ctx, at + i, session_logits_at(s, i), err);
        at += n;
    }
    s->rope_length = 0;
    return status;
}

/* --- for whoever shares an engine among requests --- */

void session_reset(struct session *s, const struct kv_salt *salt)
{
    leave(s);
    s->rope_length = 0;
    s->reused = 0;
    s->table.salt = *salt;
}

enum status session_begin(struct session *s, const int32_t *tokens, size_t count, bool reuse,
                          struct error *err)
{
    enum status status = check_length(s, count, err);
    if (!status) status = check_ids(s, tokens, count, err);
    if (!status && count == 0)
        status = error_set(err, STATUS_BAD_INPUT, "a prompt needs at least one token");
    if (status) return status;
    if (reuse) reuse_prefix(s, tokens, (int64_t)count);
    else session_truncate(s, 0);
    s->rope_length = (int64_t)count;
    return STATUS_OK;
}

void session_advance(struct session *s, const int32_t *tokens, size_t count)
{
    struct engine *e = s->engine;
    if (e->stretches) return;
    int64_t shared = kv_match(e->pool, &s->table.salt, tokens, (int64_t)count - 1);
    if (shared <= s->count) return;
    kv_attach(e->pool, &s->table, tokens, shared);
    memcpy(s->tokens, tokens, (size_t)shared * sizeof *tokens);
    s->reused += shared - s->count;
    s->count = shared;
    s->logits_serial = 0;
}

int64_t session_pages_wanted(const struct session *s, size_t more)
{
    return kv_wanted(s->engine->pool, &s->table, s->count, s->count + (int64_t)more);
}

const char *engine_kv_check(const struct engine *e, const struct session *const *sessions,
                            int count)
{
    const struct kv_table *tables[ENGINE_CHECK_SESSIONS_MAX];
    if (count > ENGINE_CHECK_SESSIONS_MAX) return "too many sessions to check";
    for (int i = 0; i < count; i++)
        tables[i] = &sessions[i]->table;
    return kv_pool_check(e->pool, tables, count);
}
