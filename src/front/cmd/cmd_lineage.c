/* `hearth lineage`: what a model says it was made from, and whether the weights of two have a common origin.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/core/file.h"
#include "front/cmd/command.h"
#include "front/cmd/interrupt.h"
#include "front/cmd/lineage_input.h"
#include "front/cmd/model_options.h"
#include "front/cmd/model_store.h"
#include "front/cmd/progress_bar.h"
#include "front/cmd/report.h"
#include "govern/lineage/lineage.h"

#define PAGE_BYTES_MAX ((size_t)64 << 20)

static const struct option_spec specs[] = {
    { "html", 0, OPTION_TEXT, "FILE", .help = "write a page with plots, which loads nothing" },
    { "all-layers", 0, OPTION_FLAG,
      .help = "compare all pairs of layers even where both models have as many" },
    { "units", 0, OPTION_INT, "N", -1, 65536,
      "feed-forward units of a block that are sampled; -1: all (1024, or 256 with all layers)" },
    { "permutations", 0, OPTION_INT, "N", 1, TEST_PERMUTATIONS_MAX,
      "random orders of the residual dimensions (9999)" },
    { "seed", 0, OPTION_INT, "N", 0, 0x1p53, "where the random numbers begin (1)" },
    { "threads", 0, OPTION_INT, "N", 0, POOL_THREADS_MAX, "0: one per core (0)" },
    { 0 },
};
static const struct option_table own_table = { "Options", specs };
static const struct option_table *const tables[] = { &own_table, &lock_table, &json_table, NULL };

/* ---- what is declared ---- */

static void report_claims(struct report *r, const char *name, const struct lineage_claims *c)
{
    report_line(r, "%s declares%s", name, c->count ? "" : " no parent");
    for (int i = 0; i < c->count; i++) {
        const struct lineage_claim *claim = &c->at[i];
        char line[32] = "";
        if (claim->line) snprintf(line, sizeof line, ":%d", claim->line);
        report_line(r, "  %-16s %s  (%s%s, %s)",
                    *claim->relation ? claim->relation : "relation not said", claim->parent,
                    claim->file, line, claim->place);
    }
    for (int i = 0; i < c->finding_count; i++)
        report_line(r, "  finding: %s", c->findings[i]);
}

static enum status run_one(const struct args *args, struct error *err)
{
    struct lineage_input in;
    struct report r;
    const char *path = args_operand(args, 0);
    enum status st = lineage_input_open(&in, path, args, err);
    if (!st) {
        report_begin(&r, args_flag(args, "json"));
        report_text(&r, "model", "model", path);
        if (r.json) {
            json_key(&r.writer, "declared");
            lineage_write_claims(&r.writer, in.claims);
        } else {
            report_claims(&r, "the model", in.claims);
            report_line(
                &r,
                "These are claims of whoever published the files. `hearth lineage %s OTHER` "
                "compares weights.",
                path);
        }
        st = report_end(&r, err);
    }
    lineage_input_release(&in);
    return st;
}

/* ---- what was found ---- */

static void report_side(struct report *r, const char *name, const struct lineage_side *s)
{
    const struct lineage_model *m = &s->model;
    report_line(r, "%s  %s: %d layers, width %" PRId64 ", %" PRId64 " units%s", name,
                source_path(s->source), m->layer_count, m->width, lineage_model_units(m),
                lineage_model_experts(m) > 1 ? " (experts)" : "");
    if (!s->tensor_count) report_line(r, "   no weights: only its other files were compared");
    if (m->unread_count)
        report_line(r, "   %zu tensors are of a type that is not read (%s) and were left out",
                    m->unread_count, m->unread_type);
}

static void report_outcome(struct report *r, const struct lineage_tests *t, enum lineage_test i)
{
    const struct lineage_outcome *o = &t->at[i];
    char p[64], adjusted[64], control[64];
    report_line(r, "%s  %s", lineage_test_id(i), lineage_test_title(i));
    if (!o->ran) {
        report_line(r, "      not run: %s", o->why_not);
        return;
    }
    lineage_p_text(p, sizeof p, o->log_p);
    lineage_p_text(adjusted, sizeof adjusted, o->log_p_adjusted);
    lineage_p_text(control, sizeof control, o->control_log_p);
    report_line(r, "      statistic %.4f over %d %s, %s", o->statistic, o->parts,
                i == LINEAGE_TEST_RESIDUAL ? "vectors" : "pairs of blocks", p);
    if (i != LINEAGE_TEST_RESIDUAL) report_line(r, "      control: %s", control);
    if (o->withdrawn) report_line(r, "      withdrawn: %s", o->why_not);
    else report_line(r, "      after Holm's correction: %s", adjusted);
    report_line(r, "      blind to %s", lineage_test_blind(i));
}

/* Which layer went where: only told where all were compared with all. */
static void report_map(struct report *r, const struct lineage *l)
{
    char map[1024];
    size_t len = 0;
    if (l->tests.by_layer || !l->tests.pair_count) return;
    map[0] = 0;
    for (int i = 0; i < l->a.model.layer_count && len + 16 < sizeof map; i++) {
        int to = lineage_layer_match(&l->tests, i, log(LINEAGE_LEVEL));
        if (to >= 0) len += (size_t)snprintf(map + len, sizeof map - len, " %d:%d", i, to);
    }
    report_line(r, "layers of A and of B that match:%s", len ? map : " none");
}

static void report_facts(struct report *r, const struct lineage *l)
{
    report_line(r, "  config    %d of %d facts that both state are equal", l->facts_equal,
                l->facts_told);
    for (int i = 0; i < LINEAGE_FACTS; i++) {
        const struct lineage_fact *f = &l->facts[i];
        if (isfinite(f->a) && isfinite(f->b) && fabs(f->a - f->b) > 1e-6 * fabs(f->a))
            report_line(r, "            %s: %.10g and %.10g", f->name, f->a, f->b);
    }
}

static void report_panels(struct report *r, const struct lineage *l)
{
    const struct lineage_tokens *t = &l->tokens;
    const struct lineage_aligned *al = &l->aligned;
    report_line(r, "Described, not scored:");
    report_line(r, "  tensors   %zu of A's %zu large ones are byte for byte in B",
                l->identity.large_common, l->identity.large_a);
    for (int i = 0; i < l->profile_count; i++) {
        const struct lineage_profile *p = &l->profiles[i];
        if (!p->compared) continue;
        report_line(r, "  %-9s differs by %.3g of its size; %d of %d layers unchanged%s",
                    lineage_role_name(p->role), p->difference, p->unchanged, p->compared,
                    p->low_rank >= 0.9 ? "; nearly all of it in 16 directions" : "");
    }
    report_facts(r, l);
    if (t->compared)
        report_line(r,
                    "  tokens    %" PRId64 " and %" PRId64 ", %" PRId64 " in common, %" PRId64
                    " with one id, the first %" PRId64 " ids equal",
                    t->size_a, t->size_b, t->common, t->same_id, t->prefix);
    else report_line(r, "  tokens    not compared: %s", t->why_not);
    if (al->compared)
        report_line(
            r,
            "  aligned   CKA of attention %.3f, in a random order %.3f (%d of %d dimensions "
            "matched; no reference panel, so no p)",
            al->mean, al->control_mean, al->matched, al->sampled);
    else report_line(r, "  aligned   not compared: %s", al->why_not);
}

static void report_all(struct report *r, const struct lineage *l)
{
    report_side(r, "A", &l->a);
    report_side(r, "B", &l->b);
    report_line(r, "%s", "");
    report_line(r, "%s", l->verdict);
    report_line(r, "%s", "");
    for (int i = 0; i < LINEAGE_TEST_COUNT; i++)
        report_outcome(r, &l->tests, (enum lineage_test)i);
    if (l->tests.bad_rows || l->tests.bad_vectors)
        report_line(r,
                    "%" PRId64 " rows and %" PRId64 " vectors with NaN or infinity were left out",
                    l->tests.bad_rows, l->tests.bad_vectors);
    report_map(r, l);
    report_line(r, "%s", "");
    report_panels(r, l);
    if (l->a.claims) report_claims(r, "A", l->a.claims);
    if (l->b.claims) report_claims(r, "B", l->b.claims);
    report_line(r, "%s", "");
    for (const char *const *b = lineage_blind_spots(); *b; b++)
        report_line(r, "note: %s", *b);
}

static enum status write_page(const struct lineage *l, const char *path, struct error *err)
{
    struct buf page = BUF_INIT(PAGE_BYTES_MAX);
    lineage_page(&page, l);
    enum status st = buf_check(&page, "the page", err);
    if (!st) st = file_write(path, page.data, page.len, err);
    buf_release(&page);
    return st;
}

static enum status report_result(const struct lineage *l, const struct args *args,
                                 struct error *err)
{
    struct report r;
    const char *page = args_text(args, "html", NULL);
    enum status st = page ? write_page(l, page, err) : STATUS_OK;
    if (st) return st;
    report_begin(&r, args_flag(args, "json"));
    if (r.json) {
        json_key(&r.writer, "lineage");
        lineage_write(&r.writer, l);
    } else {
        report_all(&r, l);
        if (page) report_line(&r, "page written to %s", page);
    }
    return report_end(&r, err);
}

static enum status compare(struct lineage *l, const struct lineage_input *a,
                           const struct lineage_input *b, const struct args *args,
                           struct error *err)
{
    struct pool *pool = NULL;
    struct progress_bar bar;
    struct lineage_test_options o = {
        .permutations = (int)args_int(args, "permutations", TEST_PERMUTATIONS),
        .unit_max = (int)args_int(args, "units", 0),
        .all_layers = args_flag(args, "all-layers"),
        .seed = (uint64_t)args_int(args, "seed", 1),
        .progress = { progress_bar_report, &bar },
    };
    progress_bar_init(&bar, "lineage");
    enum status st = pool_new(&pool, (int)args_int(args, "threads", 0), err);
    o.pool = pool;
    if (!st) st = lineage_compare(l, a->source, b->source, &o, err);
    progress_bar_clear(&bar);
    if (!st) {
        l->a.claims = a->claims;
        l->b.claims = b->claims;
        st = report_result(l, args, err);
        lineage_release(l);
    }
    pool_free(pool);
    return st;
}

static enum status run_two(const struct args *args, struct error *err)
{
    struct lineage_input a = { .source = NULL }, b = { .source = NULL };
    struct lineage *l = mem_zero(sizeof *l);
    enum status st = STATUS_OK;
    if (!l) st = error_set(err, STATUS_NO_MEMORY, "no memory to compare two models");
    if (!st) st = lineage_input_open(&a, args_operand(args, 0), args, err);
    if (!st) st = lineage_input_source(&a, err);
    if (!st) st = lineage_input_open(&b, args_operand(args, 1), args, err);
    if (!st) st = lineage_input_source(&b, err);
    if (!st) st = compare(l, &a, &b, args, err);
    lineage_input_release(&b);
    lineage_input_release(&a);
    mem_free(l);
    return st;
}

static enum status run(const struct args *args, struct error *err)
{
    interrupt_install();
    return args->operand_count == 1 ? run_one(args, err) : run_two(args, err);
}

const struct command cmd_lineage = {
    .name = "lineage",
    .summary = "test whether the weights of two models have a common origin",
    .operands = "MODEL [OTHER]",
    .operands_min = 1,
    .operands_max = 2,
    .about =
        "With one MODEL: what its files say it was made from, and where each claim stands. With "
        "two: tests of the hypothesis that both were initialised independently, each with what it "
        "is blind to, corrected for their number. Rejecting it says that the weights are not "
        "independent, not who had what from whom; not rejecting it is no evidence found, never "
        "\"trained from scratch\". A model is a folder, a GGUF file or the name of one in the "
        "store, quantized or not. `hearth lineage selftest` shows how often the tests err.",
    .tables = tables,
    .run = run,
};
