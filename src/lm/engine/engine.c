/* Opening and closing an engine; one step over several sessions.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/engine/engine.h"

#include <string.h>

#include "base/core/mem.h"
#include "lm/engine/engine_inner.h"

static void weight_done(void *ctx, const struct tensor_view *view)
{
    source_dont_need(ctx, view);
}

static bool has_dynamic_rope(const struct program *g)
{
    for (int i = 0; i < g->op_count; i++) {
        if (g->ops[i].kind == OP_ROPE_TABLE && g->ops[i].rope_table.dynamic_factor != 0)
            return true;
    }
    return false;
}

static enum status open_tokenizer(struct engine *e, const struct engine_options *o,
                                  struct error *err)
{
    struct tokenizer_options options = { .cache_folder = o->cache_folder,
                                         .form = o->tokenizer_form,
                                         .keep = o->keep_form,
                                         .keep_ctx = o->keep_ctx };
    enum status s = tokenizer_open(&e->tokenizer, e->source, &options, err);
    return s == STATUS_NOT_FOUND ? STATUS_OK : s; /* weights alone can be run on ids */
}

static enum status reserve_rows(struct engine *e, struct error *err)
{
    const struct program *g = plan_program(e->draft.plan);
    e->row_max = g->row_max;
    e->logit_row_max = g->logit_row_max;
    e->tokens = mem_array((size_t)e->row_max, sizeof *e->tokens);
    e->logit_rows = mem_array((size_t)e->logit_row_max, sizeof *e->logit_rows);
    e->sequences = mem_array((size_t)e->row_max, sizeof *e->sequences);
    if (e->tokens && e->logit_rows && e->sequences) return STATUS_OK;
    return error_set(err, STATUS_NO_MEMORY, "no memory for the rows of a step");
}

static void fill_info(struct engine *e)
{
    const struct engine_draft *d = &e->draft;
    const struct backend_sizes *sizes = &e->backend->sizes;
    e->stretches = has_dynamic_rope(plan_program(d->plan));
    e->info = (struct engine_info){
        .family = d->family->name,
        .backend = e->backend->words,
        .vocab_size = d->shape.vocab_size,
        .valid_vocab = d->shape.vocab_size,
        .context_max = d->context_max,
        .model_context = d->shape.context,
        .layer_count = d->shape.layers,
        .hidden_size = d->shape.hidden,
        .parameter_count = plan_parameter_count(d->plan),
        .weight_bytes = sizes->weight_bytes + sizes->mapped_bytes,
        .weight_bytes_per_token = sizes->step_weight_bytes,
        .cache_bytes = (uint64_t)d->page_count * sizes->page_bytes,
        .work_bytes = sizes->work_bytes,
        .headless = d->shape.headless,
        .generation = d->generation,
        .length_dependent = e->stretches,
    };
    e->logit_cols = d->shape.headless ? d->shape.hidden : d->shape.vocab_size;
    if (e->tokenizer && tokenizer_vocab_size(e->tokenizer) < e->info.valid_vocab) {
        e->info.valid_vocab = tokenizer_vocab_size(e->tokenizer);
    }
}

enum status engine_open(struct engine **ret, struct source *source, const struct engine_options *o,
                        struct error *err)
{
    struct engine *e = mem_zero(sizeof *e);
    if (!e) return error_set(err, STATUS_NO_MEMORY, "no memory for the engine");
    e->source = source;
    enum status s = engine_draft_init(&e->draft, source, o, err);
    if (s) {
        mem_free(e);
        return s;
    }
    e->draft.backend_options.weight_done = weight_done;
    e->draft.backend_options.weight_done_ctx = source;
    s = source_check_whole(source, err);
    if (!s) s = open_tokenizer(e, o, err);
    if (!s) s = kv_pool_new(&e->pool, e->draft.page_count, err);
    if (!s) s = reserve_rows(e, err);
    if (!s) {
        s = e->draft.backend_type->open(&e->backend, plan_program(e->draft.plan),
                                        &e->draft.backend_options, err);
    }
    if (s) {
        e->source = NULL; /* still the caller's */
        engine_close(e);
        return s;
    }
    fill_info(e);
    engine_store_open(e, o);
    *ret = e;
    return STATUS_OK;
}

void engine_close(struct engine *e)
{
    if (!e) return;
    engine_store_close(e);
    if (e->backend) e->backend->type->close(e->backend);
    kv_pool_free(e->pool);
    tokenizer_free(e->tokenizer);
    engine_draft_release(&e->draft);
    mem_free(e->tokens);
    mem_free(e->logit_rows);
    mem_free(e->sequences);
    source_close(e->source);
    mem_free(e);
}

struct source *engine_source(struct engine *e)
{
    return e->source;
}

const struct engine_info *engine_info(const struct engine *e)
{
    return &e->info;
}

const struct tokenizer *engine_tokenizer(const struct engine *e)
{
    return e->tokenizer;
}

size_t engine_batch_max(const struct engine *e)
{
    return (size_t)e->row_max;
}

size_t engine_logits_max(const struct engine *e)
{
    return (size_t)e->logit_row_max;
}

const float *engine_hidden(const struct engine *e, const float *logits)
{
    const struct backend *b = e->backend;
    const float *all = b->type->hidden(e->backend);
    ptrdiff_t row = (logits - b->type->logits(e->backend)) / (ptrdiff_t)e->logit_cols;
    return all ? all + row * (ptrdiff_t)e->info.hidden_size : NULL;
}

int64_t engine_pages_available(const struct engine *e)
{
    return kv_available(e->pool);
}

struct kv_stats engine_kv_stats(const struct engine *e)
{
    return kv_pool_stats(e->pool);
}

/* --- one step --- */

static enum status check_feed(const struct engine *e, const struct session_feed *f,
                              struct error *err)
{
    int64_t after = f->session->count + (int64_t)f->count;
    if (f->count == 0)
        return error_set(err, STATUS_USAGE, "a step needs at least one token of each session");
    if (after > e->info.context_max) {
        return error_set(
            err, STATUS_CONTEXT,
            "%lld tokens do not fit into the context of %lld; shorten the text or raise --ctx "
            "(the model was made for %lld)",
            (long long)after, (long long)e->info.context_max, (long long)e->info.model_context);
    }
    for (size_t i = 0; i < f->count; i++) {
        if (f->tokens[i] < 0 || f->tokens[i] >= e->info.vocab_size) {
            return error_set(err, STATUS_BAD_INPUT, "token id %d is outside the vocabulary of %lld",
                             (int)f->tokens[i], (long long)e->info.vocab_size);
        }
    }
    return STATUS_OK;
}

static size_t logits_wanted(const struct session_feed *f)
{
    return f->logits == FEED_LOGITS_ALL ? f->count : f->logits == FEED_LOGITS_LAST;
}

static enum status check_feeds(const struct engine *e, const struct session_feed *feeds,
                               size_t count, struct error *err)
{
    size_t rows = 0, logits = 0;
    for (size_t i = 0; i < count; i++) {
        enum status s = check_feed(e, &feeds[i], err);
        if (s) return s;
        rows += feeds[i].count;
        logits += logits_wanted(&feeds[i]);
    }
    if (rows > (size_t)e->row_max || logits > (size_t)e->logit_row_max) {
        return error_set(err, STATUS_LIMIT,
                         "a step takes at most %lld tokens and gives logits for at most %lld; "
                         "this one has %zu and %zu",
                         (long long)e->row_max, (long long)e->logit_row_max, rows, logits);
    }
    return STATUS_OK;
}

static void copy_page(void *ctx, int32_t to, int32_t from)
{
    struct engine *e = ctx;
    e->backend->type->copy_page(e->backend, to, from);
}

/* Pages for all feeds, or for none. */
static enum status prepare_pages(struct engine *e, const struct session_feed *feeds, size_t count,
                                 struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct session *s = feeds[i].session;
        if (kv_prepare(e->pool, &s->table, s->count, s->count + (int64_t)feeds[i].count, copy_page,
                       e))
            continue;
        while (i-- > 0)
            kv_truncate(e->pool, &feeds[i].session->table, feeds[i].session->count);
        return error_set(err, STATUS_LIMIT,
                         "the cache of %lld positions is full; end a session or raise the cache",
                         (long long)e->draft.page_count * KV_PAGE_TOKENS);
    }
    return STATUS_OK;
}

/* Lays out the rows: each feed is a sequence, its rows follow one another. */
static struct step make_step(struct engine *e, const struct session_feed *feeds, size_t count)
{
    struct step step = { .tokens = e->tokens,
                         .sequences = e->sequences,
                         .logit_rows = e->logit_rows };
    for (size_t i = 0; i < count; i++) {
        struct session *s = feeds[i].session;
        int64_t n = (int64_t)feeds[i].count, after = s->count + n;
        memcpy(e->tokens + step.row_count, feeds[i].tokens, feeds[i].count * sizeof *e->tokens);
        e->sequences[step.sequence_count++] = (struct step_sequence){
            .row_begin = step.row_count,
            .row_count = n,
            .position = s->count,
            .rope_length = s->rope_length > after ? s->rope_length : after,
            .pages = s->table.pages,
        };
        s->logits_count = (int64_t)logits_wanted(&feeds[i]);
        for (int64_t r = n - s->logits_count; r < n; r++)
            e->logit_rows[step.logit_row_count++] = (int32_t)(step.row_count + r);
        s->logits_row = step.logit_row_count - 1;
        step.row_count += n;
    }
    return step;
}

static void feeds_done(struct engine *e, const struct session_feed *feeds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct session *s = feeds[i].session;
        memcpy(s->tokens + s->count, feeds[i].tokens, feeds[i].count * sizeof *s->tokens);
        int64_t pages_before = s->count / KV_PAGE_TOKENS;
        s->count += (int64_t)feeds[i].count;
        s->logits_serial = s->logits_count > 0 ? e->step_serial : 0;
        if (session_shareable(s) && s->count / KV_PAGE_TOKENS > pages_before)
            kv_seal(e->pool, &s->table, s->tokens, s->count);
    }
}

enum status engine_run(struct engine *e, const struct session_feed *feeds, size_t count,
                       struct error *err)
{
    enum status s = check_feeds(e, feeds, count, err);
    if (!s) s = prepare_pages(e, feeds, count, err);
    if (s) return s;
    mem_freeze("a step");
    struct step step = make_step(e, feeds, count);
    e->step_serial++;
    e->backend->type->run(e->backend, &step);
    feeds_done(e, feeds, count);
    mem_thaw();
    return STATUS_OK;
}

enum status engine_step(struct engine *e, const struct session_feed *feeds, size_t feed_count,
                        struct error *err)
{
    for (size_t i = 0; i < feed_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (feeds[i].session == feeds[j].session) {
                return error_set(err, STATUS_USAGE, "a session may stand in a step only once");
            }
        }
    }
    return engine_run(e, feeds, feed_count, err);
}
