/* The comparison as one HTML page that loads nothing: verdict, tests, pictures, panels, claims.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "govern/lineage/lineage_inner.h"
#include "govern/lineage/lineage_plot.h"

/* clang-format off */
static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>Lineage of two models</title>\n<style>\n"
    ":root{--ink:#222;--soft:#555;--line:#ddd;--wash:#f4f5f7;--paper:#fff;--mark:#1f5fa8;--verdict:#f2f6fb}\n"
    "body{font:15px/1.5 system-ui,sans-serif;max-width:1120px;margin:2em auto;padding:0 1em;color:var(--ink);"
    "background:var(--paper)}\n"
    "h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em;border-bottom:1px solid var(--line)}\n"
    "table{border-collapse:collapse;margin:.6em 0}td,th{border:1px solid var(--line);padding:.25em .6em;"
    "text-align:left;vertical-align:top}th{background:var(--wash)}td.p{white-space:nowrap}\n"
    ".verdict{border-left:5px solid var(--mark);background:var(--verdict);padding:.7em 1em;font-size:1.05em}\n"
    ".note{color:var(--soft);font-size:.93em}.row{display:flex;flex-wrap:wrap;gap:1em}\n"
    "figure{margin:0;flex:1 1 min(460px,100%);max-width:540px;break-inside:avoid}figcaption{font-size:.93em;color:var(--soft)}\n"
    "svg{width:100%;height:auto;background:#fff;border:1px solid #eee}svg text{font:10px sans-serif;fill:#444}\n"
    "code{font-size:.9em;word-break:break-all}.path{overflow-wrap:anywhere}\n"
    "@media screen and (max-width:48em){table{display:block;overflow-x:auto}.path,code{min-width:12em;display:block}td{min-width:6em}}\n"
    "@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;--ink:#e3e5e8;--soft:#a3abb5;"
    "--line:#3a424b;--wash:#23282e;--paper:#15181c;--mark:#6aa5e8;--verdict:#1b2530}"
    "svg{filter:invert(.9) hue-rotate(180deg)}}\n"
    "@media print{body{margin:0;max-width:none;font-size:10pt}h2{break-after:avoid}tr{break-inside:avoid}}\n"
    "</style></head><body>\n";
/* clang-format on */

static void cell(struct buf *out, const char *text)
{
    buf_text(out, "<td>");
    lineage_put_escaped(out, text);
    buf_text(out, "</td>");
}

/* Of one line: "p <= 7.9e-156" is not cut at its sign. */
static void cell_of_p(struct buf *out, const char *p)
{
    buf_text(out, "<td class=\"p\">");
    lineage_put_escaped(out, p);
    buf_text(out, "</td>");
}

static void paragraph(struct buf *out, const char *kind, const char *text)
{
    buf_format(out, "<p class=\"%s\">", kind);
    lineage_put_escaped(out, text);
    buf_text(out, "</p>\n");
}

static void heading(struct buf *out, const char *text)
{
    buf_text(out, "<h2>");
    lineage_put_escaped(out, text);
    buf_text(out, "</h2>\n");
}

/* ---- models ---- */

static void put_side(struct buf *out, const char *name, const struct lineage_side *s)
{
    char hex[SHA256_HEX_BYTES];
    sha256_hex(s->digest, hex);
    buf_format(out, "<tr><th>%s</th><td><span class=\"path\">", name);
    lineage_put_escaped(out, source_path(s->source));
    buf_text(out, "</span></td>");
    buf_format(
        out,
        "<td>%d layers, width %" PRId64 ", %" PRId64 " units, blocks a layer: %d</td><td>%zu "
        "tensors (%zu without a known role, %zu not readable)</td><td><code>%s</code></td></tr>\n",
        s->model.layer_count, s->model.width, lineage_model_units(&s->model),
        lineage_model_experts(&s->model), s->tensor_count, s->model.other_count,
        s->model.unread_count, hex);
}

static void put_models(struct buf *out, const struct lineage *l)
{
    heading(out, "The models");
    buf_text(out,
             "<table><tr><th></th><th>files</th><th>shape</th><th>tensors</th><th>digest of all "
             "tensors</th></tr>\n");
    put_side(out, "A", &l->a);
    put_side(out, "B", &l->b);
    buf_text(out, "</table>\n");
    buf_format(
        out,
        "<p>Of A's %zu tensors with at least %d values, %zu are byte for byte in B (which has %zu "
        "such).</p>\n",
        l->identity.large_a, LINEAGE_LARGE_VALUES, l->identity.large_common, l->identity.large_b);
}

/* ---- tests ---- */

static void put_outcome(struct buf *out, const struct lineage_tests *t, enum lineage_test i)
{
    const struct lineage_outcome *o = &t->at[i];
    char p[64];
    buf_format(out, "<tr><th>%s</th>", lineage_test_id(i));
    cell(out, lineage_test_title(i));
    if (o->ran) {
        buf_format(out, "<td>%.4f (%d parts)</td>", o->statistic, o->parts);
        lineage_p_text(p, sizeof p, o->log_p);
        cell_of_p(out, p);
        lineage_p_text(p, sizeof p, o->log_p_adjusted);
        if (o->withdrawn) cell(out, o->why_not);
        else cell_of_p(out, p);
        lineage_p_text(p, sizeof p, o->control_log_p);
        cell_of_p(out, i == LINEAGE_TEST_RESIDUAL ? "has none" : p);
    } else {
        buf_text(out, "<td colspan=\"4\">not run: ");
        lineage_put_escaped(out, o->why_not);
        buf_text(out, "</td>");
    }
    cell(out, lineage_test_null(i));
    cell(out, lineage_test_blind(i));
    buf_text(out, "</tr>\n");
}

static void figure(struct buf *out, const char *caption)
{
    buf_text(out, "<figcaption>");
    lineage_put_escaped(out, caption);
    buf_text(out, "</figcaption></figure>\n");
}

static void put_unit_figures(struct buf *out, const struct lineage *l, enum lineage_test i)
{
    char caption[256];
    const struct lineage_points *p = &l->tests.points[i == LINEAGE_TEST_GATE_UP];
    if (!l->tests.at[i].ran) return;
    buf_text(out, "<figure>");
    lineage_plot_pairs(out, l, i);
    snprintf(caption, sizeof caption, "%s, every pair of layers that was compared",
             lineage_test_id(i));
    figure(out, caption);
    if (!p->count) return;
    buf_text(out, "<figure>");
    lineage_plot_points(out, l, i);
    snprintf(caption, sizeof caption,
             "%s, the pair with the smallest p (layers %d and %d, counted from 0): a line where "
             "the order "
             "was kept, a cloud where the units have nothing to do with each other",
             lineage_test_id(i), l->tests.pairs[p->pair].layer_a, l->tests.pairs[p->pair].layer_b);
    figure(out, caption);
}

static void put_tests(struct buf *out, const struct lineage *l)
{
    const struct lineage_tests *t = &l->tests;
    heading(out, "The tests");
    paragraph(
        out, "note",
        "Hypothesis: independent random initialisation. T2 and T3 are joined over layers by "
        "Fisher's method where the depths are equal, else over all pairs by Bonferroni's. Holm's "
        "correction covers the tests that ran. The control repeats T2 and T3 with the residual "
        "dimensions in a random order; where it rejects, the test is withdrawn.");
    buf_text(out,
             "<table><tr><th></th><th>test</th><th>statistic</th><th>p</th><th>p after "
             "Holm</th><th>control</th><th>exchanged under the null</th><th>blind to</th></tr>\n");
    for (int i = 0; i < LINEAGE_TEST_COUNT; i++)
        put_outcome(out, t, (enum lineage_test)i);
    buf_text(out, "</table>\n");
    if (t->bad_rows || t->bad_vectors)
        buf_format(out,
                   "<p>%" PRId64 " rows and %" PRId64 " vectors with NaN or infinity were left "
                   "out.</p>\n",
                   t->bad_rows, t->bad_vectors);
    buf_text(out, "<div class=\"row\">\n");
    if (t->at[LINEAGE_TEST_RESIDUAL].ran) {
        buf_text(out, "<figure>");
        lineage_plot_null(out, t);
        figure(out,
               "T1: the statistic under random orders of the residual dimensions (grey), and as "
               "seen (line)");
    }
    put_unit_figures(out, l, LINEAGE_TEST_UNITS);
    put_unit_figures(out, l, LINEAGE_TEST_GATE_UP);
    buf_text(out, "</div>\n");
}

/* ---- panels ---- */

static void put_number(struct buf *out, double v)
{
    if (isfinite(v)) buf_format(out, "<td>%.3g</td>", v);
    else buf_text(out, "<td class=\"note\">not told</td>");
}

static void put_fact(struct buf *out, double v)
{
    if (isfinite(v)) buf_format(out, "<td>%.10g</td>", v);
    else buf_text(out, "<td>not said</td>");
}

static void put_profiles(struct buf *out, const struct lineage *l)
{
    heading(out, "Sizes of weights over depth: a description, not evidence");
    paragraph(out, "note",
              "Unrelated models share trends over depth: two profiles that correlate above 0.7 are "
              "common "
              "among independent models. No p-value can be given for such a correlation. Kurtosis "
              "tends to "
              "fall or rise along a chain of fine-tunes; it is a hint at a direction at best.");
    buf_text(out,
             "<table><tr><th>matrix</th><th>correlation of spreads</th><th>difference |A-B|/|A|"
             "</th><th>share of the change in 16 directions</th><th>layers "
             "unchanged</th><th>kurtosis A</th><th>kurtosis B</th></tr>\n");
    for (int i = 0; i < l->profile_count; i++) {
        const struct lineage_profile *p = &l->profiles[i];
        if (!p->layers_a && !p->layers_b) continue;
        buf_text(out, "<tr>");
        cell(out, lineage_role_name(p->role));
        put_number(out, p->correlation);
        put_number(out, p->difference);
        put_number(out, p->low_rank);
        buf_format(out, "<td>%d of %d</td>", p->unchanged, p->compared);
        put_number(out, p->kurtosis_a);
        put_number(out, p->kurtosis_b);
        buf_text(out, "</tr>\n");
    }
    buf_text(out, "</table>\n<div class=\"row\">\n");
    for (int i = 0; i < l->profile_count; i++) {
        const struct lineage_profile *p = &l->profiles[i];
        if (!p->layers_a || !p->layers_b) continue;
        buf_text(out, "<figure>");
        lineage_plot_profile(out, l, p);
        figure(out, lineage_role_name(p->role));
    }
    buf_text(out, "</div>\n");
}

static void put_facts(struct buf *out, const struct lineage *l)
{
    heading(out, "Configurations: reported, not scored");
    buf_text(out, "<table><tr><th></th><th>A</th><th>B</th></tr>\n");
    for (int i = 0; i < LINEAGE_FACTS; i++) {
        buf_text(out, "<tr>");
        cell(out, l->facts[i].name);
        put_fact(out, l->facts[i].a);
        put_fact(out, l->facts[i].b);
        buf_text(out, "</tr>\n");
    }
    buf_text(out, "</table>\n");
}

static void put_tokens(struct buf *out, const struct lineage_tokens *t)
{
    heading(out, "Tokenizers: supporting evidence only");
    if (!t->compared) {
        paragraph(out, "", t->why_not);
        return;
    }
    buf_format(out,
               "<p>A has %" PRId64 " distinct tokens, B %" PRId64 "; %" PRId64
               " in common (Jaccard %.3f), %" PRId64 " of them with one id; the first %" PRId64
               " ids are equal; %" PRId64 " special tokens agree in text and id (A has %" PRId64
               ", B %" PRId64 ").</p>\n",
               t->size_a, t->size_b, t->common, t->jaccard, t->same_id, t->prefix, t->special_same,
               t->special_a, t->special_b);
    paragraph(out, "note",
              "Sharing a tokenizer is common and lawful; it never supports a claim of "
              "derivation by itself.");
}

static void put_aligned(struct buf *out, const struct lineage_aligned *r)
{
    heading(out, "Attention after aligning dimensions (T4): a description, not evidence");
    if (!r->compared) {
        paragraph(out, "", r->why_not);
        return;
    }
    buf_format(
        out,
        "<p>By the embeddings of %d shared tokens %d of %d dimensions have a mutual partner, %d of "
        "them at their own index. Unbiased CKA of q and k over %d layers: %.3f; with the same "
        "dimensions in a random order: %.3f.</p>\n",
        r->tokens, r->matched, r->sampled, r->at_own_index, r->layers, r->mean, r->control_mean);
    paragraph(out, "note",
              "No panel of known independent models of this size ships with the program, so "
              "there is no p-value: tokens that all vendors share may align unrelated "
              "models.");
}

static void put_claims(struct buf *out, const char *name, const struct lineage_side *s)
{
    if (!s->claims) return;
    buf_format(out, "<p><b>%s</b>%s</p>\n", name, s->claims->count ? "" : " names no parent.");
    if (s->claims->count) buf_text(out, "<ul>\n");
    for (int i = 0; i < s->claims->count; i++) {
        const struct lineage_claim *c = &s->claims->at[i];
        buf_text(out, "<li>");
        lineage_put_escaped(out, *c->relation ? c->relation : "relation not said");
        buf_text(out, ": ");
        lineage_put_escaped(out, c->parent);
        buf_text(out, " <span class=\"note\">(");
        lineage_put_escaped(out, c->file);
        if (c->line) buf_format(out, ", line %d", c->line);
        buf_text(out, ", ");
        lineage_put_escaped(out, c->place);
        buf_text(out, ")</span></li>\n");
    }
    if (s->claims->count) buf_text(out, "</ul>\n");
    for (int i = 0; i < s->claims->finding_count; i++)
        paragraph(out, "note", s->claims->findings[i]);
}

void lineage_page(struct buf *out, const struct lineage *l)
{
    buf_text(out, head);
    buf_text(out, "<h1>Do these weights have a common origin?</h1>\n");
    paragraph(out, "verdict", l->verdict);
    put_models(out, l);
    put_tests(out, l);
    heading(out, "What none of this sees");
    buf_text(out, "<ul>\n");
    for (const char *const *b = lineage_blind_spots(); *b; b++) {
        buf_text(out, "<li>");
        lineage_put_escaped(out, *b);
        buf_text(out, "</li>\n");
    }
    buf_text(out, "</ul>\n");
    heading(out, "What the files declare");
    put_claims(out, "A", &l->a);
    put_claims(out, "B", &l->b);
    put_profiles(out, l);
    put_facts(out, l);
    put_tokens(out, &l->tokens);
    put_aligned(out, &l->aligned);
    buf_format(out,
               "<p class=\"note\">hearth %s, level %g, seed %" PRIu64
               ", %d permutations, at most %d units of a "
               "block; <code>hearth lineage selftest</code> shows how often these tests err.</p>\n"
               "</body></html>\n",
               HEARTH_VERSION, LINEAGE_LEVEL, l->tests.seed, l->tests.permutations,
               l->tests.unit_max);
}
