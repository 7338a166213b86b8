/* `hearth advise`: which models to look at for a job.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/core/mem.h"
#include "front/cmd/command.h"
#include "front/cmd/declared_use.h"
#include "front/cmd/machine.h"
#include "front/cmd/model_options.h"
#include "front/cmd/report.h"
#include "front/cmd/terminal.h"
#include "govern/advise/advise.h"
#include "math/quants/quant.h"

#define GIB             (1024.0 * 1024 * 1024)
#define CONTEXT_DEFAULT 8192
#define COUNT_DEFAULT   5

static const struct option_spec specs[] = {
    { "job", 0, OPTION_TEXT, "chat|extraction|coding|bilingual|embeddings",
      .help = "what the model is for" },
    { "memory", 0, OPTION_REAL, "GIB", 0.1, 1e6,
      .help = "what a model may take; by default what is free here" },
    { "cores", 0, OPTION_INT, "N", 1, 4096, .help = "by default those of this machine" },
    { "ctx", 0, OPTION_INT, "N", 1, 1e8,
      .help = "tokens of a conversation, for the plan; 8192 by default" },
    { "use", 0, OPTION_TEXT, "FILE", .help = "the declared use; by default that of hearth.yaml" },
    { "count", 0, OPTION_INT, "N", 1, ADVISE_ITEMS_MAX,
      .help = "how many models the shortlist has at most; 5 by default" },
    { 0 },
};
static const struct option_table own_table = { "Options", specs };
static const struct option_table *const tables[] = { &own_table, &json_table, NULL };

static enum status read_machine(struct advise_input *in, const struct args *args, struct error *err)
{
    struct machine m;
    machine_read(&m);
    in->memory_bytes = args_given(args, "memory") ? (uint64_t)(args_real(args, "memory", 0) * GIB)
                                                  : machine_usable_memory(&m);
    in->cores = (int)args_int(args, "cores", m.cpus_usable);
    in->context = args_int(args, "ctx", CONTEXT_DEFAULT);
    if (in->memory_bytes) return STATUS_OK;
    return error_set(err, STATUS_USAGE,
                     "this system does not say how much memory is free: give --memory GIB");
}

static void format_params(char out[32], const struct catalogue_entry *e)
{
    if (e->active)
        snprintf(out, 32, "%.3gB, %.3gB active", (double)e->params / 1e3, (double)e->active / 1e3);
    else snprintf(out, 32, "%.3gB", (double)e->params / 1e3);
}

static void tell_plan(struct report *r, const struct advise_plan *p)
{
    char weights[32], cache[32], total[32], reserve[32];
    format_bytes(weights, sizeof weights, p->weight_bytes);
    format_bytes(cache, sizeof cache, p->cache_bytes);
    format_bytes(reserve, sizeof reserve, p->reserve_bytes);
    format_bytes(total, sizeof total, p->total_bytes);
    report_line(r, "   memory     %s as %s: weights %s (%.3g bits each), cache %s, reserve %s",
                total, advise_format_name(p->format), weights, p->bits,
                p->cache_token_bytes ? cache : "not known", reserve);
    if (p->cache_token_bytes)
        report_line(r,
                    "              the cache is %" PRIu64 " bytes a token, for %" PRId64 " tokens",
                    p->cache_token_bytes, p->context);
    report_line(r,
                "   speed      %d tokens of prompt in about %.2g s%s, assuming 50 GFLOP/s a core",
                ADVISE_PROMPT_TOKENS, p->prompt_seconds, p->slow ? ": slow" : "");
}

static void tell_rules(struct report *r, const struct licence_verdict *v)
{
    for (int i = 0; i < v->count; i++) {
        if (v->rules[i].answer == LICENCE_ALLOW) continue;
        report_line(r, "              %s: %s", licence_rule_name(v->rules[i].id),
                    v->rules[i].reason);
        if (v->rules[i].next[0]) report_line(r, "              next: %s", v->rules[i].next);
    }
}

static enum status tell_item(struct report *r, const struct advice *a, int i,
                             struct licence_verdict *scratch, struct error *err)
{
    const struct advise_item *item = &a->items[i];
    const struct catalogue_entry *e = item->entry;
    char params[32];
    enum status st = advise_licence(scratch, e, a->in.use, err);
    if (st) return st;
    format_params(params, e);
    report_line(r, "%d. %s", i + 1, e->name);
    report_line(r, "   what       %s, released %s (%s)", params, e->released, e->source);
    report_line(r, "   licence    %s: %s%s%s", e->licence, licence_answer_name(item->answer),
                e->base ? "; made from " : "", e->base ? e->base : "");
    tell_rules(r, scratch);
    report_line(r, "   openness   %s", advise_openness(e));
    tell_plan(r, &item->plan);
    if (item->runs_as) report_line(r, "   here       runs (family %s)", item->runs_as);
    else
        report_line(r, "   here       does not run today: no family answers to %s",
                    e->architecture);
    if (e->doubt) report_line(r, "   unsure     %s", e->doubt);
    report_line(r, "%s", "");
    return STATUS_OK;
}

/* A size that is too big is no news where another size of the family is listed. */
static bool is_listed(const struct advice *a, const char *family)
{
    for (int i = 0; i < a->listed; i++)
        if (strcmp(a->items[i].entry->family, family) == 0) return true;
    return false;
}

static void tell_left_out(struct report *r, const struct advice *a, struct licence_verdict *scratch)
{
    int told = 0;
    for (int i = a->listed; i < a->count; i++) {
        const struct advise_item *item = &a->items[i];
        char total[32];
        format_bytes(total, sizeof total, item->plan.total_bytes);
        if (item->place == ADVISE_OTHER_SIZE) continue;
        if (item->place == ADVISE_TOO_BIG && is_listed(a, item->entry->family)) continue;
        if (told++ == 0) report_line(r, "Left out:");
        if (item->place == ADVISE_TOO_BIG)
            report_line(r, "  %s: needs %s as %s", item->entry->name, total,
                        advise_format_name(item->plan.format));
        else if (!advise_licence(scratch, item->entry, a->in.use, NULL) && scratch->count)
            report_line(r, "  %s: %s: %s", item->entry->name,
                        licence_rule_name(scratch->rules[0].id), scratch->rules[0].reason);
    }
    if (told) report_line(r, "%s", "");
}

static void tell_rest(struct report *r, const struct advice *a)
{
    const struct advise_step *s;
    report_line(r, "Before adopting one, evaluate:");
    for (size_t i = 0; (s = advise_step_at(a->in.job, i)); i++) {
        report_line(r, "  %s: %s", s->name, s->how);
        if (s->items) report_line(r, "     %d items; passes when: %s", s->items, s->pass);
        else report_line(r, "     passes when: %s", s->pass);
    }
    report_line(r, "%s", "");
    report_line(r, "Not known:");
    for (size_t i = 0; advise_unknown(i); i++)
        report_line(r, "  %s", advise_unknown(i));
}

static enum status tell(struct report *r, const struct advice *a, int max, const char *use_from,
                        struct error *err)
{
    char memory[32];
    enum status st = STATUS_OK;
    struct licence_verdict *scratch = mem_zero(sizeof *scratch);
    if (!scratch) return error_set(err, STATUS_NO_MEMORY, "no memory for a verdict");
    format_bytes(memory, sizeof memory, a->in.memory_bytes);
    report_line(r, "For %s (%s), in %s, on %d core%s. Declared use: %s. Catalogue of %s.",
                advise_job_name(a->in.job), advise_job_words(a->in.job), memory, a->in.cores,
                a->in.cores == 1 ? "" : "s", *use_from ? use_from : "none, so that much is asked",
                CATALOGUE_AS_OF);
    report_line(r, "%s", "");
    if (!a->listed) {
        report_line(r, "No model of the catalogue fits the licence and the memory; see below why.");
        report_line(r, "%s", "");
    }
    for (int i = 0; i < a->listed && i < max && !st; i++)
        st = tell_item(r, a, i, scratch, err);
    if (!st && a->listed > max) {
        report_line(r, "%d more fit: --count says how many are shown.", a->listed - max);
        report_line(r, "%s", "");
    }
    if (!st) {
        tell_left_out(r, a, scratch);
        tell_rest(r, a);
    }
    mem_free(scratch);
    return st;
}

static enum status print(const struct advice *a, const struct args *args, const char *use_from,
                         struct error *err)
{
    int max = (int)args_int(args, "count", COUNT_DEFAULT);
    struct report r;
    enum status st;
    report_begin(&r, args_flag(args, "json"));
    if (r.json) {
        json_key(&r.writer, "advice");
        st = advise_write(&r.writer, a, max, err);
    } else {
        st = tell(&r, a, max, use_from, err);
    }
    if (!st) return report_end(&r, err);
    report_abandon(&r);
    return st;
}

static enum status run(const struct args *args, struct error *err)
{
    struct licence_use use;
    struct advise_input in = { .use = &use };
    char from[4096] = "";
    const char *job = args_text(args, "job", NULL);
    if (!job)
        return error_set(err, STATUS_USAGE,
                         "say what the model is for: --job chat, extraction, coding, bilingual or "
                         "embeddings");
    enum status st = advise_job_find(&in.job, job, err);
    if (!st) st = read_machine(&in, args, err);
    if (!st) st = declared_use_read(&use, args_text(args, "use", NULL), from, err);
    if (st) return st;
    struct advice *a = mem_zero(sizeof *a);
    if (!a) return error_set(err, STATUS_NO_MEMORY, "no memory for advice");
    st = advise(a, &in, err);
    if (!st) st = print(a, args, from, err);
    mem_free(a);
    return st;
}

const struct command cmd_advise = {
    .name = "advise",
    .summary = "which open-weight models to look at for a job, this machine and a declared use",
    .operands = "--job JOB",
    .operands_max = 0,
    .about =
        "A shortlist out of a built-in catalogue: what the licence says of the declared use comes "
        "first, then the order of preference among licences, then whether this program runs the "
        "family. Each comes with a plan of its memory; then follows what to evaluate, and what is "
        "not known. Nothing is asked of the network.",
    .tables = tables,
    .run = run,
};
