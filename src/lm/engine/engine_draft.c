/* What an engine will be: family, plan, backend and sizes, before a weight is loaded.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/core/mem.h"
#include "base/core/pool.h"
#include "lm/engine/engine_inner.h"
#include "math/quants/quant.h"

#define BATCH_DEFAULT       512
#define BATCH_MAX           8192
#define LOGITS_BYTES_WANTED ((int64_t)32 << 20)
#define LOGIT_ROWS_MIN      16

/* A level that this machine lacks is an error: nobody should measure another one by mistake. */
static enum status mask_levels(cpu_set *ret, cpu_set have, const char *level, struct error *err)
{
    cpu_set masked;
    if (cpu_set_mask(have, level, &masked) &&
        strcmp(cpu_level_name(cpu_set_best(masked)), level) == 0) {
        *ret = masked;
        return STATUS_OK;
    }
    return error_set(err, STATUS_USAGE,
                     "the CPU level '%s' is unknown or not present here; `hearth doctor` lists "
                     "the levels",
                     level);
}

static enum status choose_backend(struct engine_draft *d, const struct engine_options *o,
                                  struct error *err)
{
    const char *name = o->backend ? o->backend : "cpu";
    cpu_set have = cpu_detect();
    d->backend_type = backend_find(name);
    if (!d->backend_type) {
        return error_set(err, STATUS_USAGE, "there is no backend '%s'; choose cpu or ref", name);
    }
    d->backend_options = (struct backend_options){
        .cpu = have,
        .thread_count = o->thread_count ? o->thread_count : pool_default_threads(),
        .precise = o->precise,
        .progress = o->progress,
    };
    return o->cpu_level ? mask_levels(&d->backend_options.cpu, have, o->cpu_level, err) : STATUS_OK;
}

static bool is_quantized(const struct program *g)
{
    for (int i = 0; i < g->weight_count; i++) {
        const struct weight *w = &g->weights[i];
        if (w->role == WEIGHT_MATRIX && quant_of(w->view.type)->block_values > 1) return true;
    }
    return false;
}

/* Whoever keeps weights in 16 bits or more wants their model's own numbers; a half-precision cache would be
 * the coarsest rounding of the whole pass. */
static enum status choose_cache(struct engine_draft *d, const struct engine_options *o,
                                struct error *err)
{
    if (!o->cache_type) {
        d->backend_options.cache_f32 = o->precise || !is_quantized(plan_program(d->plan));
    } else if (strcmp(o->cache_type, "f32") == 0 || strcmp(o->cache_type, "f16") == 0) {
        d->backend_options.cache_f32 = strcmp(o->cache_type, "f32") == 0;
    } else {
        return error_set(err, STATUS_USAGE, "there is no cache type '%s'; choose f16 or f32",
                         o->cache_type);
    }
    return STATUS_OK;
}

static enum status choose_context(struct engine_draft *d, const struct engine_options *o,
                                  struct error *err)
{
    int64_t model = d->shape.context;
    if (o->context_max > model) {
        return error_set(err, STATUS_CONTEXT,
                         "a context of %lld tokens was asked for, but the model was made for %lld",
                         (long long)o->context_max, (long long)model);
    }
    d->context_max = o->context_max > 0               ? o->context_max
                     : model < ENGINE_CONTEXT_DEFAULT ? model
                                                      : ENGINE_CONTEXT_DEFAULT;
    int64_t positions = o->cache_tokens > 0 ? o->cache_tokens : d->context_max;
    if (positions < d->context_max) d->context_max = positions;
    d->page_count = (positions + KV_PAGE_TOKENS - 1) / KV_PAGE_TOKENS;
    d->backend_options.page_count = d->page_count;
    return STATUS_OK;
}

static void warn_unread(const struct engine_draft *d, const struct log *log)
{
    struct span first;
    size_t unread = plan_unread_tensors(d->plan, d->family->ignored, &first);
    if (unread == 0) return;
    log_write(log, LOG_WARN, "model",
              "%zu tensor%s of the file %s not used by '%s', the first is '%.*s'", unread,
              unread == 1 ? "" : "s", unread == 1 ? "is" : "are", d->family->name, (int)first.len,
              first.data);
}

static int64_t logit_rows(const struct engine_draft *d, int64_t rows, int64_t streams)
{
    int64_t n = LOGITS_BYTES_WANTED / (d->shape.vocab_size * (int64_t)sizeof(float));
    if (n < LOGIT_ROWS_MIN) n = LOGIT_ROWS_MIN;
    if (n < streams) n = streams;
    return n < rows ? n : rows;
}

static enum status record(struct engine_draft *d, struct source *source,
                          const struct engine_options *o, struct error *err)
{
    struct value logits;
    int64_t rows = o->batch_max > 0 ? o->batch_max : BATCH_DEFAULT;
    if (rows > BATCH_MAX) {
        return error_set(err, STATUS_LIMIT,
                         "a step of %lld rows was asked for, at most %d are possible",
                         (long long)rows, BATCH_MAX);
    }
    if (o->streams_max > rows) {
        return error_set(err, STATUS_USAGE,
                         "%lld streams were asked for, but a step has %lld rows; raise the batch",
                         (long long)o->streams_max, (long long)rows);
    }
    if (source_tensor_count(source) == 0) {
        return error_set(err, STATUS_BAD_INPUT,
                         "'%s' has no weights, only configuration or tokenizer files",
                         source_path(source));
    }
    enum status s = plan_new(&d->plan, source, err);
    if (!s) s = d->family->record(d->plan, &d->config, &o->log, &d->shape, &logits, err);
    if (!s) s = plan_finish(d->plan, logits, rows, logit_rows(d, rows, o->streams_max), err);
    if (!s) warn_unread(d, &o->log);
    return s;
}

enum status engine_draft_init(struct engine_draft *ret, struct source *source,
                              const struct engine_options *o, struct error *err)
{
    struct engine_draft *d = ret;
    memset(d, 0, sizeof *d);
    enum status s = config_init(&d->config, source, err);
    if (!s) s = family_find(&d->family, &d->config, err);
    if (!s) s = choose_backend(d, o, err);
    if (!s) s = record(d, source, o, err);
    if (!s) s = choose_cache(d, o, err);
    if (!s) s = choose_context(d, o, err);
    if (!s) s = config_generation(&d->config, &d->generation, err);
    if (!s) s = d->backend_type->sizes(&d->sizes, plan_program(d->plan), &d->backend_options, err);
    if (s) engine_draft_release(d);
    return s;
}

void engine_draft_release(struct engine_draft *d)
{
    plan_free(d->plan);
    config_release(&d->config);
    memset(d, 0, sizeof *d);
}

enum status engine_plan(struct engine_plan *ret, struct source *source,
                        const struct engine_options *o, struct error *err)
{
    struct engine_draft d;
    enum status s = engine_draft_init(&d, source, o, err);
    if (s) return s;
    *ret = (struct engine_plan){
        .weight_bytes = d.sizes.weight_bytes,
        .mapped_bytes = d.sizes.mapped_bytes,
        .cache_bytes = (uint64_t)d.page_count * d.sizes.page_bytes,
        .cache_bytes_per_token = d.sizes.page_bytes / KV_PAGE_TOKENS,
        .work_bytes = d.sizes.work_bytes,
        .context_max = d.context_max,
        .model_context = d.shape.context,
        .family = d.family->name,
        .parameter_count = plan_parameter_count(d.plan),
    };
    engine_draft_release(&d);
    return STATUS_OK;
}
