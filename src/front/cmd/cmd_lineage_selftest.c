/* `hearth lineage selftest`: the lineage tests tried on pairs whose answer is known.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "front/cmd/command.h"
#include "front/cmd/interrupt.h"
#include "front/cmd/model_options.h"
#include "front/cmd/progress_bar.h"
#include "front/cmd/report.h"
#include "govern/lineage/lineage_selftest.h"
#include "govern/lineage/lineage_stats.h"

static const struct option_spec specs[] = {
    { "pairs", 0, OPTION_INT, "N", 1, SELFTEST_PAIRS_MAX,
      "independent pairs of random models of each family (2000)" },
    { "seed", 0, OPTION_INT, "N", 0, 0x1p53, "where the random numbers begin (1)" },
    { 0 },
};
static const struct option_table own_table = { "Options", specs };
static const struct option_table *const tables[] = { &own_table, &json_table, NULL };

static void report_rate(struct report *r, const char *name, const char *level, int64_t hits,
                        int64_t n)
{
    double low, high;
    stats_binomial_interval(&low, &high, hits, n, SELFTEST_CONFIDENCE);
    report_line(r, "  %-16s at %s: %5" PRId64 " of %" PRId64 " = %5.2f %%  (%.2f to %.2f)", name,
                level, hits, n, 100 * (double)hits / (double)n, 100 * low, 100 * high);
}

static void report_family(struct report *r, const struct selftest_family *f)
{
    report_line(r, "independent pairs, %s: %" PRId64, f->name, f->pairs);
    for (int i = 0; i < SELFTEST_ROWS; i++) {
        report_rate(r, selftest_row_name(i), "5 %", f->at_5[i], f->pairs);
        report_rate(r, selftest_row_name(i), "1 %", f->at_1[i], f->pairs);
    }
    report_line(r, "  withdrawn by the control: %" PRId64 " tests", f->withdrawn);
}

static void report_copies(struct report *r, const char *name, const struct selftest_copies *c)
{
    report_line(r, "  %-12s %2d of %2d   T1 %2d  T2 %2d  T3 %2d   median log10 p %.1f", name,
                c->found, c->count, c->found_by[0], c->found_by[1], c->found_by[2],
                c->median_log_p / log(10));
}

static void report_all(struct report *r, const struct lineage_selftest *t)
{
    for (int i = 0; i < SELFTEST_FAMILIES; i++)
        report_family(r, &t->families[i]);
    report_line(r, "copies found, adjusted p <= %g:", SELFTEST_FOUND_P);
    for (int i = 0; i < SYNTHETIC_COPY_COUNT; i++)
        report_copies(r, synthetic_copy_name((enum synthetic_copy)i), &t->copies[i]);
    report_line(r, "noise relative to the weights:");
    for (int i = 0; i < SELFTEST_NOISES; i++) {
        char name[32];
        snprintf(name, sizeof name, "x %g", selftest_noise(i));
        report_copies(r, name, &t->noises[i]);
    }
    report_line(r, "seed %" PRIu64 "; intervals are exact binomial ones, 95 %%", t->seed);
    report_line(r, "calibrated: %s", t->calibrated ? "yes" : "NO: a test rejects too often");
    report_line(r, "copies found: %s", t->found ? "all" : "NOT ALL");
}

static enum status judge(const struct lineage_selftest *t, struct error *err)
{
    if (t->calibrated && t->found) return STATUS_OK;
    return error_set(err, STATUS_FAILED,
                     "the self-test failed: %s; do not rely on lineage results of this build",
                     t->calibrated ? "not all copies were found"
                                   : "independent pairs are rejected too often");
}

static enum status run(const struct args *args, struct error *err)
{
    struct progress_bar bar;
    struct lineage_selftest t;
    struct report r;
    struct selftest_options o = { .pairs = args_int(args, "pairs", SELFTEST_PAIRS),
                                  .seed = (uint64_t)args_int(args, "seed", 1),
                                  .progress = { progress_bar_report, &bar } };
    interrupt_install();
    progress_bar_init(&bar, "lineage selftest");
    enum status st = lineage_selftest_run(&t, &o, err);
    progress_bar_clear(&bar);
    if (st) return st;
    report_begin(&r, args_flag(args, "json"));
    if (r.json) {
        json_key(&r.writer, "selftest");
        lineage_selftest_write(&r.writer, &t);
    } else {
        report_all(&r, &t);
    }
    st = report_end(&r, err);
    return st ? st : judge(&t, err);
}

const struct command cmd_lineage_selftest = {
    .name = "lineage selftest",
    .summary = "try the lineage tests on pairs whose answer is known",
    .operands = "",
    .about =
        "Random models that have nothing to do with each other must be told apart: the tests "
        "may reject no more often than their level says, 5 % and 1 %, which is shown with exact "
        "binomial intervals. Copies of random models, changed in every way that is tested, "
        "must be found. The same seed gives the same counts.",
    .tables = tables,
    .run = run,
};
