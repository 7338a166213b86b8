/* A comparison from end to end, and the words of its verdict.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/lineage/lineage.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "govern/lineage/lineage_inner.h"
#include "govern/lineage/lineage_stats.h"
#include "math/quants/quant.h"

/* A copy that was only quantized differs by less than this share of its weights' size; 2-bit formats come
 * near it. */
#define QUANTIZED_DIFFERENCE 0.5
/* What rounding to bfloat16 after a merge leaves of a change of low rank is often less; then it is not told. */
#define LOW_RANK_SHARE 0.9
/* Two 16-bit formats differ by less than this in what they keep of a number (bfloat16: 2^-9). */
#define ROUNDED_DIFFERENCE 0.003

static const char *const blind_spots[] = {
    "distillation and training on a model's outputs leave nothing in the weights that these tests "
    "see",
    "a rotation or permutation of the residual dimensions hides a common origin from all three "
    "tests",
    "two runs from one seed and code share an initialisation and are flagged although nobody "
    "copied: ask "
    "for the seed and the initialiser",
    "changes several times as large as the weights themselves, and formats below about 3 bits, "
    "weaken "
    "T2 and T3",
    "the tests do not say which model came first, or who had access to what",
    NULL,
};

const char *const *lineage_blind_spots(void)
{
    return blind_spots;
}

const char *lineage_answer_name(enum lineage_answer answer)
{
    static const char *const names[] = { "not_independent", "no_evidence", "not_testable" };
    return names[answer];
}

void lineage_p_text(char *out, size_t out_bytes, double log_p)
{
    double tens = log_p / log(10), whole = floor(tens);
    if (!isfinite(log_p)) snprintf(out, out_bytes, "p = 0 within this machine's numbers");
    else if (log_p > log(0.001)) snprintf(out, out_bytes, "p = %.3g", exp(log_p));
    else {
        double digits = ceil(pow(10, tens - whole) * 10 - 1e-6) / 10; /* rounded up */
        if (digits >= 10) {
            digits /= 10;
            whole += 1;
        }
        snprintf(out, out_bytes, "p <= %.1fe%.0f", digits, whole);
    }
}

/* ---- the candidate relation ---- */

static bool rejects(const struct lineage *l, enum lineage_test t)
{
    const struct lineage_outcome *o = &l->tests.at[t];
    return o->ran && !o->withdrawn && o->log_p_adjusted <= log(LINEAGE_LEVEL);
}

/* Mean difference over the feed-forward matrices, or over those of attention; negative: none is comparable. */
static double difference_of(const struct lineage *l, bool feed_forward)
{
    double sum = 0;
    int count = 0;
    bool moved = source_container(l->a.source) != source_container(l->b.source);
    for (int i = 0; i < l->profile_count; i++) {
        const struct lineage_profile *p = &l->profiles[i];
        if ((p->role >= LINEAGE_GATE) != feed_forward || !p->compared || !isfinite(p->difference))
            continue;
        /* GGUF files of the llama line hold q and k in another order of rows. */
        if (moved && (p->role == LINEAGE_Q || p->role == LINEAGE_K)) continue;
        sum += p->difference;
        count++;
    }
    return count ? sum / count : -1;
}

static bool has_blocks(const struct lineage_side *s)
{
    for (int i = 0; i < s->model.layer_count; i++)
        if (s->model.layers[i].block_count &&
            quant_of(s->model.layers[i].blocks[0].up.type)->block_values > 1)
            return true;
    return false;
}

static const char *shape_relation(const struct lineage *l)
{
    const struct lineage_model *a = &l->a.model, *b = &l->b.model;
    if (a->layer_count != b->layer_count) return "layers removed or added";
    if (!lineage_model_units(a) || !lineage_model_units(b)) return NULL;
    if (lineage_model_experts(a) != lineage_model_experts(b))
        return "feed-forward blocks made into experts, or experts joined (upcycling)";
    if (lineage_model_units(a) != lineage_model_units(b))
        return "feed-forward units removed or added";
    return NULL;
}

/* All changed matrices whose change could be measured, at least two of them. */
static bool is_low_rank(const struct lineage *l)
{
    int low = 0, other = 0;
    for (int i = 0; i < l->profile_count; i++) {
        double share = l->profiles[i].low_rank;
        low += share >= LOW_RANK_SHARE;
        other += share < LOW_RANK_SHARE;
    }
    return low >= 2 && !other;
}

/* Names and bytes; or, in whatever order, the bytes alone. */
static const char *same_relation(const struct lineage *l)
{
    if (!l->identity.same_files) return NULL;
    if (memcmp(l->a.digest, l->b.digest, SHA256_BYTES) == 0) return "the same weights";
    if (l->a.model.layer_count != l->b.model.layer_count) return "the same layers, some repeated";
    return "the same weights, under other names or with layers in another order";
}

/* Every matrix that can be compared differs by no more than another 16-bit format makes it differ. */
static bool is_rounded(const struct lineage *l)
{
    int compared = 0;
    for (int i = 0; i < l->profile_count; i++) {
        const struct lineage_profile *p = &l->profiles[i];
        compared += p->compared > 0;
        if (p->compared && !(p->difference < ROUNDED_DIFFERENCE)) return false;
    }
    return compared > 1;
}

static bool nearly_same(const struct lineage *l)
{
    const struct lineage_identity *i = &l->identity;
    size_t most = i->large_a > i->large_b ? i->large_a : i->large_b;
    return i->large_common && i->large_common * 10 >= most * 9;
}

/* What can be said without a number; NULL where there is nothing. */
static const char *plain_relation(const struct lineage *l, double feed_forward)
{
    double attention = difference_of(l, false);
    bool quantized = has_blocks(&l->a) != has_blocks(&l->b);
    if (same_relation(l)) return same_relation(l);
    if (shape_relation(l)) return shape_relation(l);
    if (!rejects(l, LINEAGE_TEST_UNITS) && rejects(l, LINEAGE_TEST_GATE_UP))
        return "one origin, feed-forward units in another order";
    if (!rejects(l, LINEAGE_TEST_UNITS) && !rejects(l, LINEAGE_TEST_GATE_UP) &&
        rejects(l, LINEAGE_TEST_RESIDUAL) && l->tests.ran > 1)
        return "embeddings or norms have a common origin; none was seen in feed-forward units";
    if (nearly_same(l)) return "nearly all tensors are the same bytes";
    if (is_rounded(l)) return "the same weights, rounded to another number format";
    if (is_low_rank(l)) return "a change of low rank, as by a merged adapter";
    if (feed_forward == 0 && attention > 0)
        return "attention alone was changed, as by a merged adapter or heads in another order";
    if (feed_forward == 0 && attention < 0) return "the same feed-forward weights";
    if (feed_forward == 0) return "the same feed-forward and attention weights";
    if (quantized && feed_forward > 0 && feed_forward < QUANTIZED_DIFFERENCE)
        return "one is a quantized copy of the other, or of one near it";
    return feed_forward < 0 ? "a common origin" : NULL;
}

static void find_relation(struct lineage *l)
{
    double feed_forward = difference_of(l, true);
    const char *words = plain_relation(l, feed_forward);
    if (words) snprintf(l->relation, sizeof l->relation, "%s", words);
    else
        snprintf(l->relation, sizeof l->relation,
                 "fine-tune, merge, continued training or quantization of one origin: feed-forward "
                 "weights differ by %.2g of their size",
                 feed_forward);
}

/* ---- the verdict ---- */

static void list_tests(char *out, size_t out_bytes, const struct lineage *l, bool rejecting)
{
    size_t len = 0;
    out[0] = 0;
    for (int i = 0; i < LINEAGE_TEST_COUNT; i++) {
        const struct lineage_outcome *o = &l->tests.at[i];
        if (!o->ran || o->withdrawn || rejects(l, (enum lineage_test)i) != rejecting) continue;
        int put = snprintf(out + len, out_bytes - len, "%s%s", len ? ", " : "",
                           lineage_test_id((enum lineage_test)i));
        if (put > 0 && (size_t)put < out_bytes - len) len += (size_t)put;
    }
}

static void put_dependent(struct lineage *l)
{
    char p[64], by[32], others[32];
    find_relation(l);
    lineage_p_text(p, sizeof p, l->tests.log_p);
    list_tests(by, sizeof by, l, true);
    list_tests(others, sizeof others, l, false);
    snprintf(
        l->verdict, sizeof l->verdict,
        "weights are not independent (%s after Holm's correction, by %s); candidate relation: %s; "
        "%s%s%sthe tests are blind to a rotation of the residual dimensions and to what leaves no "
        "trace in weights",
        p, by, l->relation, *others ? "no evidence by " : "", others, *others ? "; " : "");
}

static void put_no_evidence(struct lineage *l)
{
    char p[64];
    lineage_p_text(p, sizeof p, l->tests.log_p);
    snprintf(
        l->verdict, sizeof l->verdict,
        "no evidence found that the weights have a common origin (smallest %s after Holm's "
        "correction, %d of %d tests; level %g); this does not say that either model was trained "
        "from scratch",
        p, l->tests.ran, LINEAGE_TEST_COUNT, LINEAGE_LEVEL);
}

/* The smallest p that tests of these shapes could have given, whatever the weights, after Holm's correction. */
static double least_log_p(const struct lineage *l)
{
    const struct lineage_tests *t = &l->tests;
    double least = 0, units = 0;
    const struct lineage_outcome *residual = &t->at[LINEAGE_TEST_RESIDUAL];
    if (residual->ran)
        least = fmax(-log(t->permutations + 1.0), -lgamma((double)l->a.model.width + 1));
    for (int i = 0; i < t->pair_count; i++) {
        double one = lgamma(t->pairs[i].sampled + 1.0);
        units = t->by_layer ? units + one : fmax(units, one);
    }
    double log_p = t->by_layer ? stats_fisher_log_p(units, t->pair_count)
                               : stats_bonferroni_log_p(-units, t->pair_count);
    for (int i = LINEAGE_TEST_RESIDUAL + 1; i < LINEAGE_TEST_COUNT; i++)
        if (t->at[i].ran && !t->at[i].withdrawn) least = fmin(least, log_p);
    return stats_bonferroni_log_p(least, t->ran);
}

static void put_too_small(struct lineage *l)
{
    char p[64];
    lineage_p_text(p, sizeof p, least_log_p(l));
    snprintf(l->verdict, sizeof l->verdict,
             "no test can tell: with residual streams %" PRId64 " wide, %" PRId64 " and %" PRId64
             " units a block and %d permutations the smallest result that there "
             "can be is %s, above the level %g",
             l->a.model.width, lineage_model_units(&l->a.model), lineage_model_units(&l->b.model),
             l->tests.permutations, p, LINEAGE_LEVEL);
}

/* What no test has to find. */
static void put_identity(struct lineage *l)
{
    size_t len = strlen(l->verdict);
    if (l->identity.same_files)
        snprintf(l->verdict + len, sizeof l->verdict - len,
                 "; every tensor of either has the same bytes as one of the other");
}

void lineage_judge(struct lineage *l)
{
    l->answer = LINEAGE_NO_EVIDENCE;
    if (!l->tests.ran) {
        l->answer = LINEAGE_NOT_TESTABLE;
        snprintf(l->verdict, sizeof l->verdict, "no test could be run: %s",
                 l->tests.at[LINEAGE_TEST_RESIDUAL].why_not);
    } else if (l->tests.log_p <= log(LINEAGE_LEVEL)) {
        l->answer = LINEAGE_NOT_INDEPENDENT;
        put_dependent(l);
    } else if (least_log_p(l) > log(LINEAGE_LEVEL)) {
        l->answer = LINEAGE_NOT_TESTABLE;
        put_too_small(l);
    } else {
        put_no_evidence(l);
    }
    if (l->answer != LINEAGE_NOT_INDEPENDENT) put_identity(l);
}

/* ---- the comparison ---- */

enum status lineage_compare(struct lineage *ret, struct source *a, struct source *b,
                            const struct lineage_test_options *options, struct error *err)
{
    *ret = (struct lineage){ .profile_count = 0 };
    enum status st = lineage_side_init(&ret->a, a, options, err);
    if (!st) st = lineage_side_init(&ret->b, b, options, err);
    if (!st) st = lineage_identity_find(&ret->identity, &ret->a, &ret->b, err);
    if (!st) st = lineage_test_run(&ret->tests, &ret->a.model, &ret->b.model, options, err);
    if (!st) st = lineage_profiles_read(ret, options, err);
    if (!st) lineage_facts_compare(ret);
    if (!st) st = lineage_tokens_compare(ret, err);
    if (!st) st = lineage_aligned_compare(ret, options, err);
    if (!st) st = source_check_whole(a, err);
    if (!st) st = source_check_whole(b, err);
    if (!st) lineage_judge(ret);
    else lineage_release(ret);
    return st;
}

void lineage_release(struct lineage *l)
{
    for (int i = 0; i < l->profile_count; i++) {
        mem_free(l->profiles[i].spread_a);
        mem_free(l->profiles[i].spread_b);
    }
    l->profile_count = 0;
    lineage_tests_release(&l->tests);
    lineage_side_release(&l->a);
    lineage_side_release(&l->b);
}
