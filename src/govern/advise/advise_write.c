/* Advice as JSON.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/core/mem.h"
#include "govern/advise/advise.h"
#include "math/quants/quant.h"

/* 0 is not known. */
static void put_known(struct json_writer *w, const char *key, int64_t v)
{
    json_key(w, key);
    if (v) json_put_int(w, v);
    else json_put_null(w);
}

static void put_plan(struct json_writer *w, const struct advise_plan *p)
{
    json_key(w, "plan");
    json_open_object(w);
    json_member_text(w, "format", advise_format_name(p->format));
    json_key(w, "bits_per_weight");
    json_put_real(w, p->bits);
    json_member_int(w, "context", p->context);
    json_member_int(w, "weight_bytes", (int64_t)p->weight_bytes);
    put_known(w, "cache_bytes", (int64_t)p->cache_bytes);
    put_known(w, "cache_bytes_per_token", (int64_t)p->cache_token_bytes);
    json_member_int(w, "reserve_bytes", (int64_t)p->reserve_bytes);
    json_member_int(w, "total_bytes", (int64_t)p->total_bytes);
    json_member_bool(w, "fits", p->fits);
    json_key(w, "prompt_seconds");
    json_put_real(w, p->prompt_seconds);
    json_member_bool(w, "slow", p->slow);
    json_close_object(w);
}

static void put_entry(struct json_writer *w, const struct catalogue_entry *e)
{
    json_member_text(w, "name", e->name);
    json_member_text(w, "family", e->family);
    json_member_text(w, "released", e->released);
    json_member_int(w, "parameters_millions", e->params);
    json_member_int(w, "active_millions", e->active ? e->active : e->params);
    put_known(w, "context", e->context);
    json_member_text(w, "architecture", e->architecture);
    json_member_text(w, "base", e->base);
    json_member_text(w, "base_licence", e->base_licence);
    json_member_text(w, "source", e->source);
    json_member_text(w, "as_of", CATALOGUE_AS_OF);
    json_member_text(w, "doubt", e->doubt);
}

static void put_licence(struct json_writer *w, const struct advise_item *item,
                        const struct licence_verdict *v)
{
    const struct licence_facts *f = licence_facts_of(item->entry->licence);
    json_key(w, "licence");
    json_open_object(w);
    json_member_text(w, "id", item->entry->licence);
    json_member_text(w, "name", f ? f->name : NULL);
    json_member_text(w, "verdict", licence_answer_name(item->answer));
    json_member_text(w, "preference", licence_preference_words(item->preference));
    json_key(w, "rules");
    licence_rules_write(w, NULL, v);
    json_close_object(w);
}

static enum status put_item(struct json_writer *w, const struct advice *a, int i,
                            struct licence_verdict *scratch, struct error *err)
{
    const struct advise_item *item = &a->items[i];
    enum status st = advise_licence(scratch, item->entry, a->in.use, err);
    if (st) return st;
    json_open_object(w);
    json_member_int(w, "rank", i + 1);
    put_entry(w, item->entry);
    put_licence(w, item, scratch);
    json_member_text(w, "openness", advise_openness(item->entry));
    json_member_text(w, "runs_as", item->runs_as);
    put_plan(w, &item->plan);
    json_close_object(w);
    return STATUS_OK;
}

static void put_left_out(struct json_writer *w, const struct advice *a,
                         struct licence_verdict *scratch)
{
    json_key(w, "left_out");
    json_open_array(w);
    for (int i = a->listed; i < a->count; i++) {
        const struct advise_item *item = &a->items[i];
        bool denied = item->place == ADVISE_DENIED &&
                      !advise_licence(scratch, item->entry, a->in.use, NULL) && scratch->count;
        json_open_object(w);
        json_member_text(w, "name", item->entry->name);
        json_member_text(w, "why", advise_place_name(item->place));
        json_member_text(w, "rule", denied ? licence_rule_name(scratch->rules[0].id) : NULL);
        json_member_text(w, "reason", denied ? scratch->rules[0].reason : NULL);
        json_member_int(w, "total_bytes", (int64_t)item->plan.total_bytes);
        json_close_object(w);
    }
    json_close_array(w);
}

static void put_evaluation(struct json_writer *w, enum advise_job job)
{
    const struct advise_step *s;
    json_key(w, "evaluation");
    json_open_array(w);
    for (size_t i = 0; (s = advise_step_at(job, i)); i++) {
        json_open_object(w);
        json_member_text(w, "step", s->name);
        json_member_text(w, "how", s->how);
        put_known(w, "items", s->items);
        json_member_text(w, "pass", s->pass);
        json_close_object(w);
    }
    json_close_array(w);
}

static void put_head(struct json_writer *w, const struct advice *a)
{
    int entries = 0;
    while (catalogue_at((size_t)entries))
        entries++;
    json_member_text(w, "job", advise_job_name(a->in.job));
    json_key(w, "machine");
    json_open_object(w);
    json_member_int(w, "memory_bytes", (int64_t)a->in.memory_bytes);
    json_member_int(w, "cores", a->in.cores);
    json_close_object(w);
    json_member_int(w, "context", a->in.context);
    json_key(w, "catalogue");
    json_open_object(w);
    json_member_text(w, "as_of", CATALOGUE_AS_OF);
    json_member_text(w, "up_to", CATALOGUE_UP_TO);
    json_member_int(w, "entries", entries);
    json_close_object(w);
}

enum status advise_write(struct json_writer *w, const struct advice *a, int max, struct error *err)
{
    enum status st = STATUS_OK;
    struct licence_verdict *scratch = mem_zero(sizeof *scratch);
    if (!scratch) return error_set(err, STATUS_NO_MEMORY, "no memory for a verdict");
    json_open_object(w);
    put_head(w, a);
    json_key(w, "shortlist");
    json_open_array(w);
    for (int i = 0; i < a->listed && i < max && !st; i++)
        st = put_item(w, a, i, scratch, err);
    json_close_array(w);
    if (!st) put_left_out(w, a, scratch);
    put_evaluation(w, a->in.job);
    json_key(w, "unknown");
    json_open_array(w);
    for (size_t i = 0; advise_unknown(i); i++)
        json_put_string(w, advise_unknown(i));
    json_close_array(w);
    json_close_object(w);
    mem_free(scratch);
    return st;
}
