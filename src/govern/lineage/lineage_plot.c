/* Histograms, bars, maps, clouds and lines as SVG.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/lineage/lineage_plot.h"

#include <math.h>
#include <stdio.h>

#define WIDTH      520
#define HEIGHT     220
#define LEFT       46
#define RIGHT      12
#define TOP        12
#define BOTTOM     34
#define BINS       60
#define MAP_CELLS  64 /* a map of more layers is drawn coarser */
#define LOG10_MAX  300.0
#define COLOUR_A   "#1f5fa8"
#define COLOUR_B   "#c2571a"
#define COLOUR_LOW "#9aa3ad"

struct frame {
    struct buf *out;
    double x0, x1, y0, y1; /* what the edges stand for */
};

void lineage_put_escaped(struct buf *out, const char *text)
{
    for (; *text; text++) {
        const char *word = *text == '&'    ? "&amp;"
                           : *text == '<'  ? "&lt;"
                           : *text == '>'  ? "&gt;"
                           : *text == '"'  ? "&quot;"
                           : *text == '\'' ? "&#39;"
                                           : NULL;
        if (word) buf_text(out, word);
        else buf_byte(out, *text);
    }
}

static double at_x(const struct frame *f, double x)
{
    double span = f->x1 > f->x0 ? f->x1 - f->x0 : 1;
    return LEFT + (x - f->x0) / span * (WIDTH - LEFT - RIGHT);
}

static double at_y(const struct frame *f, double y)
{
    double span = f->y1 > f->y0 ? f->y1 - f->y0 : 1;
    return HEIGHT - BOTTOM - (y - f->y0) / span * (HEIGHT - TOP - BOTTOM);
}

static void rectangle(const struct frame *f, double x0, double y0, double x1, double y1,
                      const char *colour, double opacity)
{
    double left = at_x(f, x0), top = at_y(f, y1);
    buf_format(f->out,
               "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"%s\" "
               "fill-opacity=\"%.3f\"/>\n",
               left, top, at_x(f, x1) - left, at_y(f, y0) - top, colour, opacity);
}

static void line(const struct frame *f, double x0, double y0, double x1, double y1,
                 const char *colour, const char *more)
{
    buf_format(f->out, "<line x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" y2=\"%.2f\" stroke=\"%s\" %s/>\n",
               at_x(f, x0), at_y(f, y0), at_x(f, x1), at_y(f, y1), colour, more);
}

static void dot(const struct frame *f, double x, double y, const char *colour, double radius)
{
    buf_format(f->out, "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"%.1f\" fill=\"%s\"/>\n", at_x(f, x),
               at_y(f, y), radius, colour);
}

static void label(const struct frame *f, double x, double y, const char *anchor, const char *text)
{
    buf_format(f->out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
    lineage_put_escaped(f->out, text);
    buf_text(f->out, "</text>\n");
}

static void number(const struct frame *f, double x, double y, const char *anchor, double v)
{
    char text[32];
    bool count = v == floor(v) && fabs(v) < 1e6;
    snprintf(text, sizeof text, count ? "%.0f" : "%.3g", v);
    label(f, x, y, anchor, text);
}

static void frame_begin(const struct frame *f, const char *title)
{
    buf_format(f->out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH, HEIGHT);
    lineage_put_escaped(f->out, title);
    buf_text(f->out, "\">\n");
}

static void frame_end(const struct frame *f, const char *x_words, const char *y_words)
{
    int bottom = HEIGHT - BOTTOM;
    line(f, f->x0, f->y0, f->x1, f->y0, "#333", "");
    line(f, f->x0, f->y0, f->x0, f->y1, "#333", "");
    number(f, LEFT, bottom + 13, "start", f->x0);
    number(f, WIDTH - RIGHT, bottom + 13, "end", f->x1);
    number(f, LEFT - 4, bottom, "end", f->y0);
    number(f, LEFT - 4, TOP + 10, "end", f->y1);
    label(f, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 6, "middle", x_words);
    buf_format(f->out, "<text transform=\"translate(11 %d) rotate(-90)\" text-anchor=\"middle\">",
               (TOP + bottom) / 2);
    lineage_put_escaped(f->out, y_words);
    buf_text(f->out, "</text>\n</svg>\n");
}

/* ---- T1 ---- */

void lineage_plot_null(struct buf *out, const struct lineage_tests *t)
{
    double seen = t->at[LINEAGE_TEST_RESIDUAL].statistic, low = seen, high = seen;
    int counts[BINS] = { 0 }, most = 1;
    for (int i = 0; i < t->null_count; i++) {
        if (t->null[i] < low) low = t->null[i];
        if (t->null[i] > high) high = t->null[i];
    }
    double width = (high - low) / BINS;
    if (!(width > 0)) width = 1;
    for (int i = 0; i < t->null_count; i++) {
        int bin = (int)((t->null[i] - low) / width);
        bin = bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin;
        if (++counts[bin] > most) most = counts[bin];
    }
    struct frame f = { out, low, low + width * BINS, 0, most };
    frame_begin(&f, "T1 under the null, and as seen");
    for (int i = 0; i < BINS; i++)
        if (counts[i])
            rectangle(&f, low + i * width, 0, low + (i + 1) * width, counts[i], COLOUR_LOW, 1);
    line(&f, seen, 0, seen, most, COLOUR_B, "stroke-width=\"2\"");
    frame_end(&f, "mean correlation; the line is what was seen", "permutations");
}

/* ---- pairs ---- */

static const struct lineage_rank_test *rank_of(const struct lineage_pair *p, enum lineage_test t)
{
    return t == LINEAGE_TEST_UNITS ? &p->units : &p->gate_up;
}

static double height_of(double log_p)
{
    double tens = -log_p / log(10);
    return tens > LOG10_MAX ? LOG10_MAX : tens;
}

static double highest(const struct lineage *l, enum lineage_test which)
{
    double most = 3;
    for (int i = 0; i < l->tests.pair_count; i++) {
        const struct lineage_rank_test *r = rank_of(&l->tests.pairs[i], which);
        if (height_of(r->log_p) > most) most = height_of(r->log_p);
        if (height_of(r->control_log_p) > most) most = height_of(r->control_log_p);
    }
    return most;
}

/* The best pair of each layer; with experts several share one. */
static void plot_bars(struct buf *out, const struct lineage *l, enum lineage_test which)
{
    const struct lineage_tests *t = &l->tests;
    int layers = l->a.model.layer_count;
    struct frame f = { out, 0, layers, 0, highest(l, which) };
    frame_begin(&f, "-log10 p by layer");
    for (int i = 0; i < t->pair_count; i++) {
        const struct lineage_rank_test *r = rank_of(&t->pairs[i], which);
        int at = t->pairs[i].layer_a;
        bool many = l->a.model.layers[at].block_count > 1 || l->b.model.layers[at].block_count > 1;
        rectangle(&f, at + 0.15, 0, at + 0.6, height_of(r->log_p), COLOUR_A, many ? 0.15 : 0.9);
        dot(&f, at + 0.78, height_of(r->control_log_p), COLOUR_LOW, 2);
    }
    line(&f, 0, 3, layers, 3, "#888", "stroke-dasharray=\"4 3\"");
    frame_end(&f, "layer; grey dots: the control; dashed: p = 0.001", "-log10 p");
}

static void plot_map(struct buf *out, const struct lineage *l, enum lineage_test which)
{
    const struct lineage_tests *t = &l->tests;
    int layers_a = l->a.model.layer_count, layers_b = l->b.model.layer_count;
    int step_a = (layers_a + MAP_CELLS - 1) / MAP_CELLS,
        step_b = (layers_b + MAP_CELLS - 1) / MAP_CELLS;
    double best[MAP_CELLS][MAP_CELLS] = { { 0 } }, most = highest(l, which);
    struct frame f = { out, 0, layers_a, 0, layers_b };
    for (int i = 0; i < t->pair_count; i++) {
        double *cell = &best[t->pairs[i].layer_a / step_a][t->pairs[i].layer_b / step_b];
        double tens = height_of(rank_of(&t->pairs[i], which)->log_p);
        if (tens > *cell) *cell = tens;
    }
    frame_begin(&f, "-log10 p of all pairs of layers");
    for (int i = 0; i * step_a < layers_a; i++)
        for (int j = 0; j * step_b < layers_b; j++)
            rectangle(&f, i * step_a, j * step_b, fmin((i + 1) * step_a, layers_a),
                      fmin((j + 1) * step_b, layers_b), COLOUR_A, 0.04 + 0.96 * best[i][j] / most);
    frame_end(&f, "layer of A; dark: small p", "layer of B");
}

void lineage_plot_pairs(struct buf *out, const struct lineage *l, enum lineage_test which)
{
    if (l->tests.by_layer) plot_bars(out, l, which);
    else plot_map(out, l, which);
}

/* ---- matched indices ---- */

void lineage_plot_points(struct buf *out, const struct lineage *l, enum lineage_test which)
{
    const struct lineage_points *p = &l->tests.points[which == LINEAGE_TEST_GATE_UP];
    int32_t x_max = 1, y_max = 1;
    for (int i = 0; i < p->count; i++) {
        if (p->x[i] > x_max) x_max = p->x[i];
        if (p->y[i] > y_max) y_max = p->y[i];
    }
    struct frame f = { out, 0, x_max, 0, y_max };
    frame_begin(&f, "matched units");
    for (int i = 0; i < p->count; i++)
        dot(&f, p->x[i], p->y[i], COLOUR_A, 1.8);
    if (which == LINEAGE_TEST_UNITS) frame_end(&f, "index of the unit", "index of its match");
    else frame_end(&f, "match by up", "match by gate");
}

/* ---- profiles ---- */

static void plot_line(const struct frame *f, const double *v, int count, const char *colour)
{
    buf_format(f->out, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" points=\"",
               colour);
    for (int i = 0; i < count; i++)
        if (isfinite(v[i]))
            buf_format(f->out, "%.1f,%.1f ", at_x(f, count > 1 ? (double)i / (count - 1) : 0.5),
                       at_y(f, v[i]));
    buf_text(f->out, "\"/>\n");
}

static double largest(const double *v, int count, double most)
{
    for (int i = 0; i < count; i++)
        if (isfinite(v[i]) && v[i] > most) most = v[i];
    return most;
}

void lineage_plot_profile(struct buf *out, const struct lineage *l, const struct lineage_profile *p)
{
    int a = l->a.model.layer_count, b = l->b.model.layer_count;
    double most = largest(p->spread_b, b, largest(p->spread_a, a, 0));
    struct frame f = { out, 0, 1, 0, most > 0 ? most : 1 };
    frame_begin(&f, "spread of weights over depth");
    plot_line(&f, p->spread_a, a, COLOUR_A);
    plot_line(&f, p->spread_b, b, COLOUR_B);
    frame_end(&f, "relative depth; blue: A, orange: B", "standard deviation");
}
