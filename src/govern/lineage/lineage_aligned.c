/* T4, a description: attention of two models compared after their residual dimensions were matched.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Dimensions are matched by how the tokens that both vocabularies share are embedded in them, either sign;
 * then, per layer, the Gram matrices of the matched columns of q and of k are compared by the unbiased linear
 * CKA of Song et al. (2012) and Nguyen et al. (2021). It stands after orders, signs and other widths, but
 * it pairs by token, which unrelated vendors share: no permutation gives it a null. The control matches the
 * same dimensions in a random order and shows what no relation at all looks like. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "govern/lineage/lineage_inner.h"
#include "govern/lineage/lineage_match.h"
#include "lm/tokenizer/tokenizer.h"

#define TOKENS_MAX  1024
#define TOKENS_MIN  32
#define SAMPLE_MAX  512 /* dimensions of A that look for a partner */
#define MATCHED_MAX 192
#define MATCHED_MIN 8
#define ROWS_MAX    256 /* of q and k */
#define STREAM      ((uint64_t)1 << 33)
#define STAGE       "T4 aligned attention"

struct aligned {
    struct lineage *l;
    int tokens;
    int32_t token_a[TOKENS_MAX], token_b[TOKENS_MAX];
    float *columns_a; /* [width_a][tokens] */
    float *columns_b; /* [2 * width_b][tokens]: each and its opposite */
    int64_t width_a, width_b;
    int matched;
    int32_t dim_a[MATCHED_MAX], dim_b[MATCHED_MAX], shuffled[MATCHED_MAX];
    float sign[MATCHED_MAX];
    float *row;      /* [wider width] */
    double *gram[3]; /* [matched * matched]: A, B, B in the control's order */
};

static enum status refuse(struct lineage_aligned *r, const char *why)
{
    snprintf(r->why_not, sizeof r->why_not, "%s", why);
    return STATUS_OK;
}

/* ---- tokens and dimensions ---- */

static int shared_tokens(struct aligned *al, const struct tokenizer *a, const struct tokenizer *b)
{
    const struct lineage *l = al->l;
    int64_t rows_a = l->a.model.embed.rows, rows_b = l->b.model.embed.rows, seen = 0;
    int64_t size = tokenizer_vocab_size(a), step = l->tokens.common / TOKENS_MAX + 1;
    int n = 0;
    for (int64_t i = 0; i < size && i < rows_a && n < TOKENS_MAX; i++) {
        struct span piece = tokenizer_piece(a, (int32_t)i);
        int32_t id = piece.data ? tokenizer_find(b, piece.data, piece.len) : -1;
        if (id < 0 || id >= rows_b || tokenizer_find(a, piece.data, piece.len) != (int32_t)i)
            continue;
        if (seen++ % step) continue;
        al->token_a[n] = (int32_t)i;
        al->token_b[n++] = id;
    }
    return n;
}

static enum status find_tokens(struct aligned *al)
{
    struct tokenizer *a = NULL, *b = NULL;
    struct tokenizer_options options = { 0 };
    enum status st = tokenizer_open(&a, al->l->a.source, &options, NULL);
    if (!st) st = tokenizer_open(&b, al->l->b.source, &options, NULL);
    if (!st) al->tokens = shared_tokens(al, a, b);
    tokenizer_free(a);
    tokenizer_free(b);
    return st;
}

/* Columns of the embedding over the tokens, their mean taken out. */
static void read_columns(struct aligned *al, float *out, const struct tensor_view *embed,
                         const int32_t *ids, bool opposites)
{
    size_t n = (size_t)al->tokens, width = (size_t)embed->cols;
    for (size_t t = 0; t < n; t++) {
        lineage_row(al->row, embed, ids[t]);
        for (size_t d = 0; d < width; d++)
            out[d * n + t] = al->row[d];
    }
    for (size_t d = 0; d < width; d++) {
        double mean = 0;
        for (size_t t = 0; t < n; t++)
            mean += out[d * n + t] / (double)n;
        for (size_t t = 0; t < n; t++) {
            out[d * n + t] -= (float)mean;
            if (opposites) out[(width + d) * n + t] = -out[d * n + t];
        }
    }
}

static struct tensor_view matrix(const float *data, int64_t rows, int64_t cols)
{
    return (struct tensor_view){ .type = QUANT_F32,
                                 .dims = 2,
                                 .shape = { rows, cols },
                                 .rows = rows,
                                 .cols = cols,
                                 .row_bytes = (size_t)cols * sizeof *data,
                                 .data = data };
}

static void keep_matches(struct aligned *al, const int32_t *sample, const int32_t *partner,
                         int count)
{
    struct lineage_aligned *r = &al->l->aligned;
    r->sampled = count;
    for (int i = 0; i < count; i++) {
        int64_t at = partner[i];
        if (at < 0) continue;
        int32_t dim = (int32_t)(at % al->width_b);
        r->matched++;
        r->at_own_index += dim == sample[i] && at < al->width_b;
        if (al->matched == MATCHED_MAX) continue;
        al->dim_a[al->matched] = sample[i];
        al->dim_b[al->matched] = dim;
        al->sign[al->matched++] = at < al->width_b ? 1 : -1;
    }
}

static enum status match_dimensions(struct aligned *al, const struct lineage_test_options *o,
                                    struct error *err)
{
    struct lineage_matcher *matcher;
    struct lineage_match match;
    struct pcg32 g;
    int32_t sample[SAMPLE_MAX];
    int count = al->width_a < SAMPLE_MAX ? (int)al->width_a : SAMPLE_MAX;
    struct tensor_view x = matrix(al->columns_a, al->width_a, al->tokens);
    struct tensor_view y = matrix(al->columns_b, 2 * al->width_b, al->tokens);
    int32_t *scratch = mem_array((size_t)al->width_a, sizeof *scratch);
    if (!scratch) return error_set(err, STATUS_NO_MEMORY, "no memory to match dimensions");
    random_stream(&g, o->seed, STREAM);
    random_subset(sample, count, scratch, (int)al->width_a, &g);
    mem_free(scratch);
    enum status st =
        lineage_matcher_new(&matcher, o->pool, al->tokens, count, 2 * al->width_b, err);
    if (st) return st;
    st = lineage_matcher_sample(matcher, &x, sample, count, &g, err);
    if (!st) st = lineage_matcher_run(&match, matcher, &y, err);
    if (!st) keep_matches(al, sample, match.partner, count);
    if (al->matched) random_order(al->shuffled, al->matched, &g);
    lineage_matcher_free(matcher);
    return st;
}

/* ---- unbiased CKA ---- */

/* Products of the matched columns over some rows of `w`: one matrix, or two in different orders. */
static void add_gram(struct aligned *al, double *gram, const struct tensor_view *w,
                     const int32_t *dims, const int32_t *order, bool is_b)
{
    int n = al->matched;
    float x[MATCHED_MAX];
    int64_t count = w->rows < ROWS_MAX ? w->rows : ROWS_MAX;
    memset(gram, 0, (size_t)n * (size_t)n * sizeof *gram);
    for (int64_t r = 0; r < count; r++) {
        lineage_row(al->row, w, count < w->rows ? r * w->rows / count : r);
        for (int i = 0; i < n; i++) {
            int at = order ? order[i] : i;
            x[i] = al->row[dims[at]] * (is_b ? al->sign[at] : 1);
        }
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                gram[i * n + j] += (double)x[i] * x[j];
    }
}

/* The unbiased estimator of HSIC of two Gram matrices; their diagonals do not count. */
static double hsic(const double *k, const double *l, int n)
{
    double product = 0, sum_k = 0, sum_l = 0, rows = 0;
    for (int i = 0; i < n; i++) {
        double row_k = 0, row_l = 0;
        for (int j = 0; j < n; j++) {
            if (i == j) continue;
            product += k[i * n + j] * l[i * n + j];
            row_k += k[i * n + j];
            row_l += l[i * n + j];
        }
        sum_k += row_k;
        sum_l += row_l;
        rows += row_k * row_l;
    }
    return (product + sum_k * sum_l / ((n - 1.0) * (n - 2.0)) - 2 * rows / (n - 2.0)) /
           (n * (n - 3.0));
}

static double cka(const double *k, const double *l, int n)
{
    double scale = hsic(k, k, n) * hsic(l, l, n);
    return scale > 0 ? hsic(k, l, n) / sqrt(scale) : NAN;
}

static bool usable(const struct tensor_view *v, int64_t width)
{
    return v->data && v->dims == 2 && v->cols == width;
}

/* The layer's mean over q and k (or over a fused matrix); false without any. */
static bool compare_layer(struct aligned *al, int layer_a, int layer_b, double *ret_cka,
                          double *ret_control)
{
    static const enum lineage_role roles[] = { LINEAGE_Q, LINEAGE_K, LINEAGE_QKV };
    double sum = 0, control = 0;
    int count = 0;
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        const struct tensor_view *a = &al->l->a.model.layers[layer_a].parts[roles[i]];
        const struct tensor_view *b = &al->l->b.model.layers[layer_b].parts[roles[i]];
        if (!usable(a, al->width_a) || !usable(b, al->width_b)) continue;
        add_gram(al, al->gram[0], a, al->dim_a, NULL, false);
        add_gram(al, al->gram[1], b, al->dim_b, NULL, true);
        add_gram(al, al->gram[2], b, al->dim_b, al->shuffled, true);
        sum += cka(al->gram[0], al->gram[1], al->matched);
        control += cka(al->gram[0], al->gram[2], al->matched);
        count++;
    }
    if (!count) return false;
    *ret_cka = sum / count;
    *ret_control = control / count;
    return isfinite(sum) && isfinite(control);
}

static void compare_layers(struct aligned *al)
{
    struct lineage_aligned *r = &al->l->aligned;
    int a = al->l->a.model.layer_count, b = al->l->b.model.layer_count;
    int count = a < LINEAGE_ALIGN_LAYERS ? a : LINEAGE_ALIGN_LAYERS;
    for (int i = 0; i < count; i++) {
        int layer_a = count > 1 ? i * (a - 1) / (count - 1) : 0;
        int layer_b = a > 1 ? (int)((double)layer_a * (b - 1) / (a - 1) + 0.5) : 0;
        int n = r->layers;
        if (!compare_layer(al, layer_a, layer_b, &r->cka[n], &r->control[n])) continue;
        r->layer_a[n] = layer_a;
        r->mean += r->cka[n];
        r->control_mean += r->control[n];
        r->layers++;
    }
    if (!r->layers) return;
    r->compared = true;
    r->mean /= r->layers;
    r->control_mean /= r->layers;
}

/* ---- all ---- */

static bool alloc(struct aligned *al)
{
    size_t n = (size_t)al->tokens, a = (size_t)al->width_a, b = (size_t)al->width_b;
    al->columns_a = mem_array(a * n, sizeof *al->columns_a);
    al->columns_b = mem_array(2 * b * n, sizeof *al->columns_b);
    for (int i = 0; i < 3; i++)
        al->gram[i] = mem_array((size_t)MATCHED_MAX * MATCHED_MAX, sizeof *al->gram[i]);
    return al->columns_a && al->columns_b && al->gram[0] && al->gram[1] && al->gram[2];
}

static void release(struct aligned *al)
{
    mem_free(al->columns_a);
    mem_free(al->columns_b);
    mem_free(al->row);
    for (int i = 0; i < 3; i++)
        mem_free(al->gram[i]);
    mem_free(al);
}

static enum status run(struct aligned *al, const struct lineage_test_options *o, struct error *err)
{
    struct lineage *l = al->l;
    const struct tensor_view *a = &l->a.model.embed, *b = &l->b.model.embed;
    if (find_tokens(al)) return refuse(&l->aligned, l->tokens.why_not);
    l->aligned.tokens = al->tokens;
    if (al->tokens < TOKENS_MIN)
        return refuse(&l->aligned, "the vocabularies share too few tokens that are embedded");
    if (!alloc(al)) return error_set(err, STATUS_NO_MEMORY, "no memory to align two models");
    read_columns(al, al->columns_a, a, al->token_a, false);
    read_columns(al, al->columns_b, b, al->token_b, true);
    enum status st = match_dimensions(al, o, err);
    if (st) return st;
    if (al->matched < MATCHED_MIN)
        return refuse(&l->aligned, "too few residual dimensions have a partner in the other model");
    compare_layers(al);
    if (!l->aligned.compared)
        return refuse(&l->aligned, "no layer has attention weights that both models name alike");
    if (!progress_report(&o->progress, STAGE, 1, 1))
        return error_set(err, STATUS_CANCELLED, "cancelled");
    return STATUS_OK;
}

enum status lineage_aligned_compare(struct lineage *l, const struct lineage_test_options *o,
                                    struct error *err)
{
    const struct tensor_view *a = &l->a.model.embed, *b = &l->b.model.embed;
    if (!l->tokens.compared) return refuse(&l->aligned, l->tokens.why_not);
    if (!a->data || !b->data || a->dims != 2 || b->dims != 2 || a->cols > LINEAGE_WIDTH_MAX ||
        b->cols > LINEAGE_WIDTH_MAX || !l->a.model.layer_count || !l->b.model.layer_count)
        return refuse(&l->aligned, "one of the models has no embedding that is known by name");
    struct aligned *al = mem_zero(sizeof *al);
    int64_t wider = a->cols > b->cols ? a->cols : b->cols;
    if (!al) return error_set(err, STATUS_NO_MEMORY, "no memory to align two models");
    *al = (struct aligned){ .l = l, .width_a = a->cols, .width_b = b->cols };
    al->row = mem_array((size_t)wider, sizeof *al->row);
    enum status st =
        al->row ? run(al, o, err) : error_set(err, STATUS_NO_MEMORY, "no memory for a row");
    release(al);
    return st;
}
