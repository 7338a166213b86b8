/* Choosing and ordering.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/advise/advise.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/mem.h"
#include "govern/licence/licence_derive.h"
#include "lm/model/family.h"
#include "math/quants/quant.h"

#define PREFERENCE_UNKNOWN 7

static const struct catalogue_entry catalogue[] = {
#define MODEL(...) { __VA_ARGS__ },
#include "govern/advise/catalogue_list.h"
#undef MODEL
};
#define CATALOGUE_COUNT (sizeof catalogue / sizeof *catalogue)
static_assert(CATALOGUE_COUNT <= ADVISE_ITEMS_MAX, "advice has room for the whole catalogue");

static const struct {
    const char *name, *words;
} jobs[] = {
#define JOB(symbol, name, words) { name, words },
#include "govern/advise/job_list.h"
#undef JOB
};

static const struct {
    unsigned jobs;
    struct advise_step step;
} steps[] = {
#define STEP(mask, name, how, items, pass) { mask, { name, how, pass, items } },
#include "govern/advise/advise_step_list.h"
#undef STEP
};

static const char *const unknowns[] = {
#define UNKNOWN(words) words,
#include "govern/advise/advise_unknown_list.h"
#undef UNKNOWN
};

const char *advise_job_name(enum advise_job job)
{
    return jobs[job].name;
}

const char *advise_job_words(enum advise_job job)
{
    return jobs[job].words;
}

enum status advise_job_find(enum advise_job *ret, const char *name, struct error *err)
{
    for (int i = 0; i < ADVISE_JOB_COUNT; i++)
        if (strcmp(jobs[i].name, name) == 0) {
            *ret = (enum advise_job)i;
            return STATUS_OK;
        }
    return error_set(err, STATUS_USAGE, "there is no job \"%.64s\"; the jobs are "
#define JOB(symbol, name, words) name " "
#include "govern/advise/job_list.h"
#undef JOB
                     ,
                     name);
}

const struct catalogue_entry *catalogue_at(size_t i)
{
    return i < CATALOGUE_COUNT ? &catalogue[i] : NULL;
}

const char *catalogue_runs_as(const struct catalogue_entry *e)
{
    const struct model_family *f;
    for (int i = 0; (f = family_at(i)); i++)
        for (const char *const *name = f->hf_architectures; *name; name++)
            if (strcmp(*name, e->architecture) == 0) return f->name;
    return NULL;
}

const struct advise_step *advise_step_at(enum advise_job job, size_t i)
{
    for (size_t k = 0; k < sizeof steps / sizeof *steps; k++)
        if ((steps[k].jobs & (1u << job)) && i-- == 0) return &steps[k].step;
    return NULL;
}

const char *advise_unknown(size_t i)
{
    return i < sizeof unknowns / sizeof *unknowns ? unknowns[i] : NULL;
}

const char *advise_format_name(enum quant_type format)
{
    return format == QUANT_Q4_K ? "Q4_K_M" : quant_name(format);
}

const char *advise_place_name(enum advise_place p)
{
    static const char *const names[] = { "listed", "other-size", "denied", "too-big" };
    return names[p];
}

const char *advise_openness(const struct catalogue_entry *e)
{
    const struct licence_facts *f = licence_facts_of(e->licence);
    const struct licence_facts *b = e->base_licence ? licence_facts_of(e->base_licence) : f;
    if (!f || !b) return "unknown: the terms were not read";
    if (!f->open || !b->open) return "open weights under terms with limits: not open source";
    if (e->data_published)
        return "open weights under an open licence; training data and code are published, it is "
               "said";
    return "open weights under an open licence: not open source, the training data is not "
           "published";
}

/* ---- licence ---- */

/* The row of the licence with the terms of the entry: what is known of it is that it is there. */
static void ask_about(struct licence_verdict *v, const char *id)
{
    struct licence_rule *r = &v->rules[v->count++];
    memset(r, 0, sizeof *r);
    r->id = RULE_TERMS_UNKNOWN;
    r->answer = LICENCE_ASK;
    struct buf text = BUF_INIT(sizeof r->reason - 1);
    buf_format(&text, "the licence \"%.64s\" is not in the table of facts", id);
    memcpy(r->reason, text.data ? text.data : "", text.len);
    buf_release(&text);
    static const char next[] =
        "have its text read: `hearth licence FILE`, and by somebody who may decide";
    memcpy(r->next, next, sizeof next);
    if (v->answer < LICENCE_ASK) v->answer = LICENCE_ASK;
}

/* Text models are judged as such, whatever modalities are declared: a model without pictures has none to bar. */
static struct licence_use use_of_entry(const struct catalogue_entry *e,
                                       const struct licence_use *use)
{
    struct licence_use u = *use;
    if (!e->multimodal) u.multimodal = DECLARED_NO;
    return u;
}

enum status advise_licence(struct licence_verdict *ret, const struct catalogue_entry *e,
                           const struct licence_use *use, struct error *err)
{
    struct licence_use u = use_of_entry(e, use);
    struct licence_node nodes[2] = {
        { .name = e->name, .facts = licence_facts_of(e->licence), .claims = true },
        { .name = e->base, .claims = true },
    };
    memset(ret, 0, sizeof *ret);
    if (!nodes[0].facts) {
        ask_about(ret, e->licence);
        return STATUS_OK;
    }
    if (!e->base) {
        licence_judge_facts(ret, nodes[0].facts, &u);
        return STATUS_OK;
    }
    nodes[1].facts = licence_facts_of(e->base_licence);
    nodes[0].parent_count = 1;
    nodes[0].parents[0] = 1;
    nodes[0].kinds[0] = DERIVED_FINETUNE;
    return licence_derive(ret, nodes, 2, 0, &u, err);
}

static int preference_of(const char *id)
{
    const struct licence_facts *f = id ? licence_facts_of(id) : NULL;
    return f ? licence_preference(f) : PREFERENCE_UNKNOWN;
}

static int worse_preference(const struct catalogue_entry *e)
{
    int own = preference_of(e->licence);
    int base = e->base ? preference_of(e->base_licence) : 0;
    return own > base ? own : base;
}

/* ---- memory ---- */

/* The widest first: the widest that fits is planned with. */
static const enum quant_type formats[] = { QUANT_BF16, QUANT_Q8_0, QUANT_Q4_K };
#define FORMAT_COUNT (sizeof formats / sizeof *formats)

/* Keys and values are kept in float32 for models that are not quantized, else in float16. */
static uint64_t cache_token_bytes(const struct catalogue_entry *e, enum quant_type format)
{
    uint64_t value = format == QUANT_BF16 ? 4 : 2;
    return 2 * (uint64_t)e->layers * (uint64_t)e->kv_heads * (uint64_t)e->head_dim * value;
}

static void plan_with(struct advise_plan *p, const struct catalogue_entry *e,
                      const struct advise_input *in, enum quant_type format)
{
    const struct quant *q = quant_of(format);
    double weights = (double)e->params * 1e6;
    p->format = format;
    p->bits = format == QUANT_Q4_K ? ADVISE_Q4_K_M_BITS : 8.0 * q->block_bytes / q->block_values;
    p->context = e->context && e->context < in->context ? e->context : in->context;
    p->weight_bytes = (uint64_t)(weights * p->bits / 8);
    p->cache_token_bytes = cache_token_bytes(e, format);
    p->cache_bytes = p->cache_token_bytes * (uint64_t)p->context;
    p->reserve_bytes = (p->weight_bytes + p->cache_bytes) / 10 + ADVISE_TABLE_BYTES;
    p->total_bytes = p->weight_bytes + p->cache_bytes + p->reserve_bytes;
    p->fits = p->total_bytes <= in->memory_bytes;
}

void advise_plan_make(struct advise_plan *ret, const struct catalogue_entry *e,
                      const struct advise_input *in)
{
    memset(ret, 0, sizeof *ret);
    for (size_t i = 0; i < FORMAT_COUNT && !ret->fits; i++)
        plan_with(ret, e, in, formats[i]);
    double active = (double)(e->active ? e->active : e->params) * 1e6;
    ret->prompt_seconds = 2 * active * ADVISE_PROMPT_TOKENS / (in->cores * ADVISE_FLOPS);
    ret->slow = ret->prompt_seconds > ADVISE_PROMPT_SECONDS;
}

/* ---- choosing ---- */

/* Whether size `a` of a family is to be preferred to size `b`. */
static bool better_size(const struct advise_item *a, const struct advise_item *b)
{
    if (a->answer != b->answer) return a->answer < b->answer;
    if (a->preference != b->preference) return a->preference < b->preference;
    if (a->plan.slow != b->plan.slow) return !a->plan.slow;
    if (a->plan.slow) return a->plan.prompt_seconds < b->plan.prompt_seconds;
    return a->entry->params > b->entry->params;
}

static void choose_sizes(struct advice *a)
{
    for (int i = 0; i < a->count; i++)
        for (int k = 0; k < a->count; k++) {
            struct advise_item *one = &a->items[i], *other = &a->items[k];
            if (i == k || one->place != ADVISE_LISTED || other->place != ADVISE_LISTED ||
                strcmp(one->entry->family, other->entry->family) != 0)
                continue;
            if (better_size(other, one)) one->place = ADVISE_OTHER_SIZE;
        }
}

static int by_rank(const void *a, const void *b)
{
    const struct advise_item *x = a, *y = b;
    if (x->place != y->place) return (int)x->place - (int)y->place;
    if (x->answer != y->answer) return (int)x->answer - (int)y->answer;
    if (x->preference != y->preference) return x->preference - y->preference;
    if (!x->runs_as != !y->runs_as) return x->runs_as ? -1 : 1;
    if (x->plan.slow != y->plan.slow) return x->plan.slow ? 1 : -1;
    int released = strcmp(y->entry->released, x->entry->released);
    if (released) return released;
    return strcmp(x->entry->name, y->entry->name);
}

static enum status place_entry(struct advise_item *item, const struct catalogue_entry *e,
                               const struct advise_input *in, struct licence_verdict *scratch,
                               struct error *err)
{
    memset(item, 0, sizeof *item);
    item->entry = e;
    enum status st = advise_licence(scratch, e, in->use, err);
    if (st) return st;
    item->answer = scratch->answer;
    item->preference = worse_preference(e);
    item->runs_as = catalogue_runs_as(e);
    advise_plan_make(&item->plan, e, in);
    item->place = item->answer == LICENCE_DENY ? ADVISE_DENIED
                  : !item->plan.fits           ? ADVISE_TOO_BIG
                                               : ADVISE_LISTED;
    return STATUS_OK;
}

enum status advise(struct advice *ret, const struct advise_input *in, struct error *err)
{
    enum status st = STATUS_OK;
    if (in->memory_bytes == 0 || in->cores < 1 || in->context < 1)
        return error_set(err, STATUS_BAD_INPUT,
                         "advice needs a machine: memory, cores, and a length of conversations");
    struct licence_verdict *scratch = mem_zero(sizeof *scratch);
    if (!scratch) return error_set(err, STATUS_NO_MEMORY, "no memory for a verdict");
    ret->in = *in;
    ret->count = ret->listed = 0;
    for (size_t i = 0; i < CATALOGUE_COUNT && !st; i++)
        if (catalogue[i].jobs & (1u << in->job))
            st = place_entry(&ret->items[ret->count++], &catalogue[i], in, scratch, err);
    mem_free(scratch);
    if (st) return st;
    choose_sizes(ret);
    qsort(ret->items, (size_t)ret->count, sizeof *ret->items, by_rank);
    while (ret->listed < ret->count && ret->items[ret->listed].place == ADVISE_LISTED)
        ret->listed++;
    return STATUS_OK;
}
